/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/err.h"
#include "tests/host/parsers/guest_ram.h"
#include "vmm/vm/load_bzimage.h"

/* Offsets in the image and in the zero page (Linux, arch/x86/boot.rst). */
enum {
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4,
	BOOT_FLAG = 0x1fe,
	JUMP_LENGTH = 0x201,
	MAGIC = 0x202,
	VERSION = 0x206,
	TYPE_OF_LOADER = 0x210,
	LOADFLAGS = 0x211,
	CODE32_START = 0x214,
	RAMDISK_IMAGE = 0x218,
	RAMDISK_SIZE = 0x21c,
	CMD_LINE_PTR = 0x228,
	INITRD_MAX = 0x22c,
	ALIGNMENT = 0x230,
	RELOCATABLE = 0x234,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	ZP_RSDP = 0x70,
	ZP_E820_ENTRIES = 0x1e8,
	ZP_E820 = 0x2d0,
};
#define SETUP_BYTES (3 * 512)
#define BODY_BYTES 0x8000
#define IMAGE_BYTES (SETUP_BYTES + BODY_BYTES)

struct fixture {
	struct guest_ram ram;
	struct load_params params;
	struct boot_state state;
	u8 *image;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	u8 *im = f->image = calloc(1, IMAGE_BYTES);

	guest_ram_make(&f->ram, 64, &f->params);
	im[SETUP_SECTS] = 2;
	put32(im + SYSSIZE, BODY_BYTES / 16);
	put16(im + BOOT_FLAG, 0xaa55);
	im[JUMP_LENGTH] = 0x6a;
	memcpy(im + MAGIC, "HdrS", 4);
	put16(im + VERSION, 0x020f);
	im[LOADFLAGS] = 1;
	put32(im + INITRD_MAX, 0x7fffffff);
	put32(im + ALIGNMENT, MIB(2));
	im[RELOCATABLE] = 1;
	put16(im + XLOADFLAGS, 1);
	put32(im + CMDLINE_SIZE, 2047);
	put64(im + PREF_ADDRESS, MIB(16));
	put32(im + INIT_SIZE, MIB(8));
	for (unsigned i = 0; i < BODY_BYTES; i++)
		im[SETUP_BYTES + i] = (u8)(i * 7 + 1);
	f->params.kernel = (struct guest_blob){im, IMAGE_BYTES};
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
	return guest_ram_finish(&f->ram, load_bzimage(&f->params, &f->state));
}

static u8 *zero_page(struct fixture *f)
{
	assert_true(f->state.rsi + 4096 <= f->ram.size);
	return f->ram.base + f->state.rsi;
}

static void loads_at_preferred_address(void **state)
{
	struct fixture *f = *state;

	f->params.rsdp = GPA(0xe0000);
	assert_true(load_bzimage_probe(&f->params.kernel));
	assert_int_equal(load_identify(&f->params.kernel), LOAD_BZIMAGE);
	assert_int_equal(guest_ram_finish(&f->ram, load_image(&f->params, &f->state)), 0);
	assert_memory_equal(f->ram.base + MIB(16), f->image + SETUP_BYTES, BODY_BYTES);
	assert_int_equal(f->state.rip, MIB(16) + 0x200);
	assert_int_equal(get64(zero_page(f) + ZP_RSDP), 0xe0000);
	assert_int_equal(get32(zero_page(f) + CODE32_START), MIB(16));
	assert_int_equal(zero_page(f)[TYPE_OF_LOADER], 0xff);
	assert_int_equal(get32(zero_page(f) + MAGIC), 0x53726448);
	assert_int_equal(zero_page(f)[ZP_E820_ENTRIES], 3);
	assert_memory_equal(zero_page(f) + ZP_E820, f->ram.e820, 3 * 20);
}

