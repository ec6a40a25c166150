/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What APM vol. 2, 15.29, says of a processor with x2AVIC, and a guest that does this and that on
 * it. IRR is looked at where hardware has to: at VMRUN, at a doorbell, at an IPI to itself.
 */
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/mm/direct.h"
#include "tests/host/weave/avic_world.h"

#define APIC_TPR 0x80
#define APIC_EOI 0xb0
#define APIC_ISR 0x100
#define APIC_TMR 0x180
#define APIC_IRR 0x200
#define APIC_ICR 0x300
#define RUNNING BIT(62)
#define VALID BIT(63)
#define PAGE_ADDRESS 0x000ffffffffff000ull
#define EXTINT 0x20

static u32 *reg(const struct guest *g, u32 offset)
{
	return (u32 *)g->v->virt.vapic_page + offset / 4;
}

static u32 *bit_word(u32 *page, u32 base, u8 vector)
{
	return page + (base + vector / 32 * 16u) / 4;
}

/* ISR, which nobody else changes: at once. */
__attribute__((no_sanitize("thread"))) static u32 in_service(const struct guest *g)
{
	for (u32 i = 255; i >= 16; i--)
		if (*bit_word(reg(g, 0), APIC_ISR, (u8)i) >> i % 32 & 1)
			return i;
	return 0;
}

/* Of what hardware has seen. */
__attribute__((no_sanitize("thread"))) static u32 requested(const struct guest *g)
{
	for (u32 i = 255; i >= 16; i--)
		if (g->seen[i / 64] & BIT(i % 64))
			return i;
	return 0;
}

static bool avic_on(const struct guest *g)
{
	return g->vmcb.virq_control & AVIC_ENABLE;
}

static void look(struct guest *g)
{
	for (unsigned i = 0; i < 8; i++) {
		u32 word = __atomic_load_n(reg(g, APIC_IRR + i * 16), __ATOMIC_SEQ_CST);

		memcpy((u32 *)g->seen + i, &word, sizeof(word));
	}
}

static void take(struct guest *g, u8 vector)
{
	g->wanted[vector] = false;
	g->taken[vector]++;
	g->vmcb.rflags &= ~RFLAGS_IF; /* an interrupt gate */
}

static void deliver(struct guest *g)
{
	u32 vector = requested(g);
	u8 class = MAX((u8)(in_service(g) >> 4), g->vmcb.tpr);

	if (vector >> 4 <= class || !(g->vmcb.rflags & RFLAGS_IF))
		return;
	__atomic_fetch_and(bit_word(reg(g, 0), APIC_IRR, (u8)vector), ~(1u << vector % 32),
			   __ATOMIC_SEQ_CST);
	*bit_word(reg(g, 0), APIC_ISR, (u8)vector) |= 1u << vector % 32;
	g->seen[vector / 64] &= ~BIT(vector % 64);
	take(g, (u8)vector);
}

void hardware_doorbell(u64 apic_id)
{
	weave_drain();
	world.doorbells++;
	for (u32 i = 0; i < WORLD_CPUS; i++)
		if (world.cpu[i].cpu.apic_id == apic_id && world.cpu[i].guest)
			__atomic_store_n(&world.cpu[i].doorbell, true, __ATOMIC_SEQ_CST);
}

/* --- exits ----------------------------------------------------------------------------------- */

static bool leave(struct guest *g, u64 code, u64 info1, u64 info2)
{
	struct vmcb *b = &g->vmcb;

	world_this()->guest = NULL;
	world_this()->doorbell = false;
	b->exit_code = code;
	b->exit_info1 = info1;
	b->exit_info2 = info2;
	b->exit_int_info = 0;
	b->next_rip = b->rip + 2;
	return true;
}

static bool msr_passed(const struct guest *g, u32 msr)
{
	const u8 *map = hpa_to_virt(HPA(g->vmcb.msr_map));

	return !(map[msr / 4] >> msr % 4 * 2 & 2);
}

