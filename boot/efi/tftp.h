/* SPDX-License-Identifier: BSD-2-Clause */
/* TFTP packets (RFC 1350) with options (RFC 2347 to 2349). Pure: no firmware call. */
#ifndef BOOT_EFI_TFTP_H
#define BOOT_EFI_TFTP_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

/* A block that fits into one Ethernet frame, with a VLAN tag or a tunnel. */
#define TFTP_BLOCK_SIZE 1428u
#define TFTP_HEADER_SIZE 4u
/* Room for any packet here: a request with the longest path, or a block. */
#define TFTP_PACKET_SIZE 1536u

enum tftp_opcode { TFTP_READ = 1, TFTP_DATA = 3, TFTP_ACK = 4, TFTP_ERROR = 5, TFTP_OACK = 6 };
#define TFTP_ERROR_NONE 0
#define TFTP_ERROR_NO_FILE 1

struct tftp_packet {
	u16 opcode;
	u16 number;     /* of the block, or of the error */
	const u8 *data; /* of a block */
	size_t length;
	u64 file_size;  /* of an OACK; 0 when the server does not tell */
	u32 block_size; /* of an OACK; 512 when the server does not tell */
};

/* Read a packet of `size` bytes. ERR_INVAL when it is malformed or none for a client. */
int tftp_parse(const u8 *bytes, size_t size, struct tftp_packet *packet) __must_check;

/* Write a request to read a file, with block and file size; the length of the packet. The path
 * has less than 1024 bytes, and `to` TFTP_PACKET_SIZE. */
size_t tftp_make_request(u8 *to, const char *path);
/* An acknowledgement of a block, or an error without text; the length of the packet. */
size_t tftp_make_answer(u8 *to, enum tftp_opcode opcode, u16 number);

#endif
