/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vm/config.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "kernel/lib/dtb.h"
#include "kernel/lib/err.h"
#include "vmm/vm/config_names.h"
#include "vmm/vm/config_node.h"

struct reader {
	struct config *cfg;
	const struct config_facts *facts;
	bool no_memory;
};

static const char *const root_compatible[] = {"hanok,config-v1", NULL};
static const struct config_property root_properties[] = {
    {"compatible", CONFIG_COMPATIBLE, true, 0, 0, 0, root_compatible,
     "compatible = \"hanok,config-v1\";"},
    {"model", CONFIG_IGNORED, false, 0, 0, 0, NULL, "model = \"my server\";"},
};

static void vm_read(struct reader *r, struct config_names *names, const struct config_node *vms,
		    int offset)
{
	struct vm_config *vm = NULL;
	struct config_node node;

	config_node_open(&node, vms, offset);
	if (names->slots ? !config_names_add(names, node.name)
			 : config_node_named_before(vms, &node))
		config_node_problem(&node, NULL, "give each VM its own name", "is there twice");
	else
		vm = config_vm_read(&node, r->facts);
	if (vm)
		list_add_tail(&r->cfg->vms, &vm->link);
	else
		r->cfg->refused++;
	r->cfg->problems += node.problems;
	r->no_memory = r->no_memory || node.no_memory;
}

static u32 count_children(const struct config_node *node)
{
	u32 count = 0;

	for (int offset = fdt_first_subnode(node->fdt, node->offset); offset >= 0;
	     offset = fdt_next_subnode(node->fdt, offset))
		count++;
	return count;
}

static void vms_read(struct reader *r, struct config_node *vms)
{
	struct config_names names;
	char no_output;

	config_node_read(vms, NULL, 0, &no_output);
	config_names_init(&names, count_children(vms));
	for (int offset = fdt_first_subnode(vms->fdt, vms->offset); offset >= 0;
	     offset = fdt_next_subnode(vms->fdt, offset))
		vm_read(r, &names, vms, offset);
	config_names_free(&names);
}

static void switch_read(struct reader *r, const struct config_node *switches, int offset)
{
	struct config_switch *sw = NULL;
	struct config_node node;

	config_node_open(&node, switches, offset);
	if (config_node_named_before(switches, &node))
		config_node_problem(&node, NULL, "give each switch its own name", "is there twice");
	else
		sw = config_switch_read(&node);
	if (sw)
		list_add_tail(&r->cfg->switches, &sw->link);
	r->cfg->problems += node.problems;
	r->no_memory = r->no_memory || node.no_memory;
}

static void switches_read(struct reader *r, struct config_node *switches)
{
	char no_output;

	config_node_read(switches, NULL, 0, &no_output);
	for (int offset = fdt_first_subnode(switches->fdt, switches->offset); offset >= 0;
	     offset = fdt_next_subnode(switches->fdt, offset))
		switch_read(r, switches, offset);
}

static void processor_read(struct reader *r, struct config_node *node)
{
	config_processor_read(node, &r->cfg->processor);
}

static void console_read(struct reader *r, struct config_node *node)
{
	config_console_read(node, &r->cfg->console);
}

static const struct {
	const char *name;
	void (*read)(struct reader *r, struct config_node *node);
} root_children[] = {
    {"console", console_read},
    {"processor", processor_read},
    {"switches", switches_read},
    {"vms", vms_read},
};

static void root_child_read(struct reader *r, const struct config_node *root, int offset)
{
	struct config_node node;

	config_node_open(&node, root, offset);
	for (u32 i = 0; i < ARRAY_SIZE(root_children); i++) {
		if (strcmp(node.name, root_children[i].name))
			continue;
		if (config_node_named_before(root, &node))
			config_node_problem(&node, NULL, "put all into the first one",
					    "is there twice: the second is not read");
		else
			root_children[i].read(r, &node);
		r->cfg->problems += node.problems;
		return;
	}
	if (strncmp(node.name, "__", 2)) /* dtc -@ adds __symbols__ and others */
		config_node_problem(&node, NULL,
				    "remove it; there are `console`, `processor`, "
				    "`switches` and `vms`",
				    "is not known here: it is not read");
	r->cfg->problems += node.problems;
}

