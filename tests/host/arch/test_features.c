/* SPDX-License-Identifier: BSD-2-Clause */
/* Mitigations, XSAVE's components and the list of processors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/x86/cpu/mitigations.h"
#include "arch/x86/cpu/msr.h"
#include "arch/x86/cpu/xsave.h"
#include "arch/x86/smp/smp.h"

#define AVX512 (XSTATE_OPMASK | XSTATE_ZMM_HI256 | XSTATE_HI16_ZMM)
#define BASIC (XSTATE_X87 | XSTATE_SSE)

static struct cpu_mitigations decide(const struct cpu_features *f, u64 caps)
{
	struct cpu_mitigations m;

	mitigations_decide(f, caps, &m);
	return m;
}

static void old_processor_needs_all_it_has(void **state)
{
	const struct cpu_features f = {.intel = true,
				       .l1d_flush = true,
				       .md_clear = true,
				       .spec_ctrl = true,
				       .ibpb = true,
				       .stibp = true};
	struct cpu_mitigations m = decide(&f, 0);

	(void)state;
	assert_true(m.l1d_flush && m.verw && m.ibrs_exit && m.ibpb_switch && m.rsb_fill);
	assert_false(m.ibrs_always);
	assert_int_equal(m.host_spec_ctrl, SPEC_CTRL_IBRS | SPEC_CTRL_STIBP);
}

static void processor_without_the_means_does_nothing(void **state)
{
	const struct cpu_features f = {.intel = true};
	struct cpu_mitigations m = decide(&f, 0);

	(void)state;
	assert_false(m.l1d_flush || m.verw || m.ibrs_exit || m.ibpb_switch || m.spec_ctrl);
	assert_true(m.rsb_fill);
	assert_true(m.missing_l1d_flush && m.missing_verw && m.missing_ibrs);
	assert_int_equal(m.host_spec_ctrl, 0);
}

static void new_processor_needs_little(void **state)
{
	const struct cpu_features f = {
	    .intel = true, .l1d_flush = true, .md_clear = true, .spec_ctrl = true, .ibpb = true};
	u64 caps = ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_SKIP_L1DFL_VMENTRY |
		   ARCH_CAP_MDS_NO | ARCH_CAP_TAA_NO | ARCH_CAP_PBRSB_NO;
	struct cpu_mitigations m = decide(&f, caps);

	(void)state;
	assert_false(m.l1d_flush || m.verw || m.ibrs_exit || m.rsb_fill);
	assert_true(m.ibrs_always && m.ibpb_switch);
	assert_false(m.missing_l1d_flush || m.missing_verw || m.missing_ibrs);
	assert_true(decide(&f, caps | ARCH_CAP_FB_CLEAR).verw);
	assert_true(decide(&f, caps | ARCH_CAP_RFDS_CLEAR).verw);
	assert_true(decide(&f, (caps | ARCH_CAP_TSX_CTRL) & ~ARCH_CAP_TAA_NO).verw);
}

static void amd_has_neither_l1tf_nor_mds(void **state)
{
	const struct cpu_features f = {.amd = true, .l1d_flush = true, .md_clear = true};
	struct cpu_mitigations m = decide(&f, 0);

	(void)state;
	assert_false(m.l1d_flush || m.verw);
	assert_true(m.rsb_fill);
}

static void amd_by_its_own_bits(void **state)
{
	struct cpu_features f = {.amd = true, .ibpb = true};
	struct cpu_mitigations m = decide(&f, 0);

	(void)state;
	assert_true(m.ibpb_switch && m.missing_ibrs);
	assert_false(m.spec_ctrl || m.ibrs_exit);
	f.ssbd = true; /* the register exists, without IBRS */
	m = decide(&f, 0);
	assert_true(m.spec_ctrl);
	assert_int_equal(m.host_spec_ctrl, 0);
	f.spec_ctrl = true;
	m = decide(&f, 0);
	assert_true(m.ibrs_exit && !m.ibrs_always && !m.missing_ibrs);
	f.ibrs_always_on = true;
	m = decide(&f, 0);
	assert_true(m.ibrs_always && !m.ibrs_exit);
	assert_int_equal(m.host_spec_ctrl, SPEC_CTRL_IBRS);
}

