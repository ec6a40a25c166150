/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer wheel of whole seconds for objects in an array, which link through a struct
 * nat_timer of theirs. An entry that is in use is not moved by each packet: its owner notes
 * when it was used last, and when the wheel comes by, it says how long there still is.
 */
#ifndef NET_NAT_WHEEL_H
#define NET_NAT_WHEEL_H

#include "kernel/lib/types.h"

#define NAT_WHEEL_SLOTS 8192 /* seconds; the longest timeout is 7440 */
#define NAT_NONE 0xffffffffu /* no object */

struct nat_timer {
	u32 next, prev; /* prev: the one before, or NAT_WHEEL_HEAD | slot */
};
#define NAT_WHEEL_HEAD 0x80000000u

struct nat_wheel {
	u32 heads[NAT_WHEEL_SLOTS];
	u32 now;    /* the second that the wheel has come to */
	u8 *base;   /* the timer of object 0 */
	u32 stride; /* from one object's to the next one's, in bytes */
};

/* Called for each object that is due, no longer on the wheel. Returns in how many seconds it
 * wants to be looked at again, or 0 when it is gone. */
typedef u32 (*nat_wheel_due_t)(void *ctx, u32 object);

void nat_wheel_init(struct nat_wheel *wheel, struct nat_timer *first, u32 stride, u32 now);

/* Put an object on the wheel, in 1 .. NAT_WHEEL_SLOTS - 1 seconds (more is cut). */
void nat_wheel_add(struct nat_wheel *wheel, u32 object, u32 seconds);

/* Take one off that is on it. */
void nat_wheel_del(struct nat_wheel *wheel, u32 object);

/* Turn up to `now`, handling at most `budget` objects. True when it got there. */
bool nat_wheel_turn(struct nat_wheel *wheel, u32 now, u32 budget, nat_wheel_due_t due, void *ctx);

#endif
