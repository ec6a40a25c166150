/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/backtrace.h"

#include "arch/x86/cpu/percpu.h"
#include "arch/x86/mm/host.h"

/* linker/core.lds; the table is absent in the first of the two link passes. */
extern const char __text_start[], __text_end[];
extern const u32 __start_symtab_core[], __stop_symtab_core[];

/* Where the pieces are: a count, the distances, the names. */
static bool symtab_open(struct symtab *t)
{
	if (&__start_symtab_core[0] == &__stop_symtab_core[0])
		return false;
	t->base = (u64)__text_start;
	t->count = __start_symtab_core[0];
	t->distances = (const u16 *)(__start_symtab_core + 1);
	t->names = (const char *)(t->distances + t->count);
	return true;
}

void backtrace_symbolize(u64 address, backtrace_fn *fn, void *ctx)
{
	const char *name = NULL;
	struct symtab t;
	u64 offset = 0;

	if (address < (u64)__text_end && symtab_open(&t))
		name = symtab_lookup(&t, address, &offset);
	fn(ctx, address, name ? name : "?", offset);
}

/* A frame lies on a stack of ours and is followed by one further up. */
static bool frame_valid(u64 rbp)
{
	return IS_ALIGNED(rbp, 8) && host_is_stack(rbp) && host_is_stack(rbp + 15);
}

void backtrace_walk(u64 rbp, backtrace_fn *fn, void *ctx)
{
	for (unsigned depth = 0; depth < BACKTRACE_DEPTH && frame_valid(rbp); depth++) {
		const u64 *frame = (const u64 *)rbp;

		if (!frame[1])
			return;
		/* One less: the call may be a function's last instruction. */
		backtrace_symbolize(frame[1] - 1, fn, ctx);
		if (frame[0] <= rbp)
			return;
		rbp = frame[0];
	}
}
