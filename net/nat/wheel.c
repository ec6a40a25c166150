/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/nat/wheel.h"

static struct nat_timer *wheel_timer(struct nat_wheel *wheel, u32 object)
{
	return (struct nat_timer *)(wheel->base + (u64)object * wheel->stride);
}

void nat_wheel_init(struct nat_wheel *wheel, struct nat_timer *first, u32 stride, u32 now)
{
	for (u32 i = 0; i < NAT_WHEEL_SLOTS; i++)
		wheel->heads[i] = NAT_NONE;
	wheel->now = now;
	wheel->base = (u8 *)first;
	wheel->stride = stride;
}

void nat_wheel_add(struct nat_wheel *wheel, u32 object, u32 seconds)
{
	struct nat_timer *timer = wheel_timer(wheel, object);
	u32 in = MIN(MAX(seconds, 1u), (u32)NAT_WHEEL_SLOTS - 1);
	u32 slot = (wheel->now + in) % NAT_WHEEL_SLOTS;

	timer->next = wheel->heads[slot];
	timer->prev = NAT_WHEEL_HEAD | slot;
	if (timer->next != NAT_NONE)
		wheel_timer(wheel, timer->next)->prev = object;
	wheel->heads[slot] = object;
}

void nat_wheel_del(struct nat_wheel *wheel, u32 object)
{
	struct nat_timer *timer = wheel_timer(wheel, object);

	if (timer->prev & NAT_WHEEL_HEAD)
		wheel->heads[timer->prev & ~NAT_WHEEL_HEAD] = timer->next;
	else
		wheel_timer(wheel, timer->prev)->next = timer->next;
	if (timer->next != NAT_NONE)
		wheel_timer(wheel, timer->next)->prev = timer->prev;
}

/* False when the budget is used up with objects left in this second. */
static bool wheel_second(struct nat_wheel *wheel, u32 *budget, nat_wheel_due_t due, void *ctx)
{
	u32 slot = wheel->now % NAT_WHEEL_SLOTS, object;

	while ((object = wheel->heads[slot]) != NAT_NONE) {
		u32 again;

		if (!*budget)
			return false;
		--*budget;
		nat_wheel_del(wheel, object);
		again = due(ctx, object);
		if (again)
			nat_wheel_add(wheel, object, again);
	}
	return true;
}

bool nat_wheel_turn(struct nat_wheel *wheel, u32 now, u32 budget, nat_wheel_due_t due, void *ctx)
{
	/* After a pause longer than the wheel, one turn sees everything. */
	if (now - wheel->now >= NAT_WHEEL_SLOTS)
		wheel->now = now - NAT_WHEEL_SLOTS;
	while (wheel_second(wheel, &budget, due, ctx)) {
		if (wheel->now == now)
			return true;
		wheel->now++;
	}
	return false;
}
