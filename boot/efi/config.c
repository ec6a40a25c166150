/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "boot/efi/guard.h"
#include "boot/efi/loader.h"
#include "boot/efi/memory.h"
#include "boot/efi/names.h"
#include "boot/efi/print.h"

#define CONFIG_NAME "hanok.dtb"

static EFI_STATUS load_from(struct loader *l, const char *directory, char *path)
{
	l->directory = directory;
	if (path_join(&l->source.base, directory, CONFIG_NAME, path))
		return EFI_INVALID_PARAMETER;
	return source_load(&l->source, path, &l->config);
}

static void tell_missing(const struct loader *l)
{
	const struct path_base *base = &l->source.base;
	bool two = strcmp(base->directory, base->root);

	print_line("hanok: no configuration: looked for %s" CONFIG_NAME "%s%s%s on the %s (%s). "
		   "Compile one with dtc and put it there",
		   base->directory, two ? " and " : "", two ? base->root : "",
		   two ? CONFIG_NAME : "", l->source.ops->what, l->source.name);
}

static void check(struct loader *l, const char *path)
{
	const char *why = "";
	u64 saved = guard_enter();
	u64 used;
	int err = config_check((const void *)l->config.phys, l->config.size, &used, &why);

	guard_leave(saved);
	if (!err) {
		print_log("loader: configuration %s, %lu bytes", path, used);
		return;
	}
	print_line("hanok: %s is no valid device tree (%s): compile or copy it again", path, why);
	memory_pages_free(l->config.phys, l->config.size);
	l->config = (struct handoff_blob){0};
}

static EFI_STATUS load_beside_or_root(struct loader *l, char *path)
{
	const struct path_base *base = &l->source.base;
	EFI_STATUS status = load_from(l, base->directory, path);

	if (status == EFI_NOT_FOUND && strcmp(base->directory, base->root))
		status = load_from(l, base->root, path);
	if (status && status != EFI_NOT_FOUND)
		print_line("hanok: configuration %s: %s. Check the %s (%s)", path,
			   status_text(status), l->source.ops->what, l->source.name);
	return status;
}

/* Only when all places have been tried: a file that is in the second is not missing. */
static void tell_all_missing(struct loader *l)
{
	struct source first = {0};

	l->source = (struct source){0};
	while (source_next(&l->source)) {
		tell_missing(l);
		first = first.ops ? first : l->source;
	}
	l->source = first;
	if (!first.ops)
		print_line("hanok: no configuration: this firmware does not say where it has read "
			   "this file from. Boot from a volume, by PXE or by HTTP");
}

void config_load(struct loader *l)
{
	EFI_STATUS status = EFI_NOT_FOUND;
	char path[PATH_SIZE];

	while (status == EFI_NOT_FOUND && source_next(&l->source))
		status = load_beside_or_root(l, path);
	if (!status)
		check(l, path);
	else if (status == EFI_NOT_FOUND)
		tell_all_missing(l);
	if (!l->config.phys)
		print_line("hanok: starting without virtual machines");
}
