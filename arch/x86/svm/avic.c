/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts delivered by hardware: x2AVIC (APM vol. 2, 15.29).
 *
 * The processor works on the local APIC's page itself. An IPI of a guest's processor sets the bit
 * in the target's IRR, then looks at the target's entry in the physical APIC ID table: if it
 * is running, a doorbell is rung on the processor that the entry names, else the sender exits.
 * A doorbell has a guest that runs look at its IRR; outside of guests it is ignored, since
 * VMRUN looks as well. Two rules follow, and no request is lost:
 *
 *  - Who sets a bit in IRR tells: rings, or sends a request, which wakes or interrupts. A look at
 *    whether the target runs comes after the bit, with a locked instruction in between.
 *  - Who stops being one whom a doorbell or the next VMRUN reaches, because it rests or because
 *    software delivers from now on, first clears "running" by a locked instruction, then looks
 *    at IRR. Either it sees the bit, or the sender sees the cleared entry.
 *
 * Loaded, but outside of the guest, a vCPU may stay "running": it is to enter it again. The same
 * pair of rules holds between virt_vcpu.requests and .in_guest for what software sends.
 *
 * Used in x2APIC mode alone, where every access is an MSR's: those that the processor carries
 * out are passed, the others are intercepted as ever, so that what is left over are the two
 * exits here. V_IRQ, which an interrupt window needs, is ignored while it is on. NMIs are the
 * processor's business (vNMI), as a single step over an IRET would be disturbed.
 */
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/pages.h"
#include "arch/x86/svm/svm.h"

/* Entries of the physical APIC ID table, by the guest's APIC ID. */
#define ENTRY_VALID BIT(63)
#define ENTRY_RUNNING BIT(62)
#define ENTRY_HOST_ID 0xfffull
#define TABLE_ENTRIES (PAGE_SIZE / sizeof(u64))

/* One block: the table, an empty logical one, which x2APIC mode has no use for, and the map of
 * MSRs while AVIC is on. */
#define BLOCK_ORDER 2
#define MSR_MAP_OFFSET (2 * PAGE_SIZE)

#define MSR_AVIC_DOORBELL 0xc001011b
#define APIC_BAR 0xfee00000ull

#define X2APIC_MSR(offset) (0x800 + ((offset) >> 4))
#define APIC_TPR 0x80
#define APIC_PPR 0xa0
#define APIC_EOI 0xb0
#define APIC_ISR 0x100
#define APIC_TMR 0x180
#define APIC_ICR 0x300

/* What the page always holds the right value of (table 15-22): ID, version, TPR, PPR, LDR; ISR,
 * TMR, IRR. And the writes that the processor carries out. */
static const struct {
	u16 first, last;
	bool read, write;
} passed[] = {
    {0x020, 0x030, true, false},       {APIC_TPR, APIC_TPR, true, true},
    {APIC_PPR, APIC_PPR, true, false}, {0x0d0, 0x0d0, true, false},
    {0x100, 0x270, true, false},       {APIC_EOI, APIC_EOI, false, true},
    {APIC_ICR, APIC_ICR, false, true},
};

/* --- a VM's tables --------------------------------------------------------------------------- */

