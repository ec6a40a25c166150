/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader knows so far; each step of main.c adds to it. */
#ifndef BOOT_EFI_LOADER_H
#define BOOT_EFI_LOADER_H

#include "boot/efi/efi.h"
#include "boot/efi/elf.h"
#include "boot/efi/source.h"
#include "boot/handoff/handoff.h"

struct loaded_file {
	const char *name; /* points into the configuration */
	struct handoff_blob blob;
	int error; /* enum err */
};

struct loader {
	struct core_layout layout;
	struct handoff_blob core;
	u64 trampoline_phys;

	struct source source;
	struct handoff_blob config;
	const char *directory; /* where the configuration was found: the files are there too */
	struct loaded_file *files;
	u32 file_count;

	struct handoff_cpu *cpus;
	u32 cpu_count;

	struct handoff_blob page_tables;
	u64 root;                  /* for CR3 */
	struct handoff_blob block; /* the handoff structure and what it names */
	struct handoff *handoff;
};

/* core_load.c: check and place the embedded core, find a page for starting processors. */
EFI_STATUS core_load(struct loader *l);

/* config.c: read the configuration; without a good one say so, and config is empty. */
void config_load(struct loader *l);

/* files.c: read what the configuration names; each failure is told and kept in its entry. */
void files_load(struct loader *l);

/* mp.c: the processors, by EFI MP services (PI specification, volume 2, 13.4). */
void mp_list(struct loader *l);

/* gop.c: the console's framebuffer; format HANDOFF_PIXEL_NONE when there is none. */
void gop_describe(struct handoff_framebuffer *fb);

/* handoff.c: allocate the handoff block with room for a memory map of `descriptors`, and fill
 * in everything but the map, the page tables and the last stamps. */
EFI_STATUS handoff_prepare(struct loader *l, u32 descriptors);
/* Convert the firmware's map of `size` bytes into the block. No firmware call. */
int handoff_set_memory(struct loader *l, const void *map, u64 size, u64 stride);
/* The last fields, when nothing else happens before the jump. */
void handoff_finish(struct loader *l);

/* leave.c: end boot services and enter the core. Returns only on failure. */
EFI_STATUS leave(struct loader *l);

#endif
