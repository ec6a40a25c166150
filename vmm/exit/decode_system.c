/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that processors intercept (APM vol. 3; SDM 2D, appendix A). */
#include "vmm/exit/decode_parts.h"

/* MOV CR names registers whatever the upper bits of ModRM are. LOCK MOV CR0 is CR8 on AMD's. */
static int decode_move_cr(struct decoder *d, struct insn_system *out, u8 opcode)
{
	d->modrm = decode_u8(d);
	out->op = opcode == 0x20 ? INSN_SYSTEM_READ_CR : INSN_SYSTEM_WRITE_CR;
	out->cr = (u8)((d->modrm >> 3 & 7) | (d->rex & REX_R ? 8 : 0));
	if (d->out->flags & INSN_LOCK)
		out->cr |= 8;
	d->out->reg = (u8)((d->modrm & 7) | (d->rex & REX_B ? 8 : 0));
	return ERR_OK;
}

/* 0F 01: with a register operand all but LMSW and SMSW are instructions of three bytes. */
static int decode_group7(struct decoder *d, struct insn_system *out)
{
	unsigned reg;

	d->modrm = decode_u8(d);
	reg = d->modrm >> 3 & 7;
	out->op = reg == 4 ? INSN_SYSTEM_SMSW : reg == 6 ? INSN_SYSTEM_LMSW : INSN_SYSTEM_OTHER;
	out->memory = d->modrm < 0xc0;
	d->out->reg = (u8)((d->modrm & 7) | (d->rex & REX_B ? 8 : 0));
	d->out->reg_size = d->operand_size;
	if (!out->memory)
		return ERR_OK;
	d->out->mem_size = 2;
	if (d->out->address_size == 2)
		decode_memory16(d);
	else
		decode_memory32(d);
	return out->op == INSN_SYSTEM_OTHER ? ERR_UNSUPPORTED : ERR_OK;
}

/* Those of two bytes: CLTS INVD WBINVD WRMSR RDTSC RDMSR RDPMC CPUID RSM. */
static int decode_system_two(struct decoder *d, struct insn_system *out)
{
	u8 byte = decode_u8(d);

	switch (byte) {
	case 0x01:
		return decode_group7(d, out);
	case 0x20:
	case 0x22:
		return decode_move_cr(d, out, byte);
	case 0x06:
		out->op = INSN_SYSTEM_CLTS;
		return ERR_OK;
	case 0x08:
	case 0x09:
	case 0x30 ... 0x33:
	case 0xa2:
	case 0xaa:
		return ERR_OK;
	default:
		return ERR_UNSUPPORTED;
	}
}

static int decode_system(struct decoder *d, struct insn_system *out)
{
	u8 byte;

	if (decode_prefixes(d, &byte))
		return ERR_UNSUPPORTED;
	decode_sizes(d);
	switch (byte) {
	case 0x0f:
		return decode_system_two(d, out);
	case 0x90: /* PAUSE */
	case 0xf1: /* ICEBP */
	case 0xf4: /* HLT */
		return ERR_OK;
	case 0xe4 ... 0xe7:
		decode_u8(d);
		out->op = INSN_SYSTEM_IO;
		return ERR_OK;
	case 0x6c ... 0x6f:
	case 0xec ... 0xef:
		out->op = INSN_SYSTEM_IO;
		decode_default_segment(d->out, false);
		return ERR_OK;
	default:
		return ERR_UNSUPPORTED;
	}
}

int insn_decode_system(const u8 *bytes, size_t len, enum insn_mode mode, struct insn_system *out)
{
	struct decoder d;

	*out = (struct insn_system){0};
	decoder_init(&d, bytes, len, mode, &out->insn);
	return decoder_finish(&d, bytes, len, decode_system(&d, out));
}
