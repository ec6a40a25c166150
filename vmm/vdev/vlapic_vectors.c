/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual local APIC: request and service of vectors, priorities. */
#include "vmm/vdev/vioapic.h"
#include "vmm/vdev/vlapic_impl.h"

/* --- the 256-bit registers: IRR, ISR, TMR -------------------------------------------------- */

static inline u32 *word_of(struct vlapic *v, u32 base, size_t word)
{
	return &v->regs[base / 4 + word * 4];
}

/* The number of the highest bit; value is not 0. */
static inline u32 top_bit(u32 value)
{
	return 31u ^ (u32)__builtin_clz(value);
}

/* A mask with the bit of the highest word that is not zero. Only where hardware delivers: not
 * inlined, since it would cost registers where it does not. */
static __attribute__((noinline)) u32 scan_words(const struct vlapic *v, u32 base)
{
#pragma GCC unroll 8
	for (u32 i = 8; i-- > 0;)
		if (vlapic_peek(v, base + i * 16))
			return 1u << i;
	return 0;
}

enum vlapic_status vlapic_status_changed(struct vlapic *v)
{
	u8 irr = v->irr_mask, isr = v->isr_mask;

	v->irr_mask = v->isr_mask = 0;
	return isr ? VLAPIC_SERVICE_CHANGED : irr ? VLAPIC_REQUEST_CHANGED : VLAPIC_UNCHANGED;
}

static inline u32 irr_mask(const struct vlapic *v)
{
	return unlikely(virt_caps.virq_delivery) ? scan_words(v, APIC_IRR) : v->irr_mask;
}

static inline u32 isr_mask(const struct vlapic *v)
{
	return unlikely(virt_caps.virq_delivery) ? scan_words(v, APIC_ISR) : v->isr_mask;
}

/* mask is not 0. */
static inline u8 highest(const struct vlapic *v, u32 base, u32 mask)
{
	size_t word = top_bit(mask);

	return (u8)(word * 32 + top_bit(v->regs[base / 4 + word * 4]));
}

/* Set and clear one bit, and note it in the set's mask. */
static void vector_set(struct vlapic *v, u32 base, u8 *mask, u8 vector)
{
	*word_of(v, base, vector >> 5) |= 1u << (vector & 31);
	*mask |= (u8)(1u << (vector >> 5));
}

static void vector_clear(struct vlapic *v, u32 base, u8 *mask, u8 vector)
{
	u32 *word = word_of(v, base, vector >> 5), bit = 1u << (vector & 31);

	if (virt_caps.virq_delivery) {
		__atomic_fetch_and(word, ~bit, __ATOMIC_RELAXED);
		*mask |= 1;
		return;
	}
	*word &= ~bit;
	if (!*word)
		*mask &= (u8) ~(1u << (vector >> 5));
}

bool vlapic_has_request(const struct vlapic *v)
{
	return irr_mask(v);
}

u8 vlapic_irr(const struct vlapic *v)
{
	u32 mask = irr_mask(v);

	return mask ? highest(v, APIC_IRR, mask) : 0;
}

u8 vlapic_isr(const struct vlapic *v)
{
	u32 mask = isr_mask(v);

	return mask ? highest(v, APIC_ISR, mask) : 0;
}

/* --- posting --------------------------------------------------------------------------------- */

/* A disabled APIC takes no vectors (SDM vol. 3, 11.4.7.2). Any CPU. */
static inline bool accepts_vectors(const struct vlapic *v)
{
	return vlapic_peek(v, APIC_SVR) & APIC_SVR_ENABLE;
}

/* Remember how the vector was triggered. Any CPU; before the vector itself is posted. */
static inline void note_level(struct vlapic *v, u8 vector, bool level)
{
	u64 *word = &v->level[vector >> 6];
	u64 bit = BIT(vector & 63);
	bool was = __atomic_load_n(word, __ATOMIC_RELAXED) & bit;

	if (likely(was == level))
		return;
	if (level)
		__atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(word, ~bit, __ATOMIC_RELAXED);
	__atomic_store_n(&v->level_changed, true, __ATOMIC_RELEASE);
}

/*
 * While the EOI-exit bitmap is behind the trigger modes, no vector may get to where hardware
 * takes it from by itself: a level-triggered one would end without our seeing it. Whether it
 * is notified does not matter, since it may have been for an earlier vector.
 */
static __attribute__((noinline)) void hold(struct vlapic *v, u8 vector)
{
	__atomic_fetch_or(&v->held[vector >> 6], BIT(vector & 63), __ATOMIC_ACQ_REL);
	v->p->host->kick(v->p->vm, v->index);
}

/*
 * Hardware that takes what is posted from IRR itself. A bit that is set there may be hardware's,
 * which has told nobody yet, or need not tell since the vCPU seemed to run: so each of
 * ours is told.
 */
