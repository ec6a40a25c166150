/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/vmx/fake_vmcs.h"

#include "arch/x86/cpu/cpu.h"

#define EXCEPTION(vector) ((u32)INTR_VALID | INTR_EXCEPTION << 8 | (vector))
#define EXCEPTION_ERROR(vector) (EXCEPTION(vector) | (u32)INTR_ERROR_VALID)

static void injection(void **state)
{
	(void)state;
	assert_false(vmx_event_pending(&fake_v));
	vmx_inject_irq(&fake_v, 0x31);
	assert_true(vmx_event_pending(&fake_v));
	assert_int_equal(fake_x.event.info, (u32)INTR_VALID | 0x31);
	fake_x.event.info = 0;
	vmx_inject_nmi(&fake_v);
	assert_int_equal(fake_x.event.info, (u32)INTR_VALID | INTR_NMI << 8 | 2);
	fake_x.event.info = 0;
	/* Real mode pushes no error code. */
	vmx_inject_exception(&fake_v, 13, true, 0x10);
	assert_int_equal(fake_x.event.info, EXCEPTION(13));
	fake_x.event.info = 0;
	fake_vmcs[VMCS_GUEST_CR0] = CR0_PE;
	vmx_inject_exception(&fake_v, 13, true, 0x10);
	assert_int_equal(fake_x.event.info, EXCEPTION_ERROR(13));
	assert_int_equal(fake_x.event.error, 0x10);
}

static void faults_combine(void **state)
{
	static const struct {
		u8 first, second;
		u32 result; /* 0: shutdown */
	} cases[] = {
	    {13, 13, EXCEPTION_ERROR(8)},
	    {0, 11, EXCEPTION_ERROR(8)},
	    {14, 14, EXCEPTION_ERROR(8)},
	    {14, 13, EXCEPTION_ERROR(8)},
	    {13, 14, EXCEPTION(14)},
	    {3, 13, EXCEPTION(13)},
	    {13, 6, EXCEPTION(6)},
	    {8, 13, 0},
	    {8, 14, 0},
	    {8, 6, EXCEPTION(6)},
	};

	(void)state;
	fake_vmcs[VMCS_GUEST_CR0] = CR0_PE;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_x.todo = 0;
		fake_x.event.info = EXCEPTION(cases[i].first);
		vmx_inject_exception(&fake_v, cases[i].second, false, 0);
		if (cases[i].result)
			assert_int_equal(fake_x.event.info, cases[i].result);
		else
			assert_int_equal(fake_x.todo, TODO_FAULT);
	}
	/* An external interrupt is no fault. */
	fake_x.event.info = (u32)INTR_VALID | 14;
	vmx_inject_exception(&fake_v, 14, false, 0);
	assert_int_equal(fake_x.event.info, EXCEPTION(14));
}

static void readiness(void **state)
{
	(void)state;
	assert_false(vmx_irq_ready(&fake_v));
	assert_true(vmx_nmi_ready(&fake_v));
	fake_vmcs[VMCS_GUEST_RFLAGS] = RFLAGS_IF;
	assert_true(vmx_irq_ready(&fake_v));
	fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY] = INTERRUPTIBILITY_STI;
	assert_false(vmx_irq_ready(&fake_v));
	assert_false(vmx_nmi_ready(&fake_v));
	fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY] = INTERRUPTIBILITY_NMI;
	assert_true(vmx_irq_ready(&fake_v));
	assert_false(vmx_nmi_ready(&fake_v));
	vmx_inject_irq(&fake_v, 0x20);
	assert_false(vmx_irq_ready(&fake_v));
}

static void windows_write_once(void **state)
{
	(void)state;
	vmx_irq_window(&fake_v, true);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], PROC_IRQ_WINDOW);
	fake_vmcs[VMCS_PROC_CONTROLS] = 0xdead;
	vmx_irq_window(&fake_v, true);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], 0xdead);
	vmx_nmi_window(&fake_v, true);
	vmx_irq_window(&fake_v, false);
	assert_int_equal(fake_vmcs[VMCS_PROC_CONTROLS], PROC_NMI_WINDOW);
}

