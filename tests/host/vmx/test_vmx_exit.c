/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/vmx/fake_vmcs.h"

#include <string.h>

#include "arch/x86/cpu/cpu.h"

static struct virt_exit ex;

/* False: the back end has done all that was to do. */
static bool translate(u32 reason, u64 qualification)
{
	memset(&ex, 0xa5, sizeof(ex));
	fake_vmcs[VMCS_EXIT_REASON] = reason;
	fake_vmcs[VMCS_EXIT_QUALIFICATION] = qualification;
	vmx_exit_translate(&fake_v, &fake_x, &ex);
	return ex.kind != VIRT_EXIT_HANDLED;
}

static void simple_exits(void **state)
{
	static const struct {
		u32 reason;
		enum virt_exit_kind kind;
		bool len;
	} simple[] = {
	    {2, VIRT_EXIT_TRIPLE_FAULT, false}, {7, VIRT_EXIT_IRQ_WINDOW, false},
	    {8, VIRT_EXIT_NMI_WINDOW, false},   {10, VIRT_EXIT_CPUID, true},
	    {12, VIRT_EXIT_HLT, true},          {13, VIRT_EXIT_CACHE, true},
	    {18, VIRT_EXIT_HYPERCALL, true},    {20, VIRT_EXIT_UNDEFINED, true},
	    {31, VIRT_EXIT_MSR_READ, true},     {32, VIRT_EXIT_MSR_WRITE, true},
	    {36, VIRT_EXIT_MWAIT, true},        {40, VIRT_EXIT_PAUSE, true},
	    {43, VIRT_EXIT_TPR, false},         {52, VIRT_EXIT_DEADLINE, false},
	    {54, VIRT_EXIT_CACHE, true},        {55, VIRT_EXIT_XSETBV, true},
	};

	(void)state;
	fake_vmcs[VMCS_EXIT_INSN_LEN] = 3;
	for (size_t i = 0; i < ARRAY_SIZE(simple); i++) {
		assert_true(translate(simple[i].reason, 0));
		assert_int_equal(ex.kind, simple[i].kind);
		assert_int_equal(ex.insn_len, simple[i].len ? 3 : 0);
	}
}

static void every_reason_has_a_name_and_a_kind(void **state)
{
	(void)state;
	for (u32 reason = 0; reason < 90; reason++) {
		assert_non_null(vmx_exit_name(reason));
		if (translate(reason, 0))
			assert_in_range(ex.kind, 0, VIRT_EXIT_KINDS - 1);
	}
	assert_string_equal(vmx_exit_name(65535), "unknown");
	assert_true(translate(200, 7));
	assert_int_equal(ex.kind, VIRT_EXIT_UNKNOWN);
	assert_int_equal(ex.raw.reason, 200);
	assert_int_equal(ex.raw.detail, 7);
}

static void io(void **state)
{
	(void)state;
	/* OUT DX, AL with DX = 0x3f8 */
	assert_true(translate(30, 0x3f8ull << 16));
	assert_int_equal(ex.kind, VIRT_EXIT_IO);
	assert_int_equal(ex.io.port, 0x3f8);
	assert_int_equal(ex.io.size, 1);
	assert_false(ex.io.in || ex.io.string);
	/* IN EAX, imm */
	assert_true(translate(30, 0xcf8ull << 16 | BIT(6) | BIT(3) | 3));
	assert_int_equal(ex.io.size, 4);
	assert_true(ex.io.in);
	/* REP OUTSW, 32-bit addresses, from GS */
	fake_vmcs[VMCS_EXIT_INSN_INFO] = 1 << 7 | 5 << 15;
	assert_true(translate(30, 0x1f0ull << 16 | BIT(4) | BIT(5) | 1));
	assert_true(ex.io.string && ex.io.rep && !ex.io.in);
	assert_int_equal(ex.io.size, 2);
	assert_int_equal(ex.io.addr_size, 4);
	assert_int_equal(ex.io.seg, VIRT_GS);
	/* INSB, 64-bit addresses: always to ES */
	fake_vmcs[VMCS_EXIT_INSN_INFO] = 2 << 7 | 3 << 15;
	assert_true(translate(30, BIT(4) | BIT(3)));
	assert_int_equal(ex.io.addr_size, 8);
	assert_int_equal(ex.io.seg, VIRT_ES);
}

