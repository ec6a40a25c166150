/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/vmx/caps.h"

#include <stdio.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/mm/memtype.h"
#include "arch/x86/vmx/controls.h"

/* Log lines end at 255 characters. */
#define REMEDY \
	"an Intel processor of 2010 (Westmere) or later is needed, or nested VT-x from the host"

struct vmx_caps vmx_caps;

/* One bit of a control word that the back end wants set or wants to be able to set. */
struct control_bit {
	u64 bit;
	const char *name;
	bool required;
};

/* One of the five control words. */
struct control_word {
	const char *name;
	size_t msr, value; /* offsets in struct vmx_msrs and struct vmx_controls */
	const struct control_bit *bits;
	size_t count;
	u64 must_be_clear; /* the processor must not force these */
};

#define MUST(b, n)         \
	{                  \
		b, n, true \
	}
#define MAY(b, n)           \
	{                   \
		b, n, false \
	}

static const struct control_bit pin_bits[] = {
    MUST(PIN_EXTERNAL_INTERRUPT, "external-interrupt exiting"),
    MUST(PIN_NMI, "NMI exiting"),
    MUST(PIN_VIRTUAL_NMI, "virtual NMIs"),
    MAY(PIN_PREEMPTION_TIMER, "VMX-preemption timer"),
    MAY(PIN_POSTED_INTERRUPTS, "posted interrupts"),
};
static const struct control_bit proc_bits[] = {
    MUST(PROC_IRQ_WINDOW, "interrupt-window exiting"),
    MUST(PROC_TSC_OFFSET, "TSC offsetting"),
    MUST(PROC_HLT, "HLT exiting"),
    MUST(PROC_MWAIT, "MWAIT exiting"),
    MUST(PROC_RDPMC, "RDPMC exiting"),
    MUST(PROC_CR8_LOAD, "CR8-load exiting"),
    MUST(PROC_CR8_STORE, "CR8-store exiting"),
    MAY(PROC_TPR_SHADOW, "TPR shadow"),
    MUST(PROC_NMI_WINDOW, "NMI-window exiting"),
    MUST(PROC_MOV_DR, "MOV-DR exiting"),
    MUST(PROC_IO_BITMAPS, "I/O bitmaps"),
    MUST(PROC_MSR_BITMAPS, "MSR bitmaps"),
    MUST(PROC_MONITOR, "MONITOR exiting"),
    MUST(PROC_SECONDARY, "secondary controls"),
};
static const struct control_bit proc2_bits[] = {
    MAY(PROC2_APIC_ACCESSES, "virtualized APIC accesses"),
    MUST(PROC2_EPT, "EPT"),
    MAY(PROC2_RDTSCP, "RDTSCP"),
    MAY(PROC2_X2APIC, "virtualized x2APIC mode"),
    MAY(PROC2_VPID, "VPID"),
    MAY(PROC2_WBINVD, "WBINVD exiting"),
    MUST(PROC2_UNRESTRICTED, "unrestricted guest"),
    MAY(PROC2_APIC_REGISTERS, "APIC-register virtualization"),
    MAY(PROC2_VIRQ_DELIVERY, "virtual-interrupt delivery"),
    MAY(PROC2_PAUSE_LOOP, "PAUSE-loop exiting"),
    MAY(PROC2_INVPCID, "INVPCID"),
    MAY(PROC2_ENCLS, "ENCLS exiting"),
    MAY(PROC2_XSAVES, "XSAVES"),
    MAY(PROC2_ENCLV, "ENCLV exiting"),
};
static const struct control_bit exit_bits[] = {
    MUST(EXIT_SAVE_DEBUG, "saving of debug controls"),
    MUST(EXIT_HOST_64, "64-bit host"),
    MUST(EXIT_ACK_INTERRUPT, "interrupt acknowledge on exit"),
    MUST(EXIT_SAVE_PAT, "saving of IA32_PAT"),
    MUST(EXIT_LOAD_PAT, "loading of IA32_PAT on exit"),
    MUST(EXIT_SAVE_EFER, "saving of IA32_EFER"),
    MUST(EXIT_LOAD_EFER, "loading of IA32_EFER on exit"),
    MAY(EXIT_SAVE_TIMER, "saving of the preemption timer"),
};
static const struct control_bit entry_bits[] = {
    MUST(ENTRY_LOAD_DEBUG, "loading of debug controls"),
    MUST(ENTRY_IA32E, "64-bit guests"),
    MUST(ENTRY_LOAD_PAT, "loading of IA32_PAT"),
    MUST(ENTRY_LOAD_EFER, "loading of IA32_EFER"),
};

