/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A clock that only advances when told. It replaces the weak definitions of
 * kernel/time/time.h and arch/x86/cpu/io.h, so fake.c includes neither.
 */
#ifndef TESTS_HOST_SERVICES_FAKE_H
#define TESTS_HOST_SERVICES_FAKE_H

#include "kernel/lib/types.h"

extern u64 fake_tsc;

/* Ports of a machine whose clock advances by 5 ticks with each access. */
#define FAKE_PM_PORT 0x608
extern u64 fake_hz;
extern bool fake_pit, fake_pm;

#endif
