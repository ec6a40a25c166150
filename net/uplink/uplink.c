/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/uplink/uplink.h"

#include "arch/x86/cpu/percpu.h"
#include "kernel/time/time.h"
#include "net/pkt/plain.h"

/* Frames of one slice of work; then others have their turn. */
#define SLICE_BATCHES 4

void uplink_init(struct uplink *uplink, struct nic *nic, struct vsw_workers *workers,
		 uplink_input_fn *input, void *owner)
{
	uplink->nic = nic;
	uplink->workers = workers;
	uplink->input = input;
	uplink->owner = owner;
	uplink->stopping = false;
	ticket_init(&uplink->tx_lock);
	ticket_init(&uplink->event_lock);
}

u32 uplink_offloads(const struct uplink *uplink)
{
	return uplink->nic->can_csum ? VSW_OFF_CSUM : 0;
}

/* A frame of length 0 was bad: it only takes a place in the card's ring. */
static void frame_take(struct uplink *u, struct pkt_batch *batch, const struct nic_rx *frame)
{
	struct pkt *p = &u->packets[batch->n];
	u32 head = MIN((u32)frame->len, PKT_HEAD_MIN);

	if (!frame->len)
		return;
	pkt_init(p);
	pkt_set_head(p, frame->data, head);
	if (frame->len > head && pkt_add_frag(p, frame->data + head, frame->len - head))
		return;
	if (frame->csum_ok)
		p->off.flags = PKT_OFF_DATA_VALID;
	batch->pkt[batch->n++] = p;
}

/* Returns how many frames there were. */
static u32 batch_poll(struct uplink *u)
{
	struct vsw_worker *w = &u->workers->worker[cpu_id()];
	struct nic_rx frames[PKT_BATCH];
	struct pkt_batch batch = {.n = 0};
	u32 n = u->nic->ops->rx(u->nic, 0, frames, PKT_BATCH);

	for (u32 i = 0; i < n; i++)
		frame_take(u, &batch, &frames[i]);
	if (batch.n)
		u->input(w, u, &batch, time_now_ns());
	u->nic->ops->rx_done(u->nic, 0, n);
	return n;
}

static bool poll(struct work *work)
{
	struct uplink *u = container_of(work, struct uplink, work);

	if (__atomic_load_n(&u->stopping, __ATOMIC_ACQUIRE))
		return false;
	for (u32 i = 0; i < SLICE_BATCHES; i++) {
		if (batch_poll(u) == PKT_BATCH)
			continue;
		u->nic->ops->arm(u->nic, 0);
		return false;
	}
	return true;
}

static void event(struct nic *nic, u32 queue)
{
	struct uplink *u = nic->user;

	(void)queue;
	ticket_lock(&u->event_lock);
	if (!u->stopping)
		work_queue(&u->work);
	ticket_unlock(&u->event_lock);
}

/* Hand one frame to the card; false: its queue is full. */
static bool frame_send(struct uplink *u, struct pkt *p)
{
	struct nic *nic = u->nic;
	struct nic_tx frame = {.len = (u16)p->len};
	u8 *to;

	if (p->len > NIC_FRAME_MAX) {
		vsw_port_drop(&u->port, VSW_DROP_OWNER_OUT, 1);
		return true;
	}
	to = nic->ops->tx_buffer(nic, 0);
	if (!to)
		return false;
	pkt_copy_out(p, to);
	if (p->off.flags & PKT_OFF_NEEDS_CSUM) {
		frame.csum_start = p->off.csum_start;
		frame.csum_offset = p->off.csum_offset;
	}
	nic->ops->tx_commit(nic, 0, &frame);
	return true;
}

static u32 port_send(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n)
{
	struct uplink *u = container_of(port, struct uplink, port);
	u32 sent = 0;

	(void)w;
	ticket_lock(&u->tx_lock);
	while (sent < n && frame_send(u, pkts[sent]))
		sent++;
	u->nic->ops->tx_flush(u->nic, 0);
	ticket_unlock(&u->tx_lock);
	return sent;
}

static u32 port_send_plain(struct vsw_worker *w, struct vsw_port *port, struct pkt_plain *frames,
			   u32 n, u32 words)
{
	struct uplink *u = container_of(port, struct uplink, port);
	struct nic *nic = u->nic;
	u32 sent;

	(void)w;
	ticket_lock(&u->tx_lock);
	for (sent = 0; sent < n && plain_len(&frames[sent]) <= NIC_FRAME_MAX; sent++) {
		struct nic_tx frame = {.len = (u16)plain_len(&frames[sent])};
		u8 *to = nic->ops->tx_buffer(nic, 0);

		if (!to)
			break;
		plain_copy_frame(&frames[sent], to, words);
		nic->ops->tx_commit(nic, 0, &frame);
	}
	nic->ops->tx_flush(nic, 0);
	ticket_unlock(&u->tx_lock);
	return sent;
}

const struct vsw_port_ops uplink_port_ops = {.send = port_send, .send_plain = port_send_plain};

int uplink_start(struct uplink *uplink, bool promiscuous)
{
	struct nic *nic = uplink->nic;
	int err;

	if (nic->user)
		return trace_err(ERR_BUSY, "net: the card %s is the uplink of another switch",
				 nic->model);
	work_init(&uplink->work, poll);
	err = nic->ops->start(nic);
	if (err)
		return err;
	nic->user = uplink;
	nic->event = event;
	nic->ops->set_promiscuous(nic, promiscuous);
	nic->ops->arm(nic, 0);
	return 0;
}

bool uplink_stop(struct uplink *uplink)
{
	struct nic *nic = uplink->nic;

	if (nic->user != uplink)
		return true;
	ticket_lock(&uplink->event_lock);
	__atomic_store_n(&uplink->stopping, true, __ATOMIC_RELEASE);
	ticket_unlock(&uplink->event_lock);
	/* Nothing queues it from here on. */
	if (work_pending(&uplink->work))
		return false;
	/* Nobody sends: the port's owner unlinked it first. */
	nic->ops->stop(nic);
	nic->event = NULL;
	nic->user = NULL;
	return true;
}
