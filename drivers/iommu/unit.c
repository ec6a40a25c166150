/* SPDX-License-Identifier: BSD-2-Clause */
/* Taking over a unit that firmware may have used, and turning it on: VT-d 4.1, 10.2. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/tsc.h"
#include "drivers/iommu/vtd.h"
#include "kernel/mm/page.h"

#define COMMAND_WAIT_US 100000
#define CACHE_LINE 64

#ifdef HANOK_HOST
#define line_writeback vtd_host_writeback
#else
#define line_writeback cache_line_flush
#endif

void vtd_writeback(const struct vtd_unit *unit, const void *start, size_t bytes)
{
	if (!(unit->ecap & VTD_ECAP_COHERENT))
		for (u64 at = ALIGN_DOWN((u64)start, CACHE_LINE); at < (u64)start + bytes;
		     at += CACHE_LINE)
			line_writeback((const void *)at);
	memory_barrier();
}

static bool status_wait(const struct vtd_unit *unit, u32 mask, u32 want)
{
	for (u32 us = 0; us < COMMAND_WAIT_US; us++) {
		if ((vtd_read32(unit, VTD_GSTS) & mask) == want)
			return true;
		tsc_delay_us(1);
	}
	return false;
}

/* WBF is done when its bit is clear. */
int vtd_command(struct vtd_unit *unit, u32 bit, bool on)
{
	u32 kept = vtd_read32(unit, VTD_GSTS) & VTD_GSTS_KEPT;

	vtd_write32(unit, VTD_GCMD, on ? kept | bit : kept & ~bit);
	if (status_wait(unit, bit, on && bit != VTD_GCMD_WBF ? bit : 0))
		return 0;
	unit->failed = true;
	return trace_err(ERR_TIMEOUT, "iommu: unit at 0x%llx does not carry out command 0x%x",
			 (unsigned long long)unit->scope->base.v, bit);
}

/* Firmware, or the system before a warm start, may have left it on. */
static int silence(struct vtd_unit *unit)
{
	static const u32 bits[] = {VTD_GCMD_TE, VTD_GCMD_IRE, VTD_GCMD_CFI, VTD_GCMD_QIE};
	int err = 0;

	vtd_write32(unit, VTD_FECTL, VTD_FECTL_MASKED);
	for (u32 i = 0; i < ARRAY_SIZE(bits) && !err; i++)
		if (vtd_read32(unit, VTD_GSTS) & bits[i])
			err = vtd_command(unit, bits[i], false);
	return err;
}

static int check(const struct vtd_unit *unit)
{
	unsigned long long base = unit->scope->base.v;
	u32 version = vtd_read32(unit, VTD_VER);

	if (!VTD_VER_MAJOR(version) || version == 0xffffffff)
		return trace_err(ERR_IO, "iommu: nothing answers at 0x%llx: update the firmware",
				 base);
	if (!(unit->ecap & VTD_ECAP_QI))
		return trace_err(ERR_UNSUPPORTED,
				 "iommu: unit at 0x%llx has no queued invalidation", base);
	if (!(VTD_CAP_SAGAW(unit->cap) & (VTD_SAGAW_39 | VTD_SAGAW_48)))
		return trace_err(ERR_UNSUPPORTED,
				 "iommu: unit at 0x%llx walks tables of neither 3 nor 4 levels",
				 base);
	return 0;
}

static int structures_create(struct vtd_unit *unit)
{
	if (page_alloc_zeroed(0, 0, &unit->root) || page_alloc_zeroed(0, 0, &unit->queue) ||
	    page_alloc_zeroed(0, 0, &unit->status))
		return trace_err(ERR_NOMEM, "iommu: no memory for a unit's tables");
	vtd_writeback(unit, page_virt(unit->root), PAGE_SIZE);
	return 0;
}

int vtd_unit_open(struct vtd_unit *unit, const struct dmar_unit *scope)
{
	int err;

	*unit = (struct vtd_unit){.scope = scope, .fault_vector = -1};
	unit->regs = mmio_map(scope->base, scope->size, MEM_UC);
	if (!unit->regs)
		return trace_err(ERR_NOMEM, "iommu: a unit's registers cannot be mapped");
	unit->cap = vtd_read64(unit, VTD_CAP);
	unit->ecap = vtd_read64(unit, VTD_ECAP);
	err = check(unit);
	if (!err)
		err = silence(unit);
	if (!err)
		err = structures_create(unit);
	return err;
}

int vtd_unit_enable(struct vtd_unit *unit)
{
	int err = 0;

	if (unit->cap & VTD_CAP_RWBF)
		err = vtd_command(unit, VTD_GCMD_WBF, true);
	if (!err)
		err = vtd_queue_start(unit);
	if (!err)
		err = vtd_command(unit, VTD_GCMD_QIE, true);
	if (err)
		return err;
	vtd_write64(unit, VTD_RTADDR, unit->root.v);
	err = vtd_command(unit, VTD_GCMD_SRTP, true);
	if (!err)
		err = vtd_flush_all(unit);
	if (!err)
		err = vtd_command(unit, VTD_GCMD_TE, true);
	return err;
}

static void page_give(hpa_t page)
{
	if (page.v)
		page_free(page, 0);
}

void vtd_unit_close(struct vtd_unit *unit)
{
	if (unit->regs && silence(unit)) {
		log_err("iommu: the unit's tables stay where they are, since it may use them");
		return;
	}
	if (unit->root.v)
		vtd_contexts_free(unit);
	page_give(unit->root);
	page_give(unit->queue);
	page_give(unit->status);
	*unit = (struct vtd_unit){.scope = unit->scope, .failed = true, .fault_vector = -1};
}

unsigned vtd_unit_max_leaf(const struct vtd_unit *unit)
{
	if (!(unit->cap & VTD_CAP_2M))
		return RADIX_4K;
	return unit->cap & VTD_CAP_1G ? RADIX_1G : RADIX_2M;
}
