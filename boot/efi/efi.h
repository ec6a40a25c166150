/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware as the loader's files see it: gnu-efi's types, the boot services, and how a
 * status is told to people and to the core. */
#ifndef BOOT_EFI_EFI_H
#define BOOT_EFI_EFI_H

#include <efi.h>

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

struct firmware {
	EFI_HANDLE image;
	EFI_SYSTEM_TABLE *table;
	EFI_BOOT_SERVICES *boot;
	EFI_LOADED_IMAGE_PROTOCOL *loaded; /* our own image */
};
extern struct firmware firmware;

/* Learn the environment from what the firmware gives to the entry point. */
EFI_STATUS firmware_init(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

/* A protocol of a handle, NULL when it has none. */
void *firmware_protocol(EFI_HANDLE handle, const EFI_GUID *guid);
/* The first instance of a protocol in the system, NULL when there is none. */
void *firmware_locate(const EFI_GUID *guid);
/* A configuration table (UEFI 4.6) by its GUID, NULL when there is none. */
void *firmware_config_table(const EFI_GUID *guid);
/* All handles with a protocol: their number, and the array, to be freed with FreePool. */
UINTN firmware_handles(const EFI_GUID *guid, EFI_HANDLE **handles);

/* The first node of a type and subtype at or after `path`, NULL when there is none. */
const EFI_DEVICE_PATH_PROTOCOL *devpath_find(const EFI_DEVICE_PATH_PROTOCOL *path, u8 type,
					     u8 subtype);
/* The node after one that is not the end; its length in bytes. */
const EFI_DEVICE_PATH_PROTOCOL *devpath_next(const EFI_DEVICE_PATH_PROTOCOL *node);
size_t devpath_length(const EFI_DEVICE_PATH_PROTOCOL *node);

/* A status as cause in an English sentence, and as enum err. */
const char *status_text(EFI_STATUS status);
int status_err(EFI_STATUS status);

#endif
