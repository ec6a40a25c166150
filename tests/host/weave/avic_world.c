/* SPDX-License-Identifier: BSD-2-Clause */
/* What surrounds the real files: a scheduler, the VM's devices, the processor's registers. */
#include "tests/host/weave/avic_world.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/vcpu/poll.h"
#include "vmm/vcpu/run.h"

struct world world;
const struct virt_ops *virt;
struct virt_caps virt_caps;
PERCPU(struct svm_cpu, svm_cpu);
PERCPU(u32, sched_flags);

void world_fail(const char *what)
{
	if (!world.wrong)
		world.wrong = what;
}

struct cpu *cpu_host_fake(void)
{
	return &world_this()->cpu;
}

struct cpu *cpu_by_id(u32 id)
{
	return &world.cpu[id].cpu;
}

u32 cpu_count(void)
{
	return WORLD_CPUS;
}

/* --- the scheduler: every vCPU has its processor --------------------------------------------- */

struct sched_entity *sched_current(void)
{
	struct vcpu *v = world_this()->current;

	return v ? &v->sched : NULL;
}

static void interrupt(u32 cpu)
{
	if (cpu != weave_self())
		__atomic_store_n(&world.cpu[cpu].intr, true, __ATOMIC_SEQ_CST);
}

void sched_interrupt(struct sched_entity *e)
{
	interrupt(e->cpu);
}

static bool move(struct sched_entity *e, enum sched_state *from, enum sched_state to)
{
	return __atomic_compare_exchange_n(&e->state, from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* As kernel/sched/entity.c does. */
void sched_wake(struct sched_entity *e)
{
	for (;;) {
		enum sched_state blocked = SCHED_BLOCKED, running = SCHED_RUNNING;

		if (move(e, &blocked, SCHED_READY)) {
			__atomic_store_n(&percpu_of(e->cpu, sched_flags), SCHED_F_RESCHED,
					 __ATOMIC_SEQ_CST);
			interrupt(e->cpu);
			return;
		}
		if (blocked != SCHED_RUNNING || move(e, &running, SCHED_WOKEN))
			return;
	}
}

bool sched_yield_to(struct sched_entity *to)
{
	(void)to;
	return false;
}

u64 sched_wait_ticks(const struct sched_entity *e)
{
	(void)e;
	return 0;
}

bool vcpu_poll(struct vcpu *v)
{
	(void)v;
	return false;
}

static struct vcpu *choose(u32 cpu)
{
	u32 first = weave_random(WORLD_VCPUS);

	for (u32 i = 0; i < WORLD_VCPUS; i++) {
		struct vcpu *v = world.vcpus[(first + i) % WORLD_VCPUS];
		enum sched_state ready = SCHED_READY;

		if (v->sched.cpu == cpu && move(&v->sched, &ready, SCHED_RUNNING))
			return v;
	}
	return NULL;
}

static void run(struct vcpu *v)
{
	struct sched_entity *e = &v->sched;
	enum sched_state running = SCHED_RUNNING;

	world_this()->current = v;
	e->want_block = false;
	__atomic_store_n(&percpu(sched_flags), 0, __ATOMIC_SEQ_CST);
	vcpu_run(e);
	weave_drain();
	world_this()->current = NULL;
	if (e->want_block && move(e, &running, SCHED_BLOCKED)) {
		world.blocks++;
		return;
	}
	__atomic_store_n(&e->state, SCHED_READY, __ATOMIC_SEQ_CST);
}

void world_processor(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&world.stopped, __ATOMIC_SEQ_CST)) {
		struct vcpu *v = choose(weave_self());

		world_this()->idle = !v;
		if (v)
			run(v);
		else
			weave_point();
	}
	for (u32 i = 0; i < WORLD_VCPUS; i++)
		if (world.vcpus[i]->sched.cpu == weave_self())
			vcpu_unload(world.vcpus[i]);
}

/* --- the VM ---------------------------------------------------------------------------------- */

static void host_kick(void *vm, unsigned index)
{
	(void)vm;
	vcpu_kick(world.vcpus[index]);
}

static void host_post(void *vm, unsigned index)
{
	(void)vm;
	vcpu_post(world.vcpus[index]);
}

