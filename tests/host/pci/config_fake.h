/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration space of 4 KiB per function that behaves: registers have writable bits, functions
 * reset, virtual functions come and go. In place of drivers/pci/access.c.
 */
#ifndef TESTS_HOST_PCI_CONFIG_FAKE_H
#define TESTS_HOST_PCI_CONFIG_FAKE_H

#include "drivers/pci/pci.h"

struct config_fake {
	u16 bdf;
	u8 value[4096], writable[4096];
	bool absent;    /* it does not answer */
	u32 resets;     /* function-level resets so far */
	u64 answers_at; /* TSC: after a reset it answers from then on; ~0: never */
	u64 reset_takes;
	/* Virtual functions appear when they are turned on. */
	u16 sriov;
	bool vfs_dead;
	u16 offset_ari, stride_ari; /* what it says with ARI on; 0: the same as without */
	struct pci_device dev;      /* as the scan would find it */
};

/* The TSC, moved by every look at it. */
extern u64 config_fake_now;

/* Forget all functions, those that the core knows included. */
void config_fake_reset(void);
/* A function at this address, with a PCI Express capability of that type at 0x40. */
struct config_fake *config_fake_add(u16 bdf, u8 type, struct pci_device *parent);
struct config_fake *config_fake_find(u16 bdf);
void config_set(struct config_fake *f, u32 offset, unsigned size, u32 value);
u32 config_get(const struct config_fake *f, u32 offset, unsigned size);
void config_writable(struct config_fake *f, u32 offset, unsigned size, u32 mask);
/* Let the core know it, as the scan does. */
struct pci_device *config_fake_scan(struct config_fake *f);
/* An extended capability at offset, behind those so far. */
void config_fake_ext_cap(struct config_fake *f, u16 id, u16 offset);
/* SR-IOV at 0x160: of total functions, with 16 KiB in BAR 0 and 64 bit wide in BAR 3. */
void config_fake_sriov(struct config_fake *f, u16 total, u16 offset, u16 stride);
/* A bridge's buses and memory windows. */
void config_fake_bridge(struct config_fake *f, u8 secondary, u8 subordinate, u32 base, u32 end);

#endif
