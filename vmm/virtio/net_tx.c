/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-net, from the guest to the switch.
 *
 * A notification is served at once, to completion, on the processor of the vCPU that gave it:
 * batches of frames go from the ring through the switch into the receivers' rings. What is
 * more than one call may do goes on as a work item.
 *
 * A guest that keeps sending would notify for every frame, and each notification is an exit.
 * So when they come close to each other, none is asked for, and the ring is looked at again
 * by a timer, after as long as some sixteen frames take. When a look finds few, notifications
 * are asked for again.
 */
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "kernel/time/time.h"
#include "net/pkt/copy.h"
#include "vmm/virtio/net_impl.h"
#include "vmm/virtio/net_plain.h"

/* Batches per call: 128 frames, or 128 KiB that are switched. */
#define TX_BATCHES 4
#define TX_BYTES KIB(128)

/* Further rounds within a call, for what has come meanwhile. */
#define AGAIN 1

/* Small frames are copied into the packet as a whole, of others what is looked at. */
#define TX_WHOLE 128
#define TX_HEAD 64

/* Ticks: notifications closer than this start polling; how long until a look at the ring, at
 * the least and at the most. Where serving a notification costs much, so does the guest's part of
 * a frame, and both limits are multiples of it. */
#define POLL_GAP 60000
#define POLL_GAP_COSTS 16
#define POLL_MIN 8000
#define POLL_MAX 150000
#define POLL_MAX_COSTS 96
/* But what serving seems to cost may be time in which this processor itself stood still, as a
 * virtual one does: a frame never waits longer than this for a look. */
#define POLL_LIMIT (8 * POLL_MAX)
#define POLL_LIMIT_NS 1000000
/* Frames that a look is to find; and has to find, so that polling goes on. One that finds few
 * may have kept the guest waiting: the next one comes sooner. */
#define POLL_FRAMES 16
#define POLL_FEW 8
#define POLL_WORTH 4
/* Frames that are longer on average carry many packets each, and are not worth polling for. */
#define POLL_BYTES 4096

/* --- from descriptors to packets ---------------------------------------------------------------
 */

struct tx_batch {
	struct pkt_batch pkts;
	u16 heads[PKT_BATCH];
	u32 chains;
	u64 bytes;
};

/* Copy len bytes from the front of the segments and shorten them. False: there are fewer. */
static bool take_bytes(struct vring_seg *segs, u32 count, void *to, u32 len)
{
	u8 *at = to;

	for (u32 i = 0; len && i < count; i++) {
		u32 part = MIN(len, segs[i].len);

		memcpy(at, segs[i].base, part);
		at += part;
		len -= part;
		segs[i].base += part;
		segs[i].len -= part;
	}
	return !len;
}

/* The header, then the head, from wherever the driver has put them; the rest by reference. */
static int fill_packet(const struct virtio_net *net, struct pkt *p, struct pkt_frag *frags,
		       struct vring_seg *segs, const struct vring_chain *c)
{
	u32 len = c->read_len - (u32)sizeof(struct vnet_hdr), head;
	struct vnet_hdr hdr;

	if (c->cut || c->read_len <= sizeof(hdr) || len > PKT_LEN_MAX ||
	    !take_bytes(segs, c->readable, &hdr, sizeof(hdr)))
		return ERR_RANGE;
	pkt_init(p);
	p->frags = frags;
	if (net->features & VNET_F_CSUM)
		p->off = hdr.off;
	head = len <= TX_WHOLE ? len : TX_HEAD;
	if (!take_bytes(segs, c->readable, pkt_data(p), head))
		return ERR_RANGE;
	p->head_len = (u16)head;
	p->len = head;
	for (u32 i = 0; i < c->readable; i++)
		if (segs[i].len && pkt_add_frag(p, segs[i].base, segs[i].len))
			return ERR_RANGE;
	return 0;
}

/* Up to `most` chains, or as many bytes as the port may send. */
static void collect(struct virtio_net *net, struct vring *r, struct tx_batch *b, u64 credit,
		    u32 most)
{
	struct net_scratch *s = net_scratch();
	u32 bad = 0;

	most = MIN(vring_available(r), most);
	b->pkts.n = b->chains = 0;
	b->bytes = 0;
	while (b->chains < most && b->bytes < credit) {
		struct pkt *p = &s->pkt[b->pkts.n];
		struct vring_chain c;

		if (vring_next(r, s->tx_segs, ARRAY_SIZE(s->tx_segs), &c) != 1)
			break;
		b->heads[b->chains++] = c.head;
		if (fill_packet(net, p, s->frags[b->pkts.n], s->tx_segs, &c)) {
			bad++;
			continue;
		}
		b->pkts.pkt[b->pkts.n++] = p;
		b->bytes += p->len;
	}
	if (unlikely(bad))
		vsw_port_drop(&net->nic->port, VSW_DROP_OWNER_IN, bad);
}

