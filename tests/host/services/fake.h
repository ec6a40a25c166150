/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A clock that only advances when told. It replaces the weak definitions of
 * kernel/time/time.h and arch/x86/cpu/io.h, so fake.c includes neither.
 */
#ifndef TESTS_HOST_SERVICES_FAKE_H
#define TESTS_HOST_SERVICES_FAKE_H

#include "kernel/console/console.h"
#include "kernel/lib/types.h"

extern u64 fake_tsc;

/* Ports of a machine whose clock advances by 5 ticks with each access. */
#define FAKE_PM_PORT 0x608
extern u64 fake_hz;
/* For so many ticks a read of a port lasts longer, one time in five. */
extern u64 fake_holdup;
extern bool fake_pit, fake_pm;

/* Run queued work items until none is left. */
void fake_work_run(void);

/* A terminal that keeps what was written to it, NUL-terminated; starts over when full. */
#define FAKE_TERMINAL 262144
extern char fake_terminal[FAKE_TERMINAL];
extern size_t fake_terminal_len, fake_terminal_room;
extern struct console_backend fake_terminal_backend;
void fake_terminal_clear(void);

#endif
