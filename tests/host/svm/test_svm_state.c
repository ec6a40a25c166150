/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/svm/fake_vmcb.h"

#include "arch/x86/cpu/cpu.h"

static void segments(void **state)
{
	struct virt_seg seg = {
	    .base = 0x1000, .limit = 0xffffffff, .selector = 0x10, .attr = 0xcf3};
	struct virt_seg got;

	(void)state;
	svm_set_seg(&fake_v, VIRT_SS, &seg);
	assert_int_equal(fake_vmcb.ss.attrib, 0xcf3);
	assert_int_equal(fake_vmcb.cpl, 3);
	svm_get_seg(&fake_v, VIRT_SS, &got);
	assert_memory_equal(&got, &seg, sizeof(seg));
	seg.limit = 0x1ffff;
	svm_set_seg(&fake_v, VIRT_GDTR, &seg);
	assert_int_equal(fake_vmcb.gdtr.limit, 0xffff);
}

/* What processors leave out, made what a descriptor has. */
static void segment_attributes(void **state)
{
	static const struct {
		struct vmcb_seg seg;
		enum virt_seg_name name;
		u8 cpl;
		u16 attr;
	} cases[] = {
	    {{0x10, 0x092, 0xffffffff, 0}, VIRT_DS, 0, 0x893}, /* G and accessed */
	    {{0x10, 0x893, 0xffff, 0}, VIRT_DS, 0, 0x093},     /* no G */
	    {{0x08, 0xa9a, 0xffffffff, 0}, VIRT_CS, 0, 0xa9b},
	    {{0x18, 0x0f3, 0xffff, 0}, VIRT_SS, 0, 0x093}, /* its DPL is the CPL */
	    {{0, 0x493, 0, 0}, VIRT_SS, 3, 0x4f3},
	    {{0, 0x413, 0, 0}, VIRT_SS, 3, 0x073}, /* unusable */
	    {{0, 0x002, 0, 0}, VIRT_LDTR, 0, 0x002},
	    {{0, 0x082, 0xffff, 0}, VIRT_LDTR, 0, 0x082},
	    {{0x40, 0x089, 0x67, 0}, VIRT_TR, 0, 0x08b}, /* busy */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(svm_attr_from_vmcb(&cases[i].seg, cases[i].name, cases[i].cpl),
				 cases[i].attr);
}

static void long_mode_follows(void **state)
{
	(void)state;
	svm_set_reg(&fake_v, VIRT_EFER, EFER_LME | EFER_NXE);
	assert_int_equal(fake_vmcb.efer, EFER_SVME | EFER_LME | EFER_NXE);
	svm_set_reg(&fake_v, VIRT_CR0, CR0_PE | CR0_PG);
	assert_int_equal(svm_get_reg(&fake_v, VIRT_EFER), EFER_LME | EFER_LMA | EFER_NXE);
	assert_true(fake_x.todo & TODO_FLUSH);
	svm_set_reg(&fake_v, VIRT_CR0, CR0_PE);
	assert_int_equal(svm_get_reg(&fake_v, VIRT_EFER), EFER_LME | EFER_NXE);
}

/* Caching stays on; while the guest wants it off, it sees what it wrote. */
static void cache_disable_is_shown(void **state)
{
	(void)state;
	svm_set_reg(&fake_v, VIRT_CR0, CR0_PE | CR0_CD | CR0_NW);
	assert_int_equal(fake_vmcb.cr0, CR0_PE | CR0_ET);
	assert_int_equal(svm_get_reg(&fake_v, VIRT_CR0), CR0_PE | CR0_ET | CR0_CD | CR0_NW);
	assert_int_equal(fake_vmcb.cr_intercepts,
			 INTERCEPT_CR_READ(0) | INTERCEPT_CR_WRITE(0) | INTERCEPT_CR_WRITE(4));
	svm_set_reg(&fake_v, VIRT_CR0, CR0_PE);
	assert_int_equal(fake_vmcb.cr_intercepts, INTERCEPT_CR_WRITE(4));
}

static void machine_checks_are_shown(void **state)
{
	(void)state;
	fake_vmcb.cr4 = CR4_MCE;
	assert_int_equal(svm_get_reg(&fake_v, VIRT_CR4), 0);
	svm_set_reg(&fake_v, VIRT_CR4, CR4_PAE | CR4_MCE);
	assert_int_equal(svm_get_reg(&fake_v, VIRT_CR4), CR4_PAE | CR4_MCE);
}

static void registers_and_clean_bits(void **state)
{
	static const struct {
		enum virt_reg reg;
		u32 dirty;
	} cases[] = {
	    {VIRT_RIP, 0},
	    {VIRT_CR2, CLEAN_CR2},
	    {VIRT_CR3, CLEAN_CRX},
	    {VIRT_DR7, CLEAN_DRX},
	    {VIRT_PAT, CLEAN_NESTED},
	    {VIRT_FS_BASE, 0},
	    {VIRT_CR8, 0},
	    {VIRT_XCR0, 0},
	    {VIRT_TSC_AUX, 0},
	    {VIRT_KERNEL_GS_BASE, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_vmcb.clean = CLEAN_ALL;
		svm_set_reg(&fake_v, cases[i].reg, 7);
		assert_int_equal(fake_vmcb.clean, CLEAN_ALL & ~cases[i].dirty);
		assert_int_equal(svm_get_reg(&fake_v, cases[i].reg), 7);
	}
	assert_int_equal(*fake_x.tpr, 0x70);
	svm_set_reg(&fake_v, VIRT_RFLAGS, 0);
	assert_int_equal(fake_vmcb.rflags, RFLAGS_FIXED);
}

static void prepare(void)
{
	struct virt_exit exit;

	assert_true(svm_prepare(&fake_v, &exit));
	assert_int_equal(fake_x.todo, 0);
}

/* No number is given out twice without a flush of everything in between. */
static void asid_generations(void **state)
{
	u64 generation = 0;
	u32 last = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		fake_vmcb.tlb_control = TLB_KEEP;
		svm_tlb_flush_vcpu(&fake_v);
		prepare();
		assert_in_range(fake_vmcb.asid, 1, 15);
		assert_int_equal(fake_x.asid_generation, percpu(svm_cpu).asid_generation);
		if (fake_x.asid_generation == generation) {
			assert_int_equal(fake_vmcb.asid, last + 1);
			assert_int_equal(fake_vmcb.tlb_control, TLB_KEEP);
		} else {
			assert_int_equal(fake_vmcb.asid, 1);
			assert_int_equal(fake_vmcb.tlb_control, TLB_FLUSH_ALL);
		}
		generation = fake_x.asid_generation;
		last = fake_vmcb.asid;
	}
	assert_int_equal(generation, 1 + 7); /* 15 numbers each */
}

static void flush_by_asid(void **state)
{
	(void)state;
	fake_processor(fake_cpuid_all());
	fake_x.todo = TODO_ASID;
	percpu(svm_cpu).asid_next = 7;
	prepare();
	assert_int_equal(fake_vmcb.asid, 7);
	assert_int_equal(fake_vmcb.tlb_control, TLB_KEEP);
	/* Its own number is valid: only that is flushed. */
	svm_tlb_flush_vm(&fake_vm);
	assert_int_equal(fake_x.requests, TODO_FLUSH);
	prepare();
	assert_int_equal(fake_vmcb.asid, 7);
	assert_int_equal(fake_vmcb.tlb_control, TLB_FLUSH_ASID);
	assert_int_equal(fake_x.requests, 0);
}

static void where_code_is(void **state)
{
	struct virt_code a, b;

	(void)state;
	fake_vmcb.rip = 0x100000010;
	fake_vmcb.cs.base = 0x20000;
	svm_get_code(&fake_v, &a);
	assert_int_equal(a.rip, 0x20010);
	fake_vmcb.cs.attrib = VIRT_SEG_DB;
	svm_get_code(&fake_v, &b);
	assert_true(a.mode != b.mode);
	fake_vmcb.cs.attrib = VIRT_SEG_L;
	fake_vmcb.efer = EFER_LMA;
	svm_get_code(&fake_v, &b);
	assert_int_equal(b.rip, 0x100000010);
	fake_vmcb.cs.attrib = VIRT_SEG_DB;
	svm_get_code(&fake_v, &a);
	assert_true(a.mode != b.mode);
}

#define TEST(name) cmocka_unit_test_setup(name, fake_setup)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(segments),
	    TEST(segment_attributes),
	    TEST(long_mode_follows),
	    TEST(cache_disable_is_shown),
	    TEST(machine_checks_are_shown),
	    TEST(registers_and_clean_bits),
	    TEST(asid_generations),
	    TEST(flush_by_asid),
	    TEST(where_code_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
