/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile guest at the paravirtual interface: its MSRs with any address, its hypercalls with any
 * arguments, records that siblings write at the same moment, INIT, interrupts. Nothing may crash,
 * and no byte of the guest's memory may change that it has not offered: not of other records, not
 * of those it has taken back.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/virt.h"
#include "kernel/mm/heap.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"
#include "tests/host/services/fake.h"
#include "vmm/exit/exit.h"
#include "vmm/exit/msr_kvm.h"
#include "vmm/vcpu/pvclock.h"
#include "vmm/vdev/vlapic.h"

#define CPUS 3
#define HZ 1000000000ull
/* RAM with a hole in it, after the layout of real guests. */
#define HOLE 0x200
#define HOLE_END 0x300
#define RAM_END 0x500
#define CLOCK_MSR_ADDRESS(value) ((value) & ~1ull)
#define EOI_MSR_ADDRESS(value) ((value) & ~3ull)

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

const struct virt_ops *virt;
struct virt_caps virt_caps;
PERCPU(u32, sched_flags);

static struct vm vm;
static struct vcpu vcpus[CPUS], *list[CPUS] = {&vcpus[0], &vcpus[1], &vcpus[2]};
static struct platform platform = {.cpus = CPUS, .tsc_hz = HZ};
static u8 *low, *high; /* of their own, so that the sanitizer sees what runs over */
static u8 shown[RAM_END];
static bool offered_bytes[RAM_END], offered_before[RAM_END];
static unsigned ring;
static bool code64;

/* --- what surrounds the interface */

void *vm_memory_ptr(const struct vm_memory *m, gpa_t gpa, u64 len)
{
	(void)m;
	if (gpa.v < HOLE)
		return len <= HOLE - gpa.v ? low + gpa.v : NULL;
	if (gpa.v < HOLE_END || gpa.v >= RAM_END || len > RAM_END - gpa.v)
		return NULL;
	return high + (gpa.v - HOLE_END);
}

u64 vm_wall_clock(void)
{
	return 1700000000000000000;
}

u64 time_tsc_hz(void)
{
	return HZ;
}

u64 time_ticks_to_ns(u64 ticks)
{
	return ticks;
}

u64 sched_wait_ticks(const struct sched_entity *e)
{
	return e->stats.wakes;
}

void sched_wake(struct sched_entity *e)
{
	if (e->state == SCHED_BLOCKED)
		e->state = SCHED_READY;
}

bool sched_hurry(struct sched_entity *e)
{
	return e->state != SCHED_READY;
}

bool sched_yield_to(struct sched_entity *to)
{
	if (to->state != SCHED_READY)
		abort(); /* the caller has looked */
	to->state = SCHED_BLOCKED;
	return true;
}

static void get_seg(struct virt_vcpu *v, enum virt_seg_name name, struct virt_seg *seg)
{
	(void)v;
	*seg = (struct virt_seg){.attr = (u16)(name == VIRT_SS ? ring << 5
					       : code64        ? VIRT_SEG_L
							       : 0)};
}

static u64 get_reg(struct virt_vcpu *v, enum virt_reg reg)
{
	(void)v;
	return reg == VIRT_EFER ? EFER_LMA : 0;
}

static unsigned get_cpl(struct virt_vcpu *v)
{
	(void)v;
	return ring;
}

static void nothing(struct virt_vcpu *v)
{
	(void)v;
}

static const struct virt_ops ops = {
    .get_seg = get_seg, .get_reg = get_reg, .cpl = get_cpl, .tlb_flush_vcpu = nothing};

static void on_index(void *ctx, unsigned index)
{
	(void)ctx;
	if (index >= CPUS)
		abort();
}

static void on_sipi(void *ctx, unsigned index, u8 vector)
{
	(void)vector;
	on_index(ctx, index);
}

static u64 on_tsc(void *ctx)
{
	(void)ctx;
	return fake_tsc;
}

static u64 on_tsc_to_host(void *ctx, u64 tsc)
{
	(void)ctx;
	return tsc;
}

