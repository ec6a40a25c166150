/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/acpi/spcr.h"

#include <string.h>

#include "kernel/lib/err.h"

enum { INTERFACE_16550 = 0, INTERFACE_16450 = 1, INTERFACE_16550_GAS = 0x12 };
#define INTERRUPT_GSI (BIT(1) | BIT(2)) /* I/O APIC or I/O SAPIC */

/* Microsoft, Serial Port Console Redirection Table 1.10. */
struct spcr_table {
	struct acpi_header header;
	u8 interface;
	u8 reserved[3];
	struct acpi_gas base;
	u8 interrupt_type;
	u8 irq;
	u32 gsi;
	u8 baud;
	u8 parity, stop_bits, flow_control, terminal;
	u8 language;
	u16 pci_device, pci_vendor;
	u8 pci_bus, pci_slot, pci_function;
	u32 pci_flags;
	u8 pci_segment;
	u32 clock_hz;     /* revision 3, otherwise reserved */
	u32 precise_baud; /* revision 4 */
} __packed;
static_assert(offsetof(struct spcr_table, clock_hz) == 76, "SPCR");
#define SPCR_MIN offsetof(struct spcr_table, clock_hz)

static u32 baud_of(const struct spcr_table *t)
{
	static const struct {
		u8 code;
		u32 baud;
	} codes[] = {{3, 9600}, {4, 19200}, {6, 57600}, {7, 115200}};

	if (t->header.revision >= 4 && t->precise_baud)
		return t->precise_baud;
	for (unsigned i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].code == t->baud)
			return codes[i].baud;
	return 0;
}

/* Registers are as far apart as one access is wide. */
static u8 reg_shift_of(const struct acpi_gas *gas)
{
	unsigned bits = gas->access_size ? 4u << gas->access_size : gas->bit_width;

	return bits == 32 ? 2 : bits == 16 ? 1 : 0;
}

static bool is_16550(const struct spcr_table *t)
{
	return t->interface == INTERFACE_16550 || t->interface == INTERFACE_16450 ||
	       t->interface == INTERFACE_16550_GAS;
}

int spcr_read(const struct acpi *a, struct spcr *out)
{
	const struct acpi_table *found = acpi_find(a, "SPCR", 0);
	struct spcr_table t = {.interface = 0};

	*out = (struct spcr){.base = 0};
	if (!found)
		return ERR_NOENT;
	if (found->length < SPCR_MIN)
		return trace_err(ERR_INVAL, "acpi: SPCR is cut short: left out");
	memcpy(&t, found->header, MIN((size_t)found->length, sizeof(t)));
	if (!t.base.address)
		return ERR_NOENT; /* console redirection is off */
	if (!is_16550(&t) || (t.base.space != ACPI_SPACE_MEMORY && t.base.space != ACPI_SPACE_IO) ||
	    (t.base.space == ACPI_SPACE_IO && t.base.address > 0xfff8) || t.base.access_size > 4)
		return trace_err(ERR_UNSUPPORTED,
				 "acpi: SPCR's console (type %u) is no 16550: set one in the "
				 "configuration's console node",
				 t.interface);
	out->mmio = t.base.space == ACPI_SPACE_MEMORY;
	out->base = t.base.address;
	out->reg_shift = out->mmio ? reg_shift_of(&t.base) : 0;
	out->baud = baud_of(&t);
	out->clock_hz = t.header.revision >= 3 ? t.clock_hz : 0;
	out->has_gsi = t.interrupt_type & INTERRUPT_GSI;
	out->gsi = t.gsi;
	return 0;
}