/* Remember which pair a flow uses: what comes back for it is delivered there. */
static void remember_flows(struct virtio_net *net, const struct tx_batch *b, u32 pair)
{
	for (u32 i = 0; net->active > 1 && i < b->pkts.n; i++)
		__atomic_store_n(&net->steering[vnet_flow(b->pkts.pkt[i])], (u8)pair,
				 __ATOMIC_RELAXED);
}

/* --- a call ------------------------------------------------------------------------------------
 */

enum tx_end {
	TX_EMPTY, /* all that there was has been sent */
	TX_MORE,  /* it was enough for one call */
	TX_WAIT,  /* the rate limit: go on at `until` */
};

struct tx_call {
	u32 chains;
	u64 bytes;
	u64 until; /* ns */
};

/* Plain frames, the first of a batch or all of it. How many there were. Where there were none the
 * last time, one is enough to see whether there are again. */
static u32 send_plain(struct vnet_tx *tx, struct vring *r, u64 now, struct tx_call *call)
{
	struct net_scratch *s = net_scratch();
	u32 there = vring_available(r), n;

	n = vnet_plain_peek(r, s->plain, tx->plain ? there : MIN(there, 1u));
	n = vsw_input_plain(net_worker(), &tx->net->nic->port, s->plain, n, s->pkt, now);
	vnet_plain_done(r, n);
	if (there)
		tx->plain = n;
	for (u32 i = 0; i < n; i++)
		call->bytes += plain_len(&s->plain[i]);
	call->chains += n;
	return n;
}

/* One batch. False: nothing was taken. */
static bool send_batch(struct vnet_tx *tx, struct vring *r, u64 now, struct tx_call *call)
{
	struct virtio_net *net = tx->net;
	u64 credit = vsw_port_credit(&net->nic->port, now, &call->until);
	u32 plain = 0;
	struct tx_batch b;

	if (!credit)
		return false;
	call->until = 0;
	if (likely(credit == ~0ull && net->active == 1))
		plain = send_plain(tx, r, now, call);
	collect(net, r, &b, credit, PKT_BATCH - plain);
	if (b.pkts.n) {
		remember_flows(net, &b, tx->queue / 2);
		vsw_input(net_worker(), &net->nic->port, &b.pkts, now);
	}
	for (u32 i = 0; i < b.chains; i++)
		vring_push(r, b.heads[i], 0);
	if (vring_publish(r))
		virtio_interrupt(&net->pci, tx->queue);
	call->chains += b.chains;
	call->bytes += b.bytes;
	return plain + b.chains;
}

static enum tx_end send_some(struct vnet_tx *tx, struct vring *r, struct tx_call *call)
{
	*call = (struct tx_call){0};
	for (u32 i = 0; i < TX_BATCHES && call->bytes < TX_BYTES; i++)
		if (!send_batch(tx, r, time_now_ns(), call))
			return call->until ? TX_WAIT : TX_EMPTY;
	return TX_MORE;
}

/* --- polling; all with the queue's lock held ---------------------------------------------------
 */

static u64 gap_limit(const struct vnet_tx *tx)
{
	return MAX((u64)POLL_GAP, tx->cost * POLL_GAP_COSTS);
}

static void note_kick(struct vnet_tx *tx)
{
	u64 now = time_tsc(), gap = MIN(now - tx->last_kick, 16 * gap_limit(tx));

	tx->last_kick = now;
	tx->kicks++;
	tx->gap = (tx->gap * 7 + gap) / 8;
}

static void stop_polling(struct vnet_tx *tx)
{
	tx->polling = false;
	tx->gap = 16 * gap_limit(tx);
}

/* The longest time until a look. */
static u64 interval_limit(const struct vnet_tx *tx)
{
	u64 limit = MAX((u64)POLL_LIMIT, time_ns_to_ticks(POLL_LIMIT_NS));

	return MIN(limit, MAX((u64)POLL_MAX, tx->cost * POLL_MAX_COSTS));
}

