/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames for the guest (3.2): which it wants, and into its buffers. */
#include <string.h>

#include "net/pkt/copy.h"
#include "vmm/e1000/impl.h"

#define FRAME_MIN 60   /* without the FCS: shorter ones were padded on the wire */
#define FRAME_MAX 1518 /* with a tag, without LPE */
#define FCS 4
#define HEADER 14
#define TAG_AT 12

/* --- filters (13.5, 3.2.1) ---------------------------------------------------------------------
 */

static bool multicast_passes(const struct e1000 *e, u32 rctl, const u8 *mac)
{
	static const u8 shifts[] = {4, 3, 2, 0};
	u32 hash = ((u32)mac[4] | (u32)mac[5] << 8) >> shifts[E1000_RCTL_MO(rctl)] & 0xfff;

	return e1000_reg(e, E1000_MTA(hash / 32)) >> hash % 32 & 1;
}

static bool address_of(const struct e1000 *e, u32 entry, u8 mac[6])
{
	u32 low = e1000_reg(e, E1000_RAL + 8 * entry), high = e1000_reg(e, E1000_RAH + 8 * entry);

	memcpy(mac, &low, 4);
	memcpy(mac + 4, &high, 2);
	return high & E1000_RAH_AV;
}

static bool address_passes(const struct e1000 *e, u32 rctl, const u8 *mac)
{
	static const u8 broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	u8 own[6];

	if (mac[0] & 1) {
		if (rctl & E1000_RCTL_MPE)
			return true;
		if (!memcmp(mac, broadcast, 6))
			return rctl & E1000_RCTL_BAM;
		if (multicast_passes(e, rctl, mac))
			return true;
	} else if (rctl & E1000_RCTL_UPE) {
		return true;
	}
	for (u32 i = 0; i < E1000_RA_ENTRIES; i++)
		if (address_of(e, i, own) && !memcmp(mac, own, 6))
			return true;
	return false;
}

static bool vlan_passes(const struct e1000 *e, u32 rctl, const struct pkt *p)
{
	u32 vid = p->vlan & 0xfff;

	return !(rctl & E1000_RCTL_VFE) || !(p->flags & PKT_TAGGED) ||
	       e1000_reg(e, E1000_VFTA(vid / 32)) >> vid % 32 & 1;
}

static bool wanted(const struct e1000 *e, u32 rctl, const struct pkt *p)
{
	u32 longest = FRAME_MAX - FCS + (p->flags & PKT_TAGGED ? 4 : 0);

	return p->head_len >= HEADER && (p->len <= longest || rctl & E1000_RCTL_LPE) &&
	       address_passes(e, rctl, pkt_data_const(p)) && vlan_passes(e, rctl, p);
}

/* The first entry is the card's own address: the guest may have chosen another one. */
static void follow_address(struct e1000 *e)
{
	u8 mac[6];

	if (!address_of(e, 0, mac) || mac[0] & 1 || !memcmp(mac, e->nic->port.config.mac, 6) ||
	    e->nic->port_config.flags & VSW_PORT_SPOOF_MAC)
		return;
	if (net_nic_set_mac(e->nic, mac))
		klog(KLOG_WARN, "%s: keeps its address, another port has the one its guest chose",
		     e->nic->name);
}

/* The switch keeps away what the filter would drop, as far as it can tell. */
void e1000_rx_filter(struct e1000 *e)
{
	u8 macs[E1000_RA_ENTRIES][6];
	u32 count = 0;

	if (!e->nic->port.sw)
		return;
	follow_address(e);
	for (u32 i = 0; i < E1000_RA_ENTRIES; i++)
		count += address_of(e, i, macs[count]);
	vsw_port_set_filter(&e->nic->port,
			    e1000_reg(e, E1000_RCTL) & E1000_RCTL_UPE ? VSW_RX_PROMISC
								      : VSW_RX_ALLMULTI,
			    (const u8(*)[6])macs, count);
}

/* --- into the ring -----------------------------------------------------------------------------
 */

static u32 buffer_size(u32 rctl)
{
	static const u16 sizes[] = {2048, 1024, 512, 256};
	u32 size = sizes[E1000_RCTL_BSIZE(rctl)];

	return rctl & E1000_RCTL_BSEX && size < 2048 ? size * 16 : size;
}

/* A frame as it is to lie in buffers. */
struct rx_frame {
	struct pkt_cursor cursor;
	u32 from_packet; /* bytes that are left of the packet; zeros follow */
	u32 tag_at;      /* bytes until the tag that is taken out; 0: none is, or it is behind */
	u16 tag;
	u8 status; /* of its descriptors */
};

