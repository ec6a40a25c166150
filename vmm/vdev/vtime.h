/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time as virtual devices see it: the guest's TSC is the one clock of a VM, and
 * every device clock (PIT, PM timer, RTC) is a scale of it. Timers are set in
 * guest TSC values and survive a change of the TSC's offset (a pause): one that
 * fires too early arms itself again.
 */
#ifndef VMM_VDEV_VTIME_H
#define VMM_VDEV_VTIME_H

#include "kernel/time/scale.h"
#include "kernel/time/timer.h"
#include "vmm/vdev/platform.h"

/* A device clock of some rate that started with the guest's TSC at 0. */
struct vclock {
	struct time_scale ticks; /* guest TSC to device ticks */
	struct time_scale tsc;   /* and back */
};

/* hz below tsc_hz, both nonzero. */
void vclock_init(struct vclock *clock, u64 tsc_hz, u64 hz);
/* Device ticks passed at a guest TSC value, rounded down. */
u64 vclock_ticks(const struct vclock *clock, u64 guest_tsc);
/* The first guest TSC value at which that many ticks have passed; saturates at ~0. */
u64 vclock_tsc(const struct vclock *clock, u64 ticks);

/* The host TSC value of a guest TSC value; now if it has passed. Below TIMER_NEVER. */
u64 vtime_host_deadline(struct platform *p, u64 guest_tsc);
/* The same for a timer that fired at host TSC value `fired_at`: never sooner after that
 * than the shortest period, so that a clock that stands still makes no storm. */
u64 vtime_host_rearm(struct platform *p, u64 guest_tsc, u64 fired_at);

/* The shortest period of any device's timer, in TSC ticks. */
u64 vtime_shortest(const struct platform *p);

/*
 * A device's timer. fn is called with the device's lock not held, once per
 * vtimer_arm(), and takes the lock, checks vtimer_due() under it, and acts. All
 * other calls are made with the device's lock held.
 */
#define VTIMER_OFF (~0ull)
struct vtimer {
	struct timer timer;
	struct platform *p;
	u64 deadline; /* guest TSC, VTIMER_OFF */
};

void vtimer_init(struct vtimer *t, struct platform *p, void (*fn)(struct timer *));
void vtimer_arm(struct vtimer *t, u64 guest_tsc);
void vtimer_stop(struct vtimer *t);
/* In fn: true once when the deadline has passed; else the timer is armed again if need be. */
bool vtimer_due(struct vtimer *t);
/* Without the lock: afterwards the memory may be freed. */
void vtimer_destroy(struct vtimer *t);

static inline u64 vtime_now(const struct platform *p)
{
	return p->host->guest_tsc(p->vm);
}

#endif
