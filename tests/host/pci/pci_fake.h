/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine's configuration space behind ports 0xcf8 and 0xcfc, with BARs that size as real
 * ones do. */
#ifndef TESTS_HOST_PCI_PCI_FAKE_H
#define TESTS_HOST_PCI_PCI_FAKE_H

#include "drivers/pci/pci.h"

struct fake_function {
	u16 bdf;
	u8 config[256];
	u32 bar_mask[6]; /* bits of the BAR that can be written */
	bool decoded;    /* a BAR was written while memory or port decoding was on */
};

/* Forget all functions. */
void fake_reset(void);
/* Add one with these IDs; it answers from now on. */
struct fake_function *fake_add(u16 bdf, u16 vendor, u16 device, u32 class);
/* Make it a bridge. */
void fake_bridge(struct fake_function *f, u8 secondary, u8 subordinate);
void fake_set(struct fake_function *f, u32 offset, unsigned size, u32 value);
u32 fake_get(const struct fake_function *f, u32 offset, unsigned size);

#endif
