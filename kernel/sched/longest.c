/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/sched/longest.h"

#include "arch/x86/cpu/backtrace.h"
#include "arch/x86/cpu/percpu.h"

#define FUNCTIONS 40 /* of work items and their parts, more than there are */

struct longest {
	const void *fn;
	u64 ticks, count;
};

struct longest_items {
	struct longest of[FUNCTIONS];
};

static PERCPU(struct longest_items, longest_work_items);
static PERCPU(struct longest, longest_of_timers);
static PERCPU(struct longest, longest_of_switches);

static void note(struct longest *l, u64 ticks)
{
	l->count++;
	if (unlikely(ticks > l->ticks))
		l->ticks = ticks;
}

void longest_work(const void *fn, u64 ticks)
{
	struct longest *l = percpu(longest_work_items).of, *end = l + FUNCTIONS - 1;

	/* What does not fit shares the last one. */
	while (l < end && l->fn && l->fn != fn)
		l++;
	l->fn = fn;
	note(l, ticks);
}

void longest_timers(u64 ticks)
{
	note(&percpu(longest_of_timers), ticks);
}

void longest_switch(u64 ticks)
{
	note(&percpu(longest_of_switches), ticks);
}

struct print {
	longest_fn *fn;
	void *ctx;
	struct longest sum;
};

static void add(struct longest *sum, const struct longest *l)
{
	sum->count += l->count;
	sum->ticks = MAX(sum->ticks, l->ticks);
}

static void print_named(void *ctx, u64 address, const char *name, u64 offset)
{
	const struct print *p = ctx;

	(void)address, (void)offset;
	p->fn(p->ctx, "work", name, p->sum.ticks, p->sum.count);
}

/* Was it on an earlier processor, or earlier in the list? Then it has been printed. */
static bool seen(u32 cpu, u32 index, const void *fn)
{
	for (u32 c = 0; c <= cpu; c++)
		for (u32 i = 0; i < (c == cpu ? index : FUNCTIONS); i++)
			if (percpu_of(c, longest_work_items).of[i].fn == fn)
				return true;
	return false;
}

static void print_function(struct print *p, const void *fn)
{
	p->sum = (struct longest){0};
	for (u32 c = 0; c < cpu_count(); c++)
		for (u32 i = 0; i < FUNCTIONS; i++)
			if (percpu_of(c, longest_work_items).of[i].fn == fn)
				add(&p->sum, &percpu_of(c, longest_work_items).of[i]);
	backtrace_symbolize((u64)fn, print_named, p);
}

void longest_for_each(longest_fn *fn, void *ctx)
{
	struct print p = {.fn = fn, .ctx = ctx};
	struct longest timers = {0}, switches = {0};

	for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
		add(&timers, &percpu_of(cpu, longest_of_timers));
		add(&switches, &percpu_of(cpu, longest_of_switches));
		for (u32 i = 0; i < FUNCTIONS; i++) {
			const void *work = percpu_of(cpu, longest_work_items).of[i].fn;

			if (work && !seen(cpu, i, work))
				print_function(&p, work);
		}
	}
	fn(ctx, "timers", "between two entities", timers.ticks, timers.count);
	fn(ctx, "switch", "from one entity to the next", switches.ticks, switches.count);
}
