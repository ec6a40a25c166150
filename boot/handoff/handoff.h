/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the loader hands to the core. All addresses are physical; at entry they
 * are also mapped at themselves, and they stay valid until the core frees the
 * ranges of type HANDOFF_MEM_LOADER (the loader's page tables among them) and
 * HANDOFF_MEM_HANDOFF (this structure and every array and string it names).
 *
 * State of the boot processor at the core's ELF entry point: 64-bit mode, IF=0,
 * DF=0, RDI = physical address of struct handoff, CR3 = the loader's tables:
 * physical memory at itself (read, write, execute; everything below 4 GiB and
 * what the memory map names above) and the core's block at HANDOFF_CORE_VIRT.
 * The descriptor tables and the stack are still the firmware's: the core
 * switches to its own before anything else. Boot services are gone, the other
 * processors are parked by the firmware and wait for INIT-SIPI.
 */
#ifndef BOOT_HANDOFF_HANDOFF_H
#define BOOT_HANDOFF_HANDOFF_H

#include "kernel/lib/types.h"

#define HANDOFF_MAGIC 0x46464f4b4f4e4148ull /* "HANOKOFF" */
#define HANDOFF_VERSION 1

/* Where the core's image is linked and mapped at entry. */
#define HANDOFF_CORE_VIRT 0xffffffff80000000ull
/* The core's block is aligned to this and below 4 GiB. */
#define HANDOFF_CORE_ALIGN MIB(2)

/* A table of count elements of stride bytes each; stride lets an older reader
 * step over fields that a newer writer has added at the end of an element. */
struct handoff_table {
	u64 phys;
	u32 count;
	u32 stride;
};

struct handoff_blob {
	u64 phys; /* 0: none */
	u64 size; /* in bytes */
};

enum handoff_mem_type {
	HANDOFF_MEM_RESERVED = 0,
	HANDOFF_MEM_USABLE,       /* free RAM, from the first instruction of the core */
	HANDOFF_MEM_ACPI_RECLAIM, /* ACPI tables; RAM when they have been read */
	HANDOFF_MEM_ACPI_NVS,
	HANDOFF_MEM_RUNTIME, /* UEFI runtime services' code and data */
	HANDOFF_MEM_LOADER,  /* RAM when the core has left the loader's page tables */
	HANDOFF_MEM_CORE,    /* the core's image */
	HANDOFF_MEM_HANDOFF, /* this structure and what it names; RAM when it has been read */
	HANDOFF_MEM_FILE,    /* files and the configuration; RAM when they are not needed */
	HANDOFF_MEM_MMIO,
	HANDOFF_MEM_UNUSABLE,   /* RAM with errors */
	HANDOFF_MEM_PERSISTENT, /* byte-addressable persistent memory */
	HANDOFF_MEM_TYPES,
};

/* The memory map: ascending, without overlaps, neighbours of equal type and
 * attributes merged, page-aligned. What it does not name is not memory. */
struct handoff_mem {
	u64 base;
	u64 length;     /* in bytes, never 0 */
	u64 attributes; /* EFI_MEMORY_* bits of the UEFI specification, 7.2.3 */
	u32 type;       /* enum handoff_mem_type */
	u32 reserved;
};

#define HANDOFF_CPU_ENABLED BIT(0) /* usable */
#define HANDOFF_CPU_BSP BIT(1)     /* the processor that runs the core's entry */

/* One logical processor as EFI MP services list it: for machines without MADT. */
struct handoff_cpu {
	u32 apic_id;
	u32 flags; /* HANDOFF_CPU_* */
	u32 package;
	u32 core;
	u32 thread;
	u32 reserved;
};

/* One file that the configuration names, each name once. */
struct handoff_file {
	u64 name_phys; /* NUL-terminated, as written in the configuration */
	u64 phys;      /* page-aligned, 2 MiB-aligned when that large; 0 on error */
	u64 size;      /* in bytes; the rest of the last page is zero */
	int32_t error; /* 0, or an enum err of kernel/lib/err.h: ERR_NOENT when missing,
			* ERR_IO, ERR_NOMEM, ERR_RANGE, ERR_UNSUPPORTED */
	u32 reserved;
};

/* A point in the loader's life, in ticks of the boot processor's TSC. Those
 * between "files" and "files read" belong to the firmware's reading. */
struct handoff_stamp {
	char name[24]; /* NUL-terminated */
	u64 tsc;
};
#define HANDOFF_STAMP_ENTRY "loader entry"
#define HANDOFF_STAMP_CONFIG "reading config"
#define HANDOFF_STAMP_CONFIG_READ "config read"
#define HANDOFF_STAMP_FILES "reading files"
#define HANDOFF_STAMP_FILES_READ "files read"
#define HANDOFF_STAMP_EXIT "leaving firmware"
#define HANDOFF_STAMP_JUMP "jump to core"

enum handoff_pixel_format {
	HANDOFF_PIXEL_NONE = 0, /* no framebuffer */
	HANDOFF_PIXEL_BGRX8888, /* byte 0 is blue */
	HANDOFF_PIXEL_RGBX8888, /* byte 0 is red */
	HANDOFF_PIXEL_MASKS,    /* 32 bits with the masks below */
};

struct handoff_framebuffer {
	u64 phys;
	u64 size; /* in bytes */
	u32 width;
	u32 height;
	u32 stride; /* pixels from one line to the next, at least width */
	u32 format; /* enum handoff_pixel_format */
	u32 red_mask;
	u32 green_mask;
	u32 blue_mask;
	u32 reserved;
};

enum handoff_console_kind {
	HANDOFF_CONSOLE_UNKNOWN =
	    0,                /* the firmware did not say: look at SPCR and the usual ports */
	HANDOFF_CONSOLE_PORT, /* a 16550 at I/O port `base` */
	HANDOFF_CONSOLE_MMIO, /* a 16550 at physical address `base` */
};

/* The serial port that the firmware itself talks to. */
struct handoff_console {
	u32 kind; /* enum handoff_console_kind */
	u32 baud; /* as the firmware has set it; 0 when unknown */
	u64 base;
};

enum handoff_source {
	HANDOFF_SOURCE_NONE = 0, /* the loader could not tell: no files */
	HANDOFF_SOURCE_VOLUME,   /* file system of the loader's own image */
	HANDOFF_SOURCE_PXE,      /* TFTP server of the PXE boot */
	HANDOFF_SOURCE_HTTP,     /* HTTP server of the HTTP boot */
};

struct handoff {
	u64 magic;   /* HANDOFF_MAGIC */
	u32 version; /* HANDOFF_VERSION */
	u32 size;    /* sizeof(struct handoff) of the writer */

	struct handoff_table mem;    /* struct handoff_mem */
	struct handoff_table cpus;   /* struct handoff_cpu; count 0 without MP services */
	struct handoff_table files;  /* struct handoff_file */
	struct handoff_table stamps; /* struct handoff_stamp, ascending */

	struct handoff_blob core;     /* the core's block, zeroed where the ELF has no bytes */
	struct handoff_blob config;   /* the device tree, header and size checked only;
				       * none when missing or malformed */
	struct handoff_blob messages; /* the loader's messages, lines ending in '\n' */

	u64 trampoline_phys; /* a page below 1 MiB, type HANDOFF_MEM_LOADER, for starting
			      * the other processors; 0 when there was none */
	u64 page_table_phys; /* CR3 at entry */

	u64 rsdp_phys;        /* ACPI root pointer, 2.0 preferred; 0: none */
	u64 smbios_phys;      /* SMBIOS entry point, 3.0 preferred; 0: none */
	u64 efi_system_table; /* EFI_SYSTEM_TABLE; SetVirtualAddressMap was not called */
	u64 efi_runtime;      /* EFI_RUNTIME_SERVICES: ResetSystem works when identity mapped */

	struct handoff_framebuffer framebuffer;
	struct handoff_console console;

	u64 utc_seconds; /* since 1970, by the firmware's clock at utc_tsc; 0: it has none */
	u64 utc_tsc;
	u32 source; /* enum handoff_source */
	u32 reserved;
	char source_name[128]; /* what it was, for people: volume label, server, URL; cut */
};

/* Element i of a table; i < t->count. */
#define HANDOFF_ENTRY(t, i, type) ((const type *)((t)->phys + (u64)(i) * (t)->stride))

#endif
