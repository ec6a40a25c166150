/* SPDX-License-Identifier: BSD-2-Clause */
/* The pieces that main.c puts together: each turns facts of the handoff or of the
 * firmware's tables into calls of the layers below. */
#ifndef BOOT_CORE_BOOT_H
#define BOOT_CORE_BOOT_H

#include "boot/handoff/handoff.h"
#include "drivers/acpi/acpi.h"
#include "drivers/acpi/fadt.h"
#include "drivers/acpi/madt.h"

/* What is known about this machine. */
struct boot {
	struct handoff handoff; /* a copy; what it names is reached by hpa_to_virt() */
	struct acpi acpi;
	struct madt madt;
	bool has_madt;
	struct fadt fadt;
	bool has_fadt;
};
extern struct boot boot;

/* Element i of a table of the handoff, by the direct map; i < t->count. */
const void *boot_table_entry(const struct handoff_table *t, u32 i);

/* Check and copy the handoff, make the direct map usable. Does not return when
 * this is no handoff of ours. */
void boot_take_handoff(u64 phys);

/* What the loader had to say, into the log. */
void boot_log_messages(void);

/* boot/core/console.c: log, console, screen, serial port. */
void boot_console_init(void);
void boot_console_remap(void); /* the screen, once mmio_map() works */
void boot_console_find(void);  /* the serial port, once ACPI tables are read */
void boot_console_start(void); /* by interrupts, once the scheduler is set up */

/* boot/core/memory.c: allocators, then the core's own page tables. Panics when
 * there is no memory at all. */
void boot_memory_init(void);
void boot_memory_map(void);
void boot_memory_reclaim(void); /* what the loader used */

/* boot/core/firmware.c: ACPI tables, and what they say on power. */
void boot_acpi_init(void);

/* boot/core/machine.c: clocks, interrupt controllers, processors. */
void boot_time_init(void);
void boot_irq_init(void);
void boot_smp_start(void);

/* boot/core/devices.c: PCI functions. Before other processors. */
void boot_pci_init(void);

/* boot/core/guests.c: virtualization, configuration, virtual machines. */
void boot_virt_init(void);
/* A processor cannot run guests: then none does, since a vCPU may run on any. */
void boot_virt_missing(void);
void boot_guests_start(void);

#endif
