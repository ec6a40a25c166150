/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/mm/heap.h"

#include <string.h>

#include "kernel/lib/bitmap.h"
#include "kernel/lib/checked.h"
#include "kernel/lib/err.h"
#include "kernel/lib/list.h"
#include "kernel/mm/page.h"
#include "kernel/sync/ticketlock.h"

/* Object sizes: multiples of 16 that waste little of a slab's 4032 bytes. */
static const u16 bin_sizes[] = {16,  32,  48,  64,  80,  96,  128,  160,  192,
				256, 336, 448, 576, 672, 800, 1008, 1344, HEAP_SLAB_MAX};

#define SLAB_HEADER 64
#define SLAB_OBJECTS ((PAGE_SIZE - SLAB_HEADER) / 16)
#define SLAB_MAGIC 0x51ab0b1eu

/* At the start of a slab's page; the objects follow. */
struct slab {
	u32 magic;        /* SLAB_MAGIC mixed with the page's address */
	u16 bin, used;    /* index of its size; objects allocated */
	struct list link; /* in heap_partial[bin] unless full */
	u64 free[BITMAP_WORDS(SLAB_OBJECTS)];
};
static_assert(sizeof(struct slab) <= SLAB_HEADER, "objects start after the header");

static struct list heap_partial[ARRAY_SIZE(bin_sizes)];
static struct heap_stats heap_counts;
static struct ticketlock heap_lock;

static unsigned slab_capacity(unsigned bin)
{
	return (PAGE_SIZE - SLAB_HEADER) / bin_sizes[bin];
}

static u32 slab_magic(const struct slab *slab)
{
	return SLAB_MAGIC ^ (u32)((uintptr_t)slab >> PAGE_SHIFT);
}

static unsigned bin_of(size_t size)
{
	unsigned bin = 0;

	while (bin_sizes[bin] < size)
		bin++;
	return bin;
}

static void count_alloc(size_t bytes)
{
	heap_counts.objects++;
	heap_counts.used_bytes += bytes;
	heap_counts.peak_bytes = MAX(heap_counts.peak_bytes, heap_counts.used_bytes);
}

static void count_free(size_t bytes)
{
	heap_counts.objects--;
	heap_counts.used_bytes -= bytes;
}

static struct slab *slab_create(unsigned bin)
{
	struct slab *slab;
	hpa_t page;

	if (page_alloc(0, &page))
		return NULL;
	slab = page_virt(page);
	memset(slab, 0, sizeof(*slab));
	slab->magic = slab_magic(slab);
	slab->bin = (u16)bin;
	for (unsigned i = 0; i < slab_capacity(bin); i++)
		bitmap_set(slab->free, i);
	list_add(&heap_partial[bin], &slab->link);
	heap_counts.slab_pages++;
	return slab;
}

/* An object of a size, not zeroed. The lock is held. */
static void *slab_alloc(unsigned bin)
{
	struct list *partial = &heap_partial[bin];
	struct slab *slab;
	size_t index;

	if (!partial->next)
		list_init(partial);
	slab =
	    list_empty(partial) ? slab_create(bin) : list_entry(partial->next, struct slab, link);
	if (!slab)
		return NULL;
	index = bitmap_next_set(slab->free, slab_capacity(bin), 0);
	bitmap_clear(slab->free, index);
	if (++slab->used == slab_capacity(bin))
		list_del(&slab->link);
	count_alloc(bin_sizes[bin]);
	return (char *)slab + SLAB_HEADER + index * bin_sizes[bin];
}

/* The slab that p is an allocated object of, with its index; NULL when it is none. */
static struct slab *slab_find(const void *p, size_t *index)
{
	struct slab *slab = (struct slab *)ALIGN_DOWN((uintptr_t)p, PAGE_SIZE);
	size_t offset = (uintptr_t)p - (uintptr_t)slab - SLAB_HEADER;