static __attribute__((noinline)) void post_beside_hardware(struct vlapic *v, u8 vector)
{
	u32 *word = word_of(v, APIC_IRR, vector >> 5);

	if (__atomic_load_n(&v->level_changed, __ATOMIC_ACQUIRE)) {
		hold(v, vector);
		return;
	}
	__atomic_fetch_or(word, 1u << (vector & 31), __ATOMIC_SEQ_CST);
	v->p->host->post(v->p->vm, v->index);
}

void vlapic_post(struct vlapic *v, u8 vector, bool level)
{
	u64 bit = BIT(vector & 63);

	if (unlikely(!accepts_vectors(v)))
		return;
	if (unlikely(vector < 16)) {
		vlapic_error(v, APIC_ESR_RECEIVE_VECTOR, false);
		return;
	}
	note_level(v, vector, level);
	if (unlikely(virt_caps.virq_delivery) &&
	    (virt_caps.posted_irr || __atomic_load_n(&v->level_changed, __ATOMIC_ACQUIRE))) {
		post_beside_hardware(v, vector);
		return;
	}
	/* Who set the bit first also sets ON and kicks. */
	if (__atomic_fetch_or(&v->pi.pir[vector >> 6], bit, __ATOMIC_ACQ_REL) & bit)
		return;
	if (!(__atomic_fetch_or(&v->pi.control, VIRT_PI_ON, __ATOMIC_ACQ_REL) & VIRT_PI_ON))
		v->p->host->post(v->p->vm, v->index);
}

/* 32 vectors. Atomic, since with posted_irr others write to IRR as well; the trigger mode register
 * follows the way in which the vectors were posted. */
static inline void merge(struct vlapic *v, u32 word, u32 bits)
{
	u32 *irr = word_of(v, APIC_IRR, word), *tmr = irr - (APIC_IRR - APIC_TMR) / 4;

	if (!bits)
		return;
	__atomic_fetch_or(irr, bits, __ATOMIC_RELAXED);
	v->irr_mask = (u8)(v->irr_mask | 1u << word);
	*tmr = (*tmr & ~bits) | (__atomic_load_n((u32 *)v->level + word, __ATOMIC_RELAXED) & bits);
}

/* 64 vectors, as posted. */
static inline void merge_posted(struct vlapic *v, u64 *posted, u32 i)
{
	u64 bits = __atomic_exchange_n(&posted[i], 0, __ATOMIC_ACQ_REL);

	merge(v, i * 2, (u32)bits);
	merge(v, i * 2 + 1, (u32)(bits >> 32));
}

static __attribute__((noinline)) void merge_held(struct vlapic *v)
{
	for (u32 i = 0; i < 4; i++)
		if (__atomic_load_n(&v->held[i], __ATOMIC_RELAXED))
			merge_posted(v, v->held, i);
}

void vlapic_request(struct vlapic *v, u8 vector, bool level)
{
	if (unlikely(!accepts_vectors(v)))
		return;
	if (unlikely(vector < 16)) {
		vlapic_error(v, APIC_ESR_RECEIVE_VECTOR, true);
		return;
	}
	note_level(v, vector, level);
	merge(v, vector >> 5, 1u << (vector & 31));
}

void vlapic_sync(struct vlapic *v)
{
	if (unlikely(virt_caps.virq_delivery))
		merge_held(v);
	if (likely(!(__atomic_load_n(&v->pi.control, __ATOMIC_RELAXED) & VIRT_PI_ON)))
		return;
	/* ON first: a bit posted after this clears nothing that we could miss. */
	__atomic_fetch_and(&v->pi.control, ~VIRT_PI_ON, __ATOMIC_ACQ_REL);
#pragma GCC unroll 4
	for (u32 i = 0; i < 4; i++)
		if (__atomic_load_n(&v->pi.pir[i], __ATOMIC_RELAXED))
			merge_posted(v, v->pi.pir, i);
}

/* --- priorities ------------------------------------------------------------------------------ */

/* SDM vol. 3, 11.8.3.1: the class of the task or of what is in service, the higher one. */
static inline u8 priority(const struct vlapic *v)
{
	u8 tpr = (u8)v->regs[APIC_TPR / 4];
	u32 mask;
	u8 isr;

	/* Hardware that delivers keeps PPR itself, as long as it alone changes ISR; of a vCPU that
	 * software may deliver to as well, nobody knows who was the last. */
	if (virt_caps.virq_delivery && !v->isr_mask && !virt_caps.posted_irr)
		return MAX((u8)v->regs[APIC_PPR / 4], tpr);
	mask = isr_mask(v);
	if (likely(!mask))
		return tpr;
	isr = highest(v, APIC_ISR, mask) & 0xf0;
	return (tpr & 0xf0) >= isr ? tpr : isr;
}