#define WORD(word, text, clear)                                                             \
	{                                                                                   \
		text, offsetof(struct vmx_msrs, word), offsetof(struct vmx_controls, word), \
		    word##_bits, ARRAY_SIZE(word##_bits), clear                             \
	}

static const struct control_word words[] = {
    WORD(pin, "pin-based control", 0),
    WORD(proc, "processor-based control", PROC_INVLPG | PROC_CR3_LOAD | PROC_CR3_STORE),
    WORD(proc2, "secondary control", 0),
    WORD(exit, "exit control", 0),
    WORD(entry, "entry control", 0),
};

/* Everything outside of the control words that must be there. */
struct fixed_need {
	size_t msr; /* offset in struct vmx_msrs */
	u64 bit;
	const char *name;
};
static const struct fixed_need needs[] = {
    {offsetof(struct vmx_msrs, basic), VMX_BASIC_TRUE, "the TRUE capability MSRs"},
    {offsetof(struct vmx_msrs, basic), VMX_BASIC_IO_INFO, "information on INS and OUTS"},
    {offsetof(struct vmx_msrs, misc), VMX_MISC_STORE_LMA, "storing of EFER.LMA on exit"},
    {offsetof(struct vmx_msrs, ept_vpid), EPT_CAP_4_LEVELS, "4-level EPT"},
    {offsetof(struct vmx_msrs, ept_vpid), EPT_CAP_WB, "write-back EPT tables"},
    {offsetof(struct vmx_msrs, ept_vpid), EPT_CAP_INVEPT, "INVEPT"},
};

void vmx_msrs_read(struct vmx_msrs *m)
{
	*m = (struct vmx_msrs){.basic = rdmsr(MSR_IA32_VMX_BASIC)};
	m->misc = rdmsr(MSR_IA32_VMX_MISC);
	m->cr0_fixed0 = rdmsr(MSR_IA32_VMX_CR0_FIXED0);
	m->cr0_fixed1 = rdmsr(MSR_IA32_VMX_CR0_FIXED1);
	m->cr4_fixed0 = rdmsr(MSR_IA32_VMX_CR4_FIXED0);
	m->cr4_fixed1 = rdmsr(MSR_IA32_VMX_CR4_FIXED1);
	if (!(m->basic & VMX_BASIC_TRUE))
		return;
	m->pin = rdmsr(MSR_IA32_VMX_TRUE_PINBASED_CTLS);
	m->proc = rdmsr(MSR_IA32_VMX_TRUE_PROCBASED_CTLS);
	m->exit = rdmsr(MSR_IA32_VMX_TRUE_EXIT_CTLS);
	m->entry = rdmsr(MSR_IA32_VMX_TRUE_ENTRY_CTLS);
	if (!((m->proc >> 32) & PROC_SECONDARY))
		return;
	m->proc2 = rdmsr(MSR_IA32_VMX_PROCBASED_CTLS2);
	if ((m->proc2 >> 32) & (PROC2_EPT | PROC2_VPID))
		m->ept_vpid = rdmsr(MSR_IA32_VMX_EPT_VPID_CAP);
}

