/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC's timer (SDM vol. 3, 11.5.4): one-shot, periodic, TSC-deadline.
 * All times are values of the guest's TSC; the counter counts TSC ticks divided
 * by the divide configuration.
 */
#include "vmm/vdev/vlapic_impl.h"
#include "vmm/vdev/vtime.h"

static inline u64 now(const struct vlapic *v)
{
	return v->p->host->guest_tsc(v->p->vm);
}

static inline u32 lvt_mode(const struct vlapic *v)
{
	return v->timer.mode;
}

/* SDM vol. 3, figure 11-10: divisors 2, 4, ..., 128, 1 as a shift. */
static inline u32 shift_of(u32 divide)
{
	return ((divide & 3) + (divide >> 1 & 4) + 1) & 7;
}

static inline u32 divide_shift(const struct vlapic *v)
{
	return v->timer.shift;
}

static u64 period_of(const struct vlapic *v, u32 count)
{
	u64 shortest = v->p->tsc_hz / (1000000 / VLAPIC_MIN_PERIOD_US);

	return MAX((u64)count << divide_shift(v), shortest);
}

/* Called with the lock held. */
static void arm(struct vlapic *v)
{
	u64 deadline = v->timer.deadline;

	timer_arm(&v->timer.timer, deadline ? vtime_host_deadline(v->p, deadline) : TIMER_NEVER);
}

static void start(struct vlapic *v, u64 deadline, u64 period)
{
	ticket_lock(&v->timer.lock);
	v->timer.deadline = deadline;
	v->timer.period = period;
	arm(v);
	ticket_unlock(&v->timer.lock);
}

void vlapic_timer_stop(struct vlapic *v)
{
	start(v, 0, 0);
}

void vlapic_timer_reset(struct vlapic *v)
{
	vlapic_timer_stop(v);
	v->timer.mode = 0;
	v->timer.shift = shift_of(0);
}

/* Advance past `time`; false if the deadline is still to come. Lock held. */
static bool advance(struct vlapic_timer *t, u64 time)
{
	if (!t->deadline || time < t->deadline)
		return false;
	/* What was missed while nobody looked is one interrupt, as in IRR. */
	t->deadline =
	    t->period ? t->deadline + ((time - t->deadline) / t->period + 1) * t->period : 0;
	return true;
}

static void expired(struct timer *timer)
{
	struct vlapic *v = container_of(timer, struct vlapic, timer.timer);
	u64 fired_at = timer->deadline;
	bool fire;

	ticket_lock(&v->timer.lock);
	fire = advance(&v->timer, now(v));
	if (v->timer.deadline)
		timer_arm(timer, vtime_host_rearm(v->p, v->timer.deadline, fired_at));
	ticket_unlock(&v->timer.lock);
	if (fire)
		vlapic_lvt_fire(v, APIC_LVT_TIMER, false);
}

void vlapic_timer_init(struct vlapic *v)
{
	ticket_init(&v->timer.lock);
	timer_init(&v->timer.timer, expired);
}

void vlapic_timer_destroy(struct vlapic *v)
{
	vlapic_timer_stop(v);
	timer_cancel_sync(&v->timer.timer);
}

bool vlapic_timer_fire(struct vlapic *v, u64 guest_tsc)
{
	if (lvt_mode(v) != APIC_LVT_DEADLINE || !guest_tsc || guest_tsc > now(v) ||
	    __atomic_load_n(&v->timer.deadline, __ATOMIC_RELAXED))
		return false;
	vlapic_lvt_fire(v, APIC_LVT_TIMER, true);
	return true;
}

void vlapic_timer_set_deadline(struct vlapic *v, u64 guest_tsc)
{
	if (unlikely(lvt_mode(v) != APIC_LVT_DEADLINE))
		return;
	if (guest_tsc > now(v) || !guest_tsc) {
		start(v, guest_tsc, 0);
		return;
	}
	if (__atomic_load_n(&v->timer.deadline, __ATOMIC_RELAXED))
		vlapic_timer_stop(v);
	vlapic_lvt_fire(v, APIC_LVT_TIMER, true);
}

u64 vlapic_timer_deadline(struct vlapic *v)
{
	if (lvt_mode(v) != APIC_LVT_DEADLINE)
		return 0;
	return __atomic_load_n(&v->timer.deadline, __ATOMIC_RELAXED);
}

void vlapic_timer_set_count(struct vlapic *v, u32 count)
{
	u32 mode = lvt_mode(v);

	if (mode & APIC_LVT_DEADLINE)
		return;
	*vlapic_reg(v, APIC_TIMER_INITIAL) = count;
	if (!count)
		vlapic_timer_stop(v);
	else if (mode == APIC_LVT_PERIODIC)
		start(v, now(v) + period_of(v, count), period_of(v, count));
	else
		start(v, now(v) + ((u64)count << divide_shift(v)), 0);
}

/* Ticks until the next expiry. */
static u64 remaining(const struct vlapic *v)
{
	u64 deadline = __atomic_load_n(&v->timer.deadline, __ATOMIC_RELAXED);
	u64 period = __atomic_load_n(&v->timer.period, __ATOMIC_RELAXED);
	u64 time = now(v);

	if (!deadline)
		return 0;
	if (time < deadline)
		return deadline - time;
	return period ? period - (time - deadline) % period : 0;
}

u32 vlapic_timer_count(struct vlapic *v)
{
	u32 shift = divide_shift(v);
	u64 count = (remaining(v) + BIT(shift) - 1) >> shift;

	if (lvt_mode(v) & APIC_LVT_DEADLINE)
		return 0;
	/* A stretched period starts with the initial count standing still. */
	return (u32)MIN(count, v->regs[APIC_TIMER_INITIAL / 4]);
}

/* Go on with the current count after its unit or the mode has changed. */
static void restart(struct vlapic *v, u32 count)
{
	u32 initial = v->regs[APIC_TIMER_INITIAL / 4];
	bool periodic = lvt_mode(v) == APIC_LVT_PERIODIC;

	if (count)
		start(v, now(v) + ((u64)count << divide_shift(v)),
		      periodic ? period_of(v, initial) : 0);
}

void vlapic_timer_set_divide(struct vlapic *v, u32 value)
{
	u32 count = vlapic_timer_count(v);

	*vlapic_reg(v, APIC_TIMER_DIVIDE) = value;
	v->timer.shift = shift_of(value);
	restart(v, count);
}

void vlapic_timer_set_lvt(struct vlapic *v, u32 value)
{
	u32 mode = value & APIC_LVT_TIMER_MODE, changed = v->timer.mode ^ mode;
	u32 count = changed ? vlapic_timer_count(v) : 0;

	*vlapic_reg(v, APIC_LVT_TIMER) = value;
	v->timer.mode = mode;
	if (changed & APIC_LVT_DEADLINE) {
		*vlapic_reg(v, APIC_TIMER_INITIAL) = 0;
		vlapic_timer_stop(v);
	} else if (changed) {
		restart(v, count);
	}
}
