/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports come, change and go while two cores switch: nothing that is gone is used, no frame is
 * delivered twice, what is left alone loses nothing. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/pkt/copy.h"
#include "net/pkt/parse.h"
#include "tests/host/net/fixture.h"

#define BATCHES 20000
#define STAYING 2 /* ports 1 and 2 send to each other, and to those that come and go */

struct counting {
	struct vsw_port port;
	u64 taken;
};

struct core {
	struct fix *f;
	struct counting *ports;
	u32 id;
	u64 sent;
	bool done;
};

static u32 count(struct vsw_worker *w, struct vsw_port *port, struct pkt **pkts, u32 n)
{
	struct counting *c = container_of(port, struct counting, port);

	(void)w;
	for (u32 i = 0; i < n; i++)
		assert_true(pkts[i]->len == 60);
	__atomic_fetch_add(&c->taken, n, __ATOMIC_RELAXED);
	return n;
}

static const struct vsw_port_ops ops = {.send = count};

static void *run(void *arg)
{
	static const u8 broadcast[6] = {255, 255, 255, 255, 255, 255};
	struct core *c = arg;
	struct pkt *pkts = aligned_alloc(64, PKT_BATCH * sizeof(*pkts));
	u8 frame[64];

	for (u32 i = 0; i < BATCHES; i++) {
		struct pkt_batch batch = {.n = PKT_BATCH};

		for (u32 k = 0; k < PKT_BATCH; k++) {
			const u8 *dst = k < 16 ? fix_mac(3 - c->id) : fix_mac(3 + k % 5);

			(void)fix_frame(frame, k == 31 ? broadcast : dst, fix_mac(c->id), -1);
			frame[6 + 4] = (u8)(k == 30 ? i : 0); /* addresses to learn */
			pkt_init(&pkts[k]);
			pkt_set_head(&pkts[k], frame, 60);
			batch.pkt[k] = &pkts[k];
		}
		vsw_input(&c->f->worker[c->id - 1], &c->ports[c->id].port, &batch,
			  c->f->now_ns + i * 1000);
		c->sent += 16;
	}
	free(pkts);
	__atomic_store_n(&c->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void come_and_go(struct fix *f, u32 i)
{
	struct counting *c = aligned_alloc(64, sizeof(*c));
	struct vsw_port_config config = {.name = "guest", .storm_pps = {~0u, ~0u, ~0u}};

	memcpy(config.mac, fix_mac(3 + i % 5), 6);
	memset(c, 0, sizeof(*c));
	assert_int_equal(vsw_port_add(&f->sw, &c->port, &ops, &config), 0);
	config.pvid = 1 + i % 3;
	assert_int_equal(vsw_port_configure(&c->port, &config), 0);
	vsw_port_set_link(&c->port, false);
	vsw_port_set_link(&c->port, true);
	vsw_age(&f->sw, f->now_ns, 64);
	vsw_port_unlink(&c->port);
	while (!vsw_port_gone(&c->port))
		sched_yield();
	memset(c, 0xdd, sizeof(*c));
	free(c);
}

static void test_come_and_go(void **state)
{
	struct fix *f = aligned_alloc(64, sizeof(*f));
	struct counting *ports = aligned_alloc(64, (STAYING + 1) * sizeof(*ports));
	struct core cores[STAYING];
	pthread_t threads[STAYING];
	u32 times = 0;

	(void)state;
	fix_setup(f);
	memset(ports, 0, (STAYING + 1) * sizeof(*ports));
	for (u32 i = 1; i <= STAYING; i++) {
		struct vsw_port_config config = {.storm_pps = {~0u, ~0u, ~0u}};

		config.name[0] = (char)('0' + i);
		memcpy(config.mac, fix_mac(i), 6);
		assert_int_equal(vsw_port_add(&f->sw, &ports[i].port, &ops, &config), 0);
	}
	for (u32 i = 0; i < STAYING; i++) {
		cores[i] = (struct core){.f = f, .ports = ports, .id = i + 1};
		assert_int_equal(pthread_create(&threads[i], NULL, run, &cores[i]), 0);
	}
	while (!__atomic_load_n(&cores[0].done, __ATOMIC_ACQUIRE) ||
	       !__atomic_load_n(&cores[1].done, __ATOMIC_ACQUIRE))
		come_and_go(f, times++);
	for (u32 i = 0; i < STAYING; i++)
		pthread_join(threads[i], NULL);
	assert_true(times > 10);
	/* Theirs, and the other's broadcasts. */
	for (u32 i = 0; i < STAYING; i++)
		assert_int_equal(ports[2 - i].taken, cores[i].sent + BATCHES);
	for (u32 i = 1; i <= STAYING; i++)
		assert_int_equal(ports[i].port.counters.in_packets, (u64)BATCHES * PKT_BATCH);
	fix_teardown(f);
	free(ports);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_come_and_go)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
