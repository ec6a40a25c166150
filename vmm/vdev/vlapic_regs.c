/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual local APIC: the registers, by MMIO and by MSR (SDM vol. 3, 11.4.1 and 11.12.1). */
#include "arch/x86/cpu/msr.h"
#include "vmm/vdev/vlapic_impl.h"
#include "vmm/vm/layout.h"

/* Who may do what with a register. */
enum { R = 1, W = 2, X2R = 4, X2W = 8, RW = R | W, X2RW = X2R | X2W };

struct rule {
	u8 access;
	u32 valid;    /* bits that a write changes */
	u32 readonly; /* bits that a write may set without effect */
};

#define AT(offset) [(offset) >> 4]
#define VECTORS(offset) [(offset) >> 4 ...((offset) >> 4) + 7]

static const struct rule rules[0x40] = {
    AT(APIC_ID) = {R | X2R, 0, 0},
    AT(APIC_VERSION) = {R | X2R, 0, 0},
    AT(APIC_TPR) = {RW | X2RW, 0xff, 0},
    AT(APIC_APR) = {R, 0, 0},
    AT(APIC_PPR) = {R | X2R, 0, 0},
    AT(APIC_EOI) = {W | X2W, 0, 0},
    AT(APIC_LDR) = {RW | X2R, 0xff000000, 0},
    AT(APIC_DFR) = {RW, 0xf0000000, 0x0fffffff},
    AT(APIC_SVR) = {RW | X2RW, 0x3ff, 0},
    VECTORS(APIC_ISR) = {R | X2R, 0, 0},
    VECTORS(APIC_TMR) = {R | X2R, 0, 0},
    VECTORS(APIC_IRR) = {R | X2R, 0, 0},
    AT(APIC_ESR) = {RW | X2RW, 0, 0},
    /* MSR 0x830 is 64 bits wide and handled apart. */
    AT(APIC_ICR) = {RW | X2R, 0x000ccfff, 0x1000},
    AT(APIC_ICR_HIGH) = {RW, 0xff000000, 0},
    AT(APIC_LVT_TIMER) = {RW | X2RW, 0x000700ff, 0x1000},
    AT(APIC_LVT_THERMAL) = {RW | X2RW, 0x000107ff, 0x1000},
    AT(APIC_LVT_PERF) = {RW | X2RW, 0x000107ff, 0x1000},
    AT(APIC_LVT_LINT0) = {RW | X2RW, 0x0001a7ff, 0x5000},
    AT(APIC_LVT_LINT1) = {RW | X2RW, 0x0001a7ff, 0x5000},
    AT(APIC_LVT_ERROR) = {RW | X2RW, 0x000100ff, 0x1000},
    AT(APIC_TIMER_INITIAL) = {RW | X2RW, 0xffffffff, 0},
    AT(APIC_TIMER_CURRENT) = {R | X2R, 0, 0},
    AT(APIC_TIMER_DIVIDE) = {RW | X2RW, 0xb, 0},
    AT(APIC_SELF_IPI) = {X2W, 0xff, 0},
};

/* --- reading -----------------------------------------------------------------------------------
 */

/* Arbitration priority: the highest class of task, service and request (SDM vol. 3, 11.6.2.4). */
static u32 arbitration_priority(struct vlapic *v)
{
	u8 tpr = vlapic_get_tpr(v);
	u8 other = MAX(vlapic_irr(v), vlapic_isr(v)) & 0xf0;

	return (tpr & 0xf0) >= other ? tpr : other;
}

u32 vlapic_read(struct vlapic *v, u32 offset)
{
	vlapic_settle(v);
	switch (offset) {
	case APIC_APR:
		return arbitration_priority(v);
	case APIC_PPR:
		return vlapic_ppr(v);
	case APIC_TIMER_CURRENT:
		return vlapic_timer_count(v);
	default:
		return *vlapic_reg(v, offset);
	}
}

u32 vlapic_mmio_read(struct vlapic *v, u32 offset)
{
	u32 reg = offset & 0xff0;

	if (!v->enabled || v->x2apic)
		return ~0u;
	if (reg >= 0x400 || !(rules[reg >> 4].access & R)) {
		vlapic_error(v, APIC_ESR_REGISTER, true);
		return 0;
	}
	return (offset & 0xf) < 4 ? vlapic_read(v, reg) >> (offset & 3) * 8 : 0;
}

/* --- writing -----------------------------------------------------------------------------------
 */

