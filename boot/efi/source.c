/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/source.h"

#include <string.h>

#include "boot/efi/memory.h"
#include "boot/efi/print.h"

bool source_next(struct source *s)
{
	/* A volume first: a disk image from an HTTP server is one too. */
	static const struct source_ops *const kinds[] = {&source_volume, &source_http, &source_pxe};

	while (s->tried < ARRAY_SIZE(kinds)) {
		s->ops = kinds[s->tried++];
		if (!s->ops->probe(s))
			return true;
	}
	s->ops = NULL;
	return false;
}

static EFI_STATUS load_open(struct source *s, const char *path, struct handoff_blob *blob)
{
	u64 align = blob->size >= MIB(2) ? MIB(2) : PAGE_SIZE;
	EFI_STATUS status;

	if (!blob->size)
		return EFI_BAD_BUFFER_SIZE;
	blob->phys = memory_pages(blob->size, align, MEMORY_ANYWHERE);
	if (!blob->phys)
		return EFI_OUT_OF_RESOURCES;
	progress_begin(path, blob->size);
	status = s->ops->read(s, (void *)blob->phys, blob->size);
	progress_end();
	if (status)
		memory_pages_free(blob->phys, blob->size);
	return status;
}

EFI_STATUS source_load(struct source *s, const char *path, struct handoff_blob *blob)
{
	EFI_STATUS status = s->ops->open(s, path, &blob->size);
	u64 end;

	if (!status) {
		status = load_open(s, path, blob);
		s->ops->close(s);
	}
	if (status) {
		*blob = (struct handoff_blob){0};
		return status;
	}
	end = blob->phys + blob->size;
	memset((void *)end, 0, ALIGN_UP(end, PAGE_SIZE) - end);
	return EFI_SUCCESS;
}
