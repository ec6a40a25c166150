/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a frame of 64 bytes costs on its way through the hypervisor. Two virtio network cards,
 * driven by hand on one vCPU: frames leave by the first and come in at the second, or, with "nat"
 * on the command line, leave for the gateway of a NAT.
 *
 *	FRAMES n TICKS   n frames are waiting: ticks from before the notification to after it
 *	SATURATED n m    n frames sent as fast as the ring takes them, with m notifications
 */
#include "tests/guest/lib/guest.h"
#include "tests/guest/lib/pci.h"

#define ID 0x10411af4u
#define COMMON 0x0
#define NOTIFY 0x3000
#define RING 256
#define FRAME 64
#define HEADER 12
#define BUFFER 2048
#define VERSION_1 1u /* of the features' second word */
#define EVENT_IDX (1u << 29)
#define ROUNDS 9
#define FLOOD 40000
#define APART 20000000ull /* ticks between notifications, so that none is close to the last */

struct desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};

/* A queue of a card, with its buffers. */
struct queue {
	struct desc desc[RING];
	u16 avail_flags, avail_idx, avail[RING], used_event, pad[61];
	u16 used_flags, used_idx;
	struct {
		u32 id, len;
	} used[RING];
	u16 avail_event;
	u8 buffer[RING][BUFFER];
} __aligned(4096);

struct card {
	volatile u8 *regs;
	u32 device;
	u16 sent; /* frames that were ever put into the transmit queue */
};

static struct queue rx[2], tx[2];
static struct card cards[2];
static u8 gateway[6];

static void set(struct card *c, u32 reg, u32 size, u64 value)
{
	if (size == 1)
		c->regs[reg] = (u8)value;
	else if (size == 2)
		*(volatile u16 *)(c->regs + reg) = (u16)value;
	else
		*(volatile u32 *)(c->regs + reg) = (u32)value;
}

static void set_queue(struct card *c, u16 number, struct queue *q)
{
	u64 places[3] = {(u64)q->desc, (u64)&q->avail_flags, (u64)&q->used_flags};

	set(c, COMMON + 0x16, 2, number);
	set(c, COMMON + 0x18, 2, RING);
	set(c, COMMON + 0x1a, 2, 0xffff);
	for (u32 i = 0; i < 3; i++) {
		set(c, COMMON + 0x20 + 8 * i, 4, places[i]);
		set(c, COMMON + 0x24 + 8 * i, 4, places[i] >> 32);
	}
	set(c, COMMON + 0x1c, 2, 1);
}

static void start(struct card *c, struct queue *in, struct queue *out)
{
	for (u32 i = 0; i < RING; i++) {
		in->desc[i] = (struct desc){(u64)in->buffer[i], BUFFER, 2, 0};
		out->desc[i] = (struct desc){(u64)out->buffer[i], HEADER + FRAME, 0, 0};
		in->avail[i] = out->avail[i] = (u16)i;
	}
	in->avail_idx = RING;
	/* No interrupt is wanted. */
	in->used_event = out->used_event = 0x8000;
	pci_config(c->device, 4, true, 6);
	c->regs = (volatile u8 *)(u64)(pci_config(c->device, 0x10, false, 0) & ~15u);
	set(c, COMMON + 0x14, 1, 0);
	set(c, COMMON + 0x14, 1, 3);
	set(c, COMMON + 0x08, 4, 0);
	set(c, COMMON + 0x0c, 4, EVENT_IDX);
	set(c, COMMON + 0x08, 4, 1);
	set(c, COMMON + 0x0c, 4, VERSION_1);
	set(c, COMMON + 0x14, 1, 11);
	set_queue(c, 0, in);
	set_queue(c, 1, out);
	set(c, COMMON + 0x14, 1, 15);
}

static u32 find_cards(void)
{
	u32 n = 0;

	for (u32 device = 0; device < 32 && n < 2; device++) {
		if (pci_config(device, 0, false, 0) != ID)
			continue;
		cards[n].device = device;
		start(&cards[n], &rx[n], &tx[n]);
		n++;
	}
	return n;
}

static u64 load48(const volatile u8 *at)
{
	u64 value = 0;

	for (u32 i = 0; i < 6; i++)
		value |= (u64)at[i] << 8 * i;
	return value;
}

static void store48(u8 *at, u64 value)
{
	for (u32 i = 0; i < 6; i++)
		at[i] = (u8)(value >> 8 * i);
}

static void header_checksum(u8 *ip)
{
	u32 sum = 0;

	for (u32 i = 0; i < 20; i += 2)
		sum += (u32)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	ip[10] = (u8)(sum >> 8);
	ip[11] = (u8)sum;
}

/* UDP from 10.7.0.20 to a host far away, one of 64 flows. */
static void write_packet(u8 *frame, u32 flow)
{
	static const u8 ip[] = {0x45, 0, 0,  FRAME - 14, 0, 0,  0,   0,  64,  17,
				0,    0, 10, 7,          0, 20, 198, 51, 100, 1};

	for (u32 i = 0; i < 6; i++)
		frame[i] = gateway[i];
	frame[12] = 8, frame[13] = 0;
	for (u32 i = 0; i < sizeof(ip); i++)
		frame[14 + i] = ip[i];
	header_checksum(frame + 14);
	frame[34] = 0x30, frame[35] = (u8)(flow % 64);
	frame[37] = 9;
	frame[39] = FRAME - 34;
}

