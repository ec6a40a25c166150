/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam between the virtual machine monitor and the processor's
 * virtualization: VT-x and AMD-V implement one ops table each. Nothing above
 * this header knows a VMCS field, a VMCB offset or an exit-reason number.
 *
 * Life of a virtual processor on a physical one: load(), then any number of
 * enter(), then unload() before another CPU may load() it. All ops on a loaded
 * virt_vcpu are called on the CPU that loaded it, with interrupts disabled.
 */
#ifndef ARCH_X86_VIRT_H
#define ARCH_X86_VIRT_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

struct radix_format;

/* General-purpose registers in the encoding of ModRM and REX (SDM vol. 2, 2.1.5). */
enum virt_gpr {
	VIRT_RAX,
	VIRT_RCX,
	VIRT_RDX,
	VIRT_RBX,
	VIRT_RSP,
	VIRT_RBP,
	VIRT_RSI,
	VIRT_RDI,
	VIRT_R8,
	VIRT_R9,
	VIRT_R10,
	VIRT_R11,
	VIRT_R12,
	VIRT_R13,
	VIRT_R14,
	VIRT_R15,
	VIRT_GPRS
};

/* Registers that a back end keeps in its control structure. */
enum virt_reg {
	VIRT_RIP,
	VIRT_RSP_REG,
	VIRT_RFLAGS,
	VIRT_CR0, /* as the guest sees it; set applies what the hardware requires */
	VIRT_CR2,
	VIRT_CR3,
	VIRT_CR4, /* as the guest sees it */
	VIRT_CR8, /* task priority, 0 to 15 */
	VIRT_DR6,
	VIRT_DR7,
	VIRT_XCR0,
	VIRT_EFER, /* as the guest sees it, LMA included */
	VIRT_PAT,
	VIRT_SYSENTER_CS,
	VIRT_SYSENTER_ESP,
	VIRT_SYSENTER_EIP,
	VIRT_STAR,
	VIRT_LSTAR,
	VIRT_CSTAR,
	VIRT_SFMASK,
	VIRT_FS_BASE,
	VIRT_GS_BASE,
	VIRT_KERNEL_GS_BASE,
	VIRT_TSC_AUX,
	VIRT_SPEC_CTRL, /* with caps.spec_ctrl, if msr_pass() gave IA32_SPEC_CTRL to the guest */
	/* In PAE paging (CR0.PG, CR4.PAE, no LMA) the processor holds the four
	 * page-directory-pointer entries in registers. Whoever emulates a write of CR0, CR3
	 * or CR4 there loads them from the guest's memory (SDM vol. 3, 4.4.1). */
	VIRT_PDPTE0,
	VIRT_PDPTE1,
	VIRT_PDPTE2,
	VIRT_PDPTE3,
	VIRT_REGS
};

enum virt_seg_name {
	VIRT_ES,
	VIRT_CS,
	VIRT_SS,
	VIRT_DS,
	VIRT_FS,
	VIRT_GS,
	VIRT_LDTR,
	VIRT_TR,
	VIRT_GDTR, /* base and limit only */
	VIRT_IDTR, /* base and limit only */
	VIRT_SEGS
};

/* attr: descriptor bits 40 to 47 (type, S, DPL, P) in bits 0 to 7, bits 52 to 55
 * (AVL, L, D/B, G) in bits 8 to 11. P clear: the register is unusable. */
struct virt_seg {
	u64 base;
	u32 limit; /* in bytes, whatever G says */
	u16 selector;
	u16 attr;
};
#define VIRT_SEG_P BIT(7)
#define VIRT_SEG_DPL(attr) (((attr) >> 5) & 3)
#define VIRT_SEG_L BIT(9)
#define VIRT_SEG_DB BIT(10)
#define VIRT_SEG_G BIT(11)

/* Where the guest executes: rip is linear, with the base of CS outside of 64-bit code. mode differs
 * whenever the way differs in which the same bytes are decoded or the same page tables are walked:
 * operand size, paging mode. */
struct virt_code {
	u64 rip, cr3, mode;
};

