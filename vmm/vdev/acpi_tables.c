/* SPDX-License-Identifier: BSD-2-Clause */
/* The ACPI tables of a VM, written to LAYOUT_BIOS. */
#include "vmm/vdev/acpi_tables.h"

#include <string.h>

#include "vmm/vdev/platform.h"
#include "vmm/vdev/vioapic.h"
#include "vmm/vdev/vpm.h"
#include "vmm/vm/layout.h"

/* dsdt_aml_code, made of dsdt.asl by iasl. */
#include "vmm/vdev/dsdt.h"

#define PROFILE_SERVER 4
#define FADT_WBINVD BIT(0)
#define FADT_PROC_C1 BIT(2)
#define FADT_NO_SLEEP_BUTTON BIT(5)
#define FADT_NO_FIXED_RTC_WAKE BIT(6)
#define FADT_TIMER_32BIT BIT(8)
#define FADT_RESET_REGISTER BIT(10)
#define BOOT_LEGACY_DEVICES 0x01
#define BOOT_NO_VGA 0x04 /* and no bit 1: there is no keyboard controller */
#define NO_C_STATE 0x0fff
#define MADT_PCAT 1
#define MADT_EDGE_HIGH 0x05
#define MADT_LEVEL_HIGH 0x0d
#define ALL_PROCESSORS 0xff
#define CENTURY_REGISTER 0x32

/* Tables follow each other from LAYOUT_BIOS; `failed` when they do not fit. */
struct writer {
	u8 *base;
	u32 used;
	bool failed;
	u8 spare[1024]; /* where what does not fit is written */
};

static u32 gpa_of(const struct writer *w, const void *at)
{
	return (u32)LAYOUT_BIOS + (u32)((const u8 *)at - w->base);
}

static void *reserve(struct writer *w, u32 size, u32 align)
{
	u32 at = (u32)ALIGN_UP(w->used, align);

	if (at + size > LAYOUT_BIOS_SIZE) {
		w->failed = true;
		return w->spare;
	}
	w->used = at + size;
	return memset(w->base + at, 0, size);
}

static u8 checksum(const void *data, u32 len)
{
	const u8 *bytes = data;
	u8 sum = 0;

	for (u32 i = 0; i < len; i++)
		sum += bytes[i];
	return (u8)-sum;
}

static void *begin(struct writer *w, const char *signature, u8 revision, u32 size)
{
	struct vacpi_header *h = reserve(w, size, 16);

	memcpy(h->signature, signature, sizeof(h->signature));
	h->length = size;
	h->revision = revision;
	memcpy(h->oem_id, "HANOK ", sizeof(h->oem_id));
	memcpy(h->oem_table_id, "HANOKVM ", sizeof(h->oem_table_id));
	h->oem_revision = 1;
	memcpy(h->creator_id, "HANO", sizeof(h->creator_id));
	h->creator_revision = 1;
	return h;
}

/* More room behind the table that was begun last. */
static void *extend(struct writer *w, struct vacpi_header *h, u32 size)
{
	void *at = reserve(w, size, 1);

	if (!w->failed)
		h->length += size;
	return at;
}

static u32 finish(struct writer *w, struct vacpi_header *h)
{
	h->checksum = 0;
	if (w->failed)
		return 0;
	h->checksum = checksum(h, h->length);
	return gpa_of(w, h);
}

/* --- the tables --------------------------------------------------------------------------------
 */

static u32 write_dsdt(struct writer *w)
{
	void *at = reserve(w, sizeof(dsdt_aml_code), 16);

	if (w->failed)
		return 0;
	memcpy(at, dsdt_aml_code, sizeof(dsdt_aml_code));
	return gpa_of(w, at);
}

static u32 write_facs(struct writer *w)
{
	struct vacpi_facs *facs = reserve(w, sizeof(*facs), 64);

	memcpy(facs->signature, "FACS", sizeof(facs->signature));
	facs->length = sizeof(*facs);
	facs->version = 2;
	return w->failed ? 0 : gpa_of(w, facs);
}

static struct vacpi_address port(u32 address, u8 bytes)
{
	return (struct vacpi_address){
	    .space = 1,
	    .bits = (u8)(bytes * 8),
	    .access = bytes == 1   ? 1
		      : bytes == 2 ? 2
				   : 3,
	    .address = address,
	};
}

static void fill_fadt_blocks(struct vacpi_fadt *f)
{
	f->pm1a_event = LAYOUT_PM_BASE + VPM_PM1_EVT;
	f->pm1a_control = LAYOUT_PM_BASE + VPM_PM1_CNT;
	f->pm_timer = LAYOUT_PM_BASE + VPM_TIMER;
	f->pm1_event_length = 4;
	f->pm1_control_length = 2;
	f->pm_timer_length = 4;
	f->x_pm1a_event = port(f->pm1a_event, 4);
	f->x_pm1a_event.access = 2; /* of its two halves */
	f->x_pm1a_control = port(f->pm1a_control, 2);
	f->x_pm_timer = port(f->pm_timer, 4);
	f->reset = port(VPM_RESET_PORT, 1);
	f->reset_value = VPM_RESET_VALUE;
}

