/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/efi.h"

#include <string.h>

struct firmware firmware;

EFI_STATUS firmware_init(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	static const EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;

	firmware.image = image;
	firmware.table = table;
	firmware.boot = table->BootServices;
	firmware.loaded = firmware_protocol(image, &loaded_image);
	return firmware.loaded ? EFI_SUCCESS : EFI_UNSUPPORTED;
}

/* gnu-efi's prototypes take GUIDs that are not const, though the firmware only reads them. */
static EFI_GUID *guid_of(const EFI_GUID *guid)
{
	return (EFI_GUID *)(uintptr_t)guid;
}

void *firmware_protocol(EFI_HANDLE handle, const EFI_GUID *guid)
{
	void *interface = NULL;

	if (!handle || firmware.boot->HandleProtocol(handle, guid_of(guid), &interface))
		return NULL;
	return interface;
}

void *firmware_locate(const EFI_GUID *guid)
{
	void *interface = NULL;

	return firmware.boot->LocateProtocol(guid_of(guid), NULL, &interface) ? NULL : interface;
}

void *firmware_config_table(const EFI_GUID *guid)
{
	const EFI_CONFIGURATION_TABLE *t = firmware.table->ConfigurationTable;

	for (UINTN i = 0; i < firmware.table->NumberOfTableEntries; i++)
		if (!memcmp(&t[i].VendorGuid, guid, sizeof(*guid)))
			return t[i].VendorTable;
	return NULL;
}

UINTN firmware_handles(const EFI_GUID *guid, EFI_HANDLE **handles)
{
	UINTN count = 0;

	*handles = NULL;
	if (firmware.boot->LocateHandleBuffer(ByProtocol, guid_of(guid), NULL, &count, handles))
		return 0;
	return count;
}

size_t devpath_length(const EFI_DEVICE_PATH_PROTOCOL *node)
{
	return node->Length[0] | (size_t)node->Length[1] << 8;
}

const EFI_DEVICE_PATH_PROTOCOL *devpath_next(const EFI_DEVICE_PATH_PROTOCOL *node)
{
	return (const EFI_DEVICE_PATH_PROTOCOL *)((const u8 *)node + devpath_length(node));
}

const EFI_DEVICE_PATH_PROTOCOL *devpath_find(const EFI_DEVICE_PATH_PROTOCOL *path, u8 type,
					     u8 subtype)
{
	for (; path && (path->Type & 0x7f) != END_DEVICE_PATH_TYPE; path = devpath_next(path)) {
		if (path->Type == type && path->SubType == subtype)
			return path;
		if (devpath_length(path) < sizeof(*path))
			return NULL;
	}
	return NULL;
}

static const struct {
	EFI_STATUS status;
	int err;
	const char *text;
} statuses[] = {
    {EFI_SUCCESS, ERR_OK, "no error"},
    {EFI_NOT_FOUND, ERR_NOENT, "not found"},
    {EFI_OUT_OF_RESOURCES, ERR_NOMEM, "not enough memory"},
    {EFI_INVALID_PARAMETER, ERR_INVAL, "the name or the data is not valid"},
    {EFI_UNSUPPORTED, ERR_UNSUPPORTED, "the firmware cannot do it"},
    {EFI_BAD_BUFFER_SIZE, ERR_RANGE, "it is empty"},
    {EFI_BUFFER_TOO_SMALL, ERR_IO, "it has grown while it was read"},
    {EFI_END_OF_FILE, ERR_IO, "it ended before its stated size"},
    {EFI_DEVICE_ERROR, ERR_IO, "the device reported an error"},
    {EFI_NO_MEDIA, ERR_IO, "the medium is gone"},
    {EFI_MEDIA_CHANGED, ERR_IO, "the medium was changed"},
    {EFI_VOLUME_CORRUPTED, ERR_IO, "the file system is damaged"},
    {EFI_ACCESS_DENIED, ERR_IO, "access denied"},
    {EFI_TIMEOUT, ERR_TIMEOUT, "no answer in time"},
    {EFI_NO_RESPONSE, ERR_TIMEOUT, "the server does not answer"},
    {EFI_NO_MAPPING, ERR_IO, "the network has no address"},
    {EFI_TFTP_ERROR, ERR_NOENT, "the TFTP server refused it"},
    {EFI_PROTOCOL_ERROR, ERR_IO, "the server's answer is not valid"},
    {EFI_ABORTED, ERR_IO, "the transfer was broken off"},
};

const char *status_text(EFI_STATUS status)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].text;
	return "the firmware reported an error";
}

int status_err(EFI_STATUS status)
{
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].err;
	return ERR_IO;
}
