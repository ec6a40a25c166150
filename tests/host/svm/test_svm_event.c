/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/svm/fake_vmcb.h"

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/debugreg.h"

#define EXCEPTION(vector) (EVENT_VALID | 3u << 8 | (vector))

static struct virt_exit translate(u64 code)
{
	struct virt_exit exit;

	fake_vmcb.exit_code = code;
	fake_fast_does = false;
	(void)svm_exit_fast(&fake_v, &fake_x);
	svm_exit_translate(&fake_v, &fake_x, &exit);
	return exit;
}

static bool enters(void)
{
	struct virt_exit exit;

	return svm_prepare(&fake_v, &exit);
}

static void injection(void **state)
{
	(void)state;
	assert_false(svm_event_pending(&fake_v));
	svm_inject_irq(&fake_v, 0x31);
	assert_true(svm_event_pending(&fake_v));
	assert_int_equal(fake_vmcb.event_inj, EVENT_VALID | 0x31);
	fake_vmcb.event_inj = 0;
	/* Real mode pushes no error code. */
	svm_inject_exception(&fake_v, 13, true, 0x10);
	assert_int_equal(fake_vmcb.event_inj, EXCEPTION(13));
	fake_vmcb.event_inj = 0;
	fake_vmcb.cr0 = CR0_PE;
	svm_inject_exception(&fake_v, 13, true, 0x10);
	assert_int_equal(fake_vmcb.event_inj, EXCEPTION(13) | EVENT_ERROR_VALID | 0x10ull << 32);
}

static void faults_combine(void **state)
{
	(void)state;
	fake_vmcb.cr0 = CR0_PE;
	fake_vmcb.event_inj = EXCEPTION(14);
	svm_inject_exception(&fake_v, 14, true, 2);
	assert_int_equal(fake_vmcb.event_inj, EXCEPTION(8) | EVENT_ERROR_VALID);
	svm_inject_exception(&fake_v, 13, true, 0);
	assert_int_equal(fake_x.todo, TODO_FAULT);
	assert_false(enters());
	/* An interrupt is no fault. */
	fake_vmcb.event_inj = EVENT_VALID | 14;
	svm_inject_exception(&fake_v, 14, true, 2);
	assert_int_equal(EVENT_VECTOR(fake_vmcb.event_inj), 14);
	assert_int_equal(EVENT_TYPE(fake_vmcb.event_inj), EVENT_EXCEPTION);
}

