/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/tftp.h"

#include <string.h>

#include "boot/efi/format.h"

static const char option_block[] = "blksize", option_size[] = "tsize";

static u16 get16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static void put16(u8 *p, u16 value)
{
	p[0] = (u8)(value >> 8);
	p[1] = (u8)value;
}

/* Option names are compared without case (RFC 2347). */
static bool option_is(const char *s, const char *lower)
{
	while (*s && (*s | 0x20) == *lower)
		s++, lower++;
	return !*s && !*lower;
}

static u64 number_of(const char *s)
{
	u64 value = 0;

	for (; *s >= '0' && *s <= '9' && value < BIT(56); s++)
		value = value * 10 + (u64)(*s - '0');
	return value;
}

/* Pairs of strings; the last byte of the packet is their end. */
static int parse_options(const char *at, size_t size, struct tftp_packet *packet)
{
	const char *end = at + size;

	packet->block_size = 512;
	if (size && end[-1])
		return ERR_INVAL;
	while (at < end) {
		const char *value = at + strlen(at) + 1;

		if (value >= end)
			return ERR_INVAL;
		if (option_is(at, option_block))
			packet->block_size = (u32)number_of(value);
		else if (option_is(at, option_size))
			packet->file_size = number_of(value);
		at = value + strlen(value) + 1;
	}
	return packet->block_size ? ERR_OK : ERR_INVAL;
}

int tftp_parse(const u8 *bytes, size_t size, struct tftp_packet *packet)
{
	*packet = (struct tftp_packet){0};
	if (size < 2)
		return ERR_INVAL;
	packet->opcode = get16(bytes);
	if (packet->opcode == TFTP_OACK)
		return parse_options((const char *)bytes + 2, size - 2, packet);
	if (size < TFTP_HEADER_SIZE ||
	    (packet->opcode != TFTP_DATA && packet->opcode != TFTP_ERROR))
		return ERR_INVAL;
	packet->number = get16(bytes + 2);
	packet->data = bytes + TFTP_HEADER_SIZE;
	packet->length = size - TFTP_HEADER_SIZE;
	return ERR_OK;
}

static size_t put_string(u8 *to, size_t at, const char *s)
{
	memcpy(to + at, s, strlen(s) + 1);
	return at + strlen(s) + 1;
}

size_t tftp_make_request(u8 *to, const char *path)
{
	char block[12];
	size_t at = 2;

	format(block, sizeof(block), "%u", TFTP_BLOCK_SIZE);
	put16(to, TFTP_READ);
	at = put_string(to, at, path);
	at = put_string(to, at, "octet");
	at = put_string(to, at, option_block);
	at = put_string(to, at, block);
	at = put_string(to, at, option_size);
	return put_string(to, at, "0");
}

size_t tftp_make_answer(u8 *to, enum tftp_opcode opcode, u16 number)
{
	put16(to, (u16)opcode);
	put16(to + 2, number);
	to[4] = 0;
	return opcode == TFTP_ERROR ? 5 : TFTP_HEADER_SIZE;
}
