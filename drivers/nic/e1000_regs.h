/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of Intel's gigabit controllers: PCI/PCI-X Family of Gigabit Ethernet Controllers
 * Software Developer's Manual (8254x), chapter 13; 82574 Datasheet, chapter 10. */
#ifndef DRIVERS_NIC_E1000_REGS_H
#define DRIVERS_NIC_E1000_REGS_H

#include "kernel/lib/types.h"

#define E1000_CTRL 0x0000
#define E1000_CTRL_ASDE BIT(5) /* auto-speed detection */
#define E1000_CTRL_SLU BIT(6)  /* set link up */
#define E1000_CTRL_RST BIT(26)
#define E1000_CTRL_VME BIT(30) /* VLAN tags are taken out of received frames */
#define E1000_CTRL_PHY_RST BIT(31)
#define E1000_STATUS 0x0008
#define E1000_STATUS_FD BIT(0)
#define E1000_STATUS_LU BIT(1)
#define E1000_STATUS_1000 BIT(7)
#define E1000_STATUS_SPEED(status) (((status) >> 6) & 3) /* 10, 100, 1000, 1000 Mbit/s */
#define E1000_EECD 0x0010
#define E1000_EECD_SK BIT(0) /* the EEPROM's pins */
#define E1000_EECD_CS BIT(1)
#define E1000_EECD_DI BIT(2)
#define E1000_EECD_DO BIT(3)
#define E1000_EECD_REQ BIT(6)
#define E1000_EECD_GNT BIT(7)
#define E1000_EECD_PRES BIT(8)
#define E1000_EERD 0x0014 /* 8254x; the 82574 has other bits and always fills RAL */
#define E1000_EERD_START BIT(0)
#define E1000_EERD_DONE BIT(4)
#define E1000_EERD_ADDR_SHIFT 8
#define E1000_EERD_DATA_SHIFT 16
#define E1000_CTRL_EXT 0x0018
#define E1000_CTRL_EXT_DRV_LOAD BIT(28) /* 82574: the firmware leaves the card alone */
#define E1000_MDIC 0x0020
#define E1000_MDIC_DATA 0xffffu
#define E1000_MDIC_REG(mdic) (((mdic) >> 16) & 0x1f)
#define E1000_MDIC_PHY(mdic) (((mdic) >> 21) & 0x1f)
#define E1000_MDIC_OP(mdic) (((mdic) >> 26) & 3) /* 1: write, 2: read */
#define E1000_MDIC_READY BIT(28)
#define E1000_MDIC_INTERRUPT BIT(29)
#define E1000_MDIC_ERROR BIT(30)
#define E1000_VET 0x0038 /* EtherType of VLAN tags */
#define E1000_ICR 0x00c0 /* reading clears it */
#define E1000_ITR 0x00c4 /* interrupt throttling, in 256 ns */
#define E1000_ICS 0x00c8
#define E1000_IMS 0x00d0
#define E1000_IMC 0x00d8
#define E1000_INT_TXDW BIT(0)   /* a transmit descriptor was written back */
#define E1000_INT_TXQE BIT(1)   /* the transmit ring is empty */
#define E1000_INT_LSC BIT(2)    /* the link has changed */
#define E1000_INT_MDAC BIT(9)   /* an MDIC access is done */
#define E1000_INT_RXDMT0 BIT(4) /* few receive descriptors are left */
#define E1000_INT_RXO BIT(6)    /* overrun */
#define E1000_INT_RXT0 BIT(7)   /* a frame was received */
#define E1000_INT_RX (E1000_INT_RXDMT0 | E1000_INT_RXO | E1000_INT_RXT0)

#define E1000_RCTL 0x0100
#define E1000_RCTL_EN BIT(1)
#define E1000_RCTL_UPE BIT(3)                    /* promiscuous: unicast */
#define E1000_RCTL_MPE BIT(4)                    /* and multicast */
#define E1000_RCTL_LPE BIT(5)                    /* frames of more than 1518 bytes, and a tag */
#define E1000_RCTL_MO(rctl) (((rctl) >> 12) & 3) /* which bits of an address the hash is */
#define E1000_RCTL_BAM BIT(15)
#define E1000_RCTL_BSIZE(rctl) (((rctl) >> 16) & 3)
#define E1000_RCTL_VFE BIT(18)   /* filter by VLAN */
#define E1000_RCTL_BSEX BIT(25)  /* buffers are 16 times as large */
#define E1000_RCTL_SECRC BIT(26) /* strip the FCS; buffers of 2048 bytes are size 0 */
#define E1000_TCTL 0x0400
#define E1000_TCTL_EN BIT(1)
#define E1000_TCTL_PSP BIT(3) /* pad short packets */
#define E1000_TCTL_CT (15u << 4)
#define E1000_TCTL_COLD (0x40u << 12)
#define E1000_TIPG 0x0410
#define E1000_TIPG_COPPER (10u | 8u << 10 | 6u << 20) /* 13.4.34: IPGT, IPGR1, IPGR2 */

