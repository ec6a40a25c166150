/* SPDX-License-Identifier: BSD-2-Clause */
/* What a DHCP reply says about booting (RFC 2131, 2132). Pure: no firmware call. */
#ifndef BOOT_EFI_DHCP_H
#define BOOT_EFI_DHCP_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

struct dhcp_boot {
	u8 server[4];   /* IPv4 address of the TFTP server */
	char file[256]; /* path of the boot file there, NUL-terminated */
};

/* Read a reply of `size` bytes. ERR_NOENT when it names no server or no file. */
int dhcp_read_boot(const u8 *reply, size_t size, struct dhcp_boot *boot) __must_check;

#endif
