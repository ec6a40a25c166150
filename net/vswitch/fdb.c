/* SPDX-License-Identifier: BSD-2-Clause */
#include "net/vswitch/fdb.h"

#include "kernel/lib/bitmap.h"
#include "kernel/lib/err.h"

#define TABLE_MIN 4096

int fdb_init(struct fdb *f, void *table, u64 bytes, u64 secret, u32 ageing_s)
{
	u64 unit_s = BIT(FDB_AGE_SHIFT) / 1000000000ull; /* 1, rounded down */

	if (!table || bytes < TABLE_MIN || !is_power_of_2(bytes) || (u64)table % 128)
		return trace_err(ERR_INVAL,
				 "switch: an address table of %llu bytes at %p: it needs "
				 "a power of two, %u at least, on 128 bytes",
				 (unsigned long long)bytes, table, TABLE_MIN);
	*f = (struct fdb){
	    .slots = table,
	    .mask = bytes / sizeof(struct fdb_entry) - 1,
	    .factor = secret | 1,
	    .shift = 64 - log2_floor(bytes / sizeof(struct fdb_entry)),
	    .ageing = (u32)MIN(ageing_s / unit_s, 0x7fff),
	};
	for (u32 i = 0; i < FDB_PORTS; i++)
		f->ports[i].gen = 1; /* so that a free entry is never current */
	return ERR_OK;
}

/* The i-th slot to look at for a home: the home, the rest of its line, the neighbour line. */
static inline struct fdb_entry *probe(const struct fdb *f, u64 home, u32 i)
{
	return &f->slots[home ^ i];
}

u64 fdb_find_further(const struct fdb *f, u64 key)
{
	u64 home = fdb_home(f, key);

	for (u32 i = 0; i < FDB_PROBE; i++) {
		u64 value = fdb_read(probe(f, home, i), key);

		if (value)
			return value;
	}
	return 0;
}

/* The functions below hold the lock. */

static void forget_count(struct fdb *f, u64 value)
{
	struct fdb_port *port = &f->ports[fdb_value_port(value)];

	if (port->gen == fdb_value_gen(value) && port->learned && !(value & FDB_FIXED))
		port->learned--;
}

static void write_entry(struct fdb *f, struct fdb_entry *e, u64 key, u64 value)
{
	f->used += !e->key;
	__atomic_store_n(&e->key, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&e->value, value, __ATOMIC_RELEASE);
	__atomic_store_n(&e->key, key, __ATOMIC_RELEASE);
}

static void free_entry(struct fdb *f, struct fdb_entry *e)
{
	forget_count(f, e->value);
	f->used--;
	__atomic_store_n(&e->key, 0, __ATOMIC_RELEASE);
}

static bool is_old(const struct fdb *f, u64 value, u16 now)
{
	u16 age = (u16)(now - fdb_value_age(value));

	/* Another core's clock may be a little ahead: that is not 19 hours ago. */
	return !(value & FDB_FIXED) && age > f->ageing && age < 0xff00;
}

static struct fdb_entry *find_entry(const struct fdb *f, u64 key, u64 home)
{
	for (u32 i = 0; i < FDB_PROBE; i++)
		if (probe(f, home, i)->key == key)
			return probe(f, home, i);
	return NULL;
}

static struct fdb_entry *find_free(struct fdb *f, u64 home, u16 now)
{
	for (u32 i = 0; i < FDB_PROBE; i++) {
		struct fdb_entry *e = probe(f, home, i);

		if (!e->key)
			return e;
		if (!fdb_is_current(f, e->value) || is_old(f, e->value, now)) {
			free_entry(f, e);
			return e;
		}
	}
	return NULL;
}

static u32 count_of_port(const struct fdb *f, u64 home, u16 port)
{
	u32 count = 0;

	for (u32 i = 0; i < FDB_PROBE; i++)
		count += fdb_value_port(probe(f, home, i)->value) == port;
	return count;
}

/*
 * All 8 slots are taken: whoever has most of them gives one up, its oldest. The newcomer gives
 * up its own if it has as many as anybody else: so a flood of addresses that collide displaces
 * its sender's, not those of others. NULL when all are fixed.
 */
static struct fdb_entry *find_victim(const struct fdb *f, u64 home, u16 newcomer, u16 now)
{
	struct fdb_entry *victim = NULL;
	u32 best = 0;

	for (u32 i = 0; i < FDB_PROBE; i++) {
		struct fdb_entry *e = probe(f, home, i);
		u16 port = fdb_value_port(e->value);
		u32 score = 2 * count_of_port(f, home, port) + (port == newcomer);
		u16 age = (u16)(now - fdb_value_age(e->value));

		score = score << 16 | age;
		if (!(e->value & FDB_FIXED) && score >= best) {
			best = score;
			victim = e;
		}
	}
	return victim;
}

