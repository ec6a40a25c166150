/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vcpu/vcpu.h"

#include <stdio.h>
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "kernel/mm/heap.h"
#include "vmm/exit/exit.h"
#include "vmm/exit/longest.h"
#include "vmm/vcpu/run.h"

#define VECTOR_UD 6
#define VECTOR_GP 13
#define VECTOR_PF 14

int vcpu_create(struct vm *vm, u32 index, struct vcpu **out)
{
	struct vcpu *v = heap_alloc(sizeof(*v));
	int err;

	if (!v)
		return trace_err(ERR_NOMEM, "vm %s: no memory for vCPU %u", vm->name, index);
	v->vm = vm;
	v->index = index;
	v->lapic = vm->platform.lapic[index];
	v->virt.vm = &vm->virt;
	v->virt.apic_id = index;
	v->virt.fast = &exit_fast;
	v->virt.vapic_page = vlapic_page(v->lapic);
	v->virt.pi = vlapic_pi(v->lapic);
	err = virt->vcpu_create(&v->virt);
	if (err) {
		heap_free(v);
		return err;
	}
	sched_init_entity(&v->sched, vm->name, vcpu_run);
	sched_set_group(&v->sched, &vm->sched);
	v->activity = VCPU_PARKED;
	v->before_park = VCPU_WAIT_SIPI;
	*out = v;
	return 0;
}

void vcpu_destroy(struct vcpu *v)
{
	sched_drop_reserve(&v->sched);
	exit_longest_keep(v);
	vcpu_unload(v);
	virt->vcpu_destroy(&v->virt);
	heap_free(v);
}

void vcpu_reset(struct vcpu *v)
{
	vcpu_load(v);
	virt->vcpu_reset(&v->virt, false);
	vcpu_set_signature(v);
	virt->apic_mode(&v->virt, vlapic_mode(v->lapic));
	virt->apic_tpr_threshold(&v->virt, 0);
	virt->irq_window(&v->virt, false);
	virt->set_tsc_offset(&v->virt, v->vm->tsc_offset);
	v->irq_window = v->displaced = false;
	v->tpr_threshold = 0;
	__atomic_store_n(&v->virt.attention, 0, __ATOMIC_RELAXED);
	vcpu_set_activity(v, VCPU_PARKED);
	v->before_park = v->index ? VCPU_WAIT_SIPI : VCPU_RUNS;
	exit_msr_reset(v);
	pv_reset(v);
	v->pv.parked_since = v->pv.parked_ticks = 0;
}

void vcpu_set_signature(struct vcpu *v)
{
	const struct cpuid_entry *e = cpuid_policy_find(&v->vm->cpuid, 1, 0);

	v->virt.gpr[VIRT_RDX] = e ? e->regs.eax : 0;
}

void vcpu_set_boot_state(struct vcpu *v, const struct boot_state *b)
{
	static const enum virt_seg_name data[] = {VIRT_DS, VIRT_ES, VIRT_SS, VIRT_FS, VIRT_GS};
	struct virt_seg gdt = {.base = b->gdt_base, .limit = b->gdt_limit};
	struct virt_seg idt = {.base = b->idt_base, .limit = b->idt_limit};

	vcpu_load(v);
	virt->set_seg(&v->virt, VIRT_GDTR, &gdt);
	virt->set_seg(&v->virt, VIRT_IDTR, &idt);
	virt->set_seg(&v->virt, VIRT_CS, &b->cs);
	for (size_t i = 0; i < ARRAY_SIZE(data); i++)
		virt->set_seg(&v->virt, data[i], &b->data);
	virt->set_seg(&v->virt, VIRT_TR, &b->tr);
	virt->set_seg(&v->virt, VIRT_LDTR, &b->ldtr);
	virt->set_reg(&v->virt, VIRT_CR4, b->cr4);
	virt->set_reg(&v->virt, VIRT_CR3, b->cr3);
	virt->set_reg(&v->virt, VIRT_EFER, b->efer);
	virt->set_reg(&v->virt, VIRT_CR0, b->cr0);
	memset(v->virt.gpr, 0, sizeof(v->virt.gpr));
	v->virt.gpr[VIRT_RAX] = b->rax;
	v->virt.gpr[VIRT_RBX] = b->rbx;
	v->virt.gpr[VIRT_RSI] = b->rsi;
	virt->set_reg(&v->virt, VIRT_RSP_REG, b->rsp);
	virt->set_reg(&v->virt, VIRT_RIP, b->rip);
	virt->set_reg(&v->virt, VIRT_RFLAGS, b->rflags | RFLAGS_FIXED);
}

