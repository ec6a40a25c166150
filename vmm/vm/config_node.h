/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One node of the configuration, read by a table of the properties it may have.
 * Types are not stored in a device tree: a property's length and bytes must fit
 * what the table says.
 */
#ifndef VMM_VM_CONFIG_NODE_H
#define VMM_VM_CONFIG_NODE_H

#include "vmm/vm/config.h"

/* Longest path in a report; longer ones are cut. */
#define CONFIG_PATH 192
/* Longest text of a report's parts. */
#define CONFIG_TEXT 256

struct config_node {
	const void *fdt; /* checked by dtb_check() */
	int offset;
	const char *name;                   /* in fdt; may hold any bytes but NUL */
	const struct config_report *report; /* NULL: silent */
	u32 problems;                       /* mistakes found in this node so far */
	bool no_memory;
	char path[CONFIG_PATH]; /* printable */
};

enum config_kind {
	CONFIG_COMPATIBLE, /* list of strings, one of them is choices[0]; no output */
	CONFIG_U32,
	CONFIG_U64,     /* one or two cells */
	CONFIG_STRING,  /* char *, heap */
	CONFIG_STRINGS, /* struct config_strings, heap */
	CONFIG_FLAG,    /* bool: there or not */
	CONFIG_CHOICE,  /* u32: index in choices */
	CONFIG_SET,     /* u64[]: a bit for each of a list of numbers from 0 to max */
	CONFIG_CHOICES, /* u32: a bit for each of a list of choices */
	CONFIG_MAC,     /* struct config_mac: 6 bytes */
	CONFIG_NUMBERS, /* struct config_numbers, heap: one or more numbers */
	CONFIG_IGNORED, /* any value */
};

struct config_mac {
	u8 bytes[6];
	bool given;
};

struct config_numbers {
	u32 *items;
	u32 count;
};

/* Ethernet payload in bytes. */
#define CONFIG_MTU_MIN 68
#define CONFIG_MTU_MAX 65521

struct config_strings {
	char **items;
	u32 count;
};

struct config_property {
	const char *name;
	enum config_kind kind;
	bool required;
	size_t offset;              /* of the output's member */
	u64 min, max;               /* of a number */
	const char *const *choices; /* NULL at the end */
	const char *example;        /* its source text */
};

/* Start to read a node; parent is NULL for the root. */
void config_node_open(struct config_node *node, const struct config_node *parent, int offset);

/*
 * Read all properties into the struct at out, which holds defaults. Reports what
 * is wrong, unknown, there twice or missing; such members keep their defaults.
 */
void config_node_read(struct config_node *node, const struct config_property *table, u32 count,
		      void *out);

/* Report a mistake. property may be NULL; the rest formats what is wrong. */
void config_node_problem(struct config_node *node, const char *property, const char *remedy,
			 const char *fmt, ...) __printf(4, 5);

/* Read a property's value of len bytes into its member at out, or report. */
void config_value_read(struct config_node *node, const struct config_property *property,
		       const char *data, int len, void *out);

/* Report every child as not known. */
void config_node_refuse_children(struct config_node *node);

/* Is an earlier child of the same parent called the same? */
bool config_node_named_before(const struct config_node *parent, const struct config_node *node);

/* Report a name that is not usable in the shell and in other nodes. what: "a VM". */
void config_node_check_name(struct config_node *node, const char *what);

/* An IPv4 address in host byte order at s; returns what follows it, or NULL. */
const char *config_parse_ipv4(const char *s, u32 *address);

/* Append a printable copy of text to the string in buf; cut to size. */
void config_append(char *buf, size_t size, const char *text);

void config_strings_free(struct config_strings *strings);

/* Readers of the nodes; vm is to be freed by config_vm_free(). NULL: refused. */
struct vm_config *config_vm_read(struct config_node *node, const struct config_facts *facts);
void config_vm_free(struct vm_config *vm);
struct config_switch *config_switch_read(struct config_node *node);
void config_switch_free(struct config_switch *sw);
struct config_nic *config_nic_read(struct config_node *node);
void config_nic_free(struct config_nic *nic);
struct config_pass *config_pass_read(struct config_node *node, bool vf);
void config_pass_free(struct config_pass *pass);
/* After all nodes: bind NICs to switches, give addresses; refuses VMs. */
void config_link(struct config *cfg, const struct config_node *root, u64 machine);
void config_sched_defaults(struct config_sched *s);
/* What the properties say together, of a VM with so many vCPUs. */
void config_sched_check(struct config_node *node, const struct config_facts *facts,
			struct config_sched *s, u32 cpus);
void config_processor_read(struct config_node *node, struct config_processor *processor);
void config_processor_defaults(struct config_processor *processor);
void config_console_read(struct config_node *node, struct config_console *console);
void config_console_defaults(struct config_console *console);

#endif