u8 vlapic_ppr(struct vlapic *v)
{
	u8 ppr = priority(v);

	*vlapic_reg(v, APIC_PPR) = ppr;
	return ppr;
}

/* Rare, and apart, so that the usual way needs no stack. */
static __attribute__((noinline)) int next_after_settling(struct vlapic *v)
{
	vlapic_settle_pv_eoi(v);
	return vlapic_next(v);
}

int vlapic_next(struct vlapic *v)
{
	u32 mask = irr_mask(v);
	u8 vector;

	if (likely(!mask))
		return -1;
	if (unlikely(v->pv_eoi_offered))
		return next_after_settling(v);
	vector = highest(v, APIC_IRR, mask);
	return vector >> 4 > priority(v) >> 4 ? vector : -1;
}

/* In general. Not inlined, as it would cost registers on the usual way. */
static __attribute__((noinline)) int take_nested(struct vlapic *v)
{
	int vector = vlapic_next(v);

	if (vector < 0)
		return -1;
	vector_clear(v, APIC_IRR, &v->irr_mask, (u8)vector);
	vector_set(v, APIC_ISR, &v->isr_mask, (u8)vector);
	return v->pv_eoi ? vlapic_offer_pv_eoi(v, (u8)vector) : vector;
}

int vlapic_take(struct vlapic *v)
{
	size_t word;
	u32 bit, bits, vector;

	/* Usually nothing is in service: then only the task's priority counts. */
	if (unlikely(virt_caps.virq_delivery || v->isr_mask))
		return take_nested(v);
	if (unlikely(!v->irr_mask))
		return -1;
	word = top_bit(v->irr_mask);
	bits = *word_of(v, APIC_IRR, word);
	bit = top_bit(bits);
	vector = (u32)word * 32 + bit;
	if (unlikely(vector >> 4 <= (u8)v->regs[APIC_TPR / 4] >> 4))
		return -1;
	bits &= ~(1u << bit);
	*word_of(v, APIC_IRR, word) = bits;
	if (likely(!bits))
		v->irr_mask = (u8)(v->irr_mask & ~(1u << word));
	*word_of(v, APIC_ISR, word) = 1u << bit;
	v->isr_mask = (u8)(1u << word);
	return unlikely(v->pv_eoi) ? vlapic_offer_pv_eoi(v, (u8)vector) : (int)vector;
}

u8 vlapic_tpr_threshold(struct vlapic *v)
{
	u8 class;

	if (likely(!v->irr_mask))
		return 0;
	class = highest(v, APIC_IRR, v->irr_mask) >> 4;
	return class <= vlapic_get_tpr(v) >> 4 ? class : 0;
}

u8 vlapic_tpr_threshold_scan(struct vlapic *v)
{
	u8 class = vlapic_irr(v) >> 4;

	return class <= vlapic_get_tpr(v) >> 4 ? class : 0;
}

u8 vlapic_get_tpr(const struct vlapic *v)
{
	return (u8)v->regs[APIC_TPR / 4];
}

void vlapic_set_tpr(struct vlapic *v, u8 tpr)
{
	*vlapic_reg(v, APIC_TPR) = tpr;
}

/* --- end of interrupt ------------------------------------------------------------------------ */

static __attribute__((noinline)) void end_nested(struct vlapic *v)
{
	u8 vector;

	vlapic_settle(v);
	vector = vlapic_isr(v);
	if (!vector)
		return;
	vector_clear(v, APIC_ISR, &v->isr_mask, vector);
	if (*word_of(v, APIC_TMR, vector >> 5) >> (vector & 31) & 1)
		vioapic_eoi(v->p->ioapic, vector);
}

void vlapic_end_of_interrupt(struct vlapic *v)
{
	u32 mask = v->isr_mask, word, bits;

	if (unlikely(virt_caps.virq_delivery || v->pv_eoi_offered || mask & (mask - 1))) {
		end_nested(v);
		return;
	}
	if (unlikely(!mask))
		return;
	/* Usually one edge-triggered vector is in service. */
	word = top_bit(mask);
	bits = *word_of(v, APIC_ISR, word);
	if (unlikely(bits & (bits - 1) || bits & *word_of(v, APIC_TMR, word))) {
		end_nested(v);
		return;
	}
	*word_of(v, APIC_ISR, word) = 0;
	v->isr_mask = 0;
}

void vlapic_after_eoi(struct vlapic *v, u8 vector)
{
	vioapic_eoi(v->p->ioapic, vector);
}

bool vlapic_eoi_bitmap(struct vlapic *v, u64 bitmap[4])
{
	if (likely(!__atomic_load_n(&v->level_changed, __ATOMIC_RELAXED)))
		return false;
	__atomic_store_n(&v->level_changed, false, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (u32 i = 0; i < 4; i++)
		bitmap[i] = __atomic_load_n(&v->level[i], __ATOMIC_RELAXED);
	return true;
}
