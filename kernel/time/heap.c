/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/time/heap.h"

/* The later of two roots becomes the first child of the other. */
static struct timer *heap_merge(struct timer *a, struct timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->deadline < a->deadline) {
		struct timer *t = a;

		a = b;
		b = t;
	}
	b->next = a->child;
	if (b->next)
		b->next->prev = b;
	b->prev = a;
	a->child = b;
	return a;
}

/* Make one heap of a list of siblings: in pairs from the left, these from the right. */
static struct timer *heap_merge_siblings(struct timer *first)
{
	struct timer *pairs = NULL, *root = NULL;

	while (first) {
		struct timer *a = first, *b = a->next;

		first = b ? b->next : NULL;
		a = heap_merge(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct timer *pair = pairs;

		pairs = pair->next;
		root = heap_merge(root, pair);
	}
	if (root)
		root->next = root->prev = NULL;
	return root;
}

struct timer *timer_heap_insert(struct timer *root, struct timer *timer)
{
	timer->child = timer->next = timer->prev = NULL;
	return heap_merge(root, timer);
}

struct timer *timer_heap_remove(struct timer *root, struct timer *timer)
{
	struct timer *rest = heap_merge_siblings(timer->child);

	timer->child = NULL;
	if (timer == root)
		return rest;
	if (timer->prev->child == timer)
		timer->prev->child = timer->next;
	else
		timer->prev->next = timer->next;
	if (timer->next)
		timer->next->prev = timer->prev;
	timer->next = timer->prev = NULL;
	return heap_merge(root, rest);
}
