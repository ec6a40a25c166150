/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtual CPU: its state above the processor's own, and its run loop. */
#ifndef VMM_VCPU_VCPU_H
#define VMM_VCPU_VCPU_H

#include "arch/x86/virt_mode.h"
#include "kernel/sched/sched.h"
#include "vmm/exit/insn_cache.h"
#include "vmm/vcpu/pv.h"
#include "vmm/vdev/vlapic.h"
#include "vmm/vm/load.h"
#include "vmm/vm/vm.h"

/*
 * Bits of virt.attention, which the run loop looks at before the next entry: requests, set
 * atomically by anyone, then vcpu_kick(); and those of the vCPU's own run loop.
 */
#define VCPU_REQ_PARK BIT(0) /* stand still, see vm_request() */
#define VCPU_REQ_INIT BIT(1)
#define VCPU_REQ_SIPI BIT(2)
#define VCPU_REQ_NMI BIT(3)
#define VCPU_REQ_CLOCK BIT(4) /* write the guest's clock page anew */
#define VCPU_REQ_IRQ BIT(5)   /* its local APIC or the PICs have something new */
#define VCPU_REQ_KICK BIT(6)  /* a sibling ends its halt: vmm/vcpu/kick.h */
#define VCPU_REQ_POST BIT(7)  /* as IRQ, but hardware may have dealt with it */
#define VCPU_OWN_IRQ BIT(0)   /* an interrupt may have become deliverable */
#define VCPU_OWN_STOP BIT(1)  /* .activity is not VCPU_RUNS */
#define VCPU_OWN_PASS BIT(2)  /* its processor is for a sibling now: return to the scheduler */
#define VCPU_OWN_LEAVE BIT(3) /* enter() returns: the run loop has a new deadline, or ends */

enum vcpu_activity {
	VCPU_RUNS,
	VCPU_HALTED,    /* HLT: until an interrupt */
	VCPU_WAIT_SIPI, /* an application processor that was not started, or got INIT */
	VCPU_PARKED,
};

/* State of the MSRs that are kept here and not by the processor. */
#define VCPU_MTRR_VARIABLE 8
struct vcpu_msrs {
	u64 mtrr_variable[2 * VCPU_MTRR_VARIABLE];
	u64 mtrr_fixed[11];
	u64 mtrr_def_type;
	u64 tsc_adjust;
	u64 misc_enable;
	u64 kvm_clock; /* MSR_KVM_SYSTEM_TIME_NEW as written */
};

struct vcpu {
	struct virt_vcpu virt;
	struct vm *vm;
	struct vlapic *lapic;
	u32 index;
	enum vcpu_activity activity;
	enum vcpu_activity before_park;
	u8 sipi_vector;
	bool halted_masked; /* VCPU_HALTED with interrupts off: only an NMI or INIT ends it */
	bool irq_window;    /* VIRT_EXIT_IRQ_WINDOW was asked for */
	bool displaced;     /* the guest has yet to take this vector, which is in service already */
	u8 displaced_vector;
	u8 tpr_threshold; /* as last given to the back end */
	u32 loaded_cpu;   /* CPU + 1 that has its state loaded, 0: none */
	struct sched_entity sched;
	struct vcpu_msrs msrs;
	struct vcpu_pv pv;
	u32 clock_version;
	struct insn_cache insn_cache;
	/* Lengths of instructions that exited, by RIP, where the processor does not tell them. */
	struct insn_cache length_cache[8];
	u64 exits[VIRT_EXIT_KINDS];
	/* Polling before it blocks, see poll.c: for how many ticks, since when it is blocked. */
	u32 poll_ticks;
	u64 halted_at;
	u64 polls, polls_paid;        /* times that it polled, that what it waited for came */
	u64 shown_run, shown_at;      /* ticks that it had run, TSC, when `sched` showed it last */
	u32 longest[VIRT_EXIT_KINDS]; /* of handlers, in ticks; short ones are not measured */
};

int __must_check vcpu_create(struct vm *vm, u32 index, struct vcpu **out);
void vcpu_destroy(struct vcpu *v);

/* RESET: the first vCPU will run from the reset vector until vcpu_set_boot_state() says
 * otherwise, the others wait for SIPI. Not while it runs. */
void vcpu_reset(struct vcpu *v);
/* RDX after RESET and INIT: what CPUID tells of family, model and stepping. */
void vcpu_set_signature(struct vcpu *v);
void vcpu_set_boot_state(struct vcpu *v, const struct boot_state *boot);

/* Set requests and make the vCPU see them, from any CPU. */
void vcpu_request(struct vcpu *v, u32 requests);
/* Make it look at its interrupts and requests. */
void vcpu_kick(struct vcpu *v);

/* The same for a vector in the posted-interrupt descriptor: a vCPU in guest mode need not
 * leave it where hardware takes the vector from there. */
void vcpu_post(struct vcpu *v);

/* Take its state off whichever CPU has it loaded, so that it can be read or destroyed
 * here. It must be parked. */
void vcpu_unload(struct vcpu *v);

/* Change what it does; on its own CPU, or while it is parked. */
static inline void vcpu_set_activity(struct vcpu *v, enum vcpu_activity activity)
{
	if (activity == VCPU_RUNS)
		v->virt.own = (v->virt.own & ~(u32)VCPU_OWN_STOP) | (u32)VCPU_OWN_IRQ;
	else
		v->virt.own |= (u32)VCPU_OWN_STOP;
	/* Last: another CPU may be waiting to run it. */
	__atomic_store_n(&v->activity, activity, __ATOMIC_RELEASE);
}

/* An interrupt of v may have become deliverable, by what its own exit handler did. */
static inline void vcpu_look(struct vcpu *v)
{
	v->virt.own |= (u32)VCPU_OWN_IRQ;
}

/* What it does, for people: "runs", "halted with interrupts off". */
const char *vcpu_activity_name(const struct vcpu *v);
/* Registers as one text, several lines, for `vm info`. The vCPU is parked. */
void vcpu_describe(struct vcpu *v, void (*line)(void *ctx, const char *text), void *ctx);

/* Handlers of exits say how the run loop goes on. */
enum vcpu_next {
	VCPU_AGAIN, /* enter again */
	VCPU_STOP,  /* return to the scheduler */
};

/* v, which is loaded here, stops, and not because it has nothing to do; what there is to do then.
 */
void pv_left(struct vcpu *v);
static inline void pv_leave(struct vcpu *v)
{
	/* A hint that does not change while it matters: a plain read. */
	if (unlikely(v->pv.steal.page || v->vm->contended))
		pv_left(v);
}

/* Inject an exception into the guest, at the instruction that exited. */
void vcpu_inject_gp(struct vcpu *v);
void vcpu_inject_ud(struct vcpu *v);
void vcpu_inject_pf(struct vcpu *v, u64 address, u32 error);

#endif
