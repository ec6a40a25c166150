/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/cpu/xsave.h"
#include "kernel/mm/heap.h"
#include "vmm/exit/cpuid_policy.h"

void *heap_alloc(size_t size)
{
	return calloc(1, size);
}

void heap_free(void *p)
{
	free(p);
}

/* A processor that has everything. */
static struct cpuid_regs all_ones(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r = {~0u, ~0u, ~0u, ~0u};

	(void)subleaf;
	if (leaf == 0)
		r = (struct cpuid_regs){0x1f, 0x756e6547, 0x6c65746e, 0x49656e69};
	else if (leaf == 0x80000000)
		r.eax = 0x80000008;
	else if (leaf == 4)
		r.eax = subleaf < 4 ? (subleaf < 3 ? 0x21 : 0x63) : 0;
	return r;
}

static struct cpuid_facts facts = {
    .host = all_ones,
    .cpus = 2,
    .xcr0 = XSTATE_X87 | XSTATE_SSE | XSTATE_AVX,
    .tsc_khz = 20000,
    .apic_khz = 20000,
    .kvm_features = KVM_FEATURE_CLOCKSOURCE2,
};

static void build(struct cpuid_policy *p)
{
	assert_int_equal(cpuid_policy_build(p, &facts), 0);
}

static void test_virtualization_is_hidden(void **state)
{
	struct cpuid_policy p;

	(void)state;
	build(&p);
	assert_false(cpuid_policy_has(&p, 1, 2, 5));          /* VMX */
	assert_false(cpuid_policy_has(&p, 1, 2, 6));          /* SMX */
	assert_false(cpuid_policy_has(&p, 1, 2, 3));          /* MONITOR */
	assert_false(cpuid_policy_has(&p, 0x80000001, 2, 2)); /* SVM */
	assert_false(cpuid_policy_has(&p, 7, 1, 2));          /* SGX */
	assert_false(cpuid_policy_has(&p, 7, 3, 4));          /* FSRM */
	assert_false(cpuid_policy_has(&p, 7, 2, 16));         /* LA57 */
	assert_false(cpuid_policy_has(&p, 0x80000007, 3, 8)); /* invariant TSC */
	cpuid_policy_destroy(&p);
}

static void test_what_we_offer_is_shown(void **state)
{
	struct cpuid_policy p;
	const struct cpuid_entry *e;

	(void)state;
	build(&p);
	assert_true(cpuid_policy_has(&p, 1, 2, 31)); /* hypervisor */
	assert_true(cpuid_policy_has(&p, 1, 2, 21)); /* x2APIC */
	assert_true(cpuid_policy_has(&p, 1, 2, 24)); /* TSC deadline */
	e = cpuid_policy_find(&p, CPUID_LEAF_HYPERVISOR, 0);
	assert_memory_equal(&e->regs.ebx, "KVMK", 4);
	assert_memory_equal(&e->regs.ecx, "VMKV", 4);
	e = cpuid_policy_find(&p, CPUID_LEAF_KVM_FEATURES, 0);
	assert_int_equal(e->regs.eax, KVM_FEATURE_CLOCKSOURCE2);
	e = cpuid_policy_find(&p, CPUID_LEAF_TIMING, 0);
	assert_int_equal(e->regs.eax, 20000);
	assert_null(cpuid_policy_find(&p, 0x40000002, 0));
	cpuid_policy_destroy(&p);
}

static void test_topology(void **state)
{
	struct cpuid_policy p;

	(void)state;
	build(&p);
	assert_int_equal(cpuid_policy_find(&p, 1, 0)->regs.ebx >> 16 & 0xff, 2);
	assert_true(cpuid_policy_has(&p, 1, 3, 28));
	assert_int_equal(cpuid_policy_find(&p, 0xb, 0)->regs.ebx, 1);
	assert_int_equal(cpuid_policy_find(&p, 0xb, 1)->regs.ebx, 2);
	assert_int_equal(cpuid_policy_find(&p, 0xb, 1)->regs.ecx >> 8, 2);
	assert_int_equal(cpuid_policy_find(&p, 4, 3)->regs.eax >> 14 & 0xfff, 1);
	assert_int_equal(cpuid_policy_find(&p, 4, 0)->regs.eax >> 26, 1);
	cpuid_policy_destroy(&p);
}

