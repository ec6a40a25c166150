/* SPDX-License-Identifier: BSD-2-Clause */
/* Causes, their mask, and the pin (13.4.17 to 13.4.22). */
#include "kernel/time/time.h"
#include "vmm/e1000/impl.h"

#define ITR_INTERVAL 0xffffu
#define ITR_UNIT_NS 256

static void pin(struct e1000 *e, bool on)
{
	if (e->asserted == on)
		return;
	e->asserted = on;
	e->interrupts += on;
	vpci_device_intx(&e->pci, on);
}

/* The pin follows the causes, but for the time that ITR keeps it quiet after it was asserted. */
static void update(struct e1000 *e)
{
	u64 interval = (u64)(e1000_reg(e, E1000_ITR) & ITR_INTERVAL) * ITR_UNIT_NS, now;

	if (!(e->causes & e->mask)) {
		pin(e, false);
		return;
	}
	if (e->asserted)
		return;
	now = time_tsc();
	if (now < e->quiet_until) {
		timer_arm(&e->throttle, e->quiet_until);
		return;
	}
	if (interval)
		e->quiet_until = now + time_ns_to_ticks(interval);
	pin(e, true);
}

static void throttle_over(struct timer *timer)
{
	e1000_cause(container_of(timer, struct e1000, throttle), 0);
}

void e1000_interrupt_init(struct e1000 *e)
{
	timer_init(&e->throttle, throttle_over);
}

void e1000_interrupt_stop(struct e1000 *e)
{
	e1000_mask(e, 0, ~0u);
	timer_cancel_sync(&e->throttle);
}

void e1000_cause(struct e1000 *e, u32 causes)
{
	ticket_lock(&e->lock);
	e->causes |= causes;
	update(e);
	ticket_unlock(&e->lock);
}

u32 e1000_causes_take(struct e1000 *e, u32 causes)
{
	u32 taken;

	ticket_lock(&e->lock);
	taken = e->causes & causes;
	e->causes &= ~causes;
	update(e);
	ticket_unlock(&e->lock);
	return taken;
}

void e1000_mask(struct e1000 *e, u32 set, u32 clear)
{
	ticket_lock(&e->lock);
	e->mask = (e->mask | set) & ~clear;
	update(e);
	ticket_unlock(&e->lock);
}