static void interrupted_delivery_starts_over(void **state)
{
	static const struct {
		u64 info;
		bool again;
	} cases[] = {
	    {EVENT_VALID | 0x40, true},
	    {EVENT_VALID | EVENT_NMI << 8 | 2, true},
	    {EXCEPTION(14) | EVENT_ERROR_VALID | 6ull << 32, true},
	    {EVENT_VALID | EVENT_SOFTWARE << 8 | 0x80, false}, /* INT 0x80 is executed again */
	    {EXCEPTION(3), false},
	    {EXCEPTION(4), false},
	    {0x40, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_vmcb.exit_int_info = cases[i].info;
		assert_int_equal(translate(SVM_EXIT_NPF).kind, VIRT_EXIT_MEMORY);
		assert_int_equal(fake_vmcb.event_inj, cases[i].again ? cases[i].info : 0);
	}
}

static void readiness(void **state)
{
	(void)state;
	assert_false(svm_irq_ready(&fake_v));
	fake_vmcb.rflags = RFLAGS_IF;
	assert_true(svm_irq_ready(&fake_v));
	fake_vmcb.interrupt_state = INTERRUPT_SHADOW;
	assert_false(svm_irq_ready(&fake_v));
	fake_vmcb.interrupt_state = 0;
	fake_vmcb.event_inj = EVENT_VALID;
	assert_false(svm_irq_ready(&fake_v));
}

static bool virq_intercepted(void)
{
	return fake_vmcb.intercepts[0] & BIT(4);
}

static void windows(void **state)
{
	(void)state;
	svm_irq_window(&fake_v, true);
	assert_true(virq_intercepted() && (fake_vmcb.virq_flags & VIRQ_PENDING));
	assert_int_equal(fake_vmcb.virq_priority, VIRQ_IGNORE_TPR | 0xf);
	assert_int_equal(translate(SVM_EXIT_VINTR).kind, VIRT_EXIT_IRQ_WINDOW);
	/* Both at once: the window is the wider one. */
	svm_tpr_threshold(&fake_v, 5);
	assert_int_equal(fake_vmcb.virq_priority, VIRQ_IGNORE_TPR | 0xf);
	svm_irq_window(&fake_v, false);
	assert_true(virq_intercepted());
	assert_int_equal(fake_vmcb.virq_priority, 5);
	assert_int_equal(translate(SVM_EXIT_VINTR).kind, VIRT_EXIT_TPR);
	svm_tpr_threshold(&fake_v, 0);
	assert_false(virq_intercepted() || (fake_vmcb.virq_flags & VIRQ_PENDING));
}

static void skipping(void **state)
{
	(void)state;
	fake_vmcb.rip = 0xfffffffe;
	fake_vmcb.interrupt_state = INTERRUPT_SHADOW;
	svm_skip(&fake_v, 4);
	assert_int_equal(fake_vmcb.rip, 2);
	assert_int_equal(fake_vmcb.interrupt_state, 0);
	fake_vmcb.efer = EFER_LMA;
	fake_vmcb.cs.attrib = VIRT_SEG_L;
	fake_vmcb.rip = 0xfffffffe;
	svm_skip(&fake_v, 4);
	assert_int_equal(fake_vmcb.rip, 0x100000002);
	/* Single-stepping sees the end of an emulated instruction. */
	fake_vmcb.rflags = RFLAGS_TF;
	svm_skip(&fake_v, 2);
	assert_int_equal(fake_vmcb.event_inj, EXCEPTION(1));
	assert_true(fake_vmcb.dr6 & DR6_BS);
}

static bool iret_intercepted(void)
{
	return fake_vmcb.intercepts[0] & BIT(20);
}

/* From the delivery of an NMI to the end of the IRET that ends its handler. */
static void nmi_to_iret(void **state)
{
	(void)state;
	assert_true(svm_nmi_ready(&fake_v));
	svm_inject_nmi(&fake_v);
	assert_int_equal(fake_vmcb.event_inj, EVENT_VALID | EVENT_NMI << 8 | 2);
	assert_true(iret_intercepted());
	assert_false(svm_nmi_ready(&fake_v));
	svm_nmi_window(&fake_v, true);
	svm_irq_window(&fake_v, true);
	assert_int_equal(translate(SVM_EXIT_IRET).kind, VIRT_EXIT_HANDLED);
	assert_false(iret_intercepted());
	assert_true(fake_vmcb.rflags & RFLAGS_TF);
	assert_false(svm_get_reg(&fake_v, VIRT_RFLAGS) & RFLAGS_TF);
	assert_int_equal(fake_vmcb.exceptions, SVM_EXCEPTIONS_STEP);
	/* The window would exit before the IRET, for ever. */
	assert_false(virq_intercepted() || svm_irq_ready(&fake_v));
	/* IRET has loaded flags with TF of the guest's own. */
	fake_vmcb.rflags = RFLAGS_TF | RFLAGS_IF;
	fake_vmcb.dr6 = DR6_FIXED | DR6_BS;
	assert_int_equal(translate(SVM_EXIT_EXCEPTION + 1).kind, VIRT_EXIT_NMI_WINDOW);
	assert_false(svm_event_pending(&fake_v));
	assert_int_equal(fake_vmcb.dr6, DR6_FIXED);
	assert_true(fake_vmcb.rflags & RFLAGS_TF);
	assert_int_equal(fake_vmcb.exceptions, SVM_EXCEPTIONS);
	assert_true(virq_intercepted() && svm_nmi_ready(&fake_v));
}

static void iret_that_faults(void **state)
{
	(void)state;
	fake_vmcb.cr0 = CR0_PE;
	svm_inject_nmi(&fake_v);
	fake_vmcb.event_inj = 0;
	translate(SVM_EXIT_IRET);
	svm_nmi_window(&fake_v, true);
	fake_vmcb.exit_info1 = 2;
	fake_vmcb.exit_info2 = 0x1234;
	assert_int_equal(translate(SVM_EXIT_EXCEPTION + 14).kind, VIRT_EXIT_HANDLED);
	assert_int_equal(EVENT_VECTOR(fake_vmcb.event_inj), 14);
	assert_int_equal(fake_vmcb.cr2, 0x1234);
	assert_false(fake_vmcb.rflags & RFLAGS_TF);
	/* The NMI comes right after the fault was delivered. */
	assert_true(enters());
	assert_int_equal(fake_kicks, 1);
	fake_vmcb.event_inj = 0;
	assert_int_equal(translate(SVM_EXIT_INTR).kind, VIRT_EXIT_NMI_WINDOW);
}

static void nmi_behind_a_shadow(void **state)
{
	(void)state;
	fake_vmcb.interrupt_state = INTERRUPT_SHADOW;
	assert_false(svm_nmi_ready(&fake_v));
	svm_nmi_window(&fake_v, true);
	assert_true(fake_vmcb.rflags & RFLAGS_TF);
	/* The instruction in the shadow is one that is emulated. */
	svm_skip(&fake_v, 2);
	assert_false(fake_vmcb.rflags & RFLAGS_TF);
	assert_false(svm_event_pending(&fake_v));
	assert_true(enters());
	assert_int_equal(fake_kicks, 1);
	assert_int_equal(translate(SVM_EXIT_INTR).kind, VIRT_EXIT_NMI_WINDOW);
}

static void nmi_by_hardware(void **state)
{
	(void)state;
	fake_processor(fake_cpuid_all());
	svm_inject_nmi(&fake_v);
	assert_true(fake_vmcb.virq_flags & VNMI_PENDING);
	assert_int_equal(fake_vmcb.event_inj, 0);
	assert_false(svm_nmi_ready(&fake_v) || iret_intercepted());
	fake_vmcb.virq_flags = VNMI_BLOCKED;
	assert_true(svm_nmi_ready(&fake_v));
	svm_nmi_reset(&fake_x);
	assert_int_equal(fake_vmcb.virq_flags, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, fake_setup)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(injection),       TEST(faults_combine),   TEST(interrupted_delivery_starts_over),
	    TEST(readiness),       TEST(windows),          TEST(skipping),
	    TEST(nmi_to_iret),     TEST(iret_that_faults), TEST(nmi_behind_a_shadow),
	    TEST(nmi_by_hardware),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
