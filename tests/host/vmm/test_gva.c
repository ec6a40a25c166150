/* SPDX-License-Identifier: BSD-2-Clause */
/* The walk of a guest's page tables, in every paging mode, on tables built here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/cpu/cpu.h"
#include "vmm/vcpu/gva.h"

#define RAM_SIZE 0x20000
#define P 1u
#define W 2u
#define U 4u
#define A 0x20u
#define D 0x40u
#define PS 0x80u
#define NX (1ull << 63)

static u8 ram[RAM_SIZE];

void *vm_memory_ptr(const struct vm_memory *m, gpa_t gpa, u64 len)
{
	(void)m;
	return gpa.v < RAM_SIZE && len <= RAM_SIZE - gpa.v ? ram + gpa.v : NULL;
}

static void set64(u64 table, unsigned index, u64 value)
{
	memcpy(ram + table + index * 8, &value, 8);
}

static u64 get64(u64 table, unsigned index)
{
	u64 value;

	memcpy(&value, ram + table + index * 8, 8);
	return value;
}

static const struct gva_state long_mode = {
    .cr0 = CR0_PE | CR0_PG | CR0_WP, .cr3 = 0x1000, .cr4 = CR4_PAE, .efer = EFER_LMA | EFER_NXE};

/* 4-level tables: linear 0x400000 -> 4 KiB page 0x9000; 2 MiB leaf at 0x600000; 1 GiB at 1 GiB. */
static void build_long(u64 leaf_bits)
{
	memset(ram, 0, sizeof(ram));
	set64(0x1000, 0, 0x2000 | P | W | U);
	set64(0x2000, 0, 0x3000 | P | W | U);
	set64(0x2000, 1, 0x40000000 | P | W | PS);
	set64(0x3000, 2, 0x4000 | P | W | U);
	set64(0x3000, 3, 0x12200000ull | P | W | U | PS);
	set64(0x4000, 0, 0x9000 | leaf_bits);
}

static int go(const struct gva_state *s, u64 linear, u32 access, u64 *gpa, u32 *error)
{
	gpa_t out = GPA(0);
	int err = gva_translate(NULL, s, linear, access, &out, error);

	*gpa = out.v;
	return err;
}

static void test_long_mode_leaves(void **state)
{
	u64 gpa;
	u32 error;

	(void)state;
	build_long(P | W | U);
	assert_int_equal(go(&long_mode, 0x400123, 0, &gpa, &error), 0);
	assert_int_equal(gpa, 0x9123);
	assert_int_equal(go(&long_mode, 0x612345, GVA_WRITE, &gpa, &error), 0);
	assert_int_equal(gpa, 0x12212345);
	assert_int_equal(go(&long_mode, 0x40001234, 0, &gpa, &error), 0);
	assert_int_equal(gpa, 0x40001234);
}

static void test_accessed_and_dirty(void **state)
{
	u64 gpa;
	u32 error;

	(void)state;
	build_long(P | W | U);
	assert_int_equal(go(&long_mode, 0x400000, 0, &gpa, &error), 0);
	assert_int_equal(get64(0x4000, 0) & (A | D), A);
	assert_int_equal(get64(0x1000, 0) & (A | D), A);
	assert_int_equal(go(&long_mode, 0x400000, GVA_WRITE, &gpa, &error), 0);
	assert_int_equal(get64(0x4000, 0) & (A | D), A | D);
}

static void test_faults(void **state)
{
	u64 gpa;
	u32 error;

	(void)state;
	build_long(P | NX);
	assert_int_equal(go(&long_mode, 0x401000, GVA_WRITE, &gpa, &error), ERR_FAULT);
	assert_int_equal(error, GVA_WRITE);
	assert_int_equal(go(&long_mode, 0x400000, GVA_WRITE, &gpa, &error), ERR_FAULT);
	assert_int_equal(error, 1 | GVA_WRITE);
	assert_int_equal(go(&long_mode, 0x400000, GVA_USER, &gpa, &error), ERR_FAULT);
	assert_int_equal(error, 1 | GVA_USER);
	assert_int_equal(go(&long_mode, 0x400000, GVA_FETCH, &gpa, &error), ERR_FAULT);
	assert_int_equal(error, 1 | GVA_FETCH);
	assert_int_equal(get64(0x4000, 0) & (A | D), 0);
}