/* A write of an x2APIC register that software has to carry out; in xAPIC mode by MMIO. */
static bool leave_to_write(struct guest *g, u32 offset, u64 value)
{
	struct virt_vcpu *vv = &g->v->virt;

	if (avic_on(g) != msr_passed(g, 0x830))
		world_fail("the map of MSRs is not that of AVIC");
	vv->gpr[VIRT_RCX] = 0x800 + offset / 16;
	vv->gpr[VIRT_RAX] = (u32)value;
	vv->gpr[VIRT_RDX] = value >> 32;
	g->vmcb.rax = (u32)value;
	return leave(g, SVM_EXIT_MSR, 1, 0);
}

/* --- what the guest does; true: it has exited ------------------------------------------------ */

/* One target of an IPI. 0, or the reason why hardware cannot go on. */
#define DELIVERED (~0u)
#define NOT_RUNNING 1
#define INVALID_TARGET 2
static u32 send_to(struct guest *g, u32 id, u8 vector)
{
	const u64 *table = hpa_to_virt(HPA(g->vmcb.avic_physical & PAGE_ADDRESS));
	u64 entry;

	if (id > (g->vmcb.avic_physical & 0xfff))
		return INVALID_TARGET;
	entry = __atomic_load_n(&table[id], __ATOMIC_SEQ_CST);
	if (!(entry & VALID))
		return INVALID_TARGET;
	__atomic_fetch_or(bit_word((u32 *)(uintptr_t)(entry & PAGE_ADDRESS), APIC_IRR, vector),
			  1u << vector % 32, __ATOMIC_SEQ_CST);
	entry = __atomic_load_n(&table[id], __ATOMIC_SEQ_CST);
	if (!(entry & RUNNING))
		return NOT_RUNNING;
	hardware_doorbell(entry & 0xfff);
	return DELIVERED;
}

static u32 targets_of(u64 icr, u32 own)
{
	u32 dest = (u32)(icr >> 32);

	switch (icr >> 18 & 3) {
	case 1:
		return 1u << own;
	case 2:
		return (1u << WORLD_VCPUS) - 1;
	case 3:
		return ((1u << WORLD_VCPUS) - 1) & ~(1u << own);
	default:
		return icr & 0x800 ? dest & 0xffff : 1u << dest;
	}
}

static bool send(struct guest *g, u64 icr)
{
	u32 targets = targets_of(icr, g->v->index), reason = DELIVERED;

	world.ipis++;
	for (u32 i = 0; i < WORLD_VCPUS; i++)
		if (targets >> i & 1)
			world.guest[i].wanted[(u8)icr] = true;
	if (!avic_on(g))
		return leave_to_write(g, APIC_ICR, icr);
	*reg(g, APIC_ICR) = (u32)icr;
	*reg(g, APIC_ICR + 16) = (u32)(icr >> 32);
	for (u32 i = 0; i < 16; i++) {
		u32 one = targets >> i & 1 ? send_to(g, i, (u8)icr) : DELIVERED;

		reason = one == DELIVERED ? reason : one;
		if (one == INVALID_TARGET)
			break;
	}
	if (reason == DELIVERED)
		return false;
	world.exits_ipi++;
	return leave(g, SVM_EXIT_IPI, icr | (weave_random(2) ? 0x1000 : 0), (u64)reason << 32);
}

static bool end_of_interrupt(struct guest *g)
{
	u32 vector = in_service(g);

	if (!vector)
		return false;
	if (!avic_on(g))
		return leave_to_write(g, APIC_EOI, 0);
	if (*bit_word(reg(g, 0), APIC_TMR, (u8)vector) >> vector % 32 & 1) {
		world.exits_eoi++;
		return leave(g, SVM_EXIT_NOACCEL, BIT(32) | APIC_EOI, vector);
	}
	*bit_word(reg(g, 0), APIC_ISR, (u8)vector) &= ~(1u << vector % 32);
	return false;
}

