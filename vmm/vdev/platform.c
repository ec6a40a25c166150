/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM's devices, wired together. */
#include "vmm/vdev/platform.h"

#include "kernel/mm/heap.h"
#include "vmm/vdev/vioapic.h"
#include "vmm/vdev/vlapic.h"
#include "vmm/vdev/vpic.h"
#include "vmm/vdev/vpit.h"
#include "vmm/vdev/vpm.h"
#include "vmm/vdev/vrtc.h"
#include "vmm/vdev/vuart.h"
#include "vmm/vm/layout.h"
#include "vmm/vpci/vpci.h"

/* Local APIC IDs are 8 bits wide in the MADT and in xAPIC mode, and 255 is everybody. */
#define MOST_CPUS 254
/* Device clocks are slower than the TSC. */
#define SLOWEST_TSC 4000000

static int create_lapics(struct platform *p)
{
	int err = 0;

	p->lapic = heap_alloc_array(p->cpus, sizeof(*p->lapic));
	if (!p->lapic)
		return trace_err(ERR_NOMEM, "no memory for local APICs");
	for (unsigned i = 0; !err && i < p->cpus; i++)
		err = vlapic_create(p, i, &p->lapic[i]);
	return err;
}

/* In the order in which they are created: vpci's ports reach vpm's reset register. */
static int (*const creators[])(struct platform *) = {
    create_lapics, vioapic_create, vpic_create, vpit_create,
    vrtc_create,   vuart_create,   vpm_create,  vpci_create,
};

static void forget_devices(struct platform *p)
{
	p->lapic = NULL;
	p->ioapic = NULL;
	p->pic = NULL;
	p->pit = NULL;
	p->rtc = NULL;
	p->uart = NULL;
	p->pm = NULL;
	p->pci = NULL;
}

int platform_create(struct platform *p)
{
	int err = 0;

	bus_init(&p->ports);
	bus_init(&p->mmio);
	forget_devices(p);
	if (!p->cpus || p->cpus > MOST_CPUS || p->tsc_hz < SLOWEST_TSC)
		return trace_err(ERR_INVAL, "%u processors at %llu Hz cannot be", p->cpus,
				 (unsigned long long)p->tsc_hz);
	for (unsigned i = 0; !err && i < ARRAY_SIZE(creators); i++)
		err = creators[i](p);
	if (err)
		platform_destroy(p);
	else
		vlapic_virtual_wire(p->lapic[0]);
	return err;
}

void platform_destroy(struct platform *p)
{
	/* Devices with timers first: they use those behind them. */
	vpci_destroy(p->pci);
	vpm_destroy(p->pm);
	vuart_destroy(p->uart);
	vrtc_destroy(p->rtc);
	vpit_destroy(p->pit);
	for (unsigned i = 0; p->lapic && i < p->cpus; i++)
		vlapic_destroy(p->lapic[i]);
	heap_free(p->lapic);
	vpic_destroy(p->pic);
	vioapic_destroy(p->ioapic);
	bus_destroy(&p->ports);
	bus_destroy(&p->mmio);
	forget_devices(p);
}

void platform_reset(struct platform *p)
{
	/* Sources before controllers, so that no line stays behind. */
	vpci_reset(p->pci);
	vpm_reset(p->pm);
	vuart_reset(p->uart);
	vrtc_reset(p->rtc);
	vpit_reset(p->pit);
	vpic_reset(p->pic);
	vioapic_reset(p->ioapic);
	for (unsigned i = 0; i < p->cpus; i++)
		vlapic_reset(p->lapic[i], false);
	vlapic_virtual_wire(p->lapic[0]);
}

void platform_irq(struct platform *p, unsigned gsi, bool level)
{
	/* IRQ 0 is input 2 of the I/O APIC; the PICs' own input 2 is their cascade. */
	if (gsi == LAYOUT_GSI_PIT)
		vpic_set(p->pic, 0, level);
	else if (gsi && gsi < 16)
		vpic_set(p->pic, gsi, level);
	vioapic_set(p->ioapic, gsi, level);
}

/* SDM vol. 3, 11.11. */
void platform_msi(struct platform *p, u64 address, u32 data)
{
	struct vlapic_message m = {
	    .dest = (u32)(address >> 12 & 0xff),
	    .vector = (u8)data,
	    .delivery = data >> 8 & 7,
	    /* The destination mode counts only with the redirection hint. */
	    .logical = (address & 0xc) == 0xc,
	    .level = data & 0x8000,
	    .assert_ = data & 0x4000,
	};

	if ((address & ~0xfffffull) != LAYOUT_LAPIC)
		return;
	if (!m.logical && m.dest == 0xff)
		m.dest = ~0u;
	vlapic_deliver(p, NULL, &m);
}

void platform_uart_input(struct platform *p, const char *bytes, size_t len)
{
	vuart_input(p->uart, bytes, len);
}

bool platform_extint_enabled(struct platform *p)
{
	return vlapic_extint_enabled(p->lapic[0]);
}

u8 platform_extint_ack(struct platform *p)
{
	return vpic_ack(p->pic);
}

void platform_power_button(struct platform *p)
{
	vpm_power_button(p->pm);
}
