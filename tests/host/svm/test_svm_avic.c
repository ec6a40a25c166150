/* SPDX-License-Identifier: BSD-2-Clause */
/* AVIC, step by step: tables, on and off, doorbells, the two exits. */
#include "tests/host/svm/fake_vmcb.h"

#include "arch/x86/cpu/msr.h"
#include "arch/x86/mm/direct.h"

#define APIC_ID 5u
#define HOST_APIC_ID 0x123u
#define VALID BIT(63)
#define RUNNING BIT(62)
#define ICR_MSR 0x830u

static u32 page[PAGE_SIZE / 4] __aligned(PAGE_SIZE);
static u32 doorbell_msr;
static u64 doorbell;
static unsigned doorbells;

void cpu_host_wrmsr(u32 msr, u64 value);
void cpu_host_wrmsr(u32 msr, u64 value)
{
	doorbell_msr = msr;
	doorbell = value;
	doorbells++;
}

/* Bit 0 of the two bits of an MSR: reads exit; bit 1: writes. */
static unsigned intercepted(const u8 *map, u32 msr)
{
	u32 range = msr >= 0xc0010000 ? 2 : msr >= 0xc0000000 ? 1 : 0;
	u32 index = range * 0x2000 + (msr & 0x1fff);

	return map[index / 4] >> index % 4 * 2 & 3;
}

static int setup(void **state)
{
	fake_setup(state);
	fake_processor(fake_cpuid_all());
	memset(page, 0, sizeof(page));
	doorbells = 0;
	assert_int_equal(svm_vm_create(&fake_vm), 0);
	fake_v.vapic_page = page;
	fake_v.apic_id = APIC_ID;
	fake_x.tpr = (u8 *)page + 0x80;
	fake_vmcb.msr_map = virt_to_hpa(fake_vm.msr_bitmap).v;
	this_cpu()->apic_id = HOST_APIC_ID;
	svm_avic_vcpu_create(&fake_v);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	svm_avic_vcpu_destroy(&fake_x);
	svm_vm_destroy(&fake_vm);
	return 0;
}

static struct svm_vm *own(void)
{
	return svm_vm_of(&fake_vm);
}

static u64 entry(void)
{
	return *fake_x.avic_entry;
}

static bool on(void)
{
	bool enabled = fake_vmcb.virq_control & AVIC_ENABLE;

	assert_int_equal(enabled, !!(fake_vmcb.virq_control & AVIC_X2APIC));
	assert_int_equal(enabled, fake_x.avic_on);
	/* With the machine's x2APIC within reach the two must never part. */
	assert_int_equal(intercepted((const u8 *)fake_vmcb.msr_map, ICR_MSR), enabled ? 1 : 3);
	return enabled;
}

static void enter(void)
{
	struct virt_exit exit;

	assert_true(svm_prepare(&fake_v, &exit));
}

static struct virt_exit translate(u64 code, u64 info1, u64 info2)
{
	struct virt_exit exit;

	memset(&exit, 0xff, sizeof(exit));
	fake_vmcb.exit_code = code;
	fake_vmcb.exit_info1 = info1;
	fake_vmcb.exit_info2 = info2;
	svm_exit_translate(&fake_v, &fake_x, &exit);
	return exit;
}

static void nothing_without_the_capability(void **state)
{
	struct virt_vm vm = {0};

	(void)state;
	virt_caps.virq_delivery = false;
	assert_int_equal(svm_vm_create(&vm), 0);
	assert_null(svm_vm_of(&vm)->avic_table);
	fake_v.vm = &vm;
	fake_x.avic_entry = NULL;
	svm_avic_vcpu_create(&fake_v);
	svm_apic_mode(&fake_v, VIRT_APIC_X2APIC);
	assert_false(svm_apic_deliver(&fake_v, VIRT_DELIVER));
	assert_int_equal(svm_apic_post(&fake_v, 0), ERR_UNSUPPORTED);
	assert_false(fake_vmcb.virq_control & AVIC_ENABLE);
	svm_vm_destroy(&vm);
}

/* Known to other vCPUs' hardware from the beginning, reached by no doorbell. */
static void the_vmcb_names_the_tables(void **state)
{
	const u8 *block = (const u8 *)own()->avic_table;

	(void)state;
	assert_int_equal(entry(), VALID | (u64)(uintptr_t)page);
	assert_ptr_equal(fake_x.avic_entry, &own()->avic_table[APIC_ID]);
	assert_int_equal(fake_vmcb.avic_page, (u64)(uintptr_t)page);
	assert_int_equal(fake_vmcb.avic_bar, 0xfee00000);
	svm_apic_mode(&fake_v, VIRT_APIC_X2APIC);
	assert_true(svm_apic_deliver(&fake_v, VIRT_DELIVER));
	assert_int_equal(fake_vmcb.avic_physical, (u64)(uintptr_t)block | APIC_ID);
	assert_int_equal(fake_vmcb.avic_logical, (u64)(uintptr_t)block + PAGE_SIZE);
	assert_false(fake_vmcb.clean & (CLEAN_AVIC | CLEAN_PERMISSIONS));
}

