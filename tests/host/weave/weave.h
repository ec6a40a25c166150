/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interleavings: processors as coroutines, one of which runs at a time. The real files are compiled
 * with gcc's -fsanitize=thread, but linked with the hooks here instead of its run time: so before
 * each access to memory another processor may have its turn, as the seed has it.
 *
 * Atomic stores that are not sequentially consistent wait in a buffer as a processor's do (x86's
 * memory model): others see them later, a locked instruction waits for them. Plain stores do
 * not, so what has to be ordered by a fence must be atomic to be tested.
 */
#ifndef TESTS_HOST_WEAVE_WEAVE_H
#define TESTS_HOST_WEAVE_WEAVE_H

#include "kernel/lib/types.h"

/* Forget all coroutines; the same seed gives the same run. */
void weave_begin(u64 seed);
void weave_add(void (*fn)(void *arg), void *arg);
/* Run until all have returned. False: they had not after so many steps. */
bool weave_run(u64 steps);

/* Of the coroutine that runs: a place where others may run; its number, in the order of
 * weave_add(); what it has stored is seen by all. */
void weave_point(void);
u32 weave_self(void);
void weave_drain(void);

/* 0 to below - 1. */
u32 weave_random(u32 below);

#endif
