/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest memory as the loaders use it: what is RAM, where something fits, copies. */
#ifndef VMM_VM_LOAD_RAM_H
#define VMM_VM_LOAD_RAM_H

#include "vmm/vm/load.h"

/* Is all of [start, start + size) RAM by the memory map? Any values are allowed. */
bool load_is_ram(const struct load_params *p, u64 start, u64 size);

/* A request for a free block of RAM in [min, limit) that does not touch
 * [avoid_start, avoid_end). size > 0; align is a power of two. */
struct load_place {
	u64 size, align, min, limit;
	u64 avoid_start, avoid_end;
	bool top; /* the highest such block, otherwise the lowest */
};

/* Returns 0 and the address, or ERR_RANGE (silently: the caller knows what it is for). */
int load_find(const struct load_params *p, const struct load_place *want, u64 *gpa) __must_check;

/* Host address of guest [gpa, gpa + size), size > 0; NULL and a report if it is not all RAM. */
void *load_map(const struct load_params *p, u64 gpa, u64 size);

/* Have blob copied to gpa, and what follows zeroed up to size (>= blob size): see
 * load_params.copies. 0, ERR_FAULT. */
int load_copy(const struct load_params *p, u64 gpa, const struct guest_blob *blob,
	      u64 size) __must_check;

/* Allocator of what the loaders build below LOAD_LOW_END. */
struct load_low {
	const struct load_params *params;
	u64 next;
};
void load_low_init(struct load_low *low, const struct load_params *p);

/* size zeroed bytes (size > 0) and their guest address; NULL and a report when full. */
void *load_low_alloc(struct load_low *low, u64 size, u64 align, u64 *gpa);

/* Copy a string; 0 when there is no room. */
u64 load_low_string(struct load_low *low, const char *s);

/*
 * Processor state with flat segments, a GDT and a small stack in guest memory:
 * 32-bit protected mode without paging, or 64-bit with the first 4 GiB mapped to
 * themselves. Selectors 0x10 (code) and 0x18 (data), as Linux wants them.
 */
int load_state_protected32(struct load_low *low, struct boot_state *s) __must_check;
int load_state_long64(struct load_low *low, struct boot_state *s) __must_check;

#endif
