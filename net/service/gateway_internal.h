/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the gateway share among themselves. Under its lock, but
 * for what says otherwise. */
#ifndef NET_SERVICE_GATEWAY_INTERNAL_H
#define NET_SERVICE_GATEWAY_INTERNAL_H

#include "net/service/gateway.h"

/* A frame that nat_translate() did not just send, in the middle of a batch. */
struct gateway_event {
	struct pkt *p;
	bool uplink; /* where it came from */
	u8 side;
	struct nat_result *result; /* to be changed to NAT_SEND, if p itself is to be sent */
	u16 *to;                   /* then: the side where it goes */
	struct frame_list *out;    /* what else is sent */
};

/* The port's side: frames of guests (gateway_input.c). */
u32 gateway_port_send(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n);
/* The same for plain frames: only known flows to the uplink. */
u32 gateway_port_send_plain(struct vsw_worker *w, struct vsw_port *port, struct pkt_plain *frames,
			    u32 n, u32 words);
/* Send what was made, and give the buffers back. Without the lock. */
void gateway_send_frames(struct gateway *gw, struct vsw_worker *w, struct frame_list *out);

/* For the gateway itself (gateway_local.c). */
void gateway_local(struct gateway *gw, const struct gateway_event *ev);

/* Send an ICMP error about ev->p back, if there may be one now. */
void gateway_error(struct gateway *gw, const struct gateway_event *ev, u8 type, u8 code, u16 mtu);

/* Fragments (gateway_frag.c): cut p, keep p, and try those that were kept again. */
void gateway_cut(struct gateway *gw, const struct gateway_event *ev, u32 mtu);
void gateway_hold(struct gateway *gw, const struct gateway_event *ev);
void gateway_release(struct gateway *gw, const struct gateway_event *ev);
void gateway_held_tick(struct gateway *gw);

/* A whole frame of a buffer through the NAT again, and on its way. Takes it over, but for
 * when it is a fragment that has to wait: then false. */
bool gateway_translate_frame(struct gateway *gw, struct frame *frame, bool uplink, u8 side,
			     struct frame_list *out);

/* Send a translated frame whose next hop is not known when that answers. Takes it over. */
void gateway_resolve(struct gateway *gw, struct frame *frame, u16 hop, struct frame_list *out);

/* A copy of a frame of up to FRAME_BYTES, or NULL, which is counted. */
struct frame *gateway_copy(struct gateway *gw, const struct pkt *p);

/* Forwards of a guest that has come or goes (gateway_view.c). */
void gateway_forwards_up(struct gateway *gw, u8 side);
void gateway_forwards_down(struct gateway *gw, u8 side);

#endif
