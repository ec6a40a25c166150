/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls: numbers, features, privilege, arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef skip /* struct virt_ops has one */

#include "arch/x86/cpu/cpu.h"
#include "vmm/exit/exit.h"
#include "vmm/exit/hypercall.h"

#define KICK 5
#define SEND_IPI 10
#define YIELD 11
#define ALL (KVM_FEATURE_PV_UNHALT | KVM_FEATURE_PV_SEND_IPI | KVM_FEATURE_PV_SCHED_YIELD)
#define CPUS 4

const struct virt_ops *virt;
struct virt_caps virt_caps;
PERCPU(u32, sched_flags);
PERCPU(u64, timer_heap_deadline);
PERCPU(u64, timer_alarm) = TIMER_NEVER;

static struct vm vm;
static struct vcpu vcpus[CPUS], *list[CPUS] = {&vcpus[0], &vcpus[1], &vcpus[2], &vcpus[3]};
static struct vcpu *kicked, *yielded;
static unsigned ring;
static bool code64;
static u64 sent_targets;
static u32 sent_icr;
static int sent_result;

static void fake_get_seg(struct virt_vcpu *v, enum virt_seg_name name, struct virt_seg *seg)
{
	(void)v;
	*seg = (struct virt_seg){.attr = (u16)(name == VIRT_SS ? ring << 5
					       : code64        ? VIRT_SEG_L
							       : VIRT_SEG_DB)};
}

static u64 fake_get_reg(struct virt_vcpu *v, enum virt_reg reg)
{
	(void)v;
	return reg == VIRT_EFER ? EFER_LMA : 0;
}

static const struct virt_ops ops = {.get_seg = fake_get_seg, .get_reg = fake_get_reg};

void pv_kick(struct vcpu *v, struct vcpu *to)
{
	assert_ptr_equal(v, &vcpus[0]);
	kicked = to;
}

void pv_yield(struct vcpu *v, struct vcpu *to)
{
	assert_ptr_equal(v, &vcpus[0]);
	yielded = to;
}

int vlapic_send_many(struct vlapic *v, u64 targets, u32 icr)
{
	(void)v;
	sent_targets = targets;
	sent_icr = icr;
	return sent_result;
}

static s64 call(u64 number, u64 a0, u64 a1, u64 a2, u64 a3)
{
	u64 *gpr = vcpus[0].virt.gpr;

	gpr[VIRT_RAX] = number;
	gpr[VIRT_RBX] = a0;
	gpr[VIRT_RCX] = a1;
	gpr[VIRT_RDX] = a2;
	gpr[VIRT_RSI] = a3;
	assert_true(fast_hypercall(&vcpus[0].virt));
	return (s64)gpr[VIRT_RAX];
}

static int setup(void **state)
{
	(void)state;
	virt = &ops;
	memset(vcpus, 0, sizeof(vcpus));
	vm = (struct vm){.cpus = CPUS, .vcpus = list, .kvm_features = ALL};
	for (u32 i = 0; i < CPUS; i++)
		vcpus[i] = (struct vcpu){.vm = &vm, .index = i};
	kicked = yielded = NULL;
	ring = 0;
	code64 = true;
	sent_targets = sent_icr = 0;
	sent_result = 3;
	percpu(sched_flags) = 0;
	percpu(timer_heap_deadline) = 0;
	return 0;
}

static void only_known_numbers(void **state)
{
	(void)state;
	for (u64 n = 0; n < 300; n++)
		if (n != KICK && n != SEND_IPI && n != YIELD)
			assert_int_equal(call(n, 1, 1, 1, 0x40), -1000);
	assert_int_equal(call(0xffffffff, 1, 1, 1, 0x40), -1000);
	assert_null(kicked);
	assert_null(yielded);
	assert_int_equal(sent_targets, 0);
	assert_int_equal(vcpus[0].exits[VIRT_EXIT_HYPERCALL], 298);
}

static void hidden_ones_are_unknown(void **state)
{
	static const struct {
		u64 number;
		u32 feature;
	} known[] = {{KICK, KVM_FEATURE_PV_UNHALT},
		     {SEND_IPI, KVM_FEATURE_PV_SEND_IPI},
		     {YIELD, KVM_FEATURE_PV_SCHED_YIELD}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		vm.kvm_features = ALL & ~known[i].feature;
		assert_int_equal(call(known[i].number, 1, 1, 0, 0x40), -1000);
		vm.kvm_features = known[i].feature;
		assert_true(call(known[i].number, 1, 1, 0, 0x40) >= 0);
	}
}

