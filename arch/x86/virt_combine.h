/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of an exception that is raised while another one is being delivered
 * (SDM vol. 3, 6.15; APM vol. 2, 8.2.9). Pure. */
#ifndef ARCH_X86_VIRT_COMBINE_H
#define ARCH_X86_VIRT_COMBINE_H

#include "kernel/lib/types.h"

#define VECTOR_DB 1
#define VECTOR_NMI 2
#define VECTOR_DF 8
#define VECTOR_GP 13
#define VECTOR_PF 14
#define VECTOR_AC 17
#define VECTOR_MC 18

enum virt_combination {
	VIRT_SECOND_ALONE, /* the first one will come again when its instruction is restarted */
	VIRT_DOUBLE_FAULT,
	VIRT_SHUTDOWN
};

enum virt_combination virt_combine(u8 first, u8 second);

#endif
