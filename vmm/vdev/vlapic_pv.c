/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual local APIC: EOI by clearing a bit in the guest's memory. */
#include "vmm/vdev/vlapic_impl.h"

static bool is_level(struct vlapic *v, u8 vector)
{
	return *vlapic_reg(v, APIC_TMR + (vector >> 5) * 16u) >> (vector & 31) & 1;
}

/* No other vector in service? Not where hardware delivers: there the mask says something else. */
static bool alone(const struct vlapic *v, u8 vector)
{
	u32 word = vector >> 5;

	return !virt_caps.virq_delivery && v->isr_mask == 1u << word &&
	       v->regs[(APIC_ISR + word * 16) / 4] == 1u << (vector & 31);
}

/* Not for a level-triggered one: its end is the I/O APIC's business. */
int vlapic_offer_pv_eoi(struct vlapic *v, u8 vector)
{
	if (v->irr_mask || !alone(v, vector) || is_level(v, vector))
		return vector;
	*v->pv_eoi |= 1;
	v->pv_eoi_offered = true;
	return vector;
}

void vlapic_settle_pv_eoi(struct vlapic *v)
{
	v->pv_eoi_offered = false;
	if (*v->pv_eoi & 1) {
		*v->pv_eoi &= 0xfe;
		return;
	}
	v->pv_eois++;
	vlapic_end_of_interrupt(v);
}

void vlapic_set_pv_eoi(struct vlapic *v, u8 *flag)
{
	vlapic_settle(v);
	v->pv_eoi = flag;
}

u64 vlapic_pv_eois(const struct vlapic *v)
{
	return v->pv_eois;
}
