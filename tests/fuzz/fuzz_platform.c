/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile guest: ports, MMIO, local APIC registers and MSRs, lines, input, time, in any
 * order and with any values. Nothing may crash, hang, or make timers fire in a storm.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/cpu/msr.h"
#include "arch/x86/virt.h"
#include "kernel/mm/heap.h"
#include "kernel/time/timer.h"
#include "tests/host/services/fake.h"
#include "vmm/vdev/platform.h"
#include "vmm/vdev/vlapic.h"
#include "vmm/vm/layout.h"
#include "vmm/vpci/vpci.h"

#define CPUS 3
#define HZ 1000000000ull
/* More timers in a millisecond than all devices at their shortest periods could fire. */
#define MOST_PER_MS ((CPUS + 8) * (1000 / VLAPIC_MIN_PERIOD_US + 1))

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct virt_caps virt_caps;
static u64 offset;

static void on_index(void *vm, unsigned index)
{
	(void)vm;
	if (index >= CPUS)
		abort();
}

static void on_sipi(void *vm, unsigned index, u8 vector)
{
	(void)vector;
	on_index(vm, index);
}

static void on_vm(void *vm)
{
	(void)vm;
}

static size_t on_output(void *vm, const char *bytes, size_t len)
{
	static volatile char sink;

	(void)vm;
	for (size_t i = 0; i < len; i++)
		sink = bytes[i];
	(void)sink;
	return (len + 1) / 2; /* slow, but it gets on */
}

static u64 on_guest_tsc(void *vm)
{
	(void)vm;
	return fake_tsc + offset;
}

static u64 on_guest_tsc_to_host(void *vm, u64 guest_tsc)
{
	(void)vm;
	return guest_tsc - offset;
}

static const struct platform_host_ops host_ops = {
    .kick = on_index,
    .post = on_index,
    .init = on_index,
    .sipi = on_sipi,
    .nmi = on_index,
    .power_off = on_vm,
    .reset = on_vm,
    .uart_output = on_output,
    .guest_tsc = on_guest_tsc,
    .guest_tsc_to_host = on_guest_tsc_to_host,
};

/* What follows of the input; zeros when it is at its end. */
struct input {
	const u8 *data;
	size_t left;
};

static u64 take(struct input *in, size_t bytes)
{
	u64 value = 0;

	bytes = MIN(bytes, in->left);
	memcpy(&value, in->data, bytes);
	in->data += bytes;
	in->left -= bytes;
	return value;
}

static void pass_time(u64 ticks)
{
	u64 end = fake_tsc + ticks;
	unsigned fired = 0;

	while (timer_next() <= end) {
		fake_tsc = MAX(fake_tsc, timer_next());
		fired += timer_run_expired();
	}
	fake_tsc = end;
	if (fired > MOST_PER_MS * (ticks / 1000000 + 1))
		abort();
}

/* As the run loop: take, and end, some of what is pending. */
static void serve(struct platform *p, unsigned cpu)
{
	struct vlapic *v = p->lapic[cpu];
	int vector;

	vlapic_sync(v);
	if (virt_caps.virq_delivery)
		vlapic_tpr_threshold_scan(v);
	else
		vlapic_tpr_threshold(v);
	vector = vlapic_next(v);
	if (vector >= 0) {
		if (vector < 16 || vlapic_irr(v) < vector)
			abort();
		if (vlapic_take(v) != vector || vlapic_isr(v) != vector)
			abort();
	} else if (cpu == 0 && platform_extint_pending(p)) {
		platform_extint_ack(p);
	}
}

static const u16 ports[] = {0x20,  0x21,  0xa0,  0xa1,  0x4d0, 0x4d1, 0x40,  0x41,
			    0x42,  0x43,  0x61,  0x70,  0x71,  0x92,  0x60,  0x64,
			    0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fc, 0x3fd, 0x3fe, 0x3ff,
			    0x600, 0x602, 0x604, 0x608, 0xcf8, 0xcf9, 0xcfc, 0xcfe};