static int word_resolve(const struct control_word *w, const struct vmx_msrs *m,
			struct vmx_controls *c, char *why, size_t size)
{
	u64 msr = *(const u64 *)((const char *)m + w->msr);
	u32 forced = (u32)msr, allowed = (u32)(msr >> 32), value = forced;

	if (forced & w->must_be_clear) {
		snprintf(why, size, "VT-x forces %s bits 0x%x on: " REMEDY, w->name,
			 forced & (u32)w->must_be_clear);
		return ERR_UNSUPPORTED;
	}
	for (size_t i = 0; i < w->count; i++) {
		const struct control_bit *b = &w->bits[i];

		if (allowed & b->bit) {
			value |= (u32)b->bit;
		} else if (b->required) {
			snprintf(why, size, "VT-x lacks \"%s\" (%s bit %d): " REMEDY, b->name,
				 w->name, __builtin_ctzll(b->bit));
			return ERR_UNSUPPORTED;
		}
	}
	*(u32 *)((char *)c + w->value) = value;
	return ERR_OK;
}

static int fixed_check(const struct vmx_msrs *m, char *why, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		u64 msr = *(const u64 *)((const char *)m + needs[i].msr);

		if (!(msr & needs[i].bit)) {
			snprintf(why, size, "VT-x lacks %s: " REMEDY, needs[i].name);
			return ERR_UNSUPPORTED;
		}
	}
	if (!(m->ept_vpid & (EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL)) ||
	    (m->basic & VMX_BASIC_32BIT) || VMX_BASIC_MEMTYPE(m->basic) != MEM_WB ||
	    VMX_BASIC_SIZE(m->basic) > PAGE_SIZE) {
		snprintf(why, size,
			 "VT-x describes itself inconsistently (IA32_VMX_BASIC 0x%llx, "
			 "IA32_VMX_EPT_VPID_CAP 0x%llx): update the firmware",
			 (unsigned long long)m->basic, (unsigned long long)m->ept_vpid);
		return ERR_UNSUPPORTED;
	}
	return ERR_OK;
}

/*
 * Bochs (2.7 and 3.0), by its VMCS revision, injects a pending virtual interrupt into a guest
 * that has interrupts off as soon as a physical interrupt arrives: InterruptAcknowledge() of
 * its cpu/event.cc does not ask whether the event is masked. Linux then deadlocks.
 */
static bool virq_delivery_works(const struct vmx_msrs *m)
{
	return VMX_BASIC_REVISION(m->basic) != VMX_REVISION_BOCHS;
}

/* What follows from the available controls for the core. */
static void caps_fill(const struct vmx_caps *vc, struct virt_caps *caps)
{
	const struct vmx_controls *c = &vc->available;
	u64 ept = vc->msrs.ept_vpid;

	*caps = (struct virt_caps){.name = "VT-x"};
	caps->max_leaf = ept & EPT_CAP_2M ? (ept & EPT_CAP_1G ? GIB(1) : MIB(2)) : KIB(4);
	caps->deadline = c->pin & PIN_PREEMPTION_TIMER;
	caps->tpr_shadow = c->proc & PROC_TPR_SHADOW;
	caps->apic_access = caps->tpr_shadow && (c->proc2 & PROC2_APIC_ACCESSES);
	caps->apic_regs = caps->apic_access && (c->proc2 & PROC2_APIC_REGISTERS);
	caps->virq_delivery =
	    caps->apic_regs && (c->proc2 & PROC2_VIRQ_DELIVERY) && virq_delivery_works(&vc->msrs);
	caps->posted = caps->virq_delivery && (c->pin & PIN_POSTED_INTERRUPTS);
	/* Without register virtualization, its reads would reach the hardware's APIC. */
	caps->x2apic_virt = caps->virq_delivery && (c->proc2 & PROC2_X2APIC);
	caps->pause_exit = c->proc2 & PROC2_PAUSE_LOOP;
	caps->kick_waits = !virq_delivery_works(&vc->msrs);
	caps->tsc_scaling = (vc->msrs.proc2 >> 32) & PROC2_TSC_SCALING;
	caps->asids = vc->vpid ? 65535 : 0;
	caps->rdtscp = c->proc2 & PROC2_RDTSCP;
	caps->invpcid = c->proc2 & PROC2_INVPCID;
	caps->xsaves = c->proc2 & PROC2_XSAVES;
}