/* Turning the APIC off by software masks all of its local interrupts, SDM vol. 3, 11.4.7.2. */
static void write_svr(struct vlapic *v, u32 value)
{
	*vlapic_reg(v, APIC_SVR) = value;
	if (value & APIC_SVR_ENABLE)
		return;
	for (u32 lvt = APIC_LVT_TIMER; lvt <= APIC_LVT_ERROR; lvt += 16)
		*vlapic_reg(v, lvt) |= APIC_LVT_MASKED;
}

static u32 masked_if_off(struct vlapic *v, u32 value)
{
	return *vlapic_reg(v, APIC_SVR) & APIC_SVR_ENABLE ? value : value | APIC_LVT_MASKED;
}

void vlapic_write(struct vlapic *v, u32 offset, u32 value)
{
	switch (offset) {
	case APIC_EOI:
		vlapic_end_of_interrupt(v);
		break;
	case APIC_DFR:
		*vlapic_reg(v, APIC_DFR) = value | 0x0fffffff;
		break;
	case APIC_SVR:
		write_svr(v, value);
		break;
	case APIC_ESR:
		*vlapic_reg(v, APIC_ESR) = __atomic_exchange_n(&v->errors, 0, __ATOMIC_RELAXED);
		break;
	case APIC_ICR:
		*vlapic_reg(v, APIC_ICR) = value;
		vlapic_send(v, value, *vlapic_reg(v, APIC_ICR_HIGH) >> 24);
		break;
	case APIC_LVT_TIMER:
		vlapic_timer_set_lvt(v, masked_if_off(v, value));
		break;
	case APIC_LVT_THERMAL:
	case APIC_LVT_PERF:
	case APIC_LVT_LINT0:
	case APIC_LVT_LINT1:
	case APIC_LVT_ERROR:
		*vlapic_reg(v, offset) = masked_if_off(v, value);
		break;
	case APIC_TIMER_INITIAL:
		vlapic_timer_set_count(v, value);
		break;
	case APIC_TIMER_DIVIDE:
		vlapic_timer_set_divide(v, value);
		break;
	case APIC_SELF_IPI:
		vlapic_send(v, value | TO_SELF << 18, 0);
		break;
	default: /* registers that only hold a value */
		*vlapic_reg(v, offset) = value;
		break;
	}
}

void vlapic_mmio_write(struct vlapic *v, u32 offset, u32 value)
{
	u32 reg = offset & 0xff0;

	if (!v->enabled || v->x2apic)
		return;
	if (likely(reg == APIC_EOI))
		vlapic_end_of_interrupt(v);
	else if (reg >= 0x400 || !(rules[reg >> 4].access & W))
		vlapic_error(v, APIC_ESR_REGISTER, true);
	else
		vlapic_write(v, reg, value & rules[reg >> 4].valid);
}

void vlapic_after_write(struct vlapic *v, u32 offset)
{
	u32 reg = offset & 0xff0;
	u32 value = v->regs[reg / 4];

	/* What hardware has let through to a register that is ours alone. */
	if (reg == APIC_ID)
		*vlapic_reg(v, APIC_ID) = v->x2apic ? v->index : v->index << 24;
	else if (reg < 0x400 && rules[reg >> 4].access & (W | X2W))
		vlapic_write(v, reg, value & rules[reg >> 4].valid);
}

/* --- IA32_APIC_BASE ----------------------------------------------------------------------------
 */

u64 vlapic_base(const struct vlapic *v)
{
	return LAYOUT_LAPIC | (v->index ? 0 : APIC_BASE_BSP) | (v->enabled ? APIC_BASE_ENABLE : 0) |
	       (v->x2apic ? APIC_BASE_X2APIC : 0);
}

static void change_mode(struct vlapic *v, bool enabled, bool x2apic)
{
	bool on = v->enabled && enabled;

	v->enabled = enabled;
	v->x2apic = x2apic;
	if (!on) {
		vlapic_clear_registers(v);
		return;
	}
	/* xAPIC to x2APIC: all but the registers whose format changes is kept (11.12.5.1). */
	*vlapic_reg(v, APIC_ID) = v->index;
	*vlapic_reg(v, APIC_LDR) = v->index >> 4 << 16 | 1u << (v->index & 15);
	*vlapic_reg(v, APIC_ICR_HIGH) = 0;
}