static void write_frames(bool nat)
{
	u64 to = load48(cards[1].regs + 0x2000), from = load48(cards[0].regs + 0x2000);

	for (u32 i = 0; i < RING; i++) {
		u8 *frame = tx[0].buffer[i] + HEADER;

		store48(frame + 6, from);
		if (nat) {
			write_packet(frame, i);
			continue;
		}
		store48(frame, to);
		frame[12] = 0x88, frame[13] = 0xb5;
	}
}

static void wait(u64 ticks)
{
	u64 from = rdtsc();

	while (rdtsc() - from < ticks)
		;
}

/* All receive buffers are the device's again. */
static void refill(struct queue *q)
{
	__atomic_store_n(&q->avail_idx,
			 (u16)(__atomic_load_n(&q->used_idx, __ATOMIC_ACQUIRE) + RING),
			 __ATOMIC_RELEASE);
	q->used_event = (u16)(q->used_idx + 0x8000);
}

static void notify(struct card *c)
{
	*(volatile u16 *)(c->regs + NOTIFY + 4) = 1;
}

/* Ticks of a notification for n frames, each of which must be gone afterwards. */
static u64 send(u32 n)
{
	struct queue *q = &tx[0];
	u64 ticks;

	wait(APART);
	refill(&rx[0]);
	refill(&rx[1]);
	cards[0].sent = (u16)(cards[0].sent + n);
	q->used_event = (u16)(cards[0].sent + 0x8000);
	__atomic_store_n(&q->avail_idx, cards[0].sent, __ATOMIC_RELEASE);
	ticks = rdtsc();
	notify(&cards[0]);
	ticks = rdtsc() - ticks;
	while (__atomic_load_n(&q->used_idx, __ATOMIC_ACQUIRE) != cards[0].sent)
		;
	return ticks;
}

static void measure(u32 n)
{
	u64 best = ~0ull;

	for (u32 i = 0; i < ROUNDS; i++) {
		u64 ticks = send(n);

		best = ticks < best ? ticks : best;
	}
	print("FRAMES ");
	print_dec(n);
	print(" ");
	print_dec(best);
	print("\n");
}

/* As a driver does it: notify when the device has asked for that. */
static void flood(void)
{
	struct queue *q = &tx[0];
	struct card *c = &cards[0];
	u32 kicks = 0, sent = 0;

	while (sent < FLOOD) {
		u16 used = __atomic_load_n(&q->used_idx, __ATOMIC_ACQUIRE), old = c->sent, event;

		refill(&rx[1]);
		if ((u16)(c->sent - used) == RING)
			continue;
		c->sent++;
		sent++;
		q->used_event = (u16)(c->sent + 0x8000);
		__atomic_store_n(&q->avail_idx, c->sent, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		event = __atomic_load_n(&q->avail_event, __ATOMIC_RELAXED);
		if ((u16)(c->sent - event - 1) < (u16)(c->sent - old)) {
			notify(c);
			kicks++;
		}
	}
	while (__atomic_load_n(&q->used_idx, __ATOMIC_ACQUIRE) != c->sent)
		;
	print("SATURATED ");
	print_dec(sent);
	print(" ");
	print_dec(kicks);
	print("\n");
}

/* Ask for the gateway's address by ARP, which tells it ours. */
static bool find_gateway(void)
{
	static const u8 question[] = {0, 1, 8, 0, 6, 4, 0, 1};
	u8 *frame = tx[0].buffer[cards[0].sent % RING] + HEADER;

	for (u32 i = 0; i < 6; i++)
		frame[i] = 0xff;
	store48(frame + 6, load48(cards[0].regs + 0x2000));
	frame[12] = 8, frame[13] = 6;
	for (u32 i = 0; i < sizeof(question); i++)
		frame[14 + i] = question[i];
	store48(frame + 22, load48(cards[0].regs + 0x2000));
	frame[28] = 10, frame[29] = 7, frame[30] = 0, frame[31] = 20;
	frame[38] = 10, frame[39] = 7, frame[40] = 0, frame[41] = 1;
	(void)send(1);
	for (u32 i = 0; i < RING; i++) {
		const u8 *answer = rx[0].buffer[i] + HEADER;

		if (answer[12] != 8 || answer[13] != 6 || answer[21] != 2)
			continue;
		store48(gateway, load48(answer + 6));
		return true;
	}
	return false;
}

void guest_main(void)
{
	static const u32 counts[] = {1, 8, 32, 128};
	bool nat = cmdline_has("nat");
	u32 want = nat ? 1 : 2;

	if (find_cards() < want) {
		print("FRAMES: the cards are missing\n");
		return;
	}
	for (u32 i = 0; nat && i < 20 && !find_gateway(); i++)
		wait(APART);
	write_frames(nat);
	/* Sessions and addresses are learned of. */
	(void)send(RING);
	if (nat)
		wait(5 * APART), (void)send(RING);
	for (u32 i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		measure(counts[i]);
	if (!nat)
		flood();
	print("FRAMES done\n");
}
