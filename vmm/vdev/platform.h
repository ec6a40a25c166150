/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices that every VM has, wired together: local APICs, I/O APIC, PICs,
 * PIT, RTC, UART, ACPI power management, PCI host bridge. The platform knows
 * nothing of struct vm: what it needs from it comes through platform_host_ops.
 */
#ifndef VMM_VDEV_PLATFORM_H
#define VMM_VDEV_PLATFORM_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"
#include "vmm/vdev/bus.h"

struct vlapic;
struct vioapic;
struct vpic;
struct vpit;
struct vrtc;
struct vuart;
struct vpm;
struct vpci_host;

/* Calls from the devices to the VM that owns them; vm is platform.vm. */
struct platform_host_ops {
	/* vCPU `index` has something new in its vlapic (posted bit, INIT, NMI, ExtINT): wake
	 * it if it sleeps, kick it out of guest mode if it runs on another CPU. */
	void (*kick)(void *vm, unsigned index);
	/* A vector was posted for vCPU `index` that hardware, where it can, may deliver without
	 * the vCPU leaving guest mode; otherwise as kick(). */
	void (*post)(void *vm, unsigned index);
	/* INIT and SIPI received by vCPU `index`. */
	void (*init)(void *vm, unsigned index);
	void (*sipi)(void *vm, unsigned index, u8 vector);
	void (*nmi)(void *vm, unsigned index);
	/* Guest asked for power-off (S5) or for a reset. Returns; the VM stops soon after. */
	void (*power_off)(void *vm);
	void (*reset)(void *vm);
	/* What the guest wrote to COM1, a line or a part of one. No device lock is held. Returns
	 * how many bytes were taken; the rest is given again a little later. Does not wait. */
	size_t (*uart_output)(void *vm, const char *bytes, size_t len);
	/* Guest TSC of this VM (all vCPUs share one offset) and its rate. */
	u64 (*guest_tsc)(void *vm);
	u64 (*guest_tsc_to_host)(void *vm, u64 guest_tsc);
	/* UTC in nanoseconds since 1970, for the RTC. NULL: the RTC starts in 2000. */
	u64 (*utc_ns)(void *vm);
};

struct platform {
	void *vm;
	const struct platform_host_ops *host;
	unsigned cpus;
	u64 ram_size; /* bytes; see vmm/vm/layout.h for where it lies */
	u64 tsc_hz;   /* rate of the guest TSC, which every device clock is derived from */
	bool intr;    /* the PICs' INTR line; atomic */
	u32 arbiter;  /* turn of lowest-priority delivery, by vlapic_deliver() */
	struct bus ports, mmio; /* all but the local APIC's page, which the run loop serves */
	struct vlapic **lapic;  /* [cpus] */
	struct vioapic *ioapic;
	struct vpic *pic;
	struct vpit *pit;
	struct vrtc *rtc;
	struct vuart *uart;
	struct vpm *pm;
	struct vpci_host *pci;
};

/* Create all devices, in the state after power-on. vm, host, cpus, ram_size and tsc_hz are
 * set. ERR_NOMEM, ERR_INVAL (cpus not 1 to 254, no rate). */
int __must_check platform_create(struct platform *p);
void platform_destroy(struct platform *p);

/* Power-on state again, as firmware leaves it to an operating system: LINT0 of vCPU 0 takes
 * the PICs' interrupts (virtual wire). No vCPU runs. */
void platform_reset(struct platform *p);

/*
 * Write the ACPI tables (RSDP at LAYOUT_BIOS, all else behind it) into the
 * LAYOUT_BIOS_SIZE bytes at `bios`.
 */
int __must_check platform_write_tables(struct platform *p, u8 *bios);

/* Drive interrupt line gsi (I/O APIC input; inputs below 16 reach the PICs too). */
void platform_irq(struct platform *p, unsigned gsi, bool level);

/* Deliver an MSI (address and data as written by a device). */
void platform_msi(struct platform *p, u64 address, u32 data);

/* Bytes typed at the VM's console. */
void platform_uart_input(struct platform *p, const char *bytes, size_t len);

/* Whether the local APIC of vCPU 0 lets the PICs' interrupts through. */
bool platform_extint_enabled(struct platform *p);

/*
 * The PICs' interrupts, for the run loop of vCPU 0, after vlapic_next() had nothing: pending
 * is cheap; ack is the processor's INTA cycle and returns the vector.
 */
static inline bool platform_extint_pending(struct platform *p)
{
	return unlikely(__atomic_load_n(&p->intr, __ATOMIC_ACQUIRE)) && platform_extint_enabled(p);
}
u8 platform_extint_ack(struct platform *p);

/* Press the ACPI power button: an operating system that listens shuts down. */
void platform_power_button(struct platform *p);

#endif
