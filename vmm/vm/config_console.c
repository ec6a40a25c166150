/* SPDX-License-Identifier: BSD-2-Clause */
/* The console's node; see docs/guide/configuration.md. No heap: it is read early. */
#include <libfdt.h>

#include "kernel/lib/dtb.h"
#include "vmm/vm/config_node.h"

#define UART_CLOCK_HZ 1843200

struct console_input {
	u64 mmio;
	u32 port, reg_shift, clock_hz, baud, level, follow;
};

static const char *const console_compatible[] = {"hanok,console", NULL};
static const char *const level_choices[] = {
    [KLOG_ERR] = "error", [KLOG_WARN] = "warn", [KLOG_INFO] = "info", [KLOG_DEBUG] = "debug", NULL};
static const char *const switch_choices[] = {"off", "on", NULL};

#define AT(member) offsetof(struct console_input, member)
static const struct config_property console_properties[] = {
    {"compatible", CONFIG_COMPATIBLE, true, 0, 0, 0, console_compatible,
     "compatible = \"hanok,console\";"},
    {"port", CONFIG_U32, false, AT(port), 1, 0xfff8, NULL, "port = <0x3f8>;"},
    {"mmio", CONFIG_U64, false, AT(mmio), 1, ~0ull, NULL, "mmio = <0 0xfe030000>;"},
    {"reg-shift", CONFIG_U32, false, AT(reg_shift), 0, 2, NULL, "reg-shift = <2>;"},
    {"clock-hz", CONFIG_U32, false, AT(clock_hz), 16 * 50, 1000000000, NULL,
     "clock-hz = <1843200>;"},
    {"baud", CONFIG_U32, false, AT(baud), 50, 4000000, NULL, "baud = <115200>;"},
    {"log-level", CONFIG_CHOICE, false, AT(level), 0, 0, level_choices, "log-level = \"info\";"},
    {"follow", CONFIG_CHOICE, false, AT(follow), 0, 0, switch_choices, "follow = \"on\";"},
};
#undef AT

void config_console_defaults(struct config_console *console)
{
	*console = (struct config_console){
	    .kind = CONFIG_CONSOLE_AUTO,
	    .clock_hz = UART_CLOCK_HZ,
	    .level = KLOG_INFO,
	    .follow = true,
	};
}

void config_console_read(struct config_node *node, struct config_console *console)
{
	struct console_input in = {
	    .clock_hz = console->clock_hz,
	    .level = console->level,
	    .follow = console->follow,
	};

	config_node_read(node, console_properties, ARRAY_SIZE(console_properties), &in);
	config_node_refuse_children(node);
	if (in.port && in.mmio)
		config_node_problem(node, "mmio", "remove one of them",
				    "there is a port as well, which is used");
	if (in.port) {
		console->kind = CONFIG_CONSOLE_PORT;
		console->base = in.port;
	} else if (in.mmio) {
		console->kind = CONFIG_CONSOLE_MMIO;
		console->base = in.mmio;
		console->reg_shift = in.reg_shift;
	}
	console->clock_hz = in.clock_hz;
	console->baud = in.baud;
	console->level = (enum klog_level)in.level;
	console->follow = in.follow;
}

void config_read_console(struct config_console *console, const void *blob, size_t len)
{
	struct config_node root = {.fdt = blob}, node;
	int offset;

	config_console_defaults(console);
	if (!blob || dtb_check(blob, len))
		return;
	config_node_open(&root, NULL, 0);
	offset = fdt_subnode_offset(blob, 0, "console");
	if (offset < 0)
		return;
	config_node_open(&node, &root, offset);
	config_console_read(&node, console);
}
