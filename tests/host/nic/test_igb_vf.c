/* SPDX-License-Identifier: BSD-2-Clause */
/* What each virtual function may do, as it is written to the card: registers are memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/irq/irq.h"
#include "drivers/nic/igb.h"
#include "drivers/nic/igb_regs.h"
#include "drivers/pci/function.h"
#include "kernel/time/time.h"

#define VFS 3

static struct igb card;
static struct pci_device pf;
static u8 registers[KIB(128)] __aligned(8);
static u32 served;
static bool interrupts;
static const struct nic_vf_ops *const ops = &igb_vf_ops;

/* --- the machine -------------------------------------------------------------------------------
 */

int pci_sriov_enable(struct pci_device *dev, u16 count)
{
	dev->sriov.count = count;
	return 0;
}

int igb_restart(struct igb *g)
{
	(void)g;
	memset(registers, 0, sizeof(registers));
	return 0;
}

void igb_mailbox_serve(struct igb *g)
{
	(void)g;
	served++;
}

int irq_vector_alloc(irq_handler_t fn, void *arg)
{
	(void)fn;
	(void)arg;
	return interrupts ? 0x41 : ERR_NOMEM;
}

void irq_vector_free(u8 vector)
{
	(void)vector;
}

int iommu_irq_take(struct iommu_irq *irq, const struct pci_device *dev)
{
	(void)dev;
	irq->taken = true;
	return 0;
}

int iommu_irq_route(struct iommu_irq *irq, u32 apic_id, u8 vector, struct pci_msi_message *out)
{
	(void)irq;
	(void)apic_id;
	*out = (struct pci_msi_message){.data = vector};
	return 0;
}

void iommu_irq_give(struct iommu_irq *irq)
{
	irq->taken = false;
}

void pci_msix_set(struct pci_msix *msix, u16 i, const struct pci_msi_message *message, bool masked)
{
	(void)msix;
	assert_int_equal(i, IGB_VECTOR_MAILBOX);
	assert_int_equal(message->data, 0x41);
	assert_false(masked);
}

void pci_update16(const struct pci_device *dev, u32 offset, u16 clear, u16 set)
{
	(void)dev;
	(void)offset;
	(void)clear;
	(void)set;
}

u64 time_ns_to_ticks(u64 ns)
{
	return ns;
}

void timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
	timer->fn = fn;
}

void timer_arm(struct timer *timer, u64 deadline)
{
	timer->deadline = deadline;
}

/* --- a card with three functions, of which one says hello --------------------------------------
 */

static int setup(void **state)
{
	(void)state;
	memset(&card, 0, sizeof(card));
	memset(&pf, 0, sizeof(pf));
	card.regs = registers;
	card.nic.pci = &pf;
	card.msix.count = 10;
	interrupts = true;
	served = 0;
	assert_int_equal(ops->enable(&card.nic, VFS), 0);
	return 0;
}

static struct nic_vf_config config(u8 last, u16 vlan)
{
	return (struct nic_vf_config){
	    .mac = {2, 0, 0, 0, 0, last}, .vlan = vlan, .anti_spoofing = true};
}

/* Given to a guest, whose driver has said hello. */
static void give(u32 n, const struct nic_vf_config *c)
{
	assert_int_equal(ops->configure(&card.nic, n, c), 0);
	ops->open(&card.nic, n);
	card.vf[n].ready = true;
	igb_vf_apply(&card, n);
}

static bool has_bit(u32 reg, u64 bits)
{
	return (igb_read(&card, reg) & bits) == bits;
}