static u16 some_port(struct input *in)
{
	u8 choice = (u8)take(in, 1);

	return choice & 0x80 ? (u16)take(in, 2) : ports[choice % ARRAY_SIZE(ports)];
}

static u64 some_gpa(struct input *in)
{
	static const u64 bases[] = {LAYOUT_IOAPIC, LAYOUT_IOAPIC, LAYOUT_ECAM, 0};
	u8 choice = (u8)take(in, 1);

	if (choice % 4 == 3)
		return take(in, 8);
	return bases[choice % 4] + take(in, choice % 4 == 2 ? 4 : 1);
}

static void step(struct platform *p, struct input *in)
{
	u8 op = (u8)take(in, 1);
	struct vlapic *v = p->lapic[op / 16 % CPUS];
	unsigned size = 1u << (op >> 6);
	char text[8];
	u64 value;

	switch (op % 16) {
	case 0:
		bus_read(&p->ports, some_port(in), MIN(size, 4u));
		break;
	case 1:
	case 2:
		bus_write(&p->ports, some_port(in), MIN(size, 4u), take(in, MIN(size, 4u)));
		break;
	case 3:
		bus_read(&p->mmio, some_gpa(in), size);
		break;
	case 4:
		bus_write(&p->mmio, some_gpa(in), size, take(in, size));
		break;
	case 5:
		vlapic_mmio_read(v, (u32)take(in, 2));
		break;
	case 6:
	case 7:
		vlapic_mmio_write(v, (u32)take(in, 2), (u32)take(in, 4));
		break;
	case 8:
		if (!vlapic_msr_read(v, MSR_X2APIC_BASE + (u32)take(in, 1), &value) && value == 1)
			break;
		break;
	case 9:
		if (vlapic_msr_write(v, MSR_X2APIC_BASE + (u32)take(in, 1), take(in, size)))
			break;
		break;
	case 10:
		/* Near deadlines are more likely than by chance. */
		value = op & 0x80 ? take(in, 8) : fake_tsc + offset + take(in, 3);
		if (vlapic_msr_write(v, MSR_IA32_TSC_DEADLINE, value))
			abort();
		break;
	case 11:
		value = take(in, 1);
		if (vlapic_msr_write(v, MSR_IA32_APIC_BASE,
				     value & 0x80 ? take(in, 8) : LAYOUT_LAPIC | value << 8))
			break;
		break;
	case 12:
		pass_time(take(in, op & 0x80 ? 4 : 3));
		break;
	case 13:
		serve(p, op / 16 % CPUS);
		break;
	case 14:
		value = take(in, 2);
		if (op & 0x40)
			platform_msi(p, LAYOUT_LAPIC | value << 4, (u32)take(in, 2));
		else
			platform_irq(p, value & 31, value & 0x100);
		break;
	default:
		if (op & 0x80) {
			vlapic_reset(v, op & 0x40);
		} else if (op & 0x40) {
			vpci_intx(p->pci, 0, op >> 4 & 3, take(in, 1) & 1);
			platform_power_button(p);
		} else {
			value = take(in, 8);
			memcpy(text, &value, sizeof(text));
			platform_uart_input(p, text, sizeof(text));
		}
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static u8 bios[LAYOUT_BIOS_SIZE];
	struct input in = {data, size};
	struct platform p = {.host = &host_ops, .cpus = CPUS, .ram_size = MIB(64), .tsc_hz = HZ};

	fake_tsc = 1;
	timer_setup_cpu();
	offset = take(&in, 1) ? take(&in, 5) : 0;
	virt_caps.virq_delivery = offset & 1;
	virt_caps.posted_irr = (offset & 3) == 3;
	if (platform_create(&p) || platform_write_tables(&p, bios))
		abort();
	while (in.left)
		step(&p, &in);
	pass_time(HZ / 100);
	platform_reset(&p);
	pass_time(HZ); /* output that was written before the reset is still given out */
	if (timer_next() != TIMER_NEVER)
		abort();
	platform_destroy(&p);
	return 0;
}
