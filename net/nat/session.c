/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/nat/session.h"

#include "net/nat/internal.h"

struct nat_session *nat_session_find(struct nat *nat, const struct nat_tuple *tuple, u8 proto,
				     u32 *dir)
{
	struct nat_find f;
	u32 ref;

	nat_find_start(&f, &nat->table, tuple_hash(nat, tuple, proto));
	while (nat_find_next(&f, &ref)) {
		struct nat_session *s = &nat->sessions[ref >> 1];

		if (s->proto == proto &&
		    tuple_is(&s->tuple[ref & 1], tuple_addrs(tuple), tuple_ports(tuple))) {
			*dir = ref & 1;
			return s;
		}
	}
	return NULL;
}

/* Who pays is not in the line: the guest that began it, or else the one that answers. */
u8 nat_session_payer(const struct nat *nat, const struct nat_session *s, bool *inbound)
{
	(void)nat;
	*inbound = s->side[0] == NAT_SIDE_UPLINK;
	return *inbound ? s->side[1] : s->side[0];
}

static bool quota_left(struct nat *nat, const struct nat_flow *flow, enum nat_count *why)
{
	struct nat_guest *guest = &nat->guests[flow->payer];

	*why = NAT_C_QUOTA;
	if (guest->sessions >= guest->session_quota)
		return false;
	/* What the outside begins leaves half for what the guest begins. */
	if (flow->inbound && guest->inbound >= guest->session_quota / 2)
		return false;
	if (guest->pace_second != nat->now) {
		guest->pace_second = nat->now;
		guest->pace = 0;
	}
	*why = NAT_C_PACE;
	if (guest->pace >= nat->config.pace)
		return false;
	*why = NAT_C_FULL;
	return nat->free_session != NAT_NONE;
}

static u64 tuple_sum_addresses(const struct nat_tuple *t)
{
	return (u64)t->src + t->dst;
}

/* Where packets go that become ones to address, which is behind side. */
static u16 hop_for(const struct nat *nat, u8 side, u32 address)
{
	if (side != NAT_SIDE_UPLINK)
		return nat_hop_guest(nat, address);
	return (address ^ nat->external) & nat->uplink_mask ? nat->router_hop : nat->onlink_hop;
}

static void session_fill(struct nat *nat, struct nat_session *s, const struct nat_flow *flow)
{
	u64 old_addrs = tuple_sum_addresses(&flow->tuple[0]);
	u64 new_addrs = tuple_sum_addresses(&flow->tuple[1]);

	s->tuple[0] = flow->tuple[0];
	s->tuple[1] = flow->tuple[1];
	s->seen = nat->now;
	s->packets[0] = s->packets[1] = 0;
	s->addr_delta = csum_delta(old_addrs, new_addrs);
	/* In a TCP or UDP checksum; for ICMP, which has no pseudo header, see rewrite.c. */
	s->l4_delta = csum_delta((flow->proto == IP_PROTO_ICMP ? 0 : old_addrs) +
				     flow->tuple[0].sport + flow->tuple[0].dport,
				 (flow->proto == IP_PROTO_ICMP ? 0 : new_addrs) +
				     flow->tuple[1].sport + flow->tuple[1].dport);
	s->hop[0] = hop_for(nat, flow->side[1], flow->tuple[1].src);
	s->hop[1] = hop_for(nat, flow->side[0], flow->tuple[0].src);
	s->side[0] = flow->side[0];
	s->side[1] = flow->side[1];
	s->proto = flow->proto;
	s->state = flow->state;
	s->mapping = flow->mapping ? (u32)(flow->mapping - nat->mappings) : NAT_NONE;
}

