/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: what runs next on each processor.
 *
 * An entity (a vCPU) is a function that runs for a while and returns; nothing
 * ever blocks on a stack. Its contract:
 *
 *	static void vcpu_run(struct sched_entity *e)
 *	{
 *		while (!sched_must_yield()) {
 *			if (nothing to do) {
 *				sched_block(e);		// only a mark: then return
 *				return;
 *			}
 *			... program timer_next(), enter the guest, handle the exit ...
 *		}
 *	}					// returned without sched_block(): still ready
 *
 * A wake that arrives at any moment between the start of run() and its return is
 * not lost: an entity that wanted to block is then run once more. So run() may
 * find nothing to do, and event sources first store the event, then wake.
 *
 * An interrupt, a kick from another processor or the preemption timer leaves
 * the guest; run() then calls irq_dispatch() or timer_run_expired() as told by the
 * exit, and looks at sched_must_yield(), which is one load.
 */
#ifndef KERNEL_SCHED_SCHED_H
#define KERNEL_SCHED_SCHED_H

#include "arch/x86/cpu/percpu.h"
#include "kernel/lib/types.h"
#include "kernel/sched/entity.h"

#define SCHED_WEIGHT_MAX 10000u
#define SCHED_WEIGHT_DEFAULT 100u
/* Of a processor's time so much may be reserved. */
#define SCHED_RESERVE_PERCENT 90u

/*
 * Entities that belong together: the vCPUs of a VM. The weight is the group's, and shared
 * by those of its entities that want to run at the moment; so is the cap. Both may be
 * changed at any time, by sched_set_weight() and sched_set_cap().
 */
struct sched_group {
	union {
		struct {
			u16 weight;      /* 1 to SCHED_WEIGHT_MAX */
			u16 cap_percent; /* of one processor's time, for all together; 0: no cap */
			u32 runnable;    /* private, atomic: entities that want to run */
		};
		u64 weighed; /* private: all, to see at once whether any has changed */
	};
	u64 cap_date; /* private, atomic: TSC up to which the cap's allowance is spent */
};

struct sched_entity {
	const char *name;
	void (*run)(struct sched_entity *e);
	struct sched_group *group; /* NULL: by itself, with the default weight */
	const u64 *weighed;        /* private: the group's, or what stands for it */
	u32 cpu;                   /* the processor it runs or last ran on; read-only for users */
	u64 started;               /* TSC when the last run() began; read-only for users */
	struct sched_stats stats;
	/* Private. */
	enum sched_state state;      /* atomic */
	bool want_block, want_yield; /* set by run(), cleared when it has returned */
	enum sched_place place;
	struct runqueue *queue; /* where it is queued, NULL: nowhere */
	struct runqueue *last;  /* where it ran last, NULL: nowhere yet */
	struct sched_node node; /* in one of its run queue's trees; under that queue's lock */
	struct sched_fair_part fair;
	struct sched_reserve reserve;
	struct sched_cap cap;
	struct sched_cpus cpus; /* where it may run */
	int home;               /* with a reservation: the only processor, else -1 */
	struct timer due;       /* its cap lets it go on, or a new period begins */
};

/* Prepare an entity: SCHED_OFF. name stays the caller's and must live as long. */
void sched_init_entity(struct sched_entity *e, const char *name,
		       void (*run)(struct sched_entity *e));

/* Put an entity that is off under the scheduler, blocked: the first wake starts it. */
void sched_add(struct sched_entity *e);

/*
 * Take an entity from the scheduler: afterwards run() is not called and wakes
 * are ignored. ERR_BUSY if it is inside run(): kick it, make its run() return, and
 * try again. ERR_OK also if it was off already.
 */
int __must_check sched_remove(struct sched_entity *e);

/* The group that an entity belongs to; while it is off. */
void sched_set_group(struct sched_entity *e, struct sched_group *group);

