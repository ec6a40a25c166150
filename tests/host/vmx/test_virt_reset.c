/* SPDX-License-Identifier: BSD-2-Clause */
/* RESET and INIT differ in what they leave alone (SDM vol. 3, table 10-1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#undef skip /* struct virt_ops has one */

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/cpu/xsave.h"
#include "arch/x86/mm/pages.h"
#include "arch/x86/virt_common.h"

static u64 regs[VIRT_REGS];
static struct virt_vcpu v;

static u64 get_reg(struct virt_vcpu *vv, enum virt_reg reg)
{
	(void)vv;
	return regs[reg];
}

static void set_reg(struct virt_vcpu *vv, enum virt_reg reg, u64 value)
{
	(void)vv;
	regs[reg] = value;
}

static void set_seg(struct virt_vcpu *vv, enum virt_seg_name name, const struct virt_seg *seg)
{
	(void)vv;
	if (name == VIRT_CS)
		assert_int_equal(seg->selector, 0xf000);
}

static const struct virt_ops ops = {.get_reg = get_reg, .set_reg = set_reg, .set_seg = set_seg};

/* What the rest of the file needs. */
const struct cpu_features *cpu_features(void)
{
	static struct cpu_features f;

	return &f;
}

const struct cpu_mitigations *cpu_mitigations(void)
{
	static struct cpu_mitigations m;

	return &m;
}

u64 xsave_host_xcr0(void)
{
	return 0;
}

u32 xsave_area_size(void)
{
	return 512;
}

void xsave_save(void *area)
{
	(void)area;
}

void xsave_restore(const void *area)
{
	(void)area;
}

unsigned pages_order(u64 size)
{
	return size > PAGE_SIZE;
}

void *pages_alloc(unsigned order)
{
	(void)order;
	return NULL;
}

void pages_free(void *pages, unsigned order)
{
	(void)pages;
	(void)order;
}

static void reset(bool init)
{
	memset(regs, 0x11, sizeof(regs));
	memset(&v, 0x11, sizeof(v));
	regs[VIRT_CR0] = 0x80050033;
	virt_reset_registers(&v, &ops, init);
}

static void reset_sets_all(void **state)
{
	(void)state;
	reset(false);
	assert_int_equal(regs[VIRT_RIP], 0xfff0);
	assert_int_equal(regs[VIRT_CR0], 0x60000010);
	assert_int_equal(regs[VIRT_XCR0], 1);
	assert_int_equal(regs[VIRT_PAT], 0x0007040600070406);
	assert_int_equal(regs[VIRT_LSTAR] | regs[VIRT_SYSENTER_EIP] | regs[VIRT_TSC_AUX], 0);
	assert_int_equal(v.gpr[VIRT_R15], 0);
}

static void init_keeps_what_it_must(void **state)
{
	static const enum virt_reg kept[] = {
	    VIRT_XCR0,  VIRT_PAT,    VIRT_SYSENTER_CS,    VIRT_SYSENTER_EIP, VIRT_STAR,
	    VIRT_LSTAR, VIRT_SFMASK, VIRT_KERNEL_GS_BASE, VIRT_TSC_AUX,      VIRT_SPEC_CTRL};
	static const enum virt_reg cleared[] = {VIRT_EFER, VIRT_CR2, VIRT_CR3, VIRT_CR4};

	(void)state;
	reset(true);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		assert_int_equal(regs[kept[i]], 0x1111111111111111);
	for (size_t i = 0; i < ARRAY_SIZE(cleared); i++)
		assert_int_equal(regs[cleared[i]], 0);
	assert_int_equal(regs[VIRT_RIP], 0xfff0);
	assert_int_equal(regs[VIRT_RFLAGS], 2);
	assert_int_equal(regs[VIRT_DR7], 0x400);
	assert_int_equal(v.gpr[VIRT_RBX], 0);
	/* CD and NW are as they were. */
	assert_int_equal(regs[VIRT_CR0], 0x10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reset_sets_all),
	    cmocka_unit_test(init_keeps_what_it_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
