/* SPDX-License-Identifier: BSD-2-Clause */
/* Where files come from: the place that the loader itself was booted from. */
#ifndef BOOT_EFI_SOURCE_H
#define BOOT_EFI_SOURCE_H

#include "boot/efi/efi.h"
#include "boot/efi/path.h"
#include "boot/handoff/handoff.h"

struct source;

/* Paths are complete, as path_join makes them. One file is open at a time. */
struct source_ops {
	u32 kind;           /* enum handoff_source */
	const char *what;   /* for people: "boot volume", ... */
	const char *remedy; /* what to do when a file is missing */

	/* Recognize the place: set base and name. EFI_NOT_FOUND when it is another kind. */
	EFI_STATUS (*probe)(struct source *s);
	/* Open a file and tell its size in bytes. EFI_NOT_FOUND when there is none. */
	EFI_STATUS (*open)(struct source *s, const char *path, u64 *size);
	/* Read all of the open file to `to`, which has room for the size told by open. */
	EFI_STATUS (*read)(struct source *s, void *to, u64 size);
	/* Close it; also after a failed read. */
	void (*close)(struct source *s);
};

extern const struct source_ops source_volume, source_pxe, source_http;

struct source {
	const struct source_ops *ops; /* NULL: no place is known */
	struct path_base base;
	char name[128]; /* volume label, server or URL */
	u32 tried;      /* kinds of places before the next */
};

/*
 * Go to the next place that the loader may have come from: firmware may offer more than one, as
 * iPXE does with a volume of its own beside its TFTP server. Starts with a zeroed structure;
 * returns false, with ops NULL, when there are no more.
 */
bool source_next(struct source *s);

/*
 * Load a whole file to pages of its own, at the top of memory, 2 MiB-aligned when it is that
 * large; the rest of the last page is zeroed. Shows progress. Fails with EFI_NOT_FOUND when
 * there is no such file, EFI_BAD_BUFFER_SIZE when it is empty; nothing is allocated then.
 */
EFI_STATUS source_load(struct source *s, const char *path, struct handoff_blob *blob);

#endif
