/* SPDX-License-Identifier: BSD-2-Clause */
/* Power-off, reset and the PM timer: the FADT (ACPI 6.5, 5.2.9) and \_S5 of the DSDT. */
#ifndef DRIVERS_ACPI_FADT_H
#define DRIVERS_ACPI_FADT_H

#include "drivers/acpi/acpi.h"

struct fadt {
	bool reduced_hardware;
	bool has_reset; /* write reset_value to reset */
	struct acpi_gas reset;
	u8 reset_value;
	struct acpi_gas pm1a_cnt; /* address 0: none */
	struct acpi_gas pm1b_cnt;
	struct acpi_gas pm_timer; /* address 0: none */
	bool pm_timer_32;         /* counts 32 bits, otherwise 24 */
	u32 smi_cmd;              /* port; 0: no SMM, the machine is in ACPI mode */
	u8 acpi_enable;           /* what to write to it to enter ACPI mode */
	u16 boot_arch;            /* IAPC_BOOT_ARCH, 0 when older than revision 3 */
	bool has_s5;              /* the two values below are known */
	u8 s5_typ_a;              /* SLP_TYPx for PM1a_CNT and PM1b_CNT */
	u8 s5_typ_b;
	struct acpi_gas sleep_control; /* reduced hardware: SLEEP_CONTROL_REG */
};
#define FADT_PM1_SLP_TYP_SHIFT 10
#define FADT_PM1_SLP_EN BIT(13)

/* Returns 0, ERR_NOENT without a FADT, ERR_INVAL; out is zero on error. */
int fadt_read(const struct acpi *a, struct fadt *out) __must_check;

/* The values of \_S5 in len bytes of AML: a heuristic that looks for the name and
 * checks what follows (ACPI 6.5, 20.2). Returns false when there is none. */
bool acpi_find_s5(const u8 *aml, size_t len, u8 *typ_a, u8 *typ_b);

#endif
