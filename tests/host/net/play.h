/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A play for a switch: any bytes become frames, links that go up and down, ports that leave and
 * return, and time that passes. What each port gets is compared with a bridge that is simple
 * and slow.
 */
#ifndef TESTS_HOST_NET_PLAY_H
#define TESTS_HOST_NET_PLAY_H

#include "kernel/lib/types.h"

/* Aborts where the two differ. Returns how many frames were delivered. */
u64 play(const u8 *script, size_t size);

#endif
