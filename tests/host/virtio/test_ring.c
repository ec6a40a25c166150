/* SPDX-License-Identifier: BSD-2-Clause */
/* The device's side of a virtqueue, against drivers that are right and that are not. */
#include "tests/host/services/cm.h"
#include "tests/host/virtio/driver.h"
#include "vmm/virtio/net_plain.h"

#define MEMORY 0x10000
#define SIZE 8
#define DATA 0x4000

static u8 *memory;
static struct guest_ram ram;
static struct driver_queue q;
static struct vring r;
static struct vring_seg segs[16];
static struct vring_chain chain;

static void start(bool event, bool indirect)
{
	struct vring_config c;

	driver_queue_init(&q, memory, 0x1000, SIZE);
	c = (struct vring_config){SIZE, q.desc_gpa, q.avail_gpa, q.used_gpa, event, indirect};
	assert_int_equal(vring_init(&r, &ram, &c), 0);
}

static int setup(void **state)
{
	(void)state;
	memory = aligned_alloc(4096, MEMORY);
	memset(memory, 0, MEMORY);
	ram = (struct guest_ram){.count = 1, .region = {{0, MEMORY, memory}}};
	start(false, true);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

static void places(void **state)
{
	struct vring_config c = {SIZE, 0x1000, 0x2000, 0x3000, false, false}, bad;

	(void)state;
	assert_int_equal(vring_init(&r, &ram, &c), 0);
	bad = c, bad.size = 0;
	assert_int_equal(vring_init(&r, &ram, &bad), ERR_INVAL);
	bad = c, bad.size = 6;
	assert_int_equal(vring_init(&r, &ram, &bad), ERR_INVAL);
	bad = c, bad.desc = 0x1008;
	assert_int_equal(vring_init(&r, &ram, &bad), ERR_INVAL);
	bad = c, bad.used = 0x3002;
	assert_int_equal(vring_init(&r, &ram, &bad), ERR_INVAL);
	bad = c, bad.desc = MEMORY - 16 * SIZE + 16;
	assert_int_equal(vring_init(&r, &ram, &bad), ERR_FAULT);
	bad = c, bad.avail = ~0ull - 7;
	assert_int_equal(vring_init(&r, &ram, &bad), ERR_FAULT);
	assert_false(vring_live(&r));
	assert_int_equal(vring_available(&r), 0);
	assert_int_equal(vring_next(&r, segs, 16, &chain), ERR_INVAL);
	assert_false(vring_rearm(&r));
}

static void chains(void **state)
{
	u16 head;

	(void)state;
	assert_int_equal(vring_available(&r), 0);
	assert_int_equal(vring_next(&r, segs, 16, &chain), 0);
	head = driver_desc(&q, DATA, 12, VRING_DESC_NEXT);
	driver_desc(&q, DATA + 0x100, 0, VRING_DESC_NEXT);
	driver_desc(&q, DATA + 0x200, 100, VRING_DESC_NEXT);
	driver_desc(&q, DATA + 0x300, 50, VRING_DESC_WRITE);
	driver_offer(&q, head);
	assert_int_equal(vring_available(&r), 1);
	assert_int_equal(vring_next(&r, segs, 16, &chain), 1);
	assert_int_equal(chain.head, head);
	assert_int_equal(chain.readable, 2);
	assert_int_equal(chain.writable, 1);
	assert_int_equal(chain.read_len, 112);
	assert_int_equal(chain.write_len, 50);
	assert_false(chain.cut);
	assert_ptr_equal(segs[1].base, memory + DATA + 0x200);
	assert_ptr_equal(segs[2].base, memory + DATA + 0x300);
	assert_int_equal(vring_next(&r, segs, 16, &chain), 0);
	/* What was taken can be put back, and is there again. */
	vring_rewind(&r, 1);
	assert_int_equal(vring_next(&r, segs, 2, &chain), 1);
	assert_true(chain.cut);
	vring_push(&r, chain.head, 50);
	assert_int_equal(q.used_ring->idx, 0);
	assert_true(vring_publish(&r));
	assert_int_equal(q.used_ring->idx, 1);
	assert_int_equal(q.used_ring->ring[0].id, head);
	assert_int_equal(q.used_ring->ring[0].len, 50);
	assert_false(vring_publish(&r));
}

/* Round and round: free-running indices of 16 bits wrap. */
static void wraps(void **state)
{
	(void)state;
	start(true, false);
	for (u32 i = 0; i < 70000; i++) {
		*driver_used_event(&q) = (u16)(q.used_ring->idx + (i & 1));
		driver_offer(&q, driver_desc(&q, DATA + i % 64, 4, 0));
		assert_int_equal(vring_available(&r), 1);
		assert_int_equal(vring_next(&r, segs, 1, &chain), 1);
		assert_ptr_equal(segs[0].base, memory + DATA + i % 64);
		vring_push(&r, chain.head, i);
		/* It waits for this entry, or for the next one. */
		assert_int_equal(vring_publish(&r), !(i & 1));
		assert_int_equal(q.used_ring->ring[i % SIZE].len, i);
	}
}

static void indirect(void **state)
{
	struct vring_desc table[3] = {{DATA, 10, VRING_DESC_NEXT, 2},
				      {DATA + 0x100, 20, VRING_DESC_WRITE, 0},
				      {DATA + 0x200, 30, VRING_DESC_NEXT, 1}};

	(void)state;
	for (u32 shift = 0; shift < 2; shift++) { /* a table need not be aligned */
		memcpy(memory + 0x8000 + shift, table, sizeof(table));
		driver_offer(&q,
			     driver_desc(&q, 0x8000 + shift, sizeof(table), VRING_DESC_INDIRECT));
		assert_int_equal(vring_available(&r), 1);
		assert_int_equal(vring_next(&r, segs, 16, &chain), 1);
		assert_int_equal(chain.readable, 2);
		assert_int_equal(chain.read_len, 40);
		assert_int_equal(chain.write_len, 20);
		assert_ptr_equal(segs[2].base, memory + DATA + 0x100);
	}
}

/* One chain that breaks the rules; says why, and nothing works until it is set up anew. */
static void refuse(const char *why)
{
	driver_offer(&q, 0);
	assert_int_equal(vring_available(&r), 1);
	assert_int_equal(vring_next(&r, segs, 16, &chain), ERR_INVAL);
	assert_string_equal(r.broken, why);
	assert_int_equal(vring_available(&r), 0);
	assert_int_equal(vring_next(&r, segs, 16, &chain), ERR_INVAL);
	start(false, true);
}

static void broken(void **state)
{
	(void)state;
	q.desc[0] = (struct vring_desc){DATA, 4, VRING_DESC_NEXT, 0};
	refuse("a chain with a loop");
	q.desc[0] = (struct vring_desc){DATA, 4, VRING_DESC_NEXT, SIZE};
	refuse("a descriptor's number out of range");
	q.desc[0] = (struct vring_desc){MEMORY - 3, 4, 0, 0};
	refuse("a buffer that is not in RAM");
	q.desc[0] = (struct vring_desc){~0ull - 1, 4, 0, 0};
	refuse("a buffer that is not in RAM");
	q.desc[0] = (struct vring_desc){DATA, 4, VRING_DESC_WRITE | VRING_DESC_NEXT, 1};
	q.desc[1] = (struct vring_desc){DATA, 4, 0, 0};
	refuse("a readable buffer behind a writable one");
	q.desc[0] = (struct vring_desc){0x8000, 8, VRING_DESC_INDIRECT, 0};
	refuse("an indirect table of a wrong size");
	q.desc[0] = (struct vring_desc){0x8000, 16 * (SIZE + 1), VRING_DESC_INDIRECT, 0};
	refuse("an indirect table of a wrong size");
	q.desc[0] = (struct vring_desc){MEMORY, 16, VRING_DESC_INDIRECT, 0};
	refuse("an indirect table that is not in RAM");
	q.desc[0] = (struct vring_desc){0x8000, 16, VRING_DESC_INDIRECT | VRING_DESC_NEXT, 1};
	refuse("an indirect descriptor where none may be");
	q.desc[0] = (struct vring_desc){0x8000, 16, VRING_DESC_INDIRECT, 0};
	*(struct vring_desc *)(void *)(memory + 0x8000) =
	    (struct vring_desc){0x8000, 16, VRING_DESC_INDIRECT, 0};
	refuse("an indirect descriptor where none may be");
	q.avail->idx = SIZE + 1;
	assert_int_equal(vring_available(&r), 0);
	assert_string_equal(r.broken, "more buffers available than the queue has");
	start(false, false);
	q.desc[0] = (struct vring_desc){0x8000, 16, VRING_DESC_INDIRECT, 0};
	refuse("an indirect descriptor where none may be");
}

static void notifications(void **state)
{
	(void)state;
	/* By flags. */
	vring_quiet(&r);
	assert_int_equal(q.used_ring->flags, VRING_USED_NO_NOTIFY);
	assert_false(vring_rearm(&r));
	assert_int_equal(q.used_ring->flags, 0);
	driver_offer(&q, driver_desc(&q, DATA, 4, 0));
	assert_true(vring_rearm(&r));
	assert_int_equal(vring_next(&r, segs, 1, &chain), 1);
	q.avail->flags = VRING_AVAIL_NO_INTERRUPT;
	vring_push(&r, 0, 0);
	assert_false(vring_publish(&r));
	/* By indices: the event is the entry that comes next. */
	start(true, false);
	assert_false(vring_rearm(&r));
	assert_int_equal(driver_avail_event(&q), 0);
	driver_offer(&q, driver_desc(&q, DATA, 4, 0));
	assert_int_equal(vring_available(&r), 1);
	assert_int_equal(vring_next(&r, segs, 1, &chain), 1);
	vring_quiet(&r);
	assert_int_equal(driver_avail_event(&q), 0);
	assert_false(vring_rearm(&r));
	assert_int_equal(driver_avail_event(&q), 1);
}

#define PLAIN_SIZE 72

static void offer_plain(u64 addr, u32 len, u16 flags)
{
	driver_offer(&q, driver_desc(&q, addr, len, flags));
}

/* Up to what is no plain frame, or not where it says; the same for buffers. */
static void plain_frames(void **state)
{
	static const struct vring_desc bad[] = {
	    {DATA, 31, 0, 0},                   /* too short */
	    {DATA, PKT_LEN_MAX + 13, 0, 0},     /* too long */
	    {DATA, 72, VRING_DESC_WRITE, 0},    /* not to be read */
	    {DATA, 72, VRING_DESC_NEXT, 0},     /* longer than one */
	    {DATA, 72, VRING_DESC_INDIRECT, 0}, /* elsewhere */
	    {MEMORY - 71, 72, 0, 0},            /* ends outside */
	    {~0ull - 8, 72, 0, 0},              /* begins there */
	    {0x8000000, 72, 0, 0},              /* in no region */
	};
	struct pkt_plain frames[PKT_BATCH];

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		start(false, true);
		offer_plain(DATA, PLAIN_SIZE, 0);
		offer_plain(MEMORY - PLAIN_SIZE, PLAIN_SIZE, 0);
		offer_plain(bad[i].addr, bad[i].len, bad[i].flags);
		offer_plain(DATA, PLAIN_SIZE, 0);
		assert_int_equal(vring_available(&r), 4);
		assert_int_equal(vnet_plain_peek(&r, frames, PKT_BATCH), 2);
		assert_ptr_equal(frames[0].at, memory + DATA);
		assert_int_equal(frames[1].end, PLAIN_SIZE);
		/* Looked at only, until they are done. */
		assert_int_equal(vnet_plain_peek(&r, frames, 1), 1);
		vnet_plain_done(&r, 2);
		assert_int_equal(vnet_plain_peek(&r, frames, PKT_BATCH), 0);
		(void)!vring_publish(&r);
		assert_int_equal(q.used_ring->idx, 2);
		assert_int_equal(q.used_ring->ring[1].id, 1);
		assert_null(r.broken);
	}
	start(false, true);
	q.avail->ring[0] = SIZE; /* no such descriptor */
	q.avail->idx++;
	assert_int_equal(vring_available(&r), 1);
	assert_int_equal(vnet_plain_peek(&r, frames, PKT_BATCH), 0);
}

