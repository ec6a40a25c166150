/* SPDX-License-Identifier: BSD-2-Clause */
/* VM exits, one table entry for each basic exit reason (SDM vol. 3, appendix C). */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/debugreg.h"
#include "arch/x86/vmx/vmx.h"

/* Complete exit from the VMCS. */
typedef void (*exit_fill_t)(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit);

struct exit_desc {
	const char *name;
	exit_fill_t fill;
	u8 kind;     /* enum virt_exit_kind */
	u8 len_mask; /* LEN: caused by an instruction, whose length the processor tells */
};
#define LEN 0xff

static void fill_interrupt(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	(void)x;
	exit->vector = INTR_VECTOR(vmread(VMCS_EXIT_INTR_INFO));
}

/*
 * Delivery of #DB sets DR6 and clears DR7.GD, which interception prevented (SDM vol. 3,
 * 27.1). Single-stepping behind STI or MOV SS, the entry wants the trap to be pending.
 */
static void debug_reflect(struct vmx_vcpu *x, u32 info)
{
	u64 dr6_bits = vmread(VMCS_EXIT_QUALIFICATION) & 0xe00f;

	vmx_dr6_set(x, (vmx_dr6_get(x) & ~0xfull) | dr6_bits);
	vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~DR7_GD);
	if ((vmread(VMCS_GUEST_RFLAGS) & RFLAGS_TF) &&
	    (vmread(VMCS_GUEST_INTERRUPTIBILITY) & INTERRUPTIBILITY_SHADOW))
		vmwrite(VMCS_GUEST_PENDING_DEBUG,
			vmread(VMCS_GUEST_PENDING_DEBUG) | PENDING_DEBUG_BS);
	vmx_event_reflect(x, info);
}

/*
 * An interrupt or an NMI whose delivery an exception has cut short is held pending, while
 * anything else that was being delivered comes again by itself (SDM vol. 3, 6.9). To be called
 * before the exception takes the event's place.
 */
static void displace(const struct vmx_vcpu *x, struct virt_exit *exit)
{
	u32 first = x->event.info;

	exit->kind = VIRT_EXIT_HANDLED;
	if (likely(!first) || (INTR_TYPE(first) != INTR_EXTERNAL && INTR_TYPE(first) != INTR_NMI))
		return;
	exit->kind = VIRT_EXIT_DISPLACED;
	exit->displaced.vector = INTR_VECTOR(first);
	exit->displaced.nmi = INTR_TYPE(first) == INTR_NMI;
}

static void fill_exception(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	u32 info = (u32)vmread(VMCS_EXIT_INTR_INFO);

	(void)v;
	if (INTR_TYPE(info) == INTR_NMI) {
		exit->kind = VIRT_EXIT_NMI;
		vmx_event_requeue(x, 0);
		return;
	}
	vmx_event_requeue(x, info);
	switch (INTR_VECTOR(info)) {
	case VECTOR_MC:
		exit->kind = VIRT_EXIT_MACHINE_CHECK;
		break;
	case VECTOR_DB:
		displace(x, exit);
		debug_reflect(x, info);
		break;
	case VECTOR_AC:
		displace(x, exit);
		vmx_event_reflect(x, info);
		break;
	default:
		exit->exception.vector = INTR_VECTOR(info);
		exit->exception.has_error = info & INTR_ERROR_VALID;
		exit->exception.error = (u32)vmread(VMCS_EXIT_INTR_ERROR);
		exit->exception.address = vmread(VMCS_EXIT_QUALIFICATION);
	}
}

/* Qualification, SDM vol. 3, table 28-5; instruction information, table 28-8. */
static void fill_io(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	u64 q = vmread(VMCS_EXIT_QUALIFICATION);

	(void)v;
	(void)x;
	exit->io.port = (u16)(q >> 16);
	exit->io.size = (u8)((q & 7) + 1);
	exit->io.in = q & BIT(3);
	exit->io.string = q & BIT(4);
	if (unlikely(exit->io.string)) {
		u64 info = vmread(VMCS_EXIT_INSN_INFO);

		exit->io.rep = q & BIT(5);
		exit->io.addr_size = (u8)(2u << ((info >> 7) & 3));
		exit->io.seg = exit->io.in ? VIRT_ES : (info >> 15) & 7;
	}
}

/* Qualification, table 28-7. */
static void fill_memory(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	u64 q = vmread(VMCS_EXIT_QUALIFICATION);

	(void)v;
	exit->memory.gpa = GPA(vmread(VMCS_GUEST_PHYSICAL_ADDRESS));
	exit->memory.write = q & BIT(1);
	exit->memory.exec = q & BIT(2);
	exit->memory.page_walk = (q & (BIT(7) | BIT(8))) == BIT(7);
	vmx_event_requeue(x, q);
}