static void memory(void **state)
{
	(void)state;
	fake_vmcs[VMCS_GUEST_PHYSICAL_ADDRESS] = 0xfec00010;
	fake_vmcs[VMCS_GUEST_LINEAR_ADDRESS] = 0xffffffffff5fb010;
	assert_true(translate(48, BIT(1) | BIT(7) | BIT(8)));
	assert_int_equal(ex.kind, VIRT_EXIT_MEMORY);
	assert_int_equal(ex.insn_len, 0);
	assert_int_equal(ex.memory.gpa.v, 0xfec00010);
	assert_true(ex.memory.write);
	assert_false(ex.memory.exec || ex.memory.page_walk);
	assert_true(translate(48, BIT(0) | BIT(7)));
	assert_true(ex.memory.page_walk);
	assert_true(translate(48, BIT(2)));
	assert_true(ex.memory.exec && !ex.memory.page_walk);
}

static void control_registers(void **state)
{
	(void)state;
	fake_vmcs[VMCS_SEG(VMCS_GUEST_ES_RIGHTS, VIRT_CS)] = 0xa09b;
	fake_vmcs[VMCS_ENTRY_CONTROLS] = ENTRY_IA32E;
	fake_v.gpr[VIRT_R9] = 0x1234567890;
	assert_true(translate(28, 4 | 9 << 8));
	assert_int_equal(ex.kind, VIRT_EXIT_CR);
	assert_int_equal(ex.cr.nr, 4);
	assert_int_equal(ex.cr.op, VIRT_CR_WRITE);
	assert_int_equal(ex.cr.value, 0x1234567890);
	/* From RSP, which is in the VMCS. */
	fake_vmcs[VMCS_GUEST_RSP] = 0x77;
	assert_true(translate(28, 0 | 4 << 8));
	assert_int_equal(ex.cr.value, 0x77);
	/* Outside of 64-bit code only the low halves count. */
	fake_vmcs[VMCS_ENTRY_CONTROLS] = 0;
	assert_true(translate(28, 4 | 9 << 8));
	assert_int_equal(ex.cr.value, 0x34567890);
	assert_true(translate(28, 8 | 1 << 4 | 3 << 8));
	assert_int_equal(ex.cr.op, VIRT_CR_READ);
	assert_int_equal(ex.cr.nr, 8);
	assert_int_equal(ex.cr.gpr, VIRT_RBX);
	/* CLTS and LMSW are writes of CR0. */
	vmx_cr0_set(&fake_x, CR0_PE | CR0_TS | CR0_ET | CR0_NE);
	assert_true(translate(28, 2 << 4));
	assert_int_equal(ex.cr.nr, 0);
	assert_int_equal(ex.cr.value, CR0_PE | CR0_ET | CR0_NE);
	assert_true(translate(28, 3 << 4 | 0x2ull << 16));
	assert_int_equal(ex.cr.value, CR0_PE | CR0_MP | CR0_ET | CR0_NE);
}

static void apic(void **state)
{
	(void)state;
	assert_true(translate(44, 0x0b0 | 1 << 12));
	assert_int_equal(ex.kind, VIRT_EXIT_APIC_ACCESS);
	assert_int_equal(ex.apic.offset, 0xb0);
	assert_true(ex.apic.write);
	assert_true(translate(44, 0x390));
	assert_false(ex.apic.write);
	assert_true(translate(44, 0x40 | 2 << 12));
	assert_int_equal(ex.kind, VIRT_EXIT_MEMORY);
	assert_true(ex.memory.exec);
	assert_int_equal(ex.memory.gpa.v, 0xfee00040);
	assert_true(translate(56, 0x300));
	assert_int_equal(ex.kind, VIRT_EXIT_APIC_WRITE);
	assert_int_equal(ex.apic.offset, 0x300);
	assert_true(translate(45, 0x31));
	assert_int_equal(ex.kind, VIRT_EXIT_EOI);
	assert_int_equal(ex.vector, 0x31);
}