static const struct platform_host_ops host_ops = {
    .kick = on_index,
    .post = on_index,
    .init = on_index,
    .sipi = on_sipi,
    .nmi = on_index,
    .guest_tsc = on_tsc,
    .guest_tsc_to_host = on_tsc_to_host,
};

/* --- which bytes may change */

static u8 *byte_at(u64 gpa)
{
	return gpa < HOLE ? low + gpa : gpa < HOLE_END ? NULL : high + (gpa - HOLE_END);
}

static void offer(u64 gpa, u64 len)
{
	for (u64 i = gpa; i < gpa + len && i < RAM_END; i++)
		offered_bytes[i] = true;
}

/* What is taken back may be written for the last time by that. wall: the page that is written once,
 * while its MSR is. */
static void check_memory(u64 wall)
{
	memcpy(offered_before, offered_bytes, sizeof(offered_before));
	memset(offered_bytes, 0, sizeof(offered_bytes));
	for (unsigned i = 0; i < CPUS; i++) {
		const struct vcpu *v = &vcpus[i];

		if (v->pv.steal_msr & 1)
			offer(steal_msr_address(v->pv.steal_msr), sizeof(struct steal_page));
		if (v->pv.eoi_msr & 1)
			offer(EOI_MSR_ADDRESS(v->pv.eoi_msr), 1);
		if (v->msrs.kvm_clock & 1)
			offer(CLOCK_MSR_ADDRESS(v->msrs.kvm_clock),
			      sizeof(struct pvclock_vcpu_time));
	}
	offer(wall, sizeof(struct pvclock_wall_clock));
	for (u64 gpa = 0; gpa < RAM_END; gpa++) {
		u8 *byte = byte_at(gpa);

		if (!byte)
			continue;
		if (*byte != shown[gpa] && !offered_bytes[gpa] && !offered_before[gpa])
			abort();
		shown[gpa] = *byte;
	}
}

/* --- what the guest does */

struct input {
	const u8 *data;
	size_t left;
};

static u64 take(struct input *in, size_t bytes)
{
	u64 value = 0;

	bytes = MIN(bytes, in->left);
	memcpy(&value, in->data, bytes);
	in->data += bytes;
	in->left -= bytes;
	return value;
}

/* Near the edges of RAM more often than by chance. */
static u64 some_address(struct input *in)
{
	static const u64 edges[] = {0, HOLE, HOLE_END, RAM_END, 1ull << 52, 0, HOLE, RAM_END};
	u8 choice = (u8)take(in, 1);

	if (choice & 0x80)
		return take(in, 8);
	return edges[choice & 7] + (u64)(s64)(signed char)take(in, 1) * (choice & 0x40 ? 16 : 1);
}

typedef int (*msr_write_fn)(struct vcpu *v, u32 msr, u64 value);
typedef int (*msr_read_fn)(struct vcpu *v, u32 msr, u64 *value);

static const struct {
	msr_write_fn write;
	msr_read_fn read;
	u32 number;
} msrs[] = {
    {msr_write_steal_time, msr_read_steal_time, MSR_KVM_STEAL_TIME},
    {msr_write_pv_eoi, msr_read_pv_eoi, MSR_KVM_PV_EOI_EN},
    {msr_write_kvm_clock, msr_read_kvm_clock, MSR_KVM_SYSTEM_TIME_NEW},
    {msr_write_wall_clock, msr_read_wall_clock, MSR_KVM_WALL_CLOCK_NEW},
};

static void write_msr(struct vcpu *v, struct input *in)
{
	unsigned which = (unsigned)take(in, 1) % ARRAY_SIZE(msrs);
	u64 value = some_address(in), seen = 0;
	bool accepted = !msrs[which].write(v, msrs[which].number, value);

	/* What is accepted can be read back; what is refused has changed nothing. */
	if (accepted && (msrs[which].read(v, msrs[which].number, &seen) || seen != value))
		abort();
	check_memory(accepted && which == 3 ? value : RAM_END);
}

