/* SPDX-License-Identifier: BSD-2-Clause */
/* Layout of the ACPI tables that a VM is given (ACPI 6.4, chapter 5; PCI Firmware 3.2, 4.1.2). */
#ifndef VMM_VDEV_ACPI_TABLES_H
#define VMM_VDEV_ACPI_TABLES_H

#include "kernel/lib/types.h"

struct vacpi_rsdp {
	char signature[8];
	u8 checksum; /* of the first 20 bytes */
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
	u8 extended_checksum;
	u8 reserved[3];
} __packed;

struct vacpi_header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	char creator_id[4];
	u32 creator_revision;
} __packed;

/* Generic address structure, 5.2.3.2. */
struct vacpi_address {
	u8 space; /* 0 memory, 1 ports */
	u8 bits, offset;
	u8 access; /* 1 byte, 2 word, 3 dword */
	u64 address;
} __packed;

struct vacpi_fadt { /* 5.2.9 */
	struct vacpi_header header;
	u32 facs, dsdt;
	u8 reserved0;
	u8 profile;
	u16 sci;
	u32 smi_command;
	u8 acpi_enable, acpi_disable, s4bios, pstate_control;
	u32 pm1a_event, pm1b_event, pm1a_control, pm1b_control;
	u32 pm2_control, pm_timer, gpe0, gpe1;
	u8 pm1_event_length, pm1_control_length, pm2_control_length, pm_timer_length;
	u8 gpe0_length, gpe1_length, gpe1_base, cst_control;
	u16 c2_latency, c3_latency, flush_size, flush_stride;
	u8 duty_offset, duty_width, day_alarm, month_alarm, century;
	u16 boot_flags;
	u8 reserved1;
	u32 flags;
	struct vacpi_address reset;
	u8 reset_value;
	u16 arm_boot_flags;
	u8 minor_revision;
	u64 x_facs, x_dsdt;
	struct vacpi_address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control;
	struct vacpi_address x_pm2_control, x_pm_timer, x_gpe0, x_gpe1;
	struct vacpi_address sleep_control, sleep_status;
	u64 hypervisor;
} __packed;
static_assert(sizeof(struct vacpi_fadt) == 276, "FADT revision 6");

struct vacpi_facs { /* 5.2.10 */
	char signature[4];
	u32 length;
	u32 hardware_signature, waking_vector, global_lock, flags;
	u64 x_waking_vector;
	u8 version;
	u8 reserved[31];
} __packed;
static_assert(sizeof(struct vacpi_facs) == 64, "FACS");

struct vacpi_madt { /* 5.2.12, followed by entries */
	struct vacpi_header header;
	u32 lapic;
	u32 flags;
} __packed;

struct vacpi_madt_lapic {
	u8 type, length, uid, id;
	u32 flags;
} __packed;

struct vacpi_madt_ioapic {
	u8 type, length, id, reserved;
	u32 address, gsi_base;
} __packed;

struct vacpi_madt_override {
	u8 type, length, bus, irq;
	u32 gsi;
	u16 flags;
} __packed;

struct vacpi_madt_nmi {
	u8 type, length, uid;
	u16 flags;
	u8 lint;
} __packed;

struct vacpi_mcfg {
	struct vacpi_header header;
	u64 reserved;
	u64 base;
	u16 segment;
	u8 first_bus, last_bus;
	u32 reserved2;
} __packed;

#endif
