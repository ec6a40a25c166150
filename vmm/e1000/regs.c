/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers (chapter 13): 32 bits each, in memory, or through a window of two I/O ports. */
#include <string.h>

#include "vmm/e1000/impl.h"

#define STATUS_FIXED (E1000_STATUS_FD | E1000_STATUS_1000 | 0x600) /* and PCI at 33 MHz */
#define RING_LENGTH 0xfff80u
#define VET_8021Q 0x8100
#define PBA_DEFAULT 0x00100030u
#define TCTL_DEFAULT E1000_TCTL_PSP
#define IO_ADDRESS 0 /* offsets in the I/O BAR (13.2.2) */
#define IO_DATA 4

struct reg {
	u32 offset;
	u32 (*read)(struct e1000 *e, u32 offset);
	void (*write)(struct e1000 *e, u32 offset, u32 value);
};

static u32 plain_read(struct e1000 *e, u32 offset)
{
	return e1000_reg(e, offset);
}

static u32 zero_read(struct e1000 *e, u32 offset)
{
	(void)e, (void)offset;
	return 0;
}

static void ignore_write(struct e1000 *e, u32 offset, u32 value)
{
	(void)e, (void)offset, (void)value;
}

/* --- control -----------------------------------------------------------------------------------
 */

static u32 status_read(struct e1000 *e, u32 offset)
{
	(void)offset;
	return STATUS_FIXED | (__atomic_load_n(&e->link, __ATOMIC_RELAXED) ? E1000_STATUS_LU : 0);
}

/* No frame may be on its way in either direction. */
static void software_reset(struct e1000 *e)
{
	ticket_lock(&e->tx.lock);
	ticket_lock(&e->rx.lock);
	e1000_reset_registers(e);
	ticket_unlock(&e->rx.lock);
	ticket_unlock(&e->tx.lock);
	e1000_rx_filter(e);
}

static void ctrl_write(struct e1000 *e, u32 offset, u32 value)
{
	if (value & E1000_CTRL_RST) {
		software_reset(e);
		return;
	}
	if (value & E1000_CTRL_PHY_RST) {
		ticket_lock(&e->lock);
		e1000_phy_reset(e);
		ticket_unlock(&e->lock);
	}
	e1000_set(e, offset, value & ~(u32)E1000_CTRL_PHY_RST);
}

static u32 eecd_read(struct e1000 *e, u32 offset)
{
	u32 value;

	(void)offset;
	ticket_lock(&e->lock);
	value = e1000_eecd_read(e);
	ticket_unlock(&e->lock);
	return value;
}

static void eecd_write(struct e1000 *e, u32 offset, u32 value)
{
	(void)offset;
	ticket_lock(&e->lock);
	e1000_eecd_write(e, value);
	ticket_unlock(&e->lock);
}

static void eerd_write(struct e1000 *e, u32 offset, u32 value)
{
	e1000_set(e, offset, e1000_eerd(e, value));
}

static void mdic_write(struct e1000 *e, u32 offset, u32 value)
{
	ticket_lock(&e->lock);
	e1000_set(e, offset, e1000_mdic(e, value));
	ticket_unlock(&e->lock);
	if (value & E1000_MDIC_INTERRUPT)
		e1000_cause(e, E1000_INT_MDAC);
}

/* --- interrupts --------------------------------------------------------------------------------
 */

static u32 icr_read(struct e1000 *e, u32 offset)
{
	(void)offset;
	return e1000_causes_take(e, ~0u);
}

static void icr_write(struct e1000 *e, u32 offset, u32 value)
{
	(void)offset;
	(void)e1000_causes_take(e, value);
}

static void ics_write(struct e1000 *e, u32 offset, u32 value)
{
	(void)offset;
	e1000_cause(e, value);
}

static u32 ims_read(struct e1000 *e, u32 offset)
{
	(void)offset;
	return __atomic_load_n(&e->mask, __ATOMIC_RELAXED);
}

static void ims_write(struct e1000 *e, u32 offset, u32 value)
{
	(void)offset;
	e1000_mask(e, value, 0);
}

static void imc_write(struct e1000 *e, u32 offset, u32 value)
{
	(void)offset;
	e1000_mask(e, 0, value);
}

/* --- rings and filters -------------------------------------------------------------------------
 */

static void length_write(struct e1000 *e, u32 offset, u32 value)
{
	e1000_set(e, offset, value & RING_LENGTH);
}

static void index_write(struct e1000 *e, u32 offset, u32 value)
{
	e1000_set(e, offset, value & 0xffff);
}

static void tail_write(struct e1000 *e, u32 offset, u32 value)
{
	index_write(e, offset, value);
	e1000_tx_kick(e);
}

