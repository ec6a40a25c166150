/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network card as a port: frames that it receives go to whoever owns the uplink (a bridge's
 * vsw_input(), a NAT's outside), frames that are sent to the port go out by the card.
 *
 * Received frames are handled by a work item on the processor that the card interrupted, in
 * batches; as long as there are more the card is polled, then it is asked for an interrupt.
 */
#ifndef NET_UPLINK_UPLINK_H
#define NET_UPLINK_UPLINK_H

#include "drivers/nic/nic.h"
#include "kernel/sched/work.h"
#include "net/vswitch/vswitch.h"

struct uplink;

/* Frames came in: as vsw_input(), with the same duties and rights. */
typedef void uplink_input_fn(struct vsw_worker *w, struct uplink *uplink, struct pkt_batch *batch,
			     u64 now_ns);

struct uplink {
	struct vsw_port port; /* to be added to a switch, or initialized, by the owner */
	struct nic *nic;
	struct vsw_workers *workers; /* one per processor, by its number */
	uplink_input_fn *input;
	void *owner;
	/* Private. */
	struct work work;
	struct ticketlock tx_lock;
	struct ticketlock event_lock; /* of stopping against new work */
	bool stopping;
	struct pkt packets[PKT_BATCH];
};

/* The port's functions, for vsw_port_add() or vsw_port_init(). What it understands:
 * uplink_offloads(). */
extern const struct vsw_port_ops uplink_port_ops;
u32 uplink_offloads(const struct uplink *uplink);

/* Fill in what is needed before the port is added; the card stays as it is. */
void uplink_init(struct uplink *uplink, struct nic *nic, struct vsw_workers *workers,
		 uplink_input_fn *input, void *owner);

/* Take the card and let frames in, all of the network's if promiscuous; the port has been
 * added. ERR_BUSY: another uplink has it. ERR_NOMEM. */
int __must_check uplink_start(struct uplink *uplink, bool promiscuous);

/* Let nothing in any more. True once the work item has ended and the card is stopped; ask
 * again later if not. The port is unlinked, and gone, before the uplink's memory is freed. */
bool __must_check uplink_stop(struct uplink *uplink);

#endif
