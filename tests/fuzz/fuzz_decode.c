/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes through the decoder and, when they are an instruction, the emulator on a machine
 * whose registers are made of the bytes too. The first byte is the mode.
 */
#include <stdlib.h>
#include <string.h>

#include "vmm/exit/emulate.h"

#define CHECK(cond) ((cond) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct machine {
	u64 gpr[16], rflags, seed;
	unsigned accesses, fail_at;
};

static u64 gpr_get(void *ctx, unsigned reg)
{
	CHECK(reg < 16);
	return ((struct machine *)ctx)->gpr[reg];
}

static void gpr_set(void *ctx, unsigned reg, u64 value)
{
	CHECK(reg < 16);
	((struct machine *)ctx)->gpr[reg] = value;
}

static u64 rip_get(void *ctx)
{
	return ((struct machine *)ctx)->seed;
}

static u64 rflags_get(void *ctx)
{
	return ((struct machine *)ctx)->rflags;
}

static void rflags_set(void *ctx, u64 rflags)
{
	((struct machine *)ctx)->rflags = rflags;
}

static u64 segment_base(void *ctx, unsigned segment)
{
	CHECK(segment < 6);
	return ((struct machine *)ctx)->seed * (segment + 1);
}

static int access_check(struct machine *m, u64 linear, unsigned size)
{
	CHECK(size == 1 || size == 2 || size == 4 || size == 8);
	CHECK(linear % PAGE_SIZE + size <= PAGE_SIZE);
	return ++m->accesses == m->fail_at ? ERR_FAULT : 0;
}

static int mem_read(void *ctx, u64 linear, unsigned size, u64 *value)
{
	*value = insn_truncate(linear * 0x9e3779b97f4a7c15ull, size);
	return access_check(ctx, linear, size);
}

static int mem_write(void *ctx, u64 linear, unsigned size, u64 value)
{
	CHECK(value == insn_truncate(value, size));
	return access_check(ctx, linear, size);
}

static const struct emulate_ops ops = {gpr_get,    gpr_set,      rip_get,  rflags_get,
				       rflags_set, segment_base, mem_read, mem_write};

static void emulate(const struct insn *in, const u8 *data, size_t size)
{
	struct machine m = {.rflags = 2};
	int err;

	memcpy(m.gpr, data, size < sizeof(m.gpr) ? size : sizeof(m.gpr));
	m.seed = m.gpr[0] ^ m.gpr[1];
	m.fail_at = data[size - 1] % 8;
	err = insn_emulate(in, &ops, &m);
	CHECK(err == 0 || err == ERR_FAULT || (err == EMULATE_AGAIN && in->rep));
	/* Three accesses an iteration at most, each in up to eight pieces. */
	CHECK(m.accesses <= EMULATE_SLICE * 24);
}

/* The same instruction whatever follows it, and incomplete without its last byte. */
static void check_length(const u8 *bytes, size_t len, enum insn_mode mode, const struct insn *in)
{
	u8 padded[INSN_MAX_LENGTH + 1], *exact = malloc(in->length);
	struct insn again;

	CHECK(in->length >= 1 && in->length <= INSN_MAX_LENGTH && in->length <= len);
	memcpy(exact, bytes, in->length);
	memset(padded, 0, sizeof(padded));
	memcpy(padded, bytes, in->length);
	CHECK(insn_decode(exact, in->length, mode, &again) == 0);
	CHECK(!memcmp(&again, in, sizeof(again)));
	CHECK(insn_decode(padded, sizeof(padded), mode, &again) == 0);
	CHECK(!memcmp(&again, in, sizeof(again)));
	CHECK(insn_decode(exact, in->length - 1u, mode, &again) == ERR_RANGE);
	free(exact);
}

/* The same for the instructions that exit. */
static void check_system(const u8 *bytes, size_t len, enum insn_mode mode)
{
	struct insn_system in, again;
	int err = insn_decode_system(bytes, len, mode, &in);
	u8 *exact;

	CHECK(err == 0 || err == ERR_UNSUPPORTED || err == ERR_RANGE || err == ERR_INVAL);
	if (err)
		return;
	CHECK(in.insn.length >= 1 && in.insn.length <= INSN_MAX_LENGTH && in.insn.length <= len);
	CHECK(in.cr < 16 && in.insn.reg < 16);
	exact = malloc(in.insn.length);
	memcpy(exact, bytes, in.insn.length);
	CHECK(insn_decode_system(exact, in.insn.length, mode, &again) == 0);
	CHECK(!memcmp(&again, &in, sizeof(again)));
	CHECK(insn_decode_system(exact, in.insn.length - 1u, mode, &again) == ERR_RANGE);
	free(exact);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	enum insn_mode mode;
	struct insn in;
	u8 *copy;
	int err;

	if (size < 2)
		return 0;
	mode = (enum insn_mode)(data[0] % 3);
	/* Its own allocation: a byte too far is an error. */
	copy = malloc(size - 1);
	memcpy(copy, data + 1, size - 1);
	err = insn_decode(copy, size - 1, mode, &in);
	CHECK(err == 0 || err == ERR_UNSUPPORTED || err == ERR_RANGE || err == ERR_INVAL);
	if (!err) {
		check_length(copy, size - 1, mode, &in);
		emulate(&in, data, size);
	}
	check_system(copy, size - 1, mode);
	free(copy);
	return 0;
}
