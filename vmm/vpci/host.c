/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI host: the functions of a VM and the two ways to their configuration spaces. */
#include "kernel/mm/heap.h"
#include "kernel/sync/ticketlock.h"
#include "vmm/vdev/platform.h"
#include "vmm/vdev/vpm.h"
#include "vmm/vm/layout.h"
#include "vmm/vpci/bridge.h"
#include "vmm/vpci/vpci.h"

#define FUNCTIONS 256 /* per bus */
#define PORT_ADDRESS 0xcf8
#define PORT_DATA_OFFSET 4
#define ADDRESS_ENABLE BIT(31)
#define ADDRESS_VALID 0x80fffffcu
#define PIC_IRQ(line) (10 + ((line)&1))
/* Ports for BARs: the upper part of what the DSDT tells. */
#define PORTS_BASE 0xc000
#define PORTS_END 0x10000

struct function {
	const struct vpci_function_ops *ops;
	void *fn;
	u8 pins; /* that it asserts */
};

struct bus_functions {
	struct function function[FUNCTIONS];
};

struct vpci_host {
	struct ticketlock lock; /* of address and of the interrupt lines */
	struct platform *p;
	u32 address;
	u32 asserted[4];          /* functions that assert each line */
	u64 next_memory, next_io; /* see vpci_place() */
	struct vpci_config bridge;
	struct bus_functions *bus[LAYOUT_ECAM_BUSES];
};

/* --- functions ---------------------------------------------------------------------------------
 */

static struct function *find(struct vpci_host *host, u16 bdf)
{
	struct bus_functions *bus = bdf >> 8 < LAYOUT_ECAM_BUSES ? host->bus[bdf >> 8] : NULL;

	return bus && bus->function[bdf & 0xff].ops ? &bus->function[bdf & 0xff] : NULL;
}

int vpci_add(struct vpci_host *host, u16 bdf, const struct vpci_function_ops *ops, void *fn)
{
	struct bus_functions **bus;

	if (bdf >> 8 >= LAYOUT_ECAM_BUSES)
		return trace_err(ERR_RANGE, "PCI: the VM has no bus %u", bdf >> 8);
	if (find(host, bdf))
		return trace_err(ERR_EXIST, "PCI: two functions at %02x:%02x.%x", bdf >> 8,
				 bdf >> 3 & 31, bdf & 7);
	bus = &host->bus[bdf >> 8];
	if (!*bus)
		*bus = heap_alloc(sizeof(**bus));
	if (!*bus)
		return trace_err(ERR_NOMEM, "PCI: no memory for bus %u", bdf >> 8);
	(*bus)->function[bdf & 0xff] = (struct function){ops, fn, 0};
	return 0;
}

void vpci_remove(struct vpci_host *host, u16 bdf)
{
	struct function *f = find(host, bdf);

	if (!f)
		return;
	for (unsigned pin = 0; pin < 4; pin++)
		vpci_intx(host, bdf, pin, false);
	f->ops = NULL;
}

int vpci_free_slot(struct vpci_host *host, u16 *bdf)
{
	for (unsigned dev = 1; dev < 32; dev++) {
		*bdf = VPCI_BDF(0, dev, 0);
		if (!find(host, *bdf))
			return 0;
	}
	return trace_err(ERR_RANGE, "PCI: a VM can have 31 devices: remove some from its node");
}

int vpci_place(struct vpci_host *host, u64 size, bool io, u64 *base)
{
	u64 *next = io ? &host->next_io : &host->next_memory;
	u64 end = io ? PORTS_END : LAYOUT_PCI_MMIO32 + LAYOUT_PCI_MMIO32_SIZE;

	*base = ALIGN_UP(*next, size);
	if (size > end || *base > end - size)
		return trace_err(ERR_RANGE, "PCI: no room for a BAR of %llu KiB",
				 (unsigned long long)size >> 10);
	*next = *base + size;
	return 0;
}

/* size is 1, 2 or 4 and within a dword. */
static u32 config_read(struct vpci_host *host, u16 bdf, u32 offset, unsigned size)
{
	struct function *f = find(host, bdf);

	return f ? f->ops->read(f->fn, offset, size) : ~0u;
}

static void config_write(struct vpci_host *host, u16 bdf, u32 offset, unsigned size, u32 value)
{
	struct function *f = find(host, bdf);

	if (f)
		f->ops->write(f->fn, offset, size, value);
}

/* --- interrupt lines ---------------------------------------------------------------------------
 */

void vpci_intx(struct vpci_host *host, u16 bdf, unsigned pin, bool asserted)
{
	struct function *f = find(host, bdf);
	unsigned line = ((bdf >> 3 & 31) + pin) & 3;
	u8 bit = (u8)(1u << (pin & 3));

	if (!f || pin > 3)
		return;
	ticket_lock(&host->lock);
	if (!(f->pins & bit) == asserted) {
		f->pins ^= bit;
		host->asserted[line] += asserted ? 1 : -1u;
		platform_irq(host->p, LAYOUT_GSI_PCI + line, host->asserted[line]);
		platform_irq(host->p, PIC_IRQ(line),
			     host->asserted[line] || host->asserted[line ^ 2]);
	}
	ticket_unlock(&host->lock);
}

