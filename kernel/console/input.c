/* SPDX-License-Identifier: BSD-2-Clause */
/* From the keyboard to whoever has it, by a work item on processor 0. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/percpu.h"
#include "kernel/console/internal.h"
#include "kernel/sched/work.h"
#include "kernel/sync/ticketlock.h"

#define INPUT_RING 1024
#define INPUT_SLICE 16 /* bytes per slice of the work item */

static struct ticketlock input_lock;
static char input_ring[INPUT_RING];
static u32 input_head, input_tail;
static bool input_detached; /* the reader has to be told */
static const struct console_stream *input_target;
static const struct console_reader *input_reader;
static bool input_work_run(struct work *work);
static struct work input_work = {.fn = input_work_run};

void console_set_reader(const struct console_reader *reader)
{
	input_reader = reader;
}

void console_input(char c)
{
	ticket_lock(&input_lock);
	/* Who types faster than this is not a person. */
	if (input_head - input_tail < INPUT_RING)
		input_ring[input_head++ % INPUT_RING] = c;
	ticket_unlock(&input_lock);
	work_queue_on(&input_work, 0);
}

void input_notify_detached(void)
{
	__atomic_store_n(&input_detached, true, __ATOMIC_RELEASE);
	work_queue_on(&input_work, 0);
}

static bool input_get(char *c)
{
	bool some;

	ticket_lock(&input_lock);
	some = input_head != input_tail;
	if (some)
		*c = input_ring[input_tail++ % INPUT_RING];
	ticket_unlock(&input_lock);
	return some;
}

static void input_deliver(char c)
{
	struct console_stream *stream;

	console_acquire();
	stream = console_attached();
	__atomic_store_n(&input_target, stream, __ATOMIC_RELAXED);
	console_release();
	if (stream && c == CONSOLE_DETACH)
		console_detach();
	else if (stream)
		stream->input(stream, c);
	else if (input_reader)
		input_reader->input(c);
	__atomic_store_n(&input_target, NULL, __ATOMIC_RELEASE);
}

void input_wait_idle(const struct console_stream *stream)
{
	/* On processor 0 the work item is not running, or has called us. */
	while (cpu_id() != 0 && __atomic_load_n(&input_target, __ATOMIC_ACQUIRE) == stream)
		cpu_relax();
}

static bool input_work_run(struct work *work)
{
	char c;

	(void)work;
	if (__atomic_exchange_n(&input_detached, false, __ATOMIC_ACQ_REL) && input_reader)
		input_reader->detached();
	for (unsigned i = 0; i < INPUT_SLICE; i++) {
		if (!input_get(&c))
			return false;
		input_deliver(c);
		if (__atomic_load_n(&input_detached, __ATOMIC_ACQUIRE))
			return true;
	}
	return true;
}
