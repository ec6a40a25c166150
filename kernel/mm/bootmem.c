/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/mm/bootmem.h"

#include "kernel/lib/bitmap.h"
#include "kernel/lib/checked.h"

static u64 region_end(const struct mem_region *region)
{
	return region->base + region->size;
}

/* Cut a region to whole pages above page 0, so that address 0 can mean none. */
static void region_trim(struct mem_region *region)
{
	u64 end = ALIGN_DOWN(UINT64_MAX, PAGE_SIZE), base;

	if (!checked_align_up(MAX(region->base, PAGE_SIZE), PAGE_SIZE, &base))
		base = end;
	if (region->size < end - MIN(region->base, end))
		end = ALIGN_DOWN(region_end(region), PAGE_SIZE);
	region->base = base;
	region->size = end > base ? end - base : 0;
}

static void regions_sort(struct mem_region *regions, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct mem_region region = regions[i];
		size_t k = i;

		for (; k && regions[k - 1].base > region.base; k--)
			regions[k] = regions[k - 1];
		regions[k] = region;
	}
}

void bootmem_init(struct bootmem *bm, struct mem_region *regions, size_t count, size_t capacity)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		region_trim(&regions[i]);
	regions_sort(regions, count);
	for (size_t i = 0; i < count; i++) {
		struct mem_region *last = used ? &regions[used - 1] : NULL, next = regions[i];

		if (!next.size)
			continue;
		if (last && next.base <= region_end(last))
			last->size = MAX(region_end(last), region_end(&next)) - last->base;
		else
			regions[used++] = next;
	}
	*bm = (struct bootmem){.regions = regions, .count = used, .capacity = capacity};
}

static void region_insert(struct bootmem *bm, size_t at, struct mem_region region)
{
	for (size_t i = bm->count++; i > at; i--)
		bm->regions[i] = bm->regions[i - 1];
	bm->regions[at] = region;
}

static void region_remove(struct bootmem *bm, size_t at)
{
	bm->count--;
	for (size_t i = at; i < bm->count; i++)
		bm->regions[i] = bm->regions[i + 1];
}

/* Cut [base, end), which overlaps region at, out of it. */
static int region_cut(struct bootmem *bm, size_t at, u64 base, u64 end)
{
	struct mem_region *region = &bm->regions[at];
	struct mem_region above = {end, region_end(region) > end ? region_end(region) - end : 0};

	if (base <= region->base) {
		*region = above;
		if (!above.size)
			region_remove(bm, at);
		return ERR_OK;
	}
	if (above.size && bm->count == bm->capacity)
		return trace_err(ERR_NOMEM, "memory map: no room for region %#llx",
				 (unsigned long long)end);
	region->size = base - region->base;
	if (above.size)
		region_insert(bm, at + 1, above);
	return ERR_OK;
}

int bootmem_reserve(struct bootmem *bm, u64 base, u64 size)
{
	u64 end;

	if (!checked_add(base, size, &end) || !checked_align_up(end, PAGE_SIZE, &end))
		end = ALIGN_DOWN(UINT64_MAX, PAGE_SIZE);
	base = ALIGN_DOWN(base, PAGE_SIZE);
	for (size_t i = bm->count; i-- > 0;) {
		const struct mem_region *region = &bm->regions[i];
		int err = ERR_OK;

		if (range_overlaps(region->base, region->size, base, end - base))
			err = region_cut(bm, i, base, end);
		if (err)
			return err;
	}
	return ERR_OK;
}

int bootmem_alloc(struct bootmem *bm, u64 bytes, u64 align, u64 limit, hpa_t *out)
{
	u64 lowest = limit > MIB(1) ? MIB(1) : 0, start;

	if (!is_power_of_2(align) || align < PAGE_SIZE || !bytes ||
	    !checked_align_up(bytes, PAGE_SIZE, &bytes))
		return trace_err(ERR_INVAL, "boot memory: bad request, %#llx bytes",
				 (unsigned long long)bytes);
	for (size_t i = 0; i < bm->count; i++) {
		u64 base = bm->regions[i].base, end = MIN(region_end(&bm->regions[i]), limit);

		if (!checked_align_up(MAX(base, lowest), align, &start) || start > end ||
		    bytes > end - start || region_cut(bm, i, start, start + bytes))
			continue;
		bm->allocated += bytes;
		*out = HPA(start);
		return ERR_OK;
	}
	return trace_err(ERR_NOMEM, "boot memory: no %#llx bytes below %#llx",
			 (unsigned long long)bytes, (unsigned long long)limit);
}
