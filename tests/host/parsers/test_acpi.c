/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/acpi/dmar.h"
#include "drivers/acpi/fadt.h"
#include "drivers/acpi/madt.h"
#include "drivers/acpi/mcfg.h"
#include "drivers/acpi/spcr.h"
#include "kernel/lib/err.h"
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

static void finds_tables_by_xsdt_and_rsdt(void **state)
{
	static const u8 revisions[] = {2, 0};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		acpi_free(&acpi);
		acpi_fake_reset();
		acpi_fake_table("AAAA", 1, "x", 1);
		acpi_fake_table("SSDT", 1, "1", 1);
		acpi_fake_table("SSDT", 1, "2", 1);
		init(revisions[i]);
		assert_int_equal(acpi.revision, revisions[i]);
		assert_int_equal(acpi.count, 3);
		assert_non_null(acpi_find(&acpi, "AAAA", 0));
		assert_memory_equal(acpi_find(&acpi, "SSDT", 1)->header + 1, "2", 1);
		assert_null(acpi_find(&acpi, "SSDT", 2));
		assert_null(acpi_find(&acpi, "BBBB", 0));
	}
}

static void searches_for_the_root_pointer(void **state)
{
	(void)state;
	acpi_fake_table("AAAA", 1, NULL, 0);
	(void)acpi_fake_finish(2);
	memmove(acpi_fake_memory + 0x1f000, acpi_fake_memory, 36);
	memset(acpi_fake_memory, 0, 36);
	assert_int_equal(acpi_init(&acpi, HPA(0), acpi_fake_map), 0);
	assert_int_equal(acpi.count, 1);
	acpi_free(&acpi);
	acpi_fake_memory[0x1f000 + 8]++;
	assert_int_equal(acpi_init(&acpi, HPA(0), acpi_fake_map), ERR_NOENT);
	assert_null(acpi_find(&acpi, "AAAA", 0));
}

static void bad_root_pointers(void **state)
{
	hpa_t rsdp;

	(void)state;
	assert_int_equal(acpi_init(&acpi, HPA(0x1000), acpi_fake_map), ERR_NOENT);
	acpi_fake_table("AAAA", 1, NULL, 0);
	rsdp = acpi_fake_finish(2);
	acpi_fake_memory[33]++; /* only the second part's checksum: there is no RSDT */
	assert_int_equal(acpi_init(&acpi, rsdp, acpi_fake_map), ERR_INVAL);
	acpi_fake_memory[33]--;
	put32(acpi_fake_memory + 20, 0xffffffff);
	assert_int_equal(acpi_init(&acpi, rsdp, acpi_fake_map), ERR_INVAL);
}

static void bad_tables_are_left_out(void **state)
{
	u64 sum, shorter, longer, good;
	hpa_t rsdp;

	(void)state;
	sum = acpi_fake_table("SUMX", 1, "abc", 3);
	shorter = acpi_fake_table("SHRT", 1, NULL, 0);
	longer = acpi_fake_table("LONG", 1, NULL, 0);
	good = acpi_fake_table("GOOD", 1, "abc", 3);
	rsdp = acpi_fake_finish(2);
	acpi_fake_at(sum)[9]++;
	put32(acpi_fake_at(shorter) + 4, 35);
	put32(acpi_fake_at(longer) + 4, 0xffffffff);
	assert_int_equal(acpi_init(&acpi, rsdp, acpi_fake_map), 0);
	assert_int_equal(acpi.count, 1);
	assert_int_equal(acpi_find(&acpi, "GOOD", 0)->phys.v, good);
}

static void no_memory_frees_all(void **state)
{
	int err = ERR_NOMEM;
	hpa_t rsdp;

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		acpi_fake_table("AAAA", 1, &i, 4);
	rsdp = acpi_fake_finish(2);
	for (long n = 0; err; n++) {
		heap_host_fail_after = n;
		err = acpi_init(&acpi, rsdp, acpi_fake_map);
		assert_true(err == 0 || err == ERR_NOMEM);
		assert_int_equal(acpi.count, err ? 0 : 5);
	}
}

/* LAPIC address, flags, then entries. */
static const u8 madt_body[] = {
    0,   0,  0xe0, 0xfe, 1, 0, 0,    0,    0,    8, 0, 0, 1, 0, 0, 0, /* CPU 0 */
    0,   8,  1,    2,    1, 0, 0,    0,                               /* CPU with APIC ID 2 */
    0,   8,  2,    3,    2, 0, 0,    0,                               /* could be added */
    0,   8,  3,    0xff, 0, 0, 0,    0,                               /* padding */
    9,   16, 0,    0,    0, 1, 0,    0,    1,    0, 0, 0, 4, 0, 0, 0, /* x2APIC ID 256 */
    9,   16, 0,    0,    2, 0, 0,    0,    1,    0, 0, 0, 1, 0, 0, 0, /* 2 again */
    1,   12, 5,    0,    0, 0, 0xc0, 0xfe, 0x18, 0, 0, 0,             /* I/O APIC */
    2,   10, 0,    9,    9, 0, 0,    0,    0x0d, 0,                   /* IRQ 9: high, level */
    4,   6,  0xff, 5,    0, 1,                                        /* NMI on LINT1 */
    10,  12, 3,    0,    7, 0, 0,    0,    1,    0, 0, 0,             /* the same for x2APIC */
    5,   12, 0,    0,    0, 0, 0xe1, 0xfe, 0,    0, 0, 0,             /* address override */
    200, 3,  0,                                                       /* of a later version */
    1,   4,  0,    0,                                                 /* too short for its type */
    2,   10, 0,    0,    2, 0, 0,    0,    0,    0,                   /* IRQ 0 is GSI 2 */
};