/* The transitions of SDM vol. 3, figure 11-27; the page cannot be moved. */
int vlapic_write_base(struct vlapic *v, u64 value)
{
	bool enabled = value & APIC_BASE_ENABLE, x2apic = value & APIC_BASE_X2APIC;
	u64 known = APIC_BASE_BSP | APIC_BASE_ENABLE | APIC_BASE_X2APIC;

	if ((value & ~known) != LAYOUT_LAPIC)
		return ERR_INVAL;
	if (x2apic && !enabled)
		return ERR_INVAL;
	if (v->x2apic && enabled && !x2apic)
		return ERR_INVAL;
	if (!v->enabled && x2apic)
		return ERR_INVAL;
	if (enabled != v->enabled || x2apic != v->x2apic)
		change_mode(v, enabled, x2apic);
	return 0;
}

/* --- MSRs --------------------------------------------------------------------------------------
 */

int vlapic_msr_read(struct vlapic *v, u32 msr, u64 *value)
{
	u32 index = msr - MSR_X2APIC_BASE;

	if (msr == MSR_IA32_TSC_DEADLINE) {
		*value = vlapic_timer_deadline(v);
		return 0;
	}
	if (msr == MSR_IA32_APIC_BASE) {
		*value = vlapic_base(v);
		return 0;
	}
	if (!v->x2apic || index >= ARRAY_SIZE(rules) || !(rules[index].access & X2R))
		return ERR_INVAL;
	*value = vlapic_read(v, index << 4);
	if (index == APIC_ICR >> 4)
		*value |= (u64)*vlapic_reg(v, APIC_ICR_HIGH) << 32;
	return 0;
}

/* Bits 12, 13, 16, 17 and 20 to 31 are reserved (SDM vol. 3, 11.12.9). */
#define X2APIC_ICR_RESERVED 0xfff33000u

static int write_icr(struct vlapic *v, u64 value)
{
	u32 low = (u32)value, dest = (u32)(value >> 32);

	if (unlikely(low & X2APIC_ICR_RESERVED))
		return ERR_INVAL;
	*vlapic_reg(v, APIC_ICR) = low;
	*vlapic_reg(v, APIC_ICR_HIGH) = dest;
	vlapic_send(v, low, dest);
	return 0;
}

static int write_x2apic(struct vlapic *v, u32 index, u64 value)
{
	const struct rule *rule;

	if (!v->x2apic || index >= ARRAY_SIZE(rules))
		return ERR_INVAL;
	if (index == APIC_ICR >> 4)
		return write_icr(v, value);
	rule = &rules[index];
	if (!(rule->access & X2W) || value & ~(u64)(rule->valid | rule->readonly))
		return ERR_INVAL;
	if (likely(index == APIC_EOI >> 4))
		vlapic_end_of_interrupt(v);
	else if (index == APIC_SELF_IPI >> 4 && value >= 16)
		vlapic_request(v, (u8)value, false);
	else
		vlapic_write(v, index << 4, (u32)value & rule->valid);
	return 0;
}

/* Of the reserved bits, hardware may leave the one set that was Delivery Status. */
void vlapic_after_ipi(struct vlapic *v, u64 icr, bool requested)
{
	icr &= ~(u64)(X2APIC_ICR_RESERVED);
	if (!requested) {
		(void)write_icr(v, icr);
		return;
	}
	*vlapic_reg(v, APIC_ICR) = (u32)icr;
	*vlapic_reg(v, APIC_ICR_HIGH) = (u32)(icr >> 32);
	vlapic_tell(v, (u8)icr);
}

bool vlapic_fast_eoi(struct vlapic *v, u64 value)
{
	if (unlikely(!v->x2apic || value))
		return false;
	vlapic_end_of_interrupt(v);
	return true;
}

bool vlapic_fast_icr(struct vlapic *v, u64 value)
{
	return likely(v->x2apic) && likely(!write_icr(v, value));
}

bool vlapic_fast_deadline(struct vlapic *v, u64 value)
{
	return vlapic_timer_fire(v, value);
}

int vlapic_msr_write(struct vlapic *v, u32 msr, u64 value)
{
	if (likely(msr == MSR_IA32_TSC_DEADLINE)) {
		vlapic_timer_set_deadline(v, value);
		return 0;
	}
	if (unlikely(msr == MSR_IA32_APIC_BASE))
		return vlapic_write_base(v, value);
	return write_x2apic(v, msr - MSR_X2APIC_BASE, value);
}