static void requeue(void **state)
{
	(void)state;
	/* Nothing was being delivered. */
	vmx_event_requeue(&fake_x, 0);
	assert_int_equal(fake_x.event.info, 0);
	/* IRET faulted after it had unblocked NMIs. */
	vmx_event_requeue(&fake_x, INTR_NMI_UNBLOCKED);
	assert_int_equal(fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY], INTERRUPTIBILITY_NMI);
	/* The delivery of an NMI itself. */
	fake_vmcs[VMCS_IDT_VECTORING_INFO] = INTR_VALID | INTR_NMI << 8 | 2;
	vmx_event_requeue(&fake_x, 0);
	assert_int_equal(fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY], 0);
	assert_int_equal(fake_x.event.info, (u32)INTR_VALID | INTR_NMI << 8 | 2);
	/* INT n: with its length; bits that are undefined at entry are dropped. */
	fake_vmcs[VMCS_IDT_VECTORING_INFO] = INTR_VALID | BIT(12) | INTR_SOFT_INT << 8 | 0x80;
	fake_vmcs[VMCS_EXIT_INSN_LEN] = 2;
	vmx_event_requeue(&fake_x, 0);
	assert_int_equal(fake_x.event.info, (u32)INTR_VALID | INTR_SOFT_INT << 8 | 0x80);
	assert_int_equal(fake_x.event.insn_len, 2);
	/* A page fault: with its error code, without a length. */
	fake_vmcs[VMCS_IDT_VECTORING_INFO] = EXCEPTION_ERROR(14);
	fake_vmcs[VMCS_IDT_VECTORING_ERROR] = 2;
	vmx_event_requeue(&fake_x, 0);
	assert_int_equal(fake_x.event.info, EXCEPTION_ERROR(14));
	assert_int_equal(fake_x.event.error, 2);
	assert_int_equal(fake_x.event.insn_len, 0);
}

static void skipping(void **state)
{
	(void)state;
	fake_vmcs[VMCS_GUEST_RIP] = 0x1000;
	vmx_skip(&fake_v, 2);
	assert_int_equal(fake_vmcs[VMCS_GUEST_RIP], 0x1002);
	assert_int_equal(fake_vmcs[VMCS_GUEST_PENDING_DEBUG], 0);
	fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY] = INTERRUPTIBILITY_MOV_SS | INTERRUPTIBILITY_NMI;
	fake_vmcs[VMCS_GUEST_RFLAGS] = RFLAGS_TF;
	vmx_skip(&fake_v, 3);
	assert_int_equal(fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY], INTERRUPTIBILITY_NMI);
	assert_int_equal(fake_vmcs[VMCS_GUEST_PENDING_DEBUG], PENDING_DEBUG_BS);
	/* 32-bit code wraps around, 64-bit code does not. */
	fake_vmcs[VMCS_GUEST_RIP] = 0xfffffffe;
	vmx_skip(&fake_v, 4);
	assert_int_equal(fake_vmcs[VMCS_GUEST_RIP], 2);
	fake_vmcs[VMCS_SEG(VMCS_GUEST_ES_RIGHTS, VIRT_CS)] = 0xa09b;
	fake_vmcs[VMCS_ENTRY_CONTROLS] = ENTRY_IA32E;
	fake_vmcs[VMCS_GUEST_RIP] = 0xfffffffe;
	vmx_skip(&fake_v, 4);
	assert_int_equal(fake_vmcs[VMCS_GUEST_RIP], 0x100000002);
}

#define TEST(name) cmocka_unit_test_setup(name, fake_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(injection),          TEST(faults_combine), TEST(readiness),
	    TEST(windows_write_once), TEST(requeue),        TEST(skipping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
