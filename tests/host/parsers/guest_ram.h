/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's memory for tests of loaders: one block of the host's heap, so that
 * the sanitizers see every byte beyond it. RAM above 3 GiB is not modelled. */
#ifndef TESTS_HOST_PARSERS_GUEST_RAM_H
#define TESTS_HOST_PARSERS_GUEST_RAM_H

#include "vmm/vm/load.h"
#include "vmm/vm/load_copies.h"

struct guest_ram {
	u8 *base;
	u64 size;
	u32 maps; /* calls of map */
	struct e820_entry e820[4];
	struct load_copies copies;
};

/* RAM of mib MiB with the usual holes below 1 MiB; params gets its memory and map. */
void guest_ram_make(struct guest_ram *ram, u32 mib, struct load_params *params);
void guest_ram_free(struct guest_ram *ram);

/* Copy what a loader has left to be copied, in small parts. err: what it returned. */
static inline int guest_ram_finish(struct guest_ram *ram, int err)
{
	while (!err && load_copies_slice(&ram->copies, 1000))
		;
	return err;
}

/* Little-endian values of guest memory or of any buffer. */
u16 get16(const void *at);
u32 get32(const void *at);
u64 get64(const void *at);
void put16(void *at, u16 v);
void put32(void *at, u32 v);
void put64(void *at, u64 v);

#endif
