/* SPDX-License-Identifier: BSD-2-Clause */
/* The AMD-V back end's own structures, and what its files offer each other. */
#ifndef ARCH_X86_SVM_SVM_H
#define ARCH_X86_SVM_SVM_H

#include "arch/x86/cpu/percpu.h"
#include "arch/x86/svm/caps.h"
#include "arch/x86/svm/entry.h"
#include "arch/x86/svm/insn.h"
#include "arch/x86/svm/vmcb.h"
#include "arch/x86/virt.h"
#include "arch/x86/virt_combine.h"
#include "arch/x86/virt_common.h"
#include "arch/x86/virt_mode.h"

#define SVM_NO_CPU (~0u)

/* What must be done before the next entry. */
#define TODO_FLUSH BIT(0)  /* drop all translations of this vCPU, linear and nested */
#define TODO_ASID BIT(1)   /* its ASID is not valid on this CPU */
#define TODO_FAULT BIT(2)  /* a fault on top of a double fault: shutdown */
#define TODO_RETURN BIT(3) /* do not enter, the caller has something to look at */
#define TODO_NMI BIT(4)    /* an NMI waits for an event's delivery: exit right after it */
#define TODO_AVIC BIT(5)   /* from now on doorbells reach it, if AVIC is on */

/* Whether a guest can take an NMI, where the processor does not keep track (no vNMI). */
enum svm_nmi {
	NMI_OPEN,
	NMI_BLOCKED, /* since one was delivered, until IRET, which is intercepted */
	NMI_STEP     /* the instruction that keeps it closed is being single-stepped */
};

struct svm_vcpu {
	/* Known to assembly, see entry.h. */
	struct vmcb *vmcb;
	u32 todo;     /* TODO_*, of the CPU that has it loaded */
	u32 requests; /* TODO_*, atomically set by any CPU */
	struct virt_spec spec;
	u64 vmcb_pa;
	u64 host_pa; /* of the host's VMCB of the CPU that has it loaded */
	u8 *tpr;     /* the task priority in the local APIC's page */

	bool loaded;
	u32 cpu; /* that it is or was loaded on */
	u64 asid_generation;
	u64 cr0_cache; /* CR0.CD and NW as the guest sees them */
	u64 cr4_mce;   /* CR4.MCE as the guest sees it */
	bool irq_window;
	bool nmi_window;
	u8 tpr_threshold;
	enum svm_nmi nmi;
	bool step_tf; /* RFLAGS.TF as the guest sees it in NMI_STEP */
	bool step_loads_flags;
	u8 own_tpr; /* .tpr points here without a page */

	/* Guest state that the VMCB does not hold; of a loaded vCPU it is in hardware. */
	u64 dr[4];
	u64 tsc_aux;
	u64 xcr0;
	void *xsave;

	/* AVIC, see avic.c. */
	u64 *avic_entry; /* in the VM's table; NULL: not used */
	bool avic_mode;  /* the APIC's mode allows it */
	bool avic_on;    /* the guest runs with it; read by any CPU */

	struct svm_vcpu *next; /* of the same VM */
};
static_assert(offsetof(struct svm_vcpu, vmcb) == SVM_OFFSET_VMCB, "entry.S");
static_assert(offsetof(struct svm_vcpu, todo) == SVM_OFFSET_TODO, "entry.S");
static_assert(offsetof(struct svm_vcpu, requests) == SVM_OFFSET_TODO + 4, "entry.S");
static_assert(offsetof(struct svm_vcpu, spec) == VIRT_OFFSET_SPEC, "entry.S");
static_assert(offsetof(struct svm_vcpu, vmcb_pa) == SVM_OFFSET_VMCB_PA, "entry.S");
static_assert(offsetof(struct svm_vcpu, host_pa) == SVM_OFFSET_HOST_PA, "entry.S");
static_assert(offsetof(struct svm_vcpu, tpr) == SVM_OFFSET_TPR, "entry.S");
static_assert(offsetof(struct vmcb, tpr) == VMCB_OFFSET_TPR, "entry.S");
static_assert(offsetof(struct vmcb, rax) == VMCB_OFFSET_RAX, "entry.S");

/* Behind struct virt_vm. */
struct svm_vm {
	struct svm_vcpu *vcpus;
	u64 id;                /* unique for ever: addresses are used again */
	bool spec_ctrl_passed; /* guests write IA32_SPEC_CTRL without an exit */
	u64 *avic_table;       /* physical APIC IDs; NULL: AVIC is not used */
	u8 *avic_msr_map;      /* instead of the VM's, while AVIC is on */
	u32 avic_last;         /* highest APIC ID in the table */
};

