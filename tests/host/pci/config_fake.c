/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/pci/config_fake.h"

#include <stdlib.h>
#include <string.h>

#include "arch/x86/cpu/tsc.h"
#include "drivers/pci/regs.h"
#include "kernel/mm/heap.h"

#define FUNCTIONS 64
#define SRIOV 0x160

static struct config_fake *functions[FUNCTIONS];
static u32 count;
u64 config_fake_now;

/* In place of those of kernel/time/time.h, which has a weak one. */
u64 time_tsc(void);
u64 time_ns_to_ticks(u64 ns);

u64 time_tsc(void)
{
	return config_fake_now += 1000000;
}

u64 time_ns_to_ticks(u64 ns)
{
	return ns;
}

void tsc_delay_us(u64 us)
{
	config_fake_now += us * 1000;
}

void config_fake_reset(void)
{
	struct pci_device *d, *next;

	for (d = pci_next(NULL); d; d = next) {
		next = pci_next(d);
		list_del(&d->link);
		if (d->pf)
			heap_free(d);
	}
	while (count)
		free(functions[--count]);
}

struct config_fake *config_fake_find(u16 bdf)
{
	for (u32 i = 0; i < count; i++)
		if (functions[i]->bdf == bdf)
			return functions[i];
	return NULL;
}

void config_set(struct config_fake *f, u32 offset, unsigned size, u32 value)
{
	memcpy(f->value + offset, &value, size);
}

u32 config_get(const struct config_fake *f, u32 offset, unsigned size)
{
	u32 value = 0;

	memcpy(&value, f->value + offset, size);
	return value;
}

void config_writable(struct config_fake *f, u32 offset, unsigned size, u32 mask)
{
	memcpy(f->writable + offset, &mask, size);
}

static struct config_fake *add(u16 bdf)
{
	struct config_fake *f = calloc(1, sizeof(*f));

	if (count == FUNCTIONS)
		abort();
	functions[count++] = f;
	f->bdf = bdf;
	config_set(f, PCI_VENDOR_ID, 4, 0x10c98086);
	config_set(f, PCI_CLASS_REVISION, 4, 0x02000001);
	config_writable(f, PCI_COMMAND, 2, 0x7ff);
	return f;
}

struct config_fake *config_fake_add(u16 bdf, u8 type, struct pci_device *parent)
{
	struct config_fake *f = add(bdf);

	f->dev.parent = parent;
	config_set(f, PCI_STATUS, 2, PCI_STATUS_CAPABILITIES);
	config_set(f, PCI_CAPABILITIES, 1, 0x40);
	config_set(f, 0x40, 4, PCI_CAP_PCIE | 2u << 16 | (u32)type << 20);
	config_writable(f, 0x40 + PCIE_DEVICE_CONTROL, 2, 0xffff);
	config_writable(f, 0x40 + PCIE_DEVICE_CONTROL2, 2, 0xffff);
	return f;
}

struct pci_device *config_fake_scan(struct config_fake *f)
{
	f->dev.bdf = f->bdf;
	pci_device_read(&f->dev);
	pci_bars_read(&f->dev, PCI_BAR(0), f->dev.bar, f->dev.bridge ? 2 : PCI_BARS);
	pci_device_add(&f->dev);
	return &f->dev;
}

void config_fake_ext_cap(struct config_fake *f, u16 id, u16 offset)
{
	u32 at = PCI_EXT_CAPABILITIES;

	if (!config_get(f, at, 4)) {
		config_set(f, at, 4, 1u << 16 | 0x000bu); /* a vendor's */
	}
	while (config_get(f, at, 4) >> 20)
		at = config_get(f, at, 4) >> 20;
	config_set(f, at, 4, (config_get(f, at, 4) & 0xfffff) | (u32)offset << 20);
	config_set(f, offset, 4, id | 1u << 16);
}

void config_fake_sriov(struct config_fake *f, u16 total, u16 offset, u16 stride)
{
	config_fake_ext_cap(f, PCI_EXT_CAP_SRIOV, SRIOV);
	f->sriov = SRIOV;
	config_set(f, SRIOV + PCI_SRIOV_INITIAL, 2, total);
	config_set(f, SRIOV + PCI_SRIOV_TOTAL, 2, total);
	config_set(f, SRIOV + PCI_SRIOV_OFFSET, 2, offset);
	config_set(f, SRIOV + PCI_SRIOV_STRIDE, 2, stride);
	config_set(f, SRIOV + PCI_SRIOV_DEVICE_ID, 2, 0x10ca);
	config_set(f, SRIOV + PCI_SRIOV_PAGES, 4, 0x553);
	config_writable(f, SRIOV + PCI_SRIOV_CONTROL, 2, 0x1f);
	config_writable(f, SRIOV + PCI_SRIOV_COUNT, 2, 0xffff);
	config_writable(f, SRIOV + PCI_SRIOV_PAGE, 4, 0xffffffff);
	config_writable(f, SRIOV + PCI_SRIOV_BAR, 4, 0xffffc000);
	config_set(f, SRIOV + PCI_SRIOV_BAR + 12, 4, 4);
	config_writable(f, SRIOV + PCI_SRIOV_BAR + 12, 4, 0xffffc000);
	config_writable(f, SRIOV + PCI_SRIOV_BAR + 16, 4, 0xffffffff);
}

