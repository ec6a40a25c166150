/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/err.h"
#include "tests/host/parsers/guest_ram.h"
#include "vmm/vm/load_multiboot.h"

#define IMAGE_BYTES 0x3000
#define HEADER_AT 0x400
#define CODE_AT 0x1000
#define CODE_BYTES 0x800
#define LOAD_AT 0x200000u

struct fixture {
	struct guest_ram ram;
	struct load_params params;
	struct boot_state state;
	u8 *image;
};

static void header_put(u8 *image, u32 at, u32 flags)
{
	put32(image + at, 0x1badb002);
	put32(image + at + 4, flags);
	put32(image + at + 8, 0u - 0x1badb002 - flags);
}

/* ELF with one segment of CODE_BYTES in the file, 0x2000 in memory. */
static void elf32_make(u8 *im)
{
	memset(im, 0, HEADER_AT);
	memcpy(im, "\177ELF\1\1\1", 7);
	put16(im + 16, 2);
	put16(im + 18, 3);
	put32(im + 24, LOAD_AT + 0x10); /* e_entry */
	put32(im + 28, 52);             /* e_phoff */
	put16(im + 42, 32);
	put16(im + 44, 1);
	put32(im + 52, 1);
	put32(im + 56, CODE_AT);
	put32(im + 60, LOAD_AT);
	put32(im + 64, LOAD_AT);
	put32(im + 68, CODE_BYTES);
	put32(im + 72, 0x2000);
}

static void elf64_make(u8 *im)
{
	memset(im, 0, HEADER_AT);
	memcpy(im, "\177ELF\2\1\1", 7);
	put16(im + 16, 2);
	put16(im + 18, 62);
	put64(im + 24, 0xffffffff80200010); /* e_entry in the virtual half */
	put64(im + 32, 64);
	put16(im + 54, 56);
	put16(im + 56, 1);
	put32(im + 64, 1);
	put64(im + 72, CODE_AT);
	put64(im + 80, 0xffffffff80200000);
	put64(im + 88, LOAD_AT);
	put64(im + 96, CODE_BYTES);
	put64(im + 104, 0x2000);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->image = calloc(1, IMAGE_BYTES);
	guest_ram_make(&f->ram, 16, &f->params);
	elf32_make(f->image);
	header_put(f->image, HEADER_AT, 3);
	for (unsigned i = 0; i < CODE_BYTES; i++)
		f->image[CODE_AT + i] = (u8)(i | 1);
	f->params.kernel = (struct guest_blob){f->image, IMAGE_BYTES};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	guest_ram_free(&f->ram);
	free(f->image);
	free(f);
	return 0;
}

static int load(struct fixture *f)
{
	return guest_ram_finish(&f->ram, load_multiboot(&f->params, &f->state));
}

static u8 *info(struct fixture *f)
{
	return f->ram.base + f->state.rbx;
}

static void loads_elf32(void **state)
{
	struct fixture *f = *state;

	memset(f->ram.base + LOAD_AT, 0xff, 0x2000);
	assert_int_equal(load_identify(&f->params.kernel), LOAD_MULTIBOOT);
	assert_int_equal(guest_ram_finish(&f->ram, load_image(&f->params, &f->state)), 0);
	assert_memory_equal(f->ram.base + LOAD_AT, f->image + CODE_AT, CODE_BYTES);
	for (unsigned i = CODE_BYTES; i < 0x2000; i++)
		assert_int_equal(f->ram.base[LOAD_AT + i], 0);
	assert_int_equal(f->state.rip, LOAD_AT + 0x10);
	assert_int_equal(f->state.rax, 0x2badb002);
	assert_int_equal(f->state.mode, BOOT_MODE_PROTECTED32);
}

static void loads_elf64_and_translates_its_entry(void **state)
{
	struct fixture *f = *state;

	elf64_make(f->image);
	assert_int_equal(load(f), 0);
	assert_memory_equal(f->ram.base + LOAD_AT, f->image + CODE_AT, CODE_BYTES);
	assert_int_equal(f->state.rip, LOAD_AT + 0x10);
	assert_int_equal(f->state.mode, BOOT_MODE_PROTECTED32);
}

static void information_is_complete(void **state)
{
	struct fixture *f = *state;
	const u8 *in, *map;

	f->params.cmdline = "a=1 b";
	assert_int_equal(load(f), 0);
	in = info(f);
	assert_int_equal(get32(in), 1 | 1 << 2 | 1 << 6 | 1 << 9);
	assert_int_equal(get32(in + 4), 0x9fc00 / 1024);
	assert_int_equal(get32(in + 8), 15 * 1024);
	assert_string_equal((char *)f->ram.base + get32(in + 16), "a=1 b");
	assert_string_equal((char *)f->ram.base + get32(in + 64), "Hanok");
	assert_int_equal(get32(in + 44), 3 * 24);
	map = f->ram.base + get32(in + 48);
	assert_int_equal(get32(map + 48), 20);
	assert_int_equal(get64(map + 52), MIB(1));
	assert_int_equal(get64(map + 60), MIB(15));
	assert_int_equal(get32(map + 68), 1);
}

