/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration's devices that are passed to a VM: virtual functions, and whole ones. */
#ifndef VMM_VM_CONFIG_PASS_H
#define VMM_VM_CONFIG_PASS_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

struct config_pass {
	struct list link; /* in its VM */
	char *name;       /* of the node: "vf0" */
	bool vf;          /* hanok,vf; else hanok,pci */
	u16 segment, bdf; /* of the function, or of the physical one */
	u32 index;        /* hanok,vf: which virtual function */
	u8 mac[6];
	bool mac_given;
	u32 vlan;                /* its frames' tag, which the card adds and takes away; 0: none */
	u32 rate_limit_mbps;     /* most that it may send; 0: no limit */
	bool anti_spoofing;      /* it sends from its own address only */
	bool allow_shared_group; /* also where neighbours are reached behind the unit's back */
};

/* Largest leaves of the VM's table for DMA. */
enum config_iommu_page { CONFIG_IOMMU_4K, CONFIG_IOMMU_2M, CONFIG_IOMMU_1G };

#endif