/* Why enter() returned. */
enum virt_exit_kind {
	VIRT_EXIT_CPUID,
	VIRT_EXIT_HYPERCALL, /* VMCALL or VMMCALL, whichever */
	VIRT_EXIT_MSR_READ,  /* index in RCX, result to EDX:EAX */
	VIRT_EXIT_MSR_WRITE,
	VIRT_EXIT_XSETBV,                        /* RCX, EDX:EAX */
	VIRT_EXIT_LAST_SHORT = VIRT_EXIT_XSETBV, /* up to here: no device is involved */
	VIRT_EXIT_INTERRUPT,     /* host interrupt, acknowledged: .vector (0: not acknowledged, it
				    is taken as soon as the host enables interrupts) */
	VIRT_EXIT_NMI,           /* host NMI, to be handled by the core */
	VIRT_EXIT_MACHINE_CHECK, /* #MC while the guest ran or during entry */
	VIRT_EXIT_DEADLINE,      /* set_deadline() has come */
	VIRT_EXIT_IRQ_WINDOW,    /* the guest can take an interrupt now */
	VIRT_EXIT_NMI_WINDOW,
	VIRT_EXIT_IO,        /* .io */
	VIRT_EXIT_MEMORY,    /* nested page fault: .memory */
	VIRT_EXIT_CR,        /* .cr */
	VIRT_EXIT_HLT,       /* the instruction is not skipped yet */
	VIRT_EXIT_PAUSE,     /* spinning: pause-loop exit */
	VIRT_EXIT_MWAIT,     /* MWAIT or MONITOR, .insn_len valid */
	VIRT_EXIT_CACHE,     /* INVD, WBINVD */
	VIRT_EXIT_EXCEPTION, /* .exception, one the core asked to see */
	VIRT_EXIT_UNDEFINED, /* an instruction this virtual CPU does not have: #UD */
	VIRT_EXIT_TRIPLE_FAULT,
	VIRT_EXIT_TASK_SWITCH,  /* not emulated: the guest is stopped */
	VIRT_EXIT_APIC_WRITE,   /* trap-like, after the write to .apic.offset of the APIC page */
	VIRT_EXIT_EOI,          /* virtualized EOI of .vector, which is in the EOI-exit bitmap */
	VIRT_EXIT_TPR,          /* TPR fell below the threshold */
	VIRT_EXIT_APIC_ACCESS,  /* access to the APIC page that hardware did not do: .apic */
	VIRT_EXIT_ENTRY_FAILED, /* the control structure was refused: .raw, for the log */
	VIRT_EXIT_UNKNOWN,      /* .raw: the vendor's number, for the log */
	VIRT_EXIT_IPI, /* interrupt command that hardware did not carry out to the end: .ipi */
	VIRT_EXIT_DISPLACED, /* .displaced was being delivered when an exception came first, which
				is injected: deliver it when the guest can take it again */
	VIRT_EXIT_HANDLED,   /* by the back end: enter again */
	VIRT_EXIT_KINDS
};

enum virt_cr_op {
	VIRT_CR_WRITE,
	VIRT_CR_READ,
	VIRT_CR_DECODE /* nothing is known but that the instruction at RIP does it: decode it */
};

struct virt_exit {
	enum virt_exit_kind kind;
	u8 insn_len; /* of the instruction to skip */
	union {
		u8 vector;
		struct {
			u16 port;
			u8 size; /* 1, 2, 4 */
			bool in, string;
			bool rep;     /* string: repeated */
			u8 seg;       /* string OUT: enum virt_seg_name */
			u8 addr_size; /* string: 2, 4, 8; 0: decode it, and seg as well */
		} io;
		struct {
			gpa_t gpa;
			bool write, exec;
			bool page_walk; /* the guest's page walk itself, not the access */
		} memory;
		struct {
			enum virt_cr_op op;
			u8 nr;     /* 0, 3, 4, 8 */
			u8 gpr;    /* enum virt_gpr: target of a read */
			u64 value; /* of a write (CLTS and LMSW are writes of CR0) */
		} cr;
		struct {
			u8 vector;
			bool has_error;
			u32 error;
			u64 address; /* of a #PF; DR6 of a #DB */
		} exception;
		struct {
			u8 vector;
			bool nmi; /* an NMI, and no interrupt */
		} displaced;
		struct {
			u32 offset; /* in the APIC page */
			bool write;
		} apic;
		struct {
			u64 icr; /* as written, in x2APIC mode */
			/* The vector is requested wherever the command goes; who does not run has
			 * yet to be told. */
			bool requested;
		} ipi;
		struct {
			u64 reason, detail;
		} raw;
	};
};