/* VMs that start by themselves must fit together; the first ones have precedence. */
static void memory_share(struct config *cfg, struct config_node *vms, u64 left_mib)
{
	struct list *it, *next;
	char remedy[160];

	list_for_each_safe (it, next, &cfg->vms) {
		struct vm_config *vm = list_entry(it, struct vm_config, link);
		struct config_node node = *vms;

		if (!vm->autostart)
			continue;
		if (vm->memory_mib <= left_mib) {
			left_mib -= vm->memory_mib;
			continue;
		}
		config_append(node.path, sizeof(node.path), "/");
		config_append(node.path, sizeof(node.path), vm->name);
		(void)snprintf(remedy, sizeof(remedy),
			       "give at most <%llu>, less to the others, or remove `autostart`",
			       (unsigned long long)left_mib);
		config_node_problem(&node, "memory-mib", remedy,
				    "%u MiB, but the VMs before it that start by themselves leave "
				    "%llu MiB",
				    vm->memory_mib, (unsigned long long)left_mib);
		cfg->problems++;
		cfg->refused++;
		config_vm_free(vm);
	}
}

static int root_read(struct reader *r, struct config_node *root)
{
	struct config_node vms;
	char no_output;
	int offset;

	config_node_read(root, root_properties, ARRAY_SIZE(root_properties), &no_output);
	r->cfg->problems += root->problems;
	if (fdt_node_check_compatible(root->fdt, 0, root_compatible[0]))
		return ERR_INVAL;
	for (offset = fdt_first_subnode(root->fdt, 0); offset >= 0;
	     offset = fdt_next_subnode(root->fdt, offset))
		root_child_read(r, root, offset);
	offset = fdt_subnode_offset(root->fdt, 0, "vms");
	if (offset < 0) {
		config_node_problem(root, NULL, "add `vms { };` with a node for each VM",
				    "has no node `vms`");
		r->cfg->problems++;
	} else if (r->facts && r->facts->memory_mib) {
		config_node_open(&vms, root, offset);
		memory_share(r->cfg, &vms, r->facts->memory_mib);
	}
	config_link(r->cfg, root, r->facts ? r->facts->machine : 0);
	return r->no_memory ? ERR_NOMEM : 0;
}

int config_read(struct config *cfg, const void *blob, size_t len, const struct config_facts *facts,
		const struct config_report *report)
{
	struct config_node root = {.fdt = blob, .report = report, .path = "/"};
	struct reader r = {.cfg = cfg, .facts = facts};
	int err;

	*cfg = (struct config){.problems = 0};
	list_init(&cfg->vms);
	list_init(&cfg->switches);
	config_console_defaults(&cfg->console);
	config_processor_defaults(&cfg->processor);
	if (!blob) {
		config_node_problem(&root, NULL, "put a hanok.dtb on the boot volume or server",
				    "there is no configuration");
		cfg->problems++;
		return ERR_INVAL;
	}
	err = dtb_check(blob, len);
	if (err) {
		config_node_problem(&root, NULL, "compile it again with dtc and copy it again",
				    "is no valid device tree blob (%s)", fdt_strerror(err));
		cfg->problems++;
		return ERR_INVAL;
	}
	config_node_open(&root, NULL, 0);
	return root_read(&r, &root);
}

void config_free(struct config *cfg)
{
	struct list *it, *next;

	list_for_each_safe (it, next, &cfg->vms)
		config_vm_free(list_entry(it, struct vm_config, link));
	list_for_each_safe (it, next, &cfg->switches)
		config_switch_free(list_entry(it, struct config_switch, link));
	*cfg = (struct config){.problems = 0};
	list_init(&cfg->vms);
	list_init(&cfg->switches);
}

struct vm_config *config_find_vm(const struct config *cfg, const char *name)
{
	struct list *it;

	list_for_each (it, &cfg->vms) {
		struct vm_config *vm = list_entry(it, struct vm_config, link);

		if (!strcmp(vm->name, name))
			return vm;
	}
	return NULL;
}
