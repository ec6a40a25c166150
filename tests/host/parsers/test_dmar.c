/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/acpi/dmar.h"
#include "kernel/lib/err.h"
#include "tests/host/parsers/acpi_fake.h"
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

static const u8 dmar_body[] = {
    38,   7,    0,  0,    0, 0,    0,    0, 0, 0,    0,    0,                   /* width, flags */
    0,    0,    34, 0,    0, 1,    2,    0, 0, 0x10, 0xd9, 0xfe, 0, 0, 0,    0, /* DRHD */
    1,    10,   0,  0,    0, 3,    0x1c, 4, 0, 1,                               /* endpoint */
    3,    8,    0,  0,    9, 0xf0, 0x1f, 7,                                     /* I/O APIC */
    0,    0,    16, 0,    1, 0,    0,    0, 0, 0,    0xd9, 0xfe, 0, 0, 0,    0, /* the rest */
    1,    0,    32, 0,    0, 0,    0,    0, 0, 0,    0,    0x7b, 0, 0, 0,    0, /* RMRR base */
    0xff, 0xff, 0,  0x7b, 0, 0,    0,    0, 1, 8,    0,    0,    0, 0, 0x14, 0, /* and limit */
    1,    0,    24, 0,    0, 0,    0,    0, 0, 0,    0,    0x7b, 0, 0, 0,    0, /* bad RMRR */
    0xff, 0xff, 0,  0x7a, 0, 0,    0,    0,                                     /* its limit */
    99,   0,    4,  0,                                                          /* unknown */
    2,    0,    8,  0,    1, 0,    0,    0,                                     /* ATSR, all */
    3,    0,    20, 0,    0, 0,    0,    0, 0, 0x10, 0xd9, 0xfe, 0, 0, 0,    0,
    5,    0,    0,  0, /* RHSA */
};

static void reads_dmar(void **state)
{
	struct dmar d;

	(void)state;
	acpi_fake_table("DMAR", 1, dmar_body, sizeof(dmar_body));
	init(2);
	assert_int_equal(dmar_read(&acpi, &d), 0);
	assert_int_equal(d.address_width, 39);
	assert_true(d.interrupt_remapping && d.x2apic_opt_out && d.dma_opt_in);
	assert_int_equal(d.count, 5);
	assert_int_equal(d.units[0].type, DMAR_DRHD);
	assert_int_equal(d.units[0].base.v, 0xfed91000);
	assert_int_equal(d.units[0].size, 8192);
	assert_int_equal(d.units[0].segment, 2);
	assert_false(d.units[0].all);
	assert_int_equal(d.units[0].scope_count, 2);
	assert_int_equal(d.units[0].scopes[0].start_bus, 3);
	assert_int_equal(d.units[0].scopes[0].path_count, 2);
	assert_int_equal(d.units[0].scopes[0].path[0].device, 0x1c);
	assert_int_equal(d.units[0].scopes[0].path[1].function, 1);
	assert_int_equal(d.units[0].scopes[1].type, DMAR_SCOPE_IOAPIC);
	assert_int_equal(d.units[0].scopes[1].enumeration_id, 9);
	assert_true(d.units[1].all);
	assert_int_equal(d.units[2].type, DMAR_RMRR);
	assert_int_equal(d.units[2].base.v, 0x7b000000);
	assert_int_equal(d.units[2].size, 0x10000);
	assert_int_equal(d.units[2].scope_count, 1);
	assert_int_equal(d.units[3].type, DMAR_ATSR);
	assert_true(d.units[3].all);
	assert_int_equal(d.units[4].type, DMAR_RHSA);
	assert_int_equal(d.units[4].proximity, 5);
	dmar_free(&d);
}

static void dmar_without_memory(void **state)
{
	int err = ERR_NOMEM;
	struct dmar x;

	(void)state;
	acpi_fake_table("DMAR", 5, dmar_body, sizeof(dmar_body));
	init(2);
	for (long n = 0; err; n++) {
		heap_host_fail_after = n;
		err = dmar_read(&acpi, &x);
		assert_int_equal(x.count, err ? 0 : 5);
		dmar_free(&x);
	}
}

static void dmar_scopes_of_bad_length(void **state)
{
	u8 body[sizeof(dmar_body)];
	static const u8 lengths[] = {0, 6, 7, 9, 255};
	struct dmar d;

	(void)state;
	for (unsigned i = 0; i < sizeof(lengths); i++) {
		acpi_free(&acpi);
		acpi_fake_reset();
		memcpy(body, dmar_body, sizeof(body));
		body[12 + 16 + 1] = lengths[i];
		acpi_fake_table("DMAR", 1, body, sizeof(body));
		init(2);
		assert_int_equal(dmar_read(&acpi, &d), 0);
		assert_int_equal(d.count, 5);
		assert_int_equal(d.units[0].scope_count, 0);
		dmar_free(&d);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(reads_dmar),
	    TEST(dmar_without_memory),
	    TEST(dmar_scopes_of_bad_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