int svm_avic_vm_create(struct virt_vm *vm)
{
	struct svm_vm *own = svm_vm_of(vm);

	if (!virt_caps.virq_delivery)
		return ERR_OK;
	own->avic_table = pages_alloc(BLOCK_ORDER);
	if (!own->avic_table)
		return trace_err(ERR_NOMEM, "no memory for a VM's APIC tables");
	memset(own->avic_table, 0, PAGE_SIZE << BLOCK_ORDER);
	own->avic_msr_map = (u8 *)own->avic_table + MSR_MAP_OFFSET;
	memset(own->avic_msr_map, 0xff, SVM_MSR_MAP_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		for (u32 reg = passed[i].first; reg <= passed[i].last; reg += 0x10)
			svm_map_pass(own->avic_msr_map, X2APIC_MSR(reg), passed[i].read,
				     passed[i].write);
	return ERR_OK;
}

void svm_avic_vm_destroy(struct svm_vm *own)
{
	pages_free(own->avic_table, BLOCK_ORDER);
	own->avic_table = NULL;
	own->avic_msr_map = NULL;
}

/* Valid from the beginning, whatever the APIC's mode: of an IPI to everybody, hardware leaves
 * those out whose entry is not, and says nothing. */
void svm_avic_vcpu_create(struct virt_vcpu *v)
{
	struct svm_vcpu *x = svm_of(v);
	struct svm_vm *own = svm_vm_of(v->vm);
	struct vmcb *b = x->vmcb;

	if (!own->avic_table || !v->vapic_page || v->apic_id >= TABLE_ENTRIES)
		return;
	x->avic_entry = &own->avic_table[v->apic_id];
	own->avic_last = MAX(own->avic_last, v->apic_id);
	b->avic_bar = APIC_BAR;
	b->avic_page = virt_to_hpa(v->vapic_page).v;
	b->avic_logical = virt_to_hpa(own->avic_table).v + PAGE_SIZE;
	b->avic_physical = virt_to_hpa(own->avic_table).v;
	__atomic_store_n(x->avic_entry, ENTRY_VALID | b->avic_page, __ATOMIC_RELEASE);
}

void svm_avic_vcpu_destroy(struct svm_vcpu *x)
{
	if (x->avic_entry)
		__atomic_store_n(x->avic_entry, 0, __ATOMIC_SEQ_CST);
}

/* --- whether a doorbell reaches it ----------------------------------------------------------- */

static bool is_running(const struct svm_vcpu *x)
{
	return __atomic_load_n(x->avic_entry, __ATOMIC_RELAXED) & ENTRY_RUNNING;
}

/* The exchange is what orders this and a look at IRR. */
static void running_clear(struct svm_vcpu *x)
{
	__atomic_exchange_n(x->avic_entry, *x->avic_entry & ~ENTRY_RUNNING, __ATOMIC_SEQ_CST);
}

/* An ID that the entry has no room for cannot be rung: then senders exit each time. */
void svm_avic_enter(struct svm_vcpu *x)
{
	u32 host = this_cpu()->apic_id;

	if (!x->avic_on || host > ENTRY_HOST_ID)
		return;
	__atomic_store_n(x->avic_entry, (*x->avic_entry & ~ENTRY_HOST_ID) | ENTRY_RUNNING | host,
			 __ATOMIC_RELEASE);
}

void svm_avic_load(struct svm_vcpu *x)
{
	x->todo |= TODO_AVIC;
}

void svm_avic_unload(struct svm_vcpu *x)
{
	running_clear(x);
}

/* --- on and off ------------------------------------------------------------------------------ */

static u32 *page_reg(const struct virt_vcpu *v, u32 offset)
{
	return (u32 *)v->vapic_page + offset / 4;
}

/* Processor priority, of which hardware knows only what it has changed itself. */
static void ppr_update(const struct virt_vcpu *v)
{
	u32 tpr = *page_reg(v, APIC_TPR) & 0xff, isr = 0;

	for (u32 i = 8; i-- > 0 && !isr;) {
		u32 word = *page_reg(v, APIC_ISR + i * 16);

		if (word)
			isr = (i * 32 + 31 - (u32)__builtin_clz(word)) & 0xf0;
	}
	*page_reg(v, APIC_PPR) = (tpr & 0xf0) >= isr ? tpr : isr;
}

static void turn_on(struct virt_vcpu *v, struct svm_vcpu *x)
{
	const struct svm_vm *own = svm_vm_of(v->vm);
	struct vmcb *b = x->vmcb;

	ppr_update(v);
	b->virq_control |= AVIC_ENABLE | AVIC_X2APIC;
	b->avic_physical = virt_to_hpa(own->avic_table).v | own->avic_last;
	b->msr_map = virt_to_hpa(own->avic_msr_map).v;
	x->todo |= TODO_AVIC;
}

/* The map must not stay, or the guest would reach the APIC of the machine. */
static void turn_off(struct virt_vcpu *v, struct svm_vcpu *x)
{
	x->vmcb->virq_control &= (u8) ~(AVIC_ENABLE | AVIC_X2APIC);
	x->vmcb->msr_map = virt_to_hpa(v->vm->msr_bitmap).v;
	x->todo &= ~(u32)TODO_AVIC;
}

static void turn(struct virt_vcpu *v, struct svm_vcpu *x, bool on)
{
	if (x->avic_on == on)
		return;
	if (on)
		turn_on(v, x);
	else
		turn_off(v, x);
	svm_dirty(x, CLEAN_PERMISSIONS | CLEAN_AVIC);
	__atomic_store_n(&x->avic_on, on, __ATOMIC_RELEASE);
	if (!on)
		running_clear(x);
}

void svm_apic_mode(struct virt_vcpu *v, enum virt_apic_mode mode)
{
	struct svm_vcpu *x = svm_of(v);

	x->avic_mode = x->avic_entry && mode == VIRT_APIC_X2APIC;
	if (!x->avic_mode)
		turn(v, x, false);
}

bool svm_apic_deliver(struct virt_vcpu *v, enum virt_delivery how)
{
	struct svm_vcpu *x = svm_of(v);

	turn(v, x, x->avic_mode && how != VIRT_DELIVER_NOT);
	if (!x->avic_on)
		return false;
	if (how == VIRT_DELIVER_TELL)
		running_clear(x);
	if (!is_running(x))
		x->todo |= TODO_AVIC;
	return true;
}

/* VMRUN looks at IRR and ISR themselves. */
void svm_apic_set_status(struct virt_vcpu *v, u8 rvi, u8 svi)
{
	(void)rvi;
	(void)svi;
	if (svm_of(v)->avic_on)
		ppr_update(v);
}

/* An EOI exits if the vector is level-triggered by TMR. */
void svm_apic_eoi_exit(struct virt_vcpu *v, const u64 bitmap[4])
{
	for (u32 i = 0; i < 8; i++)
		*page_reg(v, APIC_TMR + i * 16) = (u32)(bitmap[i / 2] >> i % 2 * 32);
}

/* .avic_on is what the guest was entered with: it changes outside only, before .in_guest is set
 * by an exchange, which the caller has seen. */
int svm_apic_post(struct virt_vcpu *v, u32 host_cpu)
{
	if (!__atomic_load_n(&svm_of(v)->avic_on, __ATOMIC_ACQUIRE))
		return ERR_UNSUPPORTED;
	wrmsr(MSR_AVIC_DOORBELL, cpu_by_id(host_cpu)->apic_id);
	return ERR_OK;
}

/* --- exits ----------------------------------------------------------------------------------- */

/* EXITINFO2 bits 63 to 32 of 401h, behind the WRMSR (15.29.9.1). All but one reason mean that
 * software has to send it: its kind, a target that does not exist, a vector below 16. */
#define IPI_NOT_RUNNING 1
void svm_fill_ipi(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	exit->ipi.icr = x->vmcb->exit_info1;
	exit->ipi.requested = x->vmcb->exit_info2 >> 32 == IPI_NOT_RUNNING;
}

/* The vector stays in service; which one it is EXITINFO2 says. */
static void end_of_interrupt(const struct virt_vcpu *v, u8 vector)
{
	*page_reg(v, APIC_ISR + vector / 32 * 16u) &= ~(1u << vector % 32);
	ppr_update(v);
}

/* 402h (15.29.9.2): the EOI of a level-triggered vector comes behind the WRMSR. Everything else is
 * an instruction that was not executed, and that software executes like an intercepted one. */
#define NOACCEL_WRITE BIT(32)
#define NOACCEL_OFFSET 0xff0
void svm_fill_noaccel(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	u64 info = x->vmcb->exit_info1;

	if (likely(info & NOACCEL_WRITE && (info & NOACCEL_OFFSET) == APIC_EOI)) {
		exit->vector = (u8)x->vmcb->exit_info2;
		end_of_interrupt(v, exit->vector);
		return;
	}
	exit->kind = info & NOACCEL_WRITE ? VIRT_EXIT_MSR_WRITE : VIRT_EXIT_MSR_READ;
	exit->insn_len = (u8)v->fast->insn_length(v);
	if (!exit->insn_len)
		exit->kind = VIRT_EXIT_HANDLED;
}
