/* SPDX-License-Identifier: BSD-2-Clause */
/* Call chains by frame pointers, with the names from the embedded table. */
#ifndef ARCH_X86_CPU_BACKTRACE_H
#define ARCH_X86_CPU_BACKTRACE_H

#include "kernel/lib/types.h"

#define BACKTRACE_DEPTH 24

/* name is "?" for an address outside of the core. */
typedef void backtrace_fn(void *ctx, u64 address, const char *name, u64 offset);

/* Call fn for each return address from the frame that rbp points to. Ends at
 * whatever does not look like a frame. */
void backtrace_walk(u64 rbp, backtrace_fn *fn, void *ctx);
/* Call fn for one address. */
void backtrace_symbolize(u64 address, backtrace_fn *fn, void *ctx);

/*
 * The table, made from nm by linker/symtab.awk: count entries, ascending,
 * then count names, each NUL-terminated, in the same order.
 */
struct symtab {
	u64 base;             /* address that the first entry counts from */
	u32 count;            /* functions */
	const u16 *distances; /* of each function's start from the one's before, in bytes */
	const char *names;
};
/* Name of the function that contains an address, and how far in it is; NULL
 * before the first. Pure. */
const char *symtab_lookup(const struct symtab *t, u64 address, u64 *offset);

#endif
