/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/vdev/nics.h"

#include "kernel/sched/work.h"
#include "kernel/shell/shell.h"
#include "kernel/time/time.h"

struct work *nics_queued;
static struct vsw sw;
static struct vsw_workers workers;
static struct vsw_worker worker;
static struct net_scratch scratch;
static void *segments, *table;

struct vsw_worker *net_worker(void)
{
	return &worker;
}

struct net_scratch *net_scratch(void)
{
	return &scratch;
}

int net_nic_set_mac(struct net_nic *nic, const u8 mac[6])
{
	struct vsw_port_config now = nic->port_config;

	memcpy(now.mac, mac, 6);
	return vsw_port_configure(&nic->port, &now);
}

/* --- what the device needs besides -------------------------------------------------------------
 */

void work_init(struct work *work, bool (*fn)(struct work *work))
{
	*work = (struct work){.fn = fn};
}

void work_queue(struct work *work)
{
	nics_queued = work;
}

int work_cancel(struct work *work)
{
	if (nics_queued == work)
		nics_queued = NULL;
	return 0;
}

u64 time_now_ns(void)
{
	return fake_tsc;
}

u64 time_ns_to_ticks(u64 ns)
{
	return ns;
}

void shell_printf(struct shell *sh, const char *fmt, ...)
{
	(void)sh, (void)fmt;
}

/* --- guests ------------------------------------------------------------------------------------
 */

u64 nic_config(const struct nic_guest *g, u32 reg)
{
	return LAYOUT_ECAM + ((u64)g->bdf << 12) + reg;
}

u64 nic_guest_get(const struct nic_guest *g, u64 offset, unsigned size)
{
	return bus_read(&fx.p.mmio, g->bar + offset, size);
}

void nic_guest_set(const struct nic_guest *g, u64 offset, unsigned size, u64 value)
{
	bus_write(&fx.p.mmio, g->bar + offset, size, value);
}

void nic_guest_make(struct nic_guest *g, const struct net_model *model, const char *name, u8 last,
		    u16 bdf)
{
	memset(g, 0, sizeof(*g));
	g->memory = aligned_alloc(4096, NIC_GUEST_MEMORY);
	memset(g->memory, 0, NIC_GUEST_MEMORY);
	g->nic.ram = (struct guest_ram){.count = 1, .region = {{0, NIC_GUEST_MEMORY, g->memory}}};
	g->nic.port_config = (struct vsw_port_config){.mac = {2, 0, 0, 0, 0, last}, .mtu = 1500};
	strcpy(g->nic.name, name);
	strcpy(g->nic.port_config.name, name);
	g->nic.model = model;
	g->bdf = bdf;
	assert_int_equal(model->create(&g->nic, &fx.p, &g->nic.dev), 0);
	assert_int_equal(vsw_port_add(&sw, &g->nic.port, &model->port_ops, &g->nic.port_config), 0);
	g->bar = bus_read(&fx.p.mmio, nic_config(g, 0x10), 4) & ~0xfull;
	bus_write(&fx.p.mmio, nic_config(g, 4), 2, 0x7);
}

void nic_guest_drop(struct nic_guest *g)
{
	g->nic.model->stop(g->nic.dev);
	vsw_port_unlink(&g->nic.port);
	assert_true(vsw_port_gone(&g->nic.port));
	g->nic.model->destroy(g->nic.dev);
	free(g->memory);
}

void nics_setup(void)
{
	struct vsw_config config = {
	    .name = "test", .workers = &workers, .table_bytes = 4096, .secret = 12345};

	segments = aligned_alloc(64, VSW_SCRATCH_BYTES);
	table = aligned_alloc(128, 4096);
	memset(table, 0, 4096);
	config.table = table;
	memset(&worker, 0, sizeof(worker));
	vsw_workers_init(&workers, &worker, 1, segments);
	assert_int_equal(vsw_init(&sw, &config), 0);
}

void nics_teardown(void)
{
	free(segments);
	free(table);
}
