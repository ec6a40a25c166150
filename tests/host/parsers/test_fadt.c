/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/acpi/fadt.h"
#include "tests/host/parsers/acpi_fake.h"
#include "tests/host/parsers/guest_ram.h"
#include "tests/tools/heap_host.h"

static struct acpi acpi;

static int setup(void **state)
{
	(void)state;
	acpi_fake_reset();
	heap_host_fail_after = -1;
	memset(&acpi, 0, sizeof(acpi));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	heap_host_fail_after = -1;
	acpi_free(&acpi);
	acpi_fake_reset();
	return 0;
}

static void init(u8 revision)
{
	assert_int_equal(acpi_init(&acpi, acpi_fake_finish(revision), acpi_fake_map), 0);
}

static const u8 s5_aml[] = {
    0x10, 0x20, '_',  'S',  '5',  '_',              /* not a definition */
    0x08, '_',  'S',  '5',  '_',  0x12, 0x08, 0x04, /* Name (_S5, Package */
    0x0a, 0x05, 0x01, 0x00, 0x00, 0xff,             /* 5, 1, 0, 0 */
};

static void fadt_body_make(u8 *body, u64 dsdt)
{
	u8 *t = body - 36; /* offsets as in the specification */

	memset(body, 0, 220);
	put32(t + 40, (u32)dsdt);
	put32(t + 48, 0xb2);
	t[52] = 0xa0;
	put32(t + 64, 0x604);
	put32(t + 76, 0x608);
	t[89] = 2;
	t[91] = 4;
	put16(t + 109, 2);
	put32(t + 112, 1 << 10 | 1 << 8);
	t[116] = ACPI_SPACE_IO;
	t[117] = 8;
	put64(t + 120, 0xcf9);
	t[128] = 6;
}

static void reads_fadt(void **state)
{
	struct {
		u8 head[36], body[220];
	} table;
	struct fadt f;
	u64 dsdt;

	(void)state;
	dsdt = acpi_fake_table("DSDT", 2, s5_aml, sizeof(s5_aml));
	fadt_body_make(table.body, dsdt);
	acpi_fake_table("FACP", 4, table.body, sizeof(table.body));
	init(2);
	assert_int_equal(fadt_read(&acpi, &f), 0);
	assert_true(f.has_reset);
	assert_int_equal(f.reset.address, 0xcf9);
	assert_int_equal(f.reset_value, 6);
	assert_int_equal(f.pm1a_cnt.address, 0x604);
	assert_int_equal(f.pm1a_cnt.bit_width, 16);
	assert_int_equal(f.pm1b_cnt.address, 0);
	assert_int_equal(f.pm_timer.address, 0x608);
	assert_true(f.pm_timer_32);
	assert_int_equal(f.smi_cmd, 0xb2);
	assert_int_equal(f.acpi_enable, 0xa0);
	assert_int_equal(f.boot_arch, 2);
	assert_true(f.has_s5);
	assert_int_equal(f.s5_typ_a, 5);
	assert_int_equal(f.s5_typ_b, 1);
	assert_false(f.reduced_hardware);
}

static void extended_fields_win_in_fadt(void **state)
{
	struct {
		u8 head[36], body[220];
	} table;
	struct fadt f;

	(void)state;
	fadt_body_make(table.body, 0x1000); /* a DSDT that cannot be read */
	table.body[172 - 36] = ACPI_SPACE_MEMORY;
	put64(table.body + 176 - 36, 0xfed00000);
	acpi_fake_table("FACP", 6, table.body, sizeof(table.body));
	acpi_fake_table("SSDT", 2, s5_aml, sizeof(s5_aml));
	init(2);
	assert_int_equal(fadt_read(&acpi, &f), 0);
	assert_int_equal(f.pm1a_cnt.space, ACPI_SPACE_MEMORY);
	assert_int_equal(f.pm1a_cnt.address, 0xfed00000);
	assert_true(f.has_s5);
}

static void s5_is_found_defensively(void **state)
{
	static const struct {
		u8 aml[16];
		u8 len;
		bool found;
		u8 a, b;
	} cases[] = {
	    {{8, '\\', '_', 'S', '5', '_', 0x12, 4, 2, 0, 1}, 11, true, 0, 1},
	    {{8, '_', 'S', '5', '_', 0x12, 7, 2, 0x0b, 7, 0, 0x0a, 7}, 13, true, 7, 7},
	    {{8, '_', 'S', '5', '_', 0x12, 4, 1, 0x0a, 3}, 10, true, 3, 3},
	    {{8, '_', 'S', '5', '_', 0x12, 0x47, 0, 2, 0x0a, 5, 0x0a, 5}, 13, true, 5, 5},
	    {{8, '_', 'S', '5', '_', 0x12, 6, 2, 0x0a, 8, 0, 0}, 12, false, 0, 0},
	    {{8, '_', 'S', '5', '_', 0x12, 6, 2, 0x0b, 7, 1, 0}, 12, false, 0, 0},
	    {{9, '_', 'S', '5', '_', 0x12, 4, 2, 0, 1}, 10, false, 0, 0},
	    {{'_', 'S', '5', '_', 0x12, 4, 2, 0, 1}, 9, false, 0, 0},
	    {{8, '_', 'S', '5', '_', 0x13, 4, 2, 0, 1}, 10, false, 0, 0},
	    {{8, '_', 'S', '5', '_', 0x12, 0x3f, 2, 0, 1}, 10, false, 0, 0},
	    {{8, '_', 'S', '5', '_', 0x12, 0xff, 0xff, 0xff, 0xff}, 10, false, 0, 0},
	    {{8, '_', 'S', '5', '_', 0x12, 0, 2, 0, 1}, 10, false, 0, 0},
	    {{8, '_', 'S', '5', '_'}, 5, false, 0, 0},
	};
	u8 a, b;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		u8 *exact = malloc(cases[i].len);

		memcpy(exact, cases[i].aml, cases[i].len);
		a = b = 0;
		if (acpi_find_s5(exact, cases[i].len, &a, &b) != cases[i].found ||
		    a != cases[i].a || b != cases[i].b)
			fail_msg("case %u: %u %u", i, a, b);
		for (u8 len = 0; len < cases[i].len; len++) {
			u8 *cut = malloc(len ? len : 1);

			memcpy(cut, exact, len);
			(void)acpi_find_s5(cut, len, &a, &b);
			free(cut);
		}
		free(exact);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(reads_fadt),
	    TEST(extended_fields_win_in_fadt),
	    TEST(s5_is_found_defensively),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
