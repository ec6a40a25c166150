/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers: per processor a pairing heap whose links are inside the timers, so
 * that there is no limit and no allocation. A timer fires at or after its
 * deadline, never before, on the processor that armed it, in scheduler context
 * (IF=0, no lock held).
 *
 * Nobody touches the timer hardware but timer_program(): the idle loop calls it
 * before halting, and the vCPU loop either calls it or loads timer_next() into
 * the preemption timer before an entry.
 */
#ifndef KERNEL_TIME_TIMER_H
#define KERNEL_TIME_TIMER_H

#include "arch/x86/cpu/percpu.h"
#include "kernel/lib/types.h"

#define TIMER_NEVER (~0ull)

struct timer {
	u64 deadline; /* absolute TSC; read-only for users */
	void (*fn)(struct timer *timer);
	/* Private. */
	struct timer *child, *next, *prev; /* prev: left sibling, or the parent of a first child */
	u32 cpu;                           /* whose heap it is on, or was on last */
	bool armed;
};

/* Prepare a timer. fn may arm the timer again, or free what contains it. */
void timer_init(struct timer *timer, void (*fn)(struct timer *timer));

/*
 * Arm on this processor for an absolute TSC value, or move an armed timer there,
 * from whichever processor. A deadline of the past fires at the next
 * timer_run_expired(); TIMER_NEVER cancels. Two processors must not arm the same
 * timer at the same time; timer_cancel() may run concurrently.
 */
void timer_arm(struct timer *timer, u64 deadline);

/* The same on another processor's heap. The caller has to kick that processor
 * if it must notice before its next exit. */
void timer_arm_on(struct timer *timer, u32 cpu, u64 deadline);

/* Disarm, from any processor. True if it was armed. fn may still be running on
 * another processor when this returns. */
bool timer_cancel(struct timer *timer);

/* Disarm and wait until fn is not running on any other processor: afterwards the
 * timer's memory may be freed. Not while holding a lock that fn takes, and fn must
 * not be arming the timer again unconditionally. */
bool timer_cancel_sync(struct timer *timer);

/* Armed at the moment? A hint if other processors use the timer as well. */
static inline bool timer_armed(const struct timer *timer)
{
	return __atomic_load_n(&timer->armed, __ATOMIC_RELAXED);
}

/* This processor's earliest deadline of a timer as absolute TSC, TIMER_NEVER if none. */
extern PERCPU(u64, timer_heap_deadline);
static inline u64 timer_heap_next(void)
{
	return __atomic_load_n(&percpu(timer_heap_deadline), __ATOMIC_RELAXED);
}

/*
 * One further deadline for each processor, one store to move: fn, the same for all, runs there
 * once it is past, and looks whether it is time indeed. TIMER_NEVER: none. Any processor may
 * set it; the caller has to kick that processor as for timer_arm_on(). One that is set
 * while the former fires is lost: fn sets it then.
 */
extern PERCPU(u64, timer_alarm);
void timer_set_alarm_fn(void (*fn)(void));
static inline void timer_set_alarm(u32 cpu, u64 deadline)
{
	__atomic_store_n(&percpu_of(cpu, timer_alarm), deadline, __ATOMIC_RELAXED);
}

/* The earlier of both: two loads, may be called before each entry. */
static inline u64 timer_next(void)
{
	u64 heap = timer_heap_next(),
	    alarm = __atomic_load_n(&percpu(timer_alarm), __ATOMIC_RELAXED);

	return MIN(heap, alarm);
}

/* Fire what has expired on this processor; returns how many fired. Bounded: a
 * timer that is armed again by its own fn fires at the next call at the earliest. */
unsigned timer_run_expired(void);

/* What timers need from the hardware; registered by boot/core. */
struct timer_ops {
	/* Interrupt this processor (timer_irq()) at or about an absolute TSC value; earlier is
	 * allowed, TIMER_NEVER: not at all. */
	void (*program)(u64 deadline);
};
void timer_set_ops(const struct timer_ops *ops);

/* The handler of the timer interrupt: boot/core sets it for IRQ_VECTOR_TIMER. Timers
 * themselves fire in the scheduler's next round, or in timer_run_expired(). */
void timer_irq(void *arg);

/* Set this processor's timer hardware to its earliest deadline. Cheap if that is
 * what it is set to already. */
void timer_program(void);

/* Set up this processor's heap, once on each; sched_loop() does it too. */
void timer_setup_cpu(void);

#endif
