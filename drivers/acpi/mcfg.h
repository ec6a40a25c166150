/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI Express configuration space in memory: the MCFG (PCI Firmware 3.3, 4.1.2). */
#ifndef DRIVERS_ACPI_MCFG_H
#define DRIVERS_ACPI_MCFG_H

#include "drivers/acpi/acpi.h"

struct mcfg_window {
	hpa_t base; /* of bus 0, also when bus_start is not 0 */
	u16 segment;
	u8 bus_start;
	u8 bus_end; /* the last bus, inclusive */
};

struct mcfg {
	struct mcfg_window *windows;
	u32 count;
};

/* Returns 0, ERR_NOENT without an MCFG, ERR_INVAL, ERR_NOMEM; out is empty on error. */
int mcfg_read(const struct acpi *a, struct mcfg *out) __must_check;
void mcfg_free(struct mcfg *m);

#endif
