/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the virtual local APIC share; nobody else includes it. */
#ifndef VMM_VDEV_VLAPIC_IMPL_H
#define VMM_VDEV_VLAPIC_IMPL_H

#include "kernel/sync/ticketlock.h"
#include "kernel/time/timer.h"
#include "vmm/vdev/platform.h"
#include "vmm/vdev/vlapic.h"

/* Offsets of registers in the xAPIC page (SDM vol. 3, table 11-1). */
enum vlapic_reg {
	APIC_ID = 0x020,
	APIC_VERSION = 0x030,
	APIC_TPR = 0x080,
	APIC_APR = 0x090,
	APIC_PPR = 0x0a0,
	APIC_EOI = 0x0b0,
	APIC_LDR = 0x0d0,
	APIC_DFR = 0x0e0,
	APIC_SVR = 0x0f0,
	APIC_ISR = 0x100,
	APIC_TMR = 0x180,
	APIC_IRR = 0x200,
	APIC_ESR = 0x280,
	APIC_ICR = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_PERF = 0x340,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
	APIC_SELF_IPI = 0x3f0, /* x2APIC only */
};

#define APIC_VERSION_VALUE 0x00050014u /* integrated APIC, six LVT entries */
#define APIC_SVR_ENABLE 0x100u
#define APIC_LVT_MASKED 0x10000u
#define APIC_LVT_MODE(lvt) ((lvt) >> 8 & 7)
#define APIC_LVT_PERIODIC 0x20000u
#define APIC_LVT_DEADLINE 0x40000u
#define APIC_LVT_TIMER_MODE (APIC_LVT_PERIODIC | APIC_LVT_DEADLINE)

/* Bits of the error status register (SDM vol. 3, 11.5.3). */
#define APIC_ESR_SEND_VECTOR 0x20u
#define APIC_ESR_RECEIVE_VECTOR 0x40u
#define APIC_ESR_REGISTER 0x80u

enum vlapic_delivery {
	DELIVER_FIXED,
	DELIVER_LOWEST,
	DELIVER_SMI,
	DELIVER_RESERVED,
	DELIVER_NMI,
	DELIVER_INIT,
	DELIVER_SIPI,
	DELIVER_EXTINT,
};

enum vlapic_shorthand { TO_DEST, TO_SELF, TO_ALL, TO_OTHERS };

/*
 * The timer's callback may run on a CPU that the vCPU has left, so what it
 * shares with the vCPU has a lock; it is never contended in practice.
 */
struct vlapic_timer {
	struct ticketlock lock;
	struct timer timer;
	/* What it runs by: where hardware writes the registers, they have changed already when
	 * we learn of it. */
	u32 mode, shift;
	u64 deadline; /* guest TSC, 0: not running */
	u64 period;   /* TSC ticks, 0: fires once */
};

struct vlapic {
	u32 regs[PAGE_SIZE / 4] __aligned(PAGE_SIZE);
	struct virt_pi_desc pi;
	struct platform *p;
	u32 index;    /* of the vCPU, and its APIC ID */
	bool enabled; /* global enable, IA32_APIC_BASE bit 11 */
	bool x2apic;
	/* Which of the eight words of IRR and ISR are not zero. When hardware delivers, it changes
	 * the words behind our back: then a bit only says that we have changed something since
	 * vlapic_status_changed(). */
	u8 irr_mask, isr_mask;
	bool pv_eoi_offered; /* for what is in service; whether it was taken is in *pv_eoi */
	u8 *pv_eoi;          /* NULL: not wanted */
	u64 pv_eois;
	u32 errors;         /* to appear in ESR at its next write; set by any CPU */
	u64 held[4];        /* vectors posted for us alone to see, atomic like pi.pir */
	u64 level[4];       /* vectors last posted as level-triggered; set by any CPU */
	bool level_changed; /* since vlapic_eoi_bitmap() last returned true */
	struct vlapic_timer timer;
};

static inline u32 *vlapic_reg(struct vlapic *v, u32 offset)
{
	return &v->regs[offset / 4];
}

/* A register of an APIC that may be running on another CPU. */
static inline u32 vlapic_peek(const struct vlapic *v, u32 offset)
{
	return __atomic_load_n(&v->regs[offset / 4], __ATOMIC_RELAXED);
}

/* On its own vCPU: request a vector now, without the posted descriptor. */
void vlapic_request(struct vlapic *v, u8 vector, bool level);
void vlapic_end_of_interrupt(struct vlapic *v);
/* The vector that was taken may be ended so, if it is alone. Returns it. */
int vlapic_offer_pv_eoi(struct vlapic *v, u8 vector);
/* Before ISR or what follows from it is looked at: end what the guest has ended, and withdraw
 * the offer. */
void vlapic_settle_pv_eoi(struct vlapic *v);
static inline void vlapic_settle(struct vlapic *v)
{
	if (unlikely(v->pv_eoi_offered))
		vlapic_settle_pv_eoi(v);
}
u8 vlapic_ppr(struct vlapic *v);
/* Record an error for ESR and raise the error interrupt. own: on v's own vCPU. */
void vlapic_error(struct vlapic *v, u32 bit, bool own);
/* Raise the interrupt of a local vector table entry. */
void vlapic_lvt_fire(struct vlapic *v, u32 offset, bool own);
void vlapic_clear_registers(struct vlapic *v);
int __must_check vlapic_write_base(struct vlapic *v, u64 value);

/* A register write that has been checked against the register's valid bits. */
void vlapic_write(struct vlapic *v, u32 offset, u32 value);
u32 vlapic_read(struct vlapic *v, u32 offset);

/* Send what was written to the interrupt command register. */
void vlapic_send(struct vlapic *v, u32 low, u32 dest);
/* Hardware has requested the vector at others: tell those where it is pending still. */
void vlapic_tell(const struct vlapic *v, u8 vector);

void vlapic_timer_init(struct vlapic *v);
void vlapic_timer_stop(struct vlapic *v);
/* Stopped, one-shot, divided by 2. */
void vlapic_timer_reset(struct vlapic *v);
void vlapic_timer_destroy(struct vlapic *v);
void vlapic_timer_set_deadline(struct vlapic *v, u64 guest_tsc);
/* Fire at once if the deadline has passed and none is set; false: nothing was done. */
bool vlapic_timer_fire(struct vlapic *v, u64 guest_tsc);
u64 vlapic_timer_deadline(struct vlapic *v);
void vlapic_timer_set_count(struct vlapic *v, u32 count);
u32 vlapic_timer_count(struct vlapic *v);
void vlapic_timer_set_divide(struct vlapic *v, u32 value);
void vlapic_timer_set_lvt(struct vlapic *v, u32 value);

#endif