/*
 * True: v is in guest mode, on another CPU, and must be told of a request. Otherwise it
 * sees the request before it enters the guest or blocks; it is woken if it has blocked.
 */
static bool must_be_told(struct vcpu *v)
{
	/* On its own CPU the run loop looks before the next entry anyway. */
	if (sched_current() == &v->sched)
		return false;
	if (__atomic_load_n(&v->virt.in_guest, __ATOMIC_SEQ_CST))
		return true;
	sched_wake(&v->sched);
	return false;
}

void vcpu_kick(struct vcpu *v)
{
	/* Who set it first tells, and it is not cleared before all requests are seen. */
	if (__atomic_fetch_or(&v->virt.requests, (u32)VCPU_REQ_IRQ, __ATOMIC_SEQ_CST) &
	    VCPU_REQ_IRQ)
		return;
	if (must_be_told(v))
		sched_interrupt(&v->sched);
}

void vcpu_post(struct vcpu *v)
{
	if (likely(!virt_caps.posted)) {
		vcpu_kick(v);
		return;
	}
	__atomic_fetch_or(&v->virt.requests, (u32)VCPU_REQ_POST, __ATOMIC_SEQ_CST);
	if (must_be_told(v) &&
	    virt->apic_post(&v->virt, __atomic_load_n(&v->sched.cpu, __ATOMIC_RELAXED)))
		sched_interrupt(&v->sched);
}

void vcpu_request(struct vcpu *v, u32 requests)
{
	__atomic_fetch_or(&v->virt.requests, requests, __ATOMIC_ACQ_REL);
	vcpu_kick(v);
}

void vcpu_inject_gp(struct vcpu *v)
{
	virt->inject_exception(&v->virt, VECTOR_GP, true, 0);
}

void vcpu_inject_ud(struct vcpu *v)
{
	virt->inject_exception(&v->virt, VECTOR_UD, false, 0);
}

void vcpu_inject_pf(struct vcpu *v, u64 address, u32 error)
{
	virt->set_reg(&v->virt, VIRT_CR2, address);
	virt->inject_exception(&v->virt, VECTOR_PF, true, error);
}

const char *vcpu_activity_name(const struct vcpu *v)
{
	switch (v->activity == VCPU_PARKED ? v->before_park : v->activity) {
	case VCPU_HALTED:
		return v->halted_masked ? "halted with interrupts off" : "halted";
	case VCPU_WAIT_SIPI:
		return "not started (waits for SIPI)";
	default:
		return "runs";
	}
}

static void describe_segments(struct vcpu *v, void (*line)(void *ctx, const char *text), void *ctx)
{
	static const char *const names[] = {"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"};
	struct virt_seg seg;
	char text[100];

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		virt->get_seg(&v->virt, (enum virt_seg_name)i, &seg);
		snprintf(text, sizeof(text), "  %-4s %04x base %016llx limit %08x attr %03x",
			 names[i], seg.selector, (unsigned long long)seg.base, seg.limit, seg.attr);
		line(ctx, text);
	}
}

void vcpu_describe(struct vcpu *v, void (*line)(void *ctx, const char *text), void *ctx)
{
	static const char *const gpr_names[] = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP",
						"RSI", "RDI", "R8",  "R9",  "R10", "R11",
						"R12", "R13", "R14", "R15"};
	static const struct {
		const char *name;
		enum virt_reg reg;
	} regs[] = {{"RIP", VIRT_RIP},  {"RFLAGS", VIRT_RFLAGS}, {"CR0", VIRT_CR0},
		    {"CR2", VIRT_CR2},  {"CR3", VIRT_CR3},       {"CR4", VIRT_CR4},
		    {"EFER", VIRT_EFER}};
	char text[160];
	size_t used;

	vcpu_load(v);
	for (unsigned i = 0; i < VIRT_GPRS; i += 4) {
		used = 0;
		for (unsigned j = i; j < i + 4; j++)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "  %-3s %016llx",
						 gpr_names[j],
						 (unsigned long long)virt_gpr_get(&v->virt, j));
		line(ctx, text);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
		snprintf(text, sizeof(text), "  %-6s %016llx", regs[i].name,
			 (unsigned long long)virt->get_reg(&v->virt, regs[i].reg));
		line(ctx, text);
	}
	describe_segments(v, line, ctx);
}