static void test_write_protect(void **state)
{
	struct gva_state s = long_mode;
	u64 gpa;
	u32 error;

	(void)state;
	build_long(P | U);
	s.cr0 &= ~CR0_WP;
	assert_int_equal(go(&s, 0x400000, GVA_WRITE, &gpa, &error), 0);
	assert_int_equal(go(&s, 0x400000, GVA_WRITE | GVA_USER, &gpa, &error), ERR_FAULT);
}

static void test_tables_outside_of_ram(void **state)
{
	struct gva_state s = long_mode;
	u64 gpa;
	u32 error;

	(void)state;
	build_long(P);
	s.cr3 = 0x7000000;
	assert_int_equal(go(&s, 0, 0, &gpa, &error), ERR_RANGE);
	set64(0x1000, 5, 0xfffffffff000 | P);
	assert_int_equal(go(&long_mode, 5ull << 39, 0, &gpa, &error), ERR_RANGE);
}

static void test_pae(void **state)
{
	struct gva_state s = {.cr0 = CR0_PE | CR0_PG, .cr3 = 0x1020, .cr4 = CR4_PAE};
	u64 gpa;
	u32 error;

	(void)state;
	memset(ram, 0, sizeof(ram));
	set64(0x1020, 3, 0x3000 | P);
	set64(0x3000, 0, 0x4000 | P | W | U);
	set64(0x3000, 1, 0x800000 | P | W | U | PS);
	set64(0x4000, 1, 0xa000 | P | W | U);
	assert_int_equal(go(&s, 0xc0001010, GVA_WRITE | GVA_USER, &gpa, &error), 0);
	assert_int_equal(gpa, 0xa010);
	assert_int_equal(go(&s, 0xc0212345, 0, &gpa, &error), 0);
	assert_int_equal(gpa, 0x812345);
	assert_int_equal(get64(0x1020, 3), 0x3000 | P); /* PDPTEs have no accessed bit */
}

static void test_32_bit(void **state)
{
	struct gva_state s = {.cr0 = CR0_PE | CR0_PG, .cr3 = 0x1000, .cr4 = CR4_PSE};
	u32 pde = 0x3000 | P | W, pte = 0xb000 | P | W, big = 0x1c00000 | 1u << 13 | P | W | PS;
	u64 gpa;
	u32 error;

	(void)state;
	memset(ram, 0, sizeof(ram));
	memcpy(ram + 0x1000, &pde, 4);
	memcpy(ram + 0x1004, &big, 4);
	memcpy(ram + 0x3000 + 5 * 4, &pte, 4);
	assert_int_equal(go(&s, 0x5abc, GVA_WRITE, &gpa, &error), 0);
	assert_int_equal(gpa, 0xbabc);
	assert_int_equal(go(&s, 0x412345, 0, &gpa, &error), 0);
	assert_int_equal(gpa, 0x101c12345ull);
}

static void test_no_paging(void **state)
{
	struct gva_state s = {.cr0 = CR0_PE};
	u64 gpa;
	u32 error;

	(void)state;
	assert_int_equal(go(&s, 0x1fee00020, GVA_WRITE, &gpa, &error), 0);
	assert_int_equal(gpa, 0xfee00020);
}

/* SDM vol. 3, table 4-8. */
static void pdptes_have_reserved_bits(void **state)
{
	(void)state;
	assert_true(gva_pdpte_valid(0, 40));
	assert_true(gva_pdpte_valid(~1ull, 40)); /* not present */
	assert_true(gva_pdpte_valid(0xfffffff000 | 0xe19, 40));
	for (unsigned bit = 1; bit < 64; bit++) {
		bool free = bit == 3 || bit == 4 || (bit >= 9 && bit < 36);

		assert_int_equal(gva_pdpte_valid(1 | 1ull << bit, 36), free);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_long_mode_leaves),
	    cmocka_unit_test(test_accessed_and_dirty),
	    cmocka_unit_test(test_faults),
	    cmocka_unit_test(test_write_protect),
	    cmocka_unit_test(test_tables_outside_of_ram),
	    cmocka_unit_test(test_pae),
	    cmocka_unit_test(test_32_bit),
	    cmocka_unit_test(test_no_paging),
	    cmocka_unit_test(pdptes_have_reserved_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
