/* SPDX-License-Identifier: BSD-2-Clause */
/* Recording of frames in a ring per NIC. */
#include "arch/x86/cpu/cpu.h"
#include "kernel/mm/heap.h"
#include "net/pkt/pcap.h"
#include "vmm/net/impl.h"
#include "vmm/vm/vm.h"

#define CAPTURE_BYTES KIB(256)
#define CAPTURE_SNAP 2048 /* bytes of a frame that are kept */

static int make_ring(struct net_nic *nic)
{
	struct pcap_ring *ring = heap_alloc(sizeof(*ring));
	void *buf = heap_alloc(CAPTURE_BYTES);
	int err = ERR_NOMEM;

	if (ring && buf)
		err = pcap_ring_init(ring, buf, CAPTURE_BYTES, CAPTURE_SNAP);
	if (err) {
		heap_free(ring);
		heap_free(buf);
		return trace_err(err, "%s: no memory to record %llu KiB", nic->name,
				 (unsigned long long)CAPTURE_BYTES >> 10);
	}
	ring->wall_ns = vm_wall_clock();
	nic->capture = ring;
	return 0;
}

/* The ring stays when recording stops, so nothing that uses it has to be waited for. */
int net_capture_start(struct net_nic *nic)
{
	int err = nic->capture ? 0 : make_ring(nic);

	if (err)
		return err;
	ticket_lock(&nic->lock);
	if (nic->attached)
		vsw_port_set_capture(&nic->port, nic->capture);
	else
		err = ERR_BUSY;
	ticket_unlock(&nic->lock);
	return err;
}

void net_capture_stop(struct net_nic *nic)
{
	ticket_lock(&nic->lock);
	if (nic->attached)
		vsw_port_set_capture(&nic->port, NULL);
	ticket_unlock(&nic->lock);
}
