/* SPDX-License-Identifier: BSD-2-Clause */
/* A platform with a clock that advances when told and a VM that only counts. */
#ifndef TESTS_HOST_VDEV_FIXTURE_H
#define TESTS_HOST_VDEV_FIXTURE_H

#include "tests/host/services/cm.h"
#include "tests/host/services/fake.h"
#include "vmm/vdev/platform.h"
#include "vmm/vdev/vlapic.h"

#define FIXTURE_HZ 1000000000ull /* one tick is a nanosecond */
#define FIXTURE_CPUS 8
/* Guest TSC = host TSC + this. */
#define FIXTURE_OFFSET 1000000ull
/* 2024-02-29 23:59:58.5 UTC. */
#define FIXTURE_UTC_NS 1709251198500000000ull

struct fixture {
	struct platform p;
	unsigned kicks[FIXTURE_CPUS], inits[FIXTURE_CPUS], nmis[FIXTURE_CPUS], sipis[FIXTURE_CPUS];
	u8 sipi_vector;
	unsigned power_offs, resets;
	char output[4096];
	size_t output_len;
	unsigned output_calls;
	bool output_stuck; /* the host takes nothing */
};
extern struct fixture fx;

/* Set-up and tear-down functions of cmocka: a platform with 4, or 1, vCPUs, time at 0. */
int fixture_setup(void **state);
int fixture_setup_single(void **state);
int fixture_teardown(void **state);

/* Let the time pass, firing timers on the way, each when it is due. Returns how many. */
unsigned fixture_advance(u64 ticks);
static inline u64 guest_now(void)
{
	return fake_tsc + FIXTURE_OFFSET;
}

static inline u8 in8(u16 port)
{
	return (u8)bus_read(&fx.p.ports, port, 1);
}
static inline u16 in16(u16 port)
{
	return (u16)bus_read(&fx.p.ports, port, 2);
}
static inline u32 in32(u16 port)
{
	return (u32)bus_read(&fx.p.ports, port, 4);
}
static inline void out8(u16 port, u8 value)
{
	bus_write(&fx.p.ports, port, 1, value);
}
static inline void out16(u16 port, u16 value)
{
	bus_write(&fx.p.ports, port, 2, value);
}
static inline void out32(u16 port, u32 value)
{
	bus_write(&fx.p.ports, port, 4, value);
}

/* The I/O APIC through its window. */
u32 ioapic_read(u8 reg);
void ioapic_write(u8 reg, u32 value);
void ioapic_entry(unsigned pin, u64 rte);
u64 ioapic_get(unsigned pin);

/* Take the next vector of a vCPU as its run loop would, -1: none. */
int take(unsigned cpu);
/* Switch on a local APIC by software; the same in x2APIC mode. */
void lapic_enable(unsigned cpu);
void lapic_x2apic(unsigned cpu);

#endif
