/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/names.h"

#include <libfdt.h>
#include <string.h>

#include "kernel/lib/dtb.h"

static const char *const properties[] = {"kernel", "initrd", "modules"};

typedef int (*name_fn)(void *arg, const char *name);

int config_check(const void *fdt, u64 size, u64 *used, const char **why)
{
	int err = dtb_check(fdt, size);

	if (err) {
		*why = fdt_strerror(err);
		return ERR_INVAL;
	}
	*used = fdt_totalsize(fdt);
	return ERR_OK;
}

static int strings_walk(const char *list, int length, name_fn fn, void *arg)
{
	int err = ERR_OK;

	if (length <= 0 || list[length - 1])
		return ERR_OK;
	for (int at = 0; !err && at < length; at += (int)strlen(list + at) + 1)
		if (list[at])
			err = fn(arg, list + at);
	return err;
}

static int node_walk(const void *fdt, int node, name_fn fn, void *arg)
{
	int err = ERR_OK;
	int length;

	for (size_t i = 0; !err && i < ARRAY_SIZE(properties); i++) {
		const char *value = fdt_getprop(fdt, node, properties[i], &length);

		if (value)
			err = strings_walk(value, length, fn, arg);
	}
	return err;
}

static int tree_walk(const void *fdt, name_fn fn, void *arg)
{
	int vms = fdt_path_offset(fdt, "/vms");
	int err = ERR_OK;
	int node;

	if (vms < 0)
		return ERR_OK;
	for (node = fdt_first_subnode(fdt, vms); !err && node >= 0;
	     node = fdt_next_subnode(fdt, node))
		if (!fdt_node_check_compatible(fdt, node, "hanok,vm"))
			err = node_walk(fdt, node, fn, arg);
	return err;
}

static int count_one(void *arg, const char *name)
{
	(void)name;
	++*(u32 *)arg;
	return ERR_OK;
}

u32 names_count(const void *fdt)
{
	u32 count = 0;

	return tree_walk(fdt, count_one, &count) ? 0 : count;
}

static int collect_one(void *arg, const char *name)
{
	struct name_list *list = arg;

	for (u32 i = 0; i < list->count; i++)
		if (!strcmp(list->name[i], name))
			return ERR_OK;
	if (list->count == list->capacity)
		return ERR_NOMEM;
	list->name[list->count++] = name;
	return ERR_OK;
}

int names_collect(const void *fdt, struct name_list *list)
{
	list->count = 0;
	return tree_walk(fdt, collect_one, list);
}
