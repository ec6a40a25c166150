/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtualization of this machine, and what the configuration wants from it. */
#include <string.h>

#include "arch/x86/mm/direct.h"
#include "arch/x86/virt.h"
#include "boot/core/boot.h"
#include "drivers/nic/nic.h"
#include "kernel/console/console.h"
#include "kernel/log/log.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/page.h"
#include "kernel/sched/sched.h"
#include "kernel/time/time.h"
#include "vmm/net/net.h"
#include "vmm/vm/config.h"
#include "vmm/vm/vm.h"
#include "vmm/vpci/pass.h"

/* How long a guest that cannot be interrupted may go unseen. */
#define HEARTBEAT_MS 100

static struct config config;
static bool virt_missing; /* on one of the processors */

void boot_virt_missing(void)
{
	__atomic_store_n(&virt_missing, true, __ATOMIC_RELEASE);
}

void boot_virt_init(void)
{
	char why[160];

	if (virt_init(why, sizeof(why)))
		log_err("virt: no guests can run here: %s", why);
	else if (virt->cpu_on())
		boot_virt_missing();
	else
		log_info("virt: %s, guest pages up to %llu MiB", virt_caps.name,
			 (unsigned long long)virt_caps.max_leaf >> 20);
	sched_set_heartbeat(virt_caps.kick_waits ? HEARTBEAT_MS : 0);
}

/* The files that the loader brought, for the VMs; those it could not read are left out,
 * which the configuration's check then reports. */
static void take_files(void)
{
	u32 total = boot.handoff.files.count, count = 0;
	struct vm_file *files = heap_alloc_array(total, sizeof(*files));

	if (!files) {
		log_err("no memory for the list of %u files", total);
		return;
	}
	for (u32 i = 0; i < total; i++) {
		const struct handoff_file *f = boot_table_entry(&boot.handoff.files, i);

		if (f->error || !f->phys)
			continue;
		files[count].name = hpa_to_virt(HPA(f->name_phys));
		files[count].data = hpa_to_virt(HPA(f->phys));
		files[count++].size = f->size;
	}
	vm_set_files(files, count);
}

static bool file_present(void *ctx, const char *name)
{
	(void)ctx;
	return vm_find_file(name);
}

static void report_problem(void *ctx, const struct config_problem *p)
{
	(void)ctx;
	log_err("config: %s%s%s: %s: %s", p->node, p->property ? ": " : "",
		p->property ? p->property : "", p->what, p->remedy);
}

/* The first network card's address: no two machines have the same. */
static u64 machine_number(void)
{
	const struct nic *nic = nic_next(NULL);
	u64 number = 0;

	if (nic)
		memcpy(&number, nic->mac, sizeof(nic->mac));
	return number;
}

static int read_config(void)
{
	const struct config_report report = {.problem = report_problem};
	const struct handoff_blob *blob = &boot.handoff.config;
	struct config_facts facts = {
	    .file_present = file_present,
	    .machine = machine_number(),
	    .cpus = cpu_count(),
	};
	struct buddy_stats stats;
	int err;

	if (!blob->phys) {
		log_warn("config: there is no hanok.dtb, so there are no VMs; see "
			 "docs/guide/configuration.md");
		return ERR_NOENT;
	}
	page_stats(&stats);
	facts.memory_mib = stats.free_pages * PAGE_SIZE >> 20;
	err = config_read(&config, hpa_to_virt(HPA(blob->phys)), blob->size, &facts, &report);
	if (config.refused)
		log_err("config: %u VMs are refused because of the mistakes above", config.refused);
	return err;
}

/* UTC at time 0 of time_now_ns(), from what the firmware's clock said. */
static void set_wall_clock(void)
{
	u64 ns = boot.handoff.utc_seconds * 1000000000ull;

	if (ns)
		vm_set_wall_clock(ns - time_tsc_to_ns(boot.handoff.utc_tsc));
	else
		log_warn("time: the firmware has no clock, guests start in 1970");
}

static void use_processor(const struct config_processor *p)
{
	bool delivery = p->interrupt_delivery;

	virt_caps.virq_delivery &= delivery;
	virt_caps.x2apic_virt &= delivery;
	virt_caps.posted_irr &= delivery;
	virt_caps.posted &= delivery && p->posted_interrupts;
	if (virt_caps.virq_delivery)
		log_info("virt: the processor delivers interrupts%s",
			 virt_caps.posted ? ", posted ones, too" : "");
}

void boot_guests_start(void)
{
	set_wall_clock();
	take_files();
	if (read_config())
		return;
	log_set_echo_level(config.console.level);
	console_follow(config.console.follow);
	use_processor(&config.processor);
	if (!virt || __atomic_load_n(&virt_missing, __ATOMIC_ACQUIRE)) {
		log_err("virt: the configured VMs cannot be started");
		return;
	}
	if (!pass_create_all(&config) && !net_create_all(&config) && !vm_create_all(&config))
		vm_autostart();
}
