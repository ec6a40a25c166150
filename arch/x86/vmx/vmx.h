/* SPDX-License-Identifier: BSD-2-Clause */
/* The VT-x back end's own structures, and what its files offer each other. */
#ifndef ARCH_X86_VMX_VMX_H
#define ARCH_X86_VMX_VMX_H

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/virt.h"
#include "arch/x86/virt_combine.h"
#include "arch/x86/virt_common.h"
#include "arch/x86/virt_mode.h"
#include "arch/x86/vmx/caps.h"
#include "arch/x86/vmx/controls.h"
#include "arch/x86/vmx/entry.h"
#include "arch/x86/vmx/insn.h"
#include "arch/x86/vmx/vmcs.h"

#define VMX_NO_CPU (~0u)

/* MSRs that stay in hardware while a vCPU is loaded; the core has no use for them. */
enum vmx_kept_msr {
	KEPT_STAR,
	KEPT_LSTAR,
	KEPT_CSTAR,
	KEPT_SFMASK,
	KEPT_KERNEL_GS_BASE,
	KEPT_TSC_AUX,
	KEPT_MSRS
};

/* The event for the next entry, in the format of the entry fields. info is 0: none. */
struct vmx_event {
	u32 info, error, insn_len;
};

/* What must be done before the next entry. */
#define TODO_EVENT BIT(0)  /* write .event */
#define TODO_VPID BIT(1)   /* take a new VPID: drops all linear translations */
#define TODO_FAULT BIT(2)  /* a fault on top of a double fault: shutdown */
#define TODO_EPT BIT(3)    /* drop translations of the nested tables */
#define TODO_RETURN BIT(4) /* do not enter, the caller has something to look at */

struct vmx_vcpu {
	/* Known to assembly, see entry.h. */
	u64 host_rsp;
	u32 todo;     /* TODO_*, of the CPU that has it loaded */
	u32 requests; /* TODO_*, atomically set by any CPU */
	struct virt_spec spec;

	struct vmx_event event;
	u32 fast_left; /* exits that may still be handled without a new deadline */
	struct vmx_controls controls;
	void *vmcs;
	hpa_t vmcs_at;
	bool loaded;
	u32 cpu;   /* that it is or was loaded on */
	u64 vm_id; /* its VM's */
	u64 vpid_generation;
	u64 nested_root, eptp; /* the latter is of the former */
	u64 tsc_offset;
	void *vapic_page;
	enum virt_apic_mode apic_mode;
	u8 tpr_threshold;

	/* Guest state that no VMCS field holds; of a loaded vCPU it is in hardware. */
	u64 kept_msr[KEPT_MSRS];
	u64 cr2, dr[4], dr6;
	bool debug_live; /* the debug registers are in hardware as well, while it is loaded */
	u64 xcr0;
	u64 hw_xcr0;  /* what the processor has while it is loaded */
	bool osxsave; /* its CR4.OSXSAVE */
	/* Of two vCPUs with the same key both run with the host's XCR0: it is the form of their
	 * areas. Else the address of this. */
	u64 fpu_key;
	void *xsave;

	struct vmx_vcpu *next; /* of the same VM */
};
static_assert(offsetof(struct vmx_vcpu, host_rsp) == VMX_OFFSET_HOST_RSP, "entry.S");
static_assert(offsetof(struct vmx_vcpu, todo) == VMX_OFFSET_TODO, "entry.S");
static_assert(offsetof(struct vmx_vcpu, requests) == VMX_OFFSET_TODO + 4, "entry.S");
static_assert(offsetof(struct vmx_vcpu, spec) == VIRT_OFFSET_SPEC, "entry.S");
static_assert(VMCS_HOST_RSP == VMX_FIELD_HOST_RSP, "entry.S");
static_assert(sizeof(struct vmx_vcpu) <= PAGE_SIZE, "allocated as one page");

/* Behind struct virt_vm. */
struct vmx_vm {
	struct vmx_vcpu *vcpus;
	u64 id;                /* unique for ever: addresses are used again */
	u8 *x2apic_msr_bitmap; /* instead of msr_bitmap in x2APIC mode, or NULL */
	void *apic_page;
	bool spec_ctrl_passed; /* guests write IA32_SPEC_CTRL without an exit */
};

