/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual local APIC: life cycle and local interrupts. */
#include <string.h>

#include "arch/x86/cpu/msr.h"
#include "kernel/mm/heap.h"
#include "vmm/vdev/vlapic_impl.h"

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
	vlapic_timer_reset(v);
	vlapic_settle(v);
	memset(v->regs, 0, sizeof(v->regs));
	if (v->level[0] | v->level[1] | v->level[2] | v->level[3])
		v->level_changed = true;
	memset(v->level, 0, sizeof(v->level));
	for (u32 i = 0; i < 4; i++) {
		__atomic_store_n(&v->pi.pir[i], 0, __ATOMIC_RELAXED);
		__atomic_store_n(&v->held[i], 0, __ATOMIC_RELAXED);
	}
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