static bool set_tpr(struct guest *g, u8 class)
{
	g->vmcb.tpr = class; /* by CR8, which never exits */
	if (avic_on(g))
		*(u8 *)reg(g, APIC_TPR) = (u8)(class << 4);
	return false;
}

/* By logical ID to those in x2APIC mode, perhaps with one that is not there: at that hardware gives
 * up. */
static bool random_ipi(struct guest *g)
{
	u64 icr = 0xd0 + weave_random(3);
	u32 how = weave_random(4);

	if (how < 2 && g->v->index != WORLD_XAPIC)
		return send(g, icr | 0x800 | (u64)(1 + weave_random(3) + how * 0x10) << 32);
	if (how & 1)
		return send(g, icr | (1 + weave_random(3)) << 18);
	return send(g, icr | (u64)weave_random(WORLD_VCPUS) << 32);
}

static bool act(struct guest *g)
{
	struct vmcb *b = &g->vmcb;
	u32 what = weave_random(32);

	if (!what)
		return !world.draining && random_ipi(g);
	if (what < 10)
		return end_of_interrupt(g);
	if (what == 10)
		return set_tpr(g, world.draining || weave_random(2) ? 0 : (u8)weave_random(16));
	if (what == 11 && !world.draining)
		b->rflags &= ~RFLAGS_IF;
	else if (what < 20)
		b->rflags |= RFLAGS_IF;
	else if ((b->rflags & RFLAGS_IF) && !b->tpr && !in_service(g))
		return leave(g, SVM_EXIT_HLT, 0, 0);
	return false;
}

/* --- VMRUN ----------------------------------------------------------------------------------- */

static void begin(struct guest *g)
{
	struct vmcb *b = &g->vmcb;

	weave_drain();
	world_this()->guest = g;
	if (b->event_inj & EVENT_VALID)
		take(g, EVENT_VECTOR(b->event_inj));
	memset(g->seen, 0, sizeof(g->seen));
	world.off += !avic_on(g) && g->v->index != WORLD_XAPIC;
	if (avic_on(g) && b->avic_page != (u64)(uintptr_t)g->v->virt.vapic_page)
		world_fail("another page than the local APIC's");
	if (avic_on(g) && (b->virq_flags & VIRQ_PENDING))
		world_fail("a virtual interrupt that nobody will see");
	if (avic_on(g))
		look(g);
}

static void run(struct guest *g)
{
	struct world_cpu *c = world_this();
	struct vmcb *b = &g->vmcb;

	begin(g);
	do {
		weave_point();
		if (__atomic_load_n(&c->intr, __ATOMIC_SEQ_CST)) {
			c->intr = false;
			leave(g, SVM_EXIT_INTR, 0, 0);
			return;
		}
		if (__atomic_exchange_n(&c->doorbell, false, __ATOMIC_SEQ_CST) && avic_on(g))
			look(g);
		if (avic_on(g)) {
			deliver(g);
		} else if ((b->virq_flags & VIRQ_PENDING) && (b->rflags & RFLAGS_IF) &&
			   (b->virq_priority & VIRQ_IGNORE_TPR || b->virq_priority > b->tpr)) {
			world.windows++;
			leave(g, SVM_EXIT_VINTR, 0, 0);
			return;
		}
	} while (!act(g));
}

/* As entry.S does. */
void hardware_enter(struct virt_vcpu *vv, struct virt_exit *exit)
{
	struct svm_vcpu *x = svm_of(vv);
	struct guest *g = container_of(x, struct guest, x);

	do {
		if ((x->todo || x->requests) && !svm_prepare(vv, exit))
			return;
		x->vmcb->tpr = *x->tpr >> 4;
		run(g);
		weave_drain();
	} while (svm_exit_fast(vv, x));
	svm_exit_translate(vv, x, exit);
}