static u64 host_guest_tsc(void *vm)
{
	(void)vm;
	return 0;
}

static const struct platform_host_ops host_ops = {
    .kick = host_kick,
    .post = host_post,
    .guest_tsc = host_guest_tsc,
    .guest_tsc_to_host = NULL,
};

bool platform_extint_enabled(struct platform *p)
{
	(void)p;
	return true;
}

u8 platform_extint_ack(struct platform *p)
{
	__atomic_store_n(&p->intr, false, __ATOMIC_SEQ_CST);
	return 0x20;
}

void vioapic_eoi(struct vioapic *io, u8 vector);
void vioapic_eoi(struct vioapic *io, u8 vector)
{
	(void)io;
	world.guest[world_this()->current->index].eois[vector]++;
}

/* Accesses that software carries out; in xAPIC mode they are MMIO's. */
static enum vcpu_next write_apic(struct vcpu *v, const struct virt_exit *exit)
{
	u64 value = exit_edx_eax(v);
	u32 offset = (u32)(v->virt.gpr[VIRT_RCX] - 0x800) * 16;

	if (vlapic_mode(v->lapic) == VIRT_APIC_X2APIC) {
		if (vlapic_msr_write(v->lapic, (u32)v->virt.gpr[VIRT_RCX], value))
			world_fail("a write was refused");
	} else {
		if (offset == 0x300)
			vlapic_mmio_write(v->lapic, 0x310, (u32)(value >> 32) << 24);
		vlapic_mmio_write(v->lapic, offset, (u32)value);
	}
	vcpu_look(v);
	return exit_skip(v, exit);
}

static enum vcpu_next window(struct vcpu *v, const struct virt_exit *exit)
{
	(void)exit;
	vcpu_end_irq_window(v);
	return VCPU_AGAIN;
}

static enum vcpu_next look(struct vcpu *v, const struct virt_exit *exit)
{
	(void)exit;
	vcpu_look(v);
	return VCPU_AGAIN;
}

static enum vcpu_next nothing(struct vcpu *v, const struct virt_exit *exit)
{
	(void)v;
	(void)exit;
	return VCPU_AGAIN;
}

const exit_handler_t exit_handlers[VIRT_EXIT_KINDS] = {
    [VIRT_EXIT_HANDLED] = nothing,      [VIRT_EXIT_INTERRUPT] = nothing, [VIRT_EXIT_HLT] = exit_hlt,
    [VIRT_EXIT_MSR_WRITE] = write_apic, [VIRT_EXIT_EOI] = exit_eoi,      [VIRT_EXIT_IPI] = exit_ipi,
    [VIRT_EXIT_IRQ_WINDOW] = window,    [VIRT_EXIT_TPR] = look,
};

static bool fast_never(struct virt_vcpu *vv)
{
	(void)vv;
	return false;
}

const struct virt_fast exit_fast = {
    .handle = {[0 ... VIRT_EXIT_LAST_SHORT] = fast_never},
    .irq_window = vcpu_fast_irq_window,
    .attend = vcpu_fast_attend,
};

static void load(struct virt_vcpu *vv)
{
	svm_of(vv)->loaded = true;
	if (svm_of(vv)->avic_entry)
		svm_avic_load(svm_of(vv));
}

static void unload(struct virt_vcpu *vv)
{
	if (svm_of(vv)->avic_entry)
		svm_avic_unload(svm_of(vv));
	svm_of(vv)->loaded = false;
}

static void swap(struct virt_vcpu *from, struct virt_vcpu *to)
{
	unload(from);
	load(to);
}

static void set_request(struct virt_vcpu *vv, u8 rvi)
{
	(void)vv;
	(void)rvi;
}

/* The back end's own but for what is assembly, and the FPU's. */
static const struct virt_ops ops = {
    .load = load,
    .unload = unload,
    .swap = swap,
    .enter = hardware_enter,
    .get_reg = svm_get_reg,
    .get_seg = svm_get_seg,
    .skip = svm_skip,
    .event_pending = svm_event_pending,
    .inject_irq = svm_inject_irq,
    .irq_ready = svm_irq_ready,
    .irq_window = svm_irq_window,
    .tlb_flush_vcpu = svm_tlb_flush_vcpu,
    .apic_mode = svm_apic_mode,
    .apic_tpr_threshold = svm_tpr_threshold,
    .apic_deliver = svm_apic_deliver,
    .apic_set_status = svm_apic_set_status,
    .apic_set_request = set_request,
    .apic_eoi_exit = svm_apic_eoi_exit,
    .apic_post = svm_apic_post,
};

