/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt messages: who is addressed, and what arrives there (SDM vol. 3, 11.6). */
#include "vmm/vdev/vlapic_impl.h"

/* dest of a message that addresses everybody, whatever the mode. Senders whose destination
 * is 8 bits wide turn their 0xff into this for physical destinations. */
#define DEST_ALL 0xffffffffu

/* Fields of the interrupt command register. */
#define ICR_MODE(low) ((low) >> 8 & 7)
#define ICR_LOGICAL 0x800u
#define ICR_ASSERT 0x4000u
#define ICR_LEVEL 0x8000u
#define ICR_SHORTHAND(low) ((low) >> 18 & 3)

static bool matches_xapic(const struct vlapic *v, u32 dest)
{
	u8 address = (u8)dest, id = (u8)(vlapic_peek(v, APIC_LDR) >> 24);

	if (dest == DEST_ALL || dest == 0xff)
		return true;
	if (vlapic_peek(v, APIC_DFR) >> 28 == 0xf) /* flat model */
		return address & id;
	return (address >> 4 == id >> 4) && (address & id & 0xf);
}

static bool matches_logical(const struct vlapic *v, u32 dest)
{
	u32 ldr;

	if (!__atomic_load_n(&v->x2apic, __ATOMIC_RELAXED))
		return matches_xapic(v, dest);
	ldr = vlapic_peek(v, APIC_LDR);
	return dest == DEST_ALL || (dest >> 16 == ldr >> 16 && (dest & ldr & 0xffff));
}

static bool matches(const struct vlapic *v, const struct vlapic *source,
		    const struct vlapic_message *m)
{
	if (!__atomic_load_n(&v->enabled, __ATOMIC_RELAXED))
		return false;
	switch (m->shorthand) {
	case TO_SELF:
		return v == source;
	case TO_ALL:
		return true;
	case TO_OTHERS:
		return v != source;
	default:
		break;
	}
	if (m->logical)
		return matches_logical(v, m->dest);
	return m->dest == DEST_ALL || m->dest == v->index;
}

static inline void arrive_vector(struct vlapic *v, const struct vlapic *source, u8 vector,
				 bool level)
{
	/* What a vCPU sends to itself needs no notification. */
	if (v == source)
		vlapic_request(v, vector, level);
	else
		vlapic_post(v, vector, level);
}

static void arrive(struct vlapic *v, const struct vlapic *source, const struct vlapic_message *m)
{
	const struct platform_host_ops *host = v->p->host;

	switch (m->delivery) {
	case DELIVER_FIXED:
	case DELIVER_LOWEST:
		arrive_vector(v, source, m->vector, m->level);
		break;
	case DELIVER_NMI:
		host->nmi(v->p->vm, v->index);
		break;
	case DELIVER_INIT:
		/* The de-assert form only synchronized the bus of ancient processors. */
		if (!m->level || m->assert_)
			host->init(v->p->vm, v->index);
		break;
	case DELIVER_SIPI:
		host->sipi(v->p->vm, v->index, m->vector);
		break;
	default: /* no SMM here; ExtINT comes by LINT0 alone */
		break;
	}
}

/* Lowest priority: the turn goes round over those that are addressed and enabled. */
static void deliver_one(struct platform *p, struct vlapic *source, const struct vlapic_message *m)
{
	u32 turn = __atomic_fetch_add(&p->arbiter, 1, __ATOMIC_RELAXED);

	for (unsigned i = 0; i < p->cpus; i++) {
		struct vlapic *v = p->lapic[(turn + i) % p->cpus];

		if (!(vlapic_peek(v, APIC_SVR) & APIC_SVR_ENABLE) || !matches(v, source, m))
			continue;
		arrive(v, source, m);
		return;
	}
}

static void deliver_all(struct platform *p, struct vlapic *source, const struct vlapic_message *m)
{
	for (unsigned i = 0; i < p->cpus; i++)
		if (matches(p->lapic[i], source, m))
			arrive(p->lapic[i], source, m);
}

void vlapic_deliver(struct platform *p, struct vlapic *source, const struct vlapic_message *m)
{
	if (m->delivery == DELIVER_LOWEST) {
		deliver_one(p, source, m);
	} else if (likely(!m->logical && !m->shorthand && m->dest < p->cpus)) {
		struct vlapic *v = p->lapic[m->dest];

		if (likely(__atomic_load_n(&v->enabled, __ATOMIC_RELAXED)))
			arrive(v, source, m);
	} else {
		deliver_all(p, source, m);
	}
}

