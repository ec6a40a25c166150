/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The direct map: all RAM, and nothing but RAM, at DIRECT_BASE + its physical
 * address, writable and never executable. With HANOK_HOST it is the identity:
 * an hpa_t then holds a pointer.
 */
#ifndef ARCH_X86_MM_DIRECT_H
#define ARCH_X86_MM_DIRECT_H

#include "kernel/lib/types.h"

#ifdef HANOK_HOST

static inline void *hpa_to_virt(hpa_t pa)
{
	return (void *)(uintptr_t)pa.v;
}

static inline hpa_t virt_to_hpa(const void *p)
{
	return HPA((u64)(uintptr_t)p);
}

#else

#define DIRECT_BASE 0xffff800000000000ull
#define IMAGE_BASE 0xffffffff80000000ull
#define MMIO_BASE 0xffffc00000000000ull
#define STACK_BASE 0xffffe00000000000ull

/* Physical address of the image's first byte, set by entry.S. */
extern u64 image_phys;

static inline void *hpa_to_virt(hpa_t pa)
{
	return (void *)(DIRECT_BASE + pa.v);
}

/* p lies in the direct map or in the core's image (not on a stack, not MMIO). */
static inline hpa_t virt_to_hpa(const void *p)
{
	u64 va = (u64)p;

	return HPA(va >= IMAGE_BASE ? va - IMAGE_BASE + image_phys : va - DIRECT_BASE);
}

#endif

#endif
