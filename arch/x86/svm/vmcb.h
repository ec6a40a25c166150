/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual machine control block (APM vol. 2, appendix B), with its names. */
#ifndef ARCH_X86_SVM_VMCB_H
#define ARCH_X86_SVM_VMCB_H

#include "kernel/lib/types.h"

/* .cr_intercepts and .dr_intercepts: reads in the lower half, writes in the upper one. */
#define INTERCEPT_CR_READ(n) (1u << (n))
#define INTERCEPT_CR_WRITE(n) (1u << (16 + (n)))

/* .intercepts: bit = exit code - EXIT_INTR, up to bit 31 in the first word, and so on. */
#define INTERCEPT_WORDS 3
#define INTERCEPT_BIT(exit) (((exit)-SVM_EXIT_INTR) & 31)
#define INTERCEPT_WORD(exit) (((exit)-SVM_EXIT_INTR) / 32)

/* .tlb_control (15.16) */
enum vmcb_tlb_control { TLB_KEEP = 0, TLB_FLUSH_ALL = 1, TLB_FLUSH_ASID = 3 };

/* .virq_flags */
#define VIRQ_PENDING 0x01u /* V_IRQ */
#define VNMI_PENDING 0x08u /* V_NMI */
#define VNMI_BLOCKED 0x10u /* V_NMI_MASK */
/* .virq_priority */
#define VIRQ_IGNORE_TPR 0x10u
/* .virq_control */
#define VIRQ_MASKING 0x01u /* V_INTR_MASKING */
#define VNMI_ENABLE 0x04u
#define AVIC_X2APIC 0x40u
#define AVIC_ENABLE 0x80u

#define INTERRUPT_SHADOW BIT(0)
#define NESTED_PAGING BIT(0)

/* .exit_int_info and .event_inj (15.20) */
#define EVENT_VECTOR(e) ((u8)(e))
#define EVENT_TYPE(e) (((u32)(e) >> 8) & 7)
#define EVENT_ERROR_VALID BIT(11)
#define EVENT_VALID BIT(31)
#define EVENT_ERROR(e) ((u32)((e) >> 32))
enum vmcb_event_type { EVENT_IRQ = 0, EVENT_NMI = 2, EVENT_EXCEPTION = 3, EVENT_SOFTWARE = 4 };

/* .clean (15.15): groups of fields that have not changed since the last exit. The TPR group
 * is never clean: entry.S writes it each time. */
#define CLEAN_INTERCEPTS BIT(0) /* and TSC offset, PAUSE filter */
#define CLEAN_PERMISSIONS BIT(1)
#define CLEAN_ASID BIT(2)
#define CLEAN_NESTED BIT(4) /* and G_PAT */
#define CLEAN_CRX BIT(5)    /* and EFER */
#define CLEAN_DRX BIT(6)
#define CLEAN_TABLES BIT(7)
#define CLEAN_SEGMENTS BIT(8) /* and CPL */
#define CLEAN_CR2 BIT(9)
#define CLEAN_AVIC BIT(11) /* its four addresses; only where there is AVIC */
#define CLEAN_ALL                                                                             \
	((u32)(CLEAN_INTERCEPTS | CLEAN_PERMISSIONS | CLEAN_ASID | CLEAN_NESTED | CLEAN_CRX | \
	       CLEAN_DRX | CLEAN_TABLES | CLEAN_SEGMENTS | CLEAN_CR2))

struct vmcb_seg {
	u16 selector;
	u16 attrib; /* as in struct virt_seg */
	u32 limit;  /* in bytes */
	u64 base;
};

struct vmcb {
	u32 cr_intercepts;               /* 0x000 */
	u32 dr_intercepts;               /* 0x004 */
	u32 exceptions;                  /* 0x008 */
	u32 intercepts[INTERCEPT_WORDS]; /* 0x00c */
	u8 unused1[0x3c - 0x18];
	u16 pause_threshold; /* 0x03c */
	u16 pause_count;     /* 0x03e */
	u64 io_map;          /* 0x040 */
	u64 msr_map;         /* 0x048 */
	u64 tsc_offset;      /* 0x050 */
	u32 asid;            /* 0x058 */
	u8 tlb_control;      /* 0x05c */
	u8 unused2[3];
	u8 tpr; /* 0x060: V_TPR, 0 to 15 */
	u8 virq_flags;
	u8 virq_priority;
	u8 virq_control;
	u32 virq_vector;
	u64 interrupt_state; /* 0x068 */
	u64 exit_code;       /* 0x070 */
	u64 exit_info1;      /* 0x078 */
	u64 exit_info2;      /* 0x080 */
	u64 exit_int_info;   /* 0x088 */
	u64 nested_control;  /* 0x090 */
	u64 avic_bar;        /* 0x098: where the local APIC is in guest-physical memory */
	u64 unused3;
	u64 event_inj;  /* 0x0a8 */
	u64 nested_cr3; /* 0x0b0 */
	u64 lbr_control;
	u32 clean; /* 0x0c0 */
	u32 unused4;
	u64 next_rip; /* 0x0c8 */
	u8 unused5[0xe0 - 0xd0];
	u64 avic_page; /* 0x0e0: the local APIC's registers */
	u64 unused14;
	u64 avic_logical;  /* 0x0f0: logical APIC ID table */
	u64 avic_physical; /* 0x0f8: physical APIC ID table; below bit 12 the last ID in it */
	u8 unused15[0x400 - 0x100];

