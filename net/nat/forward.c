/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/nat/forward.h"

#include <string.h>

#include "net/nat/internal.h"

struct nat_forward *nat_forward_find(struct nat *nat, u8 proto, u16 external)
{
	for (u32 i = 0; i < NAT_FORWARDS; i++) {
		struct nat_forward *f = &nat->forwards[i];

		if (f->proto == proto && f->external == external)
			return f;
	}
	return NULL;
}

u32 nat_forward_address(const struct nat *nat, const struct nat_forward *forward, u8 *side)
{
	u32 address = forward->address;

	*side = forward->side;
	if (*side)
		address = nat->guests[*side].address;
	else if (nat_is_guest(nat, address))
		*side = nat->hops[nat_hop_guest(nat, address)].side;
	return *side && nat->guests[*side].present ? address : 0;
}

int nat_forward_add(struct nat *nat, u8 proto, u16 external, u8 side, u32 address, u16 port)
{
	struct nat_forward *f = NULL;

	if ((proto != IP_PROTO_TCP && proto != IP_PROTO_UDP) || !external || !port)
		return trace_err(ERR_INVAL,
				 "nat: a forward is of tcp or udp, with ports 1 to 65535");
	if (nat_forward_find(nat, proto, external))
		return trace_err(ERR_EXIST,
				 "nat: port %u is forwarded already: `net forward del` "
				 "first",
				 net16(external));
	if (nat_port_used(nat, proto, external))
		return trace_err(ERR_BUSY,
				 "nat: a connection uses port %u: try another one, or "
				 "later",
				 net16(external));
	for (u32 i = 0; i < NAT_FORWARDS && !f; i++)
		if (!nat->forwards[i].proto)
			f = &nat->forwards[i];
	if (!f)
		return trace_err(ERR_NOMEM, "nat: %u forwards are the most: delete one",
				 NAT_FORWARDS);
	*f = (struct nat_forward){
	    .external = external, .port = port, .proto = proto, .side = side, .address = address};
	nat_port_mark(nat, proto, external, true);
	return ERR_OK;
}

/* Sessions begun through the forward number `which`. */
static bool session_of_forward(struct nat *nat, struct nat_session *s, u32 which)
{
	const struct nat_forward *f = &nat->forwards[which];

	return s->proto == f->proto && s->mapping == NAT_NONE && s->tuple[0].dst == nat->external &&
	       s->tuple[0].dport == f->external;
}

int nat_forward_del(struct nat *nat, u8 proto, u16 external)
{
	struct nat_forward *f = proto ? nat_forward_find(nat, proto, external) : NULL;

	if (!f)
		return ERR_NOENT;
	nat_session_remove_if(nat, session_of_forward, (u32)(f - nat->forwards));
	nat_port_mark(nat, proto, external, false);
	f->proto = 0;
	return ERR_OK;
}

/* A decimal number up to 65535 at *text, which is advanced; 0 when there is none. */
static u16 parse_port(const char **text)
{
	u32 port = 0;

	while (**text >= '0' && **text <= '9' && port <= 65535)
		port = port * 10 + (u32)(*(*text)++ - '0');
	return port <= 65535 ? (u16)port : 0;
}

bool nat_parse_address(u32 *address, const char *text)
{
	u8 bytes[4];

	for (u32 i = 0; i < 4; i++) {
		const char *start = text;
		u16 value = parse_port(&text);

		if (text == start || text - start > 3 || value > 255 || *text != (i < 3 ? '.' : 0))
			return false;
		text++;
		bytes[i] = (u8)value;
	}
	memcpy(address, bytes, 4);
	return true;
}

static bool parse_word(const char **text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*text, word, len))
		return false;
	*text += len;
	return true;
}

static u8 parse_proto(const char **text)
{
	return parse_word(text, "tcp:")   ? IP_PROTO_TCP
	       : parse_word(text, "udp:") ? IP_PROTO_UDP
					  : 0;
}

int nat_forward_parse_port(u8 *proto, u16 *external, const char *text)
{
	const char *at = text;

	*proto = parse_proto(&at);
	*external = parse_port(&at);
	if (*proto && *external && !*at)
		return ERR_OK;
	return trace_err(ERR_INVAL,
			 "nat: \"%.40s\" is no forwarded port: write PROTOCOL:PORT, as "
			 "tcp:8080",
			 text);
}

static bool parse_forward(struct nat_forward_text *out, const char *text)
{
	const char *colon;

	memset(out, 0, sizeof(*out));
	out->proto = parse_proto(&text);
	out->external = parse_port(&text);
	if (!out->proto || !out->external || *text++ != ':')
		return false;
	colon = strchr(text, ':');
	if (!colon || colon == text || (size_t)(colon - text) >= sizeof(out->guest))
		return false;
	memcpy(out->guest, text, (size_t)(colon - text));
	text = colon + 1;
	out->port = parse_port(&text);
	return out->port && !*text;
}

int nat_forward_parse(struct nat_forward_text *out, const char *text)
{
	if (parse_forward(out, text))
		return ERR_OK;
	return trace_err(ERR_INVAL,
			 "nat: \"%.40s\" is no forward: write "
			 "PROTOCOL:PORT:GUEST:PORT, as tcp:8080:web:80",
			 text);
}

bool nat_row_next(const struct nat *nat, u32 *number, struct nat_row *row)
{
	for (; *number < nat->config.sessions; ++*number) {
		const struct nat_session *s = &nat->sessions[*number];
		bool inbound;
		u32 idle;

		if (s->state == NAT_FREE)
			continue;
		idle = nat->now - s->seen;
		*row = (struct nat_row){
		    .tuple = {s->tuple[0], s->tuple[1]},
		    .packets = {s->packets[0], s->packets[1]},
		    .idle = idle,
		    .left = idle < nat_timeout(s->state) ? nat_timeout(s->state) - idle : 0,
		    .proto = s->proto,
		    .side = nat_session_payer(nat, s, &inbound),
		    .state = nat_state_name(s->state)};
		++*number;
		return true;
	}
	return false;
}