void config_fake_bridge(struct config_fake *f, u8 secondary, u8 subordinate, u32 base, u32 end)
{
	config_set(f, PCI_HEADER_TYPE, 1, PCI_HEADER_BRIDGE);
	config_set(f, PCI_SECONDARY_BUS, 1, secondary);
	config_set(f, PCI_SUBORDINATE_BUS, 1, subordinate);
	config_set(f, PCI_MEMORY_BASE, 2, base >> 16);
	config_set(f, PCI_MEMORY_LIMIT, 2, (end - 1) >> 16 & 0xfff0);
	config_set(f, PCI_PREFETCH_BASE, 2, 0xfff0);
}

static void vfs_change(struct config_fake *pf, bool on)
{
	u16 n = (u16)config_get(pf, pf->sriov + PCI_SRIOV_COUNT, 2);
	u16 bdf = (u16)(pf->bdf + config_get(pf, pf->sriov + PCI_SRIOV_OFFSET, 2));

	for (u32 i = 0; i < n && i < 16; i++) {
		struct config_fake *vf = config_fake_find(bdf);

		if (!vf && on) {
			vf = config_fake_add(bdf, PCIE_TYPE_ENDPOINT, NULL);
			config_set(vf, PCI_VENDOR_ID, 4, 0xffffffff);
			config_set(vf, 0x40 + PCIE_DEVICE_CAP, 4, (u32)PCIE_DEVICE_CAP_FLR);
		}
		if (vf)
			vf->absent = !on || pf->vfs_dead;
		bdf += (u16)config_get(pf, pf->sriov + PCI_SRIOV_STRIDE, 2);
	}
}

static void function_reset(struct config_fake *f)
{
	f->resets++;
	f->answers_at = f->reset_takes == ~0ull ? ~0ull : config_fake_now + f->reset_takes;
	config_set(f, PCI_COMMAND, 2, 0);
	config_set(f, 0x40 + PCIE_DEVICE_CONTROL, 2, 0x2810);
	for (u32 at = PCI_BAR(0); at < PCI_BAR(6); at++)
		f->value[at] &= (u8)~f->writable[at];
}

static void effects(struct config_fake *f, u32 offset)
{
	u32 control = f->sriov ? config_get(f, f->sriov + PCI_SRIOV_CONTROL, 2) : 0;

	if (offset == 0x40 + PCIE_DEVICE_CONTROL &&
	    config_get(f, offset, 2) & PCIE_DEVICE_CONTROL_FLR)
		function_reset(f);
	if (f->sriov && offset == (u32)f->sriov + PCI_SRIOV_CONTROL) {
		if (control & PCI_SRIOV_CONTROL_ARI && f->offset_ari) {
			config_set(f, f->sriov + PCI_SRIOV_OFFSET, 2, f->offset_ari);
			config_set(f, f->sriov + PCI_SRIOV_STRIDE, 2, f->stride_ari);
		}
		vfs_change(f, control & PCI_SRIOV_CONTROL_ENABLE);
	}
}

static bool silent(const struct config_fake *f)
{
	return !f || f->absent || config_fake_now < f->answers_at;
}

u32 pci_config_read(u16 segment, u16 bdf, u32 offset, unsigned size)
{
	struct config_fake *f = config_fake_find(bdf);

	if (silent(f) || segment || offset + size > sizeof(f->value))
		return 0xffffffffu >> (32 - 8 * size);
	return config_get(f, offset, size);
}

void pci_config_write(u16 segment, u16 bdf, u32 offset, unsigned size, u32 value)
{
	struct config_fake *f = config_fake_find(bdf);

	if (silent(f) || segment || offset + size > sizeof(f->value))
		return;
	for (u32 i = 0; i < size; i++)
		f->value[offset + i] = (u8)((f->value[offset + i] & ~f->writable[offset + i]) |
					    ((u8)(value >> 8 * i) & f->writable[offset + i]));
	effects(f, offset);
}

u32 pci_window_count(void)
{
	return 0;
}

const struct pci_window *pci_window_at(u32 i)
{
	(void)i;
	return NULL;
}