static void not_for_user_programs(void **state)
{
	(void)state;
	for (ring = 1; ring <= 3; ring++) {
		assert_int_equal(call(KICK, 0, 1, 0, 0), -1);
		assert_int_equal(call(SEND_IPI, 2, 0, 0, 0x40), -1);
		assert_int_equal(call(YIELD, 1, 0, 0, 0), -1);
	}
	assert_null(kicked);
	assert_null(yielded);
	assert_int_equal(sent_targets, 0);
}

static void kick_and_yield_find_their_vcpu(void **state)
{
	(void)state;
	assert_int_equal(call(KICK, 0, 2, 0, 0), 0);
	assert_ptr_equal(kicked, &vcpus[2]);
	kicked = NULL;
	assert_int_equal(call(KICK, 0, CPUS, 0, 0), -22);
	assert_int_equal(call(KICK, 0, 0xffffffff, 0, 0), -22);
	assert_null(kicked);
	assert_int_equal(call(YIELD, 3, 0, 0, 0), 0);
	assert_ptr_equal(yielded, &vcpus[3]);
	yielded = NULL;
	assert_int_equal(call(YIELD, CPUS, 0, 0, 0), 0);
	assert_null(yielded);
}

static void ipi_bitmap_names_apic_ids(void **state)
{
	(void)state;
	assert_int_equal(hypercall_ipi_targets(0, ~0ull, 0), 0);
	assert_int_equal(hypercall_ipi_targets(0xf, 0, 0), 0xf);
	assert_int_equal(hypercall_ipi_targets(5, 0, 3), 0x28);
	assert_int_equal(hypercall_ipi_targets(1, 0, 63), 1ull << 63);
	assert_int_equal(hypercall_ipi_targets(~0ull, ~0ull, 63), 1ull << 63);
	/* What lies beyond the last ID does not come round again. */
	assert_int_equal(hypercall_ipi_targets(~0ull, ~0ull, 64), 0);
	assert_int_equal(hypercall_ipi_targets(~0ull, ~0ull, 0xffffffff), 0);
	assert_int_equal(hypercall_ipi_targets(~0ull, ~0ull, 0xffffffc1), 0);
}

static void ipi_arguments(void **state)
{
	(void)state;
	assert_int_equal(call(SEND_IPI, 6, 0, 1, 0x40fd), 3);
	assert_int_equal(sent_targets, 0xc);
	assert_int_equal(sent_icr, 0x40fd);
	assert_true(vcpus[0].virt.own & VCPU_OWN_IRQ);
	/* In 32-bit code the registers' upper halves are nothing. */
	code64 = false;
	assert_int_equal(call(SEND_IPI, 0xff00000003ull, 0xee00000001ull, 0, 0xfd), 3);
	assert_int_equal(sent_targets, 0x100000003ull);
	sent_result = ERR_INVAL;
	assert_int_equal(call(SEND_IPI, 1, 0, 0, 0x8fd), -22);
}

/* Whom a hypercall has woken may have to run on this processor: only the run loop sees to it. */
static void who_was_woken_here_gets_its_turn(void **state)
{
	(void)state;
	assert_int_equal(call(KICK, 0, 1, 0, 0), 0);
	assert_int_equal(vcpus[0].virt.own & VCPU_OWN_LEAVE, 0);
	percpu(sched_flags) = SCHED_F_RESCHED;
	assert_int_equal(call(KICK, 0, 1, 0, 0), 0);
	assert_int_not_equal(vcpus[0].virt.own & VCPU_OWN_LEAVE, 0);
	vcpus[0].virt.own = 0;
	percpu(sched_flags) = 0;
	percpu(timer_heap_deadline) = 900; /* the end of a slice, since somebody waits now */
	assert_int_equal(call(SEND_IPI, 2, 0, 0, 0x40), 3);
	assert_int_not_equal(vcpus[0].virt.own & VCPU_OWN_LEAVE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(only_known_numbers, setup),
	    cmocka_unit_test_setup(hidden_ones_are_unknown, setup),
	    cmocka_unit_test_setup(not_for_user_programs, setup),
	    cmocka_unit_test_setup(who_was_woken_here_gets_its_turn, setup),
	    cmocka_unit_test_setup(kick_and_yield_find_their_vcpu, setup),
	    cmocka_unit_test_setup(ipi_bitmap_names_apic_ids, setup),
	    cmocka_unit_test_setup(ipi_arguments, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