static void x2apic_mode_alone(void **state)
{
	(void)state;
	svm_apic_mode(&fake_v, VIRT_APIC_XAPIC);
	assert_false(svm_apic_deliver(&fake_v, VIRT_DELIVER));
	assert_false(on());
	svm_apic_mode(&fake_v, VIRT_APIC_X2APIC);
	assert_true(svm_apic_deliver(&fake_v, VIRT_DELIVER));
	assert_true(on());
	enter();
	assert_true(entry() & RUNNING);
	/* Off at once: the next entry may come without a look at interrupts. */
	svm_apic_mode(&fake_v, VIRT_APIC_DISABLED);
	assert_false(on());
	assert_false(entry() & RUNNING);
}

/* Of the MSRs exactly those that the processor carries out, whatever else is passed later. */
static void msrs(void **state)
{
	static const u32 reads[] = {0x802, 0x803, 0x808, 0x80a, 0x80d, 0x810,
				    0x817, 0x818, 0x81f, 0x820, 0x827};
	static const u32 writes[] = {0x808, 0x80b, ICR_MSR};
	u8 expected[0x100];

	(void)state;
	memset(expected, 3, sizeof(expected));
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++)
		expected[reads[i] - 0x800] &= 2;
	for (u32 msr = 0x810; msr <= 0x827; msr++)
		expected[msr - 0x800] &= 2;
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++)
		expected[writes[i] - 0x800] &= 1;
	for (u32 i = 0; i < sizeof(expected); i++) {
		assert_int_equal(intercepted(own()->avic_msr_map, 0x800 + i), expected[i]);
		assert_int_equal(intercepted(fake_vm.msr_bitmap, 0x800 + i), 3);
	}
	assert_int_equal(intercepted(own()->avic_msr_map, MSR_IA32_TSC_DEADLINE), 3);
	svm_msr_pass(&fake_vm, MSR_IA32_PRED_CMD, false, true);
	assert_int_equal(intercepted(own()->avic_msr_map, MSR_IA32_PRED_CMD), 1);
	assert_int_equal(intercepted(fake_vm.msr_bitmap, MSR_IA32_PRED_CMD), 1);
	assert_int_equal(intercepted(own()->avic_msr_map, MSR_IA32_LSTAR), 0);
}

static void running_while_it_is_to_be_entered(void **state)
{
	(void)state;
	svm_apic_mode(&fake_v, VIRT_APIC_X2APIC);
	svm_apic_deliver(&fake_v, VIRT_DELIVER);
	assert_false(entry() & RUNNING);
	enter();
	assert_int_equal(entry(), VALID | RUNNING | (u64)(uintptr_t)page | HOST_APIC_ID);
	svm_apic_deliver(&fake_v, VIRT_DELIVER);
	assert_true(entry() & RUNNING);
	/* Before it rests, who sends has to tell; the entry after that needs no word from above. */
	assert_true(svm_apic_deliver(&fake_v, VIRT_DELIVER_TELL));
	assert_false(entry() & RUNNING);
	enter();
	assert_true(entry() & RUNNING);
	svm_avic_unload(&fake_x);
	assert_false(entry() & RUNNING);
	svm_avic_load(&fake_x);
	enter();
	assert_true(entry() & RUNNING);
}

static void host_ids_that_do_not_fit(void **state)
{
	(void)state;
	this_cpu()->apic_id = 0x1000;
	svm_apic_mode(&fake_v, VIRT_APIC_X2APIC);
	assert_true(svm_apic_deliver(&fake_v, VIRT_DELIVER));
	enter();
	assert_int_equal(entry(), VALID | (u64)(uintptr_t)page);
}

static void off_while_a_window_is_open(void **state)
{
	(void)state;
	svm_apic_mode(&fake_v, VIRT_APIC_X2APIC);
	svm_apic_deliver(&fake_v, VIRT_DELIVER);
	enter();
	assert_int_equal(svm_apic_post(&fake_v, 0), ERR_OK);
	assert_false(svm_apic_deliver(&fake_v, VIRT_DELIVER_NOT));
	svm_irq_window(&fake_v, true);
	assert_false(on());
	assert_false(entry() & RUNNING);
	assert_int_equal(svm_apic_post(&fake_v, 0), ERR_UNSUPPORTED);
	assert_int_equal(doorbells, 1);
	assert_true(fake_vmcb.virq_flags & VIRQ_PENDING);
	enter();
	assert_false(entry() & RUNNING);
	svm_irq_window(&fake_v, false);
	assert_true(svm_apic_deliver(&fake_v, VIRT_DELIVER));
	assert_true(on());
	assert_false(fake_vmcb.virq_flags & VIRQ_PENDING);
	enter();
	assert_true(entry() & RUNNING);
}