enum cr_access { CR_MOV_TO, CR_MOV_FROM, CR_CLTS, CR_LMSW };

/* Qualification, table 28-3. */
static void fill_cr(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	u64 q = vmread(VMCS_EXIT_QUALIFICATION);

	(void)x;
	exit->cr.nr = q & 0xf;
	exit->cr.gpr = (q >> 8) & 0xf;
	exit->cr.op = VIRT_CR_WRITE;
	exit->cr.value = 0;
	switch ((enum cr_access)((q >> 4) & 3)) {
	case CR_MOV_TO:
		exit->cr.value =
		    exit->cr.gpr == VIRT_RSP ? vmread(VMCS_GUEST_RSP) : v->gpr[exit->cr.gpr];
		if (!vmx_long_code())
			exit->cr.value = (u32)exit->cr.value;
		break;
	case CR_MOV_FROM:
		exit->cr.op = VIRT_CR_READ;
		break;
	case CR_CLTS:
		exit->cr.value = vmx_cr0_get() & ~CR0_TS;
		break;
	case CR_LMSW: /* can set PE, cannot clear it */
		exit->cr.value = (vmx_cr0_get() & ~(CR0_MP | CR0_EM | CR0_TS)) | ((q >> 16) & 0xf);
		break;
	}
}

enum apic_access { APIC_READ, APIC_WRITE, APIC_FETCH, APIC_EVENT };
#define APIC_BASE_GPA 0xfee00000ull

/* Qualification, table 28-6. What is no plain load or store is told as a memory access. */
static void fill_apic_access(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	u64 q = vmread(VMCS_EXIT_QUALIFICATION);
	unsigned type = (q >> 12) & 0xf;

	(void)v;
	vmx_event_requeue(x, 0);
	if (type <= APIC_WRITE) {
		exit->apic.offset = q & 0xfff;
		exit->apic.write = type == APIC_WRITE;
		return;
	}
	exit->kind = VIRT_EXIT_MEMORY;
	exit->memory.gpa = GPA(APIC_BASE_GPA | (q & 0xfff));
	exit->memory.write = false;
	exit->memory.exec = type == APIC_FETCH;
	exit->memory.page_walk = type > APIC_EVENT;
}

static void fill_apic_write(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	(void)x;
	exit->apic.offset = vmread(VMCS_EXIT_QUALIFICATION) & 0xfff;
	exit->apic.write = true;
}

static void fill_eoi(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	(void)x;
	exit->vector = (u8)vmread(VMCS_EXIT_QUALIFICATION);
}

static void fill_task_switch(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	vmx_event_requeue(x, 0);
	exit->raw.reason = vmread(VMCS_EXIT_REASON);
	exit->raw.detail = vmread(VMCS_EXIT_QUALIFICATION);
}

static void fill_misconfig(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	(void)x;
	exit->raw.reason = vmread(VMCS_EXIT_REASON);
	exit->raw.detail = vmread(VMCS_GUEST_PHYSICAL_ADDRESS);
}

/* There are no performance counters: #GP. */
static void fill_rdpmc(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	(void)x;
	exit->kind = VIRT_EXIT_HANDLED;
	vmx_inject_exception(v, VECTOR_GP, true, 0);
}

static void fill_raw(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	(void)x;
	exit->raw.reason = vmread(VMCS_EXIT_REASON);
	exit->raw.detail = vmread(VMCS_EXIT_QUALIFICATION);
}

static void fill_nothing(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	(void)x;
	(void)exit;
}

static void fill_mov_dr(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	(void)exit;
	vmx_debug_bring(x);
}

