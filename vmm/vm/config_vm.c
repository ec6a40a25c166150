/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM's node; see docs/guide/configuration.md. */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "kernel/mm/heap.h"
#include "kernel/sched/sched.h"
#include "vmm/vm/config_node.h"

/* The node's properties as they stand there. */
struct vm_input {
	u32 memory_mib, cpus, on_crash, paravirt_off, pause_exit, iommu_page;
	char *kernel, *initrd, *bootargs;
	struct config_strings modules, module_args;
	bool autostart;
	struct config_sched sched;
};

static const char *const vm_compatible[] = {"hanok,vm", NULL};
static const char *const crash_choices[] = {
    [CONFIG_CRASH_STOP] = "stop", [CONFIG_CRASH_RESET] = "reset", NULL};
static const char *const switch_choices[] = {"off", "on", NULL};
static const char *const page_choices[] = {
    [CONFIG_IOMMU_4K] = "4k", [CONFIG_IOMMU_2M] = "2m", [CONFIG_IOMMU_1G] = "1g", NULL};
static const char *const paravirt_choices[] = {
    [CONFIG_PV_UNHALT] = "unhalt",
    [CONFIG_PV_STEAL_TIME] = "steal-time",
    [CONFIG_PV_EOI] = "eoi",
    [CONFIG_PV_IPI] = "ipi",
    [CONFIG_PV_TLB_FLUSH] = "tlb-flush",
    [CONFIG_PV_YIELD] = "yield",
    [CONFIG_PV_ALL] = "all",
    NULL,
};

#define AT(member) offsetof(struct vm_input, member)
static const struct config_property vm_properties[] = {
    {"compatible", CONFIG_COMPATIBLE, true, 0, 0, 0, vm_compatible, "compatible = \"hanok,vm\";"},
    {"memory-mib", CONFIG_U32, true, AT(memory_mib), 1, 0xffffffff, NULL, "memory-mib = <512>;"},
    {"cpus", CONFIG_U32, false, AT(cpus), CONFIG_CPUS_MIN, CONFIG_CPUS_MAX, NULL, "cpus = <2>;"},
    {"kernel", CONFIG_STRING, true, AT(kernel), 0, 0, NULL, "kernel = \"vmlinuz\";"},
    {"initrd", CONFIG_STRING, false, AT(initrd), 0, 0, NULL, "initrd = \"initrd.img\";"},
    {"modules", CONFIG_STRINGS, false, AT(modules), 0, 0, NULL, "modules = \"a\", \"b\";"},
    {"module-args", CONFIG_STRINGS, false, AT(module_args), 0, 0, NULL,
     "module-args = \"of a\", \"of b\";"},
    {"bootargs", CONFIG_STRING, false, AT(bootargs), 0, 0, NULL, "bootargs = \"console=ttyS0\";"},
    {"autostart", CONFIG_FLAG, false, AT(autostart), 0, 0, NULL, "autostart;"},
    {"weight", CONFIG_U32, false, AT(sched.weight), 1, SCHED_WEIGHT_MAX, NULL, "weight = <200>;"},
    {"cap-percent", CONFIG_U32, false, AT(sched.cap_percent), 1, 100 * CONFIG_CPUS_MAX, NULL,
     "cap-percent = <50>;"},
    {"reserve-us", CONFIG_U32, false, AT(sched.reserve_us), 50, 1000000, NULL,
     "reserve-us = <2000>;"},
    {"period-us", CONFIG_U32, false, AT(sched.period_us), 500, 1000000, NULL,
     "period-us = <10000>;"},
    {"pin", CONFIG_SET, false, AT(sched.pin), 0, CONFIG_PIN_MAX - 1, NULL, "pin = <0 1>;"},
    {"on-crash", CONFIG_CHOICE, false, AT(on_crash), 0, 0, crash_choices, "on-crash = \"stop\";"},
    {"paravirt-off", CONFIG_CHOICES, false, AT(paravirt_off), 0, 0, paravirt_choices,
     "paravirt-off = \"unhalt\";"},
    {"pause-exit", CONFIG_CHOICE, false, AT(pause_exit), 0, 0, switch_choices,
     "pause-exit = \"on\";"},
    {"iommu-page", CONFIG_CHOICE, false, AT(iommu_page), 0, 0, page_choices,
     "iommu-page = \"2m\";"},
};
#undef AT