/* Of each processor. */
struct svm_cpu {
	void *hsave;       /* where VMRUN saves the host */
	struct vmcb *host; /* what VMRUN does not: for VMLOAD */
	bool on;
	struct svm_vcpu *current;
	u64 asid_generation; /* starts at 1; grows when all ASIDs were used */
	u32 asid_next;
	u64 last_vm; /* id of the VM that ran last */
	/* What the hardware holds while no vCPU is loaded. */
	u64 dr[4];
	u64 tsc_aux;
};
extern PERCPU(struct svm_cpu, svm_cpu);

static inline struct svm_vcpu *svm_of(struct virt_vcpu *v)
{
	return v->backend;
}
static inline struct svm_vm *svm_vm_of(const struct virt_vm *vm)
{
	return vm->backend;
}

/* Fields of this group were changed. */
static inline void svm_dirty(struct svm_vcpu *x, u64 group)
{
	x->vmcb->clean &= ~(u32)group;
}

/* Have an exit, or no exit, with this code: SVM_EXIT_INTR to SVM_EXIT_INTR + 95. */
static inline void svm_intercept(struct svm_vcpu *x, unsigned exit, bool on)
{
	u32 *word = &x->vmcb->intercepts[INTERCEPT_WORD(exit)], bit = 1u << INTERCEPT_BIT(exit);

	*word = on ? *word | bit : *word & ~bit;
	svm_dirty(x, CLEAN_INTERCEPTS);
}

/* cpu.c */
bool svm_present(void);
int svm_check(struct virt_caps *caps, char *why, size_t size);
int svm_cpu_on(void);
void svm_cpu_off(void);

/* vm.c */
int svm_vm_create(struct virt_vm *vm);
void svm_vm_destroy(struct virt_vm *vm);
void svm_msr_pass(struct virt_vm *vm, u32 msr, bool read, bool write);
void svm_io_pass(struct virt_vm *vm, u16 port, u16 count);
/* Clear the bits of an MSR in a permission map of 8 KiB (15.11). Pure. */
#define SVM_MSR_MAP_SIZE (2 * PAGE_SIZE)
void svm_map_pass(u8 *map, u32 msr, bool read, bool write);

/* vcpu.c; svm_intercepts_init: what every vCPU exits for. Pure. */
int svm_vcpu_create(struct virt_vcpu *v);
void svm_vcpu_destroy(struct virt_vcpu *v);
void svm_intercepts_init(struct vmcb *vmcb, const struct svm_caps *sc,
			 const struct virt_caps *caps);
/* Exceptions that exit, bit = vector: always, and in NMI_STEP. */
#define SVM_EXCEPTIONS ((u32)(BIT(VECTOR_DB) | BIT(VECTOR_AC) | BIT(VECTOR_MC)))
#define SVM_EXCEPTIONS_STEP 0x000f7dfbu /* all that exist: 0 to 8 but NMI, 10 to 14, 16 to 19 */

/* load.c */
void svm_load(struct virt_vcpu *v);
void svm_unload(struct virt_vcpu *v);
void svm_swap(struct virt_vcpu *from, struct virt_vcpu *to);
u64 svm_tsc_aux_get(const struct svm_vcpu *x);
void svm_tsc_aux_set(struct svm_vcpu *x, u64 value);
u64 svm_xcr0_get(const struct svm_vcpu *x);
void svm_xcr0_set(struct svm_vcpu *x, u64 value);
/* Learn what this CPU's registers hold, when SVM is turned on. */
void svm_hardware_read(struct svm_cpu *c);

/* reset.c */
void svm_vcpu_reset(struct virt_vcpu *v, bool init);

/* state.c, cr.c, seg.c */
u64 svm_get_reg(struct virt_vcpu *v, enum virt_reg reg);
void svm_set_reg(struct virt_vcpu *v, enum virt_reg reg, u64 value);
u64 svm_cr0_get(const struct svm_vcpu *x);
u64 svm_cr4_get(const struct svm_vcpu *x);
void svm_cr0_set(struct svm_vcpu *x, u64 value);
void svm_cr4_set(struct svm_vcpu *x, u64 value);
void svm_efer_set(struct svm_vcpu *x, u64 value);
/* Whether the guest runs 64-bit code. */
bool svm_long_code(const struct svm_vcpu *x);
void svm_get_code(struct virt_vcpu *v, struct virt_code *code);
void svm_get_seg(struct virt_vcpu *v, enum virt_seg_name name, struct virt_seg *seg);
unsigned svm_cpl(struct virt_vcpu *v);
void svm_set_seg(struct virt_vcpu *v, enum virt_seg_name name, const struct virt_seg *seg);
/* What the processor stores as a segment's attributes, made what a descriptor has. Pure. */
u16 svm_attr_from_vmcb(const struct vmcb_seg *s, enum virt_seg_name name, u8 cpl);

