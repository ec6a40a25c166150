/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of files and where they are looked for. Pure: no firmware call.
 * Every buffer has PATH_SIZE bytes (or 16-bit characters). */
#ifndef BOOT_EFI_PATH_H
#define BOOT_EFI_PATH_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

#define PATH_SIZE 1024u

/* The places of a source: prefixes that a name is appended to. Both end in '/' or are empty. */
struct path_base {
	char directory[PATH_SIZE]; /* beside the loader's own image */
	char root[PATH_SIZE];      /* the top of the volume or server */
};

/*
 * From the loader's own path. A volume's "\EFI\BOOT\X.EFI" (backslashes are taken as slashes)
 * gives "/EFI/BOOT/" and "/"; TFTP's "pxe/x.efi" gives "pxe/" and ""; an URL's query is
 * dropped and its root ends at the server's name. ERR_RANGE when too long.
 */
int path_base_set(struct path_base *base, const char *own) __must_check;

/* A name under a directory; one that begins with a slash is under the root instead.
 * ERR_RANGE when too long. */
int path_join(const struct path_base *base, const char *directory, const char *name,
	      char *to) __must_check;

/* Between UTF-8 and the firmware's UCS-2, with NUL. ERR_INVAL for what is not UTF-8 or not in
 * UCS-2, ERR_RANGE when too long. */
int path_to_ucs2(const char *from, uint16_t *to) __must_check;
int path_from_ucs2(const uint16_t *from, size_t max, char *to) __must_check;

/* Escape what RFC 3986 does not allow in an URL; '%' is left as it is. */
int path_escape_url(const char *from, char *to) __must_check;

#endif
