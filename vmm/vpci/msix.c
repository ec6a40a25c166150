/* SPDX-License-Identifier: BSD-2-Clause */
/* MSI-X of emulated functions. */
#include "vmm/vpci/msix.h"

#include <string.h>

#include "kernel/lib/bitmap.h"
#include "kernel/mm/heap.h"
#include "vmm/vdev/platform.h"

#define ENTRY_MASKED 1u

int vpci_msix_create(struct vpci_msix *m, struct platform *p, u32 vectors)
{
	if (!vectors || vectors > VPCI_MSIX_MAX)
		return trace_err(ERR_INVAL, "PCI: MSI-X with %u vectors cannot be", vectors);
	memset(m, 0, sizeof(*m));
	m->p = p;
	m->entry = heap_alloc_array(vectors, sizeof(*m->entry));
	m->pending = heap_alloc_array(BITMAP_WORDS(vectors), sizeof(u64));
	if (!m->entry || !m->pending) {
		vpci_msix_destroy(m);
		return trace_err(ERR_NOMEM, "PCI: no memory for %u MSI-X vectors", vectors);
	}
	m->vectors = vectors;
	vpci_msix_reset(m);
	return 0;
}

void vpci_msix_destroy(struct vpci_msix *m)
{
	heap_free(m->entry);
	heap_free(m->pending);
	memset(m, 0, sizeof(*m));
}

void vpci_msix_reset(struct vpci_msix *m)
{
	ticket_lock(&m->lock);
	__atomic_store_n(&m->control, 0, __ATOMIC_RELAXED);
	for (u32 i = 0; i < m->vectors; i++)
		m->entry[i] = (struct vpci_msix_entry){.control = ENTRY_MASKED};
	if (m->vectors)
		memset(m->pending, 0, BITMAP_WORDS(m->vectors) * sizeof(u64));
	ticket_unlock(&m->lock);
}

/* --- delivery; with the lock held --------------------------------------------------------------
 */

static bool deliverable(const struct vpci_msix *m, u32 vector)
{
	return (m->control & (VPCI_MSIX_ENABLE | VPCI_MSIX_MASK_ALL)) == VPCI_MSIX_ENABLE &&
	       !(m->entry[vector].control & ENTRY_MASKED);
}

/* With the lock held, so that nothing is sent any more once a guest's write that masks it
 * has been done. */
static void send_or_keep(struct vpci_msix *m, u32 vector)
{
	if (deliverable(m, vector))
		platform_msi(m->p, m->entry[vector].address, m->entry[vector].data);
	else
		bitmap_set(m->pending, vector);
}

static void send_pending(struct vpci_msix *m, u32 vector)
{
	if (!bitmap_test(m->pending, vector) || !deliverable(m, vector))
		return;
	bitmap_clear(m->pending, vector);
	platform_msi(m->p, m->entry[vector].address, m->entry[vector].data);
}

void vpci_msix_fire(struct vpci_msix *m, u32 vector)
{
	ticket_lock(&m->lock);
	if (vector < m->vectors && m->control & VPCI_MSIX_ENABLE)
		send_or_keep(m, vector);
	ticket_unlock(&m->lock);
}

void vpci_msix_control(struct vpci_msix *m, u16 control)
{
	ticket_lock(&m->lock);
	__atomic_store_n(&m->control, control & (VPCI_MSIX_ENABLE | VPCI_MSIX_MASK_ALL),
			 __ATOMIC_RELAXED);
	for (size_t i = 0; i < m->vectors; i++) {
		i = bitmap_next_set(m->pending, m->vectors, i);
		if (i < m->vectors)
			send_pending(m, (u32)i);
	}
	ticket_unlock(&m->lock);
}

/* --- the region in the BAR ---------------------------------------------------------------------
 */

static u32 read_dword(const struct vpci_msix *m, u32 offset)
{
	u32 table = vpci_msix_table_size(m->vectors), size = vpci_msix_size(m->vectors);
	const u8 *from;
	u32 value;

	if (offset >= size)
		return 0;
	from = offset < table ? (const u8 *)m->entry + offset
			      : (const u8 *)m->pending + (offset - table);
	memcpy(&value, from, sizeof(value));
	return value;
}

static u64 msix_read(void *dev, u64 offset, unsigned size)
{
	struct vpci_msix *m = dev;
	u64 value;

	if (size < 4 || offset & 3)
		return 0;
	ticket_lock(&m->lock);
	value = read_dword(m, (u32)offset);
	if (size == 8)
		value |= (u64)read_dword(m, (u32)offset + 4) << 32;
	ticket_unlock(&m->lock);
	return value;
}

/* Pending bits are read-only. */
static void write_dword(struct vpci_msix *m, u32 offset, u32 value)
{
	u32 vector = offset / VPCI_MSIX_ENTRY;

	if (offset >= vpci_msix_table_size(m->vectors))
		return;
	switch (offset % VPCI_MSIX_ENTRY) {
	case 0:
		m->entry[vector].address =
		    (m->entry[vector].address & ~0xffffffffull) | (value & ~3u);
		break;
	case 4:
		m->entry[vector].address = (u32)m->entry[vector].address | (u64)value << 32;
		break;
	case 8:
		m->entry[vector].data = value;
		break;
	default:
		m->entry[vector].control = value & ENTRY_MASKED;
		send_pending(m, vector);
		break;
	}
}

static void msix_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct vpci_msix *m = dev;

	if (size < 4 || offset & 3)
		return;
	ticket_lock(&m->lock);
	write_dword(m, (u32)offset, (u32)value);
	if (size == 8)
		write_dword(m, (u32)offset + 4, (u32)(value >> 32));
	ticket_unlock(&m->lock);
}

const struct bus_ops vpci_msix_ops = {msix_read, msix_write};