	/* The state save area; segments in the order of the processor. */
	struct vmcb_seg es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr; /* 0x400 */
	u8 unused6[0x4cb - 0x4a0];
	u8 cpl; /* 0x4cb */
	u32 unused7;
	u64 efer; /* 0x4d0 */
	u8 unused8[0x548 - 0x4d8];
	u64 cr4, cr3, cr0, dr7, dr6, rflags, rip; /* 0x548 */
	u8 unused9[0x5d8 - 0x580];
	u64 rsp; /* 0x5d8 */
	u8 unused10[0x5f8 - 0x5e0];
	u64 rax;                                          /* 0x5f8 */
	u64 star, lstar, cstar, sfmask, kernel_gs_base;   /* 0x600 */
	u64 sysenter_cs, sysenter_esp, sysenter_eip, cr2; /* 0x628 */
	u8 unused11[0x668 - 0x648];
	u64 pat;      /* 0x668 */
	u64 debugctl; /* 0x670 */
	u8 unused12[0x6e0 - 0x678];
	u64 spec_ctrl; /* 0x6e0 */
	u8 unused13[0x1000 - 0x6e8];
};
#define VMCB_AT(field, offset) static_assert(offsetof(struct vmcb, field) == (offset), #field)
VMCB_AT(pause_threshold, 0x3c);
VMCB_AT(io_map, 0x40);
VMCB_AT(asid, 0x58);
VMCB_AT(tpr, 0x60);
VMCB_AT(interrupt_state, 0x68);
VMCB_AT(exit_int_info, 0x88);
VMCB_AT(avic_bar, 0x98);
VMCB_AT(event_inj, 0xa8);
VMCB_AT(clean, 0xc0);
VMCB_AT(next_rip, 0xc8);
VMCB_AT(avic_page, 0xe0);
VMCB_AT(avic_logical, 0xf0);
VMCB_AT(avic_physical, 0xf8);
VMCB_AT(es, 0x400);
VMCB_AT(tr, 0x490);
VMCB_AT(cpl, 0x4cb);
VMCB_AT(efer, 0x4d0);
VMCB_AT(cr4, 0x548);
VMCB_AT(rip, 0x578);
VMCB_AT(rsp, 0x5d8);
VMCB_AT(rax, 0x5f8);
VMCB_AT(sysenter_cs, 0x628);
VMCB_AT(cr2, 0x640);
VMCB_AT(pat, 0x668);
VMCB_AT(spec_ctrl, 0x6e0);
static_assert(sizeof(struct vmcb) == PAGE_SIZE, "one page");
#undef VMCB_AT

/* Exit codes (appendix C), those that the back end names. */
#define SVM_EXIT_CR_READ 0x000
#define SVM_EXIT_CR_WRITE 0x010
#define SVM_EXIT_EXCEPTION 0x040
#define SVM_EXIT_INTR 0x060
#define SVM_EXIT_NMI 0x061
#define SVM_EXIT_INIT 0x063
#define SVM_EXIT_VINTR 0x064
#define SVM_EXIT_CR0_CHANGE 0x065
#define SVM_EXIT_RDPMC 0x06f
#define SVM_EXIT_CPUID 0x072
#define SVM_EXIT_RSM 0x073
#define SVM_EXIT_IRET 0x074
#define SVM_EXIT_INVD 0x076
#define SVM_EXIT_PAUSE 0x077
#define SVM_EXIT_HLT 0x078
#define SVM_EXIT_INVLPGA 0x07a
#define SVM_EXIT_IO 0x07b
#define SVM_EXIT_MSR 0x07c
#define SVM_EXIT_TASK_SWITCH 0x07d
#define SVM_EXIT_SHUTDOWN 0x07f
#define SVM_EXIT_VMRUN 0x080
#define SVM_EXIT_VMMCALL 0x081
#define SVM_EXIT_VMLOAD 0x082
#define SVM_EXIT_VMSAVE 0x083
#define SVM_EXIT_STGI 0x084
#define SVM_EXIT_CLGI 0x085
#define SVM_EXIT_SKINIT 0x086
#define SVM_EXIT_RDTSCP 0x087
#define SVM_EXIT_ICEBP 0x088
#define SVM_EXIT_WBINVD 0x089
#define SVM_EXIT_MONITOR 0x08a
#define SVM_EXIT_MWAIT 0x08b
#define SVM_EXIT_XSETBV 0x08d
#define SVM_EXIT_RDPRU 0x08e
#define SVM_EXIT_INVPCID 0x0a2
#define SVM_EXIT_NPF 0x400
#define SVM_EXIT_IPI 0x401     /* AVIC: incomplete IPI */
#define SVM_EXIT_NOACCEL 0x402 /* AVIC: access that is not accelerated */
#define SVM_EXIT_INVALID (~0ull)
#define SVM_EXIT_BUSY (~1ull)

#endif
