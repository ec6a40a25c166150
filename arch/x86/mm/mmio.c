/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/mm/mmio.h"

#include "arch/x86/cpu/spin.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/host.h"
#include "arch/x86/mm/pages.h"
#include "arch/x86/mm/radix.h"
#include "kernel/lib/err.h"

struct mapping {
	u64 pa, size, va;
	enum mem_type type;
};

/* One page of them after the other. */
struct mapping_page {
	struct mapping_page *next;
	u64 count;
	struct mapping entry[(PAGE_SIZE - 16) / sizeof(struct mapping)];
};

static struct mapping_page *mappings;
static u64 next_va = MMIO_BASE;
static struct spin mmio_lock;

static void *mapping_find(u64 pa, u64 size, enum mem_type type)
{
	for (struct mapping_page *p = mappings; p; p = p->next) {
		for (u64 i = 0; i < p->count; i++) {
			const struct mapping *m = &p->entry[i];

			if (m->type == type && pa >= m->pa && pa + size <= m->pa + m->size)
				return (void *)(m->va + (pa - m->pa));
		}
	}
	return NULL;
}

static struct mapping *mapping_new(void)
{
	if (!mappings || mappings->count == ARRAY_SIZE(mappings->entry)) {
		struct mapping_page *page = pages_alloc(0);

		if (!page)
			return NULL;
		page->next = mappings;
		mappings = page;
	}
	return &mappings->entry[mappings->count];
}

/* Large areas get an address that allows large leaves. */
static u64 choose_va(u64 pa, u64 size)
{
	u64 align = size >= MIB(2) ? MIB(2) : PAGE_SIZE;

	return ALIGN_UP(next_va, align) + (pa & (align - 1));
}

static void *mapping_create(u64 pa, u64 size, enum mem_type type)
{
	struct mapping *m = mapping_new();
	u64 va = choose_va(pa, size);

	if (!m || host_map(va, HPA(pa), size, RADIX_RW, type)) {
		log_err("mmio: cannot map %llx, %llu bytes", (unsigned long long)pa,
			(unsigned long long)size);
		return NULL;
	}
	*m = (struct mapping){.pa = pa, .size = size, .va = va, .type = type};
	mappings->count++;
	next_va = va + size + PAGE_SIZE;
	return (void *)va;
}

void *mmio_map(hpa_t pa, u64 size, enum mem_type type)
{
	u64 first = ALIGN_DOWN(pa.v, PAGE_SIZE);
	u64 bytes = ALIGN_UP(pa.v + size, PAGE_SIZE) - first;
	void *p;

	spin_lock(&mmio_lock);
	p = mapping_find(first, bytes, type);
	if (!p)
		p = mapping_create(first, bytes, type);
	spin_unlock(&mmio_lock);
	return p ? (char *)p + (pa.v - first) : NULL;
}