/* A notification was served: what that cost, without the exit itself, and what there was. */
static void note_served(struct vnet_tx *tx, const struct tx_call *call)
{
	u64 ticks = tx->gap * POLL_FRAMES;

	tx->cost = (tx->cost * 7 + (time_tsc() - tx->last_kick)) / 8;
	if (call->chains)
		tx->bytes = (tx->bytes * 7 + call->bytes / call->chains) / 8;
	if (tx->polling || tx->gap >= gap_limit(tx) || tx->bytes > POLL_BYTES)
		return;
	tx->polling = true;
	tx->interval = ticks < POLL_MIN ? POLL_MIN : MIN(ticks, interval_limit(tx));
}

static void note_poll(struct vnet_tx *tx, const struct tx_call *call)
{
	tx->polls++;
	tx->last_kick = time_tsc();
	if (call->chains < POLL_WORTH || call->bytes / call->chains > POLL_BYTES)
		stop_polling(tx);
	else if (call->chains < POLL_FEW || call->chains > 4 * POLL_FRAMES)
		tx->interval = MAX((u64)POLL_MIN, tx->interval / 2);
}

/* What comes after a call. True: call again at once. */
static bool follow_up(struct vnet_tx *tx, struct vring *r, enum tx_end end, u64 until)
{
	u64 now = time_tsc();

	if (tx->closed || !vring_live(r))
		return false;
	if (end == TX_MORE)
		work_queue(&tx->work);
	else if (end == TX_WAIT)
		timer_arm(&tx->timer, now + time_ns_to_ticks(until - MIN(until, time_now_ns())));
	else if (tx->polling)
		timer_arm(&tx->timer, now + tx->interval);
	else
		return vring_rearm(r);
	return false;
}

/* Why the ring is looked at. */
enum tx_cause { TX_KICK, TX_TIMER, TX_WORK };

static void serve(struct vnet_tx *tx, struct virtio_queue *q, enum tx_cause cause)
{
	struct vring *r = &q->ring;
	struct tx_call call;
	enum tx_end end;

	if (!vring_live(r) || tx->closed)
		return;
	if (cause == TX_KICK)
		note_kick(tx);
	vring_quiet(r);
	for (u32 i = 0;; i++) {
		end = send_some(tx, r, &call);
		if (cause == TX_TIMER && end != TX_WAIT)
			note_poll(tx, &call);
		else if (cause == TX_KICK)
			note_served(tx, &call);
		cause = TX_WORK;
		/* The guest's other vCPUs may be adding frames all the time. */
		if (end == TX_EMPTY && i == AGAIN)
			end = TX_MORE;
		if (!follow_up(tx, r, end, call.until))
			break;
	}
	if (unlikely(r->broken))
		virtio_fail(&tx->net->pci, r->broken);
}

/* Whoever finds the queue in use leaves a mark, and whoever uses it looks at the mark when it has
 * given the queue back: nobody waits, no mark is overlooked, and a guest that notifies all the
 * time keeps no one here, as a work item goes on. */
static void run(struct vnet_tx *tx, enum tx_cause cause)
{
	struct virtio_queue *q = &tx->net->pci.queue[tx->queue];

	__atomic_store_n(&tx->kicked, 1, __ATOMIC_SEQ_CST);
	for (u32 i = 0; __atomic_load_n(&tx->kicked, __ATOMIC_SEQ_CST); i++) {
		if (!ticket_trylock(&q->lock))
			return;
		__atomic_store_n(&tx->kicked, 0, __ATOMIC_SEQ_CST);
		if (i <= AGAIN)
			serve(tx, q, cause);
		else if (!tx->closed)
			work_queue(&tx->work);
		ticket_unlock(&q->lock);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
}

void vnet_tx_kick(struct vnet_tx *tx)
{
	run(tx, TX_KICK);
}

static bool tx_work(struct work *work)
{
	run(container_of(work, struct vnet_tx, work), TX_WORK);
	return false;
}

static void tx_timer(struct timer *timer)
{
	run(container_of(timer, struct vnet_tx, timer), TX_TIMER);
}

void vnet_tx_init(struct vnet_tx *tx, struct virtio_net *net, u32 queue)
{
	tx->net = net;
	tx->queue = queue;
	tx->gap = 16ull * POLL_GAP;
	work_init(&tx->work, tx_work);
	timer_init(&tx->timer, tx_timer);
}

/* No vCPU runs any more, so that only the timer and the work can come. */
void vnet_tx_close(struct vnet_tx *tx)
{
	struct virtio_queue *q = &tx->net->pci.queue[tx->queue];

	ticket_lock(&q->lock);
	tx->closed = true;
	ticket_unlock(&q->lock);
	timer_cancel_sync(&tx->timer);
	while (work_cancel(&tx->work))
		cpu_relax();
}
