/* SPDX-License-Identifier: BSD-2-Clause */
/* The ACPI tables: structure, checksums, and what iasl and acpiexec make of them. */
#include "tests/host/vdev/fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "vmm/vdev/acpi_tables.h"
#include "vmm/vm/layout.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

static u8 *bios;

static void *at(u64 gpa)
{
	assert_true(gpa >= LAYOUT_BIOS && gpa < LAYOUT_BIOS + LAYOUT_BIOS_SIZE);
	return bios + (gpa - LAYOUT_BIOS);
}

static u8 sum(const void *data, size_t len)
{
	u8 total = 0;

	for (size_t i = 0; i < len; i++)
		total += ((const u8 *)data)[i];
	return total;
}

static struct vacpi_header *table(u64 gpa, const char *signature)
{
	struct vacpi_header *h = at(gpa);

	assert_memory_equal(h->signature, signature, 4);
	assert_true(gpa - LAYOUT_BIOS + h->length <= LAYOUT_BIOS_SIZE);
	assert_int_equal(sum(h, h->length), 0);
	return h;
}

static u64 xsdt_entry(unsigned n)
{
	struct vacpi_rsdp *rsdp = (void *)bios;
	u64 gpa;

	memcpy(&gpa, (u8 *)at(rsdp->xsdt) + sizeof(struct vacpi_header) + n * 8, 8);
	return gpa;
}

static void write_tables(void)
{
	bios = malloc(LAYOUT_BIOS_SIZE); /* exactly, for the sanitizer */
	memset(bios, 0xa5, LAYOUT_BIOS_SIZE);
	assert_int_equal(platform_write_tables(&fx.p, bios), 0);
}

static void root_tables(void **state)
{
	struct vacpi_rsdp *rsdp;
	struct vacpi_header *rsdt, *xsdt;

	(void)state;
	write_tables();
	rsdp = (void *)bios;
	assert_memory_equal(rsdp->signature, "RSD PTR ", 8);
	assert_int_equal(rsdp->revision, 2);
	assert_int_equal(sum(rsdp, 20), 0);
	assert_int_equal(sum(rsdp, rsdp->length), 0);
	rsdt = table(rsdp->rsdt, "RSDT");
	xsdt = table(rsdp->xsdt, "XSDT");
	assert_int_equal(rsdt->length, 36 + 3 * 4);
	assert_int_equal(xsdt->length, 36 + 3 * 8);
	table(xsdt_entry(0), "FACP");
	table(xsdt_entry(1), "APIC");
	table(xsdt_entry(2), "MCFG");
	free(bios);
}

static void fixed_description(void **state)
{
	struct vacpi_fadt *f;

	(void)state;
	write_tables();
	f = (void *)table(xsdt_entry(0), "FACP");
	assert_int_equal(f->header.revision, 6);
	assert_int_equal(f->x_dsdt, f->dsdt);
	table(f->dsdt, "DSDT");
	assert_memory_equal(at(f->facs), "FACS", 4);
	assert_int_equal(f->facs % 64, 0);
	assert_int_equal(f->sci, 9);
	assert_int_equal(f->pm1a_event, 0x600);
	assert_int_equal(f->x_pm_timer.address, 0x608);
	assert_int_equal(f->reset.address, 0xcf9);
	assert_int_equal(f->smi_command, 0); /* ACPI mode always */
	assert_int_equal(f->flags & 1 << 20, 0);
	assert_int_equal(f->boot_flags & 2, 0);
	free(bios);
}

static void interrupt_controllers(void **state)
{
	unsigned count[8] = {0};
	struct vacpi_madt *madt;
	u8 *entry, *end;

	(void)state;
	write_tables();
	madt = (void *)table(xsdt_entry(1), "APIC");
	end = (u8 *)madt + madt->header.length;
	for (entry = (u8 *)(madt + 1); entry < end; entry += entry[1]) {
		assert_true(entry[0] < 8 && entry[1] >= 6);
		if (entry[0] == 0)
			assert_int_equal(entry[3], count[0]);
		if (entry[0] == 1)
			assert_int_equal(entry[2], ioapic_read(0) >> 24);
		count[entry[0]]++;
	}
	assert_ptr_equal(entry, end);
	assert_int_equal(count[0], 4);
	assert_int_equal(count[1], 1);
	assert_int_equal(count[2], 2);
	assert_int_equal(count[4], 1);
	free(bios);
}

static void any_number_of_processors(void **state)
{
	(void)state;
	platform_destroy(&fx.p);
	fx.p.cpus = 254;
	assert_int_equal(platform_create(&fx.p), 0);
	write_tables();
	table(xsdt_entry(1), "APIC");
	free(bios);
}

static int run(const char *command, const char *file)
{
	char line[256];

	snprintf(line, sizeof(line), command, file);
	return system(line);
}

/* Only where acpica-tools are installed; the build needs iasl anyway. */
static void acpica_accepts_them(void **state)
{
	static const char *const names[] = {"FACP", "APIC", "MCFG"};
	char dir[] = "/tmp/hanok-acpi-XXXXXX", file[64];
	struct vacpi_fadt *f;
	u64 gpa[4];

	(void)state;
	if (system("command -v iasl >/dev/null && command -v acpiexec >/dev/null"))
		skip();
	write_tables();
	assert_non_null(mkdtemp(dir));
	f = (void *)table(xsdt_entry(0), "FACP");
	for (unsigned i = 0; i < 4; i++) {
		struct vacpi_header *h;
		FILE *out;

		gpa[i] = i < 3 ? xsdt_entry(i) : f->dsdt;
		h = table(gpa[i], i < 3 ? names[i] : "DSDT");
		snprintf(file, sizeof(file), "%s/%u.aml", dir, i);
		out = fopen(file, "wb");
		assert_non_null(out);
		assert_int_equal(fwrite(h, 1, h->length, out), h->length);
		fclose(out);
		/* What the disassembler finds wrong it says in the listing. */
		assert_int_equal(run("iasl -d %s >/dev/null 2>&1", file), 0);
		snprintf(file, sizeof(file), "%s/%u.dsl", dir, i);
		assert_int_not_equal(run("grep -qiE 'invalid|incorrect|error' %s", file), 0);
	}
	snprintf(file, sizeof(file), "%s/3.aml", dir);
	/* _PRT with 128 entries in both modes: device 31, pin D. */
	assert_int_equal(run("acpiexec -b 'execute \\_SB.PCI0._PRT' %s 2>&1 | "
			     "grep -A3 1FFFFF | tail -1 | grep -q 0000000A",
			     file),
			 0);
	assert_int_equal(run("acpiexec -b 'execute \\_PIC 1;execute \\_SB.PCI0._PRT' %s 2>&1 | "
			     "grep -A3 1FFFFF | tail -1 | grep -q 00000012",
			     file),
			 0);
	assert_int_equal(run("acpiexec -b 'execute \\_S5' %s 2>&1 | grep -c '= 0*5$' | "
			     "grep -qx 2",
			     file),
			 0);
	assert_int_equal(run("rm -r %s", dir), 0);
	free(bios);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(root_tables),           TEST(fixed_description),
	    TEST(interrupt_controllers), TEST(any_number_of_processors),
	    TEST(acpica_accepts_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
