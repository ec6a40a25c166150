/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From an address tuple to a 32-bit reference, in one cache line: a bucket holds eight tags of
 * one byte and eight references. Buckets that are full continue in a spare bucket. Whether a
 * tag that fits is really the tuple's is for the caller to see: the table has no keys.
 *
 * The hash is pair-multiply-shift (Thorup, "High speed hashing for integers and strings",
 * 2015, section 3.6): strongly universal for a secret, random key. So whoever picks tuples
 * without seeing the hash gets no more collisions than chance gives.
 */
#ifndef NET_NAT_TABLE_H
#define NET_NAT_TABLE_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

#define NAT_BUCKET_SLOTS 8
#define NAT_REF_MAX ((1u << 26) - 1) /* greatest reference; the six bits above are more tag */

struct nat_bucket {
	u64 tags;                   /* a byte per slot, 0: free */
	u32 refs[NAT_BUCKET_SLOTS]; /* six bits of tag, 26 bits of reference */
	u32 overflow;               /* number of the bucket where it goes on, 0: nowhere */
	u32 unused[5];
} __aligned(64);
static_assert(sizeof(struct nat_bucket) == 64, "one line");

struct nat_hash_key {
	u64 k[4];
};

struct nat_table {
	struct nat_bucket *buckets; /* 1 << bits, then the spare ones */
	struct nat_hash_key key;
	u32 shift;   /* 64 - bits */
	u32 spare;   /* first free spare bucket, 0: none; linked by overflow */
	u32 used;    /* references in the table */
	u32 chained; /* spare buckets in use */
};

/* An IPv4 tuple as a packet has it: source and destination address in the low and high half
 * of addrs, ports in the low and high half of ports, both as loaded from the headers. */
static inline u64 nat_hash(const struct nat_hash_key *key, u64 addrs, u32 ports, u8 proto)
{
	u64 a = (key->k[0] + (u32)addrs) * (key->k[1] + (addrs >> 32));
	u64 b = (key->k[2] + ports) * (key->k[3] + proto);

	return a + b;
}

static inline struct nat_bucket *nat_table_bucket(const struct nat_table *table, u64 hash)
{
	return &table->buckets[hash >> table->shift];
}

/* The tag byte of a hash: bits 32..39, which no table of up to 2^24 buckets uses as index. */
static inline u64 nat_tag(u64 hash)
{
	u8 tag = (u8)(hash >> 32);

	return tag ? tag : 1;
}

static inline u32 nat_ref_tag(u64 hash)
{
	return (u32)(hash >> 26 & 0x3f) << 26;
}

/* Bit 7 of each byte of tags that equals tag; bytes above one that does may err. */
static inline u64 nat_match_tags(u64 tags, u64 tag)
{
	u64 x = tags ^ tag * 0x0101010101010101ull;

	return (x - 0x0101010101010101ull) & ~x & 0x8080808080808080ull;
}

/* Visit the references in the table that may be those of hash: a start and a step.
 *	nat_find_start(&f, table, hash);
 *	while (nat_find_next(&f, &ref)) ... */
struct nat_find {
	const struct nat_table *table;
	const struct nat_bucket *bucket;
	u64 match;
	u64 tag;
	u32 ref_tag;
};

static inline void nat_find_start(struct nat_find *f, const struct nat_table *table, u64 hash)
{
	f->table = table;
	f->bucket = nat_table_bucket(table, hash);
	f->tag = nat_tag(hash);
	f->ref_tag = nat_ref_tag(hash);
	f->match = nat_match_tags(f->bucket->tags, f->tag);
}

static inline bool nat_find_next(struct nat_find *f, u32 *ref)
{
	for (;;) {
		while (f->match) {
			u32 entry = f->bucket->refs[__builtin_ctzll(f->match) / 8];

			f->match &= f->match - 1;
			if (likely((entry & ~NAT_REF_MAX) == f->ref_tag)) {
				*ref = entry & NAT_REF_MAX;
				return true;
			}
		}
		if (likely(!f->bucket->overflow))
			return false;
		f->bucket = &f->table->buckets[f->bucket->overflow];
		f->match = nat_match_tags(f->bucket->tags, f->tag);
	}
}

/* Bytes of memory that a table for so many references needs, half full at most on average. */
u64 nat_table_bytes(u32 references);

/* memory: nat_table_bytes(references) bytes, aligned to 64, contents do not matter. */
void nat_table_init(struct nat_table *table, void *memory, u32 references,
		    const struct nat_hash_key *key);

/* Enter ref, which is not in the table under that hash. ERR_NOMEM when its bucket is full and
 * no spare one is left, which is counted by the caller and no accident of a packet's contents. */
int __must_check nat_table_insert(struct nat_table *table, u64 hash, u32 ref);

/* Take ref out again; false when it is not there. */
bool nat_table_remove(struct nat_table *table, u64 hash, u32 ref);

#endif
