/* SPDX-License-Identifier: BSD-2-Clause */
/* Device clocks and timers in guest time. */
#include "vmm/vdev/vtime.h"

#include "vmm/vdev/vlapic.h"

void vclock_init(struct vclock *clock, u64 tsc_hz, u64 hz)
{
	clock->ticks = time_scale_make(tsc_hz, hz);
	clock->tsc = time_scale_make(hz, tsc_hz);
}

u64 vclock_ticks(const struct vclock *clock, u64 guest_tsc)
{
	return time_scale(&clock->ticks, guest_tsc);
}

u64 vclock_tsc(const struct vclock *clock, u64 ticks)
{
	u64 tsc = time_scale(&clock->tsc, ticks);

	/* Both scales round down: the first moment is at most two further. */
	for (unsigned i = 0; i < 2 && tsc != ~0ull && vclock_ticks(clock, tsc) < ticks; i++)
		tsc++;
	return tsc;
}

u64 vtime_host_deadline(struct platform *p, u64 guest_tsc)
{
	u64 now = vtime_now(p);
	u64 host_now = p->host->guest_tsc_to_host(p->vm, now);
	u64 delta = guest_tsc > now ? guest_tsc - now : 0;

	return delta >= TIMER_NEVER - host_now ? TIMER_NEVER - 1 : host_now + delta;
}

u64 vtime_host_rearm(struct platform *p, u64 guest_tsc, u64 fired_at)
{
	u64 deadline = vtime_host_deadline(p, guest_tsc);
	u64 shortest = vtime_shortest(p);

	/* fired_at is the past, far from the end of a 64-bit counter. */
	return MAX(deadline, MIN(fired_at, TIMER_NEVER / 2) + shortest);
}

u64 vtime_shortest(const struct platform *p)
{
	return p->tsc_hz / (1000000 / VLAPIC_MIN_PERIOD_US);
}

void vtimer_init(struct vtimer *t, struct platform *p, void (*fn)(struct timer *))
{
	t->p = p;
	t->deadline = VTIMER_OFF;
	timer_init(&t->timer, fn);
}

void vtimer_arm(struct vtimer *t, u64 guest_tsc)
{
	t->deadline = guest_tsc;
	timer_arm(&t->timer,
		  guest_tsc == VTIMER_OFF ? TIMER_NEVER : vtime_host_deadline(t->p, guest_tsc));
}

void vtimer_stop(struct vtimer *t)
{
	t->deadline = VTIMER_OFF;
	timer_cancel(&t->timer);
}

bool vtimer_due(struct vtimer *t)
{
	if (t->deadline == VTIMER_OFF)
		return false;
	if (vtime_now(t->p) >= t->deadline) {
		t->deadline = VTIMER_OFF;
		return true;
	}
	timer_arm(&t->timer, vtime_host_rearm(t->p, t->deadline, t->timer.deadline));
	return false;
}

void vtimer_destroy(struct vtimer *t)
{
	vtimer_stop(t);
	timer_cancel_sync(&t->timer);
}
