/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of MAC addresses (filtering database, IEEE 802.1Q 8.8): which port is an address
 * behind. Open addressing with a keyed hash: an address lies in one of the 8 slots of two
 * neighbouring cache lines, or nowhere. Lookups take no lock; changes do.
 */
#ifndef NET_VSWITCH_FDB_H
#define NET_VSWITCH_FDB_H

#include "kernel/lib/ticketlock.h"
#include "kernel/lib/types.h"

#define FDB_PORTS 256 /* port indices; 0 is never used */
#define FDB_LINE 4    /* slots of a cache line */
#define FDB_PROBE 8   /* slots in which an address can be */

/* 16 bytes, four to a line. The key is written last and cleared first, so that a reader who
 * sees the same key before and after reading the value has that key's value. */
struct fdb_entry {
	u64 key;   /* MAC, FDB_USED, VID; 0: free. See fdb_key() */
	u64 value; /* port, generation, age, flags. See fdb_value() */
};

/* A port as the table knows it. */
struct fdb_port {
	u16 gen;     /* of its addresses: entries of another one are stale. Flush: increment */
	u32 learned; /* entries of this generation, under the lock */
	u32 quota;
};

struct fdb {
	struct fdb_entry *slots; /* lines of four, 128-byte aligned */
	u64 factor;              /* of the hash: secret, odd */
	u32 shift;               /* of the hash: 64 - log2(slots) */
	u64 mask;                /* slots - 1 */
	struct fdb_port ports[FDB_PORTS];
	struct ticketlock lock; /* of changes */
	u64 sweep;              /* where ageing goes on */
	u32 ageing;             /* in units of 2^FDB_AGE_SHIFT ns */
	u32 used;               /* slots in use, stale ones included */
	u64 refused;            /* addresses not learned: quota, or no slot */
	u64 evicted;            /* addresses forgotten for another's sake */
	u64 moved;              /* addresses that appeared at another port */
};

/* Ages count in units of 2^30 ns, about a second; they wrap after 19 hours. */
#define FDB_AGE_SHIFT 30
#define FDB_USED BIT(15)
#define FDB_MAC (BIT(48) - 1)
#define FDB_FIXED 1ull /* value: a port's own address */

/* mac: its 6 bytes as a little-endian number. */
static inline u64 fdb_key(u64 mac, u16 vid)
{
	return mac << 16 | FDB_USED | vid;
}

static inline u64 fdb_key_mac(u64 key)
{
	return key >> 16;
}

static inline u16 fdb_key_vid(u64 key)
{
	return key & 0xfff;
}

static inline u64 fdb_value(u16 port, u16 gen, u16 age, u64 flags)
{
	return (u64)port << 48 | (u64)gen << 32 | (u64)age << 16 | flags;
}

static inline u16 fdb_value_port(u64 value)
{
	return (u16)(value >> 48);
}

static inline u16 fdb_value_gen(u64 value)
{
	return (u16)(value >> 32);
}

static inline u16 fdb_value_age(u64 value)
{
	return (u16)(value >> 16);
}

static inline u16 fdb_age_now(u64 now_ns)
{
	return (u16)(now_ns >> FDB_AGE_SHIFT);
}

/*
 * Where a key belongs: the number of its home slot. Multiply-shift with a secret odd factor,
 * which is universal: two keys chosen without knowing it collide no more often than by chance
 * (docs/adr/0015).
 */
static inline u64 fdb_home(const struct fdb *f, u64 key)
{
	return (key * f->factor) >> f->shift;
}

/* The value of key in the other slots than its home; 0 when it is in none. */
u64 fdb_find_further(const struct fdb *f, u64 key);

/* The value at e if its key is key, or 0. */
static inline u64 fdb_read(const struct fdb_entry *e, u64 key)
{
	u64 value;

	if (unlikely(__atomic_load_n(&e->key, __ATOMIC_ACQUIRE) != key))
		return 0;
	value = __atomic_load_n(&e->value, __ATOMIC_ACQUIRE);
	return likely(__atomic_load_n(&e->key, __ATOMIC_RELAXED) == key) ? value : 0;
}

/* The value of key, or 0. It may be stale: compare its generation with the port's. */
static inline u64 fdb_find(const struct fdb *f, u64 key)
{
	u64 value = fdb_read(&f->slots[fdb_home(f, key)], key);

	return likely(value) ? value : fdb_find_further(f, key);
}

static inline bool fdb_is_current(const struct fdb *f, u64 value)
{
	return f->ports[fdb_value_port(value) % FDB_PORTS].gen == fdb_value_gen(value);
}

enum fdb_verdict {
	FDB_LEARNED, /* or known already, or nothing done because another core is at it */
	FDB_REFUSED, /* quota, or no slot */
	FDB_STOLEN,  /* another port's own address: the frame is not to be forwarded */
};

/* table: bytes as struct vsw_config says. ERR_INVAL when they are not. */
int __must_check fdb_init(struct fdb *f, void *table, u64 bytes, u64 secret, u32 ageing_s);

/* An address was seen at a port, and fdb_find() gave seen, not (port, gen, age). */
enum fdb_verdict fdb_learn(struct fdb *f, u64 key, u64 seen, u16 port, u16 age);

/* Enter a port's own address. ERR_EXIST: it is another port's own. ERR_NOMEM: no slot. */
int __must_check fdb_add_fixed(struct fdb *f, u64 mac, u16 vid, u16 port);

/* Forget all addresses of a port, its own ones too. */
void fdb_flush_port(struct fdb *f, u16 port);

/* Look at count slots (0: all) where the last call stopped, and free what is stale or old. */
void fdb_age(struct fdb *f, u16 now, u64 count);

/* One line of `net macs`. */
struct fdb_row {
	u8 mac[6];
	u16 vid;
	u16 port;   /* index */
	bool fixed; /* the port's own address: does not age */
	u32 age_s;  /* seconds since it was last heard of */
};

/* Fill in the next row at or after slot *at, and advance it; false when there is none. */
bool __must_check fdb_next(const struct fdb *f, u64 *at, u16 now, struct fdb_row *row);

#endif