/* A fixed IPI to one cluster of x2APICs: its members follow from their IDs. */
static void send_to_cluster(struct platform *p, const struct vlapic *source, u8 vector, u32 dest)
{
	for (u32 members = dest & 0xffff; members; members &= members - 1) {
		u32 id = (dest >> 16 << 4) + (u32)__builtin_ctz(members);

		if (id < p->cpus && __atomic_load_n(&p->lapic[id]->x2apic, __ATOMIC_RELAXED))
			arrive_vector(p->lapic[id], source, vector, false);
	}
}

int vlapic_send_many(struct vlapic *v, u64 targets, u32 icr)
{
	struct platform *p = v->p;
	u8 vector = (u8)icr;
	bool nmi = ICR_MODE(icr) == DELIVER_NMI;
	int sent = 0;

	if ((icr & ~(0xffu | 0x700u | ICR_ASSERT)) || (ICR_MODE(icr) && !nmi) ||
	    (!nmi && vector < 16))
		return ERR_INVAL;
	for (targets &= p->cpus < 64 ? BIT(p->cpus) - 1 : ~0ull; targets; targets &= targets - 1) {
		struct vlapic *to = p->lapic[__builtin_ctzll(targets)];

		if (!__atomic_load_n(&to->enabled, __ATOMIC_RELAXED))
			continue;
		if (nmi)
			p->host->nmi(p->vm, to->index);
		else
			arrive_vector(to, v, vector, false);
		sent++;
	}
	return sent;
}

/* Whom the command addressed hardware knows: their IRR says so. Telling somebody else once too
 * often does no harm. */
void vlapic_tell(const struct vlapic *v, u8 vector)
{
	struct platform *p = v->p;

	for (unsigned i = 0; i < p->cpus; i++)
		if (vlapic_peek(p->lapic[i], APIC_IRR + (vector >> 5) * 16u) >> (vector & 31) & 1)
			p->host->post(p->vm, i);
}

/* --- the interrupt command register ------------------------------------------------------------
 */

/* All that can differ in a fixed IPI to one physical destination: vector, assert. */
#define ICR_PLAIN(low) (!((low) & ~(0xffu | ICR_ASSERT)))

/* All that vlapic_send() does not do at once. */
static __attribute__((noinline)) void send_other(struct vlapic *v, u32 low, u32 dest)
{
	struct platform *p = v->p;
	struct vlapic_message m = {
	    .dest = dest,
	    .vector = (u8)low,
	    .delivery = ICR_MODE(low),
	    .logical = low & ICR_LOGICAL,
	    .level = low & ICR_LEVEL,
	    .assert_ = low & ICR_ASSERT,
	    .shorthand = ICR_SHORTHAND(low),
	};
	bool vectored = m.delivery == DELIVER_FIXED || m.delivery == DELIVER_LOWEST;

	if (v->x2apic && ICR_PLAIN(low & ~ICR_LOGICAL) && m.vector >= 16 && dest != DEST_ALL) {
		/* The same by its logical ID, as Linux does. A physical one is nobody's. */
		if (m.logical)
			send_to_cluster(p, v, m.vector, dest);
		return;
	}
	if (m.shorthand == TO_SELF && !vectored)
		return;
	if (vectored && m.vector < 16) {
		vlapic_error(v, APIC_ESR_SEND_VECTOR, true);
		return;
	}
	if (m.delivery != DELIVER_INIT) /* IPIs other than INIT are edges (11.6.1) */
		m.level = false;
	if (!v->x2apic && !m.logical && dest == 0xff)
		m.dest = DEST_ALL;
	vlapic_deliver(p, v, &m);
}

void vlapic_send(struct vlapic *v, u32 low, u32 dest)
{
	struct platform *p = v->p;
	u8 vector = (u8)low;

	if (unlikely(!ICR_PLAIN(low) || vector < 16 || dest >= p->cpus))
		send_other(v, low, dest);
	else if (likely(__atomic_load_n(&p->lapic[dest]->enabled, __ATOMIC_RELAXED)))
		arrive_vector(p->lapic[dest], v, vector, false);
}
