/* SPDX-License-Identifier: BSD-2-Clause */
/* The PHY (IEEE 802.3 clause 22; Marvell's M88E1011): always 1000 Mbit/s, full duplex, when the
 * link is up. */
#include <string.h>

#include "vmm/e1000/impl.h"

#define PHY_ADDRESS 1
#define OP_WRITE 1
#define OP_READ 2

enum {
	PHY_CONTROL = 0,
	PHY_STATUS = 1,
	PHY_ID_1 = 2,
	PHY_ID_2 = 3,
	PHY_ADVERTISED = 4,
	PHY_PARTNER = 5,
	PHY_1000T_CONTROL = 9,
	PHY_1000T_STATUS = 10,
	PHY_EXTENDED = 15,
	PHY_M88_CONTROL = 16,
	PHY_M88_STATUS = 17,
	PHY_M88_EXTENDED = 20,
};

#define CONTROL_SELF_CLEARING 0x8200 /* reset, restart of auto-negotiation */
#define STATUS_UP 0x0024             /* link, auto-negotiation complete */
#define M88_STATUS_UP 0x0c00         /* link, speed and duplex resolved */

/* Bits that can be written; a register without any is read only. */
static const u16 writable[E1000_PHY_REGS] = {[PHY_CONTROL] = 0xffc0,
					     [PHY_ADVERTISED] = 0xffff,
					     [PHY_1000T_CONTROL] = 0xffff,
					     [PHY_M88_CONTROL] = 0xffff,
					     [PHY_M88_EXTENDED] = 0xffff};

void e1000_phy_reset(struct e1000 *e)
{
	memset(e->phy, 0, sizeof(e->phy));
	e->phy[PHY_CONTROL] = 0x1140;
	e->phy[PHY_STATUS] = 0x7949;
	e->phy[PHY_ID_1] = 0x0141;
	e->phy[PHY_ID_2] = 0x0c20;
	e->phy[PHY_ADVERTISED] = 0x0de1;
	e->phy[PHY_PARTNER] = 0x45e1;
	e->phy[PHY_1000T_CONTROL] = 0x0e00;
	e->phy[PHY_1000T_STATUS] = 0x3c00;
	e->phy[PHY_EXTENDED] = 0x3000;
	e->phy[PHY_M88_CONTROL] = 0x0360;
	e->phy[PHY_M88_STATUS] = 0xa000; /* 1000 Mbit/s, full duplex */
	e->phy[PHY_M88_EXTENDED] = 0x0d60;
}

static u16 phy_read(const struct e1000 *e, u32 reg)
{
	u16 value = e->phy[reg];

	if (e->link && reg == PHY_STATUS)
		value |= STATUS_UP;
	if (e->link && reg == PHY_M88_STATUS)
		value |= M88_STATUS_UP;
	return value;
}

static void phy_write(struct e1000 *e, u32 reg, u16 value)
{
	value = (u16)((e->phy[reg] & ~writable[reg]) | (value & writable[reg]));
	if (reg == PHY_CONTROL)
		value &= (u16)~CONTROL_SELF_CLEARING;
	e->phy[reg] = value;
}

u32 e1000_mdic(struct e1000 *e, u32 value)
{
	u32 reg = E1000_MDIC_REG(value);

	value &= ~(u32)E1000_MDIC_ERROR;
	if (E1000_MDIC_PHY(value) != PHY_ADDRESS)
		return value | E1000_MDIC_READY | E1000_MDIC_ERROR;
	if (E1000_MDIC_OP(value) == OP_READ)
		value = (value & ~E1000_MDIC_DATA) | phy_read(e, reg);
	else if (E1000_MDIC_OP(value) == OP_WRITE)
		phy_write(e, reg, (u16)value);
	return value | E1000_MDIC_READY;
}
