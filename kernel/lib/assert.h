/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Assertions, for bugs of our own only: nothing that a guest, a packet, a device or a
 * firmware table does can reach one. They are in every build.
 */
#ifndef KERNEL_LIB_ASSERT_H
#define KERNEL_LIB_ASSERT_H

#include "kernel/lib/types.h"

/* Called with where an assertion failed and what it said; does not return. */
typedef void (*assert_handler_t)(const char *file, int line, const char *text);

/* Register what a failed assertion does: the panic. Before that, and in host tests that
 * register none, the processor stops at an undefined instruction. */
void assert_set_handler(assert_handler_t handler);

void __noreturn __cold assert_fail(const char *file, int line, const char *text);

#undef assert
#define assert(cond) (likely(cond) ? (void)0 : assert_fail(__FILE__, __LINE__, #cond))

#endif