int vmx_caps_resolve(const struct vmx_msrs *m, struct vmx_caps *vc, struct virt_caps *caps,
		     char *why, size_t size)
{
	int err = ERR_OK;

	*vc = (struct vmx_caps){.msrs = *m};
	for (size_t i = 0; i < ARRAY_SIZE(words) && !err; i++)
		err = word_resolve(&words[i], m, &vc->available, why, size);
	if (!err)
		err = fixed_check(m, why, size);
	if (err)
		return err;
	vc->revision = VMX_BASIC_REVISION(m->basic);
	vc->timer_shift = VMX_MISC_TIMER_SHIFT(m->misc);
	/* If every entry starts the timer anew, there must be one entry per deadline. */
	vc->fast_exits = vc->available.exit & EXIT_SAVE_TIMER ? VMX_FAST_EXITS : 1;
	vc->invept_single = m->ept_vpid & EPT_CAP_INVEPT_SINGLE;
	vc->vpid = (vc->available.proc2 & PROC2_VPID) && (m->ept_vpid & VPID_CAP_INVVPID) &&
		   (m->ept_vpid & VPID_CAP_INVVPID_ALL);
	caps_fill(vc, caps);
	return ERR_OK;
}

void vmx_controls_choose(const struct vmx_caps *vc, const struct virt_caps *caps, bool has_vapic,
			 struct vmx_controls *c)
{
	bool virq = caps->virq_delivery && caps->tpr_shadow && has_vapic;
	/* Off until asked for: windows, timer, APIC modes. */
	u32 proc_off = PROC_IRQ_WINDOW | PROC_NMI_WINDOW;
	u32 proc2_off = PROC2_APIC_ACCESSES | PROC2_X2APIC;

	*c = vc->available;
	if (caps->tpr_shadow && has_vapic)
		proc_off |= PROC_CR8_LOAD | PROC_CR8_STORE;
	else
		proc_off |= PROC_TPR_SHADOW;
	if (!virq || !caps->apic_regs)
		proc2_off |= PROC2_APIC_REGISTERS;
	if (!virq)
		proc2_off |= PROC2_VIRQ_DELIVERY;
	if (!vc->vpid)
		proc2_off |= PROC2_VPID;
	if (!caps->pause_exit)
		proc2_off |= PROC2_PAUSE_LOOP;
	if (!caps->rdtscp)
		proc2_off |= PROC2_RDTSCP;
	if (!caps->invpcid)
		proc2_off |= PROC2_INVPCID;
	if (!caps->xsaves)
		proc2_off |= PROC2_XSAVES;
	c->pin &= ~(u32)(PIN_PREEMPTION_TIMER | (virq && caps->posted ? 0 : PIN_POSTED_INTERRUPTS));
	c->proc &= ~proc_off;
	c->proc2 &= ~proc2_off;
	/* Allowed only while the timer is on. */
	c->exit &= ~(u32)EXIT_SAVE_TIMER;
	c->entry &= ~(u32)ENTRY_IA32E;
}

int vmx_feature_control_check(u64 value, char *why, size_t size)
{
	if (!(value & FEATURE_CONTROL_LOCK) || (value & FEATURE_CONTROL_VMX_OUTSIDE_SMX))
		return ERR_OK;
	snprintf(why, size,
		 "VT-x is turned off and locked by the firmware (IA32_FEATURE_CONTROL "
		 "0x%llx): enable \"Intel Virtualization Technology\" or \"VMX\" in "
		 "its setup and switch the machine off and on",
		 (unsigned long long)value);
	return ERR_UNSUPPORTED;
}