static void vcpu_begin(u32 i)
{
	struct guest *g = &world.guest[i];
	struct vcpu *v = calloc(1, sizeof(*v));

	if (!v || vlapic_create(&world.vm.platform, i, &world.lapics[i]))
		abort();
	world.vcpus[i] = g->v = v;
	*v = (struct vcpu){.vm = &world.vm, .lapic = world.lapics[i], .index = i};
	v->virt.vm = &world.vm.virt;
	v->virt.apic_id = i;
	v->virt.fast = &exit_fast;
	v->virt.vapic_page = vlapic_page(v->lapic);
	v->virt.pi = vlapic_pi(v->lapic);
	v->virt.backend = &g->x;
	g->x = (struct svm_vcpu){.vmcb = &g->vmcb, .tpr = (u8 *)v->virt.vapic_page + 0x80};
	g->vmcb.rflags = RFLAGS_FIXED;
	g->vmcb.msr_map = (u64)(uintptr_t)world.vm.virt.msr_bitmap;
	svm_avic_vcpu_create(&v->virt);
	memset(v->longest, 0xff, sizeof(v->longest)); /* by a real clock */
	v->sched.cpu = i & 1;
	v->sched.state = SCHED_READY;
	vcpu_set_activity(v, VCPU_RUNS);
}

static void apic_begin(struct vcpu *v)
{
	u64 base = 0xfee00000 | BIT(11) | (v->index ? 0 : BIT(8));

	if (v->index != WORLD_XAPIC &&
	    vlapic_msr_write(v->lapic, MSR_IA32_APIC_BASE, base | BIT(10)))
		abort();
	((u32 *)v->virt.vapic_page)[0xf0 / 4] = 0x1ff;
	virt->apic_mode(&v->virt, vlapic_mode(v->lapic));
}

void world_begin(u64 seed, enum world_kind kind)
{
	const u32 without = kind == WORLD_SOFTWARE ? (u32)SVM_FEATURE_AVIC : 0;
	const struct svm_cpuid c = {.asids = 100, .features = ~without};
	char why[100];

	memset(&world, 0, sizeof(world));
	memset(percpu_svm_cpu, 0, sizeof(percpu_svm_cpu));
	weave_begin(seed);
	if (svm_caps_resolve(&c, &svm_caps, &virt_caps, why, sizeof(why)))
		abort();
	virt_caps.posted &= kind == WORLD_AVIC;
	virt = &ops;
	for (u32 i = 0; i < WORLD_CPUS; i++)
		world.cpu[i].cpu = (struct cpu){.id = i, .apic_id = 0x40 + i};
	world.vm.platform = (struct platform){
	    .host = &host_ops, .cpus = WORLD_VCPUS, .lapic = world.lapics, .tsc_hz = 1000000000};
	if (svm_vm_create(&world.vm.virt))
		abort();
	for (u32 i = 0; i < WORLD_VCPUS; i++)
		vcpu_begin(i);
	for (u32 i = 0; i < WORLD_VCPUS; i++)
		apic_begin(world.vcpus[i]);
}

void world_end(void)
{
	for (u32 i = 0; i < WORLD_VCPUS; i++) {
		svm_avic_vcpu_destroy(&world.guest[i].x);
		vlapic_destroy(world.lapics[i]);
		free(world.vcpus[i]);
	}
	svm_vm_destroy(&world.vm.virt);
}

bool world_rests(void)
{
	for (u32 i = 0; i < WORLD_VCPUS; i++)
		if (__atomic_load_n(&world.vcpus[i]->sched.state, __ATOMIC_SEQ_CST) !=
		    SCHED_BLOCKED)
			return false;
	return world.cpu[0].idle && world.cpu[1].idle;
}