/* Change a group's weight or cap; each entity follows when it next starts or stops to run. */
void sched_set_weight(struct sched_group *group, u32 weight);
void sched_set_cap(struct sched_group *group, u32 percent);

/* Allow only these processors, of which at least one has to exist; ERR_INVAL if none does,
 * ERR_BUSY if its reservation fits none of them: nothing changes then. It leaves a
 * processor that it may not use any more soon. */
int __must_check sched_set_cpus(struct sched_entity *e, const struct sched_cpus *cpus);

/*
 * Reserve so many microseconds of every period for an entity, on the processor that has
 * the most left to reserve of those that it may run on; us 0: none. ERR_BUSY, with the
 * figures in the log, if there is not so much left anywhere: nothing changes then.
 * What it uses by reservation counts for its share by weight: it gets the greater of
 * both. While it has a reservation it runs on that processor only.
 */
int __must_check sched_set_reserve(struct sched_entity *e, u32 us, u32 period_us);

/* Give a reservation back, before the entity goes. */
void sched_drop_reserve(struct sched_entity *e);

/* What of a processor's time is reserved. */
u32 sched_reserved_percent(u32 cpu);

/* Have what was changed take effect: it is queued anew. Any processor. */
void sched_refresh(struct sched_entity *e);

/*
 * Make a blocked entity ready on an idle processor if there is one, else where it
 * ran last. If it is inside run(), that run() will be followed by another one. Any
 * processor, any context. Does not interrupt a run() in progress.
 */
void sched_wake(struct sched_entity *e);

/* Interrupt the processor where it was inside run() last, unless that is this one, so that
 * run() leaves the guest and sees what has changed. Not a wake. */
void sched_interrupt(struct sched_entity *e);

/* Inside run() at the moment? */
static inline bool sched_running(const struct sched_entity *e)
{
	return __atomic_load_n(&e->state, __ATOMIC_RELAXED) >= SCHED_RUNNING;
}

/* Called by run(): does nothing else want this processor at the moment? Then run() may
 * look for events for a while, instead of blocking at once. */
bool sched_alone(void);

/* Called by run(): when it returns, the entity is blocked, unless it was woken
 * since run() began (or since sched_wake_ack()). */
static inline void sched_block(struct sched_entity *e)
{
	e->want_block = true;
}

/* Called by run() before it returns: others that are ready go first, even in the
 * middle of the slice (a guest that spins for a lock). */
static inline void sched_let_pass(struct sched_entity *e)
{
	e->want_yield = true;
}

/*
 * Called by run() before it returns: like sched_let_pass(), but the entity `to` goes first,
 * here and now, if it is ready somewhere and may run on this processor (a vCPU that holds
 * the lock which this one spins for). False if it is not: then nothing happens, and the
 * caller may try another one, or sched_let_pass().
 */
bool sched_yield_to(struct sched_entity *to);

/*
 * Called by run() of e when e has run long enough: who goes on here is put into its place, and
 * is what the scheduler expects to return from run() then; if its run() is not this one, see
 * sched_begin_anew(). It may be e itself. NULL: that is not all that is to be done, and nothing has
 * changed; run() has to return, or goes on if sched_must_yield() does not say so. Afterwards e must
 * not be touched but where it is certain that it cannot run elsewhere yet.
 */
struct sched_entity *sched_turn(struct sched_entity *e);

/* If sched_must_yield() says so: may it be that sched_turn() is all there is to be done? A hint. */
bool sched_turn_may_do(void);

/* The same when e has nothing to do: after sched_wake_ack(), and a look for events that found none.
 * NULL also if e was woken meanwhile, or if it has blocked but the rest is not so plain: if
 * sched_current() is not e, run() returns without touching anything. */
struct sched_entity *sched_turn_blocked(struct sched_entity *e);

/* Called by run() before it returns: the entity that sched_turn() has returned did not begin. */
void sched_begin_anew(void);

