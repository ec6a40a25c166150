/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of virtual functions, from drivers that are right and that are not: registers are
 * memory, and the mailbox behaves as the card's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/nic/igb.h"
#include "drivers/nic/igb_regs.h"

#define ACCEPTED 0x80000000u
#define REFUSED 0x40000000u
#define READY 0x20000000u

static struct igb card;
static u8 registers[KIB(128)] __aligned(8);
static u32 applied, grouped;

void igb_vf_apply(struct igb *g, u32 vf)
{
	assert_true(vf < g->vfs);
	applied++;
}

void igb_vf_groups_apply(struct igb *g)
{
	(void)g;
	grouped++;
}

static int setup(void **state)
{
	static const u8 mac[6] = {2, 0, 0, 0, 0, 9};

	(void)state;
	memset(&card, 0, sizeof(card));
	memset(registers, 0, sizeof(registers));
	card.regs = registers;
	card.vfs = 3;
	memcpy(card.vf[1].config.mac, mac, 6);
	card.vf[1].config.anti_spoofing = true;
	card.vf[1].open = true;
	applied = grouped = 0;
	return 0;
}

static u32 say(u32 vf, u32 first, u32 second, u32 third)
{
	u32 words[IGB_MAILBOX_WORDS] = {first, second, third};

	(void)igb_mailbox_answer(&card, vf, words);
	return words[0];
}

static void hello(void)
{
	assert_int_equal(say(1, 1, 0, 0), 1 | ACCEPTED);
}

static void a_driver_gets_its_address(void **state)
{
	u32 words[IGB_MAILBOX_WORDS] = {1};

	(void)state;
	assert_int_equal(igb_mailbox_answer(&card, 1, words), 3);
	assert_int_equal(words[0], 1 | ACCEPTED);
	assert_memory_equal(&words[1], card.vf[1].config.mac, 6);
	assert_true(card.vf[1].ready);
	assert_int_equal(applied, 1);
}

static void nothing_before_hello(void **state)
{
	(void)state;
	for (u32 type = 0; type < 0x10000; type++)
		if (type != 1)
			assert_int_equal(say(1, type, 64, 0), type | REFUSED);
	assert_int_equal(applied + grouped, 0);
	/* Nor from a function that nobody was given. */
	assert_int_equal(say(2, 1, 0, 0), 1 | REFUSED);
	assert_false(card.vf[2].ready);
}

static void an_address_is_its_own(void **state)
{
	(void)state;
	hello();
	assert_int_equal(say(1, 2, 0x00000002, 0x0900), 2 | ACCEPTED | READY);
	assert_int_equal(say(1, 2, 0x00000002, 0x0800), 2 | REFUSED | READY);
	assert_int_equal(card.vf[1].mac[5], 9);
	card.vf[1].config.anti_spoofing = false;
	assert_int_equal(say(1, 2, 0x00000002, 0x0800), 2 | ACCEPTED | READY);
	assert_int_equal(card.vf[1].mac[5], 8);
	assert_int_equal(say(1, 2, 0x00000001, 0x0800), 2 | REFUSED | READY); /* a group */
	assert_int_equal(say(1, 2, 0, 0xffff0000), 2 | REFUSED | READY);
	assert_int_equal(say(1, 2 | 1 << 16, 0, 0), 2 | ACCEPTED | READY);
	assert_int_equal(say(1, 2 | 2 << 16, 2, 0x0700), 2 | REFUSED | READY);
	assert_int_equal(card.vf[1].mac[5], 8);
}

static void groups_are_counted(void **state)
{
	u32 words[IGB_MAILBOX_WORDS];

	(void)state;
	hello();
	for (u32 count = 0; count < 256; count++) {
		memset(words, 0xff, sizeof(words));
		words[0] = 3 | count << 16;
		assert_int_equal(igb_mailbox_answer(&card, 1, words), 1);
		assert_int_equal(words[0], 3 | ACCEPTED | READY);
		assert_int_equal(card.vf[1].group_count, MIN(count, (u32)IGB_GROUPS));
	}
	for (u32 i = 0; i < IGB_GROUPS; i++)
		assert_true(card.vf[1].groups[i] <= 0xfff);
}

static void vlans_lengths_and_the_rest(void **state)
{
	(void)state;
	hello();
	assert_int_equal(say(1, 4 | 1 << 16, 5, 0), 4 | ACCEPTED | READY);
	card.vf[1].config.vlan = 7;
	assert_int_equal(say(1, 4 | 1 << 16, 5, 0), 4 | REFUSED | READY);
	assert_int_equal(say(1, 4 | 1 << 16, 0, 0), 4 | ACCEPTED | READY);
	assert_int_equal(say(1, 5, 1518, 0), 5 | ACCEPTED | READY);
	assert_int_equal(card.vf[1].longest, 1518);
	assert_int_equal(say(1, 5, 0xffffffff, 0), 5 | REFUSED | READY);
	assert_int_equal(say(1, 5, 63, 0), 5 | REFUSED | READY);
	assert_int_equal(card.vf[1].longest, 1518);
	assert_int_equal(say(1, 6, 0, 0), 6 | ACCEPTED | READY);
	assert_int_equal(say(1, 6 | 2 << 16, 0, 0), 6 | REFUSED | READY);
	assert_int_equal(say(1, 7, 0, 0), 7 | REFUSED | READY);
	assert_int_equal(card.vf[1].messages, 10);
	assert_int_equal(card.vf[1].refused, 5);
}

/* What the card has cleared by being written to stays set here, so one call serves one round. */
static void one_message_of_each_at_a_time(void **state)
{
	u32 hello_word = 1;

	(void)state;
	igb_write(&card, IGB_MBVFICR, 0xff);
	memcpy(registers + IGB_MAILBOX_MEMORY(1), &hello_word, 4);
	igb_mailbox_serve(&card);
	assert_int_equal(card.vf[0].messages + card.vf[1].messages + card.vf[2].messages, 3);
	assert_int_equal(card.vf[3].messages, 0); /* not on */
	assert_true(card.vf[1].ready);
	assert_int_equal(igb_read(&card, IGB_MAILBOX_MEMORY(1)), 1 | ACCEPTED);
	assert_int_equal(igb_read(&card, IGB_MAILBOX(1)), IGB_MAILBOX_STS);
	igb_write(&card, IGB_MBVFICR, 0);
	igb_write(&card, IGB_VFLRE, 2);
	igb_mailbox_serve(&card);
	assert_false(card.vf[1].ready);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_driver_gets_its_address, setup),
	    cmocka_unit_test_setup(nothing_before_hello, setup),
	    cmocka_unit_test_setup(an_address_is_its_own, setup),
	    cmocka_unit_test_setup(groups_are_counted, setup),
	    cmocka_unit_test_setup(vlans_lengths_and_the_rest, setup),
	    cmocka_unit_test_setup(one_message_of_each_at_a_time, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