/* Walk the page tables by hand: the first 4 GiB map to themselves. */
static void enters_long_mode_identity_mapped(void **state)
{
	struct fixture *f = *state;
	const struct boot_state *s = &f->state;

	assert_int_equal(load(f), 0);
	assert_int_equal(s->mode, BOOT_MODE_LONG64);
	assert_int_equal(s->cr0 & 0x80000001, 0x80000001);
	assert_int_equal(s->cr4, 0x20);
	assert_int_equal(s->efer, 0x500);
	assert_int_equal(s->rflags, 2);
	assert_int_equal(s->cs.selector, 0x10);
	assert_true(s->cs.attr & VIRT_SEG_L);
	assert_int_equal(s->data.selector, 0x18);
	assert_int_equal(get64(f->ram.base + s->gdt_base + 0x10), 0x00af9b000000ffff);
	assert_int_equal(get64(f->ram.base + s->gdt_base + 0x18), 0x00cf93000000ffff);
	for (u64 va = 0; va < GIB(4); va += MIB(2)) {
		u64 pdpte = get64(f->ram.base + s->cr3) & ~0xfffull;
		u64 pde = get64(f->ram.base + pdpte + 8 * (va >> 30)) & ~0xfffull;
		u64 leaf = get64(f->ram.base + pde + 8 * (va >> 21 & 511));

		assert_int_equal(leaf, va | 0x83);
	}
}

static void enters_protected_mode_without_64_bit_entry(void **state)
{
	struct fixture *f = *state;

	put16(f->image + XLOADFLAGS, 0);
	assert_int_equal(load(f), 0);
	assert_int_equal(f->state.mode, BOOT_MODE_PROTECTED32);
	assert_int_equal(f->state.rip, MIB(16));
	assert_int_equal(f->state.cr0, 0x31);
	assert_int_equal(f->state.cr3, 0);
	assert_int_equal(f->state.efer, 0);
	assert_int_equal(get64(f->ram.base + f->state.gdt_base + 0x10), 0x00cf9b000000ffff);
}

static void moves_up_when_relocatable(void **state)
{
	struct fixture *f = *state;

	f->ram.e820[2].size = MIB(16); /* RAM ends in the preferred place */
	f->ram.e820[3] = (struct e820_entry){MIB(33), MIB(31), E820_RAM};
	f->params.e820_count = 4;
	assert_int_equal(load(f), 0);
	assert_int_equal(f->state.rip, MIB(34) + 0x200);
	f->image[RELOCATABLE] = 0;
	assert_int_equal(load(f), ERR_RANGE);
}

static void initrd_lies_high_and_apart(void **state)
{
	struct fixture *f = *state;
	u8 *initrd = malloc(MIB(9));

	memset(initrd, 0x5a, MIB(9));
	f->params.initrd = (struct guest_blob){initrd, MIB(9) - 5};
	assert_int_equal(load(f), 0);
	assert_int_equal(get32(zero_page(f) + RAMDISK_IMAGE), MIB(55));
	assert_int_equal(get32(zero_page(f) + RAMDISK_SIZE), MIB(9) - 5);
	assert_int_equal(f->ram.base[MIB(55)], 0x5a);
	/* Below the limit and below the kernel, when that is all there is. */
	put32(f->image + INITRD_MAX, MIB(20) - 1);
	assert_int_equal(load(f), 0);
	assert_int_equal(get32(zero_page(f) + RAMDISK_IMAGE), MIB(7));
	put32(f->image + INITRD_MAX, MIB(9));
	assert_int_equal(load(f), ERR_RANGE);
	free(initrd);
}

static void command_line_is_checked(void **state)
{
	struct fixture *f = *state;

	f->params.cmdline = "console=ttyS0 x";
	put32(f->image + CMDLINE_SIZE, 15);
	assert_int_equal(load(f), 0);
	assert_string_equal((char *)f->ram.base + get32(zero_page(f) + CMD_LINE_PTR),
			    "console=ttyS0 x");
	put32(f->image + CMDLINE_SIZE, 14);
	assert_int_equal(load(f), ERR_RANGE);
}

