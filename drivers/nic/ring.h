/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of NIC_RING descriptors of 16 bytes, with a buffer of NIC_BUFFER_BYTES for each, in
 * memory that the card may reach. */
#ifndef DRIVERS_NIC_RING_H
#define DRIVERS_NIC_RING_H

#include "drivers/nic/nic.h"

#define NIC_RING 256 /* so that the descriptors are one page */
#define NIC_DESCRIPTOR_BYTES 16
#define NIC_RING_BYTES (NIC_RING * NIC_DESCRIPTOR_BYTES)

struct nic_ring {
	volatile void *descriptors;
	u8 *buffers;
	hpa_t descriptors_hpa, buffers_hpa;
};

/* ERR_NOMEM; nic_ring_destroy() takes back what there is. Descriptors are zeroed. */
int __must_check nic_ring_create(struct nic_ring *ring);
void nic_ring_destroy(struct nic_ring *ring);

static inline u32 nic_ring_next(u32 i)
{
	return (i + 1) % NIC_RING;
}

static inline u8 *nic_ring_buffer(const struct nic_ring *ring, u32 i)
{
	return ring->buffers + (u64)i * NIC_BUFFER_BYTES;
}

static inline u64 nic_ring_buffer_hpa(const struct nic_ring *ring, u32 i)
{
	return ring->buffers_hpa.v + (u64)i * NIC_BUFFER_BYTES;
}

#endif
