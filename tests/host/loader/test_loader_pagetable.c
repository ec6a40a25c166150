/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/efi/format.h"
#include "boot/efi/pagetable.h"
#include "boot/handoff/handoff.h"

#define UNMAPPED (~0ull)

/* A walk as the processor does it (SDM volume 3, 4.5). */
static u64 walk(u64 root, unsigned levels, u64 va)
{
	u64 entry = root;

	for (unsigned shift = 12 + 9 * (levels - 1);; shift -= 9) {
		const u64 *table = (const u64 *)ALIGN_DOWN(entry & ~BIT(63), PAGE_SIZE);

		entry = table[va >> shift & 511];
		if ((entry & 3) != 3)
			return UNMAPPED;
		if (shift == 12 || entry & BIT(7))
			return ALIGN_DOWN(entry & (BIT(52) - 1), BIT(shift)) |
			       (va & (BIT(shift) - 1));
	}
}

static void check_plan(const struct pagetable_plan *plan)
{
	unsigned levels = plan->five_levels ? 5 : 4;
	u64 size = pagetable_pages(plan) * PAGE_SIZE;
	u64 *pages = aligned_alloc(PAGE_SIZE, size);
	u64 root = pagetable_build(plan, pages);

	assert_true(root >= (u64)pages && root < (u64)pages + size);
	for (u64 at = 0; at < plan->identity_end; at += MIB(511) + 0x1234)
		assert_int_equal(walk(root, levels, at), at);
	assert_int_equal(walk(root, levels, GIB(4) - 1), GIB(4) - 1);
	for (u64 at = 0; at < plan->core_size; at += PAGE_SIZE)
		assert_int_equal(walk(root, levels, HANDOFF_CORE_VIRT + at + 5),
				 plan->core_phys + at + 5);
	assert_int_equal(walk(root, levels, HANDOFF_CORE_VIRT + plan->core_size), UNMAPPED);
	assert_int_equal(walk(root, levels, BIT(46)), UNMAPPED);
	free(pages);
}

static void maps_memory_and_core(void **state)
{
	static const struct pagetable_plan plans[] = {
	    {MIB(1), MIB(2), PAGE_SIZE, false, false},
	    {GIB(6) + 5, GIB(3), MIB(2), false, false},
	    {GIB(700), GIB(4) - MIB(4), MIB(2) + PAGE_SIZE, false, true},
	    {GIB(513), MIB(4), KIB(512), true, true},
	    {GIB(513), MIB(4), KIB(512), true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(plans); i++)
		check_plan(&plans[i]);
}

static void formats(void **state)
{
	char to[64], small[6];

	(void)state;
	format(to, sizeof(to), "%s %c %d %u %5u %04x %lx %%", "s", 'c', -12, 3u, 42u, 0xabu,
	       0x123456789abcdef0ul);
	assert_string_equal(to, "s c -12 3    42 00ab 123456789abcdef0 %");
	assert_int_equal(format(small, sizeof(small), "%s%u", "abc", 123456u), 5);
	assert_string_equal(small, "abc12");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(maps_memory_and_core),
	    cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
