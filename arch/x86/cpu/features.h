/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this machine's processors can do, read once from the boot CPU, and
 * which weaknesses of theirs must be worked around when a guest is entered.
 */
#ifndef ARCH_X86_CPU_FEATURES_H
#define ARCH_X86_CPU_FEATURES_H

#include "kernel/lib/types.h"

struct cpu_features {
	char vendor[13];
	char brand[49];
	u32 max_leaf, max_ext_leaf;
	u32 family, model, stepping;
	u32 phys_bits, virt_bits;
	bool intel, amd, hypervisor;
	bool x2apic, tsc_deadline, tsc_invariant, tsc_adjust, arat;
	bool monitor,
	    mwait_break; /* MWAIT that a pending interrupt ends though interrupts are off */
	bool xsave, pcid, invpcid, smep, smap, umip, pge, nx, page_1g, rdrand;
	bool vmx, svm, mtrr, pat, mce, rdtscp, erms, fsrm;
	/* IBRS, STIBP and SSBD of IA32_SPEC_CTRL, and IA32_PRED_CMD: Intel and AMD tell of them
	 * in different leaves. */
	bool spec_ctrl, stibp, ssbd, ibpb, arch_capabilities, l1d_flush, md_clear;
	bool amd_ibrs, amd_stibp, amd_ssbd, amd_ibpb, ibrs_always_on;
};

/*
 * Work-arounds, consumed by the vendor back end. "On entry" is right before a
 * VM entry, "on exit" right after a VM exit, "on switch" when another virtual
 * machine's vCPU follows on a CPU. False also where the processor lacks the
 * means, which `missing` then says.
 */
struct cpu_mitigations {
	bool l1d_flush;     /* on entry: IA32_FLUSH_CMD.L1D (L1TF) */
	bool verw;          /* on entry: VERW clears buffers (MDS, TAA, MMIO, RFDS) */
	bool ibrs_exit;     /* on exit: write SPEC_CTRL.IBRS (no enhanced IBRS) */
	bool ibrs_always;   /* host value of SPEC_CTRL has IBRS set (enhanced IBRS) */
	bool ibpb_switch;   /* on switch: PRED_CMD.IBPB */
	bool stibp;         /* host value of SPEC_CTRL has STIBP set */
	bool rsb_fill;      /* on exit: stuff the return stack */
	bool spec_ctrl;     /* the MSR exists: guest and host values must be swapped */
	u64 host_spec_ctrl; /* what SPEC_CTRL holds while the host runs */
	/* Needed, but the processor (its microcode) has no means: */
	bool missing_l1d_flush, missing_verw, missing_ibrs;
};

/* Read CPUID and IA32_ARCH_CAPABILITIES; first thing on the boot CPU. */
void cpu_features_init(void);
const struct cpu_features *cpu_features(void);
const struct cpu_mitigations *cpu_mitigations(void);

/* The value of IA32_ARCH_CAPABILITIES, 0 where there is none. */
u64 cpu_arch_capabilities(void);

/* One line naming the work-arounds in use, for the log and for the shell. */
void cpu_mitigations_describe(char *buf, size_t size);
/* The weaknesses that guests can exploit here, " L1TF MDS" for example; empty if none. */
void cpu_weaknesses_describe(char *buf, size_t size);

#endif
