/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "boot/efi/names.h"

#define SIZE 4096

static void vm(void *fdt, const char *name, const char *compatible)
{
	assert_int_equal(fdt_begin_node(fdt, name), 0);
	assert_int_equal(fdt_property_string(fdt, "compatible", compatible), 0);
}

static void *tree(void)
{
	void *fdt = malloc(SIZE);

	assert_int_equal(fdt_create(fdt, SIZE), 0);
	assert_int_equal(fdt_finish_reservemap(fdt), 0);
	fdt_begin_node(fdt, "");
	fdt_begin_node(fdt, "vms");
	vm(fdt, "a", "hanok,vm");
	fdt_property_string(fdt, "kernel", "vmlinuz");
	fdt_property(fdt, "modules", "m1\0\0vmlinuz\0m2", 15);
	fdt_end_node(fdt);
	vm(fdt, "b", "other,vm");
	fdt_property_string(fdt, "kernel", "not-this");
	fdt_end_node(fdt);
	vm(fdt, "c", "hanok,vm");
	fdt_property(fdt, "kernel", "open", 4);
	fdt_property(fdt, "modules", NULL, 0);
	fdt_property_string(fdt, "initrd", "initrd.img");
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	assert_int_equal(fdt_finish(fdt), 0);
	return fdt;
}

static void collects_each_once(void **state)
{
	static const char *const want[] = {"vmlinuz", "m1", "m2", "initrd.img"};
	const char *names[8];
	struct name_list list = {.name = names, .capacity = ARRAY_SIZE(names)};
	void *fdt = tree();

	(void)state;
	assert_int_equal(names_count(fdt), 5);
	assert_int_equal(names_collect(fdt, &list), ERR_OK);
	assert_int_equal(list.count, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_string_equal(list.name[i], want[i]);
	list.capacity = 2;
	assert_int_equal(names_collect(fdt, &list), ERR_NOMEM);
	free(fdt);
}

static void checks_the_tree(void **state)
{
	void *fdt = tree();
	u64 total = fdt_totalsize(fdt);
	const char *why = NULL;
	u64 used;

	(void)state;
	assert_int_equal(config_check(fdt, SIZE, &used, &why), ERR_OK);
	assert_int_equal(used, total);
	for (u64 n = 0; n < total; n++) {
		void *part = malloc(n ? n : 1);

		memcpy(part, fdt, n);
		assert_int_equal(config_check(part, n, &used, &why), ERR_INVAL);
		assert_non_null(why);
		free(part);
	}
	free(fdt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(collects_each_once),
	    cmocka_unit_test(checks_the_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
