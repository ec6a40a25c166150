/* SPDX-License-Identifier: BSD-2-Clause */
/* The EEPROM (chapter 5): 64 words, read by a register or pin by pin, never written. */
#include <string.h>

#include "vmm/e1000/impl.h"

#define WORD_INIT_1 0x0a
#define WORD_SUBSYSTEM 0x0b
#define WORD_SUBSYSTEM_VENDOR 0x0c
#define WORD_DEVICE 0x0d
#define WORD_VENDOR 0x0e
#define WORD_INIT_2 0x0f
#define WORD_CHECKSUM 0x3f
#define INIT_1_VALID 0x4000 /* 5.6.8: the contents are there */
#define INIT_2_PAUSE 0x3000 /* 5.6.12: flow control is advertised */
#define CHECKSUM 0xbaba     /* of all words together (5.6.35) */

/* A command: a leading 1, two bits of operation, six of address. */
#define COMMAND_BITS 9
#define COMMAND_READ 6
#define ADDRESS_BITS 6

void e1000_eeprom_init(struct e1000 *e, const u8 mac[6])
{
	u16 sum = 0;

	memset(e->eeprom, 0xff, sizeof(e->eeprom));
	for (u32 i = 0; i < 3; i++)
		e->eeprom[i] = (u16)(mac[2 * i] | mac[2 * i + 1] << 8);
	e->eeprom[WORD_INIT_1] = INIT_1_VALID;
	e->eeprom[WORD_SUBSYSTEM] = e->eeprom[WORD_DEVICE] = 0x100e;
	e->eeprom[WORD_SUBSYSTEM_VENDOR] = e->eeprom[WORD_VENDOR] = 0x8086;
	e->eeprom[WORD_INIT_2] = INIT_2_PAUSE;
	for (u32 i = 0; i < WORD_CHECKSUM; i++)
		sum = (u16)(sum + e->eeprom[i]);
	e->eeprom[WORD_CHECKSUM] = (u16)(CHECKSUM - sum);
}

u32 e1000_eerd(const struct e1000 *e, u32 value)
{
	u32 address = value >> E1000_EERD_ADDR_SHIFT & 0xff;
	u32 word = address < E1000_EEPROM_WORDS ? e->eeprom[address] : 0xffff;

	if (!(value & E1000_EERD_START))
		return value;
	return word << E1000_EERD_DATA_SHIFT | address << E1000_EERD_ADDR_SHIFT | E1000_EERD_DONE;
}

static void command_bit(struct e1000_microwire *m, bool bit)
{
	/* Zeros before the leading 1 are none. */
	m->in = m->in << 1 | bit;
	if (m->in >> (COMMAND_BITS - 1) != 1)
		return;
	m->reading = m->in >> ADDRESS_BITS == COMMAND_READ;
	m->address = m->in & (E1000_EEPROM_WORDS - 1);
	m->in = m->left = 0;
	m->out = 0; /* a 0 comes before the first word */
}

/* Words follow each other for as long as there are clocks. */
static void next_out(struct e1000 *e, struct e1000_microwire *m)
{
	if (!m->left) {
		m->out = e->eeprom[m->address++ % E1000_EEPROM_WORDS];
		m->left = 16;
	}
	m->left--;
}

static bool data_out(const struct e1000_microwire *m)
{
	return !m->reading || m->out >> m->left & 1;
}

void e1000_eecd_write(struct e1000 *e, u32 value)
{
	struct e1000_microwire *m = &e->microwire;
	u32 was = m->pins;

	m->pins = value & (E1000_EECD_SK | E1000_EECD_CS | E1000_EECD_DI | E1000_EECD_REQ);
	if (!(m->pins & E1000_EECD_CS)) {
		m->in = 0;
		m->reading = false;
		return;
	}
	if (!(m->pins & E1000_EECD_SK) || was & E1000_EECD_SK)
		return;
	if (m->reading)
		next_out(e, m);
	else
		command_bit(m, m->pins & E1000_EECD_DI);
}

u32 e1000_eecd_read(struct e1000 *e)
{
	const struct e1000_microwire *m = &e->microwire;
	u32 value = m->pins | E1000_EECD_PRES;

	if (m->pins & E1000_EECD_REQ)
		value |= E1000_EECD_GNT;
	return data_out(m) ? value | E1000_EECD_DO : value;
}
