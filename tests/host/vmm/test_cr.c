/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes of control registers in PAE paging: which of them load the PDPTEs, and what that refuses
 * (SDM vol. 3, 4.4.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#undef skip /* struct virt_ops has one */

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/cpu/xsave.h"
#include "vmm/exit/exit.h"
#include "vmm/exit/guest_access.h"
#include "vmm/exit/system_insn.h"

const struct virt_ops *virt;
struct virt_caps virt_caps;
static u64 regs[VIRT_REGS], table[4];
static struct vm vm;
static struct vcpu v;
static unsigned faults, skips;

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

static void get_seg(struct virt_vcpu *vv, enum virt_seg_name name, struct virt_seg *seg)
{
	(void)vv;
	(void)name;
	memset(seg, 0, sizeof(*seg));
}

static void skip_insn(struct virt_vcpu *vv, unsigned len)
{
	(void)vv;
	(void)len;
	skips++;
}

static const struct virt_ops ops = {
    .get_reg = get_reg, .set_reg = set_reg, .get_seg = get_seg, .skip = skip_insn};

/* --- what it calls ---------------------------------------------------------------------------- */

const struct cpu_features *cpu_features(void)
{
	static struct cpu_features f = {.phys_bits = 36};

	return &f;
}

int vm_memory_read(const struct vm_memory *m, gpa_t gpa, void *to, u64 len)
{
	(void)m;
	if (gpa.v != 0x2000 || len != sizeof(table))
		return ERR_FAULT;
	memcpy(to, table, sizeof(table));
	return 0;
}

void vcpu_inject_gp(struct vcpu *vcpu)
{
	(void)vcpu;
	faults++;
}

void vlapic_set_tpr(struct vlapic *l, u8 tpr)
{
	(void)l;
	(void)tpr;
}

u8 vlapic_get_tpr(const struct vlapic *l)
{
	(void)l;
	return 0;
}

u64 xsave_guest_xcr0(void)
{
	return 1;
}

bool xsave_xcr0_valid(u64 value, u64 offered)
{
	return value == offered;
}

bool system_insn_decode(struct vcpu *vcpu, struct insn_system *in)
{
	(void)vcpu;
	(void)in;
	return false;
}

void guest_access_init(struct guest_access *a, struct vcpu *vcpu)
{
	a->v = vcpu;
}

u64 guest_access_operand(struct guest_access *a, const struct insn *in)
{
	(void)a;
	(void)in;
	return 0;
}

int guest_access_read(void *ctx, u64 linear, unsigned size, u64 *value)
{
	(void)ctx;
	(void)linear;
	(void)size;
	(void)value;
	return ERR_FAULT;
}

int guest_access_write(void *ctx, u64 linear, unsigned size, u64 value)
{
	(void)ctx;
	(void)linear;
	(void)size;
	(void)value;
	return ERR_FAULT;
}

/* --- tests ------------------------------------------------------------------------------------ */

#define CR0_PAGING (CR0_PE | CR0_ET | CR0_NE | CR0_PG)

static int setup(void **state)
{
	(void)state;
	virt = &ops;
	memset(regs, 0, sizeof(regs));
	memset(&vm, 0, sizeof(vm));
	v = (struct vcpu){.vm = &vm};
	faults = skips = 0;
	regs[VIRT_CR0] = CR0_PAGING;
	regs[VIRT_CR3] = 0x2000;
	regs[VIRT_CR4] = CR4_PAE;
	for (unsigned i = 0; i < 4; i++)
		table[i] = 0x10000 * (i + 1) + 1;
	return 0;
}

/* False: #GP. */
static bool write_cr(u8 nr, u64 value)
{
	struct virt_exit exit = {.kind = VIRT_EXIT_CR, .insn_len = 3};

	faults = skips = 0;
	exit.cr.op = VIRT_CR_WRITE;
	exit.cr.nr = nr;
	exit.cr.value = value;
	assert_int_equal(exit_cr(&v, &exit), VCPU_AGAIN);
	assert_int_equal(faults + skips, 1);
	return skips;
}

static void loaded_when_paging_starts(void **state)
{
	(void)state;
	regs[VIRT_CR0] = CR0_PAGING & ~CR0_PG;
	assert_true(write_cr(0, CR0_PAGING));
	assert_int_equal(regs[VIRT_PDPTE0 + 3], 0x40001);
}

static void reserved_bits_refuse_the_write(void **state)
{
	(void)state;
	table[2] |= 2;
	assert_false(write_cr(0, CR0_PAGING | CR0_CD));
	assert_int_equal(regs[VIRT_CR0], CR0_PAGING);
	assert_false(write_cr(4, CR4_PAE | CR4_PGE));
	assert_int_equal(regs[VIRT_CR4], CR4_PAE);
	assert_int_equal(regs[VIRT_PDPTE0], 0);
	table[2] = BIT(36) | 1;
	assert_false(write_cr(3, 0x2000));
	table[2] &= ~1ull; /* not present */
	assert_true(write_cr(3, 0x2000));
	assert_int_equal(regs[VIRT_PDPTE0], 0x10001);
}

static void outside_of_ram_is_all_ones(void **state)
{
	(void)state;
	assert_false(write_cr(3, 0x5000));
	assert_int_equal(regs[VIRT_CR3], 0x2000);
}

static void other_bits_load_nothing(void **state)
{
	(void)state;
	table[0] |= 2;
	assert_true(write_cr(0, CR0_PAGING | CR0_TS));
	assert_true(write_cr(4, CR4_PAE | CR4_TSD));
	assert_int_equal(regs[VIRT_PDPTE0], 0);
	/* Nor any in long mode. */
	regs[VIRT_EFER] = EFER_LME | EFER_LMA;
	assert_true(write_cr(3, 0x5000));
	assert_int_equal(regs[VIRT_PDPTE0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(loaded_when_paging_starts, setup),
	    cmocka_unit_test_setup(reserved_bits_refuse_the_write, setup),
	    cmocka_unit_test_setup(outside_of_ram_is_all_ones, setup),
	    cmocka_unit_test_setup(other_bits_load_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
