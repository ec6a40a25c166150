/* SPDX-License-Identifier: BSD-2-Clause */
/* The end: for bugs of our own only, never for what comes from outside. */
#ifndef ARCH_X86_CPU_PANIC_H
#define ARCH_X86_CPU_PANIC_H

#include "kernel/lib/types.h"

struct trap_frame;

/* Print "*** HANOK PANIC: text", registers and a backtrace on the serial port
 * and the screen, stop the other CPUs, halt for ever. No newline in fmt. */
__noreturn __cold void panic(const char *fmt, ...) __printf(1, 2);
__noreturn __cold void panic_frame(const struct trap_frame *frame, const char *fmt, ...)
    __printf(2, 3);

/* Where the text goes, registered when the console is up; before that to the
 * early console. Neither takes locks. */
struct panic_ops {
	void (*begin)(void); /* once, before the first text */
	void (*write)(const char *text, size_t len);
};
void panic_register(const struct panic_ops *ops);

/* For invariants of our own code. */
#define BUG_ON(cond)                                                   \
	do {                                                           \
		if (unlikely(cond))                                    \
			panic("%s:%d: %s", __FILE__, __LINE__, #cond); \
	} while (0)

#endif
