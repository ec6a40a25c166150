/* SPDX-License-Identifier: BSD-2-Clause */
/* The HTTP server of the HTTP boot. The file names are relative to the URL of the loader. */
#include <string.h>

#include "boot/efi/format.h"
#include "boot/efi/http.h"
#include "boot/efi/source.h"

/* The URL is in the path of the device that loaded us, or in the part below it. */
static const EFI_DEVICE_PATH_PROTOCOL *find_uri(const EFI_DEVICE_PATH_PROTOCOL *path)
{
	const EFI_DEVICE_PATH_PROTOCOL *node =
	    devpath_find(path, MESSAGING_DEVICE_PATH, MSG_URI_DP);

	return node && devpath_length(node) > sizeof(*node) ? node : NULL;
}

static EFI_STATUS http_probe(struct source *s)
{
	static const EFI_GUID guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
	const EFI_DEVICE_PATH_PROTOCOL *path =
	    firmware_protocol(firmware.loaded->DeviceHandle, &guid);
	const EFI_DEVICE_PATH_PROTOCOL *uri = find_uri(path);
	char url[PATH_SIZE];
	size_t length;

	if (!uri)
		uri = find_uri(firmware.loaded->FilePath);
	if (!uri || http_init(path))
		return EFI_NOT_FOUND;
	length = devpath_length(uri) - sizeof(*uri);
	if (length >= sizeof(url))
		return EFI_NOT_FOUND;
	memcpy(url, uri + 1, length);
	url[length] = 0;
	if (path_base_set(&s->base, url))
		return EFI_NOT_FOUND;
	format(s->name, sizeof(s->name), "%s", s->base.root);
	return EFI_SUCCESS;
}

static EFI_STATUS http_open_path(struct source *s, const char *path, u64 *size)
{
	char url[PATH_SIZE];

	(void)s;
	return path_escape_url(path, url) ? EFI_INVALID_PARAMETER : http_get(url, size);
}

static EFI_STATUS http_read_all(struct source *s, void *to, u64 size)
{
	(void)s;
	return http_receive(to, size);
}

static void http_close_path(struct source *s)
{
	(void)s;
	http_close();
}

const struct source_ops source_http = {
    .kind = HANDOFF_SOURCE_HTTP,
    .what = "HTTP server",
    .remedy = "put it beside the loader there, or correct its name in the configuration",
    .probe = http_probe,
    .open = http_open_path,
    .read = http_read_all,
    .close = http_close_path,
};