static void call(struct vcpu *v, struct input *in)
{
	u8 choice = (u8)take(in, 1);

	ring = choice & 3;
	code64 = choice & 4;
	v->virt.gpr[VIRT_RAX] = choice & 8 ? take(in, 8) : 5 + (choice >> 4) % 8;
	v->virt.gpr[VIRT_RBX] = take(in, choice & 0x80 ? 8 : 1);
	v->virt.gpr[VIRT_RCX] = take(in, choice & 0x80 ? 8 : 1);
	v->virt.gpr[VIRT_RDX] = take(in, choice & 0x80 ? 8 : 1);
	v->virt.gpr[VIRT_RSI] = take(in, choice & 0x80 ? 4 : 2);
	if (!fast_hypercall(&v->virt))
		abort();
}

/* As the run loop. */
static void run_once(struct vcpu *v, bool leave)
{
	int vector;

	if (v->pv.steal.page)
		pv_arrive(v);
	if (v->virt.requests & (u32)VCPU_REQ_KICK)
		kick_arrives(&v->pv.kick, false);
	v->virt.requests = 0;
	vlapic_sync(v->lapic);
	vector = vlapic_next(v->lapic);
	if (vector >= 0 && vlapic_take(v->lapic) != vector)
		abort();
	if (leave)
		pv_leave(v);
}

static void scribble(struct input *in)
{
	u64 gpa = take(in, 2) % RAM_END;
	u8 *byte = byte_at(gpa);

	if (byte)
		*byte = shown[gpa] = (u8)take(in, 1);
}

static void step(struct input *in)
{
	u8 op = (u8)take(in, 1);
	struct vcpu *v = &vcpus[op / 16 % CPUS];

	switch (op % 8) {
	case 0:
	case 1:
		write_msr(v, in);
		break;
	case 2:
		call(v, in);
		break;
	case 3:
		run_once(v, op & 8);
		break;
	case 4:
		scribble(in);
		break;
	case 5:
		v->sched.stats.wakes += take(in, 2); /* it waited */
		v->sched.state = op & 8 ? SCHED_BLOCKED : SCHED_READY;
		fake_tsc += take(in, 2);
		break;
	case 6:
		if (op & 8)
			pv_parked(v);
		else
			pv_unparked(v);
		pvclock_update(v);
		break;
	default:
		if (op & 8) {
			pv_reset(v);
			vlapic_reset(v->lapic, true);
			if (vlapic_msr_write(v->lapic, 0x80f, 0x1ff))
				abort();
		} else if (vlapic_msr_write(v->lapic, 0x80b, 0)) {
			break; /* not in x2APIC mode: #GP */
		}
		break;
	}
	check_memory(RAM_END);
}

/* Once: an input's devices start from a reset. */
static void create_devices(void)
{
	if (platform.lapic)
		return;
	timer_setup_cpu();
	platform.host = &host_ops;
	if (platform_create(&platform))
		abort();
}

static void start(struct input *in)
{
	low = aligned_alloc(64, HOLE);
	high = aligned_alloc(64, RAM_END - HOLE_END);
	memset(low, 0, HOLE);
	memset(high, 0, RAM_END - HOLE_END);
	memset(shown, 0, sizeof(shown));
	memset(offered_bytes, 0, sizeof(offered_bytes));
	memset(&vm, 0, sizeof(vm));
	memset(vcpus, 0, sizeof(vcpus));
	vm.name = "fuzz";
	vm.cpus = CPUS;
	vm.pause_exit = true;
	vm.kvm_features = take(in, 1) ? ~0u : 0;
	vm.platform = platform;
	vm.vcpus = list;
	for (unsigned i = 0; i < CPUS; i++) {
		vcpus[i].vm = &vm;
		vcpus[i].index = i;
		vcpus[i].lapic = vm.platform.lapic[i];
		/* x2APIC mode, as the guests that send many interrupts at once. */
		if (vlapic_msr_write(vcpus[i].lapic, 0x1b, 0xfee00c00) ||
		    vlapic_msr_write(vcpus[i].lapic, 0x80f, 0x1ff))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = {data, size};

	virt = &ops;
	fake_tsc = 1;
	create_devices();
	start(&in);
	while (in.left)
		step(&in);
	for (unsigned i = 0; i < CPUS; i++)
		pv_reset(&vcpus[i]);
	platform_reset(&platform);
	free(low);
	free(high);
	return 0;
}
