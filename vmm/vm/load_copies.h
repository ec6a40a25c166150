/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loaders have to copy into a guest's memory, done later, a bounded part at a time:
 * images are hundreds of megabytes, and a guest may reset itself as often as it likes.
 */
#ifndef VMM_VM_LOAD_COPIES_H
#define VMM_VM_LOAD_COPIES_H

#include "kernel/lib/types.h"

/* Kernel, initial RAM disk, modules, segments; if there are more, the first ones are done
 * at once. */
#define LOAD_COPIES 32

struct load_copies {
	struct load_piece {
		u8 *to;
		const u8 *from;
		u64 copy, zero; /* bytes to copy, then bytes to clear */
	} piece[LOAD_COPIES];
	u32 next, count;
};

static inline void load_copies_init(struct load_copies *c)
{
	c->next = c->count = 0;
}

/* Copy `copy` bytes to `to`, and clear `zero` bytes behind them. Pieces are done in the order
 * in which they were added; source and target stay as they are until then. */
void load_copies_add(struct load_copies *c, void *to, const void *from, u64 copy, u64 zero);

/* Do at most `bytes` of it, a multiple of 8. True: there is more. */
bool load_copies_slice(struct load_copies *c, u64 bytes);

#endif
