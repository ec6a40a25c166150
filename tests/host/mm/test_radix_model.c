/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exhaustive check of the radix engine within bounds: with tables of two entries and three
 * levels, eight pages exercise every leaf size. Every sequence of three operations (the first
 * fills a naturally aligned part) with every range, two frames, two permissions, with and
 * without a flush between, and with every single allocation of the last one failing. After each
 * operation every page translates as a flat model says, changes were announced by the
 * generation, and no table is lost or used after it was freed.
 */
#define RADIX_BITS 1
#include "arch/x86/mm/radix.c"
#include "arch/x86/mm/radix_edit.c"
#include "arch/x86/mm/radix_format.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs some of those above */
#include <cmocka.h>

#define STEPS 3
#define PAGES 8
#define TABLES 64 /* more than one run allocates */
#define CHOICES 256

/* A run is a sequence of choices; the next run differs in the last one that has more. */
static u8 choice_value[CHOICES], choice_count[CHOICES];
static unsigned choices_made, choices_known;

static unsigned choose(unsigned count)
{
	assert_true(choices_made < CHOICES);
	if (choices_made == choices_known) {
		choice_value[choices_known] = 0;
		choice_count[choices_known++] = (u8)count;
	}
	return choice_value[choices_made++];
}

static bool choices_advance(void)
{
	while (choices_known &&
	       choice_value[choices_known - 1] + 1 == choice_count[choices_known - 1])
		choices_known--;
	if (choices_known)
		choice_value[choices_known - 1]++;
	choices_made = 0;
	return choices_known != 0;
}

/* Table n is at page n + 1, and used once. */
static u64 tables[TABLES][RADIX_ENTRIES];
static bool in_use[TABLES];
static unsigned allocated, live;
static bool may_fail;

static int model_alloc(void *ctx, hpa_t *page)
{
	(void)ctx;
	if (may_fail && choose(2)) {
		may_fail = false;
		return ERR_NOMEM;
	}
	assert_true(allocated < TABLES);
	memset(tables[allocated], 0, sizeof(tables[allocated]));
	in_use[allocated] = true;
	*page = HPA(++allocated * PAGE_SIZE);
	live++;
	return ERR_OK;
}

static u64 table_index(hpa_t page)
{
	u64 n = page.v / PAGE_SIZE - 1;

	if (n >= allocated || !in_use[n])
		fail_msg("table %llu is not in use", (unsigned long long)n);
	return n;
}

static void model_free(void *ctx, hpa_t page)
{
	(void)ctx;
	in_use[table_index(page)] = false;
	live--;
}

static void *model_virt(void *ctx, hpa_t page)
{
	(void)ctx;
	return tables[table_index(page)];
}

static const struct radix_mem_ops model_ops = {model_alloc, model_free, model_virt, NULL};

static const struct radix_format model_format = {
    .name = "model",
    .levels = 3,
    .max_leaf = RADIX_1G,
    .address_mask = ADDRESS_MASK,
    .present_mask = RADIX_RWX,
    .large_bit = EPT_PS,
    .table_bits = RADIX_RWX,
    .status_mask = EPT_A | EPT_D,
    .perm_mask = RADIX_RWX,
    .encode = ept_encode,
    .decode = ept_decode,
};

static struct {
	unsigned perm; /* 0: not mapped */
	u64 frame;
} model[PAGES];

static void model_check(const struct radix *r)
{
	bool bad = r->stats.tables != live;

	for (unsigned i = 0; i < PAGES; i++) {
		struct radix_leaf leaf;

		if (radix_lookup(r, i * PAGE_SIZE, &leaf))
			bad |= model[i].perm != 0;
		else
			bad |=
			    leaf.perm != model[i].perm || leaf.pa.v != model[i].frame * PAGE_SIZE;
	}
	if (bad)
		fail_msg("wrong after %u choices", choices_made);
}

enum kind { MAP, UNMAP, PROTECT, KINDS };

struct step {
	enum kind kind;
	unsigned first, count, perm;
	u64 frame;
};

static bool step_touches(const struct step *s)
{
	for (unsigned i = s->first; i < s->first + s->count; i++)
		if (model[i].perm)
			return true;
	return false;
}

/* Do to the model what was done; whether something that was mapped has changed. */
static bool model_apply(const struct step *s)
{
	bool changed = false;

	for (unsigned i = s->first; i < s->first + s->count; i++) {
		unsigned perm = s->kind == UNMAP ? 0 : s->perm;

		if (s->kind == MAP)
			model[i].frame = s->frame + i;
		else if (!model[i].perm)
			continue;
		changed |= s->kind != MAP && model[i].perm != perm;
		model[i].perm = perm;
	}
	return changed;
}

static void step_run(struct radix *r, const struct step *s)
{
	u64 va = s->first * PAGE_SIZE, size = s->count * PAGE_SIZE;
	bool touches = step_touches(s);
	int err;

	if (s->kind == MAP)
		err =
		    radix_map(r, va, HPA((s->frame + s->first) * PAGE_SIZE), size, s->perm, MEM_WB);
	else if (s->kind == UNMAP)
		err = radix_unmap(r, va, size);
	else
		err = radix_protect(r, va, size, s->perm);
	if (s->kind == MAP && touches)
		assert_true(err == ERR_EXIST || err == ERR_NOMEM);
	else
		assert_true(err == ERR_OK || err == ERR_NOMEM);
	if (!err && model_apply(s))
		assert_true(radix_needs_flush(r));
	model_check(r);
}

static struct step step_choose(unsigned number)
{
	struct step s = {.kind = MAP, .perm = RADIX_RWX};
	unsigned order;

	if (number == 0) {
		order = choose(4);
		s.count = 1u << order;
		s.first = choose(PAGES >> order) << order;
		return s;
	}
	s.kind = (enum kind)choose(KINDS);
	s.first = choose(PAGES);
	s.count = 1 + choose(PAGES - s.first);
	/* Frames that continue the first step's, or are one off, which rules large leaves out. */
	if (s.kind == MAP)
		s.frame = choose(2);
	if (s.kind != UNMAP && choose(2))
		s.perm = RADIX_R;
	return s;
}

static void run(void)
{
	struct radix r;

	allocated = live = 0;
	may_fail = false;
	memset(model, 0, sizeof(model));
	assert_int_equal(radix_init(&r, &model_format, &model_ops, NULL), 0);
	for (unsigned i = 0; i < STEPS; i++) {
		struct step s = step_choose(i);

		may_fail = i == STEPS - 1;
		step_run(&r, &s);
		may_fail = false;
		if (i == 1 && choose(2)) {
			radix_flushed(&r);
			model_check(&r);
		}
	}
	radix_flushed(&r);
	model_check(&r);
	radix_destroy(&r);
	assert_int_equal(live, 0);
}

static void test_all(void **state)
{
	u64 runs = 0;

	(void)state;
	do {
		run();
		runs++;
	} while (choices_advance());
	print_message("%llu runs\n", (unsigned long long)runs);
	assert_true(runs > 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