u8 vpci_pic_line(u16 bdf, unsigned pin)
{
	return PIC_IRQ(((bdf >> 3 & 31) + pin) & 3);
}

/* --- ports -------------------------------------------------------------------------------------
 */

/* The address register takes dwords only; a byte at 0xcf9 is the reset register. */
static u64 read_address(struct vpci_host *host, u64 offset, unsigned size)
{
	if (size == 4 && !offset)
		return __atomic_load_n(&host->address, __ATOMIC_RELAXED);
	if (size == 1 && offset == VPM_RESET_PORT - PORT_ADDRESS)
		return vpm_read_reset(host->p->pm);
	return ~0ull;
}

static void write_address(struct vpci_host *host, u64 offset, unsigned size, u64 value)
{
	if (size == 4 && !offset)
		__atomic_store_n(&host->address, (u32)value & ADDRESS_VALID, __ATOMIC_RELAXED);
	else if (size == 1 && offset == VPM_RESET_PORT - PORT_ADDRESS)
		vpm_write_reset(host->p->pm, (u8)value);
}

static u64 ports_read(void *dev, u64 offset, unsigned size)
{
	struct vpci_host *host = dev;
	u32 address = __atomic_load_n(&host->address, __ATOMIC_RELAXED);
	u32 lane = offset & 3;

	if (offset < PORT_DATA_OFFSET)
		return read_address(host, offset, size);
	if (!(address & ADDRESS_ENABLE) || lane + size > 4)
		return ~0ull;
	return config_read(host, (u16)(address >> 8), (address & 0xfc) + lane, size);
}

static void ports_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct vpci_host *host = dev;
	u32 address = __atomic_load_n(&host->address, __ATOMIC_RELAXED);
	u32 lane = offset & 3;

	if (offset < PORT_DATA_OFFSET)
		write_address(host, offset, size, value);
	else if (address & ADDRESS_ENABLE && lane + size <= 4)
		config_write(host, (u16)(address >> 8), (address & 0xfc) + lane, size, (u32)value);
}

/* --- ECAM --------------------------------------------------------------------------------------
 */

/* Larger and unaligned accesses are cut into what configuration space knows. */
static unsigned piece(u64 offset, unsigned left)
{
	unsigned most = MIN(left, 4 - (unsigned)(offset & 3));

	return most == 3 ? (offset & 1 ? 1 : 2) : most;
}

static u64 ecam_read(void *dev, u64 offset, unsigned size)
{
	u64 value = 0;

	for (unsigned done = 0, n; done < size; done += n) {
		u64 at = offset + done;

		n = piece(at, size - done);
		value |=
		    (u64)(config_read(dev, (u16)(at >> 12), at & 0xfff, n) & (u32)(BIT(n * 8) - 1))
		    << done * 8;
	}
	return value;
}

static void ecam_write(void *dev, u64 offset, unsigned size, u64 value)
{
	for (unsigned done = 0, n; done < size; done += n) {
		u64 at = offset + done;

		n = piece(at, size - done);
		config_write(dev, (u16)(at >> 12), at & 0xfff, n,
			     (u32)(value >> done * 8) & (u32)(BIT(n * 8) - 1));
	}
}

static const struct bus_ops ports_ops = {ports_read, ports_write};
static const struct bus_ops ecam_ops = {ecam_read, ecam_write};

/* --- life cycle --------------------------------------------------------------------------------
 */

void vpci_reset(struct vpci_host *host)
{
	host->address = 0;
	vpci_bridge_init(&host->bridge);
	for (unsigned i = 0; i < LAYOUT_ECAM_BUSES; i++) {
		struct bus_functions *bus = host->bus[i];

		for (unsigned n = 0; bus && n < FUNCTIONS; n++)
			if (bus->function[n].ops && bus->function[n].ops->reset)
				bus->function[n].ops->reset(bus->function[n].fn);
	}
}

int vpci_create(struct platform *p)
{
	struct vpci_host *host = heap_alloc(sizeof(*host));
	const struct bus_range ports = {PORT_ADDRESS, 8, &ports_ops, host, "pci", false};
	const struct bus_range ecam = {
	    LAYOUT_ECAM, LAYOUT_ECAM_BUSES * MIB(1), &ecam_ops, host, "ecam", false};
	int err;

	if (!host)
		return trace_err(ERR_NOMEM, "no memory for the PCI host");
	host->p = p;
	host->next_memory = LAYOUT_PCI_MMIO32;
	host->next_io = PORTS_BASE;
	p->pci = host;
	vpci_reset(host);
	err = vpci_add(host, VPCI_BDF(0, 0, 0), &vpci_bridge_ops, &host->bridge);
	if (!err)
		err = bus_add(&p->ports, &ports);
	return err ? err : bus_add(&p->mmio, &ecam);
}

void vpci_destroy(struct vpci_host *host)
{
	if (!host)
		return;
	for (unsigned i = 0; i < LAYOUT_ECAM_BUSES; i++)
		heap_free(host->bus[i]);
	heap_free(host);
}
