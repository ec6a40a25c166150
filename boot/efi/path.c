/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/path.h"

#include <string.h>

/* Where the path of an URL begins, at its first slash; 0 for what is no URL. */
static size_t server_length(const char *own)
{
	size_t i = 0;

	while (own[i] && own[i] != ':' && own[i] != '/' && own[i] != '\\')
		i++;
	if (strnlen(own + i, 3) < 3 || memcmp(own + i, "://", 3))
		return 0;
	for (i += 3; own[i] && own[i] != '/' && own[i] != '?' && own[i] != '#';)
		i++;
	return i;
}

int path_base_set(struct path_base *base, const char *own)
{
	size_t server = server_length(own);
	size_t end = server;
	size_t i;

	if (strlen(own) >= PATH_SIZE - 1)
		return ERR_RANGE;
	for (i = server; own[i] && !(server && (own[i] == '?' || own[i] == '#')); i++) {
		base->directory[i] = own[i] == '\\' ? '/' : own[i];
		if (base->directory[i] == '/')
			end = i + 1;
	}
	memcpy(base->directory, own, server);
	memcpy(base->root, own, server);
	if (server && end == server)
		base->directory[end++] = '/';
	base->directory[end] = 0;
	if (base->directory[server] == '/')
		base->root[server++] = '/';
	base->root[server] = 0;
	return ERR_OK;
}

int path_join(const struct path_base *base, const char *directory, const char *name, char *to)
{
	bool absolute = *name == '/' || *name == '\\';
	const char *prefix = absolute ? base->root : directory;
	size_t length = strlen(prefix);

	while (*name == '/' || *name == '\\')
		name++;
	if (length + strlen(name) >= PATH_SIZE)
		return ERR_RANGE;
	memcpy(to, prefix, length);
	memcpy(to + length, name, strlen(name) + 1);
	return ERR_OK;
}

/* One character of at most 16 bits; the length of its encoding, 0 when it is not valid. */
static size_t utf8_decode(const char *from, uint16_t *out)
{
	const unsigned char *s = (const unsigned char *)from;

	if (s[0] < 0x80) {
		*out = s[0];
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] < 0xe0 && (s[1] & 0xc0) == 0x80) {
		*out = (uint16_t)((s[0] & 0x1f) << 6 | (s[1] & 0x3f));
		return 2;
	}
	if ((s[0] & 0xf0) != 0xe0 || (s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80)
		return 0;
	*out = (uint16_t)((s[0] & 0x0f) << 12 | (s[1] & 0x3f) << 6 | (s[2] & 0x3f));
	return *out < 0x800 || (*out & 0xf800) == 0xd800 ? 0 : 3;
}

int path_to_ucs2(const char *from, uint16_t *to)
{
	size_t n = 0;

	while (*from && n < PATH_SIZE - 1) {
		size_t length = utf8_decode(from, &to[n]);

		if (!length)
			return ERR_INVAL;
		from += length;
		n++;
	}
	to[n] = 0;
	return *from ? ERR_RANGE : ERR_OK;
}

int path_from_ucs2(const uint16_t *from, size_t max, char *to)
{
	size_t n = 0;

	for (size_t i = 0; i < max && from[i]; i++) {
		uint16_t c = from[i];

		if (n + 3 >= PATH_SIZE)
			return ERR_RANGE;
		if ((c & 0xf800) == 0xd800)
			return ERR_INVAL;
		if (c < 0x80) {
			to[n++] = (char)c;
			continue;
		}
		if (c >= 0x800)
			to[n++] = (char)(0xe0 | c >> 12);
		to[n++] = (char)(c < 0x800 ? 0xc0 | c >> 6 : 0x80 | (c >> 6 & 0x3f));
		to[n++] = (char)(0x80 | (c & 0x3f));
	}
	to[n] = 0;
	return ERR_OK;
}

int path_escape_url(const char *from, char *to)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (; *from; from++) {
		unsigned char c = (unsigned char)*from;

		if (n + 3 >= PATH_SIZE)
			return ERR_RANGE;
		if (c > 0x20 && c < 0x7f && !strchr("\"<>\\^`{|}", c)) {
			to[n++] = (char)c;
			continue;
		}
		to[n++] = '%';
		to[n++] = hex[c >> 4];
		to[n++] = hex[c & 15];
	}
	to[n] = 0;
	return ERR_OK;
}
