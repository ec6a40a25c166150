/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What it takes to give a function to somebody else: virtual functions, resources that firmware
 * did not assign, isolation from neighbours, power, and reset.
 */
#ifndef DRIVERS_PCI_FUNCTION_H
#define DRIVERS_PCI_FUNCTION_H

#include "drivers/pci/pci.h"

/*
 * Turn on count virtual functions of pf (PCI Express 5.0, 9.2.1.2) and add them to the machine's
 * functions; they stay for ever. At boot, and before pf's driver needs it: many devices reset the
 * physical function. Waits up to a second. ERR_UNSUPPORTED: pf can have none; ERR_RANGE: fewer
 * than count, or no bus number or no memory window has room for them; ERR_BUSY: some are on
 * already; ERR_IO: what pf says of them cannot be; ERR_TIMEOUT: they do not answer; ERR_NOMEM.
 */
int __must_check pci_sriov_enable(struct pci_device *pf, u16 count);
/* A virtual function that is on, or NULL. */
struct pci_device *pci_sriov_vf(const struct pci_device *pf, u32 index);

/* A free stretch of size bytes (a power of two, which it is aligned to) in the windows of the
 * bridge above dev; ERR_RANGE: there is none; ERR_UNSUPPORTED: dev is on a root bus, whose windows
 * are not known. */
int __must_check pci_space_find(const struct pci_device *dev, const struct pci_bar *bar, u64 size,
				u64 *base);
/* Place the memory BARs that firmware did not. Errors as above; decoding stays as it is. */
int __must_check pci_bars_assign(struct pci_device *dev);

/* Make every port that can refuse to connect devices below it directly (access control services,
 * PCI Express 5.0, 6.12). At boot. */
void pci_isolation_enable(void);
/* Can dev reach its neighbours behind the back of the remapping unit? NULL: no; else the reason, a
 * phrase for the operator, in which `where` is the function that lets it. */
const char *pci_isolation_missing(const struct pci_device *dev, const struct pci_device **where);

/* Into state D0. Waits 10 ms if it was not. */
void pci_power_on(const struct pci_device *dev);

/*
 * Function-level reset (6.6.2), or what comes nearest to it. Nothing waits: start, then poll
 * until it does not say ERR_BUSY. It quiets the function first and puts back what firmware
 * configured: BARs, and the link's parameters.
 */
enum pci_reset_kind { PCI_RESET_NONE, PCI_RESET_FLR, PCI_RESET_AF, PCI_RESET_POWER };
struct pci_reset {
	const struct pci_device *dev;
	enum pci_reset_kind kind;
	u16 cap;               /* that kind needs */
	u16 control, control2; /* of the PCI Express capability */
	unsigned step;
	u64 deadline; /* TSC */
};
/* Which kind it would be, without beginning it. */
enum pci_reset_kind pci_reset_choose(struct pci_reset *r, const struct pci_device *dev);
/* ERR_UNSUPPORTED: the function has no reset of its own. */
int __must_check pci_reset_start(struct pci_reset *r, const struct pci_device *dev);
/* ERR_BUSY: not yet; 0: done; ERR_TIMEOUT: it does not answer any more, leave it alone. */
int __must_check pci_reset_poll(struct pci_reset *r);
const char *pci_reset_name(enum pci_reset_kind kind);

#endif
