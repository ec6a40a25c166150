/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/nic/ring.h"

#include "drivers/iommu/iommu.h"
#include "kernel/mm/page.h"

#define BUFFERS_BYTES ((u64)NIC_RING * NIC_BUFFER_BYTES)

static_assert(NIC_RING_BYTES == PAGE_SIZE, "descriptors are one page");

int nic_ring_create(struct nic_ring *ring)
{
	if (iommu_dma_alloc(NIC_RING_BYTES, &ring->descriptors_hpa))
		return trace_err(ERR_NOMEM, "nic: no memory for descriptors");
	ring->descriptors = page_virt(ring->descriptors_hpa);
	if (iommu_dma_alloc(BUFFERS_BYTES, &ring->buffers_hpa))
		return trace_err(ERR_NOMEM, "nic: no memory for buffers of %llu KiB",
				 (unsigned long long)BUFFERS_BYTES >> 10);
	ring->buffers = page_virt(ring->buffers_hpa);
	return 0;
}

void nic_ring_destroy(struct nic_ring *ring)
{
	if (ring->descriptors)
		iommu_dma_free(ring->descriptors_hpa, NIC_RING_BYTES);
	if (ring->buffers)
		iommu_dma_free(ring->buffers_hpa, BUFFERS_BYTES);
	*ring = (struct nic_ring){0};
}
