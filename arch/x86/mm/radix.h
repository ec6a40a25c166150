/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one page-table engine: host page tables, EPT, NPT and VT-d second-level
 * tables are the same radix tree of 512-entry tables; what differs is a
 * descriptor, struct radix_format.
 *
 * The tree is changed by one CPU at a time (the caller serializes), while
 * hardware may walk it at any moment: every entry is written by one atomic
 * store, a new table is complete before it becomes reachable, and a table that
 * is no longer reachable maps nothing that it did not map before, and is not
 * freed, until the caller says that every walker was flushed (radix_flushed()).
 *
 * Invariants, also after an error: no table but the root is empty; what a failed
 * call should have changed is as it was before.
 */
#ifndef ARCH_X86_MM_RADIX_H
#define ARCH_X86_MM_RADIX_H

#include "arch/x86/mm/memtype.h"
#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

/* Permissions. RADIX_R must be set in every mapping. */
#define RADIX_R 0x01u
#define RADIX_W 0x02u
#define RADIX_X 0x04u
#define RADIX_U 0x08u /* user mode; formats without the notion ignore it */
#define RADIX_RW (RADIX_R | RADIX_W)
#define RADIX_RX (RADIX_R | RADIX_X)
#define RADIX_RWX (RADIX_R | RADIX_W | RADIX_X)

/* Address bits that a table resolves. The model checker's harness has smaller tables. */
#ifndef RADIX_BITS
#define RADIX_BITS 9
#endif

/* Levels count from the leaf tables up; a leaf at level n covers
 * RADIX_LEVEL_SIZE(n) bytes: 4 KiB, 2 MiB, 1 GiB. */
enum radix_level { RADIX_4K = 1, RADIX_2M = 2, RADIX_1G = 3, RADIX_LEAF_LEVELS = 3 };
#define RADIX_LEVEL_SHIFT(n) (PAGE_SHIFT + RADIX_BITS * ((n)-1))
#define RADIX_LEVEL_SIZE(n) (1ull << RADIX_LEVEL_SHIFT(n))
#define RADIX_ENTRIES (1 << RADIX_BITS)

/* What distinguishes one table format from another. */
struct radix_format {
	const char *name;
	unsigned levels;    /* of a full walk: 4, or 3 and 5 for other address widths */
	unsigned max_leaf;  /* largest leaf the format has, an enum radix_level */
	bool canonical;     /* input addresses are sign-extended to 64 bits */
	bool flush_on_map;  /* walkers may cache non-present entries */
	u64 address_mask;   /* bits of an entry that hold a 4 KiB-aligned address */
	u64 present_mask;   /* an entry with any of these bits set is present */
	u64 large_bit;      /* marks a leaf above level 1 */
	u64 table_bits;     /* set in an entry that points to a table */
	u64 status_mask;    /* accessed, dirty: set by hardware, no part of the mapping */
	unsigned perm_mask; /* permissions that the format can withhold or grant */
	/* The attribute bits of a leaf at a level, without address and large bit. */
	u64 (*encode)(unsigned level, unsigned perm, enum mem_type type);
	/* The reverse, for a present leaf. */
	void (*decode)(u64 entry, unsigned level, unsigned *perm, enum mem_type *type);
};

/*
 * Host tables, 4 levels (SDM 3A 4.5). Memory types are PAT indices; the PAT MSR
 * of every processor must hold RADIX_HOST_PAT:
 *	PA0 WB  PA1 WT  PA2 WC  PA3 UC  PA4 WB  PA5 WP  PA6 UC-  PA7 UC
 * PA0, PA1 and PA3 are what a reset leaves there, so that WB, WT and UC mean the
 * same before the MSR is written.
 */
#define RADIX_HOST_PAT 0x0007050600010406ull
extern const struct radix_format radix_format_host;

/* EPT, 4 levels (SDM 3C 29.3.2). The guest's PAT stays in effect (bit 6 clear). */
extern const struct radix_format radix_format_ept;

/*
 * NPT, 4 levels (APM vol. 2, 15.25.5): the format of host tables, read with the host's PAT, and as
 * by user code. Input addresses are not sign-extended. Needs EFER.NXE on the host.
 */
extern const struct radix_format radix_format_npt;

/* VT-d second-level tables of 3 and 4 levels (VT-d specification 4.1, 9.8): addresses of 39 and
 * 48 bits. Permissions are read and write; memory types are the processors' affair. */
