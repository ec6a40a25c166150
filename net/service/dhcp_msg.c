/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/service/dhcp_msg.h"

#include <string.h>

#include "net/nat/wire.h"
#include "net/pkt/parse.h"

#define MAGIC 0x63825363u
#define AT_XID 4
#define AT_SECS 8
#define AT_FLAGS 10
#define AT_CIADDR 12
#define AT_YIADDR 16
#define AT_GIADDR 24
#define AT_CHADDR 28
#define AT_SNAME 44
#define AT_FILE 108
#define AT_MAGIC 236
#define SNAME_BYTES 64
#define FILE_BYTES 128
#define OVERLOAD_FILE 1
#define OVERLOAD_SNAME 2

static int option_address(u32 *field, const u8 *at, u8 n)
{
	if (n < 4)
		return ERR_INVAL;
	if (!*field)
		*field = load32(at);
	return ERR_OK;
}

static int option_seconds(u32 *field, const u8 *at, u8 n)
{
	if (n != 4)
		return ERR_INVAL;
	if (!*field)
		*field = get_be32(at);
	return ERR_OK;
}

static int option_dns(struct dhcp_msg *msg, const u8 *at, u8 n)
{
	if (n < 4 || n % 4)
		return ERR_INVAL;
	for (u32 i = 0; i < DHCP_SERVERS && i < n / 4u; i++)
		if (!msg->dns[i])
			msg->dns[i] = load32(at + i * 4);
	return ERR_OK;
}

static int option_name(struct dhcp_msg *msg, const u8 *at, u8 n)
{
	u32 len = MIN((u32)n, (u32)DHCP_NAME - 1);

	for (u32 i = 0; i < len; i++)
		msg->name[i] = at[i] > ' ' && at[i] < 127 ? (char)at[i] : '?';
	msg->name[len] = 0;
	return ERR_OK;
}

static int option_client(struct dhcp_msg *msg, const u8 *at, u8 n)
{
	if (n < 2) /* RFC 2132, 9.14 */
		return ERR_INVAL;
	msg->client_id = at;
	msg->client_id_len = n;
	return ERR_OK;
}

static int option_type(struct dhcp_msg *msg, const u8 *at, u8 n)
{
	if (n != 1 || !at[0] || at[0] >= DHCP_TYPES)
		return ERR_INVAL;
	msg->type = at[0];
	return ERR_OK;
}

static int option_read(struct dhcp_msg *msg, u8 option, const u8 *at, u8 n)
{
	switch (option) {
	case DHCP_O_TYPE:
		return option_type(msg, at, n);
	case DHCP_O_MASK:
		return option_address(&msg->mask, at, n);
	case DHCP_O_ROUTER:
		return option_address(&msg->router, at, n);
	case DHCP_O_DNS:
		return option_dns(msg, at, n);
	case DHCP_O_NAME:
		return option_name(msg, at, n);
	case DHCP_O_MTU:
		if (n != 2)
			return ERR_INVAL;
		msg->mtu = get_be16(at);
		return ERR_OK;
	case DHCP_O_ADDRESS:
		return option_address(&msg->requested, at, n);
	case DHCP_O_LEASE:
		return option_seconds(&msg->lease, at, n);
	case DHCP_O_SERVER:
		return option_address(&msg->server, at, n);
	case DHCP_O_T1:
		return option_seconds(&msg->t1, at, n);
	case DHCP_O_T2:
		return option_seconds(&msg->t2, at, n);
	case DHCP_O_CLIENT:
		return option_client(msg, at, n);
	default:
		return ERR_OK;
	}
}

/* One field of options; *overload gets option 52 if it has one. */
static int options_read(struct dhcp_msg *msg, const u8 *at, u32 len, u8 *overload)
{
	u32 i = 0;

	while (i < len && at[i] != DHCP_O_END) {
		u8 option = at[i++], n;

		if (option == DHCP_O_PAD)
			continue;
		if (i >= len || at[i] > len - i - 1)
			return ERR_INVAL;
		n = at[i++];
		if (option == DHCP_O_OVERLOAD && n == 1 && overload)
			*overload = at[i];
		else if (option_read(msg, option, at + i, n))
			return ERR_INVAL;
		i += n;
	}
	return ERR_OK;
}

int dhcp_read(struct dhcp_msg *msg, const u8 *bytes, u32 len)
{
	u8 overload = 0;

	memset(msg, 0, sizeof(*msg));
	if (len < DHCP_FIXED || bytes[1] != 1 || bytes[2] != 6 ||
	    get_be32(bytes + AT_MAGIC) != MAGIC || (bytes[0] != 1 && bytes[0] != 2))
		return ERR_INVAL;
	msg->op = bytes[0];
	msg->xid = load32(bytes + AT_XID);
	msg->secs = get_be16(bytes + AT_SECS);
	msg->flags = get_be16(bytes + AT_FLAGS);
	msg->ciaddr = load32(bytes + AT_CIADDR);
	msg->yiaddr = load32(bytes + AT_YIADDR);
	msg->giaddr = load32(bytes + AT_GIADDR);
	memcpy(msg->chaddr, bytes + AT_CHADDR, 6);
	if (options_read(msg, bytes + DHCP_FIXED, len - DHCP_FIXED, &overload))
		return ERR_INVAL;
	if (overload & OVERLOAD_FILE && options_read(msg, bytes + AT_FILE, FILE_BYTES, NULL))
		return ERR_INVAL;
	if (overload & OVERLOAD_SNAME && options_read(msg, bytes + AT_SNAME, SNAME_BYTES, NULL))
		return ERR_INVAL;
	return ERR_OK;
}

void dhcp_write_begin(struct dhcp_writer *w, u8 *at, const struct dhcp_msg *msg)
{
	memset(at, 0, DHCP_MAX);
	at[0] = msg->op;
	at[1] = 1; /* Ethernet, */
	at[2] = 6; /* with addresses of 6 bytes */
	store32(at + AT_XID, msg->xid);
	put_be16(at + AT_SECS, msg->secs);
	put_be16(at + AT_FLAGS, msg->flags);
	store32(at + AT_CIADDR, msg->ciaddr);
	store32(at + AT_YIADDR, msg->yiaddr);
	store32(at + AT_GIADDR, msg->giaddr);
	memcpy(at + AT_CHADDR, msg->chaddr, 6);
	put_be32(at + AT_MAGIC, MAGIC);
	*w = (struct dhcp_writer){.at = at, .len = DHCP_FIXED};
	dhcp_write_bytes(w, DHCP_O_TYPE, &msg->type, 1);
}

void dhcp_write_bytes(struct dhcp_writer *w, u8 option, const void *bytes, u32 n)
{
	if (n > 255 || w->len + 2 + n + 1 > DHCP_MAX)
		return;
	w->at[w->len++] = option;
	w->at[w->len++] = (u8)n;
	memcpy(w->at + w->len, bytes, n);
	w->len += n;
}

void dhcp_write_address(struct dhcp_writer *w, u8 option, u32 address)
{
	dhcp_write_bytes(w, option, &address, 4);
}

void dhcp_write_u32(struct dhcp_writer *w, u8 option, u32 value)
{
	dhcp_write_address(w, option, net32(value));
}

void dhcp_write_u16(struct dhcp_writer *w, u8 option, u16 value)
{
	u16 swapped = net16(value);

	dhcp_write_bytes(w, option, &swapped, 2);
}

u32 dhcp_write_end(struct dhcp_writer *w)
{
	w->at[w->len++] = DHCP_O_END;
	w->len = MAX(w->len, (u32)DHCP_MIN);
	return w->len;
}
