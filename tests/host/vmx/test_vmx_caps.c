/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/vmx/fake_vmcs.h"

#include <string.h>

#include "arch/x86/cpu/cpu.h"

static struct vmx_caps vc;
static struct virt_caps caps;
static char why[240];

static int resolve(struct vmx_msrs m)
{
	memset(why, 0, sizeof(why));
	return vmx_caps_resolve(&m, &vc, &caps, why, sizeof(why));
}

static void full_processor_offers_all(void **state)
{
	(void)state;
	assert_int_equal(resolve(fake_msrs()), 0);
	assert_string_equal(caps.name, "VT-x");
	assert_int_equal(caps.max_leaf, GIB(1));
	assert_true(caps.deadline && caps.tpr_shadow && caps.apic_access && caps.apic_regs);
	assert_true(caps.virq_delivery && caps.posted && caps.x2apic_virt && caps.pause_exit);
	assert_true(caps.rdtscp && caps.invpcid && caps.xsaves && caps.tsc_scaling);
	assert_int_equal(caps.asids, 65535);
	assert_int_equal(vc.revision, 0x12);
	assert_int_equal(vc.timer_shift, 5);
	assert_true(vc.vpid && vc.invept_single);
}

static void what_bochs_does_wrong_is_not_used(void **state)
{
	struct vmx_msrs m = fake_msrs();

	(void)state;
	m.basic = (m.basic & ~0x7fffffffull) | 0x2b;
	assert_int_equal(resolve(m), 0);
	assert_false(caps.virq_delivery || caps.posted || caps.x2apic_virt);
	assert_true(caps.deadline && caps.tpr_shadow && caps.apic_access);
}

static void forced_bits_are_set_and_others_are_clear(void **state)
{
	struct vmx_msrs m = fake_msrs();

	(void)state;
	assert_int_equal(resolve(m), 0);
	assert_int_equal(vc.available.pin & 0x16, 0x16);
	assert_int_equal(vc.available.proc & ~(u32)(m.proc >> 32), 0);
	assert_int_equal(vc.available.proc & (PROC_CR3_LOAD | PROC_CR3_STORE | PROC_INVLPG), 0);
	/* What nobody asked for stays off although the processor could do it. */
	assert_int_equal(vc.available.proc2 & BIT(13), 0);
}

/* Take one allowed bit away and expect its name and the remedy. */
static void expect_lack(u64 *msr, struct vmx_msrs *m, u64 bit, const char *name)
{
	u64 saved = *msr;

	*msr &= ~(bit << 32);
	assert_int_equal(resolve(*m), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, name));
	assert_non_null(strstr(why, "is needed"));
	*msr = saved;
}

static void missing_control_is_named(void **state)
{
	struct vmx_msrs m = fake_msrs();

	(void)state;
	expect_lack(&m.proc2, &m, PROC2_EPT, "\"EPT\" (secondary control bit 1)");
	expect_lack(&m.proc2, &m, PROC2_UNRESTRICTED, "unrestricted guest");
	expect_lack(&m.pin, &m, PIN_VIRTUAL_NMI, "virtual NMIs");
	expect_lack(&m.proc, &m, PROC_MSR_BITMAPS, "MSR bitmaps");
	expect_lack(&m.exit, &m, EXIT_LOAD_EFER, "IA32_EFER");
	expect_lack(&m.entry, &m, ENTRY_LOAD_PAT, "IA32_PAT");
	assert_int_equal(resolve(m), 0);
}

static void missing_fixed_feature_is_named(void **state)
{
	struct vmx_msrs m = fake_msrs();

	(void)state;
	m.basic &= ~VMX_BASIC_TRUE;
	assert_int_equal(resolve(m), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "TRUE"));
	m = fake_msrs();
	m.ept_vpid &= ~EPT_CAP_4_LEVELS;
	assert_int_equal(resolve(m), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "4-level EPT"));
	m = fake_msrs();
	m.proc |= PROC_CR3_LOAD;
	assert_int_equal(resolve(m), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "0x8000"));
	m = fake_msrs();
	m.basic |= VMX_BASIC_32BIT;
	assert_int_equal(resolve(m), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "inconsistently"));
}

