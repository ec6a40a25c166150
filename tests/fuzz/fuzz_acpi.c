/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the firmware's tables. The input is split at a marker into bodies
 * that get a header of each wanted signature; with a first byte of 0 it is all
 * of the memory instead, root pointer included.
 */
#include <string.h>

#include "drivers/acpi/dmar.h"
#include "drivers/acpi/fadt.h"
#include "drivers/acpi/madt.h"
#include "drivers/acpi/mcfg.h"
#include "drivers/acpi/spcr.h"
#include "tests/host/parsers/acpi_fake.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static hpa_t tables_make(const u8 *data, size_t size)
{
	static const char *const signatures[] = {"APIC", "MCFG", "DMAR", "SPCR", "FACP", "SSDT"};

	if (size && !data[0]) {
		memcpy(acpi_fake_memory, data + 1, MIN(size - 1, sizeof(acpi_fake_memory)));
		return HPA(0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(signatures) && size; i++) {
		const u8 *end = memmem(data, size, "\xfe\xdc", 2);
		size_t len = end ? (size_t)(end - data) : size;

		acpi_fake_table(signatures[i], 6, data, (u32)MIN(len, (size_t)0x4000));
		data += len;
		size -= len;
		if (end) {
			data += 2;
			size -= 2;
		}
	}
	return acpi_fake_finish(2);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct acpi a;
	struct madt m;
	struct mcfg c;
	struct dmar d;
	struct spcr s;
	struct fadt f;
	int err = acpi_init(&a, tables_make(data, size), acpi_fake_map);

	err |= madt_read(&a, &m);
	err |= mcfg_read(&a, &c);
	err |= dmar_read(&a, &d);
	err |= spcr_read(&a, &s);
	err |= fadt_read(&a, &f);
	(void)err;
	madt_free(&m);
	mcfg_free(&c);
	dmar_free(&d);
	acpi_free(&a);
	acpi_fake_reset();
	return 0;
}