/*
 * What this machine's virtualization offers, filled by check(). Before the first VM is
 * created the core may clear tpr_shadow, apic_access, apic_regs, virq_delivery, posted,
 * x2apic_virt (the last two with virq_delivery), pause_exit, rdtscp, invpcid or xsaves: vCPUs then
 * do without.
 */
struct virt_caps {
	const char *name;   /* "VT-x", "AMD-V" */
	u64 max_leaf;       /* largest nested leaf in bytes: 4 KiB, 2 MiB or 1 GiB */
	bool deadline;      /* set_deadline() works: the preemption timer */
	bool tpr_shadow;    /* CR8 without exits, VIRT_EXIT_TPR */
	bool apic_access;   /* xAPIC accesses give VIRT_EXIT_APIC_ACCESS, not VIRT_EXIT_MEMORY */
	bool apic_regs;     /* APIC-register virtualization */
	bool virq_delivery; /* virtual-interrupt delivery */
	bool posted;        /* posted interrupts */
	bool posted_irr;    /* with virq_delivery: hardware looks for what is posted in IRR itself,
			       and requests vectors there as well, on any CPU, at any time */
	bool x2apic_virt;   /* x2APIC MSRs are virtualized as well */
	bool pause_exit;    /* PAUSE-loop exiting */
	bool kick_waits;    /* an interrupt ends guest mode only when the guest has them on */
	bool tsc_scaling;
	bool decode_assist; /* virt_fast.insn_length() is not needed */
	u32 asids;          /* address-space tags, 0 if none */
	/* Instructions that fault unless the back end enables them: CPUID must agree. */
	bool rdtscp; /* RDTSCP and RDPID, with VIRT_TSC_AUX */
	bool invpcid;
	bool xsaves;
	bool spec_ctrl; /* VIRT_SPEC_CTRL */
};

/* A VM as its back end sees it. Embedded in struct vm. */
struct virt_vm {
	hpa_t nested_root;  /* table of virt->nested_format, kept by the VM; before load() */
	hpa_t apic_page;    /* with caps.apic_access: to be mapped writable at 0xfee00000 */
	bool no_pause_exit; /* its vCPUs do without caps.pause_exit; before vcpu_create() */
	u8 *msr_bitmap;     /* back end's */
	u8 *io_bitmap;      /* back end's */
	void *backend;
};

/* Posted-interrupt descriptor (SDM vol. 3, 30.6): also how the software path posts. */
struct virt_pi_desc {
	u64 pir[4];  /* one bit per vector, set atomically by anyone */
	u64 control; /* bit 0: ON, outstanding notification; SN, NV, NDST for hardware */
	u64 unused[3];
} __aligned(64);
#define VIRT_PI_ON BIT(0)

struct virt_vcpu;

/*
 * What enter() calls before it returns. handle: the exits that need nothing but registers;
 * true, the instruction is done, so it is skipped, and the guest goes on if
 * virt_guest_mode() or else attend() says so; false, the exit is returned like any other.
 * They touch no device, arm no timer and do not depend on the deadline. interrupt (a host
 * interrupt that was acknowledged) and irq_window: the same, without an instruction.
 * attend: deal with .attention; true, the guest may be entered (virt_guest_mode() was true),
 * false: enter() returns with VIRT_EXIT_HANDLED, as it may do in place of any of the three.
 */
struct virt_fast {
	bool (*handle[VIRT_EXIT_LAST_SHORT + 1])(struct virt_vcpu *v);
	/*
	 * For processors that do not tell: the length in bytes of the instruction at RIP, which has
	 * just exited. 0: it could not be read; the guest has got an exception or is stopped,
	 * and the exit is over.
	 */
	unsigned (*insn_length)(struct virt_vcpu *v);
	bool (*interrupt)(struct virt_vcpu *v, u8 vector);
	bool (*irq_window)(struct virt_vcpu *v);
	bool (*attend)(struct virt_vcpu *v);
	/*
	 * The deadline has come, in so many exits (1); HLT, of so many bytes. NULL: the exit is
	 * returned like any other. Else the vCPU that goes on, another one perhaps, which is loaded
	 * then; its .deadline and .attention are still to be seen to. So enter() may return an exit
	 * of another vCPU than it was called for. Neither has to be called.
	 */
	struct virt_vcpu *(*deadline)(struct virt_vcpu *v, u64 exits);
	struct virt_vcpu *(*halt)(struct virt_vcpu *v, unsigned len);
};

