/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/efi/memmap.h"

enum { RESERVED = 0, LOADER_DATA = 2, BOOT_DATA = 4, FREE = 7, ACPI = 9, MMIO = 11 };
#define WB 8ull

static struct handoff_mem storage[64];

static struct memmap empty(u32 capacity)
{
	memset(storage, 0, sizeof(storage));
	return (struct memmap){.mem = storage, .capacity = capacity};
}

/* Firmware's stride is larger than the structure that we know. */
struct wide {
	struct efi_memory m;
	u64 more;
};

static struct wide desc(u32 type, u64 base, u64 pages)
{
	return (struct wide){{type, 0, base, 0, pages, WB}, 0x5a5a};
}

static void assert_mem(const struct handoff_mem *m, u64 base, u64 length, u32 type)
{
	assert_int_equal(m->base, base);
	assert_int_equal(m->length, length);
	assert_int_equal(m->type, type);
}

static void sorts_and_merges(void **state)
{
	struct wide d[] = {desc(FREE, 0x5000, 3), desc(BOOT_DATA, 0x8000, 1), desc(ACPI, 0x9000, 1),
			   desc(FREE, 0x1000, 1), desc(MMIO, 0xf0000000, 16)};
	struct memmap map = empty(64);

	(void)state;
	assert_int_equal(memmap_convert(&map, d, sizeof(d), sizeof(d[0])), ERR_OK);
	assert_int_equal(map.count, 4);
	assert_mem(&map.mem[0], 0x1000, 0x1000, HANDOFF_MEM_USABLE);
	assert_mem(&map.mem[1], 0x5000, 0x4000, HANDOFF_MEM_USABLE);
	assert_mem(&map.mem[2], 0x9000, 0x1000, HANDOFF_MEM_ACPI_RECLAIM);
	assert_mem(&map.mem[3], 0xf0000000, 0x10000, HANDOFF_MEM_MMIO);
	assert_int_equal(memmap_ram_end(&map), 0xa000);
}

static void cuts_overlaps_and_drops_nonsense(void **state)
{
	struct wide d[] = {desc(RESERVED, 0x2000, 4), desc(FREE, 0x1000, 3),
			   desc(FREE, 0x3000, 1),     desc(FREE, 0x8000, 0),
			   desc(FREE, 0x9001, 1),     desc(FREE, 0xa000, ~0ull),
			   desc(FREE, ~0xfffull, 2),  desc(0x80000001, 0x20000, 1)};
	struct memmap map = empty(64);

	(void)state;
	assert_int_equal(memmap_convert(&map, d, sizeof(d), sizeof(d[0])), ERR_OK);
	assert_int_equal(map.count, 3);
	assert_mem(&map.mem[0], 0x1000, 0x3000, HANDOFF_MEM_USABLE);
	assert_mem(&map.mem[1], 0x4000, 0x2000, HANDOFF_MEM_RESERVED);
	assert_mem(&map.mem[2], 0x20000, 0x1000, HANDOFF_MEM_RESERVED);
}

static void sets_ranges(void **state)
{
	struct wide d[] = {desc(LOADER_DATA, 0x10000, 16)};
	struct memmap map = empty(5);

	(void)state;
	assert_int_equal(memmap_convert(&map, d, sizeof(d), sizeof(d[0])), ERR_OK);
	assert_int_equal(memmap_set(&map, 0x14000, 0x1001, HANDOFF_MEM_FILE), ERR_OK);
	assert_int_equal(map.count, 3);
	assert_mem(&map.mem[0], 0x10000, 0x4000, HANDOFF_MEM_LOADER);
	assert_mem(&map.mem[1], 0x14000, 0x2000, HANDOFF_MEM_FILE);
	assert_mem(&map.mem[2], 0x16000, 0xa000, HANDOFF_MEM_LOADER);
	/* The next file touches the first: one element. */
	assert_int_equal(memmap_set(&map, 0x16000, 0xa000, HANDOFF_MEM_FILE), ERR_OK);
	assert_int_equal(map.count, 2);
	assert_mem(&map.mem[1], 0x14000, 0xc000, HANDOFF_MEM_FILE);
}

static void refuses(void **state)
{
	struct wide d[] = {desc(FREE, 0x10000, 16), desc(FREE, 0x30000, 1)};
	struct memmap map = empty(2);

	(void)state;
	assert_int_equal(memmap_convert(&map, d, sizeof(d), 16), ERR_INVAL);
	assert_int_equal(memmap_convert(&map, d, sizeof(d), sizeof(d[0])), ERR_OK);
	assert_int_equal(memmap_set(&map, 0x1f000, 0x2000, HANDOFF_MEM_FILE), ERR_RANGE);
	assert_int_equal(memmap_set(&map, 0x11001, 0x1000, HANDOFF_MEM_FILE), ERR_RANGE);
	assert_int_equal(memmap_set(&map, 0x11000, 0, HANDOFF_MEM_FILE), ERR_RANGE);
	assert_int_equal(memmap_set(&map, 0x11000, ~0ull, HANDOFF_MEM_FILE), ERR_RANGE);
	assert_int_equal(memmap_set(&map, 0x11000, 0x1000, HANDOFF_MEM_FILE), ERR_NOMEM);
	map = empty(1);
	assert_int_equal(memmap_convert(&map, d, sizeof(d), sizeof(d[0])), ERR_NOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sorts_and_merges),
	    cmocka_unit_test(cuts_overlaps_and_drops_nonsense),
	    cmocka_unit_test(sets_ranges),
	    cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