static u32 write_fadt(struct writer *w, u32 facs, u32 dsdt)
{
	struct vacpi_fadt *f = begin(w, "FACP", 6, sizeof(*f));

	f->facs = facs;
	/* X_FIRMWARE_CTRL stays 0: it is for an FACS above 4 GiB, and with both there are two. */
	f->dsdt = dsdt;
	f->x_dsdt = dsdt;
	f->profile = PROFILE_SERVER;
	f->sci = LAYOUT_GSI_SCI;
	f->c2_latency = NO_C_STATE;
	f->c3_latency = NO_C_STATE;
	f->century = CENTURY_REGISTER;
	f->boot_flags = BOOT_LEGACY_DEVICES | BOOT_NO_VGA;
	/* The power button is the fixed one: its flag says "not fixed" when set. */
	f->flags = FADT_WBINVD | FADT_PROC_C1 | FADT_NO_SLEEP_BUTTON | FADT_NO_FIXED_RTC_WAKE |
		   FADT_TIMER_32BIT | FADT_RESET_REGISTER;
	memcpy(&f->hypervisor, "Hanok\0\0\0", sizeof(f->hypervisor));
	fill_fadt_blocks(f);
	return finish(w, &f->header);
}

static void add_override(struct writer *w, struct vacpi_madt *madt, u8 irq, u32 gsi, u16 flags)
{
	struct vacpi_madt_override *e = extend(w, &madt->header, sizeof(*e));

	*e = (struct vacpi_madt_override){2, sizeof(*e), 0, irq, gsi, flags};
}

static u32 write_madt(struct writer *w, const struct platform *p)
{
	struct vacpi_madt *madt = begin(w, "APIC", 5, sizeof(*madt));
	struct vacpi_madt_ioapic *io;
	struct vacpi_madt_nmi *nmi;

	madt->lapic = LAYOUT_LAPIC;
	madt->flags = MADT_PCAT;
	for (u32 i = 0; i < p->cpus; i++) {
		struct vacpi_madt_lapic *e = extend(w, &madt->header, sizeof(*e));

		*e = (struct vacpi_madt_lapic){0, sizeof(*e), (u8)i, (u8)i, 1};
	}
	io = extend(w, &madt->header, sizeof(*io));
	*io = (struct vacpi_madt_ioapic){1, sizeof(*io), vioapic_id(p), 0, LAYOUT_IOAPIC, 0};
	add_override(w, madt, 0, LAYOUT_GSI_PIT, 0);
	add_override(w, madt, LAYOUT_GSI_SCI, LAYOUT_GSI_SCI, MADT_LEVEL_HIGH);
	nmi = extend(w, &madt->header, sizeof(*nmi));
	*nmi = (struct vacpi_madt_nmi){4, sizeof(*nmi), ALL_PROCESSORS, MADT_EDGE_HIGH, 1};
	return finish(w, &madt->header);
}

static u32 write_mcfg(struct writer *w)
{
	struct vacpi_mcfg *mcfg = begin(w, "MCFG", 1, sizeof(*mcfg));

	mcfg->base = LAYOUT_ECAM;
	mcfg->last_bus = LAYOUT_ECAM_BUSES - 1;
	return finish(w, &mcfg->header);
}

/* RSDT and XSDT: the addresses of the tables, with 32 and with 64 bits. */
static u32 write_root(struct writer *w, const char *signature, const u32 *tables, u32 count,
		      u32 width)
{
	struct vacpi_header *h = begin(w, signature, 1, sizeof(*h));

	for (u32 i = 0; i < count; i++)
		memcpy(extend(w, h, width), &tables[i], sizeof(tables[i]));
	return finish(w, h);
}

static void fill_rsdp(struct vacpi_rsdp *rsdp, u32 rsdt, u32 xsdt)
{
	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->oem_id, "HANOK ", sizeof(rsdp->oem_id));
	rsdp->revision = 2;
	rsdp->rsdt = rsdt;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = xsdt;
	rsdp->checksum = checksum(rsdp, offsetof(struct vacpi_rsdp, length));
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
}

int platform_write_tables(struct platform *p, u8 *bios)
{
	struct writer w = {.base = bios};
	struct vacpi_rsdp *rsdp = reserve(&w, sizeof(*rsdp), 16);
	u32 dsdt = write_dsdt(&w);
	u32 facs = write_facs(&w);
	const u32 tables[] = {write_fadt(&w, facs, dsdt), write_madt(&w, p), write_mcfg(&w)};
	u32 rsdt = write_root(&w, "RSDT", tables, ARRAY_SIZE(tables), 4);
	u32 xsdt = write_root(&w, "XSDT", tables, ARRAY_SIZE(tables), 8);

	fill_rsdp(rsdp, rsdt, xsdt);
	return w.failed
		   ? trace_err(ERR_NOMEM, "the ACPI tables of %u processors are too long", p->cpus)
		   : 0;
}
