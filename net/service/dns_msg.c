/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/service/dns_msg.h"

#include <string.h>

#include "net/nat/wire.h"
#include "net/pkt/parse.h"

#define AT_FLAGS 2
#define AT_QUESTIONS 4
#define AT_ANSWERS 6
#define AT_AUTHORITY 8
#define AT_ADDITIONAL 10
#define RECORD_FIXED 10 /* type, class, TTL, length */
#define TYPE_OPT 41
#define RECORDS_MAX 8 /* a query has an OPT and a signature at most */

u32 dns_skip_name(const u8 *bytes, u32 len, u32 at)
{
	u32 end = 0, limit = at, total = 0;

	while (at < len) {
		u8 label = bytes[at];

		if (!label)
			return end ? end : at + 1;
		if ((label & 0xc0) == 0xc0) {
			u32 to;

			if (at + 1 >= len)
				return 0;
			to = (u32)(label & 0x3f) << 8 | bytes[at + 1];
			if (!end)
				end = at + 2;
			if (to >= limit || to < DNS_HEADER)
				return 0;
			at = limit = to;
			continue;
		}
		total += label + 1u;
		if (label & 0xc0 || total >= DNS_NAME_MAX)
			return 0;
		at += label + 1u;
	}
	return 0;
}

static int read_question(struct dns_msg *msg, const u8 *bytes, u32 len)
{
	u16 questions = get_be16(bytes + AT_QUESTIONS);

	msg->question_end = DNS_HEADER;
	/* Servers answer some errors without the question. */
	if (questions != 1)
		return msg->response && msg->rcode && !questions ? ERR_OK : ERR_INVAL;
	msg->question_end = dns_skip_name(bytes, len, DNS_HEADER);
	if (!msg->question_end || len - msg->question_end < 4)
		return ERR_INVAL;
	msg->question_end += 4;
	return ERR_OK;
}

/* The records of a query: nearly always an OPT alone. */
static int read_records(struct dns_msg *msg, const u8 *bytes, u32 len)
{
	u32 at = msg->question_end;
	u32 n = (u32)get_be16(bytes + AT_ANSWERS) + get_be16(bytes + AT_AUTHORITY) +
		get_be16(bytes + AT_ADDITIONAL);

	if (n > RECORDS_MAX)
		return ERR_INVAL;
	for (; n; n--) {
		u32 after = dns_skip_name(bytes, len, at);

		if (!after || len - after < RECORD_FIXED ||
		    get_be16(bytes + after + 8) > len - after - RECORD_FIXED)
			return ERR_INVAL;
		if (get_be16(bytes + after) == TYPE_OPT)
			msg->opt_size = after + 2;
		at = after + RECORD_FIXED + get_be16(bytes + after + 8);
	}
	return ERR_OK;
}

int dns_read(struct dns_msg *msg, const u8 *bytes, u32 len)
{
	*msg = (struct dns_msg){0};
	if (len < DNS_HEADER)
		return ERR_INVAL;
	msg->id = load16(bytes);
	msg->response = bytes[AT_FLAGS] & 0x80;
	msg->opcode = bytes[AT_FLAGS] >> 3 & 15;
	msg->rcode = bytes[AT_FLAGS + 1] & 15;
	if (read_question(msg, bytes, len))
		return ERR_INVAL;
	return msg->response ? ERR_OK : read_records(msg, bytes, len);
}

u32 dns_refuse(u8 *bytes, const struct dns_msg *msg, u8 rcode)
{
	bytes[AT_FLAGS] |= 0x80;
	bytes[AT_FLAGS + 1] = (u8)(0x80 | rcode); /* recursion is available */
	memset(bytes + AT_ANSWERS, 0, 6);
	return msg->question_end;
}
