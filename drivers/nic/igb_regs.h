/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of the 82576: Intel 82576EB Gigabit Ethernet Controller Datasheet, chapter 8;
 * descriptors: chapter 7. */
#ifndef DRIVERS_NIC_IGB_REGS_H
#define DRIVERS_NIC_IGB_REGS_H

#include "kernel/lib/types.h"

#define IGB_CTRL 0x0000
#define IGB_CTRL_SLU BIT(6)
#define IGB_CTRL_RST BIT(26)
#define IGB_STATUS 0x0008
#define IGB_STATUS_LU BIT(1)
#define IGB_STATUS_SPEED(status) (((status) >> 6) & 3)
#define IGB_CTRL_EXT 0x0018
#define IGB_CTRL_EXT_PFRSTD BIT(14) /* virtual functions may go on after a reset */
#define IGB_CTRL_EXT_DRV_LOAD BIT(28)
#define IGB_MDIC 0x0020 /* 8.2.4: registers of the PHY; data in bits 0 to 15 */
#define IGB_MDIC_REGISTER(i) ((u32)(i) << 16)
#define IGB_MDIC_PHY (1u << 21) /* the internal one */
#define IGB_MDIC_WRITE (1u << 26)
#define IGB_MDIC_READY BIT(28)
#define IGB_PHY_CONTROL 0                  /* IEEE 802.3, 22.2.4.1 */
#define IGB_PHY_AUTONEG (BIT(12) | BIT(9)) /* on, and begun anew */
/* At the addresses of older cards, by which QEMU has them alone. */
#define IGB_ICR 0x00c0
#define IGB_IMS 0x00d0
#define IGB_IMC 0x00d8
#define IGB_GPIE 0x1514
#define IGB_GPIE_NSICR BIT(0)
#define IGB_GPIE_MSIX BIT(4)
#define IGB_GPIE_EIAME BIT(30)
#define IGB_GPIE_PBA BIT(31)
#define IGB_EICS 0x1520
#define IGB_EIMS 0x1524
#define IGB_EIMC 0x1528
#define IGB_EIAC 0x152c
#define IGB_EIAM 0x1530
#define IGB_EITR(vector) (0x1680 + 4 * (vector))
#define IGB_EITR_US(us) ((us) << 2)
/* Queues 0 to 7: receive in byte 0, transmit in byte 1. */
#define IGB_IVAR(queue) (0x1700 + 4 * (queue))
#define IGB_IVAR_VALID 0x80u

/* Causes that are no queue's: vector in byte 1. */
#define IGB_IVAR_MISC 0x1740
#define IGB_IVAR_OTHER(vector) ((IGB_IVAR_VALID | (vector)) << 8)
#define IGB_INT_MAILBOX BIT(8) /* mailboxes and resets of virtual functions */

/* Virtual functions (7.10.3.2, 8.14). A mailbox is 16 dwords. */
#define IGB_MAILBOX(vf) (0x0c00 + 4 * (vf))
#define IGB_MAILBOX_STS BIT(0) /* there is a message for the function */
#define IGB_MAILBOX_ACK BIT(1)
#define IGB_MAILBOX_VFU BIT(2) /* the function has the buffer */
#define IGB_MAILBOX_PFU BIT(3) /* we have */
#define IGB_MAILBOX_MEMORY(vf) (0x0800 + 64 * (vf))
#define IGB_MAILBOX_WORDS 16
#define IGB_MBVFICR 0x0c80 /* functions that sent a message: bits 0 to 7, written to clear */
#define IGB_MBVFIMR 0x0c84
#define IGB_VFLRE 0x0c88 /* functions that were reset */
#define IGB_DTXSWC 0x3500
#define IGB_DTXSWC_MAC_SPOOF(vf) BIT(vf)
#define IGB_DTXSWC_VLAN_SPOOF(vf) (BIT(8) << (vf))
#define IGB_DTXSWC_LOOPBACK BIT(31) /* frames between functions stay in the card */
#define IGB_WVBR 0x3554             /* queues whose frames were blocked as spoofed */
#define IGB_RTTDQSEL 0x3604
#define IGB_RTTBCNRM 0x3690
#define IGB_RTTBCNRM_DEFAULT 0x14u
#define IGB_RTTBCNRC 0x36b0 /* rate of the queue in RTTDQSEL: link speed by rate, 14.14 bits */
#define IGB_RTTBCNRC_ENABLE BIT(31)
#define IGB_RTTBCNRC_SHIFT 14
#define IGB_VMVIR(vf) (0x3700 + 4 * (vf))
#define IGB_VMVIR_DEFAULT BIT(30) /* insert this tag in all its frames */
#define IGB_VFTA(vid) (0x5600 + 4 * ((vid) / 32))
#define IGB_VLVF(i) (0x5d00 + 4 * (i))
#define IGB_VLVF_ENTRIES 32
#define IGB_VLVF_ENABLE BIT(31)
#define IGB_VLVF_POOL(pool) (BIT(12) << (pool))
#define IGB_VLVF_POOLS (0xffu << 12)
#define IGB_VLVF_VID 0xfffu

