/* SPDX-License-Identifier: BSD-2-Clause */
/* The switches of the configuration, and what each processor needs to work for them. */
#include <stdio.h>
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/mm/direct.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/sched/work.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"
#include "vmm/net/impl.h"

/* The table of addresses: half of its slots, of 16 bytes, are used at most. */
#define TABLE_INSIDE KIB(64)  /* of a host-only or NAT switch: 2048 addresses */
#define TABLE_BRIDGE KIB(512) /* 16384 */

#define AGEING_MS 1000
/* Slots that are looked at per slice of the work item. */
#define AGEING_SLICE 4096

static struct list switches = LIST_INIT(switches);
static struct vsw_workers workers;
static struct net_scratch *scratch; /* [cpu_count()] */
static struct timer ageing;
static struct work age;

struct list *net_switches(void)
{
	return &switches;
}

struct net_switch *net_switch_find(const char *name)
{
	struct list *it;

	list_for_each (it, &switches) {
		struct net_switch *sw = list_entry(it, struct net_switch, link);

		if (!strcmp(sw->config->name, name))
			return sw;
	}
	return NULL;
}

struct vsw_worker *net_worker(void)
{
	return &workers.worker[cpu_id()];
}

struct vsw_workers *net_workers(void)
{
	return &workers;
}

struct net_scratch *net_scratch(void)
{
	return &scratch[cpu_id()];
}

/* --- forgetting silent addresses ---------------------------------------------------------------
 */

static bool age_slice(struct work *work)
{
	struct list *it;

	(void)work;
	list_for_each (it, &switches)
		vsw_age(&list_entry(it, struct net_switch, link)->vsw, time_now_ns(), AGEING_SLICE);
	return false;
}

static void ageing_due(struct timer *timer)
{
	work_queue(&age);
	timer_arm(timer, time_tsc() + time_ms_to_ticks(AGEING_MS));
}

/* --- making them -------------------------------------------------------------------------------
 */

/* The configuration lasts as long as the machine. */
void *net_pages(u64 bytes)
{
	hpa_t at;

	bytes = ALIGN_UP(bytes, PAGE_SIZE);
	if (page_alloc_range(bytes, 0, &at))
		return NULL;
	return memset(hpa_to_virt(at), 0, bytes);
}

/* What processors need; nothing on a machine without switches. */
static int create_workers(void)
{
	u32 count = cpu_count();
	struct vsw_worker *worker = net_pages(count * sizeof(*worker));
	void *segments = net_pages((u64)count * VSW_SCRATCH_BYTES);

	scratch = net_pages(count * sizeof(*scratch));
	if (!worker || !segments || !scratch)
		return trace_err(ERR_NOMEM, "no memory for switching on %u processors", count);
	vsw_workers_init(&workers, worker, count, segments);
	return 0;
}

static int create_switch(const struct config_switch *config)
{
	struct net_switch *sw = heap_alloc(sizeof(*sw));
	struct vsw_config c = {
	    .workers = &workers,
	    .table_bytes = config->mode == CONFIG_SWITCH_BRIDGE ? TABLE_BRIDGE : TABLE_INSIDE,
	    .secret = net_random(),
	};
	int err;

	(void)snprintf(c.name, sizeof(c.name), "%s", config->name);
	c.table = net_pages(c.table_bytes);
	if (!sw || !c.table)
		return trace_err(ERR_NOMEM, "switch %s: no memory for it", config->name);
	err = vsw_init(&sw->vsw, &c);
	if (err)
		return trace_err(err, "switch %s: cannot be made", config->name);
	sw->config = config;
	list_add_tail(&switches, &sw->link);
	return 0;
}

int net_create_all(const struct config *config)
{
	struct list *it;
	int err;

	if (list_empty(&config->switches))
		return 0;
	err = create_workers();
	if (err)
		return err;
	list_for_each (it, &config->switches) {
		err = create_switch(list_entry(it, struct config_switch, link));
		if (err)
			return err;
	}
	list_for_each (it, &switches)
		net_uplink_create(list_entry(it, struct net_switch, link), config);
	net_tick_start();
	work_init(&age, age_slice);
	timer_init(&ageing, ageing_due);
	ageing_due(&ageing);
	return net_nics_create(config);
}
