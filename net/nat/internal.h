/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of net/nat share among themselves. */
#ifndef NET_NAT_INTERNAL_H
#define NET_NAT_INTERNAL_H

#include "net/nat/nat.h"
#include "net/nat/wire.h"
#include "net/pkt/copy.h"
#include "net/pkt/csum.h"
#include "net/pkt/parse.h"

/* Added to the one's complement sum, it lowers the TTL, the first byte of its word, by one. */
#define TTL_DELTA 0xfffe

static inline u64 tuple_addrs(const struct nat_tuple *t)
{
	return copy_load(&t->src);
}

static inline u32 tuple_ports(const struct nat_tuple *t)
{
	return load32(&t->sport);
}

static inline u64 tuple_hash(const struct nat *nat, const struct nat_tuple *t, u8 proto)
{
	return nat_hash(&nat->table.key, tuple_addrs(t), tuple_ports(t), proto);
}

static inline bool tuple_is(const struct nat_tuple *t, u64 addrs, u32 ports)
{
	return tuple_addrs(t) == addrs && tuple_ports(t) == ports;
}

/* A session and direction as one number in the table. */
static inline u32 ref_make(u32 session, u32 dir)
{
	return session << 1 | dir;
}

/* In a delta's other direction. */
static inline u16 delta_for(u16 delta, u32 dir)
{
	return (u16)(delta ^ -dir);
}

static inline void nat_note(struct nat *nat, u8 side, enum nat_count what)
{
	nat->counts[what]++;
	nat->guests[side].counts[what]++;
}

static inline struct nat_result nat_discard(struct nat *nat, u8 side, enum nat_count why)
{
	nat_note(nat, side, why);
	return (struct nat_result){.verdict = NAT_DISCARD, .why = (u8)why, .session = NAT_NONE};
}

static inline struct nat_result nat_verdict(enum nat_verdict verdict)
{
	return (struct nat_result){.verdict = (u8)verdict, .session = NAT_NONE};
}

/* A frame that is being looked at, with the parser's work at hand. */
struct nat_packet {
	struct pkt *p;
	u8 *ip, *l4;
	struct nat_tuple tuple;
	u8 proto;
	u8 side;
	u8 tcp_flags;
	bool uplink;
};

/* --- sessions (session.c) --- */

/* What a new session is made of. */
struct nat_flow {
	struct nat_tuple tuple[2];
	u8 side[2];
	u8 proto;
	u8 state;
	u8 payer;                    /* the guest whose quota it counts against */
	bool inbound;                /* begun by the outside */
	struct nat_mapping *mapping; /* or NULL; a reference is taken */
};

/* NAT_NONE and *why when it is refused. */
u32 nat_session_add(struct nat *nat, const struct nat_flow *flow, enum nat_count *why);
void nat_session_remove(struct nat *nat, u32 number);
/* The guest that pays for a session. */
u8 nat_session_payer(const struct nat *nat, const struct nat_session *s, bool *inbound);
/* Sessions for which match() is true go; returns how many. Looks at all. */
u32 nat_session_remove_if(struct nat *nat, bool (*match)(struct nat *, struct nat_session *, u32),
			  u32 arg);
/* The session with this tuple, and in *dir which way; NULL when there is none. */
struct nat_session *nat_session_find(struct nat *nat, const struct nat_tuple *tuple, u8 proto,
				     u32 *dir);
/* Move to a state, and on the wheel if that ends sooner. */
void nat_session_set_state(struct nat *nat, struct nat_session *s, u8 state);

static inline u32 nat_session_number(const struct nat *nat, const struct nat_session *s)
{
	return (u32)(s - nat->sessions);
}

/* --- mappings and ports (mapping.c) --- */

/* The mapping of a guest's address and port, made if there is none. NULL and *why if not. */
struct nat_mapping *nat_mapping_get(struct nat *nat, u8 side, u32 address, u16 port, u8 proto,
				    enum nat_count *why);
/* The mapping that has an external port, or NULL. */
struct nat_mapping *nat_mapping_find_external(struct nat *nat, u16 external, u8 proto);
void nat_mapping_put(struct nat *nat, struct nat_mapping *mapping);
/* Set up the pool in memory. */
void nat_mapping_init(struct nat *nat);

/* Mark a port used or free; protocol by its IP number. */
bool nat_port_used(const struct nat *nat, u8 proto, u16 external);
void nat_port_mark(struct nat *nat, u8 proto, u16 external, bool used);
/* A free external port for `port`, the same one if that can be; 0: none. */
u16 nat_port_pick(struct nat *nat, const struct nat_guest *guest, u8 proto, u16 port);

/* --- first packets (flow.c) --- */

/* A session for a packet that has none: its number, or NAT_NONE and a result that says why. */
u32 nat_flow_open(struct nat *nat, const struct nat_packet *np, struct nat_result *result);
/* --- packets (translate.c, slow.c, icmp.c, frag.c) --- */

/* Rewrite addresses, ports, checksums, TTL and MACs for direction dir of s. */
struct nat_result nat_rewrite(struct nat *nat, struct nat_session *s, u32 dir,
			      struct nat_packet *np);
/* Addresses of the IP header only, with TTL; for fragments and errors. */
void nat_rewrite_ip(u8 *ip, u32 src, u32 dst);
/* Set MAC addresses for hop; NAT_SEND or NAT_RESOLVE. */
struct nat_result nat_rewrite_link(struct nat *nat, struct pkt *p, u16 hop);
/* Everything that is not a plain packet of an open session. */
struct nat_result nat_slow(struct nat *nat, bool uplink, struct pkt *p);
/* The same, once the L4 header is known to be there. */
struct nat_result nat_slow_l4(struct nat *nat, struct nat_packet *np);
struct nat_result nat_icmp_error(struct nat *nat, struct nat_packet *np);
struct nat_result nat_fragment(struct nat *nat, struct nat_packet *np, bool first);
/* Lower the MSS option of a SYN to what fits both sides. */
void nat_clamp_mss(struct nat *nat, struct nat_packet *np);

/* Whether an IP header's checksum is right. */
bool nat_ip_checksum_ok(const u8 *ip, u32 header);

#endif