#define IGB_RCTL 0x0100
#define IGB_RCTL_EN BIT(1)
#define IGB_RCTL_UPE BIT(3)
#define IGB_RCTL_MPE BIT(4)
#define IGB_RCTL_BAM BIT(15)
#define IGB_RCTL_VFE BIT(18) /* VLANs are filtered */
#define IGB_RCTL_SECRC BIT(26)
#define IGB_TCTL 0x0400
#define IGB_TCTL_EN BIT(1)
#define IGB_TCTL_PSP BIT(3)
#define IGB_VFRE 0x0c8c /* a bit per pool: it may receive */
#define IGB_VFTE 0x0c90
#define IGB_RXCSUM 0x5000
#define IGB_RXCSUM_IPOFL BIT(8)
#define IGB_RXCSUM_TUOFL BIT(9)
#define IGB_MTA(i) (0x5200 + 4 * (i))
#define IGB_MTA_WORDS 128
#define IGB_RAL(i) ((i) < 16 ? 0x5400 + 8 * (i) : 0x54e0 + 8 * ((i)-16))
#define IGB_RAH(i) (IGB_RAL(i) + 4)
#define IGB_RA_ENTRIES 24
#define IGB_RAH_POOL(pool) (BIT(18) << (pool))
#define IGB_RAH_AV BIT(31)
#define IGB_UTA(i) (0xa000 + 4 * (i)) /* by hash, of addresses for one station */
#define IGB_UTA_WORDS 128
#define IGB_MRQC 0x5818
#define IGB_MRQC_VMDQ 3u
#define IGB_VT_CTL 0x581c
#define IGB_VT_CTL_DEFAULT(pool) ((u32)(pool) << 7)
#define IGB_VT_CTL_REPLICATE BIT(30)
#define IGB_VMOLR(pool) (0x5ad0 + 4 * (pool))
#define IGB_VMOLR_LONGEST 0x3fffu /* bytes of a frame, with LPE */
#define IGB_VMOLR_LPE BIT(16)
#define IGB_VMOLR_AUPE BIT(24)  /* untagged */
#define IGB_VMOLR_ROMPE BIT(25) /* groups of the hash table */
#define IGB_VMOLR_ROPE BIT(26)  /* addresses of the hash table */
#define IGB_VMOLR_BAM BIT(27)
#define IGB_VMOLR_MPME BIT(28)
#define IGB_VMOLR_STRVLAN BIT(30)
#define IGB_VMOLR_STRCRC BIT(31)

/* Queues. */
#define IGB_RX(queue, reg) (0xc000 + 0x40 * (queue) + (reg))
#define IGB_TX(queue, reg) (0xe000 + 0x40 * (queue) + (reg))
#define IGB_DBAL 0x00
#define IGB_DBAH 0x04
#define IGB_DLEN 0x08
#define IGB_SRRCTL 0x0c
#define IGB_SRRCTL_2K 2u            /* size of buffers in KiB */
#define IGB_SRRCTL_ADVANCED BIT(25) /* one buffer */
#define IGB_SRRCTL_DROP BIT(31)     /* when there are no descriptors, rather than wait */
#define IGB_DH 0x10
#define IGB_DT 0x18
#define IGB_DCTL 0x28
#define IGB_DCTL_ENABLE BIT(25)
#define IGB_REGS_BYTES KIB(128)

/* 7.1.5: receive descriptor; what is read and what is written back. */
struct igb_rx_desc {
	u64 address; /* written back: information on the packet */
	u32 status;  /* the lower half of the header buffer's address, not used */
	u16 length;
	u16 vlan;
};
#define IGB_RXD_DD BIT(0)
#define IGB_RXD_EOP BIT(1)
#define IGB_RXD_UDPCS BIT(4) /* the checksum was looked at */
#define IGB_RXD_L4CS BIT(5)
#define IGB_RXD_L4E BIT(29) /* and was wrong */
#define IGB_RXD_IPE BIT(30)
#define IGB_RXD_RXE BIT(31) /* the frame is bad */

/* 7.2.2.3 and 7.2.2.4: context and data descriptors for transmission. */
struct igb_tx_desc {
	u64 address; /* context: lengths of headers in the lower half */
	u32 command;
	u32 status; /* written back; before: options and length */
};
#define IGB_TXC_LENGTHS(mac, ip) ((u64)(mac) << 9 | (ip))
#define IGB_TXD_CONTEXT (2u << 20)
#define IGB_TXD_DATA (3u << 20)
#define IGB_TXC_IPV4 (1u << 10)
#define IGB_TXC_TCP (1u << 11)
#define IGB_TXD_EOP (1u << 24)
#define IGB_TXD_IFCS (1u << 25)
#define IGB_TXD_RS (1u << 27)
#define IGB_TXD_DEXT (1u << 29)
#define IGB_TXD_DD BIT(0)
#define IGB_TXD_TXSM (1u << 9)
#define IGB_TXD_LENGTH(bytes) ((u32)(bytes) << 14)

#endif
