/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port I/O. With HANOK_HOST nothing is executed: accesses go to io_host_in and
 * io_host_out (weak: reads give all ones, writes vanish; a test of a driver
 * defines its own and so becomes the device).
 */
#ifndef ARCH_X86_CPU_IO_H
#define ARCH_X86_CPU_IO_H

#include "kernel/lib/types.h"

#ifdef HANOK_HOST

/* size is 1, 2 or 4 bytes. */
u32 io_host_in(u16 port, unsigned size);
void io_host_out(u16 port, unsigned size, u32 value);
__attribute__((weak)) u32 io_host_in(u16 port, unsigned size)
{
	(void)port;
	return 0xffffffffu >> (32 - 8 * size);
}
__attribute__((weak)) void io_host_out(u16 port, unsigned size, u32 value)
{
	(void)port;
	(void)size;
	(void)value;
}
#define IO_IN_(port, type) ((type)io_host_in(port, sizeof(type)))
#define IO_OUT_(port, value) io_host_out(port, sizeof(value), value)

#else

#define IO_IN_(port, type)                                                               \
	({                                                                               \
		type io_value_;                                                          \
		__asm__ volatile("in %1, %0" : "=a"(io_value_) : "Nd"(port) : "memory"); \
		io_value_;                                                               \
	})
#define IO_OUT_(port, value) __asm__ volatile("out %0, %1" ::"a"(value), "Nd"(port) : "memory")

#endif

static inline u8 io_in8(u16 port)
{
	return IO_IN_(port, u8);
}
static inline u16 io_in16(u16 port)
{
	return IO_IN_(port, u16);
}
static inline u32 io_in32(u16 port)
{
	return IO_IN_(port, u32);
}
static inline void io_out8(u16 port, u8 value)
{
	IO_OUT_(port, value);
}
static inline void io_out16(u16 port, u16 value)
{
	IO_OUT_(port, value);
}
static inline void io_out32(u16 port, u32 value)
{
	IO_OUT_(port, value);
}

#endif
