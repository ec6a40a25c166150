/* SPDX-License-Identifier: BSD-2-Clause */
/* One HTTP GET at a time over the firmware's EFI_HTTP_PROTOCOL. */
#ifndef BOOT_EFI_HTTP_H
#define BOOT_EFI_HTTP_H

#include "boot/efi/efi.h"

/* Find the HTTP service of the network card on a device path, and the addresses the HTTP boot
 * used (its IPv4 or IPv6 node). EFI_NOT_FOUND when there is none. */
EFI_STATUS http_init(const EFI_DEVICE_PATH_PROTOCOL *path);

/* Ask for an URL of 7-bit characters and wait for the head of the answer; tells the length of
 * the body. EFI_NOT_FOUND when the server has no such file. */
EFI_STATUS http_get(const char *url, u64 *size);
/* Receive exactly `size` bytes of body; calls progress_add. */
EFI_STATUS http_receive(void *to, u64 size);
/* End the connection, after any http_get that succeeded. */
void http_close(void);

#endif