static bool session_enter(struct nat *nat, u32 number)
{
	struct nat_session *s = &nat->sessions[number];
	u64 hash0 = tuple_hash(nat, &s->tuple[0], s->proto);

	if (nat_table_insert(&nat->table, hash0, ref_make(number, 0)))
		return false;
	if (!nat_table_insert(&nat->table, tuple_hash(nat, &s->tuple[1], s->proto),
			      ref_make(number, 1)))
		return true;
	nat_table_remove(&nat->table, hash0, ref_make(number, 0));
	return false;
}

u32 nat_session_add(struct nat *nat, const struct nat_flow *flow, enum nat_count *why)
{
	struct nat_guest *guest = &nat->guests[flow->payer];
	u32 number = nat->free_session, dir, after;
	struct nat_session *s;

	if (!quota_left(nat, flow, why))
		return NAT_NONE;
	*why = NAT_C_CONFLICT;
	if (nat_session_find(nat, &flow->tuple[1], flow->proto, &dir))
		return NAT_NONE;
	s = &nat->sessions[number];
	after = s->timer.next;
	session_fill(nat, s, flow);
	*why = NAT_C_FULL;
	if (!session_enter(nat, number)) {
		s->state = NAT_FREE;
		return NAT_NONE;
	}
	nat->free_session = after;
	nat->used_sessions++;
	guest->sessions++;
	guest->inbound += flow->inbound;
	guest->pace++;
	if (flow->mapping)
		flow->mapping->refs++;
	nat_wheel_add(&nat->wheel, number, nat_timeout(s->state));
	nat_note(nat, flow->payer, NAT_C_OPENED);
	return number;
}

/* All but taking it off the wheel. */
static void session_free(struct nat *nat, u32 number)
{
	struct nat_session *s = &nat->sessions[number];
	bool inbound;
	struct nat_guest *guest = &nat->guests[nat_session_payer(nat, s, &inbound)];

	for (u32 dir = 0; dir < 2; dir++)
		nat_table_remove(&nat->table, tuple_hash(nat, &s->tuple[dir], s->proto),
				 ref_make(number, dir));
	if (s->mapping != NAT_NONE)
		nat_mapping_put(nat, &nat->mappings[s->mapping]);
	guest->sessions--;
	guest->inbound -= inbound;
	s->state = NAT_FREE;
	s->timer.next = nat->free_session;
	nat->free_session = number;
	nat->used_sessions--;
}

void nat_session_remove(struct nat *nat, u32 number)
{
	nat_wheel_del(&nat->wheel, number);
	session_free(nat, number);
}

u32 nat_session_remove_if(struct nat *nat, bool (*match)(struct nat *, struct nat_session *, u32),
			  u32 arg)
{
	u32 removed = 0;

	for (u32 i = 0; i < nat->config.sessions && nat->used_sessions; i++) {
		struct nat_session *s = &nat->sessions[i];

		if (s->state != NAT_FREE && match(nat, s, arg)) {
			nat_session_remove(nat, i);
			removed++;
		}
	}
	return removed;
}

void nat_session_set_state(struct nat *nat, struct nat_session *s, u8 state)
{
	bool sooner = nat_timeout(state) < nat_timeout(s->state);
	u32 number = nat_session_number(nat, s);

	if (s->state == state)
		return;
	s->state = state;
	s->seen = nat->now;
	if (!sooner)
		return;
	nat_wheel_del(&nat->wheel, number);
	nat_wheel_add(&nat->wheel, number, nat_timeout(state));
}

/* The wheel has come to a session: is it really idle? */
static u32 session_due(void *ctx, u32 number)
{
	struct nat *nat = ctx;
	struct nat_session *s = &nat->sessions[number];
	u32 idle = nat->now - s->seen, timeout = nat_timeout(s->state);

	if (idle < timeout)
		return timeout - idle;
	nat->counts[NAT_C_EXPIRED]++;
	session_free(nat, number);
	return 0;
}

bool nat_tick(struct nat *nat, u32 now, u32 budget)
{
	nat->now = now;
	return nat_wheel_turn(&nat->wheel, now, budget, session_due, nat);
}
