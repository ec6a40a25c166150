/* SPDX-License-Identifier: BSD-2-Clause */
/* Firmware tables in a small fake physical memory. What is mapped is copied to an
 * own heap block, so that the sanitizers see every byte read beyond it. */
#ifndef TESTS_HOST_PARSERS_ACPI_FAKE_H
#define TESTS_HOST_PARSERS_ACPI_FAKE_H

#include "drivers/acpi/acpi.h"

#define ACPI_FAKE_BASE 0xe0000ull
#define ACPI_FAKE_SIZE 0x20000ull

/* The memory [ACPI_FAKE_BASE, + ACPI_FAKE_SIZE), where the firmware's would be. */
extern u8 acpi_fake_memory[ACPI_FAKE_SIZE];

const void *acpi_fake_map(hpa_t phys, u64 len);

/* Forget all tables and free all maps. */
void acpi_fake_reset(void);

/* Put len bytes behind a header with that signature; returns the table's address.
 * The checksum is right, and the table is named by the XSDT of acpi_fake_finish(). */
u64 acpi_fake_table(const char *signature, u8 revision, const void *body, u32 len);

/* Write the XSDT (an RSDT for revision 0) and the root pointer; returns its address. */
hpa_t acpi_fake_finish(u8 revision);

/* Correct the checksum of a table that was changed. */
void acpi_fake_fix(u64 phys);

u8 *acpi_fake_at(u64 phys);

#endif
