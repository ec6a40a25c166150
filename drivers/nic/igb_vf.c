/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual functions of the 82576: what each may do, in the card's registers (7.10.3, 8.14). */
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/irq/irq.h"
#include "drivers/nic/igb.h"
#include "drivers/nic/igb_regs.h"
#include "drivers/pci/function.h"
#include "drivers/pci/regs.h"
#include "kernel/time/time.h"

#define CAUSE_MAILBOX BIT(IGB_VECTOR_MAILBOX)
#define THROTTLE_US 500
#define POLL_NS 5000000ull
#define LINK_MBPS 1000

static void bits_set(struct igb *g, u32 reg, u32 bits, bool on)
{
	u32 old = igb_read(g, reg);

	igb_write(g, reg, on ? old | bits : old & ~bits);
}

static void address_apply(struct igb *g, u32 n)
{
	const struct igb_vf *vf = &g->vf[n];
	u32 low, high = 0;

	memcpy(&low, vf->mac, 4);
	memcpy(&high, vf->mac + 4, 2);
	igb_write(g, IGB_RAH(IGB_ADDRESS_VF(n)), 0);
	igb_write(g, IGB_RAL(IGB_ADDRESS_VF(n)), low);
	if (vf->ready)
		igb_write(g, IGB_RAH(IGB_ADDRESS_VF(n)),
			  high | (u32)(IGB_RAH_AV | IGB_RAH_POOL(n)));
}

static void filter_apply(struct igb *g, u32 n)
{
	const struct igb_vf *vf = &g->vf[n];
	u32 value = (u32)(IGB_VMOLR_BAM | IGB_VMOLR_ROMPE | IGB_VMOLR_STRCRC);

	value |= vf->config.vlan ? (u32)IGB_VMOLR_STRVLAN : (u32)IGB_VMOLR_AUPE;
	if (vf->longest)
		value |= (u32)IGB_VMOLR_LPE | vf->longest;
	igb_write(g, IGB_VMOLR(n), vf->ready ? value : 0);
}

/* Insertion here, membership in the table of VLANs below. */
static void vlan_apply(struct igb *g, u32 n)
{
	u32 vid = g->vf[n].config.vlan;

	igb_write(g, IGB_VMVIR(n), vid ? (u32)IGB_VMVIR_DEFAULT | vid : 0);
}

static void guard_apply(struct igb *g, u32 n)
{
	const struct nic_vf_config *c = &g->vf[n].config;

	bits_set(g, IGB_DTXSWC, (u32)(IGB_DTXSWC_MAC_SPOOF(n) | IGB_DTXSWC_VLAN_SPOOF(n)), false);
	bits_set(g, IGB_DTXSWC,
		 (u32)(IGB_DTXSWC_MAC_SPOOF(n) | (c->vlan ? IGB_DTXSWC_VLAN_SPOOF(n) : 0)),
		 c->anti_spoofing);
}

/* The rate is the link's, divided by a factor with 14 bits behind the point. */
static void rate_apply(struct igb *g, u32 n)
{
	u32 mbps = MIN(g->vf[n].config.rate_limit_mbps, (u32)LINK_MBPS);
	u32 factor = mbps ? (LINK_MBPS << IGB_RTTBCNRC_SHIFT) / mbps : 0;

	igb_write(g, IGB_RTTDQSEL, n);
	igb_write(g, IGB_RTTBCNRM, IGB_RTTBCNRM_DEFAULT);
	igb_write(g, IGB_RTTBCNRC, mbps ? (u32)IGB_RTTBCNRC_ENABLE | factor : 0);
}

void igb_vf_apply(struct igb *g, u32 n)
{
	address_apply(g, n);
	filter_apply(g, n);
	vlan_apply(g, n);
	guard_apply(g, n);
	rate_apply(g, n);
	bits_set(g, IGB_VFRE, (u32)BIT(n), g->vf[n].ready);
	bits_set(g, IGB_VFTE, (u32)BIT(n), g->vf[n].ready);
}

/* One entry for each VLAN. While no function is in one, tags are not looked at; else tagged frames
 * go to those alone that are in their VLAN. */
