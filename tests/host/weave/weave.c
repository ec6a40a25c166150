/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/weave/weave.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define COROUTINES 8
#define STACK_SIZE KIB(256)
#define STORES 4
#define PLAIN __attribute__((no_sanitize("thread")))

struct store {
	void *at;
	u64 value;
	u32 size;
};

struct coroutine {
	ucontext_t context; /* for its start; _setjmp() then needs no system call */
	jmp_buf place;
	bool started;
	void (*fn)(void *arg);
	void *arg;
	char *stack;
	bool done;
	u32 stores;
	struct store buffer[STORES];
};

static struct coroutine all[COROUTINES];
static jmp_buf outside;
static u32 count, self;
static bool inside;
static u64 state, left;
static u32 rarity;   /* one of so many places is a switch */
static u32 laziness; /* at one of so many, a store that waits becomes visible */

PLAIN u32 weave_random(u32 below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (u32)((state >> 20) % below);
}

PLAIN u32 weave_self(void)
{
	return self;
}

/* --- stores that wait ------------------------------------------------------------------------ */

PLAIN static void oldest_out(struct coroutine *c)
{
	memcpy(c->buffer[0].at, &c->buffer[0].value, c->buffer[0].size);
	c->stores--;
	memmove(&c->buffer[0], &c->buffer[1], c->stores * sizeof(c->buffer[0]));
}

PLAIN void weave_drain(void)
{
	while (inside && all[self].stores)
		oldest_out(&all[self]);
}

PLAIN static bool touches(const struct store *s, const void *at, u32 size)
{
	return (char *)s->at < (const char *)at + size &&
	       (const char *)at < (char *)s->at + s->size;
}

/* A processor sees its own stores. */
PLAIN static void see_own(const void *at, u32 size)
{
	for (u32 i = 0; inside && i < all[self].stores; i++)
		if (touches(&all[self].buffer[i], at, size)) {
			weave_drain();
			return;
		}
}

PLAIN static void store(void *at, u64 value, u32 size, int order)
{
	struct coroutine *c = &all[self];

	if (!inside || order == __ATOMIC_SEQ_CST) {
		weave_drain();
		memcpy(at, &value, size);
		return;
	}
	if (c->stores == STORES)
		oldest_out(c);
	c->buffer[c->stores++] = (struct store){at, value, size};
}

/* --- turns ----------------------------------------------------------------------------------- */

PLAIN static void start(void)
{
	all[self].fn(all[self].arg);
	weave_drain();
	all[self].done = true;
	inside = false;
	_longjmp(outside, 1);
}

PLAIN void weave_begin(u64 seed)
{
	for (u32 i = 0; i < count; i++)
		free(all[i].stack);
	memset(all, 0, sizeof(all));
	count = 0;
	inside = false;
	state = seed * 0x9e3779b97f4a7c15ull + 1;
	rarity = 2u << weave_random(6);
	laziness = 2u << weave_random(10);
}

PLAIN void weave_add(void (*fn)(void *arg), void *arg)
{
	struct coroutine *c = &all[count++];

	c->fn = fn;
	c->arg = arg;
	c->stack = malloc(STACK_SIZE);
	getcontext(&c->context);
	c->context.uc_stack.ss_sp = c->stack;
	c->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&c->context, start, 0);
}

PLAIN static bool choose(void)
{
	u32 first = weave_random(count);

	for (u32 i = 0; i < count; i++) {
		self = (first + i) % count;
		if (!all[self].done)
			return true;
	}
	return false;
}

PLAIN bool weave_run(u64 steps)
{
	left = steps;
	_setjmp(outside);
	if (!left || !choose())
		return left;
	inside = true;
	if (all[self].started)
		_longjmp(all[self].place, 1);
	all[self].started = true;
	setcontext(&all[self].context);
	return false;
}

PLAIN void weave_point(void)
{
	struct coroutine *c = &all[self];

	if (!inside)
		return;
	if (c->stores && !weave_random(laziness))
		oldest_out(c);
	left -= left > 0;
	if (left && weave_random(rarity))
		return;
	inside = false;
	if (!_setjmp(c->place))
		_longjmp(outside, 1);
}

/* --- what the compiler calls ----------------------------------------------------------------- */

