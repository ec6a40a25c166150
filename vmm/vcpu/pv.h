/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux's paravirtual interface as KVM offers it (Linux, Documentation/virt/kvm/x86/cpuid.rst,
 * msr.rst, hypercalls.rst), as far as it concerns one vCPU: steal time, the kick of spinlocks,
 * yields. kvmclock is vmm/vcpu/pvclock.h, paravirtual EOI vmm/vdev/vlapic.h.
 */
#ifndef VMM_VCPU_PV_H
#define VMM_VCPU_PV_H

#include "kernel/lib/err.h"
#include "vmm/vcpu/kick.h"
#include "vmm/vcpu/steal.h"

#define MSR_KVM_STEAL_TIME 0x4b564d03
#define MSR_KVM_PV_EOI_EN 0x4b564d04

struct vcpu;

struct vcpu_pv {
	u64 steal_msr, eoi_msr; /* as written */
	struct steal steal;
	u64 parked_since; /* TSC when it was parked, 0: it is not */
	u64 parked_ticks; /* all times that it was parked together */
	struct kick kick;
	bool in_kernel; /* it was in ring 0 when it had to leave the processor; if vm.contended */
	bool spun;      /* it took a PAUSE exit since it last got a processor */
	u32 last_boost; /* whom its last PAUSE exit let run */
	/* Figures for people. */
	u64 kicks;   /* kicks that it sent */
	u64 kicked;  /* halts of its own that a kick has ended */
	u64 yields;  /* its processor given to a sibling by KVM_HC_SCHED_YIELD or a kick */
	u64 spins;   /* exits by a loop of PAUSEs */
	u64 boosts;  /* its processor given to a sibling that may hold a lock, by PAUSE or HLT */
	u64 flushes; /* TLB flushes that siblings left to us */
};

/* All that the guest has set up, and what was counted for it: after RESET and INIT. Its pages are
 * not written any more. */
void pv_reset(struct vcpu *v);

/* The MSRs, on the vCPU's own CPU. ERR_INVAL: the guest gets #GP, for reserved bits, or an address
 * that is not RAM, which is logged. */
int __must_check pv_steal_enable(struct vcpu *v, u64 value);
int __must_check pv_eoi_enable(struct vcpu *v, u64 value);

/* v is loaded here, and about to run. Only with v->pv.steal.page. */
void pv_arrive(struct vcpu *v);

/* Time that v was ready but not running, and parked, in ns. */
u64 pv_stolen_ns(const struct vcpu *v);

/* It stands still from now on; and goes on. */
void pv_parked(struct vcpu *v);
void pv_unparked(struct vcpu *v);

/* KVM_HC_KICK_CPU and KVM_HC_SCHED_YIELD, by v for its sibling. */
void pv_kick(struct vcpu *v, struct vcpu *to);
void pv_yield(struct vcpu *v, struct vcpu *to);

/* v waits for a lock, or has nothing to do: its processor goes to the sibling which most likely
 * holds one, of those that had to leave theirs. False: there is none. */
bool pv_boost(struct vcpu *v);

#endif
