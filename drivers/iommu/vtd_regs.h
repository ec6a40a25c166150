/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and structures of a remapping unit: Intel VT-d specification 4.1, chapters 9 and 11. */
#ifndef DRIVERS_IOMMU_VTD_REGS_H
#define DRIVERS_IOMMU_VTD_REGS_H

#include "kernel/lib/types.h"

#define VTD_VER 0x00
#define VTD_VER_MAJOR(v) (((v) >> 4) & 15)
#define VTD_CAP 0x08
#define VTD_CAP_DOMAINS(cap) (1u << (4 + 2 * ((cap)&7)))
#define VTD_CAP_RWBF BIT(4) /* write buffers are to be flushed */
#define VTD_CAP_CM BIT(7)   /* caching mode: what is not present may be cached */
#define VTD_CAP_SAGAW(cap) (((cap) >> 8) & 31)
#define VTD_SAGAW_39 BIT(1)
#define VTD_SAGAW_48 BIT(2)
#define VTD_CAP_MGAW(cap) ((((cap) >> 16) & 63) + 1) /* widest address of a DMA, in bits */
#define VTD_CAP_FRO(cap) ((((cap) >> 24) & 0x3ff) * 16)
#define VTD_CAP_2M BIT(34)
#define VTD_CAP_1G BIT(35)
#define VTD_CAP_PSI BIT(39)
#define VTD_CAP_NFR(cap) ((((cap) >> 40) & 0xff) + 1)
#define VTD_CAP_MAMV(cap) (((cap) >> 48) & 63)
#define VTD_CAP_DWD BIT(54)
#define VTD_CAP_DRD BIT(55)
#define VTD_ECAP 0x10
#define VTD_ECAP_COHERENT BIT(0) /* page walks snoop the processors' caches */
#define VTD_ECAP_QI BIT(1)
#define VTD_ECAP_IR BIT(3)
#define VTD_ECAP_EIM BIT(4) /* 32-bit APIC IDs */
#define VTD_ECAP_PT BIT(6)
#define VTD_ECAP_SC BIT(7)

#define VTD_GCMD 0x18
#define VTD_GSTS 0x1c
#define VTD_GCMD_TE BIT(31)   /* translation */
#define VTD_GCMD_SRTP BIT(30) /* take the root table's address */
#define VTD_GCMD_WBF BIT(27)  /* flush write buffers */
#define VTD_GCMD_QIE BIT(26)  /* queued invalidation */
#define VTD_GCMD_IRE BIT(25)  /* interrupt remapping */
#define VTD_GCMD_SIRTP BIT(24)
#define VTD_GCMD_CFI BIT(23)
/* Of the status, what a command must repeat; the rest acts once (11.4.4.1). */
#define VTD_GSTS_KEPT 0x96ffffffu
#define VTD_RTADDR 0x20

#define VTD_FSTS 0x34
#define VTD_FSTS_PFO BIT(0) /* faults were lost */
#define VTD_FSTS_PPF BIT(1) /* some are pending */
#define VTD_FSTS_IQE BIT(4) /* the queue's head is an invalid descriptor */
#define VTD_FSTS_ICE BIT(5)
#define VTD_FSTS_ITE BIT(6) /* a device did not answer an invalidation */
#define VTD_FSTS_FRI(fsts) (((fsts) >> 8) & 0xff)
#define VTD_FECTL 0x38
#define VTD_FECTL_MASKED BIT(31)
#define VTD_FEDATA 0x3c
#define VTD_FEADDR 0x40
#define VTD_FEUADDR 0x44

/* Interrupt remapping table: address, mode, and log2 of its entries less one (11.4.11). */
#define VTD_IRTA 0xb8
#define VTD_IRTA_EIME BIT(11) /* destinations are 32-bit APIC IDs */

/* Entry of that table (9.10), in two quadwords. */
#define VTD_IRTE_PRESENT BIT(0)
#define VTD_IRTE_LEVEL BIT(4)
#define VTD_IRTE_VECTOR(v) ((u64)(v) << 16)
#define VTD_IRTE_X2APIC(id) ((u64)(id) << 32)
#define VTD_IRTE_XAPIC(id) ((u64)(id) << 40)
#define VTD_IRTE_SOURCE(id) ((u64)(id))
#define VTD_IRTE_VERIFY_SOURCE (1ull << 18) /* all 16 bits of it */

/* A message in remappable format (5.1.2.2): the index takes bits 5 to 19 and 2. */
#define VTD_MSI_ADDRESS 0xfee00000u
#define VTD_MSI_REMAPPABLE BIT(4)
#define VTD_MSI_INDEX(i) (((u32)(i)&0x7fff) << 5 | ((u32)(i) >> 15) << 2)
/* An entry of an I/O APIC in that format (5.1.5.1), besides its trigger, polarity and vector. */
#define VTD_IOAPIC_REMAPPABLE BIT(48)
#define VTD_IOAPIC_INDEX(i) (((u64)(i)&0x7fff) << 49 | ((u64)(i) >> 15) << 11)

/* Fault records, at VTD_CAP_FRO (11.4.7.3): two quadwords each. */
#define VTD_FRCD_BYTES 16
#define VTD_FRCD_HIGH 8
#define VTD_FRCD_F BIT(63)
#define VTD_FRCD_READ BIT(62) /* else a write */
#define VTD_FRCD_REASON(high) ((u8)((high) >> 32))
#define VTD_FRCD_SOURCE(high) ((u16)(high))
#define VTD_FRCD_ADDRESS(low) ((low) & ~0xfffull)
#define VTD_FRCD_INDEX(low) ((u16)((low) >> 48)) /* of an interrupt */
#define VTD_REASON_INTERRUPT 0x20                /* from here on: of interrupt remapping (7.1) */

#define VTD_IQH 0x80
#define VTD_IQT 0x88
#define VTD_IQA 0x90

/* Descriptors of the queue (6.5.2), two quadwords each. */
#define VTD_QI_CONTEXT_GLOBAL (1u | 1u << 4)
#define VTD_QI_CONTEXT_DEVICE (1u | 3u << 4)
#define VTD_QI_IOTLB_GLOBAL (2u | 1u << 4)
#define VTD_QI_IOTLB_DOMAIN (2u | 2u << 4)
#define VTD_QI_IOTLB_DRAIN (BIT(6) | BIT(7)) /* of writes and reads, where there is that */
#define VTD_QI_IRQ_GLOBAL 4u
#define VTD_QI_IRQ_INDEX(i) (4u | BIT(4) | (u64)(i) << 32)
#define VTD_QI_DOMAIN(id) ((u64)(id) << 16)
#define VTD_QI_SOURCE(bdf) ((u64)(bdf) << 32)
#define VTD_QI_WAIT (5u | BIT(5)) /* writes the status */
#define VTD_QI_STATUS(value) ((u64)(value) << 32)

/* Root entry (9.1) and context entry (9.3) of the legacy mode. */
#define VTD_ROOT_PRESENT BIT(0)
#define VTD_CONTEXT_PRESENT BIT(0)
#define VTD_CONTEXT_WIDTH(levels) ((u64)(levels)-2)
#define VTD_CONTEXT_DOMAIN(id) ((u64)(id) << 8)
#define VTD_ENTRIES 256

#endif
