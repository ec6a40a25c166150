/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/pkt/pcap.h"

#include <string.h>

#include "kernel/lib/bitmap.h"
#include "net/pkt/copy.h"
#include "net/pkt/offload.h"

#define PCAP_MAGIC_NS 0xa1b23c4du
#define PCAP_LINK_ETHERNET 1
#define NS_PER_S 1000000000ull

int pcap_ring_init(struct pcap_ring *r, void *buf, u32 size, u32 snap)
{
	if (!is_power_of_2(size) || !snap || snap > PCAP_SNAP_MAX ||
	    snap + PCAP_RECORD_HEADER > size)
		return trace_err(ERR_INVAL,
				 "capture: a ring of %u bytes for frames of %u: take a "
				 "power of two, of more than one frame",
				 size, snap);
	*r = (struct pcap_ring){.buf = buf, .size = size, .snap = snap};
	return ERR_OK;
}

static void ring_write(struct pcap_ring *r, const void *from, u32 len)
{
	u32 at = (u32)(r->head & (r->size - 1)), part = MIN(len, r->size - at);

	memcpy(r->buf + at, from, part);
	memcpy(r->buf, (const u8 *)from + part, len - part);
	r->head += len;
}

static void ring_read(const struct pcap_ring *r, u64 from, void *to, u32 len)
{
	u32 at = (u32)(from & (r->size - 1)), part = MIN(len, r->size - at);

	memcpy(to, r->buf + at, part);
	memcpy((u8 *)to + part, r->buf, len - part);
}

/* Whole length of the record at the tail. */
static u32 oldest_length(const struct pcap_ring *r)
{
	u32 header[4];

	ring_read(r, r->tail, header, sizeof(header));
	return PCAP_RECORD_HEADER + header[2];
}

static void make_room(struct pcap_ring *r, u32 len)
{
	while (r->size - (r->head - r->tail) < len) {
		r->tail += oldest_length(r);
		r->displaced++;
	}
}

/* The bytes come from the scatter list piece by piece: a window of the ring at a time. */
static void write_frame(struct pcap_ring *r, const struct pkt *p, u32 len)
{
	struct pkt_cursor cursor;

	pkt_cursor_init(&cursor, p);
	while (len) {
		u32 at = (u32)(r->head & (r->size - 1)), part = MIN(len, r->size - at);
		u32 done = pkt_cursor_copy(&cursor, r->buf + at, part);

		if (!done) { /* the owner's len is longer than its list: keep the record whole */
			memset(r->buf + at, 0, part);
			done = part;
		}
		r->head += done;
		len -= done;
	}
}

void pcap_ring_put(struct pcap_ring *r, const struct pkt *p, u64 now_ns)
{
	u32 kept = MIN(p->len, r->snap);
	u64 time = now_ns + r->wall_ns;
	const u32 header[4] = {(u32)(time / NS_PER_S), (u32)(time % NS_PER_S), kept, p->len};
	struct pkt whole;

	if (p->off.flags & PKT_OFF_NEEDS_CSUM) {
		pkt_clone(&whole, p);
		if (!pkt_offload_check(&whole) && !pkt_checksum_complete(&whole))
			p = &whole;
	}
	ticket_lock(&r->lock);
	make_room(r, PCAP_RECORD_HEADER + kept);
	ring_write(r, header, sizeof(header));
	write_frame(r, p, kept);
	r->records++;
	ticket_unlock(&r->lock);
}

u32 pcap_ring_get(struct pcap_ring *r, u8 *to, u32 room)
{
	u32 len = 0;

	ticket_lock(&r->lock);
	if (r->head != r->tail) {
		len = oldest_length(r);
		if (len <= room) {
			ring_read(r, r->tail, to, len);
			r->tail += len;
		} else {
			len = 0;
		}
	}
	ticket_unlock(&r->lock);
	return len;
}

void pcap_file_header(u8 *to, u32 snap)
{
	const u32 header[6] = {PCAP_MAGIC_NS, 4u << 16 | 2, 0, 0, snap, PCAP_LINK_ETHERNET};

	memcpy(to, header, sizeof(header));
}
