/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual local APIC: life cycle, request and service of vectors, priorities. */
#include <string.h>

#include "arch/x86/cpu/msr.h"
#include "kernel/mm/heap.h"
#include "vmm/vdev/vioapic.h"
#include "vmm/vdev/vlapic_impl.h"

/* --- the 256-bit registers: IRR, ISR, TMR -------------------------------------------------- */

static inline u32 *vector_word(struct vlapic *v, u32 base, u8 vector)
{
	return vlapic_reg(v, base + (vector >> 5) * 16u);
}

/* A mask with the bit of the highest word that is not zero. */
static u32 scan_words(const struct vlapic *v, u32 base)
{
#pragma GCC unroll 8
	for (u32 i = 8; i-- > 0;)
		if (v->regs[(base + i * 16) / 4])
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
	u32 word = 31u - (u32)__builtin_clz(mask);

	return (u8)(word * 32 + 31u - (u32)__builtin_clz(v->regs[(base + word * 16) / 4]));
}

static inline void irr_set(struct vlapic *v, u32 word, u32 bits)
{
	*vlapic_reg(v, APIC_IRR + word * 16) |= bits;
	v->irr_mask |= (u8)(1u << word);
}

static inline void vector_clear(struct vlapic *v, u32 base, u8 *mask, u8 vector)
{
	u32 *word = vector_word(v, base, vector);

	*word &= ~(1u << (vector & 31));
	if (unlikely(virt_caps.virq_delivery))
		*mask |= 1;
	else if (!*word)
		*mask &= (u8) ~(1u << (vector >> 5));
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

/* A vector whose trigger mode is new must not arrive before the EOI-exit bitmap knows it. */
static inline void notify(struct vlapic *v)
{
	const struct platform_host_ops *host = v->p->host;

	if (likely(!__atomic_load_n(&v->level_changed, __ATOMIC_ACQUIRE)))
		host->post(v->p->vm, v->index);
	else
		host->kick(v->p->vm, v->index);
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
	/* Who set the bit first also sets ON and kicks. */
	if (__atomic_fetch_or(&v->pi.pir[vector >> 6], bit, __ATOMIC_ACQ_REL) & bit)
		return;
	if (!(__atomic_fetch_or(&v->pi.control, VIRT_PI_ON, __ATOMIC_ACQ_REL) & VIRT_PI_ON))
		notify(v);
}

/* The trigger mode register follows the way in which the vectors were posted. */
static inline void tmr_update(struct vlapic *v, u32 word, u32 bits)
{
	u32 level =
	    (u32)(__atomic_load_n(&v->level[word / 2], __ATOMIC_RELAXED) >> (word & 1 ? 32 : 0));
	u32 *tmr = vlapic_reg(v, APIC_TMR + word * 16);

	*tmr = (*tmr & ~bits) | (level & bits);
}

static inline void merge(struct vlapic *v, u32 word, u32 bits)
{
	if (!bits)
		return;
	irr_set(v, word, bits);
	tmr_update(v, word, bits);
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

bool vlapic_has_posted(const struct vlapic *v)
{
	return __atomic_load_n(&v->pi.control, __ATOMIC_RELAXED) & VIRT_PI_ON;
}

void vlapic_sync(struct vlapic *v)
{
	if (likely(!vlapic_has_posted(v)))
		return;
	/* ON first: a bit posted after this clears nothing that we could miss. */
	__atomic_fetch_and(&v->pi.control, ~VIRT_PI_ON, __ATOMIC_ACQ_REL);
	for (u32 i = 0; i < 4; i++) {
		u64 bits;

		if (!__atomic_load_n(&v->pi.pir[i], __ATOMIC_RELAXED))
			continue;
		bits = __atomic_exchange_n(&v->pi.pir[i], 0, __ATOMIC_ACQ_REL);
		merge(v, i * 2, (u32)bits);
		merge(v, i * 2 + 1, (u32)(bits >> 32));
	}
}

/* --- priorities ------------------------------------------------------------------------------ */

/* SDM vol. 3, 11.8.3.1: the class of the task or of what is in service, the higher one. */
static inline u8 priority(const struct vlapic *v)
{
	u8 tpr = (u8)v->regs[APIC_TPR / 4];
	u32 mask;
	u8 isr;

	/* Hardware that delivers keeps PPR itself, as long as it alone changes ISR. */
	if (virt_caps.virq_delivery && !v->isr_mask)
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

void vlapic_accept(struct vlapic *v, u8 vector)
{
	vector_clear(v, APIC_IRR, &v->irr_mask, vector);
	*vector_word(v, APIC_ISR, vector) |= 1u << (vector & 31);
	v->isr_mask |= (u8)(1u << (vector >> 5));
	if (v->pv_eoi)
		vlapic_offer_pv_eoi(v, vector);
}

u8 vlapic_tpr_threshold(struct vlapic *v)
{
	u32 mask = irr_mask(v);
	u8 class;

	if (likely(!mask))
		return 0;
	class = highest(v, APIC_IRR, mask) >> 4;
	return class <= vlapic_get_tpr(v) >> 4 ? class : 0;
}

bool vlapic_wants_cpu(struct vlapic *v)
{
	vlapic_sync(v);
	return vlapic_next(v) >= 0;
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

static __attribute__((noinline)) void end_after_settling(struct vlapic *v)
{
	vlapic_settle_pv_eoi(v);
	vlapic_end_of_interrupt(v);
}

void vlapic_end_of_interrupt(struct vlapic *v)
{
	u32 mask = isr_mask(v);
	u8 vector;

	if (unlikely(v->pv_eoi_offered)) {
		end_after_settling(v);
		return;
	}
	if (unlikely(!mask))
		return;
	vector = highest(v, APIC_ISR, mask);
	vector_clear(v, APIC_ISR, &v->isr_mask, vector);
	if (unlikely(*vector_word(v, APIC_TMR, vector) >> (vector & 31) & 1))
		vioapic_eoi(v->p->ioapic, vector);
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

/* --- local interrupts ------------------------------------------------------------------------ */

void vlapic_lvt_fire(struct vlapic *v, u32 offset, bool own)
{
	u32 lvt = vlapic_peek(v, offset);

	if (lvt & APIC_LVT_MASKED)
		return;
	/* The mode's field is zero in entries that have none: the timer's and the errors'. */
	if (APIC_LVT_MODE(lvt) == DELIVER_NMI)
		v->p->host->nmi(v->p->vm, v->index);
	else if (APIC_LVT_MODE(lvt) != DELIVER_FIXED)
		return;
	else if (own)
		vlapic_request(v, (u8)lvt, false);
	else
		vlapic_post(v, (u8)lvt, false);
}

void vlapic_error(struct vlapic *v, u32 bit, bool own)
{
	u32 lvt = vlapic_peek(v, APIC_LVT_ERROR);

	/* A bit that is set already raises nothing, and an error interrupt whose own vector
	 * is illegal must not raise another one. */
	if (__atomic_fetch_or(&v->errors, bit, __ATOMIC_RELAXED) & bit || (u8)lvt < 16)
		return;
	vlapic_lvt_fire(v, APIC_LVT_ERROR, own);
}

bool vlapic_extint_enabled(const struct vlapic *v)
{
	u32 lvt = v->regs[APIC_LVT_LINT0 / 4];

	/* Without its APIC the boot processor's LINT0 is its INTR pin. */
	if (!v->enabled)
		return v->index == 0;
	return !(lvt & APIC_LVT_MASKED) && APIC_LVT_MODE(lvt) == DELIVER_EXTINT;
}

/* --- life cycle ------------------------------------------------------------------------------ */

/* SDM vol. 3, 11.4.7.1; with x2APIC 11.12.5. */
void vlapic_clear_registers(struct vlapic *v)
{
	vlapic_timer_stop(v);
	vlapic_settle(v);
	memset(v->regs, 0, sizeof(v->regs));
	if (v->level[0] | v->level[1] | v->level[2] | v->level[3])
		v->level_changed = true;
	memset(v->level, 0, sizeof(v->level));
	for (u32 i = 0; i < 4; i++)
		__atomic_store_n(&v->pi.pir[i], 0, __ATOMIC_RELAXED);
	__atomic_fetch_and(&v->pi.control, ~VIRT_PI_ON, __ATOMIC_RELAXED);
	v->irr_mask = 0;
	v->isr_mask = virt_caps.virq_delivery; /* it must learn that all is gone */
	v->errors = 0;
	*vlapic_reg(v, APIC_ID) = v->x2apic ? v->index : v->index << 24;
	*vlapic_reg(v, APIC_VERSION) = APIC_VERSION_VALUE;
	*vlapic_reg(v, APIC_DFR) = 0xffffffffu;
	*vlapic_reg(v, APIC_SVR) = 0xff;
	if (v->x2apic)
		*vlapic_reg(v, APIC_LDR) = v->index >> 4 << 16 | 1u << (v->index & 15);
	for (u32 lvt = APIC_LVT_TIMER; lvt <= APIC_LVT_ERROR; lvt += 16)
		*vlapic_reg(v, lvt) = APIC_LVT_MASKED;
}

void vlapic_reset(struct vlapic *v, bool init)
{
	if (!init) {
		v->enabled = true;
		v->x2apic = false;
	}
	vlapic_clear_registers(v);
}

void vlapic_virtual_wire(struct vlapic *v)
{
	*vlapic_reg(v, APIC_SVR) = APIC_SVR_ENABLE | 0xff;
	*vlapic_reg(v, APIC_LVT_LINT0) = DELIVER_EXTINT << 8;
	*vlapic_reg(v, APIC_LVT_LINT1) = DELIVER_NMI << 8;
}

int vlapic_create(struct platform *p, unsigned index, struct vlapic **out)
{
	/* Larger than a slab object, and so aligned to its page. */
	struct vlapic *v = heap_alloc(sizeof(*v));

	if (!v)
		return trace_err(ERR_NOMEM, "no memory for a local APIC");
	v->p = p;
	v->index = index;
	vlapic_timer_init(v);
	vlapic_reset(v, false);
	*out = v;
	return 0;
}

void vlapic_destroy(struct vlapic *v)
{
	if (!v)
		return;
	vlapic_timer_destroy(v);
	heap_free(v);
}

void *vlapic_page(struct vlapic *v)
{
	return v->regs;
}

struct virt_pi_desc *vlapic_pi(struct vlapic *v)
{
	return &v->pi;
}

enum virt_apic_mode vlapic_mode(const struct vlapic *v)
{
	if (!v->enabled)
		return VIRT_APIC_DISABLED;
	return v->x2apic ? VIRT_APIC_X2APIC : VIRT_APIC_XAPIC;
}