static void interrupts_and_exceptions(void **state)
{
	(void)state;
	fake_vmcs[VMCS_EXIT_INTR_INFO] = INTR_VALID | 0xfd;
	assert_true(translate(1, 0));
	assert_int_equal(ex.kind, VIRT_EXIT_INTERRUPT);
	assert_int_equal(ex.vector, 0xfd);
	fake_vmcs[VMCS_EXIT_INTR_INFO] = INTR_VALID | INTR_NMI << 8 | 2;
	assert_true(translate(0, 0));
	assert_int_equal(ex.kind, VIRT_EXIT_NMI);
	fake_vmcs[VMCS_EXIT_INTR_INFO] = INTR_VALID | INTR_EXCEPTION << 8 | 18;
	assert_true(translate(0, 0));
	assert_int_equal(ex.kind, VIRT_EXIT_MACHINE_CHECK);
	fake_vmcs[VMCS_EXIT_INTR_INFO] = INTR_VALID | INTR_EXCEPTION << 8 | INTR_ERROR_VALID | 14;
	fake_vmcs[VMCS_EXIT_INTR_ERROR] = 6;
	assert_true(translate(0, 0x8000));
	assert_int_equal(ex.kind, VIRT_EXIT_EXCEPTION);
	assert_int_equal(ex.exception.vector, 14);
	assert_true(ex.exception.has_error);
	assert_int_equal(ex.exception.error, 6);
	assert_int_equal(ex.exception.address, 0x8000);
}

/* The first MOV DR brings the debug registers, and is executed again. */
static void debug_registers_come_when_used(void **state)
{
	(void)state;
	fake_x.debug_live = false;
	assert_false(translate(29, 0));
	assert_int_equal(ex.insn_len, 0);
	assert_true(fake_x.debug_live);
}

/* #DB and #AC go back to the guest without the core being asked. */
static void debug_and_alignment_checks_are_reflected(void **state)
{
	u32 db = (u32)INTR_VALID | INTR_EXCEPTION << 8 | 1;
	u32 ac = (u32)(INTR_VALID | INTR_ERROR_VALID) | INTR_EXCEPTION << 8 | 17;

	(void)state;
	fake_vmcs[VMCS_GUEST_DR7] = 0x2400;
	fake_vmcs[VMCS_EXIT_INTR_INFO] = db;
	fake_x.dr6 = 0xffff0ff1;
	assert_false(translate(0, 0x4000));
	assert_int_equal(fake_x.dr6, 0xffff4ff0);
	assert_int_equal(fake_x.event.info, db);
	assert_int_equal(fake_vmcs[VMCS_GUEST_DR7], 0x400);
	assert_int_equal(fake_vmcs[VMCS_GUEST_PENDING_DEBUG], 0);
	/* Single-stepping behind STI. */
	fake_vmcs[VMCS_GUEST_RFLAGS] = RFLAGS_TF;
	fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY] = INTERRUPTIBILITY_STI;
	assert_false(translate(0, 0x4000));
	assert_int_equal(fake_vmcs[VMCS_GUEST_PENDING_DEBUG], PENDING_DEBUG_BS);
	fake_vmcs[VMCS_EXIT_INTR_INFO] = ac;
	fake_vmcs[VMCS_EXIT_INTR_ERROR] = 0;
	assert_false(translate(0, 0));
	assert_int_equal(fake_x.event.info, ac);
	assert_int_equal(fake_x.todo & TODO_EVENT, TODO_EVENT);
	/* INT1 keeps its type and length. */
	fake_vmcs[VMCS_EXIT_INTR_INFO] = INTR_VALID | INTR_PRIV_SOFT_EXCEPTION << 8 | 1;
	fake_vmcs[VMCS_EXIT_INSN_LEN] = 1;
	assert_false(translate(0, 0));
	assert_int_equal(INTR_TYPE(fake_x.event.info), INTR_PRIV_SOFT_EXCEPTION);
	assert_int_equal(fake_x.event.insn_len, 1);
}

