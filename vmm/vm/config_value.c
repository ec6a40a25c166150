/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of properties by kind; see config_node.h. */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "kernel/lib/closest.h"
#include "kernel/mm/heap.h"
#include "vmm/vm/config_node.h"

struct value {
	const char *data;
	int len;
};

/* Is it a non-empty list of NUL-terminated printable strings? */
static bool value_is_text(const struct value *v)
{
	if (v->len < 2 || v->data[v->len - 1] || !v->data[0])
		return false;
	for (int i = 0; i < v->len; i++)
		if (v->data[i] && (v->data[i] < ' ' || v->data[i] > '~'))
			return false;
	return true;
}

/* Strings may be empty here, and hold UTF-8, but no control characters. */
static bool value_is_strings(const struct value *v)
{
	if (v->len < 1 || v->data[v->len - 1])
		return false;
	for (int i = 0; i < v->len; i++)
		if ((u8)v->data[i] < ' ' && v->data[i])
			return false;
	return true;
}

static bool value_is_string(const struct value *v)
{
	return value_is_strings(v) && strlen(v->data) == (size_t)v->len - 1;
}

static void describe(const struct value *v, char *buf, size_t size)
{
	buf[0] = 0;
	if (!v->len)
		(void)snprintf(buf, size, "has no value");
	else if (value_is_text(v))
		(void)snprintf(buf, size, "is text (\"%.40s\"%s)", v->data,
			       value_is_string(v) ? "" : ", ...");
	else if (v->len % 4 == 0)
		(void)snprintf(buf, size, "is %d number%s", v->len / 4, v->len == 4 ? "" : "s");
	else
		(void)snprintf(buf, size, "is %d bytes", v->len);
}

static void wrong_type(struct config_node *node, const struct config_property *p,
		       const struct value *v, const char *wanted)
{
	char found[80], remedy[CONFIG_TEXT];

	describe(v, found, sizeof(found));
	(void)snprintf(remedy, sizeof(remedy), "write for instance `%s`", p->example);
	config_node_problem(node, p->name, remedy, "%s where %s is wanted", found, wanted);
}

static bool number_in_range(struct config_node *node, const struct config_property *p, u64 n)
{
	char remedy[CONFIG_TEXT];

	if (n >= p->min && n <= p->max)
		return true;
	if (p->max > 0xffffffff)
		(void)snprintf(remedy, sizeof(remedy), "give at least %llu",
			       (unsigned long long)p->min);
	else
		(void)snprintf(remedy, sizeof(remedy), "give a number from %llu to %llu",
			       (unsigned long long)p->min, (unsigned long long)p->max);
	config_node_problem(node, p->name, remedy, "%llu is not possible", (unsigned long long)n);
	return false;
}

static u64 value_number(const struct value *v)
{
	fdt32_t cells[2];

	memcpy(cells, v->data, v->len);
	return v->len == 4 ? fdt32_to_cpu(cells[0])
			   : (u64)fdt32_to_cpu(cells[0]) << 32 | fdt32_to_cpu(cells[1]);
}

static void read_u32(struct config_node *node, const struct config_property *p,
		     const struct value *v, void *out)
{
	/* Three letters and a NUL are as long as a number: "512" for <512>. */
	if (v->len != 4 || value_is_text(v))
		wrong_type(node, p, v, "one number");
	else if (number_in_range(node, p, value_number(v)))
		*(u32 *)out = (u32)value_number(v);
}

static void read_u64(struct config_node *node, const struct config_property *p,
		     const struct value *v, void *out)
{
	if (v->len != 4 && v->len != 8)
		wrong_type(node, p, v, "an address of one or two numbers");
	else if (number_in_range(node, p, value_number(v)))
		*(u64 *)out = value_number(v);
}

static void read_set(struct config_node *node, const struct config_property *p,
		     const struct value *v, void *out)
{
	u64 *bits = out;

	if (!v->len || v->len % 4 || value_is_text(v)) {
		wrong_type(node, p, v, "a list of numbers");
		return;
	}
	for (int i = 0; i < v->len; i += 4) {
		const struct value one = {v->data + i, 4};
		u64 n = value_number(&one);

		if (!number_in_range(node, p, n))
			return;
		bits[n / 64] |= BIT(n % 64);
	}
}

static char *string_copy(struct config_node *node, const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = heap_alloc(size);

	if (copy)
		memcpy(copy, s, size);
	else
		node->no_memory = true;
	return copy;
}

static void read_string(struct config_node *node, const struct config_property *p,
			const struct value *v, void *out)
{
	if (!value_is_string(v))
		wrong_type(node, p, v, "one text");
	else
		*(char **)out = string_copy(node, v->data);
}

static void read_strings(struct config_node *node, const struct config_property *p,
			 const struct value *v, void *out)
{
	struct config_strings *list = out;
	u32 count = 0;

	if (!value_is_strings(v)) {
		wrong_type(node, p, v, "a list of texts");
		return;
	}
	for (int i = 0; i < v->len; i++)
		count += !v->data[i];
	list->items = heap_alloc_array(count, sizeof(*list->items));
	if (!list->items) {
		node->no_memory = true;
		return;
	}
	for (const char *s = v->data; list->count < count; s += strlen(s) + 1)
		list->items[list->count++] = string_copy(node, s);
}

