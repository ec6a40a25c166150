/* SPDX-License-Identifier: BSD-2-Clause */
/* A function's address as people write it. Pure. */
#ifndef DRIVERS_PCI_ADDRESS_H
#define DRIVERS_PCI_ADDRESS_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

/* "0000:01:00.0" to an address. ERR_INVAL; the segment may be left out. */
int __must_check pci_parse_address(const char *text, u16 *segment, u16 *bdf);

#endif
