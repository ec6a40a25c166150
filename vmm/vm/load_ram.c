/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vm/load_ram.h"

#include <string.h>

#include "kernel/lib/err.h"
#include "vmm/vm/load_copies.h"

/* The next range of RAM from entry *i on, neighbours merged. */
static bool ram_next(const struct load_params *p, u32 *i, u64 *start, u64 *end)
{
	while (*i < p->e820_count && p->e820[*i].type != E820_RAM)
		++*i;
	if (*i >= p->e820_count)
		return false;
	*start = *end = p->e820[*i].addr;
	for (; *i < p->e820_count; ++*i) {
		const struct e820_entry *e = &p->e820[*i];

		if (e->type != E820_RAM || e->addr != *end)
			break;
		*end += e->size;
	}
	return true;
}

bool load_is_ram(const struct load_params *p, u64 start, u64 size)
{
	u64 from, to;

	for (u32 i = 0; ram_next(p, &i, &from, &to);)
		if (start >= from && start < to && size <= to - start)
			return true;
	return false;
}

/* Does the wanted block fit into [start, end)? */
static bool piece_fits(const struct load_place *w, u64 start, u64 end, u64 *gpa)
{
	start = ALIGN_UP(MAX(start, w->min), w->align);
	end = MIN(end, w->limit);
	if (start >= end || end - start < w->size)
		return false;
	*gpa = w->top ? ALIGN_DOWN(end - w->size, w->align) : start;
	return true;
}

int load_find(const struct load_params *p, const struct load_place *w, u64 *gpa)
{
	int err = ERR_RANGE;
	u64 start, end;

	for (u32 i = 0; ram_next(p, &i, &start, &end);) {
		bool split = w->avoid_start < end && w->avoid_end > start;

		if (piece_fits(w, start, split ? w->avoid_start : end, gpa))
			err = 0;
		if (!err && !w->top)
			return 0;
		if (split && piece_fits(w, w->avoid_end, end, gpa))
			err = 0;
		if (!err && !w->top)
			return 0;
	}
	return err;
}

void *load_map(const struct load_params *p, u64 gpa, u64 size)
{
	void *host = NULL;

	if (size && load_is_ram(p, gpa, size))
		host = p->mem.ops->map(p->mem.ctx, GPA(gpa), size);
	if (!host)
		(void)trace_err(ERR_FAULT, "vm %s: no RAM at 0x%llx for %llu bytes of its image",
				p->vm, (unsigned long long)gpa, (unsigned long long)size);
	return host;
}

int load_copy(const struct load_params *p, u64 gpa, const struct guest_blob *blob, u64 size)
{
	u8 *host;

	if (!size)
		return 0;
	host = load_map(p, gpa, size);
	if (!host)
		return ERR_FAULT;
	load_copies_add(p->copies, host, blob->data, blob->size, size - blob->size);
	return 0;
}

void load_low_init(struct load_low *low, const struct load_params *p)
{
	low->params = p;
	low->next = LOAD_LOW_START;
}

void *load_low_alloc(struct load_low *low, u64 size, u64 align, u64 *gpa)
{
	u64 start = ALIGN_UP(low->next, align);
	void *host;

	if (size > LOAD_LOW_END || start > LOAD_LOW_END - size) {
		(void)trace_err(ERR_RANGE,
				"vm %s: boot information does not fit below 512 KiB: "
				"shorten bootargs or use fewer modules",
				low->params->vm);
		return NULL;
	}
	host = load_map(low->params, start, size);
	if (!host)
		return NULL;
	memset(host, 0, size);
	low->next = start + size;
	*gpa = start;
	return host;
}

u64 load_low_string(struct load_low *low, const char *s)
{
	size_t len = strlen(s) + 1;
	u64 gpa;
	char *host = load_low_alloc(low, len, 1, &gpa);

	if (!host)
		return 0;
	memcpy(host, s, len);
	return gpa;
}
