/* SPDX-License-Identifier: BSD-2-Clause */
/* Device memory: mapping and accessors of one fixed width each. */
#ifndef ARCH_X86_MM_MMIO_H
#define ARCH_X86_MM_MMIO_H

#include "arch/x86/mm/memtype.h"
#include "kernel/lib/types.h"

/*
 * Map size bytes of a device's registers (need not be page-aligned) as
 * MEM_UC, or MEM_WC for framebuffers. Stays mapped for ever; a range mapped
 * before with the same type gives the same address. NULL when there is no
 * memory for page tables. With HANOK_HOST: the identity.
 */
#ifdef HANOK_HOST
static inline void *mmio_map(hpa_t pa, u64 size, enum mem_type type)
{
	(void)size;
	(void)type;
	return (void *)(uintptr_t)pa.v;
}
#else
void *mmio_map(hpa_t pa, u64 size, enum mem_type type);
#endif

#define MMIO_ACCESSOR_(bits)                                                 \
	static inline u##bits mmio_read##bits(const volatile void *p)        \
	{                                                                    \
		u##bits value;                                               \
		__asm__ volatile("mov %1, %0"                                \
				 : "=r"(value)                               \
				 : "m"(*(const volatile u##bits *)p)         \
				 : "memory");                                \
		return value;                                                \
	}                                                                    \
	static inline void mmio_write##bits(volatile void *p, u##bits value) \
	{                                                                    \
		__asm__ volatile("mov %1, %0"                                \
				 : "=m"(*(volatile u##bits *)p)              \
				 : "r"(value)                                \
				 : "memory");                                \
	}
MMIO_ACCESSOR_(8)
MMIO_ACCESSOR_(16)
MMIO_ACCESSOR_(32)
MMIO_ACCESSOR_(64)
#undef MMIO_ACCESSOR_

#endif