static void undescribed_components_are_dropped(void **state)
{
	struct xsave_leaf leaf[64] = {[2] = {256, 576}, [5] = {64, 1088}, [6] = {512, 1152}};

	(void)state;
	/* PKRU is offered, its sub-leaf is empty; AVX-512 lacks its third part. */
	assert_int_equal(xsave_components_usable(BASIC | XSTATE_AVX | AVX512 | XSTATE_PKRU, leaf),
			 BASIC | XSTATE_AVX);
	leaf[7] = (struct xsave_leaf){1024, 1664};
	assert_int_equal(xsave_components_usable(BASIC | XSTATE_AVX | AVX512, leaf),
			 BASIC | XSTATE_AVX | AVX512);
	assert_int_equal(xsave_components_usable(BASIC | AVX512, leaf), BASIC);
	leaf[2].offset = 0;
	assert_int_equal(xsave_components_usable(~0ull, leaf), BASIC);
}

/* Whatever the core accepts it executes, and a value that the processor refuses would be its
 * own fault. */
static void xcr0_refuses_what_the_processor_would(void **state)
{
	u64 amx = XSTATE_TILECFG | XSTATE_TILEDATA, all = BASIC | XSTATE_GUEST | amx | BIT(19);

	(void)state;
	assert_true(xsave_xcr0_valid(XSTATE_X87, all));
	assert_true(xsave_xcr0_valid(BASIC | XSTATE_AVX | AVX512 | XSTATE_PKRU, all));
	assert_true(xsave_xcr0_valid(XSTATE_GUEST, all));
	assert_false(xsave_xcr0_valid(0, all));
	assert_false(xsave_xcr0_valid(XSTATE_SSE, all));
	assert_false(xsave_xcr0_valid(XSTATE_X87 | XSTATE_AVX, all));
	assert_false(xsave_xcr0_valid(BASIC | XSTATE_AVX | XSTATE_OPMASK, all));
	assert_false(xsave_xcr0_valid(BASIC | AVX512, all));
	assert_false(xsave_xcr0_valid(BASIC | XSTATE_BNDREGS, all));
	assert_false(xsave_xcr0_valid(BASIC | XSTATE_AVX, BASIC));
	assert_false(xsave_xcr0_valid(BASIC | XSTATE_TILECFG, all));
	assert_false(xsave_xcr0_valid(BASIC | XSTATE_TILEDATA, all));
	assert_false(xsave_xcr0_valid(BASIC | BIT(19), all));
	assert_false(xsave_xcr0_valid(~0ull, ~0ull));
}

static void area_starts_as_after_a_reset(void **state)
{
	_Alignas(XSAVE_ALIGN) u8 area[4096];

	(void)state;
	assert_true(xsave_area_size() <= sizeof(area));
	xsave_area_init(area);
	assert_int_equal(area[0] | area[1] << 8, 0x37f);
	assert_int_equal(area[24] | area[25] << 8, 0x1f80);
	assert_int_equal(area[512], 0);
}

static void a_processor_is_listed_once(void **state)
{
	u32 ids[3], count = 0;

	(void)state;
	count = smp_list_add(ids, count, 3, 4);
	count = smp_list_add(ids, count, 3, 4);
	count = smp_list_add(ids, count, 3, 0);
	assert_int_equal(count, 2);
	count = smp_list_add(ids, count, 3, 9);
	count = smp_list_add(ids, count, 3, 10);
	assert_int_equal(count, 3);
	assert_int_equal(ids[2], 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(old_processor_needs_all_it_has),
	    cmocka_unit_test(processor_without_the_means_does_nothing),
	    cmocka_unit_test(new_processor_needs_little),
	    cmocka_unit_test(amd_has_neither_l1tf_nor_mds),
	    cmocka_unit_test(amd_by_its_own_bits),
	    cmocka_unit_test(undescribed_components_are_dropped),
	    cmocka_unit_test(xcr0_refuses_what_the_processor_would),
	    cmocka_unit_test(area_starts_as_after_a_reset),
	    cmocka_unit_test(a_processor_is_listed_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