static void tctl_write(struct e1000 *e, u32 offset, u32 value)
{
	e1000_set(e, offset, value);
	e1000_tx_kick(e);
}

static void rctl_write(struct e1000 *e, u32 offset, u32 value)
{
	e1000_set(e, offset, value);
	e1000_rx_filter(e);
}

/* An address has two halves, of which the upper one is written last and makes it valid. */
static void address_write(struct e1000 *e, u32 offset, u32 value)
{
	e1000_set(e, offset, value);
	if (offset & 4)
		e1000_rx_filter(e);
}

struct e1000_ring e1000_ring(struct e1000 *e, u32 base)
{
	static struct klog_limit limit;
	u64 gpa = (e1000_reg(e, base) & ~0xfull) | (u64)e1000_reg(e, base + 4) << 32;
	struct e1000_ring ring = {
	    .count = e1000_reg(e, base + 8) / sizeof(struct e1000_rx_desc),
	    .head = e1000_reg(e, base + 0x10),
	    .tail = e1000_reg(e, base + 0x18),
	};

	if (!ring.count || ring.head >= ring.count || ring.tail >= ring.count)
		return ring;
	ring.desc =
	    guest_ram_ptr(&e->nic->ram, gpa, (u64)ring.count * sizeof(struct e1000_rx_desc));
	if (unlikely(!ring.desc))
		klog_limited(&limit, KLOG_WARN,
			     "%s: its driver put a ring of %u descriptors at %#llx, which is not "
			     "RAM: not used",
			     e->nic->name, ring.count, (unsigned long long)gpa);
	return ring;
}

/* --- statistics (13.7): cleared when read ------------------------------------------------------
 */

static u32 count_read(struct e1000 *e, u32 offset)
{
	return __atomic_exchange_n(&e->reg[offset / 4], 0, __ATOMIC_RELAXED);
}

static u64 *octets_of(struct e1000 *e, u32 offset)
{
	static const u32 lower[] = {[OCTETS_GOOD_IN] = E1000_GORCL,
				    [OCTETS_GOOD_OUT] = E1000_GOTCL,
				    [OCTETS_IN] = E1000_TORL,
				    [OCTETS_OUT] = E1000_TOTL};
	u32 i = 0;

	while (i + 1 < ARRAY_SIZE(lower) && lower[i] != (offset & ~4u))
		i++;
	return &e->octets[i];
}

static u32 octets_read(struct e1000 *e, u32 offset)
{
	u64 *octets = octets_of(e, offset);

	if (offset & 4)
		return (u32)(__atomic_exchange_n(octets, 0, __ATOMIC_RELAXED) >> 32);
	return (u32)__atomic_load_n(octets, __ATOMIC_RELAXED);
}

/* --- which register ----------------------------------------------------------------------------
 */

static const struct reg special[] = {
    {E1000_CTRL, plain_read, ctrl_write},
    {0x0004, plain_read, ctrl_write}, /* the same once more */
    {E1000_STATUS, status_read, ignore_write},
    {E1000_EECD, eecd_read, eecd_write},
    {E1000_EERD, plain_read, eerd_write},
    {E1000_MDIC, plain_read, mdic_write},
    {E1000_ICR, icr_read, icr_write},
    {E1000_ICS, zero_read, ics_write},
    {E1000_IMS, ims_read, ims_write},
    {E1000_IMC, zero_read, imc_write},
    {E1000_RCTL, plain_read, rctl_write},
    {E1000_TCTL, plain_read, tctl_write},
    {E1000_RDLEN, plain_read, length_write},
    {E1000_RDH, plain_read, index_write},
    {E1000_RDT, plain_read, index_write},
    {E1000_TDLEN, plain_read, length_write},
    {E1000_TDH, plain_read, index_write},
    {E1000_TDT, plain_read, tail_write},
    {E1000_GORCL, octets_read, ignore_write},
    {E1000_GORCL + 4, octets_read, ignore_write},
    {E1000_GOTCL, octets_read, ignore_write},
    {E1000_GOTCL + 4, octets_read, ignore_write},
    {E1000_TORL, octets_read, ignore_write},
    {E1000_TORL + 4, octets_read, ignore_write},
    {E1000_TOTL, octets_read, ignore_write},
    {E1000_TOTL + 4, octets_read, ignore_write},
};

