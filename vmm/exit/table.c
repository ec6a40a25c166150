/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of exit handlers, and the handlers that are only a few lines. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/trap.h"
#include "arch/x86/irq/irq.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"
#include "vmm/exit/exit.h"
#include "vmm/exit/system_insn.h"
#include "vmm/vcpu/run.h"

static enum vcpu_next exit_interrupt(struct vcpu *v, const struct virt_exit *exit)
{
	(void)v;
	if (likely(exit->vector))
		irq_dispatch(exit->vector);
	else
		irq_window();
	/* It may be the timer, where an exit of its own does not stand for it. */
	if (!virt_caps.deadline)
		timer_run_expired();
	return VCPU_AGAIN;
}

static enum vcpu_next exit_host_nmi(struct vcpu *v, const struct virt_exit *exit)
{
	(void)v;
	(void)exit;
	trap_nmi();
	return VCPU_AGAIN;
}

static enum vcpu_next exit_machine_check(struct vcpu *v, const struct virt_exit *exit)
{
	(void)v;
	(void)exit;
	trap_machine_check();
	return VCPU_AGAIN;
}

/* The back end has done all there was; perhaps v has no processor any more (leave() in turn.c). */
static enum vcpu_next exit_nothing(struct vcpu *v, const struct virt_exit *exit)
{
	(void)exit;
	return likely(sched_current() == &v->sched) ? VCPU_AGAIN : VCPU_STOP;
}

/* Ticks that the hardware's count may end too early by, and that are waited for here, since
 * another entry and exit would take as long. */
#define EARLY_TICKS 256

static enum vcpu_next exit_deadline(struct vcpu *v, const struct virt_exit *exit)
{
	u64 next = timer_next();

	(void)v;
	(void)exit;
	while (unlikely(next - time_tsc() - 1 < EARLY_TICKS))
		cpu_relax();
	timer_run_expired();
	return VCPU_AGAIN;
}

static enum vcpu_next exit_tpr(struct vcpu *v, const struct virt_exit *exit)
{
	(void)exit;
	vcpu_look(v);
	return VCPU_AGAIN;
}

static enum vcpu_next exit_irq_window(struct vcpu *v, const struct virt_exit *exit)
{
	(void)exit;
	vcpu_end_irq_window(v);
	return VCPU_AGAIN;
}

static enum vcpu_next exit_nmi_window(struct vcpu *v, const struct virt_exit *exit)
{
	(void)exit;
	virt->nmi_window(&v->virt, false);
	virt->inject_nmi(&v->virt);
	return VCPU_AGAIN;
}

static enum vcpu_next exit_undefined(struct vcpu *v, const struct virt_exit *exit)
{
	(void)exit;
	vcpu_inject_ud(v);
	return VCPU_AGAIN;
}

/* RAM is always cached and DMA coherent, so INVD and WBINVD have nothing to do. INVD must not
 * be executed for a guest: it would throw away other guests' data. */
static enum vcpu_next exit_cache(struct vcpu *v, const struct virt_exit *exit)
{
	return exit_skip(v, exit);
}

static enum vcpu_next exit_exception(struct vcpu *v, const struct virt_exit *exit)
{
	virt->inject_exception(&v->virt, exit->exception.vector, exit->exception.has_error,
			       exit->exception.error);
	return VCPU_AGAIN;
}

static enum vcpu_next exit_displaced(struct vcpu *v, const struct virt_exit *exit)
{
	if (exit->displaced.nmi) {
		vcpu_request(v, VCPU_REQ_NMI);
		return VCPU_AGAIN;
	}
	v->displaced = true;
	v->displaced_vector = exit->displaced.vector;
	vcpu_look(v);
	return VCPU_AGAIN;
}

static enum vcpu_next exit_triple_fault(struct vcpu *v, const struct virt_exit *exit)
{
	(void)exit;
	vm_crash(v->vm, v, "triple fault");
	return VCPU_AGAIN;
}

static enum vcpu_next exit_task_switch(struct vcpu *v, const struct virt_exit *exit)
{
	(void)exit;
	vm_crash(v->vm, v, "hardware task switch, which Hanok does not emulate");
	return VCPU_AGAIN;
}

static enum vcpu_next exit_entry_failed(struct vcpu *v, const struct virt_exit *exit)
{
	vm_crash(v->vm, v, "the processor refused the guest's state (reason %llu, detail %#llx)",
		 (unsigned long long)exit->raw.reason, (unsigned long long)exit->raw.detail);
	return VCPU_AGAIN;
}

static enum vcpu_next exit_unknown(struct vcpu *v, const struct virt_exit *exit)
{
	vm_crash(v->vm, v, "exit that has no handler (reason %llu, detail %#llx)",
		 (unsigned long long)exit->raw.reason, (unsigned long long)exit->raw.detail);
	return VCPU_AGAIN;
}

