/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory types, with the values that PAT, MTRRs and EPT leaves use (SDM vol. 3
 * table 12-2), so that no translation is needed. */
#ifndef ARCH_X86_MM_MEMTYPE_H
#define ARCH_X86_MM_MEMTYPE_H

enum mem_type {
	MEM_UC = 0,
	MEM_WC = 1,
	MEM_WT = 4,
	MEM_WP = 5,
	MEM_WB = 6,
};

#endif