extern const struct radix_format radix_format_vtd39, radix_format_vtd48;

/* Where tables live. */
struct radix_mem_ops {
	/* One zeroed, 4 KiB-aligned page; ERR_NOMEM when there is none. */
	int (*alloc)(void *ctx, hpa_t *page);
	void (*free)(void *ctx, hpa_t page);
	void *(*virt)(void *ctx, hpa_t page);
	/* Write changed entries back to memory, for walkers that do not snoop
	 * caches. NULL when all do. */
	void (*writeback)(void *ctx, const void *start, size_t bytes);
};

struct radix_stats {
	u64 leaves[RADIX_LEAF_LEVELS + 1]; /* [level]: number of leaves; [0] unused */
	u64 tables;                        /* table pages, the root and retired ones included */
	u64 splits, promotions;            /* since radix_init() */
};

/* Tables replaced by a leaf whose entries must stay until a flush. When full,
 * promotion waits. */
#define RADIX_RETIRED_MAX 8

struct radix {
	const struct radix_format *format;
	const struct radix_mem_ops *mem;
	void *mem_ctx;
	hpa_t root;        /* for CR3, EPTP, nCR3 or a context entry */
	unsigned max_leaf; /* enum radix_level */
	u64 generation;    /* see radix_generation() */
	u64 flushed;       /* the generation that was flushed last */
	struct radix_stats stats;
	u64 retired; /* chain of unlinked tables, an address; 0: none */
	hpa_t promoted[RADIX_RETIRED_MAX];
	unsigned promoted_count;
};

/* What a lookup found. */
struct radix_leaf {
	hpa_t pa;      /* of the very byte asked for */
	u64 size;      /* of the leaf, or of the hole when there is none */
	unsigned perm; /* RADIX_* */
	enum mem_type type;
	unsigned steps; /* entries read */
};

/* Allocate the root table. mem_ctx is handed to the ops. ERR_NOMEM. */
int __must_check radix_init(struct radix *r, const struct radix_format *format,
			    const struct radix_mem_ops *mem, void *mem_ctx);

/* Free every table. No walker may use the tree any more. */
void radix_destroy(struct radix *r);

/* Allow no leaves above level (enum radix_level) from now on; for processors or
 * units without the larger ones. Existing leaves stay. */
void radix_limit_leaf(struct radix *r, unsigned level);

/*
 * Map size bytes at va to pa. All three are multiples of 4 KiB, size is not 0.
 * The largest leaves that alignment, size and the limit allow are used, and
 * tables that became uniform are promoted to a leaf.
 * ERR_EXIST: a part is mapped already. ERR_RANGE: outside of the format's
 * addresses. ERR_INVAL: not aligned, or no RADIX_R. ERR_NOMEM. On errors nothing
 * is mapped.
 */
int __must_check radix_map(struct radix *r, u64 va, hpa_t pa, u64 size, unsigned perm,
			   enum mem_type type);

/* Unmap size bytes at va; holes are skipped. Errors as radix_map(); ERR_NOMEM can
 * come from splitting a leaf at either end. */
int __must_check radix_unmap(struct radix *r, u64 va, u64 size);

/* Change the permissions, or the memory type, of what is mapped in size bytes at
 * va; holes are skipped. Errors as radix_unmap(). */
int __must_check radix_protect(struct radix *r, u64 va, u64 size, unsigned perm);
int __must_check radix_retype(struct radix *r, u64 va, u64 size, enum mem_type type);

/* Translate va. ERR_NOENT: nothing there; out->size then is the size of the naturally
 * aligned hole around va, out->steps is set as well. ERR_RANGE: no valid address. */
int __must_check radix_lookup(const struct radix *r, u64 va, struct radix_leaf *out);

/*
 * Flushing. The generation grows whenever translations that a walker may have cached
 * have become stale. A CPU that enters a guest compares it with the one it last
 * flushed for; when every walker has flushed, radix_flushed() frees the tables that
 * were kept for them.
 *	radix_unmap(r, ...);
 *	if (radix_needs_flush(r)) {
 *		flush on every CPU;
 *		radix_flushed(r);
 *	}
 */
static inline u64 radix_generation(const struct radix *r)
{
	return __atomic_load_n(&r->generation, __ATOMIC_ACQUIRE);
}

static inline bool radix_needs_flush(const struct radix *r)
{
	return r->generation != r->flushed;
}

void radix_flushed(struct radix *r);

#endif
