/* SPDX-License-Identifier: BSD-2-Clause */
/* The debug registers. The core uses none: they hold a guest's. With HANOK_HOST they read as 0. */
#ifndef ARCH_X86_CPU_DEBUGREG_H
#define ARCH_X86_CPU_DEBUGREG_H

#include "kernel/lib/types.h"

#define DR6_FIXED 0xffff0ff0u
#define DR6_BS BIT(14) /* single step */
#define DR7_FIXED 0x400u
#define DR7_ENABLED 0xffu /* any of the four breakpoints, locally or globally */
#define DR7_GD BIT(13)

#ifdef HANOK_HOST
#define DEBUGREG_(n)                                \
	static inline u64 dr##n##_read(void)        \
	{                                           \
		return 0;                           \
	}                                           \
	static inline void dr##n##_write(u64 value) \
	{                                           \
		(void)value;                        \
	}
#else
#define DEBUGREG_(n)                                                  \
	static inline u64 dr##n##_read(void)                          \
	{                                                             \
		u64 value;                                            \
		__asm__ volatile("mov %%db" #n ", %0" : "=r"(value)); \
		return value;                                         \
	}                                                             \
	static inline void dr##n##_write(u64 value)                   \
	{                                                             \
		__asm__ volatile("mov %0, %%db" #n ::"r"(value));     \
	}
#endif

DEBUGREG_(0)
DEBUGREG_(1)
DEBUGREG_(2)
DEBUGREG_(3)
DEBUGREG_(6)
#undef DEBUGREG_

#endif