const exit_handler_t exit_handlers[VIRT_EXIT_KINDS] = {
    [VIRT_EXIT_INTERRUPT] = exit_interrupt,
    [VIRT_EXIT_NMI] = exit_host_nmi,
    [VIRT_EXIT_MACHINE_CHECK] = exit_machine_check,
    [VIRT_EXIT_DEADLINE] = exit_deadline,
    [VIRT_EXIT_IRQ_WINDOW] = exit_irq_window,
    [VIRT_EXIT_NMI_WINDOW] = exit_nmi_window,
    [VIRT_EXIT_CPUID] = exit_cpuid,
    [VIRT_EXIT_HYPERCALL] = exit_nothing, /* always done by fast_hypercall() */
    [VIRT_EXIT_MSR_READ] = exit_msr_read,
    [VIRT_EXIT_MSR_WRITE] = exit_msr_write,
    [VIRT_EXIT_IO] = exit_io,
    [VIRT_EXIT_MEMORY] = exit_memory,
    [VIRT_EXIT_CR] = exit_cr,
    [VIRT_EXIT_XSETBV] = exit_xsetbv,
    [VIRT_EXIT_HLT] = exit_hlt,
    [VIRT_EXIT_PAUSE] = exit_pause,
    [VIRT_EXIT_MWAIT] = exit_undefined,
    [VIRT_EXIT_CACHE] = exit_cache,
    [VIRT_EXIT_EXCEPTION] = exit_exception,
    [VIRT_EXIT_UNDEFINED] = exit_undefined,
    [VIRT_EXIT_TRIPLE_FAULT] = exit_triple_fault,
    [VIRT_EXIT_TASK_SWITCH] = exit_task_switch,
    [VIRT_EXIT_APIC_WRITE] = exit_apic_write,
    [VIRT_EXIT_EOI] = exit_eoi,
    [VIRT_EXIT_IPI] = exit_ipi,
    [VIRT_EXIT_TPR] = exit_tpr,
    [VIRT_EXIT_APIC_ACCESS] = exit_apic_access,
    [VIRT_EXIT_ENTRY_FAILED] = exit_entry_failed,
    [VIRT_EXIT_UNKNOWN] = exit_unknown,
    [VIRT_EXIT_DISPLACED] = exit_displaced,
    [VIRT_EXIT_HANDLED] = exit_nothing,
};

static bool fast_never(struct virt_vcpu *vv)
{
	(void)vv;
	return false;
}

const struct virt_fast exit_fast = {
    .handle =
	{
	    [VIRT_EXIT_CPUID] = fast_cpuid,
	    [VIRT_EXIT_HYPERCALL] = fast_hypercall,
	    [VIRT_EXIT_MSR_READ] = fast_msr_read,
	    [VIRT_EXIT_MSR_WRITE] = fast_msr_write,
	    [VIRT_EXIT_XSETBV] = fast_never,
	},
    .insn_length = system_insn_length,
    .interrupt = vcpu_fast_kick,
    .irq_window = vcpu_fast_irq_window,
    .attend = vcpu_fast_attend,
    .deadline = vcpu_turn,
    .halt = vcpu_fast_halt,
};

const char *const exit_names[VIRT_EXIT_KINDS] = {
    [VIRT_EXIT_INTERRUPT] = "interrupt",
    [VIRT_EXIT_NMI] = "nmi",
    [VIRT_EXIT_MACHINE_CHECK] = "machine-check",
    [VIRT_EXIT_DEADLINE] = "deadline",
    [VIRT_EXIT_IRQ_WINDOW] = "irq-window",
    [VIRT_EXIT_NMI_WINDOW] = "nmi-window",
    [VIRT_EXIT_CPUID] = "cpuid",
    [VIRT_EXIT_HYPERCALL] = "hypercall",
    [VIRT_EXIT_MSR_READ] = "msr-read",
    [VIRT_EXIT_MSR_WRITE] = "msr-write",
    [VIRT_EXIT_IO] = "io",
    [VIRT_EXIT_MEMORY] = "memory",
    [VIRT_EXIT_CR] = "cr",
    [VIRT_EXIT_XSETBV] = "xsetbv",
    [VIRT_EXIT_HLT] = "hlt",
    [VIRT_EXIT_PAUSE] = "pause",
    [VIRT_EXIT_MWAIT] = "mwait",
    [VIRT_EXIT_CACHE] = "cache",
    [VIRT_EXIT_EXCEPTION] = "exception",
    [VIRT_EXIT_UNDEFINED] = "undefined",
    [VIRT_EXIT_TRIPLE_FAULT] = "triple-fault",
    [VIRT_EXIT_TASK_SWITCH] = "task-switch",
    [VIRT_EXIT_APIC_WRITE] = "apic-write",
    [VIRT_EXIT_EOI] = "eoi",
    [VIRT_EXIT_IPI] = "ipi",
    [VIRT_EXIT_TPR] = "tpr",
    [VIRT_EXIT_APIC_ACCESS] = "apic-access",
    [VIRT_EXIT_ENTRY_FAILED] = "entry-failed",
    [VIRT_EXIT_UNKNOWN] = "unknown",
    [VIRT_EXIT_DISPLACED] = "displaced",
    [VIRT_EXIT_HANDLED] = "handled",
};