/* What else there is. */
static const struct {
	u32 first, last;
	struct reg reg;
} ranges[] = {
    {0x0018, 0x0038, {0, plain_read, NULL}},
    {E1000_ITR, E1000_ITR, {0, plain_read, NULL}},
    {0x0170, 0x0180, {0, plain_read, NULL}},
    {0x0400, 0x0458, {0, plain_read, NULL}},
    {0x0e00, 0x0e00, {0, plain_read, NULL}},
    {0x1000, 0x1000, {0, plain_read, NULL}},
    {0x2160, 0x2168, {0, plain_read, NULL}},
    {0x2800, 0x2830, {0, plain_read, NULL}},
    {0x3800, 0x3830, {0, plain_read, NULL}},
    {0x4000, 0x4124, {0, count_read, ignore_write}},
    {E1000_RXCSUM, E1000_RXCSUM, {0, plain_read, NULL}},
    {E1000_MTA(0), E1000_MTA(E1000_MTA_WORDS - 1), {0, plain_read, NULL}},
    {E1000_RAL, E1000_RAL + 8 * E1000_RA_ENTRIES - 4, {0, plain_read, address_write}},
    {E1000_VFTA(0), E1000_VFTA(E1000_VFTA_WORDS - 1), {0, plain_read, NULL}},
    {0x5800, 0x5838, {0, plain_read, NULL}},
};

/* NULL: there is no register. */
static const struct reg *find(u32 offset)
{
	for (u32 i = 0; i < ARRAY_SIZE(special); i++)
		if (special[i].offset == offset)
			return &special[i];
	for (u32 i = 0; i < ARRAY_SIZE(ranges); i++)
		if (offset >= ranges[i].first && offset <= ranges[i].last)
			return &ranges[i].reg;
	return NULL;
}

static u32 reg_read(struct e1000 *e, u32 offset)
{
	const struct reg *reg = find(offset);

	return reg ? reg->read(e, offset) : 0;
}

static void reg_write(struct e1000 *e, u32 offset, u32 value)
{
	const struct reg *reg = find(offset);

	if (!reg)
		return;
	if (reg->write)
		reg->write(e, offset, value);
	else
		e1000_set(e, offset, value);
}

/* Accesses have 32 bits (13.2.1). Parts of a register can be read at least. */
static u64 memory_read(void *dev, u64 offset, unsigned size)
{
	u64 value = reg_read(dev, (u32)offset & ~3u);

	if (size == 8)
		return value | (u64)reg_read(dev, ((u32)offset & ~3u) + 4) << 32;
	return value >> (offset & 3) * 8;
}

static void memory_write(void *dev, u64 offset, unsigned size, u64 value)
{
	if (offset & 3 || size < 4)
		return;
	reg_write(dev, (u32)offset, (u32)value);
	if (size == 8)
		reg_write(dev, (u32)offset + 4, (u32)(value >> 32));
}

static u64 io_read(void *dev, u64 offset, unsigned size)
{
	struct e1000 *e = dev;
	u32 address = __atomic_load_n(&e->io_address, __ATOMIC_RELAXED);

	(void)size;
	if (offset == IO_ADDRESS)
		return address;
	return offset == IO_DATA ? reg_read(e, address) : 0;
}

static void io_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct e1000 *e = dev;

	if (size != 4)
		return;
	if (offset == IO_ADDRESS)
		__atomic_store_n(&e->io_address, (u32)value & ~3u, __ATOMIC_RELAXED);
	else if (offset == IO_DATA)
		reg_write(e, __atomic_load_n(&e->io_address, __ATOMIC_RELAXED), (u32)value);
}

const struct bus_ops e1000_memory_ops = {.read = memory_read, .write = memory_write};
const struct bus_ops e1000_io_ops = {.read = io_read, .write = io_write};

/* --- reset -------------------------------------------------------------------------------------
 */

void e1000_reset_registers(struct e1000 *e)
{
	const u16 *mac = e->eeprom;

	e1000_mask(e, 0, ~0u);
	(void)e1000_causes_take(e, ~0u);
	memset(e->reg, 0, sizeof(e->reg));
	memset(&e->tx.context, 0, sizeof(e->tx.context));
	ticket_lock(&e->lock);
	memset(&e->microwire, 0, sizeof(e->microwire));
	e1000_phy_reset(e);
	e->quiet_until = 0;
	ticket_unlock(&e->lock);
	e1000_set(e, E1000_VET, VET_8021Q);
	e1000_set(e, 0x1000, PBA_DEFAULT);
	e1000_set(e, E1000_TCTL, TCTL_DEFAULT);
	e1000_set(e, E1000_RAL, mac[0] | (u32)mac[1] << 16);
	e1000_set(e, E1000_RAH, mac[2] | (u32)E1000_RAH_AV);
}

void e1000_reset(struct e1000 *e)
{
	software_reset(e);
	__atomic_store_n(&e->io_address, 0, __ATOMIC_RELAXED);
}

void e1000_link_changed(struct e1000 *e)
{
	e1000_cause(e, E1000_INT_LSC);
}
