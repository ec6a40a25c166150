/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest FPU and extended state. The core itself is compiled without any of
 * it, so the registers always hold some vCPU's state and are saved and loaded
 * only when another vCPU follows on this CPU (SDM vol. 1 ch. 13).
 *
 * XCR0 while saving and restoring must be xsave_host_xcr0(); the VMM sets the
 * guest's XCR0 (xsetbv) afterwards and the host's value before.
 */
#ifndef ARCH_X86_CPU_XSAVE_H
#define ARCH_X86_CPU_XSAVE_H

#include "kernel/lib/types.h"

#define XSTATE_X87 BIT(0)
#define XSTATE_SSE BIT(1)
#define XSTATE_AVX BIT(2)
#define XSTATE_BNDREGS BIT(3)
#define XSTATE_BNDCSR BIT(4)
#define XSTATE_OPMASK BIT(5)
#define XSTATE_ZMM_HI256 BIT(6)
#define XSTATE_HI16_ZMM BIT(7)
#define XSTATE_PKRU BIT(9)
#define XSTATE_TILECFG BIT(17)
#define XSTATE_TILEDATA BIT(18)
/* Components whose rules xsave_xcr0_valid() knows: others are not for guests. */
#define XSTATE_AVX512 (XSTATE_OPMASK | XSTATE_ZMM_HI256 | XSTATE_HI16_ZMM)
#define XSTATE_MPX (XSTATE_BNDREGS | XSTATE_BNDCSR)
#define XSTATE_GUEST \
	(XSTATE_X87 | XSTATE_SSE | XSTATE_AVX | XSTATE_MPX | XSTATE_AVX512 | XSTATE_PKRU)
#define XSAVE_ALIGN 64
/* Legacy region and header: what an area has at least, in bytes. */
#define XSAVE_AREA_MIN 576

/* Enable XSAVE and set XCR0 on this CPU; the boot CPU also finds the sizes. */
void xsave_init_cpu(void);

/* All user components the processor can save; 0 without XSAVE. A component
 * whose CPUID 0xD sub-leaf is empty counts as missing. */
u64 xsave_host_xcr0(void);

/* Those of them that a guest may turn on. */
u64 xsave_guest_xcr0(void);

/* Whether XSETBV takes value where `offered` is what a guest may turn on: anything else is
 * #GP (SDM vol. 1, 13.3), which the core must not run into. Pure. */
bool xsave_xcr0_valid(u64 value, u64 offered);

/* Bytes of an area, which must be aligned to XSAVE_ALIGN. */
u32 xsave_area_size(void);

/* The state after a processor reset (FCW 0x37f, MXCSR 0x1f80). */
void xsave_area_init(void *area);

void xsave_save(void *area);
void xsave_restore(const void *area);

/* How areas are written: by XSAVEOPT, or XSAVEC. */
enum xsave_form { XSAVE_FORM_OTHER, XSAVE_FORM_OPT, XSAVE_FORM_COMPACT };
enum xsave_form xsave_form(void);

/* Save one area and restore another, where XCR0 is the host's and xsave_form() is not OTHER. */
static inline void xsave_swap(u64 form, void *save, const void *restore)
{
#ifndef HANOK_HOST
	if (likely(form == XSAVE_FORM_OPT))
		__asm__ volatile("xsaveopt64 (%0)" ::"r"(save), "a"(~0u), "d"(~0u) : "memory");
	else
		__asm__ volatile("xsavec64 (%0)" ::"r"(save), "a"(~0u), "d"(~0u) : "memory");
	__asm__ volatile("xrstor64 (%0)" ::"r"(restore), "a"(~0u), "d"(~0u) : "memory");
#else
	(void)form, (void)save, (void)restore;
#endif
}

/* Sanitize CPUID 0xD: drop from mask what sub-leaves do not describe, and
 * components without those that they need. Pure. */
struct xsave_leaf {
	u32 size, offset;
};
u64 xsave_components_usable(u64 mask, const struct xsave_leaf leaf[64]);

#endif
