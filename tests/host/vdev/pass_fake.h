/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine below vmm/vpci/pass*.c: functions that reset when time passes, a remapping unit and a
 * card that write down what they are told, one VM's memory.
 */
#ifndef TESTS_HOST_VDEV_PASS_FAKE_H
#define TESTS_HOST_VDEV_PASS_FAKE_H

#include "tests/host/vdev/fixture.h"
#include "vmm/vm/vm.h"
#include "vmm/vpci/pass_impl.h"

#define FAKE_PF PCI_BDF(1, 0, 0)
#define FAKE_VFS 4
#define FAKE_VF(i) PCI_BDF(1, 16, 2 * (i))
#define FAKE_VECTORS 3
#define FAKE_TABLE_BAR 3
/* BARs 0 and 3 of a function, 16 KiB each, where the machine has them. */
#define FAKE_BAR 0xfe000000ull
#define FAKE_BAR_BYTES KIB(16)
/* Whole devices, by bus; FAKE_GOOD is one that may be given. */
enum {
	FAKE_GOOD = 2,
	FAKE_BRIDGE,
	FAKE_NO_MSIX,
	FAKE_NO_RESET,
	FAKE_SHARED,
	FAKE_UNFIT,
	FAKE_OWNED,
	FAKE_DEVICES
};

struct pass_fake {
	bool no_unit, no_irqs; /* no VT-d; interrupts are not remapped */
	u16 deaf;              /* this function does not come back from a reset */
	bool unit_is_deaf;     /* detaching ends in ERR_TIMEOUT */
	int irqs_left;         /* entries of the remapping table */
	int domains_left;
	u64 reset_takes; /* ns */

	char events[512]; /* "attach 0110 open ..." */
	unsigned attached, mapped, domains;
	unsigned masked;  /* entries of the MSI-X table that was changed last */
	u64 mapped_bytes; /* of devices' registers, in the guest */
	u64 highest;      /* end of what is mapped */
	u64 config_writes;
	u16 command; /* last written to a function */
	bool cpu_differs, dma_differs;
};
extern struct pass_fake fake;

void fake_machine_reset(void);
/* The device's n-th interrupt. */
void fake_interrupt(struct pass *p, u32 n);
void fake_event(const char *fmt, ...) __printf(1, 2);
/* Have these come, in this order, and nothing else? Forgets them. */
void fake_expect(const char *events);

#endif