static void long_command_line_does_not_fit_low(void **state)
{
	struct fixture *f = *state;
	char *line = malloc(0x80001);

	memset(line, 'a', 0x80000);
	line[0x80000] = 0;
	f->params.cmdline = line;
	put32(f->image + CMDLINE_SIZE, 0xffffffff);
	assert_int_equal(load(f), ERR_RANGE);
	free(line);
}

/* One change of the image each, and what comes of it. */
static void refuses_bad_headers(void **state)
{
	static const struct {
		u16 at;
		u8 size;
		u64 value;
		int err;
	} cases[] = {
	    {BOOT_FLAG, 2, 0, ERR_INVAL},
	    {MAGIC, 4, 0, ERR_INVAL},
	    {VERSION, 2, 0x020b, ERR_UNSUPPORTED},
	    {LOADFLAGS, 1, 0, ERR_UNSUPPORTED},
	    {ALIGNMENT, 4, 0, ERR_INVAL},
	    {ALIGNMENT, 4, 3, ERR_INVAL},
	    {SYSSIZE, 4, 0, ERR_INVAL},
	    {SYSSIZE, 4, BODY_BYTES / 16 + 1, ERR_INVAL},
	    {SYSSIZE, 4, 0xffffffff, ERR_INVAL},
	    {SETUP_SECTS, 1, 255, ERR_INVAL},
	    {INIT_SIZE, 4, 0xffffffff, ERR_RANGE},
	    {PREF_ADDRESS, 8, ~0ull, ERR_RANGE},
	    {PREF_ADDRESS, 8, MIB(63), ERR_RANGE},
	    {ALIGNMENT, 4, 0x80000000, 0},
	    {PREF_ADDRESS, 8, 0, 0},
	    {JUMP_LENGTH, 1, 255, 0},
	    {JUMP_LENGTH, 1, 0, 0},
	    {SETUP_SECTS, 1, 0, ERR_INVAL},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture *f = *state;
		u8 saved[8];

		memcpy(saved, f->image + cases[i].at, 8);
		memcpy(f->image + cases[i].at, &cases[i].value, cases[i].size);
		if (load(f) != cases[i].err)
			fail_msg("case %u: %d", i, load(f));
		memcpy(f->image + cases[i].at, saved, 8);
	}
}

static void survives_every_truncation(void **state)
{
	struct fixture *f = *state;

	for (u64 size = 0; size < IMAGE_BYTES; size += size < 0x800 ? 1 : 512) {
		u8 *cut = malloc(size ? size : 1);

		memcpy(cut, f->image, size);
		f->params.kernel = (struct guest_blob){cut, size};
		assert_true(load(f) < 0);
		free(cut);
	}
}

static void last_paragraph_may_be_cut(void **state)
{
	struct fixture *f = *state;

	f->params.kernel.size -= 8; /* as memtest86+ 6.10 is */
	assert_int_equal(load(f), 0);
	f->params.kernel.size -= 8;
	assert_int_equal(load(f), ERR_INVAL);
}

static void modules_are_refused(void **state)
{
	struct fixture *f = *state;

	f->params.module_count = 1;
	assert_int_equal(load(f), ERR_UNSUPPORTED);
}

static void map_and_memory_that_disagree_give_fault(void **state)
{
	struct fixture *f = *state;

	f->ram.size = MIB(8); /* the map says 64 */
	assert_int_equal(load(f), ERR_FAULT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(loads_at_preferred_address),
	    TEST(enters_long_mode_identity_mapped),
	    TEST(enters_protected_mode_without_64_bit_entry),
	    TEST(moves_up_when_relocatable),
	    TEST(initrd_lies_high_and_apart),
	    TEST(command_line_is_checked),
	    TEST(long_command_line_does_not_fit_low),
	    TEST(refuses_bad_headers),
	    TEST(survives_every_truncation),
	    TEST(last_paragraph_may_be_cut),
	    TEST(modules_are_refused),
	    TEST(map_and_memory_that_disagree_give_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
