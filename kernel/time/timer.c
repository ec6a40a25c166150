/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/time/timer.h"

#include "arch/x86/cpu/cpu.h"
#include "kernel/sync/ticketlock.h"
#include "kernel/time/heap.h"
#include "kernel/time/time.h"

struct timer_queue {
	struct ticketlock lock;
	struct timer *root;
	struct timer *running; /* whose fn runs now */
	u64 run_now;           /* inside timer_run_expired(): its notion of now, else 0 */
	u64 programmed;        /* what the hardware is set to; only this processor */
	bool ready;
};

static PERCPU(struct timer_queue, timer_queue);
PERCPU(u64, timer_heap_deadline);
PERCPU(u64, timer_alarm);
static const struct timer_ops *timer_ops;
static void (*timer_alarm_fn)(void);

void timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
	*timer = (struct timer){.fn = fn, .deadline = TIMER_NEVER};
}

void timer_set_ops(const struct timer_ops *ops)
{
	timer_ops = ops;
}

static void timer_publish(struct timer_queue *queue, u32 cpu)
{
	u64 next = queue->root ? queue->root->deadline : TIMER_NEVER;

	__atomic_store_n(&percpu_of(cpu, timer_heap_deadline), next, __ATOMIC_RELAXED);
}

void timer_setup_cpu(void)
{
	struct timer_queue *queue = &percpu(timer_queue);

	if (queue->ready)
		return;
	ticket_lock(&queue->lock);
	queue->programmed = TIMER_NEVER;
	timer_set_alarm(cpu_id(), TIMER_NEVER);
	queue->ready = true;
	timer_publish(queue, cpu_id());
	ticket_unlock(&queue->lock);
}

/* Lock the heap that the timer belongs to; it may move while we wait for the lock. */
static struct timer_queue *timer_lock_home(struct timer *timer, u32 *cpu)
{
	for (;;) {
		struct timer_queue *queue;

		*cpu = __atomic_load_n(&timer->cpu, __ATOMIC_ACQUIRE);
		queue = &percpu_of(*cpu, timer_queue);
		ticket_lock(&queue->lock);
		if (timer->cpu == *cpu)
			return queue;
		ticket_unlock(&queue->lock);
	}
}

static void timer_remove(struct timer_queue *queue, u32 cpu, struct timer *timer)
{
	queue->root = timer_heap_remove(queue->root, timer);
	timer->armed = false;
	timer_publish(queue, cpu);
}

static void timer_insert(struct timer_queue *queue, u32 cpu, struct timer *timer, u64 deadline)
{
	/* From within timer_run_expired(): not again in the same call. */
	timer->deadline = MAX(deadline, queue->run_now + 1);
	queue->root = timer_heap_insert(queue->root, timer);
	timer->armed = true;
	timer_publish(queue, cpu);
}

void timer_arm_on(struct timer *timer, u32 cpu, u64 deadline)
{
	u32 home;
	struct timer_queue *queue = timer_lock_home(timer, &home);

	if (timer->armed)
		timer_remove(queue, home, timer);
	if (deadline != TIMER_NEVER) {
		if (home != cpu) {
			__atomic_store_n(&timer->cpu, cpu, __ATOMIC_RELEASE);
			ticket_unlock(&queue->lock);
			queue = &percpu_of(cpu, timer_queue);
			ticket_lock(&queue->lock);
		}
		timer_insert(queue, cpu, timer, deadline);
	}
	ticket_unlock(&queue->lock);
}

void timer_arm(struct timer *timer, u64 deadline)
{
	timer_arm_on(timer, cpu_id(), deadline);
}

bool timer_cancel(struct timer *timer)
{
	u32 home;
	struct timer_queue *queue = timer_lock_home(timer, &home);
	bool was_armed = timer->armed;

	if (was_armed)
		timer_remove(queue, home, timer);
	ticket_unlock(&queue->lock);
	return was_armed;
}

void timer_set_alarm_fn(void (*fn)(void))
{
	timer_alarm_fn = fn;
}

static void timer_wait_not_running(const struct timer *timer)
{
	for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
		struct timer_queue *queue = &percpu_of(cpu, timer_queue);

		if (cpu == cpu_id())
			continue;
		while (__atomic_load_n(&queue->running, __ATOMIC_ACQUIRE) == timer)
			cpu_relax();
	}
}

bool timer_cancel_sync(struct timer *timer)
{
	bool was_armed = false;

	do {
		was_armed |= timer_cancel(timer);
		timer_wait_not_running(timer);
	} while (timer_armed(timer));
	return was_armed;
}

/* Take the earliest timer off the heap if it has expired; the lock is held. */
static struct timer *timer_take_expired(struct timer_queue *queue, u64 now)
{
	struct timer *timer = queue->root;

	if (!timer || timer->deadline > now)
		timer = NULL;
	else
		timer_remove(queue, cpu_id(), timer);
	__atomic_store_n(&queue->running, timer, __ATOMIC_RELEASE);
	return timer;
}

/* Those on the heap. */
static __attribute__((noinline)) unsigned fire_heap(struct timer_queue *queue, u64 now)
{
	unsigned fired = 0;
	struct timer *timer;

	ticket_lock(&queue->lock);
	queue->run_now = now;
	while ((timer = timer_take_expired(queue, now))) {
		ticket_unlock(&queue->lock);
		timer->fn(timer);
		fired++;
		ticket_lock(&queue->lock);
	}
	queue->run_now = 0;
	ticket_unlock(&queue->lock);
	return fired;
}

unsigned timer_run_expired(void)
{
	u64 now = time_tsc();
	unsigned fired = 0;

	if (now >= timer_heap_next())
		fired = fire_heap(&percpu(timer_queue), now);
	/* Whoever sets it at the same moment is served by what fn looks at. */
	if (now >= __atomic_load_n(&percpu(timer_alarm), __ATOMIC_RELAXED)) {
		timer_set_alarm(cpu_id(), TIMER_NEVER);
		timer_alarm_fn();
		fired++;
	}
	return fired;
}

void timer_irq(void *arg)
{
	(void)arg;
	percpu(timer_queue).programmed = TIMER_NEVER;
}

void timer_program(void)
{
	struct timer_queue *queue = &percpu(timer_queue);
	u64 next = timer_next();

	if (next == queue->programmed || !timer_ops)
		return;
	queue->programmed = next;
	timer_ops->program(next);
}