static void reads_madt(void **state)
{
	struct madt m;

	(void)state;
	acpi_fake_table("APIC", 5, madt_body, sizeof(madt_body));
	init(2);
	assert_int_equal(madt_read(&acpi, &m), 0);
	assert_int_equal(m.lapic.v, 0xfee10000);
	assert_true(m.has_8259);
	assert_int_equal(m.cpu_count, 4);
	assert_int_equal(m.cpus[1].apic_id, 2);
	assert_true(m.cpus[1].enabled);
	assert_false(m.cpus[2].enabled);
	assert_int_equal(m.cpus[3].apic_id, 256);
	assert_int_equal(m.ioapic_count, 1);
	assert_int_equal(m.ioapics[0].phys.v, 0xfec00000);
	assert_int_equal(m.ioapics[0].gsi_base, 0x18);
	assert_int_equal(m.override_count, 2);
	assert_int_equal(m.overrides[0].polarity, MADT_POLARITY_HIGH);
	assert_int_equal(m.overrides[0].trigger, MADT_TRIGGER_LEVEL);
	assert_int_equal(m.overrides[1].gsi, 2);
	assert_int_equal(m.nmi_count, 2);
	assert_int_equal(m.nmis[0].uid, MADT_UID_ALL);
	assert_int_equal(m.nmis[0].lint, 1);
	assert_int_equal(m.nmis[1].uid, 7);
	assert_int_equal(m.nmis[1].polarity, MADT_POLARITY_LOW);
	madt_free(&m);
}

static void madt_without_memory(void **state)
{
	int err = ERR_NOMEM;
	struct madt x;

	(void)state;
	acpi_fake_table("APIC", 5, madt_body, sizeof(madt_body));
	init(2);
	for (long n = 0; err; n++) {
		heap_host_fail_after = n;
		err = madt_read(&acpi, &x);
		assert_int_equal(x.cpu_count, err ? 0 : 4);
		madt_free(&x);
	}
}

static void madt_ends_at_bad_lengths(void **state)
{
	u8 body[sizeof(madt_body)];
	struct madt m;
	u64 phys;

	(void)state;
	memcpy(body, madt_body, sizeof(body));
	body[8 + 8 + 1] = 0; /* would loop for ever */
	phys = acpi_fake_table("APIC", 5, body, sizeof(body));
	init(2);
	assert_int_equal(madt_read(&acpi, &m), 0);
	assert_int_equal(m.cpu_count, 1);
	madt_free(&m);
	acpi_free(&acpi);
	acpi_fake_at(phys)[36 + 8 + 8 + 1] = 255; /* beyond the table */
	acpi_fake_fix(phys);
	assert_int_equal(acpi_init(&acpi, HPA(ACPI_FAKE_BASE), acpi_fake_map), 0);
	assert_int_equal(madt_read(&acpi, &m), 0);
	assert_int_equal(m.cpu_count, 1);
	madt_free(&m);
}

static void tables_of_every_length(void **state)
{
	struct madt m;
	struct mcfg c;
	struct dmar d;
	struct spcr s;
	struct fadt f;

	(void)state;
	for (u32 len = 0; len <= sizeof(madt_body); len++) {
		acpi_free(&acpi);
		acpi_fake_reset();
		acpi_fake_table("APIC", 5, madt_body, len);
		acpi_fake_table("MCFG", 1, madt_body, len);
		acpi_fake_table("DMAR", 1, madt_body, len);
		acpi_fake_table("SPCR", 4, madt_body, len);
		acpi_fake_table("FACP", 6, madt_body, len);
		init(2);
		if (!madt_read(&acpi, &m))
			madt_free(&m);
		if (!mcfg_read(&acpi, &c))
			mcfg_free(&c);
		if (!dmar_read(&acpi, &d))
			dmar_free(&d);
		if (!spcr_read(&acpi, &s))
			assert_true(s.base);
		if (!fadt_read(&acpi, &f))
			assert_false(f.has_s5);
	}
}