static void plain_buffers(void **state)
{
	struct pkt_plain frames[4];
	u32 total = 0;

	(void)state;
	memset(memory + DATA, 0, PLAIN_SIZE);
	for (u32 i = 0; i < 4; i++) {
		frames[i] = (struct pkt_plain){.at = memory + DATA, .end = PLAIN_SIZE};
		(void)plain_glance(&frames[i]);
	}
	/* Round the ring's end, again and again. */
	for (u32 i = 0; i < 5 * SIZE; i++, total += 3) {
		for (u32 k = 0; k < 3; k++)
			offer_plain(DATA + 0x1000 * (k + 1), PLAIN_SIZE + k, VRING_DESC_WRITE);
		memset(memory + DATA + 0x1000, 0xee, 0x3000);
		(void)vring_available(&r);
		assert_int_equal(vnet_plain_put(&r, frames, 4, PLAIN_READ), 3);
		(void)!vring_publish(&r);
		assert_int_equal(q.used_ring->idx, (u16)(total + 3));
		assert_int_equal(q.used_ring->ring[total % SIZE].len, PLAIN_SIZE);
		assert_int_equal(memory[DATA + 0x1000 + 10], 1);
		assert_int_equal(memory[DATA + 0x1000 + PLAIN_SIZE], 0xee);
	}
	/* Not to what is too small, or to be read, or not there. */
	offer_plain(DATA, PLAIN_SIZE, VRING_DESC_WRITE);
	offer_plain(DATA, PLAIN_SIZE - 1, VRING_DESC_WRITE);
	(void)vring_available(&r);
	assert_int_equal(vnet_plain_put(&r, frames, 4, PLAIN_READ), 1);
	start(false, true);
	offer_plain(DATA, PLAIN_SIZE, 0);
	(void)vring_available(&r);
	assert_int_equal(vnet_plain_put(&r, frames, 4, PLAIN_READ), 0);
	start(false, true);
	offer_plain(MEMORY - PLAIN_SIZE + 1, PLAIN_SIZE, VRING_DESC_WRITE);
	(void)vring_available(&r);
	assert_int_equal(vnet_plain_put(&r, frames, 4, PLAIN_READ), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(places, setup, teardown),
	    cmocka_unit_test_setup_teardown(chains, setup, teardown),
	    cmocka_unit_test_setup_teardown(wraps, setup, teardown),
	    cmocka_unit_test_setup_teardown(indirect, setup, teardown),
	    cmocka_unit_test_setup_teardown(broken, setup, teardown),
	    cmocka_unit_test_setup_teardown(notifications, setup, teardown),
	    cmocka_unit_test_setup_teardown(plain_frames, setup, teardown),
	    cmocka_unit_test_setup_teardown(plain_buffers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
