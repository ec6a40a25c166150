/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/dhcp.h"

#include <string.h>

/* Offsets in a reply, RFC 2131 2. */
#define SIADDR 20
#define FILE 108
#define FILE_SIZE 128
#define OPTIONS 240

#define OPTION_PAD 0
#define OPTION_SERVER 54 /* the DHCP server itself: also the TFTP server when siaddr is 0 */
#define OPTION_FILE 67
#define OPTION_END 255

static const u8 *option_find(const u8 *reply, size_t size, u8 code, size_t *length)
{
	for (size_t at = OPTIONS; at + 1 < size && reply[at] != OPTION_END;) {
		if (reply[at] == OPTION_PAD) {
			at++;
			continue;
		}
		*length = reply[at + 1];
		if (*length > size - at - 2)
			return NULL;
		if (reply[at] == code)
			return reply + at + 2;
		at += 2 + *length;
	}
	return NULL;
}

static void read_server(const u8 *reply, size_t size, u8 *server)
{
	static const u8 none[4];
	size_t length;
	const u8 *option;

	memcpy(server, reply + SIADDR, 4);
	if (memcmp(server, none, 4))
		return;
	option = option_find(reply, size, OPTION_SERVER, &length);
	if (option && length == 4)
		memcpy(server, option, 4);
}

int dhcp_read_boot(const u8 *reply, size_t size, struct dhcp_boot *boot)
{
	const u8 *name = reply + FILE;
	size_t length = FILE_SIZE;

	memset(boot, 0, sizeof(*boot));
	if (size < OPTIONS)
		return ERR_NOENT;
	if (!name[0])
		name = option_find(reply, size, OPTION_FILE, &length);
	if (name)
		memcpy(boot->file, name, strnlen((const char *)name, length));
	read_server(reply, size, boot->server);
	return boot->file[0] && boot->server[0] ? ERR_OK : ERR_NOENT;
}