static const struct exit_desc exits[] = {
    [0] = {"exception or NMI", fill_exception, VIRT_EXIT_EXCEPTION, 0},
    [1] = {"external interrupt", fill_interrupt, VIRT_EXIT_INTERRUPT, 0},
    [2] = {"triple fault", fill_nothing, VIRT_EXIT_TRIPLE_FAULT, 0},
    [3] = {"INIT signal", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [4] = {"start-up IPI", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [5] = {"I/O SMI", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [6] = {"other SMI", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [7] = {"interrupt window", fill_nothing, VIRT_EXIT_IRQ_WINDOW, 0},
    [8] = {"NMI window", fill_nothing, VIRT_EXIT_NMI_WINDOW, 0},
    [9] = {"task switch", fill_task_switch, VIRT_EXIT_TASK_SWITCH, 0},
    [10] = {"CPUID", fill_nothing, VIRT_EXIT_CPUID, LEN},
    [11] = {"GETSEC", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [12] = {"HLT", fill_nothing, VIRT_EXIT_HLT, LEN},
    [13] = {"INVD", fill_nothing, VIRT_EXIT_CACHE, LEN},
    [14] = {"INVLPG", fill_raw, VIRT_EXIT_UNKNOWN, LEN},
    [15] = {"RDPMC", fill_rdpmc, VIRT_EXIT_UNDEFINED, LEN},
    [16] = {"RDTSC", fill_raw, VIRT_EXIT_UNKNOWN, LEN},
    [17] = {"RSM", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [18] = {"VMCALL", fill_nothing, VIRT_EXIT_HYPERCALL, LEN},
    [19] = {"VMCLEAR", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [20] = {"VMLAUNCH", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [21] = {"VMPTRLD", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [22] = {"VMPTRST", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [23] = {"VMREAD", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [24] = {"VMRESUME", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [25] = {"VMWRITE", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [26] = {"VMXOFF", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [27] = {"VMXON", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [28] = {"control-register access", fill_cr, VIRT_EXIT_CR, LEN},
    [29] = {"MOV DR", fill_mov_dr, VIRT_EXIT_HANDLED, 0},
    [30] = {"I/O instruction", fill_io, VIRT_EXIT_IO, LEN},
    [31] = {"RDMSR", fill_nothing, VIRT_EXIT_MSR_READ, LEN},
    [32] = {"WRMSR", fill_nothing, VIRT_EXIT_MSR_WRITE, LEN},
    [33] = {"entry failed: guest state", vmx_entry_failed, VIRT_EXIT_ENTRY_FAILED, 0},
    [34] = {"entry failed: MSR loading", vmx_entry_failed, VIRT_EXIT_ENTRY_FAILED, 0},
    [35] = {"reserved", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [36] = {"MWAIT", fill_nothing, VIRT_EXIT_MWAIT, LEN},
    [37] = {"monitor trap flag", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [38] = {"reserved", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [39] = {"MONITOR", fill_nothing, VIRT_EXIT_MWAIT, LEN},
    [40] = {"PAUSE", fill_nothing, VIRT_EXIT_PAUSE, LEN},
    [41] = {"entry failed: machine check", fill_nothing, VIRT_EXIT_MACHINE_CHECK, 0},
    [42] = {"reserved", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [43] = {"TPR below threshold", fill_nothing, VIRT_EXIT_TPR, 0},
    [44] = {"APIC access", fill_apic_access, VIRT_EXIT_APIC_ACCESS, 0},
    [45] = {"virtualized EOI", fill_eoi, VIRT_EXIT_EOI, 0},
    [46] = {"access to GDTR or IDTR", fill_raw, VIRT_EXIT_UNKNOWN, LEN},
    [47] = {"access to LDTR or TR", fill_raw, VIRT_EXIT_UNKNOWN, LEN},
    [48] = {"EPT violation", fill_memory, VIRT_EXIT_MEMORY, 0},
    [49] = {"EPT misconfiguration", fill_misconfig, VIRT_EXIT_UNKNOWN, 0},
    [50] = {"INVEPT", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [51] = {"RDTSCP", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [52] = {"preemption timer", fill_nothing, VIRT_EXIT_DEADLINE, 0},
    [53] = {"INVVPID", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [54] = {"WBINVD or WBNOINVD", fill_nothing, VIRT_EXIT_CACHE, LEN},
    [55] = {"XSETBV", fill_nothing, VIRT_EXIT_XSETBV, LEN},
    [56] = {"APIC write", fill_apic_write, VIRT_EXIT_APIC_WRITE, 0},
    [57] = {"RDRAND", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [58] = {"INVPCID", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [59] = {"VMFUNC", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [60] = {"ENCLS", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [61] = {"RDSEED", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [62] = {"page-modification log full", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [63] = {"XSAVES", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [64] = {"XRSTORS", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [65] = {"PCONFIG", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [66] = {"sub-page protection", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [67] = {"UMWAIT", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [68] = {"TPAUSE", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [69] = {"LOADIWKEY", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [70] = {"ENCLV", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [71] = {"reserved", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [72] = {"ENQCMD", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [73] = {"ENQCMDS", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [74] = {"bus lock", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [75] = {"instruction timeout", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [76] = {"SEAMCALL", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [77] = {"TDCALL", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [78] = {"RDMSRLIST", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
    [79] = {"WRMSRLIST", fill_nothing, VIRT_EXIT_UNDEFINED, LEN},
};

static const struct exit_desc unknown = {"unknown", fill_raw, VIRT_EXIT_UNKNOWN, 0};

const char *vmx_exit_name(u32 reason)
{
	u16 basic = (u16)reason;

	return basic < ARRAY_SIZE(exits) ? exits[basic].name : unknown.name;
}

void vmx_exit_translate(struct virt_vcpu *v, struct vmx_vcpu *x, struct virt_exit *exit)
{
	/* Bit 31, a failed entry, goes with reasons of its own; others are not used here. */
	u32 reason = (u16)vmread(VMCS_EXIT_REASON);
	const struct exit_desc *d = &unknown;

	if (likely(reason < ARRAY_SIZE(exits)))
		d = &exits[reason];
	exit->kind = d->kind;
	exit->insn_len = (u8)vmread(VMCS_EXIT_INSN_LEN) & d->len_mask;
	d->fill(v, x, exit);
}

/* --- exits that virt_fast may handle: who is entered again, or NULL ----------------------- */

typedef struct virt_vcpu *fast_fn(struct virt_vcpu *v, struct vmx_vcpu *x);

static inline struct virt_vcpu *fast_again(struct virt_vcpu *v, struct vmx_vcpu *x)
{
	/* Straight back, but not so often that the deadline is missed by more than a few
	 * microseconds: the timer, whose rest an exit saves, stands still outside of the
	 * guest. */
	if (unlikely(!--x->fast_left) || !(virt_guest_mode(v) || v->fast->attend(v)))
		x->todo |= TODO_RETURN;
	return v;
}

static inline struct virt_vcpu *fast_instruction(struct virt_vcpu *v, struct vmx_vcpu *x,
						 enum virt_exit_kind kind)
{
	virt_host_mode(v);
	if (!v->fast->handle[kind](v))
		return NULL;
	vmx_skip(v, (u8)vmread(VMCS_EXIT_INSN_LEN));
	return fast_again(v, x);
}

static struct virt_vcpu *fast_cpuid(struct virt_vcpu *v, struct vmx_vcpu *x)
{
	return fast_instruction(v, x, VIRT_EXIT_CPUID);
}

static struct virt_vcpu *fast_hypercall(struct virt_vcpu *v, struct vmx_vcpu *x)
{
	return fast_instruction(v, x, VIRT_EXIT_HYPERCALL);
}

static struct virt_vcpu *fast_msr_read(struct virt_vcpu *v, struct vmx_vcpu *x)
{
	return fast_instruction(v, x, VIRT_EXIT_MSR_READ);
}

static struct virt_vcpu *fast_msr_write(struct virt_vcpu *v, struct vmx_vcpu *x)
{
	return fast_instruction(v, x, VIRT_EXIT_MSR_WRITE);
}

static struct virt_vcpu *fast_interrupt(struct virt_vcpu *v, struct vmx_vcpu *x)
{
	virt_host_mode(v);
	if (!v->fast->interrupt(v, INTR_VECTOR(vmread(VMCS_EXIT_INTR_INFO))))
		return NULL;
	return fast_again(v, x);
}

static struct virt_vcpu *fast_irq_window(struct virt_vcpu *v, struct vmx_vcpu *x)
{
	virt_host_mode(v);
	return v->fast->irq_window(v) ? fast_again(v, x) : NULL;
}

static __attribute__((noinline)) struct virt_vcpu *fast_attend(struct virt_vcpu *v)
{
	if (!v->fast->attend(v))
		vmx_of(v)->todo |= TODO_RETURN;
	return v;
}

/* Whoever it is now. */
static inline struct virt_vcpu *fast_next(struct virt_vcpu *v)
{
	if (unlikely(!v))
		return NULL;
	vmx_deadline_write(vmx_of(v), v->deadline);
	return likely(virt_guest_mode(v)) ? v : fast_attend(v);
}

static struct virt_vcpu *fast_deadline(struct virt_vcpu *v, struct vmx_vcpu *x)
{
	(void)x;
	virt_host_mode(v);
	return fast_next(v->fast->deadline(v, 1));
}

static struct virt_vcpu *fast_halt(struct virt_vcpu *v, struct vmx_vcpu *x)
{
	(void)x;
	if (unlikely(!virt_caps.deadline))
		return NULL;
	virt_host_mode(v);
	return fast_next(v->fast->halt(v, (u8)vmread(VMCS_EXIT_INSN_LEN)));
}

static fast_fn *const fast_exits[] = {
    [1] = fast_interrupt,  [7] = fast_irq_window, [10] = fast_cpuid,     [12] = fast_halt,
    [18] = fast_hypercall, [31] = fast_msr_read,  [32] = fast_msr_write, [52] = fast_deadline,
};

struct virt_vcpu *vmx_exit_fast(struct virt_vcpu *v, struct vmx_vcpu *x)
{
	size_t reason = (u32)vmread(VMCS_EXIT_REASON);

	if (likely(reason >= ARRAY_SIZE(fast_exits) || !fast_exits[reason]))
		return NULL;
	return fast_exits[reason](v, x);
}
