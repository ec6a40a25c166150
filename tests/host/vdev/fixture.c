/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/vdev/fixture.h"

#include "arch/x86/cpu/msr.h"
#include "arch/x86/virt.h"
#include "kernel/mm/heap.h"
#include "kernel/time/timer.h"
#include "vmm/vm/layout.h"

struct fixture fx;
struct virt_caps virt_caps;

/* --- the VM ------------------------------------------------------------------------------------
 */

static void on_kick(void *vm, unsigned index)
{
	(void)vm;
	fx.kicks[index]++;
}

static void on_init(void *vm, unsigned index)
{
	(void)vm;
	fx.inits[index]++;
}

static void on_sipi(void *vm, unsigned index, u8 vector)
{
	(void)vm;
	fx.sipis[index]++;
	fx.sipi_vector = vector;
}

static void on_nmi(void *vm, unsigned index)
{
	(void)vm;
	fx.nmis[index]++;
}

static void on_power_off(void *vm)
{
	(void)vm;
	fx.power_offs++;
}

static void on_reset(void *vm)
{
	(void)vm;
	fx.resets++;
}

static size_t on_output(void *vm, const char *bytes, size_t len)
{
	(void)vm;
	fx.output_calls++;
	if (fx.output_stuck)
		len = 0;
	if (len > sizeof(fx.output) - fx.output_len)
		fx.output_len = 0;
	memcpy(fx.output + fx.output_len, bytes, len);
	fx.output_len += len;
	return len;
}

static u64 on_guest_tsc(void *vm)
{
	(void)vm;
	return guest_now();
}

static u64 on_guest_tsc_to_host(void *vm, u64 guest_tsc)
{
	(void)vm;
	return guest_tsc - FIXTURE_OFFSET;
}

static u64 on_utc_ns(void *vm)
{
	(void)vm;
	return FIXTURE_UTC_NS + fake_tsc;
}

static const struct platform_host_ops host_ops = {
    .kick = on_kick,
    .post = on_kick,
    .init = on_init,
    .sipi = on_sipi,
    .nmi = on_nmi,
    .power_off = on_power_off,
    .reset = on_reset,
    .uart_output = on_output,
    .guest_tsc = on_guest_tsc,
    .guest_tsc_to_host = on_guest_tsc_to_host,
    .utc_ns = on_utc_ns,
};

static int setup(unsigned cpus)
{
	memset(&fx, 0, sizeof(fx));
	memset(&virt_caps, 0, sizeof(virt_caps));
	fake_tsc = 0;
	timer_setup_cpu();
	fx.p.vm = &fx;
	fx.p.host = &host_ops;
	fx.p.cpus = cpus;
	fx.p.ram_size = GIB(4);
	fx.p.tsc_hz = FIXTURE_HZ;
	return platform_create(&fx.p);
}

int fixture_setup(void **state)
{
	(void)state;
	return setup(4);
}

int fixture_setup_single(void **state)
{
	(void)state;
	return setup(1);
}

int fixture_teardown(void **state)
{
	(void)state;
	platform_destroy(&fx.p);
	return timer_next() == TIMER_NEVER ? 0 : -1;
}

unsigned fixture_advance(u64 ticks)
{
	u64 end = fake_tsc + ticks;
	unsigned fired = 0;

	while (timer_next() <= end) {
		fake_tsc = MAX(fake_tsc, timer_next());
		fired += timer_run_expired();
	}
	fake_tsc = end;
	return fired;
}

/* --- guest's view ------------------------------------------------------------------------------
 */

u32 ioapic_read(u8 reg)
{
	bus_write(&fx.p.mmio, LAYOUT_IOAPIC, 4, reg);
	return (u32)bus_read(&fx.p.mmio, LAYOUT_IOAPIC + 0x10, 4);
}

void ioapic_write(u8 reg, u32 value)
{
	bus_write(&fx.p.mmio, LAYOUT_IOAPIC, 4, reg);
	bus_write(&fx.p.mmio, LAYOUT_IOAPIC + 0x10, 4, value);
}

void ioapic_entry(unsigned pin, u64 rte)
{
	ioapic_write((u8)(0x11 + pin * 2), (u32)(rte >> 32));
	ioapic_write((u8)(0x10 + pin * 2), (u32)rte);
}

u64 ioapic_get(unsigned pin)
{
	return ioapic_read((u8)(0x10 + pin * 2)) | (u64)ioapic_read((u8)(0x11 + pin * 2)) << 32;
}

int take(unsigned cpu)
{
	struct vlapic *v = fx.p.lapic[cpu];

	vlapic_sync(v);
	return vlapic_take(v);
}

void lapic_enable(unsigned cpu)
{
	vlapic_mmio_write(fx.p.lapic[cpu], 0xf0, 0x1ff);
}

void lapic_x2apic(unsigned cpu)
{
	struct vlapic *v = fx.p.lapic[cpu];
	u64 base;

	assert_int_equal(vlapic_msr_read(v, MSR_IA32_APIC_BASE, &base), 0);
	assert_int_equal(vlapic_msr_write(v, MSR_IA32_APIC_BASE, base | APIC_BASE_X2APIC), 0);
	assert_int_equal(vlapic_msr_write(v, 0x80f, 0x1ff), 0);
}