static void read_mac(struct config_node *node, const struct config_property *p,
		     const struct value *v, void *out)
{
	struct config_mac *mac = out;
	u8 any = 0;

	for (int i = 0; i < v->len; i++)
		any |= (u8)v->data[i];
	if (v->len != (int)sizeof(mac->bytes)) {
		wrong_type(node, p, v, "an address of six bytes");
	} else if (v->data[0] & 1 || !any) {
		config_node_problem(node, p->name,
				    "choose one whose first byte is even, as 02 for your own use",
				    "is no address of a single station");
	} else {
		memcpy(mac->bytes, v->data, sizeof(mac->bytes));
		mac->given = true;
	}
}

static void read_numbers(struct config_node *node, const struct config_property *p,
			 const struct value *v, void *out)
{
	struct config_numbers *list = out;
	u32 count = (u32)v->len / 4;

	if (!count || v->len % 4) {
		wrong_type(node, p, v, "a list of numbers");
		return;
	}
	list->items = heap_alloc_array(count, sizeof(*list->items));
	node->no_memory = node->no_memory || !list->items;
	for (u32 i = 0; list->items && i < count; i++) {
		const struct value one = {v->data + 4 * i, 4};

		if (!number_in_range(node, p, value_number(&one)))
			return;
		list->items[list->count++] = (u32)value_number(&one);
	}
}

static void read_flag(struct config_node *node, const struct config_property *p,
		      const struct value *v, void *out)
{
	char remedy[CONFIG_TEXT], found[80];

	*(bool *)out = true;
	if (!v->len)
		return;
	describe(v, found, sizeof(found));
	(void)snprintf(remedy, sizeof(remedy), "write `%s;`, or leave it out for no", p->name);
	config_node_problem(node, p->name, remedy, "takes no value, but %s", found);
}

static const char *choice_next(const void *ctx, unsigned i)
{
	return ((const char *const *)ctx)[i];
}

static void wrong_choice(struct config_node *node, const struct config_property *p, const char *got)
{
	int similar = string_closest(got, choice_next, p->choices);
	char remedy[CONFIG_TEXT] = "", shown[48] = "";

	if (similar >= 0) {
		(void)snprintf(remedy, sizeof(remedy), "did you mean \"%s\"?", p->choices[similar]);
	} else {
		config_append(remedy, sizeof(remedy), "choose one of:");
		for (unsigned i = 0; p->choices[i]; i++) {
			config_append(remedy, sizeof(remedy), " ");
			config_append(remedy, sizeof(remedy), p->choices[i]);
		}
	}
	config_append(shown, sizeof(shown), got);
	config_node_problem(node, p->name, remedy, "\"%s\" is not known", shown);
}

/* The index of a choice, or -1, which is reported. */
static int find_choice(struct config_node *node, const struct config_property *p, const char *name)
{
	for (int i = 0; p->choices[i]; i++)
		if (!strcmp(name, p->choices[i]))
			return i;
	wrong_choice(node, p, name);
	return -1;
}

static void read_choice(struct config_node *node, const struct config_property *p,
			const struct value *v, void *out)
{
	int choice;

	if (!value_is_string(v)) {
		wrong_type(node, p, v, "one text");
		return;
	}
	choice = find_choice(node, p, v->data);
	if (choice >= 0)
		*(u32 *)out = (u32)choice;
}

static void read_choices(struct config_node *node, const struct config_property *p,
			 const struct value *v, void *out)
{
	if (!value_is_strings(v)) {
		wrong_type(node, p, v, "a list of texts");
		return;
	}
	for (const char *s = v->data; s < v->data + v->len; s += strlen(s) + 1) {
		int choice = find_choice(node, p, s);

		if (choice >= 0)
			*(u32 *)out |= 1u << choice;
	}
}

static void read_compatible(struct config_node *node, const struct config_property *p,
			    const struct value *v, void *out)
{
	(void)out;
	if (!value_is_strings(v)) {
		wrong_type(node, p, v, "a text");
		return;
	}
	for (const char *s = v->data; s < v->data + v->len; s += strlen(s) + 1)
		if (!strcmp(s, p->choices[0]))
			return;
	wrong_choice(node, p, v->data);
}

static void read_ignored(struct config_node *node, const struct config_property *p,
			 const struct value *v, void *out)
{
	(void)node, (void)p, (void)v, (void)out;
}

static void (*const readers[])(struct config_node *node, const struct config_property *p,
			       const struct value *v, void *out) = {
    [CONFIG_COMPATIBLE] = read_compatible,
    [CONFIG_U32] = read_u32,
    [CONFIG_U64] = read_u64,
    [CONFIG_STRING] = read_string,
    [CONFIG_STRINGS] = read_strings,
    [CONFIG_FLAG] = read_flag,
    [CONFIG_CHOICE] = read_choice,
    [CONFIG_SET] = read_set,
    [CONFIG_CHOICES] = read_choices,
    [CONFIG_MAC] = read_mac,
    [CONFIG_NUMBERS] = read_numbers,
    [CONFIG_IGNORED] = read_ignored,
};

void config_value_read(struct config_node *node, const struct config_property *property,
		       const char *data, int len, void *out)
{
	const struct value v = {data, len};

	readers[property->kind](node, property, &v, out);
}
