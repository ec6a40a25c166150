/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/nat/table.h"

#include <string.h>

#include "kernel/lib/bitmap.h"

#define MIN_BITS 3

static u32 table_bits(u32 references)
{
	u32 buckets = references / (NAT_BUCKET_SLOTS / 2) + 1;

	return MAX(log2_ceil(buckets), (u32)MIN_BITS);
}

/* One spare bucket for eight: at the half-full average, two of a hundred overflow. */
static u32 table_spares(u32 bits)
{
	return 1u << (bits - MIN_BITS);
}

u64 nat_table_bytes(u32 references)
{
	u32 bits = table_bits(references);

	return ((1ull << bits) + table_spares(bits)) * sizeof(struct nat_bucket);
}

void nat_table_init(struct nat_table *table, void *memory, u32 references,
		    const struct nat_hash_key *key)
{
	u32 bits = table_bits(references), first = 1u << bits, spares = table_spares(bits);

	memset(memory, 0, nat_table_bytes(references));
	*table = (struct nat_table){.buckets = memory, .key = *key, .shift = 64 - bits};
	for (u32 i = 0; i < spares; i++)
		table->buckets[first + i].overflow = i + 1 < spares ? first + i + 1 : 0;
	table->spare = first;
}

static void bucket_set(struct nat_bucket *bucket, u32 slot, u64 hash, u32 ref)
{
	bucket->tags |= nat_tag(hash) << (slot * 8);
	bucket->refs[slot] = nat_ref_tag(hash) | ref;
}

/* A free slot of the bucket, or NAT_BUCKET_SLOTS. */
static u32 bucket_free_slot(const struct nat_bucket *bucket)
{
	u64 empty = nat_match_tags(bucket->tags, 0);

	return empty ? (u32)__builtin_ctzll(empty) / 8 : NAT_BUCKET_SLOTS;
}

static struct nat_bucket *table_chain(struct nat_table *table, struct nat_bucket *last)
{
	struct nat_bucket *more;

	if (!table->spare)
		return NULL;
	more = &table->buckets[table->spare];
	last->overflow = table->spare;
	table->spare = more->overflow;
	table->chained++;
	more->overflow = 0;
	more->tags = 0;
	return more;
}

int nat_table_insert(struct nat_table *table, u64 hash, u32 ref)
{
	struct nat_bucket *bucket = nat_table_bucket(table, hash);
	u32 slot = bucket_free_slot(bucket);

	while (slot == NAT_BUCKET_SLOTS) {
		if (bucket->overflow)
			bucket = &table->buckets[bucket->overflow];
		else if (!(bucket = table_chain(table, bucket)))
			return ERR_NOMEM;
		slot = bucket_free_slot(bucket);
	}
	bucket_set(bucket, slot, hash, ref);
	table->used++;
	return ERR_OK;
}

/* Give a spare bucket that has become empty back. */
static void table_unchain(struct nat_table *table, struct nat_bucket *before,
			  struct nat_bucket *bucket)
{
	u32 number = before->overflow;

	before->overflow = bucket->overflow;
	bucket->overflow = table->spare;
	table->spare = number;
	table->chained--;
}

bool nat_table_remove(struct nat_table *table, u64 hash, u32 ref)
{
	struct nat_bucket *bucket = nat_table_bucket(table, hash), *before = NULL;

	for (;;) {
		u64 match = nat_match_tags(bucket->tags, nat_tag(hash));

		for (; match; match &= match - 1) {
			u32 slot = (u32)__builtin_ctzll(match) / 8;

			if (bucket->refs[slot] != (nat_ref_tag(hash) | ref))
				continue;
			bucket->tags &= ~(0xffull << (slot * 8));
			table->used--;
			if (before && !bucket->tags)
				table_unchain(table, before, bucket);
			return true;
		}
		if (!bucket->overflow)
			return false;
		before = bucket;
		bucket = &table->buckets[bucket->overflow];
	}
}