static void optional_features_may_miss(void **state)
{
	struct vmx_msrs m = fake_msrs();

	(void)state;
	m.pin &= ~(PIN_PREEMPTION_TIMER << 32);
	m.proc &= ~(PROC_TPR_SHADOW << 32);
	m.proc2 &= ~((PROC2_VPID | PROC2_RDTSCP) << 32);
	m.ept_vpid &= ~EPT_CAP_1G;
	assert_int_equal(resolve(m), 0);
	assert_false(caps.deadline || caps.tpr_shadow || caps.virq_delivery || caps.posted);
	assert_false(caps.rdtscp);
	assert_int_equal(caps.asids, 0);
	assert_int_equal(caps.max_leaf, MIB(2));
}

static void controls_follow_what_the_core_allows(void **state)
{
	struct vmx_controls c;

	(void)state;
	assert_int_equal(resolve(fake_msrs()), 0);
	vmx_controls_choose(&vc, &caps, true, &c);
	assert_int_equal(c.pin & PIN_PREEMPTION_TIMER, 0);
	assert_int_not_equal(c.pin & PIN_POSTED_INTERRUPTS, 0);
	assert_int_equal(c.proc & (PROC_CR8_LOAD | PROC_CR8_STORE), 0);
	assert_int_equal(c.proc & (PROC_IRQ_WINDOW | PROC_NMI_WINDOW), 0);
	assert_int_equal(c.proc2 & (PROC2_APIC_ACCESSES | PROC2_X2APIC), 0);
	assert_int_equal(c.entry & ENTRY_IA32E, 0);

	caps.virq_delivery = false;
	caps.invpcid = false;
	vmx_controls_choose(&vc, &caps, true, &c);
	assert_int_equal(c.pin & PIN_POSTED_INTERRUPTS, 0);
	assert_int_equal(c.proc2 & (PROC2_VIRQ_DELIVERY | PROC2_APIC_REGISTERS), 0);
	assert_int_equal(c.proc2 & PROC2_INVPCID, 0);
	assert_int_not_equal(c.proc & PROC_TPR_SHADOW, 0);

	vmx_controls_choose(&vc, &caps, false, &c);
	assert_int_equal(c.proc & PROC_TPR_SHADOW, 0);
	assert_int_not_equal(c.proc & PROC_CR8_LOAD, 0);
}

static void feature_control(void **state)
{
	(void)state;
	assert_int_equal(vmx_feature_control_check(0, why, sizeof(why)), 0);
	assert_int_equal(vmx_feature_control_check(5, why, sizeof(why)), 0);
	assert_int_equal(vmx_feature_control_check(FEATURE_CONTROL_LOCK, why, sizeof(why)),
			 ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "locked by the firmware"));
	/* Allowed inside SMX only. */
	assert_int_equal(vmx_feature_control_check(3, why, sizeof(why)), ERR_UNSUPPORTED);
}

/* A guest must not be able to put off the deadline by exits that are handled at once. */
static void fast_exits_need_a_timer_that_goes_on(void **state)
{
	struct vmx_msrs m = fake_msrs();
	struct vmx_controls c;

	(void)state;
	assert_int_equal(resolve(m), 0);
	assert_int_equal(vc.fast_exits, VMX_FAST_EXITS);
	assert_true(vc.available.exit & EXIT_SAVE_TIMER);
	/* Entries fail if it is on without the timer, which starts off. */
	vmx_controls_choose(&vc, &caps, true, &c);
	assert_false(c.exit & EXIT_SAVE_TIMER);
	assert_false(c.pin & PIN_PREEMPTION_TIMER);
	m.exit &= ~(EXIT_SAVE_TIMER << 32);
	assert_int_equal(resolve(m), 0);
	assert_int_equal(vc.fast_exits, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(full_processor_offers_all),
	    cmocka_unit_test(what_bochs_does_wrong_is_not_used),
	    cmocka_unit_test(forced_bits_are_set_and_others_are_clear),
	    cmocka_unit_test(missing_control_is_named),
	    cmocka_unit_test(missing_fixed_feature_is_named),
	    cmocka_unit_test(optional_features_may_miss),
	    cmocka_unit_test(controls_follow_what_the_core_allows),
	    cmocka_unit_test(feature_control),
	    cmocka_unit_test(fast_exits_need_a_timer_that_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