static void test_subleaves(void **state)
{
	struct cpuid_policy p;

	(void)state;
	build(&p);
	/* ECX is ignored where a leaf has no subleaves, and matters where it has. */
	assert_ptr_equal(cpuid_policy_find(&p, 1, 77), cpuid_policy_find(&p, 1, 0));
	assert_non_null(cpuid_policy_find(&p, 7, 0));
	assert_null(cpuid_policy_find(&p, 7, 1));
	assert_int_equal(cpuid_policy_find(&p, 0xd, 0)->regs.eax, facts.xcr0);
	assert_non_null(cpuid_policy_find(&p, 0xd, 2));
	assert_null(cpuid_policy_find(&p, 0xd, 5)); /* AVX-512, which XCR0 does not have */
	assert_false(cpuid_policy_has(&p, 7, 1, 16));
	cpuid_policy_destroy(&p);
}

static struct cpuid_regs amd(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r = all_ones(leaf, subleaf);

	if (leaf == 0)
		r = (struct cpuid_regs){0xd, 0x68747541, 0x444d4163, 0x69746e65};
	return r;
}

static void test_amd(void **state)
{
	struct cpuid_facts amd_facts = facts;
	struct cpuid_policy p;

	(void)state;
	build(&p);
	assert_int_equal(cpuid_policy_find(&p, 0x80000008, 0)->regs.ecx, 0);
	assert_false(cpuid_policy_has(&p, 0x80000001, 2, 1));
	cpuid_policy_destroy(&p);
	amd_facts.host = amd;
	assert_int_equal(cpuid_policy_build(&p, &amd_facts), 0);
	assert_int_equal(cpuid_policy_find(&p, 0x80000008, 0)->regs.ecx, 0x3001);
	assert_true(cpuid_policy_has(&p, 0x80000001, 2, 1));   /* CMP_LEGACY */
	assert_false(cpuid_policy_has(&p, 0x80000001, 2, 2));  /* SVM */
	assert_false(cpuid_policy_has(&p, 0x80000001, 2, 22)); /* TOPOEXT */
	assert_false(cpuid_policy_has(&p, 0x80000001, 2, 10)); /* IBS */
	assert_true(cpuid_policy_has(&p, 0x80000008, 1, 12));  /* IBPB */
	assert_false(cpuid_policy_has(&p, 0x80000008, 1, 3));  /* INVLPGB */
	assert_false(cpuid_policy_has(&p, 0x80000008, 1, 4));  /* RDPRU */
	assert_false(cpuid_policy_has(&p, 0x80000008, 1, 25)); /* VIRT_SSBD */
	cpuid_policy_destroy(&p);
}

static void test_out_of_range(void **state)
{
	struct cpuid_policy p;

	(void)state;
	build(&p);
	assert_int_equal(cpuid_policy_find(&p, 0, 0)->regs.eax, 0xd);
	assert_ptr_equal(cpuid_policy_find(&p, 0x1234, 0), cpuid_policy_find(&p, 0xd, 0));
	assert_null(cpuid_policy_find(&p, 3, 0));
	assert_null(cpuid_policy_find(&p, 0x8000001f, 0));
	assert_null(cpuid_policy_find(&p, 0xffffffff, 0));
	cpuid_policy_destroy(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_virtualization_is_hidden),
	    cmocka_unit_test(test_what_we_offer_is_shown),
	    cmocka_unit_test(test_topology),
	    cmocka_unit_test(test_subleaves),
	    cmocka_unit_test(test_amd),
	    cmocka_unit_test(test_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
