/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's serial console: the SPCR (Microsoft, Serial Port Console Redirection). */
#ifndef DRIVERS_ACPI_SPCR_H
#define DRIVERS_ACPI_SPCR_H

#include "drivers/acpi/acpi.h"

struct spcr {
	bool mmio;    /* base is a physical address, otherwise an I/O port */
	u64 base;     /* of a 16550's registers */
	u8 reg_shift; /* distance of registers is 1 << reg_shift bytes */
	u32 baud;     /* 0: as the firmware left it */
	u32 clock_hz; /* input clock; 0: the usual 1,843,200 */
	u32 gsi;      /* interrupt, when has_gsi */
	bool has_gsi;
};

/* Returns 0, ERR_NOENT without an SPCR, ERR_UNSUPPORTED when the port is no 16550, ERR_INVAL. */
int spcr_read(const struct acpi *a, struct spcr *out) __must_check;

#endif
