/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/vmx/fake_vmcs.h"

#include <string.h>

#include "arch/x86/cpu/cpu.h"

static void rights(void **state)
{
	(void)state;
	assert_int_equal(vmx_rights_from_attr(0xa9b), 0xa09b); /* 64-bit code */
	assert_int_equal(vmx_rights_from_attr(0xc93), 0xc093); /* flat data */
	assert_int_equal(vmx_rights_from_attr(0x08b), 0x008b);
	assert_int_equal(vmx_rights_from_attr(0), RIGHTS_UNUSABLE);
	assert_int_equal(vmx_attr_from_rights(0xa09b), 0xa9b);
	assert_int_equal(vmx_attr_from_rights(0x1c093), 0xc13); /* unusable: not present */
	for (u32 attr = 0; attr < 0x1000; attr++)
		assert_int_equal(vmx_attr_from_rights(vmx_rights_from_attr((u16)attr)), attr);
}

static void segments(void **state)
{
	struct virt_seg seg = {.base = 0x12340, .limit = 0xffff, .selector = 0x1234, .attr = 0x93};
	struct virt_seg out;

	(void)state;
	vmx_set_seg(&fake_v, VIRT_FS, &seg);
	assert_int_equal(fake_vmcs[0x808], 0x1234);
	assert_int_equal(fake_vmcs[0x680e], 0x12340);
	assert_int_equal(fake_vmcs[0x4808], 0xffff);
	assert_int_equal(fake_vmcs[0x481c], 0x93);
	vmx_get_seg(&fake_v, VIRT_FS, &out);
	assert_memory_equal(&out, &seg, sizeof(seg));
	seg.limit = 0x12345;
	vmx_set_seg(&fake_v, VIRT_IDTR, &seg);
	assert_int_equal(fake_vmcs[0x6818], 0x12340);
	assert_int_equal(fake_vmcs[0x4812], 0x2345); /* more than 16 bits would be refused */
	vmx_get_seg(&fake_v, VIRT_IDTR, &out);
	assert_int_equal(out.base, 0x12340);
}

/* The same RIP in two code segments is not the same code. */
static void code(void **state)
{
	struct virt_seg cs = {.base = 0x10000, .limit = 0xffff, .selector = 0x1000, .attr = 0x9b};
	struct virt_code one, two;

	(void)state;
	vmwrite(VMCS_GUEST_RIP, 0x1234);
	vmx_set_seg(&fake_v, VIRT_CS, &cs);
	vmx_get_code(&fake_v, &one);
	assert_int_equal(one.rip, 0x11234);
	cs.base = 0x20000;
	vmx_set_seg(&fake_v, VIRT_CS, &cs);
	vmx_get_code(&fake_v, &two);
	assert_int_equal(two.rip, 0x21234);
	/* In 64-bit code there is no base. */
	cs.attr |= VIRT_SEG_L;
	vmwrite(VMCS_ENTRY_CONTROLS, ENTRY_IA32E);
	vmx_set_seg(&fake_v, VIRT_CS, &cs);
	vmx_get_code(&fake_v, &two);
	assert_int_equal(two.rip, 0x1234);
	assert_true(two.mode != one.mode);
}

static void cr0(void **state)
{
	(void)state;
	vmx_cr_masks_write();
	vmx_cr0_set(&fake_x, CR0_CD | CR0_NW | CR0_ET);
	/* NE is forced and hidden, caching stays on. */
	assert_int_equal(fake_vmcs[VMCS_GUEST_CR0], CR0_NE | CR0_ET);
	assert_int_equal(vmx_cr0_get(), CR0_CD | CR0_NW | CR0_ET);
	/* The guest changes a bit of its own without an exit. */
	fake_vmcs[VMCS_GUEST_CR0] |= CR0_PE;
	assert_int_equal(vmx_cr0_get(), CR0_CD | CR0_NW | CR0_ET | CR0_PE);
	assert_int_equal(fake_vmcs[VMCS_CR0_MASK] & (CR0_PE | CR0_PG | CR0_TS | CR0_WP), 0);
	assert_int_equal(fake_vmcs[VMCS_CR0_MASK] & (CR0_CD | CR0_NW | CR0_NE),
			 CR0_CD | CR0_NW | CR0_NE);
}

static void cr4(void **state)
{
	(void)state;
	vmx_cr_masks_write();
	vmx_cr4_set(&fake_x, CR4_PAE);
	assert_int_equal(fake_vmcs[VMCS_GUEST_CR4], CR4_PAE | CR4_VMXE);
	assert_int_equal(vmx_cr4_get(), CR4_PAE);
	vmx_cr4_set(&fake_x, CR4_SMXE | CR4_SMEP);
	assert_int_equal(fake_vmcs[VMCS_GUEST_CR4], CR4_VMXE | CR4_SMEP);
	assert_int_equal(vmx_cr4_get(), CR4_SMXE | CR4_SMEP);
	/* Not owned: what CPUID may hide. */
	assert_int_equal(~fake_vmcs[VMCS_CR4_MASK] & (CR4_SMEP | CR4_VMXE | CR4_OSXSAVE | CR4_MCE),
			 0);
	assert_int_equal(fake_vmcs[VMCS_CR4_MASK] & (CR4_PGE | CR4_PAE | CR4_TSD), 0);
}

static void expect_long_mode(bool on)
{
	assert_int_equal(fake_vmcs[VMCS_GUEST_EFER], EFER_LME | (on ? EFER_LMA : 0));
	assert_int_equal(fake_vmcs[VMCS_ENTRY_CONTROLS], on ? ENTRY_IA32E : 0);
}

/* LMA and the entry control follow in whatever order the two registers are set. */
static void long_mode(void **state)
{
	(void)state;
	vmx_efer_set(&fake_x, EFER_LME | EFER_LMA);
	expect_long_mode(false);
	vmx_cr0_set(&fake_x, CR0_PE | CR0_PG);
	expect_long_mode(true);
	vmx_cr0_set(&fake_x, CR0_PE);
	expect_long_mode(false);
	fake_setup(NULL);
	vmx_cr0_set(&fake_x, CR0_PE | CR0_PG);
	assert_int_equal(fake_vmcs[VMCS_ENTRY_CONTROLS], 0);
	vmx_efer_set(&fake_x, EFER_LME);
	expect_long_mode(true);
}

#define TEST(name) cmocka_unit_test_setup(name, fake_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(rights), TEST(segments), TEST(code), TEST(cr0), TEST(cr4), TEST(long_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
