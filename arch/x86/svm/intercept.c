/* SPDX-License-Identifier: BSD-2-Clause */
/* What every vCPU exits for (APM vol. 2, 15.9 and 15.12). */
#include "arch/x86/svm/svm.h"

/* PAUSE filter: PAUSEs closer than the threshold, in ticks, are one loop, which may have
 * as many as the count. Without a threshold every PAUSE counts. */
#define PAUSE_THRESHOLD 128
#define PAUSE_COUNT 3000

/*
 * Physical interrupts, NMIs and INIT are the host's. The SVM instructions do not exist for the
 * guest, which EFER.SVME, always set here, would allow. RSM, INVLPGA and RDPRU likewise; SKINIT
 * would start somebody else's hypervisor. ICEBP (INT1) is intercepted since its #DB is told
 * apart from others on no processor alike.
 */
static const u8 always[] = {
    SVM_EXIT_INTR,    SVM_EXIT_NMI,    SVM_EXIT_INIT,        SVM_EXIT_CR0_CHANGE, SVM_EXIT_RDPMC,
    SVM_EXIT_CPUID,   SVM_EXIT_RSM,    SVM_EXIT_INVD,        SVM_EXIT_HLT,        SVM_EXIT_INVLPGA,
    SVM_EXIT_IO,      SVM_EXIT_MSR,    SVM_EXIT_TASK_SWITCH, SVM_EXIT_SHUTDOWN,   SVM_EXIT_VMRUN,
    SVM_EXIT_VMMCALL, SVM_EXIT_VMLOAD, SVM_EXIT_VMSAVE,      SVM_EXIT_STGI,       SVM_EXIT_CLGI,
    SVM_EXIT_SKINIT,  SVM_EXIT_ICEBP,  SVM_EXIT_WBINVD,      SVM_EXIT_MONITOR,    SVM_EXIT_MWAIT,
    SVM_EXIT_XSETBV,  SVM_EXIT_RDPRU,
};

static void set(struct vmcb *b, unsigned exit)
{
	b->intercepts[INTERCEPT_WORD(exit)] |= 1u << INTERCEPT_BIT(exit);
}

void svm_intercepts_init(struct vmcb *b, const struct svm_caps *sc, const struct virt_caps *caps)
{
	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		set(b, always[i]);
	if (!caps->rdtscp)
		set(b, SVM_EXIT_RDTSCP);
	if (!caps->invpcid)
		set(b, SVM_EXIT_INVPCID);
	b->exceptions = SVM_EXCEPTIONS;
	if (!caps->pause_exit)
		return;
	set(b, SVM_EXIT_PAUSE);
	b->pause_count = PAUSE_COUNT;
	b->pause_threshold = sc->pause_threshold ? PAUSE_THRESHOLD : 0;
}