#define ACCESS(size)                                      \
	void __tsan_read##size(void *at);                 \
	void __tsan_write##size(void *at);                \
	void __tsan_unaligned_read##size(void *at);       \
	void __tsan_unaligned_write##size(void *at);      \
	PLAIN void __tsan_read##size(void *at)            \
	{                                                 \
		weave_point();                            \
		see_own(at, size);                        \
	}                                                 \
	PLAIN void __tsan_write##size(void *at)           \
	{                                                 \
		weave_point();                            \
		see_own(at, size);                        \
	}                                                 \
	PLAIN void __tsan_unaligned_read##size(void *at)  \
	{                                                 \
		__tsan_read##size(at);                    \
	}                                                 \
	PLAIN void __tsan_unaligned_write##size(void *at) \
	{                                                 \
		__tsan_write##size(at);                   \
	}
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)

/* Their types are the compiler's. */
#define MODIFY(type, bits, name, expression)                                              \
	type __tsan_atomic##bits##_##name(volatile void *at, type value, int order);      \
	PLAIN type __tsan_atomic##bits##_##name(volatile void *at, type value, int order) \
	{                                                                                 \
		type old;                                                                 \
                                                                                          \
		(void)order;                                                              \
		weave_point();                                                            \
		weave_drain();                                                            \
		old = *(volatile type *)at;                                               \
		*(volatile type *)at = (type)(expression);                                \
		return old;                                                               \
	}
#define ATOMIC(type, bits)                                                                     \
	type __tsan_atomic##bits##_load(const volatile void *at, int order);                   \
	void __tsan_atomic##bits##_store(volatile void *at, type value, int order);            \
	bool __tsan_atomic##bits##_compare_exchange_strong(volatile void *at, void *expected,  \
							   type value, int order, int failed); \
	PLAIN type __tsan_atomic##bits##_load(const volatile void *at, int order)              \
	{                                                                                      \
		(void)order;                                                                   \
		weave_point();                                                                 \
		see_own((const void *)at, sizeof(type));                                       \
		return *(const volatile type *)at;                                             \
	}                                                                                      \
	PLAIN void __tsan_atomic##bits##_store(volatile void *at, type value, int order)       \
	{                                                                                      \
		weave_point();                                                                 \
		store((void *)at, value, sizeof(type), order);                                 \
	}                                                                                      \
	PLAIN bool __tsan_atomic##bits##_compare_exchange_strong(                              \
	    volatile void *at, void *expected, type value, int order, int failed)              \
	{                                                                                      \
		type old;                                                                      \
                                                                                               \
		(void)order;                                                                   \
		(void)failed;                                                                  \
		weave_point();                                                                 \
		weave_drain();                                                                 \
		old = *(volatile type *)at;                                                    \
		if (old != *(type *)expected) {                                                \
			*(type *)expected = old;                                               \
			return false;                                                          \
		}                                                                              \
		*(volatile type *)at = value;                                                  \
		return true;                                                                   \
	}                                                                                      \
	MODIFY(type, bits, exchange, value)                                                    \
	MODIFY(type, bits, fetch_add, old + value)                                             \
	MODIFY(type, bits, fetch_sub, old - value)                                             \
	MODIFY(type, bits, fetch_and, old &value)                                              \
	MODIFY(type, bits, fetch_or, old | value)
ATOMIC(u8, 8)
ATOMIC(u16, 16)
ATOMIC(u32, 32)
ATOMIC(u64, 64)

void __tsan_read_range(void *at, long size);
void __tsan_write_range(void *at, long size);
PLAIN void __tsan_read_range(void *at, long size)
{
	weave_point();
	see_own(at, (u32)size);
}
PLAIN void __tsan_write_range(void *at, long size)
{
	weave_point();
	see_own(at, (u32)size);
}

void __tsan_init(void);
void __tsan_func_entry(void *pc);
void __tsan_func_exit(void *pc);
void __tsan_atomic_thread_fence(int order);
PLAIN void __tsan_init(void)
{
}
PLAIN void __tsan_func_entry(void *pc)
{
	(void)pc;
}
PLAIN void __tsan_func_exit(void *pc)
{
	(void)pc;
}
PLAIN void __tsan_atomic_thread_fence(int order)
{
	weave_point();
	if (order == __ATOMIC_SEQ_CST)
		weave_drain();
}
