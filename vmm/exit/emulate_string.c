/* SPDX-License-Identifier: BSD-2-Clause */
/* String instructions, with their repetition cut into slices (SDM 2B, REP). */
#include "vmm/exit/emulate_parts.h"

/* Registers while iterations go on; put back at the end, whatever it was. */
struct string_state {
	u64 rsi, rdi, rcx, rax, rflags;
};

static int string_source(const struct emulation *e, const struct string_state *s, u64 *value)
{
	return emulate_read(e, emulate_linear(e, e->in->segment, s->rsi), e->in->mem_size, value);
}

/* The destination's segment is ES whatever the prefix. */
static u64 string_target(const struct emulation *e, const struct string_state *s)
{
	return emulate_linear(e, INSN_ES, s->rdi);
}

static int string_compare(const struct emulation *e, struct string_state *s)
{
	u64 a = insn_truncate(s->rax, e->in->mem_size), b;
	int err = ERR_OK;

	if (e->in->op == INSN_CMPS)
		err = string_source(e, s, &a);
	if (!err)
		err = emulate_read(e, string_target(e, s), e->in->mem_size, &b);
	if (!err)
		emulate_alu(INSN_CMP, a, b, e->in->mem_size, &s->rflags);
	return err;
}

static int string_move(const struct emulation *e, struct string_state *s)
{
	u64 value = s->rax;
	int err = ERR_OK;

	if (e->in->flags & INSN_READS)
		err = string_source(e, s, &value);
	if (err)
		return err;
	if (e->in->flags & INSN_WRITES)
		return emulate_write(e, string_target(e, s), e->in->mem_size, value);
	s->rax = insn_merge(s->rax, value, e->in->mem_size);
	return ERR_OK;
}

/* One iteration: access, then step the index registers that the instruction uses. */
static int string_iterate(const struct emulation *e, struct string_state *s)
{
	unsigned op = e->in->op, width = e->in->address_size;
	u64 step = s->rflags & FLAG_DF ? 0 - (u64)e->in->mem_size : e->in->mem_size;
	bool compare = op == INSN_CMPS || op == INSN_SCAS;
	int err = compare ? string_compare(e, s) : string_move(e, s);

	if (err)
		return err;
	if (op != INSN_STOS && op != INSN_SCAS)
		s->rsi = insn_merge(s->rsi, s->rsi + step, width);
	if (op != INSN_LODS)
		s->rdi = insn_merge(s->rdi, s->rdi + step, width);
	if (e->in->rep)
		s->rcx = insn_merge(s->rcx, s->rcx - 1, width);
	return ERR_OK;
}

/* Whether a repetition is over after an iteration. */
static bool string_finished(const struct emulation *e, const struct string_state *s)
{
	bool compare = e->in->op == INSN_CMPS || e->in->op == INSN_SCAS;

	if (!e->in->rep || !insn_truncate(s->rcx, e->in->address_size))
		return true;
	return compare && !(s->rflags & FLAG_ZF) == (e->in->rep == INSN_REPE);
}

static int string_slice(const struct emulation *e, struct string_state *s)
{
	for (unsigned i = 0; i < EMULATE_SLICE; i++) {
		int err = string_iterate(e, s);

		if (err)
			return err;
		if (string_finished(e, s))
			return ERR_OK;
	}
	return EMULATE_AGAIN;
}

int emulate_string(const struct emulation *e)
{
	const struct emulate_ops *ops = e->ops;
	struct string_state s = {
	    .rsi = ops->gpr_get(e->ctx, INSN_RSI),
	    .rdi = ops->gpr_get(e->ctx, INSN_RDI),
	    .rcx = ops->gpr_get(e->ctx, INSN_RCX),
	    .rax = ops->gpr_get(e->ctx, INSN_RAX),
	    .rflags = ops->rflags_get(e->ctx),
	};
	const struct string_state old = s;
	int err;

	if (e->in->rep && !insn_truncate(s.rcx, e->in->address_size))
		return ERR_OK;
	err = string_slice(e, &s);
	if (s.rsi != old.rsi)
		ops->gpr_set(e->ctx, INSN_RSI, s.rsi);
	if (s.rdi != old.rdi)
		ops->gpr_set(e->ctx, INSN_RDI, s.rdi);
	if (s.rcx != old.rcx)
		ops->gpr_set(e->ctx, INSN_RCX, s.rcx);
	if (s.rax != old.rax)
		ops->gpr_set(e->ctx, INSN_RAX, s.rax);
	if (s.rflags != old.rflags)
		ops->rflags_set(e->ctx, s.rflags);
	return err;
}
