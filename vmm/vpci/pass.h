/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices that are passed to guests: a virtual function of a card, or a whole one. The device
 * reaches the VM's memory and nothing else, by a domain of the VM's; its registers are mapped into
 * the guest, without exits; its interrupts come here, and go on as the guest's MSI-X says. What the
 * guest sees of its configuration space is made up.
 *
 * A struct pass exists as long as the configuration; it is the VM's while that is built:
 *
 *	FREE ── the VM starts ──> GIVEN ── it stops, resets or crashes ──> RESETTING ──> FREE
 *	                                                                      └──> DEAD (no answer)
 */
#ifndef VMM_VPCI_PASS_H
#define VMM_VPCI_PASS_H

#include "drivers/nic/nic.h"
#include "kernel/lib/list.h"
#include "vmm/vm/config.h"

struct pass;
struct vm;

enum pass_state { PASS_REFUSED, PASS_FREE, PASS_GIVEN, PASS_RESETTING, PASS_DEAD };

/* Find the devices of the configuration, turn virtual functions on. What cannot be is logged, and
 * its VM does not start. ERR_NOMEM. Once, at boot, before the networks are created. */
int __must_check pass_create_all(const struct config *config);

/* May the VM start or go on after a reset? ERR_BUSY: its devices are still being reset, ask again
 * soon; other errors are in the log. */
int __must_check pass_vm_ready(struct vm *vm);
/* Make the devices on the VM's PCI bus, and the domain with its memory. After the platform. */
int __must_check pass_vm_create(struct vm *vm);
/* Let them work: from here on they reach the VM's memory. No vCPU runs. Harmless if they do. */
int __must_check pass_vm_attach(struct vm *vm);
/* Take them away and begin to reset them. No vCPU runs. ERR_TIMEOUT: one may still reach the VM's
 * memory, which must not be used again. Harmless if they are not there. */
int __must_check pass_vm_release(struct vm *vm);
/* After pass_vm_release(), before the platform goes. */
void pass_vm_destroy(struct vm *vm);

/*
 * Does the VM's table for DMA map what its nested table maps, from gpa on? Looks at a bounded
 * part, moves gpa behind it, and counts what it has seen. ERR_BUSY: there is more; 0: both are the
 * same; ERR_FAULT: they differ at gpa. The VM is held. Without a domain nothing is looked at.
 */
struct pass_verify {
	u64 gpa;
	u64 bytes;     /* that both map to the same memory */
	u64 leaves[2]; /* looked at: nested, DMA */
};
int __must_check pass_verify(struct vm *vm, struct pass_verify *v);
/* Has the VM a domain? */
bool pass_vm_has_domain(const struct vm *vm);

/* For the shell, on processor 0. */
struct pass_info {
	const char *name; /* "web.vf0" */
	const char *vm;
	char device[16]; /* "0000:01:10.0", "-" */
	char pf[16];     /* "0000:01:00.0", "-" */
	bool vf;
	u32 index;
	struct nic_vf_config settings;
	struct nic_vf_info traffic; /* zeros if its card has no driver of ours */
	enum pass_state state;
	bool detached;   /* by the operator: not given at the next start */
	const char *why; /* PASS_REFUSED */
	u64 interrupts, resets;
	u64 storms; /* times that its interrupts were held back, since it was given */
};
bool pass_info(u32 i, struct pass_info *out);
const char *pass_state_name(enum pass_state state);

/* Whether a device is given at the VM's next start. ERR_NOENT: no such device; ERR_BUSY: the VM is
 * built, stop it first. */
int __must_check pass_set_attached(const char *name, bool attached);
/* Change what its physical function does with it, at once. ERR_NOENT; ERR_UNSUPPORTED: it has no
 * such setting. */
int __must_check pass_get_vf(const char *name, struct nic_vf_config *out);
int __must_check pass_set_vf(const char *name, const struct nic_vf_config *config);

#endif
