/* SPDX-License-Identifier: BSD-2-Clause */
/* The processor's node; see docs/guide/configuration.md. */
#include "vmm/vm/config_node.h"

struct processor_input {
	u32 posted_interrupts, interrupt_delivery;
};

static const char *const processor_compatible[] = {"hanok,processor", NULL};
static const char *const switch_choices[] = {"off", "on", NULL};

static const struct config_property processor_properties[] = {
    {"compatible", CONFIG_COMPATIBLE, true, 0, 0, 0, processor_compatible,
     "compatible = \"hanok,processor\";"},
    {"posted-interrupts", CONFIG_CHOICE, false, offsetof(struct processor_input, posted_interrupts),
     0, 0, switch_choices, "posted-interrupts = \"on\";"},
    {"interrupt-delivery", CONFIG_CHOICE, false,
     offsetof(struct processor_input, interrupt_delivery), 0, 0, switch_choices,
     "interrupt-delivery = \"on\";"},
};

void config_processor_defaults(struct config_processor *processor)
{
	*processor =
	    (struct config_processor){.posted_interrupts = true, .interrupt_delivery = true};
}

void config_processor_read(struct config_node *node, struct config_processor *processor)
{
	struct processor_input in = {.posted_interrupts = processor->posted_interrupts,
				     .interrupt_delivery = processor->interrupt_delivery};

	config_node_read(node, processor_properties, ARRAY_SIZE(processor_properties), &in);
	config_node_refuse_children(node);
	processor->posted_interrupts = in.posted_interrupts;
	processor->interrupt_delivery = in.interrupt_delivery;
}
