/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/svm/fake_vmcb.h"

#include "arch/x86/cpu/msr.h"

static struct svm_caps sc;
static struct virt_caps caps;
static char why[240];

static int resolve(struct svm_cpuid c)
{
	memset(why, 0, sizeof(why));
	return svm_caps_resolve(&c, &sc, &caps, why, sizeof(why));
}

static void emulated_processor(void **state)
{
	(void)state;
	assert_int_equal(resolve(fake_cpuid_tcg()), 0);
	assert_string_equal(caps.name, "AMD-V");
	assert_int_equal(caps.max_leaf, GIB(1));
	assert_int_equal(caps.asids, 16);
	assert_true(caps.tpr_shadow && caps.rdtscp && caps.invpcid);
	assert_false(caps.deadline || caps.apic_access || caps.virq_delivery || caps.posted);
	assert_false(caps.pause_exit || caps.decode_assist || caps.tsc_scaling);
	assert_false(sc.nrip || sc.decode || sc.flush_asid || sc.vnmi || sc.spec_ctrl);
	assert_int_equal(sc.clean, 0);
}

static void newer_processor(void **state)
{
	(void)state;
	assert_int_equal(resolve(fake_cpuid_all()), 0);
	assert_true(caps.pause_exit && caps.decode_assist && caps.tsc_scaling);
	assert_true(sc.nrip && sc.decode && sc.flush_asid && sc.vnmi && sc.pause_threshold);
	assert_int_equal(sc.clean, CLEAN_ALL | CLEAN_AVIC);
	assert_true(caps.virq_delivery && caps.posted && caps.posted_irr && caps.x2apic_virt);
	assert_false(caps.apic_regs || caps.apic_access);
}

/* Without one of the three nothing of it is used, and the clean bit is not the processor's. */
static void avic_needs_company(void **state)
{
	static const u32 needed[] = {SVM_FEATURE_AVIC, SVM_FEATURE_X2AVIC, SVM_FEATURE_VNMI};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		struct svm_cpuid c = fake_cpuid_all();

		c.features &= ~needed[i];
		assert_int_equal(resolve(c), 0);
		assert_false(caps.virq_delivery || caps.posted || caps.posted_irr);
		assert_false(caps.x2apic_virt || sc.avic);
		assert_int_equal(sc.clean, CLEAN_ALL);
	}
}

static void lacks_are_named(void **state)
{
	struct svm_cpuid c = fake_cpuid_all();

	(void)state;
	c.features &= ~(u32)SVM_FEATURE_NPT;
	assert_int_equal(resolve(c), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "nested paging"));
	c = fake_cpuid_all();
	c.asids = 1;
	assert_int_equal(resolve(c), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "ASIDs"));
}

static void firmware_can_forbid(void **state)
{
	struct svm_cpuid c = fake_cpuid_tcg();

	(void)state;
	assert_int_equal(svm_vm_cr_check(0, &c, why, sizeof(why)), 0);
	assert_int_equal(svm_vm_cr_check(VM_CR_LOCK, &c, why, sizeof(why)), 0);
	assert_int_equal(svm_vm_cr_check(VM_CR_LOCK | VM_CR_SVMDIS, &c, why, sizeof(why)),
			 ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "SVM Mode"));
}

static bool intercepted(const struct vmcb *b, unsigned exit)
{
	return b->intercepts[INTERCEPT_WORD(exit)] & 1u << INTERCEPT_BIT(exit);
}

/* The bits of appendix B by their numbers. */
static void intercepts(void **state)
{
	struct vmcb b = {0};

	(void)state;
	resolve(fake_cpuid_tcg());
	svm_intercepts_init(&b, &sc, &caps);
	assert_int_equal(b.intercepts[0], 0xbd4c802b); /* 0 1 3 5 15 18 19 22 24 26 27 28 29 31 */
	assert_int_equal(b.intercepts[1], 0x6f7f);     /* 0 to 6, 8 to 11, 13, 14 */
	assert_int_equal(b.intercepts[2], 0);
	assert_int_equal(b.exceptions, BIT(1) | BIT(17) | BIT(18));
	assert_int_equal(b.pause_count, 0);
	caps.rdtscp = caps.invpcid = false;
	caps.pause_exit = true;
	svm_intercepts_init(&b, &sc, &caps);
	assert_true(intercepted(&b, SVM_EXIT_RDTSCP) && intercepted(&b, SVM_EXIT_INVPCID));
	assert_int_equal(b.intercepts[2], BIT(2));
	assert_true(intercepted(&b, SVM_EXIT_PAUSE));
	assert_true(b.pause_count > 0);
	assert_int_equal(b.pause_threshold, 0);
	sc.pause_threshold = true;
	svm_intercepts_init(&b, &sc, &caps);
	assert_true(b.pause_threshold > 0);
}

static void permission_map(void **state)
{
	static u8 map[2 * PAGE_SIZE];

	(void)state;
	memset(map, 0xff, sizeof(map));
	svm_map_pass(map, 0x10, true, false);
	assert_int_equal(map[4], 0xfe);
	svm_map_pass(map, 0x11, false, true);
	assert_int_equal(map[4], 0xf6);
	svm_map_pass(map, 0xc0000081, true, true);
	assert_int_equal(map[0x820], 0xf3);
	svm_map_pass(map, 0xc0010117, true, true);
	assert_int_equal(map[0x1000 + 0x45], 0x3f);
	svm_map_pass(map, 0x1fff, true, true);
	assert_int_equal(map[0x7ff], 0x3f);
	/* Outside of the ranges there is nothing to let pass. */
	svm_map_pass(map, 0x2000, true, true);
	svm_map_pass(map, 0x40000000, true, true);
	svm_map_pass(map, 0xc0002000, true, true);
	svm_map_pass(map, 0xc0012000, true, true);
	assert_int_equal(map[0x800], 0xff);
	assert_int_equal(map[0x1000], 0xff);
	assert_int_equal(map[0x1800], 0xff);
}

static void vm_maps(void **state)
{
	struct virt_vm vm = {0};

	(void)state;
	assert_int_equal(svm_vm_create(&vm), 0);
	assert_int_equal(vm.msr_bitmap[0x820], 0x03); /* EFER's neighbours are the guest's own */
	svm_msr_pass(&vm, MSR_IA32_EFER, true, false);
	assert_int_equal(vm.msr_bitmap[0x820], 0x03); /* SVME must stay hidden */
	svm_msr_pass(&vm, MSR_IA32_SPEC_CTRL, true, true);
	assert_true(svm_vm_of(&vm)->spec_ctrl_passed);
	svm_io_pass(&vm, 0xfffe, 8);
	assert_int_equal(vm.io_bitmap[0x1fff], 0x3f);
	/* The three bits behind the last port are read together with it. */
	assert_int_equal(vm.io_bitmap[0x2000], 0xff);
	svm_vm_destroy(&vm);
	assert_null(vm.backend);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(emulated_processor),  cmocka_unit_test(newer_processor),
	    cmocka_unit_test(avic_needs_company),  cmocka_unit_test(lacks_are_named),
	    cmocka_unit_test(firmware_can_forbid), cmocka_unit_test(intercepts),
	    cmocka_unit_test(permission_map),      cmocka_unit_test_setup(vm_maps, fake_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