static void missing_tables(void **state)
{
	struct madt m;
	struct mcfg c;
	struct dmar d;
	struct spcr s;
	struct fadt f;

	(void)state;
	assert_int_equal(madt_read(&acpi, &m), ERR_NOENT);
	assert_int_equal(m.cpu_count, 0);
	assert_int_equal(mcfg_read(&acpi, &c), ERR_NOENT);
	assert_int_equal(dmar_read(&acpi, &d), ERR_NOENT);
	assert_int_equal(spcr_read(&acpi, &s), ERR_NOENT);
	assert_int_equal(fadt_read(&acpi, &f), ERR_NOENT);
}

static void reads_mcfg(void **state)
{
	static const u8 body[] = {
	    0, 0, 0, 0,    0, 0, 0, 0,                            /* reserved */
	    0, 0, 0, 0xb0, 0, 0, 0, 0, 1, 0, 0, 0x3f, 0, 0, 0, 0, /* good */
	    0, 0, 0, 0,    0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, /* no base */
	    0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 9, 8,    0, 0, 0, 0, /* buses the wrong way */
	    0, 0, 0, 0xd0, 1, 0, 0, 0, 0, 0, 4, 4,    0, 0, 0, 0, /* good */
	    1, 2, 3,                                              /* cut short */
	};
	struct mcfg m;

	(void)state;
	acpi_fake_table("MCFG", 1, body, sizeof(body));
	init(2);
	assert_int_equal(mcfg_read(&acpi, &m), 0);
	assert_int_equal(m.count, 2);
	assert_int_equal(m.windows[0].base.v, 0xb0000000);
	assert_int_equal(m.windows[0].segment, 1);
	assert_int_equal(m.windows[0].bus_end, 0x3f);
	assert_int_equal(m.windows[1].base.v, 0x1d0000000);
	mcfg_free(&m);
}

static void spcr_body_make(u8 *body, u8 interface, u8 space, u64 address)
{
	memset(body, 0, 52);
	body[0] = interface;
	body[4] = space;
	body[5] = 8;
	put64(body + 8, address);
	body[16] = 2;
	put32(body + 18, 4);
	body[22] = 7;
}

static int spcr_get(const u8 *body, u32 len, u8 revision, struct spcr *s)
{
	acpi_free(&acpi);
	acpi_fake_reset();
	acpi_fake_table("SPCR", revision, body, len);
	init(2);
	return spcr_read(&acpi, s);
}

static void reads_spcr(void **state)
{
	struct spcr s;
	u8 body[52];

	(void)state;
	spcr_body_make(body, 0, ACPI_SPACE_IO, 0x3f8);
	assert_int_equal(spcr_get(body, 44, 2, &s), 0);
	assert_false(s.mmio);
	assert_int_equal(s.base, 0x3f8);
	assert_int_equal(s.baud, 115200);
	assert_true(s.has_gsi);
	assert_int_equal(s.gsi, 4);
	spcr_body_make(body, 0x12, ACPI_SPACE_MEMORY, 0x1fe030000);
	body[7] = 3; /* 32-bit access */
	put32(body + 40, 48000000);
	put32(body + 44, 1500000);
	assert_int_equal(spcr_get(body, 48, 4, &s), 0);
	assert_true(s.mmio);
	assert_int_equal(s.base, 0x1fe030000);
	assert_int_equal(s.reg_shift, 2);
	assert_int_equal(s.clock_hz, 48000000);
	assert_int_equal(s.baud, 1500000);
}

static void refuses_foreign_consoles(void **state)
{
	struct spcr s;
	u8 body[52];

	(void)state;
	spcr_body_make(body, 3, ACPI_SPACE_MEMORY, 0x9000000); /* an ARM PL011 */
	assert_int_equal(spcr_get(body, 44, 2, &s), ERR_UNSUPPORTED);
	spcr_body_make(body, 0, ACPI_SPACE_PCI, 0x100);
	assert_int_equal(spcr_get(body, 44, 2, &s), ERR_UNSUPPORTED);
	spcr_body_make(body, 0, ACPI_SPACE_IO, 0x10000);
	assert_int_equal(spcr_get(body, 44, 2, &s), ERR_UNSUPPORTED);
	spcr_body_make(body, 0, ACPI_SPACE_IO, 0);
	assert_int_equal(spcr_get(body, 44, 2, &s), ERR_NOENT);
	assert_int_equal(spcr_get(body, 39, 2, &s), ERR_INVAL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(finds_tables_by_xsdt_and_rsdt),
	    TEST(searches_for_the_root_pointer),
	    TEST(bad_root_pointers),
	    TEST(bad_tables_are_left_out),
	    TEST(no_memory_frees_all),
	    TEST(reads_madt),
	    TEST(madt_ends_at_bad_lengths),
	    TEST(tables_of_every_length),
	    TEST(missing_tables),
	    TEST(madt_without_memory),
	    TEST(reads_mcfg),
	    TEST(reads_spcr),
	    TEST(refuses_foreign_consoles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
