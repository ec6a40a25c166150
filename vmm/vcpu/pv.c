/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vcpu/pv.h"

#include "arch/x86/cpu/cpu.h"
#include "kernel/time/time.h"
#include "vmm/vcpu/vcpu.h"

#define EOI_RESERVED BIT(1)

void pv_reset(struct vcpu *v)
{
	struct vcpu_pv *pv = &v->pv;

	vlapic_set_pv_eoi(v->lapic, NULL);
	*pv = (struct vcpu_pv){
	    .kicks = pv->kicks,
	    .kicked = pv->kicked,
	    .yields = pv->yields,
	    .spins = pv->spins,
	    .boosts = pv->boosts,
	    .flushes = pv->flushes,
	    .parked_since = pv->parked_since,
	    .parked_ticks = pv->parked_ticks,
	};
}

/* --- pages of the guest's --------------------------------------------------------------------- */

/* A guest's RAM is one block that stays where it is, so an address is looked up once. NULL: not
 * all of it is RAM. */
static void *page_at(struct vcpu *v, const char *what, u64 address, u64 len)
{
	static struct klog_limit limit;
	void *page = vm_memory_ptr(&v->vm->memory, GPA(address), len);

	if (!page)
		klog_limited(
		    &limit, KLOG_WARN,
		    "vm %s: vCPU %u puts its %s at %#llx, which is not RAM: #GP, and no %s",
		    v->vm->name, v->index, what, (unsigned long long)address, what);
	return page;
}

int pv_steal_enable(struct vcpu *v, u64 value)
{
	struct steal_page *page = NULL;

	if (!steal_msr_valid(value))
		return ERR_INVAL;
	if (value & 1) {
		page = page_at(v, "steal time", steal_msr_address(value), sizeof(*page));
		if (!page)
			return ERR_INVAL;
	}
	v->pv.steal_msr = value;
	steal_start(&v->pv.steal, page, pv_stolen_ns(v));
	return 0;
}

int pv_eoi_enable(struct vcpu *v, u64 value)
{
	u8 *flag = NULL;

	if (value & EOI_RESERVED)
		return ERR_INVAL;
	if (value & 1) {
		flag = page_at(v, "paravirtual EOI", value & ~3ull, sizeof(u32));
		if (!flag)
			return ERR_INVAL;
	}
	v->pv.eoi_msr = value;
	vlapic_set_pv_eoi(v->lapic, flag);
	return 0;
}

/* --- time that was not given ------------------------------------------------------------------ */

u64 pv_stolen_ns(const struct vcpu *v)
{
	return time_ticks_to_ns(sched_wait_ticks(&v->sched) + v->pv.parked_ticks);
}

void pv_arrive(struct vcpu *v)
{
	if (!steal_arrive(&v->pv.steal, pv_stolen_ns(v)))
		return;
	v->pv.flushes++;
	virt->tlb_flush_vcpu(&v->virt);
}

void pv_left(struct vcpu *v)
{
	if (v->pv.steal.page)
		steal_leave(&v->pv.steal);
	v->pv.in_kernel =
	    __atomic_load_n(&v->vm->contended, __ATOMIC_RELAXED) && !virt->cpl(&v->virt);
}

void pv_parked(struct vcpu *v)
{
	v->pv.parked_since = v->activity == VCPU_WAIT_SIPI ? 0 : time_tsc();
}

void pv_unparked(struct vcpu *v)
{
	if (v->pv.parked_since)
		v->pv.parked_ticks += time_tsc() - v->pv.parked_since;
	v->pv.parked_since = 0;
}

/* --- processor time for siblings -------------------------------------------------------------- */

void pv_kick(struct vcpu *v, struct vcpu *to)
{
	v->pv.kicks++;
	__atomic_store_n(&v->vm->kicks, true, __ATOMIC_RELAXED);
	__atomic_store_n(&v->vm->contended, true, __ATOMIC_RELAXED);
	__atomic_fetch_or(&to->virt.requests, (u32)VCPU_REQ_KICK, __ATOMIC_ACQ_REL);
	/* One that runs needs no interrupt: its next HLT looks. */
	sched_wake(&to->sched);
	/* All who wait for the lock wait for that one now: it goes first. */
	if (!sched_hurry(&to->sched))
		pv_yield(v, to);
}

void pv_yield(struct vcpu *v, struct vcpu *to)
{
	if (v == to || !sched_waiting(&to->sched) || !sched_yield_to(&to->sched))
		return;
	v->pv.yields++;
	v->virt.own |= (u32)VCPU_OWN_PASS;
}