static void vlans_apply(struct igb *g)
{
	u32 used = 0;

	for (u32 i = 0; i < IGB_VLVF_ENTRIES; i++)
		igb_write(g, IGB_VLVF(i), 0);
	for (u32 n = 0; n < g->vfs; n++) {
		u32 vid = g->vf[n].config.vlan, i = 0;

		if (!vid || !g->vf[n].open)
			continue;
		while (i < used && (igb_read(g, IGB_VLVF(i)) & IGB_VLVF_VID) != vid)
			i++;
		used = MAX(used, i + 1);
		igb_write(g, IGB_VLVF(i),
			  (igb_read(g, IGB_VLVF(i)) & IGB_VLVF_POOLS) |
			      (u32)(IGB_VLVF_POOL(n) | IGB_VLVF_ENABLE) | vid);
		bits_set(g, IGB_VFTA(vid), (u32)BIT(vid % 32), true);
	}
	bits_set(g, IGB_RCTL, (u32)IGB_RCTL_VFE, used);
}

/* The table is everybody's: a group that one asked for reaches all that listen to the table. */
void igb_vf_groups_apply(struct igb *g)
{
	for (u32 i = 0; i < IGB_MTA_WORDS; i++)
		igb_write(g, IGB_MTA(i), 0);
	for (u32 n = 0; n < g->vfs; n++)
		for (u32 i = 0; i < g->vf[n].group_count; i++)
			bits_set(g, IGB_MTA(g->vf[n].groups[i] / 32),
				 (u32)BIT(g->vf[n].groups[i] % 32), true);
}

/* --- interrupts of mailboxes -------------------------------------------------------------------
 */

static void serve(struct igb *g)
{
	ticket_lock(&g->vf_lock);
	(void)igb_read(g, IGB_ICR);
	igb_mailbox_serve(g);
	ticket_unlock(&g->vf_lock);
}

static void interrupt(void *arg)
{
	struct igb *g = arg;

	serve(g);
	igb_write(g, IGB_EIMS, CAUSE_MAILBOX);
}

static void poll(struct timer *timer)
{
	struct igb *g = container_of(timer, struct igb, vf_timer);

	serve(g);
	timer_arm(timer, rdtsc() + time_ns_to_ticks(POLL_NS));
}

static bool interrupt_open(struct igb *g)
{
	int vector = irq_vector_alloc(interrupt, g);
	struct pci_msi_message message;

	if (vector < 0)
		return false;
	if (!g->nic.polled && g->msix.count > IGB_VECTOR_MAILBOX &&
	    !iommu_irq_take(&g->vf_irq, g->nic.pci) &&
	    !iommu_irq_route(&g->vf_irq, this_cpu()->apic_id, (u8)vector, &message)) {
		pci_msix_set(&g->msix, IGB_VECTOR_MAILBOX, &message, false);
		return true;
	}
	iommu_irq_give(&g->vf_irq);
	irq_vector_free((u8)vector);
	return false;
}

static void interrupt_set(struct igb *g)
{
	igb_write(g, IGB_IVAR_MISC, IGB_IVAR_OTHER(IGB_VECTOR_MAILBOX));
	igb_write(g, IGB_EITR(IGB_VECTOR_MAILBOX), IGB_EITR_US(THROTTLE_US));
	igb_write(g, IGB_EIAC, igb_read(g, IGB_EIAC) | (u32)CAUSE_MAILBOX);
	igb_write(g, IGB_MBVFIMR, 0xff);
	igb_write(g, IGB_IMS, IGB_INT_MAILBOX);
	igb_write(g, IGB_EIMS, CAUSE_MAILBOX);
}

/* --- for the card's driver ---------------------------------------------------------------------
 */