#define E1000_RDBAL 0x2800
#define E1000_RDBAH 0x2804
#define E1000_RDLEN 0x2808
#define E1000_RDH 0x2810
#define E1000_RDT 0x2818
#define E1000_RDTR 0x2820
#define E1000_TDBAL 0x3800
#define E1000_TDBAH 0x3804
#define E1000_TDLEN 0x3808
#define E1000_TDH 0x3810
#define E1000_TDT 0x3818
#define E1000_MPC 0x4010  /* statistics: missed */
#define E1000_GPRC 0x4074 /* good frames received, of them broadcast and multicast */
#define E1000_BPRC 0x4078
#define E1000_MPRC 0x407c
#define E1000_GPTC 0x4080
#define E1000_GORCL 0x4088 /* good octets received and transmitted; the upper half follows */
#define E1000_GOTCL 0x4090
#define E1000_TORL 0x40c0
#define E1000_TOTL 0x40c8
#define E1000_TPR 0x40d0
#define E1000_TPT 0x40d4
#define E1000_RXCSUM 0x5000
#define E1000_RXCSUM_IPOFL BIT(8)
#define E1000_RXCSUM_TUOFL BIT(9)
#define E1000_MTA(i) (0x5200 + 4 * (i))
#define E1000_MTA_WORDS 128
#define E1000_RAL 0x5400
#define E1000_RAH 0x5404
#define E1000_RAH_AV BIT(31)
#define E1000_RA_ENTRIES 16
#define E1000_VFTA(i) (0x5600 + 4 * (i))
#define E1000_VFTA_WORDS 128
#define E1000_REGS_BYTES KIB(128)

/* 3.2.3: receive descriptor. */
struct e1000_rx_desc {
	u64 address;
	u16 length;
	u16 checksum;
	u8 status, errors;
	u16 special;
};
#define E1000_RXD_DD BIT(0)
#define E1000_RXD_EOP BIT(1)
#define E1000_RXD_VP BIT(3)    /* a tag was taken out: it is in .special */
#define E1000_RXD_IXSM BIT(2)  /* status: checksums were not looked at */
#define E1000_RXD_TCPCS BIT(5) /* that of TCP or UDP was */
#define E1000_RXD_IPCS BIT(6)
#define E1000_RXD_TCPE BIT(5) /* errors: they were wrong */
#define E1000_RXD_IPE BIT(6)
#define E1000_RXD_BAD (BIT(0) | BIT(1) | BIT(2) | BIT(4) | BIT(7)) /* of the frame itself */

/* 3.3.6 and 3.3.7: context and data descriptors for transmission. */
struct e1000_tx_desc {
	u64 address; /* context: ranges of checksums */
	u32 command; /* length in bits 0 to 19 */
	u32 status;  /* POPTS in bits 8 to 15; context: HDRLEN there, MSS in the upper half */
};
#define E1000_TXD_LENGTH_LEGACY 0xffffu
#define E1000_TXD_LENGTH 0xfffffu
#define E1000_TXD_TYPE (15u << 20)
#define E1000_TXD_CONTEXT 0u
#define E1000_TXD_DATA (1u << 20)
#define E1000_TXD_EOP (1u << 24)
#define E1000_TXD_IFCS (1u << 25)
#define E1000_TXD_IC (1u << 26)  /* legacy: insert a checksum */
#define E1000_TXD_TSE (1u << 26) /* cut into segments */
#define E1000_TXD_RS (1u << 27)
#define E1000_TXD_DEXT (1u << 29)
#define E1000_TXD_VLE (1u << 30) /* insert the tag in the upper half of .status */
#define E1000_TXD_DD BIT(0)
#define E1000_TXD_POPTS_IXSM (1u << 8)
#define E1000_TXD_POPTS_TXSM (2u << 8)
#define E1000_TXC_TCP (1u << 24) /* context's command: TCP, IPv4 */
#define E1000_TXC_IP (1u << 25)
#define E1000_TXC_TUCSS(start) ((u64)(start) << 32)
#define E1000_TXC_TUCSO(at) ((u64)(at) << 40) /* to the frame's end: TUCSE is 0 */

#endif
