/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vm/config_node.h"

#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/lib/closest.h"
#include "kernel/mm/heap.h"

#define NAME_MAX_LEN 31 /* Devicetree Specification 0.4, 2.2.1 */

void config_append(char *buf, size_t size, const char *text)
{
	size_t at = strlen(buf);

	for (; *text && at + 1 < size; text++, at++)
		buf[at] = *text >= ' ' && *text <= '~' ? *text : '?';
	buf[at] = 0;
}

void config_node_problem(struct config_node *node, const char *property, const char *remedy,
			 const char *fmt, ...)
{
	char what[CONFIG_TEXT], name[64] = "";
	struct config_problem problem = {.node = node->path, .what = what, .remedy = remedy};
	va_list ap;

	node->problems++;
	if (!node->report)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (property) {
		config_append(name, sizeof(name), property);
		problem.property = name;
	}
	node->report->problem(node->report->ctx, &problem);
}

void config_node_open(struct config_node *node, const struct config_node *parent, int offset)
{
	*node = (struct config_node){
	    .fdt = parent ? parent->fdt : node->fdt,
	    .report = parent ? parent->report : node->report,
	    .offset = offset,
	};
	node->name = fdt_get_name(node->fdt, offset, NULL);
	if (!node->name)
		node->name = "?";
	if (parent && parent->path[1])
		config_append(node->path, sizeof(node->path), parent->path);
	config_append(node->path, sizeof(node->path), "/");
	if (parent)
		config_append(node->path, sizeof(node->path), node->name);
}

struct table {
	const struct config_property *properties;
	u32 count;
};

static const char *table_next(const void *ctx, unsigned i)
{
	const struct table *t = ctx;

	return i < t->count ? t->properties[i].name : NULL;
}

static const struct config_property *table_find(const struct table *t, const char *name)
{
	for (u32 i = 0; i < t->count; i++)
		if (!strcmp(t->properties[i].name, name))
			return &t->properties[i];
	return NULL;
}

static void unknown_property(struct config_node *node, const struct table *t, const char *name)
{
	int similar = string_closest(name, table_next, t);
	char remedy[CONFIG_TEXT];

	if (similar >= 0)
		(void)snprintf(remedy, sizeof(remedy), "did you mean `%s`?",
			       t->properties[similar].name);
	else
		(void)snprintf(remedy, sizeof(remedy),
			       "remove it, or see docs/guide/configuration.md for what there is");
	config_node_problem(node, name, remedy, "is not known here");
}

/* Does a property before the one at `offset` have the same name? */
static bool seen_before(const struct config_node *node, int offset, const char *name)
{
	const char *other;

	for (int at = fdt_first_property_offset(node->fdt, node->offset); at >= 0;
	     at = fdt_next_property_offset(node->fdt, at)) {
		if (at == offset)
			return false;
		if (fdt_getprop_by_offset(node->fdt, at, &other, NULL) && !strcmp(name, other))
			return true;
	}
	return false;
}

/* What compilers add to any node. */
static bool is_common(const char *name)
{
	static const char *const common[] = {"phandle", "linux,phandle", "#address-cells",
					     "#size-cells"};

	for (u32 i = 0; i < ARRAY_SIZE(common); i++)
		if (!strcmp(name, common[i]))
			return true;
	return false;
}

static void read_one(struct config_node *node, const struct table *t, int offset, void *out)
{
	const struct config_property *p;
	const char *name = NULL;
	const char *data;
	int len;

	data = fdt_getprop_by_offset(node->fdt, offset, &name, &len);
	if (!data || is_common(name))
		return;
	p = table_find(t, name);
	if (!p)
		unknown_property(node, t, name);
	else if (seen_before(node, offset, name))
		config_node_problem(node, name, "remove one of them", "is there twice");
	else
		config_value_read(node, p, data, len, (char *)out + p->offset);
}

void config_node_read(struct config_node *node, const struct config_property *table, u32 count,
		      void *out)
{
	const struct table t = {table, count};
	char remedy[CONFIG_TEXT];

	for (int offset = fdt_first_property_offset(node->fdt, node->offset); offset >= 0;
	     offset = fdt_next_property_offset(node->fdt, offset))
		read_one(node, &t, offset, out);
	for (u32 i = 0; i < count; i++) {
		if (!table[i].required || fdt_getprop(node->fdt, node->offset, table[i].name, NULL))
			continue;
		(void)snprintf(remedy, sizeof(remedy), "add `%s`", table[i].example);
		config_node_problem(node, table[i].name, remedy, "is missing");
	}
}

void config_node_refuse_children(struct config_node *node)
{
	struct config_node child;

	for (int offset = fdt_first_subnode(node->fdt, node->offset); offset >= 0;
	     offset = fdt_next_subnode(node->fdt, offset)) {
		config_node_open(&child, node, offset);
		config_node_problem(&child, NULL, "remove it: this node has only properties",
				    "is not known here");
		node->problems += child.problems;
	}
}

bool config_node_named_before(const struct config_node *parent, const struct config_node *node)
{
	const char *other;

	for (int offset = fdt_first_subnode(node->fdt, parent->offset); offset >= 0;
	     offset = fdt_next_subnode(node->fdt, offset)) {
		if (offset == node->offset)
			return false;
		other = fdt_get_name(node->fdt, offset, NULL);
		if (other && !strcmp(other, node->name))
			return true;
	}
	return false;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void config_node_check_name(struct config_node *node, const char *what)
{
	bool good = is_alnum(node->name[0]);

	for (const char *c = node->name; *c; c++)
		good = good && (is_alnum(*c) || strchr("-_.", *c));
	if (!good)
		config_node_problem(
		    node, NULL, "use letters, digits, '-', '_' and '.', a letter or digit first",
		    "is no good name for %s", what);
	else if (strlen(node->name) > NAME_MAX_LEN)
		config_node_problem(node, NULL, "use at most 31 characters", "has too long a name");
}

void config_strings_free(struct config_strings *strings)
{
	for (u32 i = 0; i < strings->count; i++)
		heap_free(strings->items[i]);
	heap_free(strings->items);
	*strings = (struct config_strings){0};
}