static enum fdb_verdict insert(struct fdb *f, u64 key, u64 home, u64 value)
{
	u16 port = fdb_value_port(value), now = fdb_value_age(value);
	struct fdb_entry *e = find_free(f, home, now);

	if (!e) {
		e = find_victim(f, home, port, now);
		if (!e) {
			f->refused++;
			return FDB_REFUSED;
		}
		f->evicted++;
		free_entry(f, e);
	}
	write_entry(f, e, key, value);
	return FDB_LEARNED;
}

static enum fdb_verdict learn_locked(struct fdb *f, u64 key, u64 home, u16 port, u16 age)
{
	struct fdb_port *mine = &f->ports[port];
	u64 value = fdb_value(port, mine->gen, age, 0);
	struct fdb_entry *e = find_entry(f, key, home);
	enum fdb_verdict verdict = FDB_LEARNED;

	if (e && fdb_is_current(f, e->value)) {
		if (fdb_value_port(e->value) == port) {
			__atomic_store_n(&e->value, value | (e->value & FDB_FIXED),
					 __ATOMIC_RELEASE);
			return FDB_LEARNED;
		}
		if (e->value & FDB_FIXED)
			return FDB_STOLEN;
	}
	if (mine->learned >= mine->quota) {
		f->refused++;
		return FDB_REFUSED;
	}
	if (e) {
		f->moved += fdb_is_current(f, e->value);
		free_entry(f, e);
		write_entry(f, e, key, value);
	} else {
		verdict = insert(f, key, home, value);
	}
	mine->learned += verdict == FDB_LEARNED;
	return verdict;
}

enum fdb_verdict fdb_learn(struct fdb *f, u64 key, u64 seen, u16 port, u16 age)
{
	bool known = seen && fdb_is_current(f, seen);
	enum fdb_verdict verdict;

	if (known && seen & FDB_FIXED && fdb_value_port(seen) != port)
		return FDB_STOLEN;
	/* Without the lock: who is over its quota cannot make others wait for it. */
	if ((!known || fdb_value_port(seen) != port) &&
	    __atomic_load_n(&f->ports[port].learned, __ATOMIC_RELAXED) >= f->ports[port].quota)
		return FDB_REFUSED;
	if (!ticket_trylock(&f->lock))
		return FDB_LEARNED; /* the next frame will tell again */
	verdict = learn_locked(f, key, fdb_home(f, key), port, age);
	ticket_unlock(&f->lock);
	return verdict;
}

int fdb_add_fixed(struct fdb *f, u64 mac, u16 vid, u16 port)
{
	u64 key = fdb_key(mac, vid), home = fdb_home(f, key);
	u64 value = fdb_value(port, f->ports[port].gen, 0, FDB_FIXED);
	struct fdb_entry *e;
	int err = ERR_OK;

	ticket_lock(&f->lock);
	e = find_entry(f, key, home);
	if (e && e->value & FDB_FIXED && fdb_is_current(f, e->value) &&
	    fdb_value_port(e->value) != port) {
		err = ERR_EXIST;
	} else {
		if (e)
			free_entry(f, e);
		if (insert(f, key, home, value) != FDB_LEARNED)
			err = ERR_NOMEM;
	}
	ticket_unlock(&f->lock);
	return err;
}

void fdb_flush_port(struct fdb *f, u16 port)
{
	ticket_lock(&f->lock);
	__atomic_store_n(&f->ports[port].gen, (u16)(f->ports[port].gen + 1), __ATOMIC_RELEASE);
	f->ports[port].learned = 0;
	ticket_unlock(&f->lock);
}

void fdb_age(struct fdb *f, u16 now, u64 count)
{
	ticket_lock(&f->lock);
	if (!count || count > f->mask + 1)
		count = f->mask + 1;
	while (count--) {
		struct fdb_entry *e = &f->slots[f->sweep++ & f->mask];

		if (e->key && (!fdb_is_current(f, e->value) || is_old(f, e->value, now)))
			free_entry(f, e);
	}
	ticket_unlock(&f->lock);
}

bool fdb_next(const struct fdb *f, u64 *at, u16 now, struct fdb_row *row)
{
	for (; *at <= f->mask; ++*at) {
		u64 key = __atomic_load_n(&f->slots[*at].key, __ATOMIC_ACQUIRE);
		u64 value = __atomic_load_n(&f->slots[*at].value, __ATOMIC_ACQUIRE);

		if (!key || !fdb_is_current(f, value))
			continue;
		for (u32 i = 0; i < 6; i++)
			row->mac[i] = (u8)(fdb_key_mac(key) >> 8 * i);
		row->vid = fdb_key_vid(key);
		row->port = fdb_value_port(value);
		row->fixed = value & FDB_FIXED;
		row->age_s = row->fixed ? 0 : (u16)(now - fdb_value_age(value));
		++*at;
		return true;
	}
	return false;
}
