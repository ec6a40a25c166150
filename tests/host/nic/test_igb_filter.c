/* SPDX-License-Identifier: BSD-2-Clause */
/* Which frames the queue of the physical function gets: registers are memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nic/igb.h"
#include "drivers/nic/igb_regs.h"

static struct igb card;
static u8 registers[KIB(128)] __aligned(8);
static u8 macs[IGB_ADDRESSES + 1][6];

static int setup(void **state)
{
	(void)state;
	memset(&card, 0, sizeof(card));
	memset(registers, 0, sizeof(registers));
	card.regs = registers;
	for (u32 i = 0; i < ARRAY_SIZE(macs); i++)
		memcpy(macs[i], (u8[]){2, 0, 0, 0, 1, (u8)i}, 6);
	/* Our own, as the EEPROM says, and a virtual function's. */
	igb_write(&card, IGB_RAL(0), 0x00000002);
	igb_write(&card, IGB_RAH(0), (u32)IGB_RAH_AV | 0x0100);
	igb_write(&card, IGB_RAH(IGB_ADDRESS_VF(6)), (u32)(IGB_RAH_AV | IGB_RAH_POOL(6)));
	igb_filter_restore(&card);
	return 0;
}

/* The pools that a frame to this address belongs to, by the card's exact filters. */
static u32 pools_of(const u8 *mac)
{
	u32 low, high = 0, pools = 0;

	memcpy(&low, mac, 4);
	memcpy(&high, mac + 4, 2);
	for (u32 i = 0; i < IGB_RA_ENTRIES; i++) {
		u32 is = igb_read(&card, IGB_RAH(i));

		if (is & IGB_RAH_AV && (is & 0xffff) == high && igb_read(&card, IGB_RAL(i)) == low)
			pools |= is >> 18 & 0xff;
	}
	return pools;
}

static bool takes_every_hash(void)
{
	u32 taken = 0;

	for (u32 i = 0; i < IGB_UTA_WORDS; i++) {
		u32 word = igb_read(&card, IGB_UTA(i));

		assert_true(word == 0 || word == ~0u);
		taken += word != 0;
	}
	assert_true(taken == 0 || taken == IGB_UTA_WORDS);
	return taken;
}

static void entries_are_where_the_card_has_them(void **state)
{
	(void)state;
	assert_int_equal(IGB_RAL(15), 0x5478);
	assert_int_equal(IGB_RAL(16), 0x54e0);
	assert_int_equal(IGB_RAH(23), 0x551c);
}

static void stations_behind_us_are_ours(void **state)
{
	(void)state;
	igb_set_addresses(&card.nic, macs, IGB_ADDRESSES);
	for (u32 i = 0; i < IGB_ADDRESSES; i++)
		assert_int_equal(pools_of(macs[i]), BIT(IGB_POOL));
	assert_int_equal(pools_of(macs[IGB_ADDRESSES]), 0);
	assert_int_equal(pools_of((u8[]){2, 0, 0, 0, 0, 1}), BIT(IGB_POOL));
	assert_int_equal(igb_read(&card, IGB_RAH(IGB_ADDRESS_VF(6))),
			 (u32)(IGB_RAH_AV | IGB_RAH_POOL(6)));
}

static void those_that_left_are_not(void **state)
{
	(void)state;
	igb_set_addresses(&card.nic, macs, 5);
	igb_set_addresses(&card.nic, &macs[4], 1);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(pools_of(macs[i]), 0);
	assert_int_equal(pools_of(macs[4]), BIT(IGB_POOL));
	igb_set_addresses(&card.nic, macs, 0);
	assert_int_equal(pools_of(macs[4]), 0);
}

/* What functions send outside does not come to us, unless there are too many to tell apart. */
static void too_many_are_told_by_hash(void **state)
{
	(void)state;
	igb_set_promiscuous(&card.nic, true);
	assert_true(igb_read(&card, IGB_RCTL) & IGB_RCTL_UPE);
	igb_set_addresses(&card.nic, macs, IGB_ADDRESSES);
	assert_false(takes_every_hash());
	igb_set_addresses(&card.nic, macs, IGB_ADDRESSES + 1);
	assert_true(takes_every_hash());
	igb_set_promiscuous(&card.nic, false);
	assert_false(takes_every_hash());
	assert_false(igb_read(&card, IGB_RCTL) & IGB_RCTL_UPE);
}

static void a_reset_of_the_card_loses_nothing(void **state)
{
	(void)state;
	igb_set_promiscuous(&card.nic, true);
	igb_set_addresses(&card.nic, macs, 3);
	memset(registers, 0, sizeof(registers));
	igb_filter_restore(&card);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(pools_of(macs[i]), BIT(IGB_POOL));
	assert_true(igb_read(&card, IGB_RCTL) & IGB_RCTL_UPE);
	assert_true(igb_read(&card, IGB_VFRE) & BIT(IGB_POOL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(entries_are_where_the_card_has_them, setup),
	    cmocka_unit_test_setup(stations_behind_us_are_ours, setup),
	    cmocka_unit_test_setup(those_that_left_are_not, setup),
	    cmocka_unit_test_setup(too_many_are_told_by_hash, setup),
	    cmocka_unit_test_setup(a_reset_of_the_card_loses_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