static void check_file(struct config_node *node, const struct config_facts *facts,
		       const char *property, const char *name)
{
	char shown[64] = "";

	if (!name)
		return;
	config_append(shown, sizeof(shown), name);
	if (!*name)
		config_node_problem(node, property, "name a file, or remove the property",
				    "is empty");
	else if (facts && facts->file_present && !facts->file_present(facts->ctx, name))
		config_node_problem(node, property,
				    "put it beside hanok.dtb on the boot volume or server, or "
				    "correct the name",
				    "there is no file \"%s\"", shown);
}

static void check_memory(struct config_node *node, const struct config_facts *facts, u32 mib)
{
	char remedy[80];

	if (!facts || !facts->memory_mib || mib <= facts->memory_mib)
		return;
	(void)snprintf(remedy, sizeof(remedy), "give at most <%llu>",
		       (unsigned long long)facts->memory_mib);
	config_node_problem(node, "memory-mib", remedy,
			    "%u MiB are more than the %llu MiB that there are for guests", mib,
			    (unsigned long long)facts->memory_mib);
}

static void check_input(struct config_node *node, const struct config_facts *facts,
			struct vm_input *in)
{
	config_node_check_name(node, "a VM");
	check_memory(node, facts, in->memory_mib);
	config_sched_check(node, facts, &in->sched, in->cpus);
	check_file(node, facts, "kernel", in->kernel);
	check_file(node, facts, "initrd", in->initrd);
	for (u32 i = 0; i < in->modules.count; i++)
		check_file(node, facts, "modules", in->modules.items[i]);
	if (in->module_args.count > in->modules.count)
		config_node_problem(
		    node, "module-args", "give one text for each of modules, \"\" for none",
		    "has %u texts for %u modules", in->module_args.count, in->modules.count);
}

/* Take a string out of the input, or a copy of "" for none. */
static char *take(char **from)
{
	char *s = *from;

	*from = NULL;
	return s ? s : heap_alloc(1);
}

static bool modules_take(struct vm_config *vm, struct vm_input *in)
{
	vm->modules = heap_alloc_array(in->modules.count, sizeof(*vm->modules));
	if (!vm->modules)
		return false;
	for (u32 i = 0; i < in->modules.count; i++) {
		struct config_module *m = &vm->modules[vm->module_count++];
		char *none = NULL;

		m->file = take(&in->modules.items[i]);
		m->args = take(i < in->module_args.count ? &in->module_args.items[i] : &none);
		if (!m->file || !m->args)
			return false;
	}
	return true;
}

struct devices {
	struct list nics, passes;
};

static void nic_child(struct config_node *node, struct devices *to)
{
	struct config_nic *nic = config_nic_read(node);

	if (nic)
		list_add_tail(&to->nics, &nic->link);
}

static void pass_child(struct config_node *node, struct devices *to, bool vf)
{
	struct config_pass *pass = config_pass_read(node, vf);

	if (pass)
		list_add_tail(&to->passes, &pass->link);
}

static void vf_child(struct config_node *node, struct devices *to)
{
	pass_child(node, to, true);
}

static void pci_child(struct config_node *node, struct devices *to)
{
	pass_child(node, to, false);
}

/* What may be in a VM's node, by the first text of its compatible property. */
static const struct {
	const char *compatible;
	void (*read)(struct config_node *node, struct devices *to);
} children[] = {{"hanok,nic", nic_child}, {"hanok,vf", vf_child}, {"hanok,pci", pci_child}};

static void child_read(struct config_node *node, struct devices *to)
{
	const char *compatible = fdt_getprop(node->fdt, node->offset, "compatible", NULL);

	for (u32 i = 0; compatible && i < ARRAY_SIZE(children); i++) {
		if (!strcmp(compatible, children[i].compatible)) {
			children[i].read(node, to);
			return;
		}
	}
	config_node_problem(
	    node, compatible ? "compatible" : NULL,
	    "write `compatible = \"hanok,nic\";`, \"hanok,vf\" or \"hanok,pci\", or "
	    "remove the node",
	    "is no device that a VM can have");
}

