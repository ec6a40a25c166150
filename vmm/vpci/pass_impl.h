/* SPDX-License-Identifier: BSD-2-Clause */
/* Internal to vmm/vpci/pass*.c. */
#ifndef VMM_VPCI_PASS_IMPL_H
#define VMM_VPCI_PASS_IMPL_H

#include "drivers/iommu/iommu.h"
#include "drivers/nic/nic.h"
#include "drivers/pci/function.h"
#include "drivers/pci/msi.h"
#include "kernel/time/timer.h"
#include "vmm/vpci/device.h"
#include "vmm/vpci/pass.h"

#define PASS_VECTORS 16
#define PASS_NAME 48

/* Interrupts of a function in a window. Each costs its processor some 1,500 instructions. */
#define PASS_STORM_NS 10000000ull
#define PASS_STORM 1000

struct pass_function;

/* One interrupt of the device. They stay when the device is given back, since one may be on its
 * way. */
struct pass_vector {
	struct pass_function *fn;
	int vector; /* of the host's, -1: none */
	u16 index;
	struct iommu_irq irq;
};

/* A function of the machine that is named in the configuration, by one or more VMs. */
struct pass_function {
	struct list link;
	struct pci_device *dev;
	struct nic
	    *pf; /* the card that the core drives, of whose virtual functions it is one; or NULL */
	enum pass_state state;
	struct pass *user; /* PASS_GIVEN */

	struct ticketlock lock;    /* of msix_to and state, also by interrupts and the timer */
	struct vpci_msix *msix_to; /* the guest's; NULL: interrupts are dropped */
	struct pci_msix msix;
	bool msix_open;
	u32 vectors; /* of vector[] */
	struct pass_vector vector[PASS_VECTORS];
	u64 interrupts, resets;

	/* More interrupts than this wait in the device's table until the window has passed. */
	u64 window; /* where it began, TSC */
	u32 burst;  /* interrupts in it */
	bool storm; /* they wait; storm_timer is armed */
	u64 storms; /* windows that were too full, since the function was given */
	struct timer storm_timer;

	struct pci_reset reset;
	struct timer timer;
	void (*reset_done)(struct pass_function *fn, int err); /* NULL: it becomes free, or dead */
};

/* Where a BAR of the guest's is mapped. */
struct pass_bar {
	u64 at;            /* guest-physical; 0: nowhere */
	u64 low, high;     /* of the BAR, pages that exit: the MSI-X table's; the same: none */
	volatile u8 *regs; /* of those pages, or of all where the BAR is smaller than a page */
};

struct pass {
	struct list link;
	const struct config_pass *config;
	const struct vm_config *vm_config;
	char name[PASS_NAME];
	char why[128];            /* it is refused */
	struct pass_function *fn; /* NULL: refused */
	struct nic_vf_config vf;
	bool detached;

	/* While its VM is built. */
	struct vm *vm;
	struct vpci_device pci;
	struct pass_bar bar[VPCI_BARS];
	u32 moves; /* of BARs */
	u32 pcie;  /* offset of the guest's PCI Express capability */
	bool attached;
	bool guest_reset; /* the guest has asked for a reset of the function, which goes on */
};

extern struct list pass_list;

/* pass_function.c. Find its MSI-X, take vectors; the first time only. */
int __must_check pass_function_prepare(struct pass_function *fn);
/* Claim it: free -> given. ERR_BUSY. And the reverse, if it was not started. */
/* dev is set up for it; at boot. */
void pass_function_init(struct pass_function *fn, struct pci_device *dev);
int __must_check pass_function_open(struct pass_function *fn);
void pass_function_free(struct pass_function *fn);
/* Let interrupts go to msix, and the function be used; and stop both. */
int __must_check pass_function_start(struct pass_function *fn, struct vpci_msix *msix);
void pass_function_stop(struct pass_function *fn);
/* No reset of it goes on any more. */
void pass_function_quiet(struct pass_function *fn);
/* Begin to reset it; done, if not NULL, is called with what came of it. */
void pass_function_reset(struct pass_function *fn, void (*done)(struct pass_function *fn, int err));

/* pass_device.c: what the guest sees. */
int __must_check pass_device_create(struct pass *p, struct platform *platform);
void pass_device_destroy(struct pass *p);

/* pass_dma.c: the VM's domain. */
int __must_check pass_domain_create(struct vm *vm);
void pass_domain_destroy(struct vm *vm);

#endif
