/* SPDX-License-Identifier: BSD-2-Clause */
/* Exits from the guest, one table entry for each exit code (APM vol. 2, appendix C). */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/debugreg.h"
#include "arch/x86/svm/svm.h"

/* Complete exit from the VMCB. */
typedef void (*exit_fill_t)(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit);

struct exit_desc {
	const char *name;
	exit_fill_t fill;
	u8 kind; /* enum virt_exit_kind */
	u8 len;  /* LEN: caused by an instruction that may have to be skipped */
};
#define LEN 1

/* Bytes of the instruction that exited; 0: it could not be found out, and the exit is over. */
static unsigned insn_length(struct virt_vcpu *v, const struct svm_vcpu *x)
{
	unsigned len = svm_caps.nrip ? (unsigned)(x->vmcb->next_rip - x->vmcb->rip) & 0xf : 0;

	return likely(len) ? len : v->fast->insn_length(v);
}

/* Neither acknowledged nor taken: it is pending until the host enables interrupts. */
static void fill_interrupt(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	exit->vector = 0;
	if (likely(!x->nmi_window))
		return;
	if (svm_nmi_ready(v))
		exit->kind = VIRT_EXIT_NMI_WINDOW;
	else
		svm_nmi_window(v, true);
}

static void fill_virq(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	exit->kind = x->irq_window ? VIRT_EXIT_IRQ_WINDOW : VIRT_EXIT_TPR;
}

static void fill_iret(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	(void)exit;
	svm_nmi_step(x, true);
}

/* #DF, #TS to #PF, #AC. */
static bool has_error_code(u8 vector)
{
	return vector < 32 && (0x27d00u & BIT(vector));
}

/* Delivery of #DB clears DR7.GD and of #PF sets CR2, which interception prevents; DR6 is up to
 * date (15.12.2, 15.12.15). */
static void reflect(struct virt_vcpu *v, struct svm_vcpu *x, u8 vector)
{
	struct vmcb *b = x->vmcb;

	if (vector == VECTOR_DB) {
		b->dr7 &= ~DR7_GD;
		svm_dirty(x, CLEAN_DRX);
	} else if (vector == VECTOR_PF) {
		b->cr2 = b->exit_info2;
		svm_dirty(x, CLEAN_CR2);
	}
	svm_inject_exception(v, vector, has_error_code(vector), (u32)b->exit_info1);
}

/*
 * #DB and #AC come back to the guest at once, but must not be its own business: a guest
 * whose handler faults the same way again would keep the processor for ever, deaf to
 * interrupts (CVE-2015-8104, CVE-2015-5307). #MC is the host's.
 */
static void fill_exception(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	u8 vector = x->vmcb->exit_code & 0x1f;

	if (vector == VECTOR_MC) {
		exit->kind = VIRT_EXIT_MACHINE_CHECK;
		return;
	}
	exit->kind = VIRT_EXIT_HANDLED;
	if (unlikely(x->nmi == NMI_STEP) && svm_nmi_step_end(x, vector)) {
		if (x->nmi_window && svm_nmi_ready(v))
			exit->kind = VIRT_EXIT_NMI_WINDOW;
		return;
	}
	/* An interrupt whose delivery this has cut short is held pending. */
	if (unlikely(svm_event_pending(v)) && EVENT_TYPE(x->vmcb->event_inj) == EVENT_IRQ) {
		exit->kind = VIRT_EXIT_DISPLACED;
		exit->displaced.vector = EVENT_VECTOR(x->vmcb->event_inj);
		exit->displaced.nmi = false;
	}
	reflect(v, x, vector);
}

static void fill_icebp(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	(void)x;
	svm_skip(v, exit->insn_len);
	svm_inject_exception(v, VECTOR_DB, false, 0);
}

/* EXITINFO1, figure 15-2; EXITINFO2 is the next RIP. The segment of OUTS is told together with
 * decode assists only, and not by TCG the address size: 0 has it decoded. */
