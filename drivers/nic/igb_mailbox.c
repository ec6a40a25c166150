/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mailboxes, by which the drivers of virtual functions ask for what the function cannot do itself.
 * The messages are those of Linux's igbvf; whatever else comes is refused. A function has its turn
 * once per interrupt, and the card holds interrupts back, so that none keeps us busy.
 */
#include <string.h>

#include "drivers/nic/igb.h"
#include "drivers/nic/igb_regs.h"

/* The first word: what it is about in bits 0 to 15, a count or an option from bit 16 on; the answer
 * adds its own bits. */
#define TYPE(word) ((u16)(word))
#define OPTION(word) ((u8)((word) >> 16))
#define ACCEPTED BIT(31)
#define REFUSED BIT(30)
#define READY BIT(29) /* further messages are taken */

#define VLAN_ID 0xfffu
#define GROUP_HASH 0xfffu
#define FRAME_MIN 64
#define FRAME_MAX 9728

enum { HELLO = 1, SET_MAC, SET_GROUPS, SET_VLAN, SET_LONGEST, SET_PROMISCUOUS, MESSAGES };

/* A driver begins: it gets its address, and its frames flow. */
static bool hello(struct igb *g, u32 n, u32 *words)
{
	struct igb_vf *vf = &g->vf[n];

	memcpy(vf->mac, vf->config.mac, sizeof(vf->mac));
	vf->group_count = 0;
	vf->longest = 0;
	vf->ready = true;
	igb_vf_apply(g, n);
	igb_vf_groups_apply(g);
	words[1] = words[2] = 0;
	memcpy(&words[1], vf->mac, sizeof(vf->mac));
	return true;
}

/* Option 0: the address itself; 1: forget further ones, of which it has none; 2: one more. */
#define MAC_FORGET 1
static bool set_mac(struct igb *g, u32 n, u32 *words)
{
	struct igb_vf *vf = &g->vf[n];
	u8 mac[6];

	memcpy(mac, &words[1], sizeof(mac));
	if (OPTION(words[0]) == MAC_FORGET)
		return true;
	if (OPTION(words[0]) || mac[0] & 1 || !(words[1] | (words[2] & 0xffff)))
		return false;
	if (vf->config.anti_spoofing && memcmp(mac, vf->config.mac, sizeof(mac)))
		return false;
	memcpy(vf->mac, mac, sizeof(mac));
	igb_vf_apply(g, n);
	return true;
}

static bool set_groups(struct igb *g, u32 n, u32 *words)
{
	struct igb_vf *vf = &g->vf[n];
	u32 count = MIN((u32)OPTION(words[0]), (u32)IGB_GROUPS);

	for (u32 i = 0; i < count; i++)
		vf->groups[i] = (u16)(words[1 + i / 2] >> 16 * (i & 1)) & GROUP_HASH;
	vf->group_count = count;
	igb_vf_groups_apply(g);
	return true;
}

/* A function that is put into a VLAN knows of none. Without that, tags pass as they are; the number
 * 0 is none at all. */
static bool set_vlan(struct igb *g, u32 n, u32 *words)
{
	return !(words[1] & VLAN_ID) || !g->vf[n].config.vlan;
}

static bool set_longest(struct igb *g, u32 n, u32 *words)
{
	if (words[1] < FRAME_MIN || words[1] > FRAME_MAX)
		return false;
	g->vf[n].longest = words[1];
	igb_vf_apply(g, n);
	return true;
}

/* It does not get what is for others; that it wants no more is what it has. */
static bool set_promiscuous(struct igb *g, u32 n, u32 *words)
{
	(void)g;
	(void)n;
	return !OPTION(words[0]);
}

static bool (*const handlers[MESSAGES])(struct igb *g, u32 n, u32 *words) = {
    [HELLO] = hello,       [SET_MAC] = set_mac,         [SET_GROUPS] = set_groups,
    [SET_VLAN] = set_vlan, [SET_LONGEST] = set_longest, [SET_PROMISCUOUS] = set_promiscuous,
};

u32 igb_mailbox_answer(struct igb *g, u32 n, u32 *words)
{
	struct igb_vf *vf = &g->vf[n];
	u16 type = TYPE(words[0]);
	bool accepted = false;

	if (vf->open && type < MESSAGES && handlers[type] && (vf->ready || type == HELLO))
		accepted = handlers[type](g, n, words);
	vf->messages++;
	vf->refused += !accepted;
	words[0] = type | (accepted ? ACCEPTED : REFUSED);
	if (type == HELLO && accepted)
		return 3;
	words[0] |= vf->ready ? READY : 0;
	return 1;
}

/* --- the card's part ---------------------------------------------------------------------------
 */

/* The buffer is taken for us, unless the function has it. */
static bool buffer_take(struct igb *g, u32 n)
{
	igb_write(g, IGB_MAILBOX(n), IGB_MAILBOX_PFU);
	return igb_read(g, IGB_MAILBOX(n)) & IGB_MAILBOX_PFU;
}

/* A function that holds its buffer gets no answer: its driver asks again. */
static void message_serve(struct igb *g, u32 n)
{
	u32 words[IGB_MAILBOX_WORDS], count;

	if (!buffer_take(g, n)) {
		g->vf[n].refused++;
		return;
	}
	for (u32 i = 0; i < IGB_MAILBOX_WORDS; i++)
		words[i] = igb_read(g, IGB_MAILBOX_MEMORY(n) + 4 * i);
	igb_write(g, IGB_MAILBOX(n), IGB_MAILBOX_ACK);
	count = igb_mailbox_answer(g, n, words);
	if (!buffer_take(g, n))
		return;
	for (u32 i = 0; i < count; i++)
		igb_write(g, IGB_MAILBOX_MEMORY(n) + 4 * i, words[i]);
	igb_write(g, IGB_MAILBOX(n), IGB_MAILBOX_STS);
}

/* A function that was reset has lost its queues; its driver says hello again. */
static void reset_serve(struct igb *g, u32 n)
{
	g->vf[n].ready = false;
	igb_vf_apply(g, n);
}

void igb_mailbox_serve(struct igb *g)
{
	u32 resets = igb_read(g, IGB_VFLRE), requests = igb_read(g, IGB_MBVFICR);

	igb_write(g, IGB_VFLRE, resets);
	igb_write(g, IGB_MBVFICR, requests);
	for (u32 n = 0; n < g->vfs; n++) {
		if (resets & BIT(n))
			reset_serve(g, n);
		if (requests & BIT(n))
			message_serve(g, n);
	}
}
