/* SPDX-License-Identifier: BSD-2-Clause */
/* Which frames the queue of the physical function gets (7.10.3.3 to 7.10.3.6). */
#include <string.h>

#include "drivers/nic/igb.h"
#include "drivers/nic/igb_regs.h"

static_assert(IGB_ADDRESS_BEHIND + IGB_ADDRESSES == IGB_RA_ENTRIES, "8.10.14");

/* What comes from the network for an address that the card does not know is our pool's. From a
 * virtual function it goes to the network only, unless the table of hashes has it: so that is
 * full if there are more stations behind us than the card has room for. */
static void receive_mode(struct igb *g)
{
	u32 hashes = g->promiscuous && g->addresses > IGB_ADDRESSES ? ~0u : 0;

	for (u32 i = 0; i < IGB_UTA_WORDS; i++)
		igb_write(g, IGB_UTA(i), hashes);
	igb_write(g, IGB_RCTL,
		  (igb_read(g, IGB_RCTL) & (u32)IGB_RCTL_VFE) |
		      (u32)(IGB_RCTL_EN | IGB_RCTL_BAM | IGB_RCTL_MPE | IGB_RCTL_SECRC |
			    (g->promiscuous ? IGB_RCTL_UPE : 0)));
}

/* Our pool gets its own address, groups, broadcasts, and what is for no other pool. */
static void pool_set(struct igb *g)
{
	igb_write(g, IGB_MRQC, IGB_MRQC_VMDQ);
	igb_write(g, IGB_VT_CTL, IGB_VT_CTL_DEFAULT(IGB_POOL) | (u32)IGB_VT_CTL_REPLICATE);
	igb_write(g, IGB_VMOLR(IGB_POOL),
		  (u32)(IGB_VMOLR_AUPE | IGB_VMOLR_BAM | IGB_VMOLR_MPME | IGB_VMOLR_ROPE |
			IGB_VMOLR_ROMPE | IGB_VMOLR_STRCRC));
	igb_write(g, IGB_RAH(0), igb_read(g, IGB_RAH(0)) | (u32)IGB_RAH_POOL(IGB_POOL));
	igb_write(g, IGB_VFRE, igb_read(g, IGB_VFRE) | (u32)BIT(IGB_POOL));
	igb_write(g, IGB_VFTE, igb_read(g, IGB_VFTE) | (u32)BIT(IGB_POOL));
}

static void addresses_write(struct igb *g)
{
	for (u32 i = 0; i < IGB_ADDRESSES; i++) {
		u32 entry = IGB_ADDRESS_BEHIND + i, low, high = 0;

		memcpy(&low, g->address[i], 4);
		memcpy(&high, g->address[i] + 4, 2);
		igb_write(g, IGB_RAH(entry), 0);
		igb_write(g, IGB_RAL(entry), low);
		if (i < g->addresses)
			igb_write(g, IGB_RAH(entry),
				  high | (u32)(IGB_RAH_AV | IGB_RAH_POOL(IGB_POOL)));
	}
}

void igb_filter_restore(struct igb *g)
{
	ticket_lock(&g->filter_lock);
	pool_set(g);
	addresses_write(g);
	receive_mode(g);
	ticket_unlock(&g->filter_lock);
}

void igb_set_promiscuous(struct nic *nic, bool on)
{
	struct igb *g = container_of(nic, struct igb, nic);

	ticket_lock(&g->filter_lock);
	g->promiscuous = on;
	receive_mode(g);
	ticket_unlock(&g->filter_lock);
}

void igb_set_addresses(struct nic *nic, const u8 (*macs)[6], u32 count)
{
	struct igb *g = container_of(nic, struct igb, nic);

	ticket_lock(&g->filter_lock);
	memcpy(g->address, macs, MIN(count, (u32)IGB_ADDRESSES) * sizeof(g->address[0]));
	g->addresses = count;
	addresses_write(g);
	receive_mode(g);
	ticket_unlock(&g->filter_lock);
}
