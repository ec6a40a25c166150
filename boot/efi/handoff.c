/* SPDX-License-Identifier: BSD-2-Clause */
/* Lays out the handoff block: the structure first, then its tables and strings. */
#include <string.h>

#include "boot/efi/loader.h"
#include "boot/efi/memmap.h"
#include "boot/efi/memory.h"
#include "boot/efi/print.h"
#include "boot/efi/serial.h"
#include "boot/efi/stamp.h"
#include "boot/efi/utc.h"

#define PART_ALIGN 16u

/* Ranges that get a type of their own: core, block, configuration, and each file. */
#define FIXED_RANGES 3u

/* The block is filled from its start; its size is the sum of the same parts. */
static u64 part_size(u64 size)
{
	return ALIGN_UP(size, PART_ALIGN);
}

static u64 take(struct loader *l, u64 *used, u64 size)
{
	u64 at = l->block.phys + *used;

	*used += part_size(size);
	return at;
}

static struct handoff_table table_take(struct loader *l, u64 *used, u32 count, u32 stride)
{
	return (struct handoff_table){take(l, used, (u64)count * stride), count, stride};
}

static u32 memory_capacity(const struct loader *l, u32 descriptors)
{
	return MEMMAP_CAPACITY(descriptors, FIXED_RANGES + l->file_count);
}

static u64 block_size(const struct loader *l, u32 descriptors)
{
	u64 size = part_size(sizeof(struct handoff));
	size_t messages;

	print_messages(&messages);
	size += part_size(messages);
	size += part_size(memory_capacity(l, descriptors) * sizeof(struct handoff_mem));
	size += part_size(l->cpu_count * sizeof(struct handoff_cpu));
	size += part_size(l->file_count * sizeof(struct handoff_file));
	size += part_size(STAMPS_MAX * sizeof(struct handoff_stamp));
	for (u32 i = 0; i < l->file_count; i++)
		size += part_size(strlen(l->files[i].name) + 1);
	return size;
}

static void fill_files(struct loader *l, u64 *used)
{
	struct handoff *h = l->handoff;
	struct handoff_file *to;

	h->files = table_take(l, used, l->file_count, sizeof(struct handoff_file));
	to = (struct handoff_file *)h->files.phys;
	for (u32 i = 0; i < l->file_count; i++) {
		const struct loaded_file *f = &l->files[i];
		u64 length = strlen(f->name) + 1;

		to[i].name_phys = take(l, used, length);
		memcpy((void *)to[i].name_phys, f->name, length);
		to[i].phys = f->blob.phys;
		to[i].size = f->blob.size;
		to[i].error = f->error;
	}
}

static void fill_messages(struct loader *l, u64 *used)
{
	size_t size;
	const char *text = print_messages(&size);

	l->handoff->messages.size = size;
	l->handoff->messages.phys = take(l, used, size);
	memcpy((void *)l->handoff->messages.phys, text, size);
}

static u64 first_table(const EFI_GUID *better, const EFI_GUID *other)
{
	void *table = firmware_config_table(better);

	return (u64)(table ? table : firmware_config_table(other));
}

static void fill_clock(struct handoff *h)
{
	EFI_TIME t;

	if (firmware.table->RuntimeServices->GetTime(&t, NULL) != EFI_SUCCESS)
		return;
	h->utc_tsc = __builtin_ia32_rdtsc();
	h->utc_seconds = utc_from_civil(t.Year, t.Month, t.Day, t.Hour, t.Minute, t.Second);
	/* Local time plus the zone's minutes is UTC (UEFI 2.10, 8.3.1). */
	if (t.TimeZone >= -1440 && t.TimeZone <= 1440)
		h->utc_seconds += (u64)(t.TimeZone * 60);
}

static void fill_firmware(struct handoff *h)
{
	static const EFI_GUID acpi_20 = ACPI_20_TABLE_GUID, acpi_10 = ACPI_TABLE_GUID;
	static const EFI_GUID smbios_3 = SMBIOS3_TABLE_GUID, smbios = SMBIOS_TABLE_GUID;

	h->rsdp_phys = first_table(&acpi_20, &acpi_10);
	h->smbios_phys = first_table(&smbios_3, &smbios);
	h->efi_system_table = (u64)firmware.table;
	h->efi_runtime = (u64)firmware.table->RuntimeServices;
	gop_describe(&h->framebuffer);
	serial_describe(&h->console);
}

static void fill_source(struct handoff *h, const struct source *s)
{
	if (!s->ops)
		return;
	h->source = s->ops->kind;
	memcpy(h->source_name, s->name, strnlen(s->name, sizeof(h->source_name) - 1));
}

EFI_STATUS handoff_prepare(struct loader *l, u32 descriptors)
{
	struct handoff *h;
	u64 used = 0;

	l->block.size = block_size(l, descriptors);
	l->block.phys = memory_pages(l->block.size, PAGE_SIZE, MEMORY_ANYWHERE);
	if (!l->block.phys)
		return EFI_OUT_OF_RESOURCES;
	memset((void *)l->block.phys, 0, l->block.size);
	l->handoff = h = (struct handoff *)take(l, &used, sizeof(*h));
	h->magic = HANDOFF_MAGIC;
	h->version = HANDOFF_VERSION;
	h->size = sizeof(*h);
	h->mem = table_take(l, &used, memory_capacity(l, descriptors), sizeof(struct handoff_mem));
	h->cpus = table_take(l, &used, l->cpu_count, sizeof(struct handoff_cpu));
	memcpy((void *)h->cpus.phys, l->cpus, l->cpu_count * sizeof(struct handoff_cpu));
	h->stamps = table_take(l, &used, STAMPS_MAX, sizeof(struct handoff_stamp));
	fill_files(l, &used);
	fill_messages(l, &used);
	h->core = l->core;
	h->config = l->config;
	h->trampoline_phys = l->trampoline_phys;
	fill_firmware(h);
	fill_clock(h);
	fill_source(h, &l->source);
	return EFI_SUCCESS;
}

int handoff_set_memory(struct loader *l, const void *map, u64 size, u64 stride)
{
	struct memmap mem = {
	    .mem = (struct handoff_mem *)l->handoff->mem.phys,
	    .capacity = memory_capacity(l, 0) + (u32)(size / stride),
	};
	int err = memmap_convert(&mem, map, size, stride);

	if (!err)
		err = memmap_set(&mem, l->core.phys, l->core.size, HANDOFF_MEM_CORE);
	if (!err)
		err = memmap_set(&mem, l->block.phys, l->block.size, HANDOFF_MEM_HANDOFF);
	if (!err && l->config.phys)
		err = memmap_set(&mem, l->config.phys, l->config.size, HANDOFF_MEM_FILE);
	for (u32 i = 0; !err && i < l->file_count; i++)
		if (l->files[i].blob.phys)
			err = memmap_set(&mem, l->files[i].blob.phys, l->files[i].blob.size,
					 HANDOFF_MEM_FILE);
	l->handoff->mem.count = mem.count;
	return err;
}

void handoff_finish(struct loader *l)
{
	struct handoff *h = l->handoff;
	const struct handoff_stamp *stamps = stamp_list(&h->stamps.count);

	h->page_table_phys = l->root;
	memcpy((void *)h->stamps.phys, stamps, h->stamps.count * sizeof(*stamps));
}
