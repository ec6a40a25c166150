/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of the guest. A write of the tail is served at once, to completion, on the processor of
 * the vCPU that made it; what is more than one call may do goes on as a work item.
 */
#include "arch/x86/cpu/cpu.h"
#include "kernel/time/time.h"
#include "vmm/e1000/impl.h"

/* Batches per call, and bytes after which there is no further one. */
#define TX_BATCHES 4
#define TX_BYTES KIB(128)
/* Descriptors that a batch takes before it ends: a guest may fill its ring with nothing. */
#define TX_DESCS 512
#define FCS 4

struct tx_batch {
	struct pkt_batch pkts;
	u32 end; /* descriptor behind the last frame */
	u32 bad;
	u64 bytes;
};

static u32 taken(const struct e1000_ring *ring, u32 since)
{
	return ring->head >= since ? ring->head - since : ring->head + ring->count - since;
}

static void collect(struct e1000 *e, const struct e1000_ring *ring, struct tx_batch *b, u64 credit)
{
	struct net_scratch *s = net_scratch();
	struct e1000_ring at = *ring;

	b->pkts.n = b->bad = 0;
	b->bytes = 0;
	while (b->pkts.n < PKT_BATCH && taken(&at, ring->head) < TX_DESCS && b->bytes < credit) {
		struct pkt *p = &s->pkt[b->pkts.n];
		enum e1000_frame frame = e1000_tx_frame(e, &at, p, s->frags[b->pkts.n], &at.head);

		if (frame == FRAME_NONE)
			break;
		if (frame == FRAME_BAD) {
			b->bad++;
			continue;
		}
		b->pkts.pkt[b->pkts.n++] = p;
		b->bytes += p->len;
	}
	b->end = at.head;
}

/* What has been sent is the driver's again. */
static void write_back(const struct e1000_ring *ring, u32 end, u32 *causes)
{
	struct e1000_tx_desc *desc = ring->desc;

	for (u32 i = ring->head; i != end; i = i + 1 < ring->count ? i + 1 : 0) {
		u32 command = *(volatile u32 *)&desc[i].command;
		u8 *status = (u8 *)&desc[i].status;

		if (!(command & E1000_TXD_RS))
			continue;
		__atomic_store_n(status, (u8)(*(volatile u8 *)status | E1000_TXD_DD),
				 __ATOMIC_RELEASE);
		*causes |= E1000_INT_TXDW;
	}
}

static void count_frames(struct e1000 *e, u32 n, u64 bytes)
{
	e1000_count(e, E1000_GPTC, n);
	e1000_count(e, E1000_TPT, n);
	e1000_count_octets(e, OCTETS_GOOD_OUT, bytes + n * FCS);
	e1000_count_octets(e, OCTETS_OUT, bytes + n * FCS);
}

enum tx_end {
	TX_EMPTY, /* all that there was has been sent */
	TX_MORE,  /* it was enough for one call */
	TX_WAIT,  /* the rate limit */
};

/* One batch. */
static enum tx_end send_batch(struct e1000 *e, u64 *bytes, u32 *causes, u64 *until)
{
	struct e1000_ring ring = e1000_ring(e, E1000_TDBAL);
	u64 now = time_now_ns(), credit;
	struct tx_batch b;

	if (!ring.desc || !(e1000_reg(e, E1000_TCTL) & E1000_TCTL_EN) || ring.head == ring.tail)
		return TX_EMPTY;
	credit = vsw_port_credit(&e->nic->port, now, until);
	if (!credit)
		return TX_WAIT;
	collect(e, &ring, &b, credit);
	if (b.pkts.n) {
		count_frames(e, b.pkts.n, b.bytes);
		vsw_input(net_worker(), &e->nic->port, &b.pkts, now);
	}
	if (unlikely(b.bad))
		vsw_port_drop(&e->nic->port, VSW_DROP_OWNER_IN, b.bad);
	write_back(&ring, b.end, causes);
	e1000_set(e, E1000_TDH, b.end);
	*bytes += b.bytes;
	if (b.end == ring.tail)
		*causes |= E1000_INT_TXQE;
	return b.pkts.n || b.bad ? TX_MORE : TX_EMPTY;
}

/* With the lock held. */
static void serve(struct e1000 *e)
{
	enum tx_end end = TX_MORE;
	u64 bytes = 0, until = 0;
	u32 causes = 0;

	if (e->tx.closed)
		return;
	for (u32 i = 0; i < TX_BATCHES && bytes < TX_BYTES && end == TX_MORE; i++)
		end = send_batch(e, &bytes, &causes, &until);
	if (end == TX_MORE)
		work_queue(&e->tx.work);
	else if (end == TX_WAIT)
		timer_arm(&e->tx.timer,
			  time_tsc() + time_ns_to_ticks(until - MIN(until, time_now_ns())));
	if (causes)
		e1000_cause(e, causes);
}

/* Whoever finds the ring in use leaves a mark, and whoever uses it looks at the mark when it is
 * done: nobody waits. */
static void run(struct e1000 *e)
{
	struct e1000_tx *tx = &e->tx;

	__atomic_store_n(&tx->kicked, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&tx->kicked, __ATOMIC_SEQ_CST)) {
		if (!ticket_trylock(&tx->lock))
			return;
		if (__atomic_exchange_n(&tx->kicked, 0, __ATOMIC_SEQ_CST))
			serve(e);
		ticket_unlock(&tx->lock);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
}

void e1000_tx_kick(struct e1000 *e)
{
	e->tx.kicks++;
	run(e);
}

static bool tx_work(struct work *work)
{
	run(container_of(work, struct e1000, tx.work));
	return false;
}

static void tx_timer(struct timer *timer)
{
	run(container_of(timer, struct e1000, tx.timer));
}

void e1000_tx_init(struct e1000 *e)
{
	work_init(&e->tx.work, tx_work);
	timer_init(&e->tx.timer, tx_timer);
}

/* No vCPU runs any more, so that only the timer and the work can come. */
void e1000_tx_close(struct e1000 *e)
{
	ticket_lock(&e->tx.lock);
	e->tx.closed = true;
	ticket_unlock(&e->tx.lock);
	timer_cancel_sync(&e->tx.timer);
	while (work_cancel(&e->tx.work))
		cpu_relax();
}