/* The pools that are in a VLAN, by the card's table. */
static u32 members(u32 vid)
{
	u32 pools = 0;

	for (u32 i = 0; i < IGB_VLVF_ENTRIES; i++) {
		u32 entry = igb_read(&card, IGB_VLVF(i));

		if (entry & IGB_VLVF_ENABLE && (entry & IGB_VLVF_VID) == vid)
			for (u32 n = 0; n < 8; n++)
				pools |= entry & IGB_VLVF_POOL(n) ? 1u << n : 0;
	}
	return pools;
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void nothing_flows_before_hello(void **state)
{
	struct nic_vf_config c = config(9, 0);

	(void)state;
	assert_int_equal(ops->configure(&card.nic, 1, &c), 0);
	ops->open(&card.nic, 1);
	assert_false(has_bit(IGB_VFTE, BIT(1)));
	assert_false(has_bit(IGB_VFRE, BIT(1)));
	assert_false(has_bit(IGB_RAH(IGB_ADDRESS_VF(1)), IGB_RAH_AV));
	card.vf[1].ready = true;
	igb_vf_apply(&card, 1);
	assert_true(has_bit(IGB_VFTE, BIT(1)));
	assert_true(has_bit(IGB_VFRE, BIT(1)));
	assert_true(has_bit(IGB_RAH(IGB_ADDRESS_VF(1)), IGB_RAH_AV | IGB_RAH_POOL(1) | 0x0900));
	assert_int_equal(igb_read(&card, IGB_RAL(IGB_ADDRESS_VF(1))), 2);
	ops->close(&card.nic, 1);
	assert_false(has_bit(IGB_VFTE, BIT(1)));
	assert_false(has_bit(IGB_RAH(IGB_ADDRESS_VF(1)), IGB_RAH_AV));
	assert_int_equal(ops->configure(&card.nic, VFS, &c), ERR_NOENT);
}

static void vlans_are_shared_and_left(void **state)
{
	struct nic_vf_config a = config(1, 10), b = config(2, 10), c = config(3, 20);

	(void)state;
	give(0, &a);
	give(1, &b);
	give(2, &c);
	assert_int_equal(members(10), 3);
	assert_int_equal(members(20), 4);
	assert_true(has_bit(IGB_RCTL, IGB_RCTL_VFE));
	assert_true(has_bit(IGB_VFTA(10), BIT(10)));
	assert_int_equal(igb_read(&card, IGB_VMVIR(0)), (u32)IGB_VMVIR_DEFAULT | 10);
	assert_true(has_bit(IGB_VMOLR(0), IGB_VMOLR_STRVLAN));
	assert_false(has_bit(IGB_VMOLR(0), IGB_VMOLR_AUPE));
	assert_true(has_bit(IGB_DTXSWC, IGB_DTXSWC_VLAN_SPOOF(0) | IGB_DTXSWC_MAC_SPOOF(0)));
	ops->close(&card.nic, 0);
	assert_int_equal(members(10), 2);
	b.vlan = c.vlan = 0;
	assert_int_equal(ops->configure(&card.nic, 1, &b), 0);
	assert_int_equal(ops->configure(&card.nic, 2, &c), 0);
	assert_int_equal(members(10) | members(20), 0);
	assert_false(has_bit(IGB_RCTL, IGB_RCTL_VFE));
	assert_int_equal(igb_read(&card, IGB_VMVIR(1)), 0);
	assert_true(has_bit(IGB_VMOLR(1), IGB_VMOLR_AUPE));
}

/* The divisor of the link's rate, in 1/16384. */
static void rates_are_parts_of_the_link(void **state)
{
	static const struct {
		u32 mbps, factor;
	} cases[] = {
	    {1000, 1 << 14}, {5000, 1 << 14}, {500, 2 << 14}, {1, 1000 << 14}, {300, 54613}};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nic_vf_config c = config(1, 0);

		c.rate_limit_mbps = cases[i].mbps;
		assert_int_equal(ops->configure(&card.nic, 2, &c), 0);
		assert_int_equal(igb_read(&card, IGB_RTTDQSEL), 2);
		assert_int_equal(igb_read(&card, IGB_RTTBCNRC),
				 (u32)IGB_RTTBCNRC_ENABLE | cases[i].factor);
		c.rate_limit_mbps = 0;
		assert_int_equal(ops->configure(&card.nic, 2, &c), 0);
		assert_int_equal(igb_read(&card, IGB_RTTBCNRC), 0);
	}
}

static void spoofing_is_blocked_and_counted(void **state)
{
	struct nic_vf_config c = config(1, 0);
	struct nic_vf_info info;

	(void)state;
	give(0, &c);
	assert_true(has_bit(IGB_DTXSWC, IGB_DTXSWC_MAC_SPOOF(0)));
	assert_false(has_bit(IGB_DTXSWC, IGB_DTXSWC_VLAN_SPOOF(0)));
	igb_write(&card, IGB_WVBR, (u32)BIT(8));
	ops->info(&card.nic, 0, &info);
	assert_int_equal(info.spoofed, 1);
	assert_true(info.open && info.ready);
	c.anti_spoofing = false;
	assert_int_equal(ops->configure(&card.nic, 0, &c), 0);
	assert_false(has_bit(IGB_DTXSWC, IGB_DTXSWC_MAC_SPOOF(0)));
	assert_true(has_bit(IGB_DTXSWC, IGB_DTXSWC_LOOPBACK));
}

/* Our own driver reset the card while guests have its functions. */
static void a_reset_of_the_card_loses_nothing(void **state)
{
	struct nic_vf_config a = config(1, 10), b = config(2, 0);
	u8 before[sizeof(registers)];

	(void)state;
	b.rate_limit_mbps = 100;
	give(0, &a);
	give(1, &b);
	card.vf[1].groups[0] = 0x123;
	card.vf[1].group_count = 1;
	igb_vf_restore(&card);
	memcpy(before, registers, sizeof(before));
	memset(registers, 0, sizeof(registers));
	igb_vf_restore(&card);
	for (u32 reg = 0; reg < sizeof(registers); reg += 4)
		if (memcmp(before + reg, registers + reg, 4))
			fail_msg("register 0x%x", reg);
	assert_true(has_bit(IGB_VFTE, BIT(0) | BIT(1)));
	assert_int_equal(igb_read(&card, IGB_MTA(0x123 / 32)), 1u << 0x123 % 32);
	assert_true(has_bit(IGB_IMS, IGB_INT_MAILBOX));
}

static void mailboxes_without_an_interrupt_are_looked_at(void **state)
{
	(void)state;
	interrupts = false;
	memset(&card.vf_timer, 0, sizeof(card.vf_timer));
	assert_int_equal(ops->enable(&card.nic, 100), 0);
	assert_int_equal(card.vfs, IGB_VFS);
	assert_true(card.vf_polled);
	assert_true(card.vf_timer.deadline);
	card.vf_timer.fn(&card.vf_timer);
	assert_int_equal(served, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(nothing_flows_before_hello, setup),
	    cmocka_unit_test_setup(vlans_are_shared_and_left, setup),
	    cmocka_unit_test_setup(rates_are_parts_of_the_link, setup),
	    cmocka_unit_test_setup(spoofing_is_blocked_and_counted, setup),
	    cmocka_unit_test_setup(a_reset_of_the_card_loses_nothing, setup),
	    cmocka_unit_test_setup(mailboxes_without_an_interrupt_are_looked_at, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