static void children_read(struct config_node *node, struct devices *to)
{
	struct config_node child;

	for (int offset = fdt_first_subnode(node->fdt, node->offset); offset >= 0;
	     offset = fdt_next_subnode(node->fdt, offset)) {
		config_node_open(&child, node, offset);
		if (config_node_named_before(node, &child))
			config_node_problem(&child, NULL, "give each device its own name",
					    "is there twice");
		else
			child_read(&child, to);
		node->problems += child.problems;
		node->no_memory = node->no_memory || child.no_memory;
	}
}

static void devices_free(struct list *nics, struct list *passes)
{
	struct list *it, *next;

	list_for_each_safe (it, next, nics)
		config_nic_free(list_entry(it, struct config_nic, link));
	list_for_each_safe (it, next, passes)
		config_pass_free(list_entry(it, struct config_pass, link));
}

static void list_take(struct list *to, struct list *from)
{
	while (!list_empty(from)) {
		struct list *first = from->next;

		list_del(first);
		list_add_tail(to, first);
	}
}

static struct vm_config *vm_make(const struct config_node *node, struct vm_input *in)
{
	struct vm_config *vm = heap_alloc(sizeof(*vm));

	if (!vm)
		return NULL;
	list_init(&vm->link);
	list_init(&vm->nics);
	list_init(&vm->passes);
	vm->iommu_page = (enum config_iommu_page)in->iommu_page;
	vm->name = heap_alloc(strlen(node->name) + 1);
	if (vm->name)
		strcpy(vm->name, node->name);
	vm->memory_mib = in->memory_mib;
	vm->cpus = in->cpus;
	vm->autostart = in->autostart;
	vm->sched = in->sched;
	vm->on_crash = (enum config_on_crash)in->on_crash;
	vm->paravirt_off =
	    in->paravirt_off >> CONFIG_PV_ALL ? (1u << CONFIG_PV_ALL) - 1 : in->paravirt_off;
	vm->pause_exit = in->pause_exit;
	vm->kernel = take(&in->kernel);
	vm->bootargs = take(&in->bootargs);
	vm->initrd = in->initrd;
	in->initrd = NULL;
	if (vm->name && vm->kernel && vm->bootargs && modules_take(vm, in))
		return vm;
	config_vm_free(vm);
	return NULL;
}

struct vm_config *config_vm_read(struct config_node *node, const struct config_facts *facts)
{
	struct vm_input in = {.cpus = CONFIG_CPUS_MIN,
			      .on_crash = CONFIG_CRASH_STOP,
			      .pause_exit = true,
			      .iommu_page = CONFIG_IOMMU_1G};
	struct devices devices = {LIST_INIT(devices.nics), LIST_INIT(devices.passes)};
	struct vm_config *vm = NULL;

	config_sched_defaults(&in.sched);
	config_node_read(node, vm_properties, ARRAY_SIZE(vm_properties), &in);
	children_read(node, &devices);
	if (!node->no_memory)
		check_input(node, facts, &in);
	if (!node->problems && !node->no_memory) {
		vm = vm_make(node, &in);
		node->no_memory = !vm;
	}
	if (vm) {
		list_take(&vm->nics, &devices.nics);
		list_take(&vm->passes, &devices.passes);
	}
	devices_free(&devices.nics, &devices.passes);
	heap_free(in.kernel);
	heap_free(in.initrd);
	heap_free(in.bootargs);
	config_strings_free(&in.modules);
	config_strings_free(&in.module_args);
	return vm;
}

void config_vm_free(struct vm_config *vm)
{
	list_del(&vm->link);
	devices_free(&vm->nics, &vm->passes);
	for (u32 i = 0; i < vm->module_count; i++) {
		heap_free(vm->modules[i].file);
		heap_free(vm->modules[i].args);
	}
	heap_free(vm->modules);
	heap_free(vm->name);
	heap_free(vm->kernel);
	heap_free(vm->initrd);
	heap_free(vm->bootargs);
	heap_free(vm);
}
