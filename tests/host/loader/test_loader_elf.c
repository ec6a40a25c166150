/* SPDX-License-Identifier: BSD-2-Clause */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/efi/elf.h"
#include "boot/handoff/handoff.h"

#define BASE HANDOFF_CORE_VIRT

struct image {
	Elf64_Ehdr e;
	Elf64_Phdr p[3];
	u8 bytes[64];
};

/* A good image: text of 16 bytes, a note, data of 8 bytes with 4 KiB of bss. */
static struct image good(void)
{
	struct image i = {
	    .e =
		{
		    .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		    .e_type = ET_EXEC,
		    .e_machine = EM_X86_64,
		    .e_entry = BASE + 4,
		    .e_phoff = offsetof(struct image, p),
		    .e_phentsize = sizeof(Elf64_Phdr),
		    .e_phnum = 3,
		},
	    .p =
		{
		    {PT_LOAD, PF_R | PF_X, offsetof(struct image, bytes), BASE, 0, 16, 16, 4096},
		    {PT_NOTE, PF_R, ~0ull, 1, 0, ~0ull, 1, 1},
		    {PT_LOAD, PF_R | PF_W, offsetof(struct image, bytes) + 16, BASE + 4096, 0, 8,
		     4104, 4096},
		},
	};

	for (size_t n = 0; n < sizeof(i.bytes); n++)
		i.bytes[n] = (u8)(n + 1);
	return i;
}

static int check(const struct image *i, struct core_layout *layout)
{
	const char *why = NULL;
	int err = core_elf_check(i, sizeof(*i), layout, &why);

	assert_true(!err == !why);
	return err;
}

static void accepts_and_places(void **state)
{
	struct image i = good();
	struct core_layout layout;
	u8 *to;

	(void)state;
	assert_int_equal(check(&i, &layout), ERR_OK);
	assert_true(layout.entry == BASE + 4);
	assert_int_equal(layout.span, 3 * 4096);
	to = malloc(layout.span);
	memset(to, 0xcc, layout.span);
	core_elf_place(&i, &layout, to);
	assert_memory_equal(to, i.bytes, 16);
	assert_int_equal(to[16], 0);
	assert_memory_equal(to + 4096, i.bytes + 16, 8);
	for (size_t n = 4104; n < layout.span; n++)
		assert_int_equal(to[n], 0);
	free(to);
}

static void set_short_header(struct image *i)
{
	i->e.e_phnum = 0xffff;
}

static void set_header_offset(struct image *i)
{
	i->e.e_phoff = ~0ull;
}

static void set_magic(struct image *i)
{
	i->e.e_ident[1] = 'e';
}

static void set_machine(struct image *i)
{
	i->e.e_machine = EM_386;
}

static void set_entry_in_data(struct image *i)
{
	i->e.e_entry = BASE + 4096;
}

static void set_offset(struct image *i)
{
	i->p[0].p_offset = ~0ull - 7;
}

static void set_file_size(struct image *i)
{
	i->p[2].p_filesz = i->p[2].p_memsz = ~0ull;
}

static void set_more_file_than_memory(struct image *i)
{
	i->p[2].p_memsz = 4;
}

static void set_overlap(struct image *i)
{
	i->p[2].p_vaddr = BASE + 8;
}

static void set_below(struct image *i)
{
	i->p[0].p_vaddr = 0;
}

static void set_far_up(struct image *i)
{
	i->p[2].p_vaddr = BASE + CORE_SPAN_MAX + 1;
}

static void set_too_much_memory(struct image *i)
{
	i->p[2].p_memsz = CORE_SPAN_MAX;
}

static void refuses(void **state)
{
	static void (*const breakers[])(struct image *) = {
	    set_short_header,  set_header_offset, set_magic,     set_machine,
	    set_entry_in_data, set_offset,        set_file_size, set_more_file_than_memory,
	    set_overlap,       set_below,         set_far_up,    set_too_much_memory,
	};

	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(breakers); n++) {
		struct image i = good();
		struct core_layout layout;

		breakers[n](&i);
		assert_int_not_equal(check(&i, &layout), ERR_OK);
	}
}

/* No prefix of the image reads beyond it (the sanitizer watches) or is accepted. */
static void refuses_every_prefix(void **state)
{
	struct image i = good();
	struct core_layout layout;
	const char *why;

	(void)state;
	for (size_t n = 0; n < offsetof(struct image, bytes) + 24; n++) {
		u8 *part = malloc(n ? n : 1);

		memcpy(part, &i, n);
		assert_int_not_equal(core_elf_check(part, n, &layout, &why), ERR_OK);
		free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(accepts_and_places),
	    cmocka_unit_test(refuses),
	    cmocka_unit_test(refuses_every_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