/* Of each processor. */
struct vmx_cpu {
	void *vmxon;
	bool on;
	struct vmx_vcpu *current; /* whose VMCS is current */
	u64 vpid_generation;      /* this CPU's; grows when all VPIDs were used */
	u32 vpid_next;
	u64 last_vm; /* id of the VM that ran last */
	/* What the hardware holds; of what guests change by themselves, while no vCPU is loaded. */
	u64 kept_msr[KEPT_MSRS];
	u64 dr[4], dr6;
};
extern PERCPU(struct vmx_cpu, vmx_cpu);

static inline struct vmx_vcpu *vmx_of(struct virt_vcpu *v)
{
	return v->backend;
}
static inline struct vmx_vm *vmx_vm_of(const struct virt_vm *vm)
{
	return vm->backend;
}

/* cpu.c */
bool vmx_present(void);
int vmx_check(struct virt_caps *caps, char *why, size_t size);
int vmx_cpu_on(void);
void vmx_cpu_off(void);

/* vm.c */
int vmx_vm_create(struct virt_vm *vm);
void vmx_vm_destroy(struct virt_vm *vm);
void vmx_msr_pass(struct virt_vm *vm, u32 msr, bool read, bool write);
void vmx_io_pass(struct virt_vm *vm, u16 port, u16 count);
/* Clear the bits of an MSR in a bitmap of 4 KiB (SDM vol. 3, 25.6.9). Pure. */
void vmx_bitmap_pass(u8 *bitmap, u32 msr, bool read, bool write);

/* vcpu.c */
int vmx_vcpu_create(struct virt_vcpu *v);
void vmx_vcpu_destroy(struct virt_vcpu *v);
/* Make x's VMCS current for a moment although x is not loaded, and undo it. */
void vmx_borrow(struct vmx_vcpu *x);
void vmx_give_back(struct vmx_vcpu *x);

/* load.c */
void vmx_load(struct virt_vcpu *v);
void vmx_unload(struct virt_vcpu *v);
void vmx_swap(struct virt_vcpu *from, struct virt_vcpu *to);
/* The guest uses the debug registers: x's into hardware, until it is unloaded without them. */
void vmx_debug_bring(struct vmx_vcpu *x);
u64 vmx_dr6_get(const struct vmx_vcpu *x);
void vmx_dr6_set(struct vmx_vcpu *x, u64 value);
u64 vmx_kept_get(struct vmx_vcpu *x, enum vmx_kept_msr msr);
void vmx_kept_set(struct vmx_vcpu *x, enum vmx_kept_msr msr, u64 value);
void vmx_xcr0_set(struct vmx_vcpu *x, u64 value);
void vmx_osxsave_set(struct vmx_vcpu *x, bool on);
/* Is it one of enum vmx_kept_msr which guests must not write without an exit? */
bool vmx_msr_is_known(u32 msr);
/* Learn what this CPU's registers hold, when VMX operation starts. */
void vmx_hardware_read(struct vmx_cpu *c);

/* host.c */
void vmx_host_state_write(void);

/* reset.c */
void vmx_vcpu_reset(struct virt_vcpu *v, bool init);

/* state.c, cr.c, seg.c */
u64 vmx_get_reg(struct virt_vcpu *v, enum virt_reg reg);
void vmx_set_reg(struct virt_vcpu *v, enum virt_reg reg, u64 value);
u64 vmx_cr0_get(void);
u64 vmx_cr4_get(void);
void vmx_cr0_set(struct vmx_vcpu *x, u64 value);
void vmx_cr4_set(struct vmx_vcpu *x, u64 value);
void vmx_efer_set(struct vmx_vcpu *x, u64 value);
/* Write the masks of bits that the guest does not own. */
void vmx_cr_masks_write(void);
/* Whether the guest runs 64-bit code. */
bool vmx_long_code(void);
void vmx_get_code(struct virt_vcpu *v, struct virt_code *code);
void vmx_get_seg(struct virt_vcpu *v, enum virt_seg_name name, struct virt_seg *seg);
unsigned vmx_cpl(struct virt_vcpu *v);
void vmx_set_seg(struct virt_vcpu *v, enum virt_seg_name name, const struct virt_seg *seg);
/* Segment attributes of virt.h from and to VMCS access rights. Pure. */
u16 vmx_attr_from_rights(u32 rights);
u32 vmx_rights_from_attr(u16 attr);

