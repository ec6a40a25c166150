/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/trap.h"

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/panic.h"
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/mm/host.h"
#include "arch/x86/smp/smp.h"
#include "kernel/lib/klog.h"

#define MCG_STATUS_RIPV BIT(0)
#define MC_STATUS_VALID BIT(63)
#define MC_STATUS_PCC BIT(57)

struct ex_entry {
	u64 fault, resume;
};
extern const struct ex_entry __start_ex_table[], __stop_ex_table[];

static bool trap_fixup(struct trap_frame *frame)
{
	for (const struct ex_entry *e = __start_ex_table; e < __stop_ex_table; e++) {
		if (e->fault == frame->rip) {
			frame->rip = e->resume;
			return true;
		}
	}
	return false;
}

const char *trap_name(u64 vector)
{
	static const char *const names[] = {
	    "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "?",   "#TS",
	    "#NP", "#SS", "#GP", "#PF", "?",   "#MF", "#AC", "#MC", "#XM", "#VE", "#CP",
	};

	return vector < ARRAY_SIZE(names) ? names[vector] : "?";
}

void trap_nmi(void)
{
	if (smp_stop_requested())
		smp_stop_self();
	log_warn("cpu %u: NMI without a known source", cpu_id());
}

void trap_machine_check(void)
{
	u64 status = rdmsr(MSR_IA32_MCG_STATUS);
	u32 banks = rdmsr(MSR_IA32_MCG_CAP) & 0xff;
	bool fatal = !(status & MCG_STATUS_RIPV);

	for (u32 bank = 0; bank < banks; bank++) {
		u64 bank_status = rdmsr(MSR_IA32_MC0_STATUS + 4 * bank);

		if (!(bank_status & MC_STATUS_VALID))
			continue;
		log_err("cpu %u: machine check, bank %u status %016llx", cpu_id(), bank,
			(unsigned long long)bank_status);
		fatal |= (bank_status & MC_STATUS_PCC) != 0;
		wrmsr(MSR_IA32_MC0_STATUS + 4 * bank, 0);
	}
	if (fatal)
		panic("machine check, the processor's state is lost (MCG_STATUS %llx)",
		      (unsigned long long)status);
	wrmsr(MSR_IA32_MCG_STATUS, 0);
}

static __noreturn void trap_fatal(const struct trap_frame *frame)
{
	u64 address = cr2_read();

	if (frame->vector == TRAP_PAGE_FAULT)
		panic_frame(frame, "%s, #PF error %llx at %016llx",
			    host_is_guard(address) ? "stack overflow" : "bad access",
			    (unsigned long long)frame->error, (unsigned long long)address);
	if (frame->vector == TRAP_DOUBLE_FAULT && host_is_guard(address))
		panic_frame(frame, "stack overflow (#DF) at %016llx", (unsigned long long)address);
	panic_frame(frame, "exception %llu %s, error %llx", (unsigned long long)frame->vector,
		    trap_name(frame->vector), (unsigned long long)frame->error);
}

void trap_dispatch(struct trap_frame *frame)
{
	switch (frame->vector) {
	case TRAP_NMI:
		trap_nmi();
		return;
	case TRAP_MACHINE_CHECK:
		trap_machine_check();
		return;
	case TRAP_GENERAL_PROTECTION:
	case TRAP_INVALID_OPCODE:
		if (trap_fixup(frame))
			return;
		break;
	}
	trap_fatal(frame);
}