/* Queues of functions work whether ours are in use or not. */
static void card_apply(struct igb *g)
{
	igb_write(g, IGB_MRQC, IGB_MRQC_VMDQ);
	igb_write(g, IGB_VT_CTL, IGB_VT_CTL_DEFAULT(IGB_POOL) | (u32)IGB_VT_CTL_REPLICATE);
	bits_set(g, IGB_DTXSWC, (u32)IGB_DTXSWC_LOOPBACK, true);
	bits_set(g, IGB_RCTL, (u32)(IGB_RCTL_EN | IGB_RCTL_BAM | IGB_RCTL_SECRC), true);
	bits_set(g, IGB_TCTL, (u32)(IGB_TCTL_EN | IGB_TCTL_PSP), true);
	pci_update16(g->nic.pci, PCI_COMMAND, 0, PCI_COMMAND_MASTER);
}

void igb_vf_restore(struct igb *g)
{
	if (!g->vfs)
		return;
	ticket_lock(&g->vf_lock);
	card_apply(g);
	for (u32 n = 0; n < g->vfs; n++)
		igb_vf_apply(g, n);
	vlans_apply(g);
	igb_vf_groups_apply(g);
	if (!g->vf_polled)
		interrupt_set(g);
	ticket_unlock(&g->vf_lock);
}

/* --- for whoever gives functions to guests -----------------------------------------------------
 */

static int enable(struct nic *nic, u16 count)
{
	struct igb *g = container_of(nic, struct igb, nic);
	int err = pci_sriov_enable(nic->pci, MIN(count, (u16)IGB_VFS));

	if (!err)
		err = igb_restart(g);
	if (err)
		return err;
	g->vfs = MIN(count, (u16)IGB_VFS);
	g->vf_polled = !interrupt_open(g);
	igb_vf_restore(g);
	timer_init(&g->vf_timer, poll);
	if (g->vf_polled)
		timer_arm(&g->vf_timer, rdtsc() + time_ns_to_ticks(POLL_NS));
	return 0;
}

static struct igb_vf *vf_of(struct igb *g, u32 index)
{
	return index < g->vfs ? &g->vf[index] : NULL;
}

/* A new address is told to the driver when it next begins. */
static int configure(struct nic *nic, u32 index, const struct nic_vf_config *config)
{
	struct igb *g = container_of(nic, struct igb, nic);
	struct igb_vf *vf = vf_of(g, index);

	if (!vf)
		return ERR_NOENT;
	ticket_lock(&g->vf_lock);
	vf->config = *config;
	if (config->anti_spoofing)
		memcpy(vf->mac, config->mac, sizeof(vf->mac));
	igb_vf_apply(g, index);
	vlans_apply(g);
	ticket_unlock(&g->vf_lock);
	return 0;
}

static void set_open(struct nic *nic, u32 index, bool open)
{
	struct igb *g = container_of(nic, struct igb, nic);
	struct igb_vf *vf = vf_of(g, index);

	if (!vf)
		return;
	ticket_lock(&g->vf_lock);
	vf->open = open;
	vf->ready = false;
	vf->group_count = 0;
	memcpy(vf->mac, vf->config.mac, sizeof(vf->mac));
	igb_vf_apply(g, index);
	vlans_apply(g);
	igb_vf_groups_apply(g);
	ticket_unlock(&g->vf_lock);
}

static void open(struct nic *nic, u32 index)
{
	set_open(nic, index, true);
}

static void close(struct nic *nic, u32 index)
{
	set_open(nic, index, false);
}

static void info(struct nic *nic, u32 index, struct nic_vf_info *out)
{
	struct igb *g = container_of(nic, struct igb, nic);
	struct igb_vf *vf = vf_of(g, index);
	u32 wrong;

	if (!vf)
		return;
	ticket_lock(&g->vf_lock);
	wrong = igb_read(g, IGB_WVBR);
	igb_write(g, IGB_WVBR, wrong);
	for (u32 n = 0; n < g->vfs; n++)
		g->vf[n].spoofed += !!(wrong & (u32)(BIT(n) | BIT(n + 8)));
	*out = (struct nic_vf_info){.open = vf->open,
				    .ready = vf->ready,
				    .messages = vf->messages,
				    .refused = vf->refused,
				    .spoofed = vf->spoofed};
	memcpy(out->mac, vf->mac, sizeof(out->mac));
	ticket_unlock(&g->vf_lock);
}

const struct nic_vf_ops igb_vf_ops = {
    .enable = enable, .configure = configure, .open = open, .close = close, .info = info};