static void fill_io(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	u64 info = x->vmcb->exit_info1;

	(void)v;
	exit->insn_len = (u8)(x->vmcb->exit_info2 - x->vmcb->rip) & 0xf;
	exit->io.port = (u16)(info >> 16);
	exit->io.size = (info >> 4) & 7;
	exit->io.in = info & BIT(0);
	exit->io.string = info & BIT(2);
	if (unlikely(exit->io.string)) {
		exit->io.rep = info & BIT(3);
		exit->io.addr_size = svm_caps.decode ? (u8)((info >> 7 & 7) << 1) : 0;
		exit->io.seg = exit->io.in ? VIRT_ES : (info >> 10) & 7;
	}
}

static void fill_msr(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	exit->kind = x->vmcb->exit_info1 & 1 ? VIRT_EXIT_MSR_WRITE : VIRT_EXIT_MSR_READ;
}

/* EXITINFO1 is the error code of a page fault, and two bits more (15.25.6). */
#define NPF_WRITE BIT(1)
#define NPF_EXEC BIT(4)
#define NPF_PAGE_WALK BIT(33)
static void fill_memory(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	u64 info = x->vmcb->exit_info1;

	(void)v;
	exit->memory.gpa = GPA(x->vmcb->exit_info2);
	exit->memory.write = info & NPF_WRITE;
	exit->memory.exec = info & NPF_EXEC;
	exit->memory.page_walk = info & NPF_PAGE_WALK;
}

/* With decode assists EXITINFO1 tells a MOV's register, but nothing of CLTS, LMSW and SMSW
 * (15.33.1). */
#define CR_INFO_MOV BIT(63)
static void fill_cr(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	const struct vmcb *b = x->vmcb;

	exit->cr.op = VIRT_CR_DECODE;
	if (!svm_caps.decode || !svm_caps.nrip || !(b->exit_info1 & CR_INFO_MOV))
		return;
	exit->insn_len = (u8)insn_length(v, x);
	exit->cr.op = b->exit_code < SVM_EXIT_CR_WRITE ? VIRT_CR_READ : VIRT_CR_WRITE;
	exit->cr.nr = b->exit_code == SVM_EXIT_CR0_CHANGE ? 0 : b->exit_code & 0xf;
	exit->cr.gpr = b->exit_info1 & 0xf;
	exit->cr.value = exit->cr.gpr == VIRT_RSP ? b->rsp : v->gpr[exit->cr.gpr];
	if (!svm_long_code(x))
		exit->cr.value = (u32)exit->cr.value;
}

/* The intercept comes before the check of the privilege level. */
static void fill_xsetbv(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	if (likely(!x->vmcb->cpl))
		return;
	exit->kind = VIRT_EXIT_HANDLED;
	svm_inject_exception(v, VECTOR_GP, true, 0);
}

/* There are no performance counters: #GP. */
static void fill_rdpmc(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	(void)x;
	(void)exit;
	svm_inject_exception(v, VECTOR_GP, true, 0);
}

static void fill_raw(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	(void)v;
	exit->raw.reason = x->vmcb->exit_code;
	exit->raw.detail = x->vmcb->exit_info1;
}

