/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/mm/radix.h"

/* Bits 51:12 of an entry, in all formats. */
#define ADDRESS_MASK 0x000ffffffffff000ull

/* Host entries (SDM 3A 4.5, tables 4-15 to 4-20). */
#define HOST_P BIT(0)
#define HOST_W BIT(1)
#define HOST_U BIT(2)
#define HOST_A BIT(5)
#define HOST_D BIT(6)
#define HOST_PS BIT(7)
#define HOST_NX BIT(63)
#define HOST_PAT_4K BIT(7)
#define HOST_PAT_LARGE BIT(12)
/* PWT and PCD, bits 4:3, are the lower bits of the PAT index. */
#define HOST_PAT_LOW_SHIFT 3

/* PAT indices by memory type, and back: RADIX_HOST_PAT. */
static const u8 host_pat_index[] = {
    [MEM_UC] = 3, [MEM_WC] = 2, [MEM_WT] = 1, [MEM_WP] = 5, [MEM_WB] = 0};
static const u8 host_pat_type[] = {MEM_WB, MEM_WT, MEM_WC, MEM_UC, MEM_WB, MEM_WP, MEM_UC, MEM_UC};

/* Accessed and dirty are set from the start: nobody reads them, and hardware need not. */
static u64 host_encode(unsigned level, unsigned perm, enum mem_type type)
{
	unsigned index = host_pat_index[type];
	u64 entry = HOST_P | HOST_A | HOST_D | (u64)(index & 3) << HOST_PAT_LOW_SHIFT;

	if (index & 4)
		entry |= level == RADIX_4K ? HOST_PAT_4K : HOST_PAT_LARGE;
	if (perm & RADIX_W)
		entry |= HOST_W;
	if (perm & RADIX_U)
		entry |= HOST_U;
	if (!(perm & RADIX_X))
		entry |= HOST_NX;
	return entry;
}

static void host_decode(u64 entry, unsigned level, unsigned *perm, enum mem_type *type)
{
	u64 pat = level == RADIX_4K ? HOST_PAT_4K : HOST_PAT_LARGE;
	unsigned index = (entry >> HOST_PAT_LOW_SHIFT & 3) | (entry & pat ? 4 : 0);

	*perm = RADIX_R | (entry & HOST_W ? RADIX_W : 0) | (entry & HOST_U ? RADIX_U : 0) |
		(entry & HOST_NX ? 0 : RADIX_X);
	*type = host_pat_type[index];
}

const struct radix_format radix_format_host = {
    .name = "host",
    .levels = 4,
    .max_leaf = RADIX_1G,
    .canonical = true,
    .address_mask = ADDRESS_MASK,
    .present_mask = HOST_P,
    .large_bit = HOST_PS,
    .table_bits = HOST_P | HOST_W | HOST_U | HOST_A,
    .status_mask = HOST_A | HOST_D,
    .perm_mask = RADIX_RWX | RADIX_U,
    .encode = host_encode,
    .decode = host_decode,
};

/* The nested walk is a user's: every entry has U. Accessed and dirty are left to hardware. */
static u64 npt_encode(unsigned level, unsigned perm, enum mem_type type)
{
	return (host_encode(level, perm, type) | HOST_U) & ~(HOST_A | HOST_D);
}

static void npt_decode(u64 entry, unsigned level, unsigned *perm, enum mem_type *type)
{
	host_decode(entry, level, perm, type);
	*perm &= RADIX_RWX;
}

const struct radix_format radix_format_npt = {
    .name = "NPT",
    .levels = 4,
    .max_leaf = RADIX_1G,
    .address_mask = ADDRESS_MASK,
    .present_mask = HOST_P,
    .large_bit = HOST_PS,
    .table_bits = HOST_P | HOST_W | HOST_U,
    .status_mask = HOST_A | HOST_D,
    .perm_mask = RADIX_RWX,
    .encode = npt_encode,
    .decode = npt_decode,
};

/* EPT entries (SDM 3C 29.3.2, tables 29-1 to 29-6); R, W, X are bits 2:0 as in RADIX_*. */
#define EPT_TYPE_SHIFT 3
#define EPT_PS BIT(7)
#define EPT_A BIT(8)
#define EPT_D BIT(9)

static u64 ept_encode(unsigned level, unsigned perm, enum mem_type type)
{
	(void)level;
	return perm | (u64)type << EPT_TYPE_SHIFT;
}

static void ept_decode(u64 entry, unsigned level, unsigned *perm, enum mem_type *type)
{
	(void)level;
	*perm = entry & RADIX_RWX;
	*type = (enum mem_type)(entry >> EPT_TYPE_SHIFT & 7);
}

const struct radix_format radix_format_ept = {
    .name = "EPT",
    .levels = 4,
    .max_leaf = RADIX_1G,
    .address_mask = ADDRESS_MASK,
    .present_mask = RADIX_RWX,
    .large_bit = EPT_PS,
    .table_bits = RADIX_RWX,
    .status_mask = EPT_A | EPT_D,
    .perm_mask = RADIX_RWX,
    .encode = ept_encode,
    .decode = ept_decode,
};

/* VT-d second-level entries (VT-d 4.1, tables 9.8): R and W are bits 1:0 as in RADIX_*. */
#define VTD_PS BIT(7)
#define VTD_A BIT(8)
#define VTD_D BIT(9)

static u64 vtd_encode(unsigned level, unsigned perm, enum mem_type type)
{
	(void)level;
	(void)type;
	return perm & RADIX_RW;
}

static void vtd_decode(u64 entry, unsigned level, unsigned *perm, enum mem_type *type)
{
	(void)level;
	*perm = entry & RADIX_RW;
	*type = MEM_WB;
}

#define VTD_FORMAT(name_, levels_)                                                           \
	{                                                                                    \
		.name = name_, .levels = levels_, .max_leaf = RADIX_1G,                      \
		.address_mask = ADDRESS_MASK, .present_mask = RADIX_RW, .large_bit = VTD_PS, \
		.table_bits = RADIX_RW, .status_mask = VTD_A | VTD_D, .perm_mask = RADIX_RW, \
		.encode = vtd_encode, .decode = vtd_decode,                                  \
	}

const struct radix_format radix_format_vtd39 = VTD_FORMAT("VT-d, 39 bits", 3);
const struct radix_format radix_format_vtd48 = VTD_FORMAT("VT-d, 48 bits", 4);
