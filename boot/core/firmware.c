/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware left: its tables, and its means to reset and switch off. */
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/reset.h"
#include "arch/x86/cpu/tsc.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/host.h"
#include "arch/x86/mm/mmio.h"
#include "arch/x86/mm/radix.h"
#include "boot/core/boot.h"

#define POWER_WAIT_US 1000000
#define PM1_SCI_EN BIT(0)
#define SLEEP_CONTROL_TYP_SHIFT 2
#define SLEEP_CONTROL_EN BIT(5)
/* UEFI 2.10, 8.1 and 8.5.1. */
#define EFI_RUNTIME_RESET_SYSTEM 104
#define EFI_RESET_COLD 0
#define EFI_RESET_SHUTDOWN 2

typedef void __attribute__((ms_abi)) efi_reset_fn(u32 type, u64 status, u64 size, void *data);

static const void *acpi_map(hpa_t phys, u64 len)
{
	return host_is_ram(phys, len) ? hpa_to_virt(phys) : mmio_map(phys, len, MEM_WB);
}

static void gas_write(const struct acpi_gas *gas, u32 value)
{
	bool wide = gas->bit_width >= 16;

	if (gas->space == ACPI_SPACE_IO && wide)
		io_out16(gas->address, value);
	else if (gas->space == ACPI_SPACE_IO)
		io_out8(gas->address, value);
	else if (gas->space == ACPI_SPACE_MEMORY) {
		void *p = mmio_map(HPA(gas->address), sizeof(u32), MEM_UC);

		if (p && wide)
			mmio_write16(p, value);
		else if (p)
			mmio_write8(p, value);
	}
}

static void acpi_reset(void)
{
	if (!boot.has_fadt || !boot.fadt.has_reset)
		return;
	gas_write(&boot.fadt.reset, boot.fadt.reset_value);
	tsc_delay_us(POWER_WAIT_US);
}

/* ACPI 6.5, 4.8.2.5: leave legacy mode, in which SLP_EN does nothing. */
static void acpi_enable(void)
{
	u16 port = boot.fadt.pm1a_cnt.address;

	if (!boot.fadt.smi_cmd || boot.fadt.pm1a_cnt.space != ACPI_SPACE_IO)
		return;
	io_out8(boot.fadt.smi_cmd, boot.fadt.acpi_enable);
	for (int tries = 0; tries < 300 && !(io_in16(port) & PM1_SCI_EN); tries++)
		tsc_delay_us(1000);
}

static void acpi_sleep_register(const struct acpi_gas *gas, u8 type)
{
	if (gas->address)
		gas_write(gas, (u32)type << FADT_PM1_SLP_TYP_SHIFT | FADT_PM1_SLP_EN);
}

static void acpi_poweroff(void)
{
	const struct fadt *f = &boot.fadt;

	if (!boot.has_fadt || !f->has_s5)
		return;
	if (f->sleep_control.address) {
		gas_write(&f->sleep_control,
			  f->s5_typ_a << SLEEP_CONTROL_TYP_SHIFT | SLEEP_CONTROL_EN);
	} else {
		acpi_enable();
		acpi_sleep_register(&f->pm1a_cnt, f->s5_typ_a);
		acpi_sleep_register(&f->pm1b_cnt, f->s5_typ_b);
	}
	tsc_delay_us(POWER_WAIT_US);
}

/* SetVirtualAddressMap was not called, so the firmware lives at its physical
 * addresses. It gets them back only here, where nothing follows. */
static void efi_reset(bool off)
{
	const struct handoff_table *mem = &boot.handoff.mem;
	efi_reset_fn **reset;

	if (!boot.handoff.efi_runtime)
		return;
	for (u32 i = 0; i < mem->count; i++) {
		const struct handoff_mem *m = boot_table_entry(mem, i);

		if (m->type == HANDOFF_MEM_RUNTIME &&
		    host_map_identity(HPA(m->base), m->length, RADIX_RWX))
			return;
	}
	reset = (efi_reset_fn **)(boot.handoff.efi_runtime + EFI_RUNTIME_RESET_SYSTEM);
	(*reset)(off ? EFI_RESET_SHUTDOWN : EFI_RESET_COLD, 0, 0, NULL);
}

static const struct reset_ops power_ops = {
    .reset = acpi_reset,
    .poweroff = acpi_poweroff,
    .firmware = efi_reset,
};

void boot_acpi_init(void)
{
	if (acpi_init(&boot.acpi, HPA(boot.handoff.rsdp_phys), acpi_map))
		log_info("acpi: no tables, going by the usual places of a PC");
	boot.has_madt = !madt_read(&boot.acpi, &boot.madt);
	boot.has_fadt = !fadt_read(&boot.acpi, &boot.fadt);
	reset_register(&power_ops);
}