/*
 * Called by run() just before it looks for events: wakes up to here need no extra
 * run. Always a full barrier: what run() has stored to say that it must be woken,
 * and not interrupted, is seen by everybody before it looks.
 */
static inline void sched_wake_ack(struct sched_entity *e)
{
	__atomic_exchange_n(&e->state, SCHED_RUNNING, __ATOMIC_SEQ_CST);
}

/* Why run() should return: bits of the per-processor flags. */
#define SCHED_F_RESCHED 1u /* the slice is over, or something more urgent is ready */
#define SCHED_F_WORK 2u    /* a work item waits on this processor */
extern PERCPU(u32, sched_flags);

/* Should run() return to the scheduler soon? One load, then a branch. */
static inline bool sched_must_yield(void)
{
	return __atomic_load_n(&percpu(sched_flags), __ATOMIC_RELAXED) != 0;
}

/* TSC ticks that it has spent inside run(), and ready without getting a processor (steal
 * time), both up to this moment. From any processor; each never goes back. */
u64 sched_run_ticks(const struct sched_entity *e);
u64 sched_wait_ticks(const struct sched_entity *e);

/* Does it want to run, and another one has the processor? From any processor, a hint. */
static inline bool sched_waiting(const struct sched_entity *e)
{
	return __atomic_load_n(&e->state, __ATOMIC_RELAXED) == SCHED_READY;
}

/* The processor that it is inside run() on, -1: none. From any processor, a hint. */
static inline int sched_running_cpu(const struct sched_entity *e)
{
	return sched_running(e) ? (int)__atomic_load_n(&e->cpu, __ATOMIC_RELAXED) : -1;
}

/* It was woken, and others wait for it: if the processor where it waits is about to choose, it is
 * chosen, unless it has had too much already. False: it waits behind one that goes on running, and
 * needs another processor. Any processor. */
bool sched_hurry(struct sched_entity *e);

/* The entity inside run() on this processor, NULL if none. */
struct sched_entity *sched_current(void);

/* What the scheduler needs from arch; registered by boot/core. */
struct sched_ops {
	void (*kick)(u32 cpu);    /* make a processor leave hlt or its guest (smp_kick) */
	void (*idle)(void);       /* smp_idle: an interrupt pending at entry ends it */
	void (*irq_window)(void); /* sti; nop; cli: take what is pending */
};

/* Choose the policy and set up the boot processor's queue; once, after time_init(). */
void sched_setup(const struct sched_ops *ops);

/* Set up this processor's queue: it takes entities and work from here on. sched_loop()
 * does it first thing. */
void sched_setup_cpu(void);

/* This processor's scheduler; every processor ends its start-up here. */
void __noreturn sched_loop(void);

/* One round of sched_loop(): timers, work, one entity or idling. For tests. */
void sched_round(void);

/* Where interrupts need not end a run() at any moment, look after so many milliseconds even
 * if nothing competes; 0, which is the default: not. */
void sched_set_heartbeat(u32 ms);

/* The name of the algorithm, and how long an entity runs while others wait. */
const char *sched_policy_name(void);
u32 sched_slice_us(void);

/* The latency in ticks that this many of 1000 wakes do not exceed, to a power of two. */
u64 sched_latency(const struct sched_stats *stats, u32 of_1000);

/* Accounting per processor, in TSC ticks. */
struct sched_cpu_stats {
	u64 idle_ticks;      /* halted */
	u64 run_ticks;       /* in entities */
	u64 work_ticks;      /* in work items */
	u64 switches;        /* entities started that are not the one that ran before */
	u64 idles;           /* times halted */
	u64 kicks;           /* interrupts sent to other processors */
	u64 steals;          /* entities taken from other processors */
	u32 ready;           /* entities waiting now */
	const char *current; /* name of the running entity, NULL: none */
};
void sched_cpu_stats(u32 cpu, struct sched_cpu_stats *out);

#endif
