/* SPDX-License-Identifier: BSD-2-Clause */
/* The volume that holds the loader's own image: a disk, a stick, an ISO image. */
#include "boot/efi/format.h"
#include "boot/efi/memory.h"
#include "boot/efi/print.h"
#include "boot/efi/source.h"

#define CHUNK MIB(4) /* one read: for progress, and as some firmware fails at larger ones */

static EFI_GUID info_guid = EFI_FILE_INFO_ID;
static EFI_GUID volume_info_guid = EFI_FILE_SYSTEM_INFO_ID;

static EFI_FILE_PROTOCOL *root, *file;

static void set_name(struct source *s)
{
	u64 buffer[128];
	EFI_FILE_SYSTEM_INFO *info = (void *)buffer;
	UINTN size = sizeof(buffer);
	char label[PATH_SIZE] = "";

	if (!root->GetInfo(root, &volume_info_guid, &size, buffer) &&
	    path_from_ucs2(info->VolumeLabel, 32, label))
		label[0] = 0;
	format(s->name, sizeof(s->name), "volume \"%s\"", label);
}

/* Our own path: the nodes of LoadedImage's FilePath, joined. */
static int own_path(char *to)
{
	const EFI_DEVICE_PATH_PROTOCOL *node = firmware.loaded->FilePath;
	uint16_t wide[PATH_SIZE];
	size_t n = 0;

	while ((node = devpath_find(node, MEDIA_DEVICE_PATH, MEDIA_FILEPATH_DP))) {
		const uint16_t *name = (const uint16_t *)(node + 1);
		size_t length = (devpath_length(node) - sizeof(*node)) / sizeof(*name);

		if (n + length + 2 > PATH_SIZE)
			return ERR_RANGE;
		wide[n++] = '\\';
		for (size_t i = 0; i < length && name[i]; i++)
			if (name[i] != '\\' || wide[n - 1] != '\\')
				wide[n++] = name[i];
		node = devpath_next(node);
	}
	wide[n] = 0;
	return path_from_ucs2(wide, PATH_SIZE, to);
}

static EFI_STATUS volume_probe(struct source *s)
{
	static const EFI_GUID guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
	EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *fs =
	    firmware_protocol(firmware.loaded->DeviceHandle, &guid);
	char path[PATH_SIZE];

	if (!fs || fs->OpenVolume(fs, &root))
		return EFI_NOT_FOUND;
	if (own_path(path) || path_base_set(&s->base, path[0] ? path : "\\"))
		return EFI_NOT_FOUND;
	set_name(s);
	return EFI_SUCCESS;
}

static EFI_STATUS file_size(u64 *size)
{
	/* EFI_FILE_INFO with a name of up to 255 characters. */
	u64 buffer[(sizeof(EFI_FILE_INFO) + 2 * 256) / 8 + 1];
	const EFI_FILE_INFO *info = (const void *)buffer;
	UINTN length = sizeof(buffer);
	EFI_STATUS status = file->GetInfo(file, &info_guid, &length, buffer);

	if (!status && info->Attribute & EFI_FILE_DIRECTORY)
		return EFI_NOT_FOUND;
	*size = status ? 0 : info->FileSize;
	return status;
}

static void volume_close(struct source *s)
{
	(void)s;
	file->Close(file);
}

static EFI_STATUS volume_open(struct source *s, const char *path, u64 *size)
{
	uint16_t wide[PATH_SIZE];
	EFI_STATUS status;

	if (path_to_ucs2(path, wide))
		return EFI_INVALID_PARAMETER;
	for (size_t i = 0; wide[i]; i++)
		if (wide[i] == '/')
			wide[i] = '\\';
	status = root->Open(root, &file, wide, EFI_FILE_MODE_READ, 0);
	if (status)
		return status;
	status = file_size(size);
	if (status)
		volume_close(s);
	return status;
}

static EFI_STATUS volume_read(struct source *s, void *to, u64 size)
{
	(void)s;
	for (u64 at = 0; at < size;) {
		UINTN part = MIN(size - at, CHUNK);
		EFI_STATUS status = file->Read(file, &part, (u8 *)to + at);

		if (status)
			return status;
		if (!part)
			return EFI_END_OF_FILE;
		at += part;
		progress_add(part);
	}
	return EFI_SUCCESS;
}

const struct source_ops source_volume = {
    .kind = HANDOFF_SOURCE_VOLUME,
    .what = "boot volume",
    .remedy = "copy it there, or correct its name in the configuration",
    .probe = volume_probe,
    .open = volume_open,
    .read = volume_read,
    .close = volume_close,
};
