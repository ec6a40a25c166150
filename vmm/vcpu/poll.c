/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vcpu/poll.h"

#include "arch/x86/cpu/cpu.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"

/* In microseconds: the first try, and the longest. What comes later than that was worth a
 * block. */
#define POLL_FIRST_US 10
#define POLL_MOST_US 80

/* How long it was blocked last time says for how long to poll. */
static void adapt(struct vcpu *v)
{
	u64 ticks = v->sched.started - v->halted_at, most = time_us_to_ticks(POLL_MOST_US);

	if (ticks > most)
		v->poll_ticks = 0;
	else if (ticks > v->poll_ticks)
		v->poll_ticks =
		    (u32)MIN(MAX(2ull * v->poll_ticks, time_us_to_ticks(POLL_FIRST_US)), most);
}

bool vcpu_poll(struct vcpu *v)
{
	u64 start, end;

	if (v->halted_at)
		adapt(v);
	if (!v->poll_ticks || !sched_alone()) {
		v->halted_at = time_tsc();
		return false;
	}
	v->polls++;
	start = time_tsc();
	end = start + v->poll_ticks;
	/*
	 * Timers before requests: what fires here is on the vCPU's own processor, where nobody
	 * wakes it (vcpu_kick()), so that block must not follow without a look.
	 */
	do {
		cpu_relax();
		if (time_tsc() >= timer_next())
			timer_run_expired();
		if (__atomic_load_n(&v->virt.requests, __ATOMIC_ACQUIRE)) {
			v->polls_paid++;
			v->halted_at = 0;
			return true;
		}
	} while (time_tsc() < end && sched_alone());
	v->halted_at = start;
	return false;
}