static void modules_follow_each_other_page_aligned(void **state)
{
	struct fixture *f = *state;
	static u8 big[0x101000], small[5] = "abcde";
	const struct guest_module mods[] = {
	    {.blob = {big, sizeof(big)}, .name = "big", .args = ""},
	    {.blob = {small, sizeof(small)}, .name = "small", .args = "x y"},
	    {.blob = {small, 0}, .name = "empty", .args = ""},
	};
	const u8 *list;

	f->params.modules = mods;
	f->params.module_count = 3;
	assert_int_equal(load(f), 0);
	assert_int_equal(get32(info(f) + 20), 3);
	list = f->ram.base + get32(info(f) + 24);
	/* No room between 1 MiB and the kernel: behind it. */
	assert_int_equal(get32(list), LOAD_AT + 0x2000);
	assert_int_equal(get32(list + 4) - get32(list), sizeof(big));
	assert_string_equal((char *)f->ram.base + get32(list + 8), "big");
	assert_int_equal(get32(list + 16) % 4096, 0);
	assert_memory_equal(f->ram.base + get32(list + 16), "abcde", 5);
	assert_string_equal((char *)f->ram.base + get32(list + 24), "small x y");
	assert_int_equal(get32(list + 32), get32(list + 36));
}

static void initrd_is_first_module(void **state)
{
	struct fixture *f = *state;
	static u8 data[3] = "abc";
	const struct guest_module mod = {.blob = {data, 1}, .name = "m", .args = ""};
	const u8 *list;

	f->params.initrd = (struct guest_blob){data, 3};
	f->params.modules = &mod;
	f->params.module_count = 1;
	assert_int_equal(load(f), 0);
	assert_int_equal(get32(info(f) + 20), 2);
	list = f->ram.base + get32(info(f) + 24);
	assert_int_equal(get32(list + 4) - get32(list), 3);
	assert_string_equal((char *)f->ram.base + get32(list + 8), "initrd");
}

static void modules_too_large(void **state)
{
	struct fixture *f = *state;
	const struct guest_module huge[] = {
	    {.blob = {f->image, ~0ull}, .name = "m", .args = ""},
	    {.blob = {f->image, MIB(14)}, .name = "m", .args = ""},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(huge); i++) {
		f->params.modules = &huge[i];
		f->params.module_count = 1;
		assert_int_equal(load(f), ERR_RANGE);
	}
}

static void header_is_found_up_to_8192(void **state)
{
	struct fixture *f = *state;

	put32(f->image + HEADER_AT, 0);
	assert_false(load_multiboot_probe(&f->params.kernel));
	assert_int_equal(load(f), ERR_INVAL);
	header_put(f->image, 8192 - 12, 0);
	assert_int_equal(load(f), 0);
	put32(f->image + 8192 - 12, 0);
	header_put(f->image, 8192 - 8, 0);
	assert_false(load_multiboot_probe(&f->params.kernel));
	put32(f->image + 8192 - 8, 0);
	header_put(f->image, HEADER_AT + 2, 0); /* not aligned */
	assert_false(load_multiboot_probe(&f->params.kernel));
}

static void required_flags(void **state)
{
	struct fixture *f = *state;

	header_put(f->image, HEADER_AT, 7); /* video is a wish: granted without a screen */
	assert_int_equal(load(f), 0);
	header_put(f->image, HEADER_AT, 8);
	assert_int_equal(load(f), ERR_UNSUPPORTED);
	header_put(f->image, HEADER_AT, 0x00fe0000); /* not requirements */
	assert_int_equal(load(f), 0);
}

static void address_fields_put(u8 *im, u32 load_at, u32 load_end, u32 bss_end, u32 entry)
{
	header_put(im, HEADER_AT, BIT(16));
	put32(im + HEADER_AT + 12, load_at + HEADER_AT);
	put32(im + HEADER_AT + 16, load_at);
	put32(im + HEADER_AT + 20, load_end);
	put32(im + HEADER_AT + 24, bss_end);
	put32(im + HEADER_AT + 28, entry);
}