static const struct exit_desc exits[] = {
    [0x00 ... 0x0f] = {"read of a control register", fill_cr, VIRT_EXIT_CR, 0},
    [0x10 ... 0x1f] = {"write of a control register", fill_cr, VIRT_EXIT_CR, 0},
    [0x20 ... 0x3f] = {"debug-register access", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [0x40 ... 0x5f] = {"exception", fill_exception, VIRT_EXIT_EXCEPTION, 0},
    [SVM_EXIT_INTR] = {"physical interrupt", fill_interrupt, VIRT_EXIT_INTERRUPT, 0},
    /* Taken at STGI already. */
    [SVM_EXIT_NMI] = {"NMI", NULL, VIRT_EXIT_HANDLED, 0},
    [0x62] = {"SMI", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [SVM_EXIT_INIT] = {"INIT signal", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [SVM_EXIT_VINTR] = {"virtual interrupt", fill_virq, VIRT_EXIT_IRQ_WINDOW, 0},
    [SVM_EXIT_CR0_CHANGE] = {"change of CR0", fill_cr, VIRT_EXIT_CR, 0},
    [0x66 ... 0x6d] = {"access to a descriptor table register", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [0x6e] = {"RDTSC", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [SVM_EXIT_RDPMC] = {"RDPMC", fill_rdpmc, VIRT_EXIT_HANDLED, 0},
    [0x70 ... 0x71] = {"PUSHF or POPF", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [SVM_EXIT_CPUID] = {"CPUID", NULL, VIRT_EXIT_CPUID, LEN},
    [SVM_EXIT_RSM] = {"RSM", NULL, VIRT_EXIT_UNDEFINED, 0},
    [SVM_EXIT_IRET] = {"IRET", fill_iret, VIRT_EXIT_HANDLED, 0},
    [0x75] = {"INT n", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [SVM_EXIT_INVD] = {"INVD", NULL, VIRT_EXIT_CACHE, LEN},
    [SVM_EXIT_PAUSE] = {"PAUSE", NULL, VIRT_EXIT_PAUSE, 0},
    [SVM_EXIT_HLT] = {"HLT", NULL, VIRT_EXIT_HLT, LEN},
    [0x79] = {"INVLPG", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [SVM_EXIT_INVLPGA] = {"INVLPGA", NULL, VIRT_EXIT_UNDEFINED, 0},
    [SVM_EXIT_IO] = {"I/O instruction", fill_io, VIRT_EXIT_IO, 0},
    [SVM_EXIT_MSR] = {"RDMSR or WRMSR", fill_msr, VIRT_EXIT_MSR_READ, LEN},
    [SVM_EXIT_TASK_SWITCH] = {"task switch", fill_raw, VIRT_EXIT_TASK_SWITCH, 0},
    [0x7e] = {"FERR freeze", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [SVM_EXIT_SHUTDOWN] = {"shutdown", NULL, VIRT_EXIT_TRIPLE_FAULT, 0},
    [SVM_EXIT_VMRUN] = {"VMRUN", NULL, VIRT_EXIT_UNDEFINED, 0},
    [SVM_EXIT_VMMCALL] = {"VMMCALL", NULL, VIRT_EXIT_HYPERCALL, LEN},
    [SVM_EXIT_VMLOAD] = {"VMLOAD", NULL, VIRT_EXIT_UNDEFINED, 0},
    [SVM_EXIT_VMSAVE] = {"VMSAVE", NULL, VIRT_EXIT_UNDEFINED, 0},
    [SVM_EXIT_STGI] = {"STGI", NULL, VIRT_EXIT_UNDEFINED, 0},
    [SVM_EXIT_CLGI] = {"CLGI", NULL, VIRT_EXIT_UNDEFINED, 0},
    [SVM_EXIT_SKINIT] = {"SKINIT", NULL, VIRT_EXIT_UNDEFINED, 0},
    [SVM_EXIT_RDTSCP] = {"RDTSCP", NULL, VIRT_EXIT_UNDEFINED, 0},
    [SVM_EXIT_ICEBP] = {"ICEBP", fill_icebp, VIRT_EXIT_HANDLED, LEN},
    [SVM_EXIT_WBINVD] = {"WBINVD or WBNOINVD", NULL, VIRT_EXIT_CACHE, LEN},
    [SVM_EXIT_MONITOR] = {"MONITOR", NULL, VIRT_EXIT_MWAIT, 0},
    [SVM_EXIT_MWAIT... SVM_EXIT_MWAIT + 1] = {"MWAIT", NULL, VIRT_EXIT_MWAIT, 0},
    [SVM_EXIT_XSETBV] = {"XSETBV", fill_xsetbv, VIRT_EXIT_XSETBV, LEN},
    [SVM_EXIT_RDPRU] = {"RDPRU", NULL, VIRT_EXIT_UNDEFINED, 0},
    [0x8f ... 0x9f] = {"trap behind a register's write", fill_raw, VIRT_EXIT_UNKNOWN, 0},
    [0xa0 ... 0xa1] = {"INVLPGB", NULL, VIRT_EXIT_UNDEFINED, 0},
    [SVM_EXIT_INVPCID] = {"INVPCID", NULL, VIRT_EXIT_UNDEFINED, 0},
    [0xa3] = {"MCOMMIT", NULL, VIRT_EXIT_UNDEFINED, 0},
    [0xa4] = {"TLBSYNC", NULL, VIRT_EXIT_UNDEFINED, 0},
};

static const struct exit_desc nested_fault = {"nested page fault", fill_memory, VIRT_EXIT_MEMORY,
					      0};
static const struct exit_desc avic[] = {
    {"incomplete IPI", svm_fill_ipi, VIRT_EXIT_IPI, 0},
    {"APIC access that is not accelerated", svm_fill_noaccel, VIRT_EXIT_EOI, 0},
};
static const struct exit_desc invalid = {"invalid VMCB", svm_entry_failed, VIRT_EXIT_ENTRY_FAILED,
					 0};
static const struct exit_desc unknown = {"unknown", fill_raw, VIRT_EXIT_UNKNOWN, 0};

static const struct exit_desc *desc_of(u64 code)
{
	if (likely(code < ARRAY_SIZE(exits)))
		return &exits[code];
	if (likely(code == SVM_EXIT_NPF))
		return &nested_fault;
	if (code == SVM_EXIT_IPI || code == SVM_EXIT_NOACCEL)
		return &avic[code - SVM_EXIT_IPI];
	/* Some processors have stored -1 in 32 bits. */
	return (u32)code == (u32)SVM_EXIT_INVALID || (u32)code == (u32)SVM_EXIT_BUSY ? &invalid
										     : &unknown;
}

const char *svm_exit_name(u64 code)
{
	return desc_of(code)->name;
}

void svm_exit_translate(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	const struct exit_desc *d = desc_of(x->vmcb->exit_code);

	svm_event_requeue(x);
	exit->kind = d->kind;
	exit->insn_len = 0;
	if (d->len) {
		exit->insn_len = (u8)insn_length(v, x);
		if (unlikely(!exit->insn_len)) {
			exit->kind = VIRT_EXIT_HANDLED;
			return;
		}
	}
	if (d->fill)
		d->fill(v, x, exit);
}

/* The kind of an exit that virt_fast may handle; VIRT_EXIT_KINDS: none. */
static enum virt_exit_kind fast_kind(const struct svm_vcpu *x)
{
	switch (x->vmcb->exit_code) {
	case SVM_EXIT_CPUID:
		return VIRT_EXIT_CPUID;
	case SVM_EXIT_MSR:
		return x->vmcb->exit_info1 & 1 ? VIRT_EXIT_MSR_WRITE : VIRT_EXIT_MSR_READ;
	case SVM_EXIT_VMMCALL:
		return VIRT_EXIT_HYPERCALL;
	case SVM_EXIT_VINTR:
		return x->irq_window ? VIRT_EXIT_IRQ_WINDOW : VIRT_EXIT_KINDS;
	default:
		return VIRT_EXIT_KINDS;
	}
}

/* What every exit leaves to do: the next entry flushes and injects nothing unless told to, all
 * of the VMCB is as the processor has it, and CR8 is the task priority. */
static inline void tidy(struct svm_vcpu *x)
{
	struct vmcb *b = x->vmcb;

	b->event_inj = 0;
	b->tlb_control = TLB_KEEP;
	b->clean = svm_caps.clean;
	if (unlikely(*x->tpr >> 4 != b->tpr))
		*x->tpr = (u8)(b->tpr << 4);
}

/* True: done, or over. */
static bool handle_instruction(struct virt_vcpu *v, struct svm_vcpu *x, enum virt_exit_kind kind)
{
	unsigned len = insn_length(v, x);

	if (unlikely(!len)) {
		x->todo |= TODO_RETURN;
		return true;
	}
	if (!v->fast->handle[kind](v))
		return false;
	svm_skip(v, len);
	return true;
}

/* A physical interrupt is not acknowledged, so whose it is nobody knows yet: the run loop's. */
bool svm_exit_fast(struct virt_vcpu *v, struct svm_vcpu *x)
{
	enum virt_exit_kind kind;
	bool done;

	tidy(x);
	kind = fast_kind(x);
	if (likely(kind == VIRT_EXIT_KINDS))
		return false;
	virt_host_mode(v);
	done =
	    kind == VIRT_EXIT_IRQ_WINDOW ? v->fast->irq_window(v) : handle_instruction(v, x, kind);
	if (!done)
		return false;
	if (unlikely(x->todo & TODO_RETURN))
		return true;
	if (!virt_guest_mode(v) && !v->fast->attend(v))
		x->todo |= TODO_RETURN;
	return true;
}