/* A virtual CPU as its back end sees it. Embedded in struct vcpu. */
struct virt_vcpu {
	u64 gpr[VIRT_GPRS]; /* valid between exits; VIRT_RSP is not: use virt_gpr_get/set */
	struct virt_vm *vm;
	void *vapic_page;        /* 4 KiB in the APIC's register layout, owned by the vlapic */
	struct virt_pi_desc *pi; /* owned by the vlapic */
	void *backend;
	const struct virt_fast *fast;
	/* What has to be looked at before the guest is entered again. The lower half may be
	 * set by anyone, atomically; the upper half is the vCPU's own. */
	union {
		u64 attention; /* 0: nothing */
		struct {
			u32 requests, own;
		};
	};
	/* 1 from the last look at .attention to the exit: only then the CPU has to be
	 * interrupted for a request to be seen. */
	u32 in_guest;
	u64 deadline; /* host TSC at which the guest is left at the latest; for set_deadline() */
	u32 apic_id;  /* of its local APIC, below the number of the VM's vCPUs */
};

/* Kinds of the local APIC's operation, for apic_mode(). */
enum virt_apic_mode { VIRT_APIC_DISABLED, VIRT_APIC_XAPIC, VIRT_APIC_X2APIC };

/* What hardware is to do about the local APIC's requests, for apic_deliver(). */
enum virt_delivery {
	VIRT_DELIVER,      /* deliver them to the guest, which is entered soon */
	VIRT_DELIVER_TELL, /* the same, but the vCPU may rest: whoever requests one has to tell us
			    */
	VIRT_DELIVER_NOT,  /* leave them to us: irq_window() is wanted */
};

struct virt_ops {
	const char *name;
	const struct radix_format *nested_format;

	/* Whether the processor is of this vendor's kind at all. */
	bool (*present)(void);

	/*
	 * Check everything needed and fill caps. ERR_UNSUPPORTED: `why` (size
	 * bytes) says in English which capability is missing and what to do
	 * (for example: enable VT-x in the firmware's setup).
	 */
	int (*check)(struct virt_caps *caps, char *why, size_t size);

	/* Turn virtualization on or off on this CPU. */
	int (*cpu_on)(void);
	void (*cpu_off)(void);

	int (*vm_create)(struct virt_vm *vm);
	void (*vm_destroy)(struct virt_vm *vm);

	/* vm, vapic_page and pi are set by the caller; RESET state follows. */
	int (*vcpu_create)(struct virt_vcpu *v);
	void (*vcpu_destroy)(struct virt_vcpu *v);

	/* Architectural state after RESET, or INIT, which keeps the FPU and most MSRs (SDM
	 * vol. 3, table 10-1); real mode. RDX is left to the caller. */
	void (*vcpu_reset)(struct virt_vcpu *v, bool init);

	/* Bring the vCPU's state (control structure, MSRs, FPU) onto this CPU, and take it off. */
	void (*load)(struct virt_vcpu *v);
	void (*unload)(struct virt_vcpu *v);
	/* Both: unload from, and load to. */
	void (*swap)(struct virt_vcpu *from, struct virt_vcpu *to);

	/* Run the guest until something needs the core. What is loaded then is the vCPU that exit
	 * is about: virt_fast.deadline and .halt may have changed it. */
	void (*enter)(struct virt_vcpu *v, struct virt_exit *exit);

	u64 (*get_reg)(struct virt_vcpu *v, enum virt_reg reg);
	void (*set_reg)(struct virt_vcpu *v, enum virt_reg reg, u64 value);
	void (*get_seg)(struct virt_vcpu *v, enum virt_seg_name name, struct virt_seg *seg);
	unsigned (*cpl)(struct virt_vcpu *v); /* current privilege level; of a loaded vCPU */
	/* See struct virt_code. */
	void (*get_code)(struct virt_vcpu *v, struct virt_code *code);
	void (*set_seg)(struct virt_vcpu *v, enum virt_seg_name name, const struct virt_seg *seg);

