/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/xsave.h"

#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "kernel/lib/klog.h"

/* XSAVES is of no use: the core enables no supervisor components. */
enum xsave_kind { XSAVE_FXSAVE, XSAVE_PLAIN, XSAVE_OPT, XSAVE_COMPACT };

#define FCW_RESET 0x37f
#define MXCSR_RESET 0x1f80
#define FCW_OFFSET 0
#define MXCSR_OFFSET 24
#define XCOMP_BV_OFFSET 520
#define XCOMP_BV_COMPACT BIT(63)
#define LEAF_XSAVE 0xd
#define EAX_XSAVEOPT BIT(0)
#define EAX_XSAVEC BIT(1)

static u64 host_xcr0;
static u32 area_size = XSAVE_AREA_MIN;
static enum xsave_kind kind;

u64 xsave_components_usable(u64 mask, const struct xsave_leaf leaf[64])
{
	static const u64 together[] = {
	    XSTATE_BNDREGS | XSTATE_BNDCSR,
	    XSTATE_OPMASK | XSTATE_ZMM_HI256 | XSTATE_HI16_ZMM,
	    XSTATE_TILECFG | XSTATE_TILEDATA,
	};

	for (unsigned i = 2; i < 63; i++)
		if ((mask & BIT(i)) && (!leaf[i].size || leaf[i].offset < XSAVE_AREA_MIN))
			mask &= ~BIT(i);
	if (!(mask & XSTATE_AVX))
		mask &= ~(XSTATE_OPMASK | XSTATE_ZMM_HI256 | XSTATE_HI16_ZMM);
	for (unsigned i = 0; i < ARRAY_SIZE(together); i++)
		if ((mask & together[i]) != together[i])
			mask &= ~together[i];
	return (mask & ~BIT(63)) | XSTATE_X87 | XSTATE_SSE;
}

static u32 xsave_size_of(u64 mask, const struct xsave_leaf leaf[64])
{
	u32 size = XSAVE_AREA_MIN;

	for (unsigned i = 2; i < 63; i++)
		if (mask & BIT(i))
			size = MAX(size, leaf[i].offset + leaf[i].size);
	return size;
}

static void xsave_discover(void)
{
	struct xsave_leaf leaf[64] = {0};
	struct cpuid_regs r = cpuid(LEAF_XSAVE, 0);
	u64 offered = (u64)r.edx << 32 | r.eax;
	u32 extensions = cpuid(LEAF_XSAVE, 1).eax;

	for (u32 i = 2; i < 63; i++) {
		if (!(offered & BIT(i)))
			continue;
		r = cpuid(LEAF_XSAVE, i);
		leaf[i] = (struct xsave_leaf){.size = r.eax, .offset = r.ebx};
	}
	host_xcr0 = xsave_components_usable(offered, leaf);
	if (host_xcr0 != offered)
		log_warn("xsave: processor offers %llx but describes only %llx",
			 (unsigned long long)offered, (unsigned long long)host_xcr0);
	kind = extensions & EAX_XSAVEC     ? XSAVE_COMPACT
	       : extensions & EAX_XSAVEOPT ? XSAVE_OPT
					   : XSAVE_PLAIN;
	/* The compacted form is never larger than the standard one. */
	area_size = ALIGN_UP(xsave_size_of(host_xcr0, leaf) + XSAVE_ALIGN, XSAVE_ALIGN);
}

void xsave_init_cpu(void)
{
	/* CR0.TS and EM off: the guest's registers are moved without traps. */
	cr0_write((cr0_read() & ~(CR0_TS | CR0_EM)) | CR0_MP | CR0_NE);
	cr4_write(cr4_read() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	if (!cpu_features()->xsave)
		return;
	cr4_write(cr4_read() | CR4_OSXSAVE);
	if (!host_xcr0)
		xsave_discover();
	if (!xsetbv_safe(host_xcr0))
		return;
	log_warn("xsave: XCR0 %llx refused, x87 and SSE only", (unsigned long long)host_xcr0);
	host_xcr0 = XSTATE_X87 | XSTATE_SSE;
	xsetbv(host_xcr0);
}

u64 xsave_host_xcr0(void)
{
	return host_xcr0;
}

enum xsave_form xsave_form(void)
{
	return kind == XSAVE_COMPACT ? XSAVE_FORM_COMPACT
	       : kind == XSAVE_OPT   ? XSAVE_FORM_OPT
				     : XSAVE_FORM_OTHER;
}

u64 xsave_guest_xcr0(void)
{
	return host_xcr0 & XSTATE_GUEST;
}

/* x87 always; AVX needs SSE; the three AVX-512 parts go together and need AVX. */
bool xsave_xcr0_valid(u64 value, u64 offered)
{
	if (!(value & XSTATE_X87) || (value & ~(offered & XSTATE_GUEST)))
		return false;
	if ((value & XSTATE_AVX) && !(value & XSTATE_SSE))
		return false;
	if ((value & XSTATE_AVX512) &&
	    ((value & XSTATE_AVX512) != XSTATE_AVX512 || !(value & XSTATE_AVX)))
		return false;
	return !(value & XSTATE_MPX) || (value & XSTATE_MPX) == XSTATE_MPX;
}

u32 xsave_area_size(void)
{
	return area_size;
}

void xsave_area_init(void *area)
{
	char *bytes = area;
	u16 fcw = FCW_RESET;
	u32 mxcsr = MXCSR_RESET;
	u64 compact = XCOMP_BV_COMPACT | host_xcr0;

	memset(area, 0, area_size);
	memcpy(bytes + FCW_OFFSET, &fcw, sizeof(fcw));
	memcpy(bytes + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	if (kind == XSAVE_COMPACT)
		memcpy(bytes + XCOMP_BV_OFFSET, &compact, sizeof(compact));
}

#ifndef HANOK_HOST

#define XSAVE_INSN(insn, area)                                          \
	__asm__ volatile(insn " (%0)" ::"r"(area), "a"((u32)host_xcr0), \
			 "d"((u32)(host_xcr0 >> 32))                    \
			 : "memory")

void xsave_save(void *area)
{
	switch (kind) {
	case XSAVE_FXSAVE:
		__asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
		break;
	case XSAVE_PLAIN:
		XSAVE_INSN("xsave64", area);
		break;
	case XSAVE_OPT:
		XSAVE_INSN("xsaveopt64", area);
		break;
	case XSAVE_COMPACT:
		XSAVE_INSN("xsavec64", area);
		break;
	}
}

void xsave_restore(const void *area)
{
	if (kind == XSAVE_FXSAVE)
		__asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
	else
		XSAVE_INSN("xrstor64", area);
}

#else

void xsave_save(void *area)
{
	(void)area;
}

void xsave_restore(const void *area)
{
	(void)area;
}

#endif