static u32 frame_begin(const struct e1000 *e, struct rx_frame *f, const struct pkt *p, u32 rctl)
{
	const u8 *head = pkt_data_const(p);
	u32 type = (u32)head[TAG_AT] << 8 | head[TAG_AT + 1], len = p->len;

	pkt_cursor_init(&f->cursor, p);
	f->tag_at = f->tag = 0;
	f->status = E1000_RXD_DD | E1000_RXD_IXSM;
	if (e1000_reg(e, E1000_CTRL) & E1000_CTRL_VME && p->head_len >= HEADER + 4 &&
	    type == (e1000_reg(e, E1000_VET) & 0xffff)) {
		f->tag_at = TAG_AT;
		f->tag = (u16)(head[TAG_AT + 2] << 8 | head[TAG_AT + 3]);
		f->status |= E1000_RXD_VP;
		len -= 4;
	}
	f->from_packet = len;
	return MAX(len, (u32)FRAME_MIN) + (rctl & E1000_RCTL_SECRC ? 0 : FCS);
}

/* The next len bytes of the frame; to NULL: nowhere. */
static void frame_copy(struct rx_frame *f, u8 *to, u32 len)
{
	u8 nowhere[64];

	while (len) {
		u32 part = MIN(len, f->from_packet);

		if (!part) {
			if (to)
				memset(to, 0, len);
			return;
		}
		if (f->tag_at)
			part = MIN(part, f->tag_at);
		if (!to)
			part = MIN(part, (u32)sizeof(nowhere));
		(void)pkt_cursor_copy(&f->cursor, to ? to : nowhere, part);
		to = to ? to + part : to;
		len -= part;
		f->from_packet -= part;
		if (f->tag_at && !(f->tag_at -= part))
			(void)pkt_cursor_copy(&f->cursor, nowhere, 4);
	}
}

/* Everything of the descriptor but its address; the status last, since the driver looks for it. */
static void write_back(struct e1000_rx_desc *to, u32 len, u8 status, u16 tag)
{
	to->length = (u16)len;
	to->checksum = 0;
	to->errors = 0;
	to->special = tag;
	__atomic_store_n(&to->status, status, __ATOMIC_RELEASE);
}

/* One frame, into as many buffers as it takes. False: there are too few. */
static bool place(struct e1000 *e, struct e1000_ring *ring, const struct pkt *p, u32 rctl)
{
	u32 size = buffer_size(rctl), left, free;
	struct e1000_rx_desc *desc = ring->desc;
	struct rx_frame f;

	left = frame_begin(e, &f, p, rctl);
	free = (ring->tail + ring->count - ring->head) % ring->count;
	if ((left + size - 1) / size > free)
		return false;
	while (left) {
		struct e1000_rx_desc *d = &desc[ring->head];
		u64 gpa = *(volatile u64 *)&d->address;
		u32 part = MIN(left, size);

		/* What is not RAM swallows it, as a bus does. */
		frame_copy(&f, guest_ram_ptr(&e->nic->ram, gpa, part), part);
		left -= part;
		ring->head = ring->head + 1 < ring->count ? ring->head + 1 : 0;
		write_back(d, part, left ? f.status : f.status | E1000_RXD_EOP, f.tag);
	}
	return true;
}

static void count_frame(struct e1000 *e, const struct pkt *p)
{
	const u8 *mac = pkt_data_const(p);

	e1000_count(e, E1000_GPRC, 1);
	e1000_count(e, E1000_TPR, 1);
	if (mac[0] & 1)
		e1000_count(e, mac[0] == 0xff ? E1000_BPRC : E1000_MPRC, 1);
	e1000_count_octets(e, OCTETS_GOOD_IN, p->len + FCS);
	e1000_count_octets(e, OCTETS_IN, p->len + FCS);
}

/* With the lock held; returns how many were lost. */
static u32 receive(struct e1000 *e, struct pkt **pkts, u32 n, u32 *causes)
{
	struct e1000_ring ring = e1000_ring(e, E1000_RDBAL);
	u32 rctl = e1000_reg(e, E1000_RCTL), lost = 0;

	if (!(rctl & E1000_RCTL_EN))
		return n;
	for (u32 i = 0; i < n; i++) {
		if (!wanted(e, rctl, pkts[i]))
			continue;
		if (!ring.desc || !place(e, &ring, pkts[i], rctl)) {
			lost++;
			continue;
		}
		count_frame(e, pkts[i]);
		*causes |= E1000_INT_RXT0;
	}
	e1000_set(e, E1000_RDH, ring.head);
	if (lost) {
		e1000_count(e, E1000_MPC, lost);
		*causes |= E1000_INT_RXO;
	}
	return lost;
}

u32 e1000_rx_send(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n)
{
	struct e1000 *e = container_of(port, struct net_nic, port)->dev;
	u32 causes = 0, lost;

	(void)w;
	ticket_lock(&e->rx.lock);
	lost = receive(e, pkts, n, &causes);
	ticket_unlock(&e->rx.lock);
	if (causes)
		e1000_cause(e, causes);
	if (unlikely(lost))
		vsw_port_drop(port, VSW_DROP_NOBUF, lost);
	return n;
}
