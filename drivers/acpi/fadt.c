/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/acpi/fadt.h"

#include <string.h>

#include "kernel/lib/err.h"

/* ACPI 6.5, table 5.9. Fields that are not needed are gaps. */
struct fadt_table {
	struct acpi_header header;
	u32 facs, dsdt;
	u8 gap_44[48 - 44];
	u32 smi_cmd;
	u8 acpi_enable;
	u8 gap_53[64 - 53];
	u32 pm1a_cnt, pm1b_cnt;
	u8 gap_72[76 - 72];
	u32 pm_timer;
	u8 gap_80[89 - 80];
	u8 pm1_cnt_len;
	u8 gap_90[91 - 90];
	u8 pm_timer_len;
	u8 gap_92[109 - 92];
	u16 boot_arch;
	u8 gap_111[112 - 111];
	u32 flags;
	struct acpi_gas reset; /* from here on: revision 2 and later */
	u8 reset_value;
	u8 gap_129[140 - 129];
	u64 x_dsdt;
	u8 gap_148[172 - 148];
	struct acpi_gas x_pm1a_cnt, x_pm1b_cnt;
	u8 gap_196[208 - 196];
	struct acpi_gas x_pm_timer;
	u8 gap_220[244 - 220];
	struct acpi_gas sleep_control;
} __packed;
static_assert(offsetof(struct fadt_table, boot_arch) == 109, "FADT");
static_assert(offsetof(struct fadt_table, reset) == 116, "FADT");
static_assert(offsetof(struct fadt_table, x_dsdt) == 140, "FADT");
static_assert(offsetof(struct fadt_table, x_pm_timer) == 208, "FADT");
static_assert(sizeof(struct fadt_table) == 256, "FADT");
#define FADT_MIN offsetof(struct fadt_table, reset)

#define FLAG_TMR_VAL_EXT BIT(8)
#define FLAG_RESET_REG_SUP BIT(10)
#define FLAG_HW_REDUCED BIT(20)
#define BOOT_ARCH_REVISION 3

/* The extended block where there is one, otherwise the port. */
static struct acpi_gas block(const struct acpi_gas *extended, u32 port, u8 bytes)
{
	struct acpi_gas gas = {.space = ACPI_SPACE_IO, .bit_width = (u8)(8 * bytes)};

	if (extended->address && extended->space <= ACPI_SPACE_IO)
		return *extended;
	gas.address = port <= 0xffff ? port : 0;
	return gas;
}

static bool reset_is_good(const struct fadt_table *t)
{
	const struct acpi_gas *r = &t->reset;

	if (!(t->flags & FLAG_RESET_REG_SUP) || !r->address)
		return false;
	return r->space == ACPI_SPACE_MEMORY || r->space == ACPI_SPACE_PCI ||
	       (r->space == ACPI_SPACE_IO && r->address <= 0xffff);
}

static void s5_read(const struct acpi *a, const struct fadt_table *t, struct fadt *out)
{
	u64 phys = t->x_dsdt ? t->x_dsdt : t->dsdt;
	struct acpi_table dsdt;
	const struct acpi_table *ssdt;

	if (phys && !acpi_load(a->map, HPA(phys), &dsdt))
		out->has_s5 =
		    acpi_find_s5((const u8 *)(dsdt.header + 1), dsdt.length - sizeof(*dsdt.header),
				 &out->s5_typ_a, &out->s5_typ_b);
	for (u32 i = 0; !out->has_s5 && (ssdt = acpi_find(a, "SSDT", i)); i++)
		out->has_s5 = acpi_find_s5((const u8 *)(ssdt->header + 1),
					   ssdt->length - sizeof(*ssdt->header), &out->s5_typ_a,
					   &out->s5_typ_b);
	if (!out->has_s5)
		log_warn("acpi: no \\_S5 found: power-off by ACPI is not possible");
}

int fadt_read(const struct acpi *a, struct fadt *out)
{
	const struct acpi_table *found = acpi_find(a, "FACP", 0);
	struct fadt_table t;

	memset(out, 0, sizeof(*out));
	memset(&t, 0, sizeof(t));
	if (!found)
		return ERR_NOENT;
	if (found->length < FADT_MIN)
		return trace_err(ERR_INVAL, "acpi: FADT is cut short: left out");
	memcpy(&t, found->header, MIN((size_t)found->length, sizeof(t)));
	out->reduced_hardware = t.flags & FLAG_HW_REDUCED;
	out->has_reset = reset_is_good(&t);
	out->reset = t.reset;
	out->reset_value = t.reset_value;
	out->pm1a_cnt = block(&t.x_pm1a_cnt, t.pm1a_cnt, t.pm1_cnt_len);
	out->pm1b_cnt = block(&t.x_pm1b_cnt, t.pm1b_cnt, t.pm1_cnt_len);
	out->pm_timer = block(&t.x_pm_timer, t.pm_timer, t.pm_timer_len);
	out->pm_timer_32 = t.flags & FLAG_TMR_VAL_EXT;
	out->smi_cmd = t.smi_cmd <= 0xffff ? t.smi_cmd : 0;
	out->acpi_enable = t.acpi_enable;
	out->boot_arch = t.header.revision >= BOOT_ARCH_REVISION ? t.boot_arch : 0;
	out->sleep_control = t.sleep_control;
	s5_read(a, &t, out);
	return 0;
}