/* event.c */
bool vmx_event_pending(struct virt_vcpu *v);
void vmx_inject_exception(struct virt_vcpu *v, u8 vector, bool has_error, u32 error);
void vmx_inject_irq(struct virt_vcpu *v, u8 vector);
void vmx_inject_nmi(struct virt_vcpu *v);
bool vmx_irq_ready(struct virt_vcpu *v);
bool vmx_nmi_ready(struct virt_vcpu *v);
void vmx_irq_window(struct virt_vcpu *v, bool on);
void vmx_nmi_window(struct virt_vcpu *v, bool on);
void vmx_skip(struct virt_vcpu *v, unsigned len);
/* After an exit that can come in the middle of an event's delivery: keep the event for
 * the next entry. unblock: where bit 12 tells of IRET having unblocked NMIs. */
void vmx_event_requeue(struct vmx_vcpu *x, u64 unblock);
/* Give an intercepted exception to the guest after all. */
void vmx_event_reflect(struct vmx_vcpu *x, u32 info);

/* tlb.c */
void vmx_tlb_flush_vm(struct virt_vm *vm);
void vmx_tlb_flush_vcpu(struct virt_vcpu *v);
void vmx_ept_flush(struct vmx_vcpu *x);
/* Take a VPID that tags nothing on this CPU yet. */
void vmx_vpid_renew(struct vmx_vcpu *x);

/* apicv.c */
void vmx_apic_mode(struct virt_vcpu *v, enum virt_apic_mode mode);
void vmx_apic_tpr_threshold(struct virt_vcpu *v, u8 threshold);
bool vmx_apic_deliver(struct virt_vcpu *v, enum virt_delivery how);
void vmx_apic_set_status(struct virt_vcpu *v, u8 rvi, u8 svi);
void vmx_apic_set_request(struct virt_vcpu *v, u8 rvi);
void vmx_apic_eoi_exit(struct virt_vcpu *v, const u64 bitmap[4]);
int vmx_apic_post(struct virt_vcpu *v, u32 host_cpu);
void vmx_apic_bitmap_init(u8 *bitmap, const struct virt_caps *caps);

/* exit.c: what the exit that just happened means; entry.S continues there. */
void vmx_exit_translate(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit);
/* Before that: let virt_fast handle the exit. Whom to enter again; NULL: translate it. */
struct virt_vcpu *vmx_exit_fast(struct virt_vcpu *v, struct vmx_vcpu *x);
/* English name of a basic exit reason, never NULL. */
const char *vmx_exit_name(u32 reason);

/* entry.S */
void vmx_enter(struct virt_vcpu *v, struct virt_exit *exit);
void vmx_guest_exit(void);

/* enter.c; vmx_prepare: do what .todo and .requests say, false: there is nothing to enter
 * and exit says why. */
bool vmx_prepare(struct virt_vcpu *v, struct virt_exit *exit);
void vmx_set_deadline(struct virt_vcpu *v, u64 tsc);
void vmx_deadline_unusual(struct vmx_vcpu *x, u64 tsc);
/* The timer counts down in units of TSC >> shift. It never fires late: where its 32 bits
 * are not enough it fires early. */
static inline void vmx_deadline_write(struct vmx_vcpu *x, u64 tsc)
{
	u64 ticks = (tsc - rdtsc()) >> vmx_caps.timer_shift;

	/* The shift is below 32: what is past or none is above, too. */
	if (unlikely((ticks >> 32) || !(x->controls.pin & PIN_PREEMPTION_TIMER)))
		vmx_deadline_unusual(x, tsc);
	else
		vmwrite(VMCS_GUEST_PREEMPTION_TIMER, ticks);
}
void vmx_set_tsc_offset(struct virt_vcpu *v, u64 offset);

/* fail.c: VM entry was refused: by VMfail, or (after an exit) for the guest's state. */
void vmx_entry_refused(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit);
void vmx_entry_failed(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit);

#endif