	/* Advance RIP by len bytes and end an STI or MOV SS shadow. */
	void (*skip)(struct virt_vcpu *v, unsigned len);

	/* For the next entry. An event that was being delivered when the guest
	 * exited is re-injected by the back end itself; event_pending() tells. */
	bool (*event_pending)(struct virt_vcpu *v);
	void (*inject_exception)(struct virt_vcpu *v, u8 vector, bool has_error, u32 error);
	void (*inject_irq)(struct virt_vcpu *v, u8 vector);
	void (*inject_nmi)(struct virt_vcpu *v);
	bool (*irq_ready)(struct virt_vcpu *v); /* IF set, no shadow, no event pending */
	bool (*nmi_ready)(struct virt_vcpu *v);
	void (*irq_window)(struct virt_vcpu *v, bool on); /* VIRT_EXIT_IRQ_WINDOW wanted */
	void (*nmi_window)(struct virt_vcpu *v, bool on);

	/* Leave the guest at this host TSC value at the latest; ~0: none. To be called before
	 * every entry: the hardware knows only how far off the deadline is. Only with
	 * caps.deadline. */
	void (*set_deadline)(struct virt_vcpu *v, u64 tsc);

	/* Guest TSC = host TSC + offset. */
	void (*set_tsc_offset)(struct virt_vcpu *v, u64 offset);

	/* Nested translations of the VM changed: every vCPU flushes before its next entry.
	 * The caller kicks those that run. */
	void (*tlb_flush_vm)(struct virt_vm *vm);
	/* This vCPU's own linear translations. */
	void (*tlb_flush_vcpu)(struct virt_vcpu *v);

	/* Let the guest read/write this MSR without an exit (all vCPUs of the VM). */
	void (*msr_pass)(struct virt_vm *vm, u32 msr, bool read, bool write);
	/* Let the guest use these ports without an exit. */
	void (*io_pass)(struct virt_vm *vm, u16 port, u16 count);

	/* Local APIC virtualization; no-ops without the capability. */
	void (*apic_mode)(struct virt_vcpu *v, enum virt_apic_mode mode);
	void (*apic_tpr_threshold)(struct virt_vcpu *v, u8 threshold);
	/* With caps.virq_delivery, before IRR is looked at: whether hardware delivers from the next
	 * entry on. False, software has to: in this mode of the APIC, or while a window is open. */
	bool (*apic_deliver)(struct virt_vcpu *v, enum virt_delivery how);
	/* Highest vectors requested and in service, 0 if none (RVI, SVI). */
	void (*apic_set_status)(struct virt_vcpu *v, u8 rvi, u8 svi);
	/* The former alone; what is in service stays as hardware has it. */
	void (*apic_set_request)(struct virt_vcpu *v, u8 rvi);
	void (*apic_eoi_exit)(struct virt_vcpu *v, const u64 bitmap[4]);
	/* Notify the CPU that runs v of bits set in v->pi, or with caps.posted_irr in IRR;
	 * ERR_UNSUPPORTED without caps.posted, or while software delivers. */
	int (*apic_post)(struct virt_vcpu *v, u32 host_cpu);
};

/* Chosen by virt_init(); NULL where the machine can run no guests. */
extern const struct virt_ops *virt;
extern struct virt_caps virt_caps;

/*
 * Choose the back end for this machine and check it. ERR_UNSUPPORTED with the
 * reason in `why` when guests cannot be run; the machine boots all the same.
 */
int __must_check virt_init(char *why, size_t size);

static inline u64 virt_gpr_get(struct virt_vcpu *v, unsigned gpr)
{
	return unlikely(gpr == VIRT_RSP) ? virt->get_reg(v, VIRT_RSP_REG) : v->gpr[gpr];
}

static inline void virt_gpr_set(struct virt_vcpu *v, unsigned gpr, u64 value)
{
	if (unlikely(gpr == VIRT_RSP))
		virt->set_reg(v, VIRT_RSP_REG, value);
	else
		v->gpr[gpr] = value;
}

#endif