static void loads_by_address_fields(void **state)
{
	struct fixture *f = *state;

	address_fields_put(f->image, 0x300000, 0x302000, 0x304000, 0x301234);
	memset(f->ram.base + 0x302000, 0xff, 0x2000);
	assert_int_equal(load(f), 0);
	assert_int_equal(f->state.rip, 0x301234);
	assert_memory_equal(f->ram.base + 0x300000, f->image, 0x2000);
	assert_int_equal(f->ram.base[0x302000], 0);
	assert_int_equal(f->ram.base[0x303fff], 0);
	address_fields_put(f->image, 0x300000, 0, 0, 0x301234); /* all of the file */
	assert_int_equal(load(f), 0);
}

static void refuses_bad_address_fields(void **state)
{
	static const struct {
		u32 load, load_end, bss_end, entry;
		int err;
	} cases[] = {
	    {0x300000, 0x2fffff, 0, 0x300000, ERR_INVAL},
	    {0x300000, 0x303001, 0, 0x300000, ERR_INVAL},
	    {0x300000, 0, 0, 0x303000, ERR_INVAL},
	    {0x300000, 0, 0, 0x2fffff, ERR_INVAL},
	    {0x300000, 0, 0xffffffff, 0x300000, ERR_RANGE},
	    {0xfffff000, 0, 0, 0xfffff000, ERR_RANGE}, /* beyond 4 GiB */
	    {0x2000, 0, 0, 0x2000, ERR_RANGE},         /* on the boot information */
	    {0xa0000, 0, 0, 0xa0000, ERR_RANGE},       /* no RAM */
	};
	struct fixture *f = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		address_fields_put(f->image, cases[i].load, cases[i].load_end, cases[i].bss_end,
				   cases[i].entry);
		if (load(f) != cases[i].err)
			fail_msg("case %u: %d", i, load(f));
	}
	address_fields_put(f->image, 0x300000, 0, 0, 0x300000);
	put32(f->image + HEADER_AT + 12, 0x300000 + HEADER_AT + 4); /* before the file */
	assert_int_equal(load(f), ERR_INVAL);
}

/* One change of an ELF64 image each, and what comes of it. */
static void refuses_bad_elf(void **state)
{
	static const struct {
		u16 at;
		u8 size;
		u64 value;
		int err;
	} cases[] = {
	    {0, 1, 0, ERR_INVAL},
	    {4, 1, 3, ERR_INVAL},
	    {5, 1, 2, ERR_INVAL},
	    {16, 2, 3, ERR_UNSUPPORTED},
	    {18, 2, 183, ERR_UNSUPPORTED},
	    {24, 8, 0, ERR_INVAL},
	    {32, 8, ~0ull, ERR_INVAL},
	    {32, 8, IMAGE_BYTES - 55, ERR_INVAL},
	    {54, 2, 55, ERR_INVAL},
	    {54, 2, 0xffff, ERR_INVAL},
	    {56, 2, 0xffff, ERR_INVAL},
	    {56, 2, 0, ERR_INVAL},
	    {72, 8, IMAGE_BYTES - CODE_BYTES + 1, ERR_INVAL},
	    {72, 8, ~0ull, ERR_INVAL},
	    {88, 8, ~0ull, ERR_RANGE},
	    {88, 8, GIB(4) - 0x1000, ERR_RANGE},
	    {88, 8, MIB(16) - 0x1fff, ERR_RANGE},
	    {88, 8, LOAD_LOW_END - 1, ERR_RANGE},
	    {88, 8, 0, ERR_RANGE},
	    {96, 8, 0x2001, ERR_INVAL},
	    {96, 8, ~0ull, ERR_INVAL},
	    {104, 8, ~0ull, ERR_RANGE},
	    {104, 8, CODE_BYTES - 1, ERR_INVAL},
	    {88, 8, LOAD_LOW_END, 0},
	};
	struct fixture *f = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		elf64_make(f->image);
		memcpy(f->image + cases[i].at, &cases[i].value, cases[i].size);
		if (load(f) != cases[i].err)
			fail_msg("case %u: %d", i, load(f));
	}
}

static void survives_every_truncation(void **state)
{
	struct fixture *f = *state;

	for (u64 size = 0; size < CODE_AT + CODE_BYTES; size += size < 0x500 ? 1 : 64) {
		u8 *cut = malloc(size ? size : 1);

		memcpy(cut, f->image, size);
		f->params.kernel = (struct guest_blob){cut, size};
		assert_true(load(f) < 0);
		free(cut);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(loads_elf32),
	    TEST(loads_elf64_and_translates_its_entry),
	    TEST(information_is_complete),
	    TEST(modules_follow_each_other_page_aligned),
	    TEST(initrd_is_first_module),
	    TEST(modules_too_large),
	    TEST(header_is_found_up_to_8192),
	    TEST(required_flags),
	    TEST(loads_by_address_fields),
	    TEST(refuses_bad_address_fields),
	    TEST(refuses_bad_elf),
	    TEST(survives_every_truncation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
