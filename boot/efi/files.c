/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/guard.h"
#include "boot/efi/loader.h"
#include "boot/efi/memory.h"
#include "boot/efi/names.h"
#include "boot/efi/print.h"

/* The names of the configuration, each once; to be freed. */
static const char **collect(const struct loader *l, u32 *count)
{
	const void *fdt = (const void *)l->config.phys;
	struct name_list list = {0};
	u64 saved;

	saved = guard_enter();
	list.capacity = names_count(fdt);
	guard_leave(saved);
	if (list.capacity)
		list.name = memory_pool(list.capacity * sizeof(*list.name));
	if (list.name) {
		saved = guard_enter();
		/* The capacity was counted, so that this cannot fail. */
		if (names_collect(fdt, &list))
			list.count = 0;
		guard_leave(saved);
	}
	*count = list.count;
	return list.name;
}

static void file_load(struct loader *l, struct loaded_file *f)
{
	const struct source *s = &l->source;
	EFI_STATUS status = EFI_INVALID_PARAMETER;
	char path[PATH_SIZE];

	if (!path_join(&s->base, l->directory, f->name, path))
		status = source_load(&l->source, path, &f->blob);
	f->error = status_err(status);
	if (!status)
		print_log("loader: %s, %lu bytes", path, f->blob.size);
	else if (status == EFI_NOT_FOUND)
		print_line("hanok: file \"%s\": not found as %s on the %s (%s): %s", f->name, path,
			   s->ops->what, s->name, s->ops->remedy);
	else
		print_line("hanok: file \"%s\": %s (%s, %s): %s", f->name, status_text(status),
			   s->ops->what, s->name,
			   status == EFI_OUT_OF_RESOURCES ? "use a smaller file or more memory"
							  : "check the file and its medium");
}

void files_load(struct loader *l)
{
	const char **names;
	u32 count = 0;

	if (!l->config.phys)
		return;
	names = collect(l, &count);
	l->files = count ? memory_pool(count * sizeof(*l->files)) : NULL;
	for (u32 i = 0; l->files && i < count; i++) {
		l->files[i].name = names[i];
		file_load(l, &l->files[i]);
	}
	l->file_count = l->files ? count : 0;
	memory_pool_free(names);
}
