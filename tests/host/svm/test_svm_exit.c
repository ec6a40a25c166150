/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/svm/fake_vmcb.h"

#include "arch/x86/cpu/cpu.h"

static struct virt_exit translate(u64 code)
{
	struct virt_exit exit;

	memset(&exit, 0xee, sizeof(exit));
	fake_vmcb.exit_code = code;
	svm_exit_translate(&fake_v, &fake_x, &exit);
	return exit;
}

static void kinds(void **state)
{
	static const struct {
		u64 code;
		enum virt_exit_kind kind;
	} cases[] = {
	    {SVM_EXIT_CPUID, VIRT_EXIT_CPUID},
	    {SVM_EXIT_HLT, VIRT_EXIT_HLT},
	    {SVM_EXIT_VMMCALL, VIRT_EXIT_HYPERCALL},
	    {SVM_EXIT_VMRUN, VIRT_EXIT_UNDEFINED},
	    {SVM_EXIT_SKINIT, VIRT_EXIT_UNDEFINED},
	    {SVM_EXIT_INVLPGA, VIRT_EXIT_UNDEFINED},
	    {SVM_EXIT_RDPRU, VIRT_EXIT_UNDEFINED},
	    {SVM_EXIT_SHUTDOWN, VIRT_EXIT_TRIPLE_FAULT},
	    {SVM_EXIT_MWAIT, VIRT_EXIT_MWAIT},
	    {SVM_EXIT_MONITOR, VIRT_EXIT_MWAIT},
	    {SVM_EXIT_INVD, VIRT_EXIT_CACHE},
	    {SVM_EXIT_WBINVD, VIRT_EXIT_CACHE},
	    {SVM_EXIT_NMI, VIRT_EXIT_HANDLED},
	    {SVM_EXIT_EXCEPTION + 18, VIRT_EXIT_MACHINE_CHECK},
	    {SVM_EXIT_XSETBV, VIRT_EXIT_XSETBV},
	    {SVM_EXIT_TASK_SWITCH, VIRT_EXIT_TASK_SWITCH},
	    {SVM_EXIT_INIT, VIRT_EXIT_UNKNOWN},
	    {0x3ff, VIRT_EXIT_UNKNOWN},
	    {SVM_EXIT_IPI, VIRT_EXIT_IPI},
	    {0x403, VIRT_EXIT_UNKNOWN},
	    {SVM_EXIT_INVALID, VIRT_EXIT_ENTRY_FAILED},
	    {0xffffffff, VIRT_EXIT_ENTRY_FAILED},
	    {SVM_EXIT_BUSY, VIRT_EXIT_ENTRY_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(translate(cases[i].code).kind, cases[i].kind);
	for (u64 code = 0; code < 0x410; code++)
		assert_non_null(svm_exit_name(code));
	assert_int_equal(translate(SVM_EXIT_INTR).vector, 0);
}

static void msrs(void **state)
{
	(void)state;
	fake_vmcb.exit_info1 = 0;
	assert_int_equal(translate(SVM_EXIT_MSR).kind, VIRT_EXIT_MSR_READ);
	fake_vmcb.exit_info1 = 1;
	assert_int_equal(translate(SVM_EXIT_MSR).kind, VIRT_EXIT_MSR_WRITE);
}

/* Told by the processor, or asked for; unknown, the exit is over. */
static void lengths(void **state)
{
	(void)state;
	fake_length = 3;
	assert_int_equal(translate(SVM_EXIT_CPUID).insn_len, 3);
	fake_length = 0;
	assert_int_equal(translate(SVM_EXIT_CPUID).kind, VIRT_EXIT_HANDLED);
	fake_processor(fake_cpuid_all());
	fake_vmcb.rip = 0xfffffffffffffffe;
	fake_vmcb.next_rip = 2;
	assert_int_equal(translate(SVM_EXIT_CPUID).insn_len, 4);
}

static void ports(void **state)
{
	struct virt_exit e;

	(void)state;
	fake_vmcb.rip = 0x1000;
	fake_vmcb.exit_info2 = 0x1002;
	fake_vmcb.exit_info1 = 0x3f8u << 16 | BIT(4) | BIT(0);
	e = translate(SVM_EXIT_IO);
	assert_int_equal(e.kind, VIRT_EXIT_IO);
	assert_int_equal(e.insn_len, 2);
	assert_int_equal(e.io.port, 0x3f8);
	assert_int_equal(e.io.size, 1);
	assert_true(e.io.in && !e.io.string);
	/* rep outsd with 32-bit addresses from GS. */
	fake_vmcb.exit_info1 = 0xcf8u << 16 | 5u << 10 | BIT(8) | BIT(6) | BIT(3) | BIT(2);
	e = translate(SVM_EXIT_IO);
	assert_int_equal(e.io.size, 4);
	assert_true(!e.io.in && e.io.string && e.io.rep);
	assert_int_equal(e.io.addr_size, 0); /* without decode assists: to be decoded */
	fake_processor(fake_cpuid_all());
	e = translate(SVM_EXIT_IO);
	assert_int_equal(e.io.addr_size, 4);
	assert_int_equal(e.io.seg, VIRT_GS);
}

static void nested_faults(void **state)
{
	struct virt_exit e;

	(void)state;
	fake_vmcb.exit_info2 = 0xfec00010;
	fake_vmcb.exit_info1 = BIT(32) | BIT(2) | BIT(1);
	e = translate(SVM_EXIT_NPF);
	assert_int_equal(e.kind, VIRT_EXIT_MEMORY);
	assert_int_equal(e.memory.gpa.v, 0xfec00010);
	assert_true(e.memory.write && !e.memory.exec && !e.memory.page_walk);
	fake_vmcb.exit_info1 = BIT(33) | BIT(4);
	e = translate(SVM_EXIT_NPF);
	assert_true(!e.memory.write && e.memory.exec && e.memory.page_walk);
}

static void control_registers(void **state)
{
	struct virt_exit e;

	(void)state;
	fake_v.gpr[VIRT_RBX] = 0x180000031;
	fake_vmcb.exit_info1 = BIT(63) | VIRT_RBX;
	assert_int_equal(translate(SVM_EXIT_CR_WRITE + 4).cr.op, VIRT_CR_DECODE);
	fake_processor(fake_cpuid_all());
	fake_vmcb.next_rip = 3;
	e = translate(SVM_EXIT_CR_WRITE + 4);
	assert_int_equal(e.kind, VIRT_EXIT_CR);
	assert_int_equal(e.cr.op, VIRT_CR_WRITE);
	assert_int_equal(e.cr.nr, 4);
	assert_int_equal(e.cr.value, 0x80000031); /* no 64-bit code */
	assert_int_equal(e.insn_len, 3);
	fake_vmcb.efer = EFER_LMA;
	fake_vmcb.cs.attrib = VIRT_SEG_L;
	assert_int_equal(translate(SVM_EXIT_CR0_CHANGE).cr.value, 0x180000031);
	assert_int_equal(translate(SVM_EXIT_CR0_CHANGE).cr.nr, 0);
	assert_int_equal(translate(SVM_EXIT_CR_READ).cr.op, VIRT_CR_READ);
	fake_vmcb.exit_info1 = BIT(63) | VIRT_RSP;
	fake_vmcb.rsp = 0x1234;
	assert_int_equal(translate(SVM_EXIT_CR0_CHANGE).cr.value, 0x1234);
	/* CLTS, LMSW, SMSW */
	fake_vmcb.exit_info1 = 0;
	assert_int_equal(translate(SVM_EXIT_CR0_CHANGE).cr.op, VIRT_CR_DECODE);
}

static void exceptions_come_back(void **state)
{
	(void)state;
	fake_vmcb.cr0 = CR0_PE;
	fake_vmcb.dr7 = BIT(13) | 0x400;
	assert_int_equal(translate(SVM_EXIT_EXCEPTION + 1).kind, VIRT_EXIT_HANDLED);
	assert_int_equal(fake_vmcb.event_inj, EVENT_VALID | 3u << 8 | 1);
	assert_int_equal(fake_vmcb.dr7, 0x400);
	fake_vmcb.event_inj = 0;
	assert_int_equal(translate(SVM_EXIT_EXCEPTION + 17).kind, VIRT_EXIT_HANDLED);
	assert_int_equal(fake_vmcb.event_inj, EVENT_VALID | EVENT_ERROR_VALID | 3u << 8 | 17);
	fake_vmcb.event_inj = 0;
	assert_int_equal(translate(SVM_EXIT_ICEBP).kind, VIRT_EXIT_HANDLED);
	assert_int_equal(fake_vmcb.event_inj, EVENT_VALID | 3u << 8 | 1);
	assert_int_equal(fake_vmcb.rip, 2);
	fake_vmcb.event_inj = 0;
	assert_int_equal(translate(SVM_EXIT_RDPMC).kind, VIRT_EXIT_HANDLED);
	assert_int_equal(EVENT_VECTOR(fake_vmcb.event_inj), 13);
}

static void xsetbv_is_privileged(void **state)
{
	(void)state;
	fake_vmcb.cpl = 3;
	assert_int_equal(translate(SVM_EXIT_XSETBV).kind, VIRT_EXIT_HANDLED);
	assert_int_equal(EVENT_VECTOR(fake_vmcb.event_inj), 13);
}

static void fast_exits(void **state)
{
	(void)state;
	fake_vmcb.exit_code = SVM_EXIT_CPUID;
	fake_vmcb.rip = 0x100;
	assert_true(svm_exit_fast(&fake_v, &fake_x));
	assert_int_equal(fake_vmcb.rip, 0x102);
	assert_int_equal(fake_x.todo, 0);
	/* There is something to attend to, which can be done here or cannot. */
	fake_v.attention = 1;
	assert_true(svm_exit_fast(&fake_v, &fake_x));
	assert_int_equal(fake_x.todo, 0);
	fake_attended = false;
	assert_true(svm_exit_fast(&fake_v, &fake_x));
	assert_int_equal(fake_x.todo, TODO_RETURN);
	fake_x.todo = 0;
	fake_fast_does = false;
	assert_false(svm_exit_fast(&fake_v, &fake_x));
	assert_int_equal(fake_vmcb.rip, 0x106);
	/* An instruction that cannot be read is not performed. */
	fake_fast_calls = fake_length = 0;
	assert_true(svm_exit_fast(&fake_v, &fake_x));
	assert_int_equal(fake_fast_calls, 0);
	assert_int_equal(fake_x.todo, TODO_RETURN);
	/* The interrupt window, and not that of the task priority. */
	fake_x.todo = 0;
	fake_fast_does = fake_attended = true;
	fake_vmcb.exit_code = SVM_EXIT_VINTR;
	assert_false(svm_exit_fast(&fake_v, &fake_x));
	fake_x.irq_window = true;
	assert_true(svm_exit_fast(&fake_v, &fake_x));
	fake_vmcb.exit_code = SVM_EXIT_NPF;
	assert_false(svm_exit_fast(&fake_v, &fake_x));
}

static void every_exit_is_tidied(void **state)
{
	(void)state;
	fake_processor(fake_cpuid_all());
	fake_vmcb.exit_code = SVM_EXIT_INTR;
	fake_vmcb.event_inj = EVENT_VALID | 0x30;
	fake_vmcb.tlb_control = TLB_FLUSH_ALL;
	fake_vmcb.tpr = 5;
	*fake_x.tpr = 0x31;
	assert_false(svm_exit_fast(&fake_v, &fake_x));
	assert_int_equal(fake_vmcb.event_inj, 0);
	assert_int_equal(fake_vmcb.tlb_control, TLB_KEEP);
	assert_int_equal(fake_vmcb.clean, CLEAN_ALL | CLEAN_AVIC);
	assert_int_equal(*fake_x.tpr, 0x50);
	/* The part below the class stays while the class does. */
	*fake_x.tpr = 0x57;
	assert_false(svm_exit_fast(&fake_v, &fake_x));
	assert_int_equal(*fake_x.tpr, 0x57);
}

#define TEST(name) cmocka_unit_test_setup(name, fake_setup)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(kinds),
	    TEST(msrs),
	    TEST(lengths),
	    TEST(ports),
	    TEST(nested_faults),
	    TEST(control_registers),
	    TEST(exceptions_come_back),
	    TEST(xsetbv_is_privileged),
	    TEST(fast_exits),
	    TEST(every_exit_is_tidied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