	/* The page allocator knows whether there is a page to look at. */
	if ((uintptr_t)p % PAGE_SIZE < SLAB_HEADER || page_size_of(page_hpa(slab)) != PAGE_SIZE ||
	    slab->magic != slab_magic(slab) || slab->bin >= ARRAY_SIZE(bin_sizes))
		return NULL;
	*index = offset / bin_sizes[slab->bin];
	if (offset % bin_sizes[slab->bin] || *index >= slab_capacity(slab->bin) ||
	    bitmap_test(slab->free, *index))
		return NULL;
	return slab;
}

static void slab_free(struct slab *slab, size_t index)
{
	struct list *partial = &heap_partial[slab->bin];

	bitmap_set(slab->free, index);
	count_free(bin_sizes[slab->bin]);
	if (slab->used-- == slab_capacity(slab->bin))
		list_add(partial, &slab->link);
	/* One empty slab per size may stay, so that a lone object costs no page each time. */
	if (slab->used || (partial->next == &slab->link && partial->prev == &slab->link))
		return;
	list_del(&slab->link);
	slab->magic = 0;
	heap_counts.slab_pages--;
	page_free(page_hpa(slab), 0);
}

static void *large_alloc(size_t size)
{
	u64 bytes;
	hpa_t base;

	if (!checked_align_up(size, PAGE_SIZE, &bytes) || page_alloc_range(bytes, PAGE_SIZE, &base))
		return NULL;
	heap_counts.large_pages += bytes / PAGE_SIZE;
	count_alloc(bytes);
	return page_virt(base);
}

/* Bytes of the large object at p, 0 when it is none. */
static u64 large_size(const void *p)
{
	return IS_ALIGNED((uintptr_t)p, PAGE_SIZE) ? page_size_of(page_hpa(p)) : 0;
}

static bool large_free(void *p)
{
	u64 bytes = large_size(p);

	/* A slab's own page is a block, not a range: freeing it so is refused. */
	if (!bytes || page_free_range(page_hpa(p), bytes))
		return false;
	heap_counts.large_pages -= bytes / PAGE_SIZE;
	count_free(bytes);
	return true;
}

void *heap_alloc(size_t size)
{
	size_t zero = size;
	void *p;

	ticket_lock(&heap_lock);
	if (size <= HEAP_SLAB_MAX) {
		zero = bin_sizes[bin_of(size)];
		p = slab_alloc(bin_of(size));
	} else {
		p = large_alloc(size);
	}
	if (!p)
		heap_counts.failures++;
	ticket_unlock(&heap_lock);
	return p ? memset(p, 0, zero) : NULL;
}

void *heap_alloc_array(size_t count, size_t size)
{
	u64 bytes;

	return checked_mul(count, size, &bytes) ? heap_alloc(bytes) : NULL;
}

void heap_free(void *p)
{
	bool done = true;
	struct slab *slab;
	size_t index;

	if (!p)
		return;
	ticket_lock(&heap_lock);
	slab = slab_find(p, &index);
	if (slab)
		slab_free(slab, index);
	else
		done = large_free(p);
	if (!done)
		heap_counts.bad_frees++;
	ticket_unlock(&heap_lock);
	if (!done)
		(void)trace_err(ERR_INVAL, "heap: refused to free %p, which is no object", p);
}

size_t heap_size_of(const void *p)
{
	const struct slab *slab;
	size_t index, size;

	ticket_lock(&heap_lock);
	slab = slab_find(p, &index);
	size = slab ? bin_sizes[slab->bin] : large_size(p);
	ticket_unlock(&heap_lock);
	return size;
}

void *heap_realloc(void *p, size_t size)
{
	size_t old = p ? heap_size_of(p) : 0;
	void *grown;

	/* What would leave more than half unused moves to a smaller place. */
	if (old >= size && size > old / 2)
		return p;
	grown = heap_alloc(size);
	if (!grown)
		return NULL;
	if (p)
		memcpy(grown, p, MIN(old, size));
	heap_free(p);
	return grown;
}

void heap_get_stats(struct heap_stats *out)
{
	ticket_lock(&heap_lock);
	*out = heap_counts;
	ticket_unlock(&heap_lock);
}