/* event.c */
bool svm_event_pending(struct virt_vcpu *v);
void svm_inject_exception(struct virt_vcpu *v, u8 vector, bool has_error, u32 error);
void svm_inject_irq(struct virt_vcpu *v, u8 vector);
bool svm_irq_ready(struct virt_vcpu *v);
void svm_irq_window(struct virt_vcpu *v, bool on);
void svm_tpr_threshold(struct virt_vcpu *v, u8 threshold);
void svm_skip(struct virt_vcpu *v, unsigned len);
/* After an exit that came in the middle of an event's delivery: keep the event for the next
 * entry. */
void svm_event_requeue(struct svm_vcpu *x);
/* Bring the virtual interrupt in line with the windows that are wanted. */
void svm_virq_update(struct svm_vcpu *x);

/* nmi.c */
void svm_inject_nmi(struct virt_vcpu *v);
bool svm_nmi_ready(struct virt_vcpu *v);
void svm_nmi_window(struct virt_vcpu *v, bool on);
void svm_nmi_reset(struct svm_vcpu *x);
/* Single-step the instruction at RIP, which keeps NMIs closed until its end: IRET, or one behind
 * STI or MOV SS. */
void svm_nmi_step(struct svm_vcpu *x, bool iret);
/* That instruction was emulated, or raised an exception. True: the exception is nothing but
 * the single step itself, and not the guest's. */
bool svm_nmi_step_end(struct svm_vcpu *x, u8 vector);
#define NMI_STEP_EMULATED 0xff /* instead of a vector */
/* Before an entry with TODO_NMI. */
void svm_nmi_prepare(struct svm_vcpu *x);

/* tlb.c */
void svm_tlb_flush_vm(struct virt_vm *vm);
void svm_tlb_flush_vcpu(struct virt_vcpu *v);
/* Before an entry, with TODO_FLUSH or TODO_ASID. */
void svm_tlb_prepare(struct svm_vcpu *x, u32 todo);

/* exit.c: what the exit that just happened means; entry.S continues there. */
void svm_exit_translate(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit);
/* Before that: let virt_fast handle the exit. True: done, enter again. */
bool svm_exit_fast(struct virt_vcpu *v, struct svm_vcpu *x);
/* English name of an exit code, never NULL. */
const char *svm_exit_name(u64 code);

/* entry.S */
void svm_enter(struct virt_vcpu *v, struct virt_exit *exit);

/* enter.c; svm_prepare: do what .todo and .requests say, false: there is nothing to enter
 * and exit says why. */
bool svm_prepare(struct virt_vcpu *v, struct virt_exit *exit);
void svm_set_deadline(struct virt_vcpu *v, u64 tsc);
void svm_set_tsc_offset(struct virt_vcpu *v, u64 offset);

/* avic.c; svm_avic_load, svm_avic_unload: with .avic_entry. svm_avic_enter: before an entry, with
 * TODO_AVIC. svm_fill_ipi and svm_fill_noaccel complete the two exits. */
int __must_check svm_avic_vm_create(struct virt_vm *vm);
void svm_avic_vm_destroy(struct svm_vm *own);
void svm_avic_vcpu_create(struct virt_vcpu *v);
void svm_avic_vcpu_destroy(struct svm_vcpu *x);
void svm_avic_load(struct svm_vcpu *x);
void svm_avic_unload(struct svm_vcpu *x);
void svm_avic_enter(struct svm_vcpu *x);
void svm_fill_ipi(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit);
void svm_fill_noaccel(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit);
void svm_apic_mode(struct virt_vcpu *v, enum virt_apic_mode mode);
bool svm_apic_deliver(struct virt_vcpu *v, enum virt_delivery how);
void svm_apic_set_status(struct virt_vcpu *v, u8 rvi, u8 svi);
void svm_apic_eoi_exit(struct virt_vcpu *v, const u64 bitmap[4]);
int svm_apic_post(struct virt_vcpu *v, u32 host_cpu);

/* fail.c: VMRUN refused the VMCB. */
void svm_entry_failed(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit);

#endif