static void doorbell_is_the_processors_register(void **state)
{
	(void)state;
	svm_apic_mode(&fake_v, VIRT_APIC_X2APIC);
	svm_apic_deliver(&fake_v, VIRT_DELIVER);
	assert_int_equal(svm_apic_post(&fake_v, 0), ERR_OK);
	assert_int_equal(doorbell_msr, 0xc001011b);
	assert_int_equal(doorbell, HOST_APIC_ID);
}

static void priority_is_right_when_it_starts(void **state)
{
	(void)state;
	page[0x80 / 4] = 0x35;
	page[(0x100 + 2 * 16) / 4] = 0x10002; /* 0x41, 0x50 */
	svm_apic_mode(&fake_v, VIRT_APIC_X2APIC);
	svm_apic_deliver(&fake_v, VIRT_DELIVER);
	assert_int_equal(page[0xa0 / 4], 0x50);
	page[(0x100 + 2 * 16) / 4] = 0;
	svm_apic_set_status(&fake_v, 0, 0);
	assert_int_equal(page[0xa0 / 4], 0x35);
}

static void trigger_modes(void **state)
{
	const u64 bitmap[4] = {BIT(33), 0, BIT(63), BIT(0)};

	(void)state;
	page[0x180 / 4] = 0xffffffff;
	svm_apic_eoi_exit(&fake_v, bitmap);
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(page[(0x180 + i * 16) / 4], i == 1   ? 2
							     : i == 5 ? 1u << 31
								      : i == 6);
}

static void eoi_of_a_level(void **state)
{
	struct virt_exit exit;

	(void)state;
	page[(0x100 + 3 * 16) / 4] = 0x42; /* 0x61, 0x66 */
	page[(0x200 + 3 * 16) / 4] = 0x40; /* 0x66 again */
	page[0xa0 / 4] = 0x60;
	exit = translate(SVM_EXIT_NOACCEL, BIT(32) | 0xb0, 0x66);
	assert_int_equal(exit.kind, VIRT_EXIT_EOI);
	assert_int_equal(exit.vector, 0x66);
	assert_int_equal(page[(0x100 + 3 * 16) / 4], 2);
	assert_int_equal(page[(0x200 + 3 * 16) / 4], 0x40);
	assert_int_equal(page[0xa0 / 4], 0x60);
	exit = translate(SVM_EXIT_NOACCEL, BIT(32) | 0xb0, 0x61);
	assert_int_equal(page[0xa0 / 4], 0);
}

/* Anything else was not executed: as if it were intercepted. */
static void other_accesses_are_executed_by_software(void **state)
{
	struct virt_exit exit = translate(SVM_EXIT_NOACCEL, 0x390, 0);

	(void)state;
	assert_int_equal(exit.kind, VIRT_EXIT_MSR_READ);
	assert_int_equal(exit.insn_len, fake_length);
	exit = translate(SVM_EXIT_NOACCEL, BIT(32) | 0x380, 0);
	assert_int_equal(exit.kind, VIRT_EXIT_MSR_WRITE);
	fake_length = 0;
	exit = translate(SVM_EXIT_NOACCEL, BIT(32) | 0x380, 0);
	assert_int_equal(exit.kind, VIRT_EXIT_HANDLED);
}

static void ipis(void **state)
{
	(void)state;
	for (u64 reason = 0; reason < 8; reason++) {
		struct virt_exit exit = translate(SVM_EXIT_IPI, 0x3000000fdull, reason << 32 | 3);

		assert_int_equal(exit.kind, VIRT_EXIT_IPI);
		assert_int_equal(exit.ipi.icr, 0x3000000fdull);
		assert_int_equal(exit.ipi.requested, reason == 1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing_without_the_capability),
	    TEST(the_vmcb_names_the_tables),
	    TEST(x2apic_mode_alone),
	    TEST(msrs),
	    TEST(running_while_it_is_to_be_entered),
	    TEST(host_ids_that_do_not_fit),
	    TEST(off_while_a_window_is_open),
	    TEST(doorbell_is_the_processors_register),
	    TEST(priority_is_right_when_it_starts),
	    TEST(trigger_modes),
	    TEST(eoi_of_a_level),
	    TEST(other_accesses_are_executed_by_software),
	    TEST(ipis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
