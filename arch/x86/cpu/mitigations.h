/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef ARCH_X86_CPU_MITIGATIONS_H
#define ARCH_X86_CPU_MITIGATIONS_H

#include "arch/x86/cpu/features.h"

/* Decide by features and the value of IA32_ARCH_CAPABILITIES (0: no such MSR).
 * Pure. */
void mitigations_decide(const struct cpu_features *f, u64 arch_capabilities,
			struct cpu_mitigations *out);

#endif