/* What was being delivered when #AC or #DB came: an interrupt and an NMI wait, all else is
 * executed again by itself. */
static void interrupts_displaced_by_exceptions_are_told(void **state)
{
	u32 ac = (u32)(INTR_VALID | INTR_ERROR_VALID) | INTR_EXCEPTION << 8 | 17;

	(void)state;
	fake_vmcs[VMCS_EXIT_INTR_INFO] = ac;
	fake_vmcs[VMCS_IDT_VECTORING_INFO] = INTR_VALID | INTR_EXTERNAL << 8 | 0x41;
	assert_true(translate(0, 0));
	assert_int_equal(ex.kind, VIRT_EXIT_DISPLACED);
	assert_int_equal(ex.displaced.vector, 0x41);
	assert_false(ex.displaced.nmi);
	assert_int_equal(fake_x.event.info, ac);
	fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY] = INTERRUPTIBILITY_NMI;
	fake_vmcs[VMCS_IDT_VECTORING_INFO] = INTR_VALID | INTR_NMI << 8 | 2;
	assert_true(translate(0, 0));
	assert_int_equal(ex.kind, VIRT_EXIT_DISPLACED);
	assert_true(ex.displaced.nmi);
	assert_int_equal(fake_vmcs[VMCS_GUEST_INTERRUPTIBILITY], 0);
	fake_vmcs[VMCS_IDT_VECTORING_INFO] = INTR_VALID | INTR_SOFT_INT << 8 | 0x80;
	assert_false(translate(0, 0));
	fake_vmcs[VMCS_IDT_VECTORING_INFO] = INTR_VALID | INTR_EXCEPTION << 8 | 17;
	assert_false(translate(0, 0));
	assert_int_equal(fake_x.event.info, ac);
}

static void rdpmc_is_a_protection_fault(void **state)
{
	(void)state;
	fake_vmcs[VMCS_GUEST_CR0] = CR0_PE;
	assert_false(translate(15, 0));
	assert_int_equal(fake_x.event.info,
			 (u32)(INTR_VALID | INTR_ERROR_VALID) | INTR_EXCEPTION << 8 | 13);
}

static void failed_entries(void **state)
{
	(void)state;
	assert_true(translate(0x80000021, 3));
	assert_int_equal(ex.kind, VIRT_EXIT_ENTRY_FAILED);
	assert_int_equal(ex.raw.reason, 33);
	assert_int_equal(ex.raw.detail, 3);
	fake_vmcs[VMCS_INSN_ERROR] = 7;
	vmx_entry_refused(&fake_v, &fake_x, &ex);
	assert_int_equal(ex.raw.reason, ~0ull);
	assert_int_equal(ex.raw.detail, 7);
	fake_vmcs[VMCS_INSN_ERROR] = 1000;
	vmx_entry_refused(&fake_v, &fake_x, &ex);
}

#define TEST(name) cmocka_unit_test_setup(name, fake_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(simple_exits),
	    TEST(every_reason_has_a_name_and_a_kind),
	    TEST(io),
	    TEST(memory),
	    TEST(control_registers),
	    TEST(apic),
	    TEST(interrupts_and_exceptions),
	    TEST(debug_registers_come_when_used),
	    TEST(debug_and_alignment_checks_are_reflected),
	    TEST(interrupts_displaced_by_exceptions_are_told),
	    TEST(rdpmc_is_a_protection_fault),
	    TEST(failed_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
