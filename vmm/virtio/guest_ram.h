/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's RAM as devices reach it by DMA: a few regions of guest-physical addresses with the
 * host addresses behind them. Nothing else can be reached.
 */
#ifndef VMM_VIRTIO_GUEST_RAM_H
#define VMM_VIRTIO_GUEST_RAM_H

#include "kernel/lib/types.h"

#define GUEST_RAM_REGIONS 4

struct guest_ram {
	u32 count;
	struct {
		u64 gpa, size; /* bytes */
		u8 *host;
	} region[GUEST_RAM_REGIONS];
};

/* Host address of [gpa, gpa + len), or NULL unless all of it is RAM, in one region. */
static inline void *guest_ram_ptr(const struct guest_ram *ram, u64 gpa, u64 len)
{
	for (u32 i = 0; i < ram->count; i++) {
		u64 offset = gpa - ram->region[i].gpa;

		if (offset < ram->region[i].size && len <= ram->region[i].size - offset)
			return ram->region[i].host + offset;
	}
	return NULL;
}

#endif
