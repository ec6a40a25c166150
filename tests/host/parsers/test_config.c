/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "kernel/lib/err.h"
#include "tests/tools/heap_host.h"
#include "vmm/vm/config.h"

/* A tree under construction, and what the reader said about it. */
struct fixture {
	char blob[16384];
	char said[4096]; /* "node|property|what|remedy\n" per problem */
	struct config cfg;
	struct config_facts facts;
	struct config_report report;
};

static void note(void *ctx, const struct config_problem *p)
{
	struct fixture *f = ctx;
	size_t at = strlen(f->said);

	snprintf(f->said + at, sizeof(f->said) - at, "%s|%s|%s|%s\n", p->node,
		 p->property ? p->property : "", p->what, p->remedy);
}

static bool file_present(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "absent");
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->report = (struct config_report){note, f};
	f->facts =
	    (struct config_facts){.memory_mib = 1000, .cpus = 80, .file_present = file_present};
	heap_host_fail_after = -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	heap_host_fail_after = -1;
	free(*state);
	return 0;
}

static void tree_begin(struct fixture *f)
{
	assert_int_equal(fdt_create(f->blob, sizeof(f->blob)), 0);
	assert_int_equal(fdt_finish_reservemap(f->blob), 0);
	fdt_begin_node(f->blob, "");
	fdt_property_string(f->blob, "compatible", "hanok,config-v1");
}

static void vm_begin(struct fixture *f, const char *name)
{
	fdt_begin_node(f->blob, name);
	fdt_property_string(f->blob, "compatible", "hanok,vm");
}

/* The three required properties. */
static void vm_begin_full(struct fixture *f, const char *name)
{
	vm_begin(f, name);
	fdt_property_u32(f->blob, "memory-mib", 256);
	fdt_property_string(f->blob, "kernel", "vmlinuz");
}

static int tree_read(struct fixture *f)
{
	fdt_end_node(f->blob);
	assert_int_equal(fdt_finish(f->blob), 0);
	f->said[0] = 0;
	return config_read(&f->cfg, f->blob, sizeof(f->blob), &f->facts, &f->report);
}

static void vms_begin(struct fixture *f)
{
	tree_begin(f);
	fdt_begin_node(f->blob, "vms");
}

static int vms_read(struct fixture *f)
{
	fdt_end_node(f->blob);
	return tree_read(f);
}

static void expect_said(struct fixture *f, const char *text)
{
	if (!strstr(f->said, text))
		fail_msg("not said: %s\nbut: %s", text, f->said);
}

static void reads_all_properties(void **state)
{
	struct fixture *f = *state;
	struct vm_config *vm;

	vms_begin(f);
	vm_begin_full(f, "web-1.x_y");
	fdt_property_u32(f->blob, "cpus", 8);
	fdt_property_string(f->blob, "initrd", "initrd.img");
	fdt_property(f->blob, "modules", "a\0b c", 6);
	fdt_property(f->blob, "module-args", "\0x y", 5);
	fdt_property_string(f->blob, "bootargs", "console=ttyS0");
	fdt_property(f->blob, "autostart", NULL, 0);
	fdt_property_string(f->blob, "on-crash", "reset");
	fdt_property(f->blob, "paravirt-off", "eoi\0unhalt", 11);
	fdt_property_string(f->blob, "pause-exit", "off");
	fdt_property_u32(f->blob, "weight", 300);
	fdt_property_u32(f->blob, "cap-percent", 250);
	fdt_property_u32(f->blob, "reserve-us", 3000);
	fdt_property(f->blob, "pin", "\0\0\0\1\0\0\0\102", 8);
	fdt_end_node(f->blob);
	assert_int_equal(vms_read(f), 0);
	assert_string_equal(f->said, "");
	vm = config_find_vm(&f->cfg, "web-1.x_y");
	assert_non_null(vm);
	assert_int_equal(vm->memory_mib, 256);
	assert_int_equal(vm->cpus, 8);
	assert_string_equal(vm->kernel, "vmlinuz");
	assert_string_equal(vm->initrd, "initrd.img");
	assert_string_equal(vm->bootargs, "console=ttyS0");
	assert_int_equal(vm->module_count, 2);
	assert_string_equal(vm->modules[0].file, "a");
	assert_string_equal(vm->modules[0].args, "");
	assert_string_equal(vm->modules[1].file, "b c");
	assert_string_equal(vm->modules[1].args, "x y");
	assert_true(vm->autostart);
	assert_int_equal(vm->on_crash, CONFIG_CRASH_RESET);
	assert_int_equal(vm->paravirt_off, BIT(CONFIG_PV_EOI) | BIT(CONFIG_PV_UNHALT));
	assert_false(vm->pause_exit);
	assert_int_equal(vm->sched.weight, 300);
	assert_int_equal(vm->sched.cap_percent, 250);
	assert_int_equal(vm->sched.reserve_us, 3000);
	assert_int_equal(vm->sched.period_us, 10000);
	assert_int_equal(vm->sched.pin[0], BIT(1));
	assert_int_equal(vm->sched.pin[1], BIT(2));
	config_free(&f->cfg);
	assert_null(config_find_vm(&f->cfg, "web-1.x_y"));
}

static void defaults_are_modest(void **state)
{
	struct fixture *f = *state;
	struct vm_config *vm;

	vms_begin(f);
	vm_begin_full(f, "a");
	fdt_end_node(f->blob);
	assert_int_equal(vms_read(f), 0);
	vm = config_find_vm(&f->cfg, "a");
	assert_int_equal(vm->cpus, 1);
	assert_null(vm->initrd);
	assert_string_equal(vm->bootargs, "");
	assert_int_equal(vm->module_count, 0);
	assert_false(vm->autostart);
	assert_int_equal(vm->on_crash, CONFIG_CRASH_STOP);
	assert_int_equal(vm->paravirt_off, 0);
	assert_true(vm->pause_exit);
	assert_int_equal(vm->sched.weight, 100);
	assert_int_equal(vm->sched.cap_percent, 0);
	assert_int_equal(vm->sched.reserve_us, 0);
	assert_int_equal(vm->sched.pin[0], 0);
	assert_int_equal(f->cfg.console.kind, CONFIG_CONSOLE_AUTO);
	assert_int_equal(f->cfg.console.level, KLOG_INFO);
	assert_true(f->cfg.console.follow);
	assert_true(f->cfg.processor.posted_interrupts && f->cfg.processor.interrupt_delivery);
	config_free(&f->cfg);
}

static void all_of_paravirt_can_be_hidden(void **state)
{
	struct fixture *f = *state;

	vms_begin(f);
	vm_begin_full(f, "a");
	fdt_property_string(f->blob, "paravirt-off", "all");
	fdt_end_node(f->blob);
	assert_int_equal(vms_read(f), 0);
	assert_int_equal(config_find_vm(&f->cfg, "a")->paravirt_off, BIT(CONFIG_PV_ALL) - 1);
	config_free(&f->cfg);
}

/* One property added to a good VM, and what is said about it. */
static void each_mistake_is_named(void **state)
{
	static const struct {
		const char *name, *value;
		int len;
		const char *said;
	} cases[] = {
	    {"cpus", "\0\0\0\0", 4, "/vms/x|cpus|0 is not possible|give a number from 1 to 8"},
	    {"cpus", "\0\0\0\11", 4, "/vms/x|cpus|9 is not possible|"},
	    {"cpus", "2", 2, "|cpus|is text (\"2\") where one number is wanted|"},
	    {"cpus", "123", 4, "|cpus|is text (\"123\") where one number is wanted|write for"},
	    {"cpus", "\0\0\0\1\0\0\0\2", 8, "|cpus|is 2 numbers where one number"},
	    {"cpus", "", 0, "|cpus|has no value where one number"},
	    {"cpus", "\1\2\3", 3, "|cpus|is 3 bytes where"},
	    {"cpu", "\0\0\0\1", 4, "/vms/x|cpu|is not known here|did you mean `cpus`?"},
	    {"bootarg", "a", 2, "did you mean `bootargs`?"},
	    {"memory", "\0\0\0\1", 4, "did you mean `memory-mib`?"},
	    {"colour", "red", 4, "|colour|is not known here|remove it"},
	    {"initrd", "absent", 7, "/vms/x|initrd|there is no file \"absent\"|put it beside"},
	    {"initrd", "", 1, "|initrd|is empty|name a file"},
	    {"initrd", "a\0b", 4, "|initrd|is text (\"a\", ...) where one text is wanted"},
	    {"initrd", "abc", 3, "|initrd|is 3 bytes where one text"},
	    {"initrd", "a\nb", 4, "|initrd|"},
	    {"modules", "a\0absent", 9, "|modules|there is no file \"absent\""},
	    {"modules", "\0\0\0\1", 4, "|modules|is 1 number where a list of texts"},
	    {"module-args", "a", 2, "|module-args|has 1 texts for 0 modules|give one"},
	    {"autostart", "yes", 4, "|autostart|takes no value, but is text (\"yes\")|write"},
	    {"on-crash", "rest", 5, "|on-crash|\"rest\" is not known|did you mean \"reset\"?"},
	    {"on-crash", "burn", 5, "|on-crash|\"burn\" is not known|choose one of: stop reset"},
	    {"on-crash", "\0\0\0\1", 4, "|on-crash|is 1 number where one text"},
	    {"paravirt-off", "eoi\0unhal", 10, "|paravirt-off|\"unhal\" is not known|did you mean"},
	    {"paravirt-off", "clock", 6,
	     "|choose one of: unhalt steal-time eoi ipi tlb-flush yield all"},
	    {"paravirt-off", "\0\0\0\1", 4, "|paravirt-off|is 1 number where a list of texts"},
	    {"pause-exit", "", 0, "|pause-exit|has no value where one text"},
	    {"weight", "\0\0\0\0", 4, "|weight|0 is not possible|give a number from 1 to 10000"},
	    {"cap-percent", "50%", 4, "|cap-percent|is text (\"50%\") where one number"},
	    {"cap-percent", "\0\0\3\41", 4, "|cap-percent|801 is not possible|"},
	    {"reserve-us", "\0\0\43\51", 4,
	     "|reserve-us|9001 of every 10000 us are more than the 90 % of a processor that can be "
	     "reserved|give at most <9000>, or a longer period-us"},
	    {"period-us", "\0\0\20\0", 4,
	     "|period-us|says how often nothing is reserved|add reserve-us"},
	    {"pin", "", 0, "|pin|has no value where a list of numbers"},
	    {"pin", "\0\0\1\0", 4, "|pin|256 is not possible|give a number from 0 to 255"},
	    {"pin", "\0\0\0\1\0\0\0\140", 8,
	     "|pin|there is no processor 96|give numbers from 0 to 79"},
	};
	struct fixture *f = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		vms_begin(f);
		vm_begin_full(f, "x");
		fdt_property(f->blob, cases[i].name, cases[i].value, cases[i].len);
		fdt_end_node(f->blob);
		vm_begin_full(f, "good");
		fdt_end_node(f->blob);
		assert_int_equal(vms_read(f), 0);
		expect_said(f, cases[i].said);
		assert_int_equal(f->cfg.refused, 1);
		assert_int_equal(f->cfg.problems, 1);
		assert_null(config_find_vm(&f->cfg, "x"));
		assert_non_null(config_find_vm(&f->cfg, "good"));
		config_free(&f->cfg);
	}
}

static void missing_properties_are_named(void **state)
{
	struct fixture *f = *state;

	vms_begin(f);
	fdt_begin_node(f->blob, "x");
	fdt_end_node(f->blob);
	assert_int_equal(vms_read(f), 0);
	expect_said(f, "/vms/x|compatible|is missing|add `compatible = \"hanok,vm\";`");
	expect_said(f, "/vms/x|memory-mib|is missing|add `memory-mib = <512>;`");
	expect_said(f, "/vms/x|kernel|is missing|");
	assert_int_equal(f->cfg.problems, 3);
	assert_int_equal(f->cfg.refused, 1);
	config_free(&f->cfg);
}

static void wrong_compatible_and_missing_kernel(void **state)
{
	struct fixture *f = *state;

	vms_begin(f);
	fdt_begin_node(f->blob, "x");
	fdt_property_string(f->blob, "compatible", "hanok,vmm");
	fdt_property_u32(f->blob, "memory-mib", 1001);
	fdt_property_string(f->blob, "kernel", "absent");
	fdt_end_node(f->blob);
	assert_int_equal(vms_read(f), 0);
	expect_said(f, "/vms/x|compatible|\"hanok,vmm\" is not known|did you mean \"hanok,vm\"?");
	expect_said(f, "/vms/x|memory-mib|1001 MiB are more than the 1000 MiB that there are");
	expect_said(f, "/vms/x|kernel|there is no file \"absent\"|");
	config_free(&f->cfg);
}

static void names_are_checked(void **state)
{
	static const char *const bad[] = {"a@1", "-a", "a b", "\x1b[31m",
					  "a23456789012345678901234567890123"};
	struct fixture *f = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		vms_begin(f);
		vm_begin_full(f, bad[i]);
		fdt_end_node(f->blob);
		assert_int_equal(vms_read(f), 0);
		expect_said(f, "name");
		assert_null(strchr(f->said, 0x1b));
		assert_int_equal(f->cfg.refused, 1);
		config_free(&f->cfg);
	}
}

static void second_of_a_name_is_refused(void **state)
{
	struct fixture *f = *state;

	vms_begin(f);
	vm_begin_full(f, "x");
	fdt_end_node(f->blob);
	vm_begin_full(f, "x");
	fdt_property_u32(f->blob, "memory-mib", 1);
	fdt_end_node(f->blob);
	vm_begin_full(f, "y");
	fdt_property_u32(f->blob, "memory-mib", 1);
	fdt_end_node(f->blob);
	assert_int_equal(vms_read(f), 0);
	expect_said(f, "/vms/x||is there twice|");
	expect_said(f, "/vms/y|memory-mib|is there twice|");
	assert_int_equal(f->cfg.refused, 2);
	assert_int_equal(config_find_vm(&f->cfg, "x")->memory_mib, 256);
	config_free(&f->cfg);
}

static void autostarted_vms_share_memory(void **state)
{
	struct fixture *f = *state;

	f->facts.memory_mib = 600;
	vms_begin(f);
	for (unsigned i = 0; i < 4; i++) {
		vm_begin_full(f, (const char *const[]){"a", "b", "c", "d"}[i]);
		if (i != 3)
			fdt_property(f->blob, "autostart", NULL, 0);
		fdt_end_node(f->blob);
	}
	assert_int_equal(vms_read(f), 0);
	expect_said(f, "/vms/c|memory-mib|256 MiB, but the VMs before it that start by themselves "
		       "leave 88 MiB|");
	assert_int_equal(f->cfg.refused, 1);
	assert_non_null(config_find_vm(&f->cfg, "b"));
	assert_null(config_find_vm(&f->cfg, "c"));
	assert_non_null(config_find_vm(&f->cfg, "d"));
	config_free(&f->cfg);
}

static void processor_is_read(void **state)
{
	struct fixture *f = *state;

	tree_begin(f);
	fdt_begin_node(f->blob, "processor");
	fdt_property_string(f->blob, "compatible", "hanok,processor");
	fdt_property_string(f->blob, "posted-interrupts", "off");
	fdt_end_node(f->blob);
	fdt_begin_node(f->blob, "vms");
	fdt_end_node(f->blob);
	assert_int_equal(tree_read(f), 0);
	assert_string_equal(f->said, "");
	assert_false(f->cfg.processor.posted_interrupts);
	assert_true(f->cfg.processor.interrupt_delivery);
	config_free(&f->cfg);

	tree_begin(f);
	fdt_begin_node(f->blob, "processor");
	fdt_property_string(f->blob, "compatible", "hanok,processor");
	fdt_property_string(f->blob, "interrupt-delivery", "off");
	fdt_end_node(f->blob);
	fdt_begin_node(f->blob, "vms");
	fdt_end_node(f->blob);
	assert_int_equal(tree_read(f), 0);
	assert_true(f->cfg.processor.posted_interrupts);
	assert_false(f->cfg.processor.interrupt_delivery);
	config_free(&f->cfg);
}

static void console_is_read(void **state)
{
	struct fixture *f = *state;
	struct config_console early;

	tree_begin(f);
	fdt_begin_node(f->blob, "console");
	fdt_property_string(f->blob, "compatible", "hanok,console");
	fdt_property_u64(f->blob, "mmio", 0x1fe030000);
	fdt_property_u32(f->blob, "reg-shift", 2);
	fdt_property_u32(f->blob, "baud", 9600);
	fdt_property_string(f->blob, "log-level", "debug");
	fdt_property_string(f->blob, "follow", "off");
	fdt_end_node(f->blob);
	fdt_begin_node(f->blob, "vms");
	fdt_end_node(f->blob);
	assert_int_equal(tree_read(f), 0);
	assert_string_equal(f->said, "");
	assert_int_equal(f->cfg.console.kind, CONFIG_CONSOLE_MMIO);
	assert_int_equal(f->cfg.console.base, 0x1fe030000);
	assert_int_equal(f->cfg.console.reg_shift, 2);
	assert_int_equal(f->cfg.console.baud, 9600);
	assert_int_equal(f->cfg.console.clock_hz, 1843200);
	assert_int_equal(f->cfg.console.level, KLOG_DEBUG);
	assert_false(f->cfg.console.follow);
	heap_host_fail_after = 0;
	config_read_console(&early, f->blob, sizeof(f->blob));
	assert_memory_equal(&early, &f->cfg.console, sizeof(early));
	config_free(&f->cfg);
	config_read_console(&early, NULL, 0);
	assert_int_equal(early.kind, CONFIG_CONSOLE_AUTO);
}

static void console_mistakes(void **state)
{
	struct fixture *f = *state;

	tree_begin(f);
	fdt_begin_node(f->blob, "console");
	fdt_property_string(f->blob, "compatible", "hanok,console");
	fdt_property_u32(f->blob, "port", 0x3f8);
	fdt_property_u32(f->blob, "mmio", 0xfe030000);
	fdt_property_u32(f->blob, "baud", 1);
	fdt_property_u32(f->blob, "bauds", 1);
	fdt_begin_node(f->blob, "deep");
	fdt_end_node(f->blob);
	fdt_end_node(f->blob);
	fdt_begin_node(f->blob, "vm");
	fdt_end_node(f->blob);
	assert_int_equal(tree_read(f), 0);
	expect_said(f, "/console|mmio|there is a port as well");
	expect_said(f, "/console|baud|1 is not possible|give a number from 50 to 4000000");
	expect_said(f, "/console|bauds|is not known here|did you mean `baud`?");
	expect_said(f, "/console/deep||is not known here|");
	expect_said(f, "/vm||is not known here: it is not read|");
	expect_said(f, "/||has no node `vms`|");
	assert_int_equal(f->cfg.problems, 6);
	assert_int_equal(f->cfg.console.base, 0x3f8);
	assert_int_equal(f->cfg.console.baud, 0);
	config_free(&f->cfg);
}

static void foreign_trees_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(config_read(&f->cfg, NULL, 0, NULL, &f->report), ERR_INVAL);
	expect_said(f, "/||there is no configuration|put a hanok.dtb on");
	assert_int_equal(config_read(&f->cfg, "no tree", 7, NULL, &f->report), ERR_INVAL);
	expect_said(f, "/||is no valid device tree blob");
	fdt_create(f->blob, sizeof(f->blob));
	fdt_finish_reservemap(f->blob);
	fdt_begin_node(f->blob, "");
	fdt_property_string(f->blob, "compatible", "hanok,config-v2");
	assert_int_equal(tree_read(f), ERR_INVAL);
	expect_said(f, "/|compatible|\"hanok,config-v2\" is not known|did you mean");
	assert_int_equal(config_read(&f->cfg, f->blob, sizeof(f->blob), NULL, NULL), ERR_INVAL);
	config_free(&f->cfg);
}

static void truncated_and_flipped_blobs_are_survived(void **state)
{
	struct fixture *f = *state;
	size_t len;

	vms_begin(f);
	vm_begin_full(f, "x");
	fdt_property(f->blob, "modules", "a\0b", 4);
	fdt_end_node(f->blob);
	assert_int_equal(vms_read(f), 0);
	config_free(&f->cfg);
	len = fdt_totalsize(f->blob);
	for (size_t cut = 0; cut < len; cut++) {
		char *copy = malloc(cut ? cut : 1);

		memcpy(copy, f->blob, cut);
		f->said[0] = 0;
		assert_int_equal(config_read(&f->cfg, copy, cut, NULL, &f->report), ERR_INVAL);
		config_free(&f->cfg);
		free(copy);
	}
	for (size_t at = 0; at < len; at++) {
		char *copy = malloc(len);

		memcpy(copy, f->blob, len);
		copy[at] ^= 0xff;
		f->said[0] = 0;
		if (config_read(&f->cfg, copy, len, &f->facts, &f->report))
			assert_string_not_equal(f->said, "");
		config_free(&f->cfg);
		free(copy);
	}
}

/* 1.6.1 of libfdt adds the length to an int: one of -12 leads back to the property itself. */
static void lengths_that_wrap_are_refused(void **state)
{
	static const u32 lengths[] = {0xfffffff4, 0xfffffff8, 0xfffffff0, 0x7fffffff, 0x80000000};
	struct fixture *f = *state;
	char *property;

	for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
		vms_begin(f);
		assert_int_equal(vms_read(f), 0);
		config_free(&f->cfg);
		property =
		    f->blob + fdt_off_dt_struct(f->blob) + fdt_first_property_offset(f->blob, 0);
		fdt32_st(property + 4, lengths[i]);
		f->said[0] = 0;
		assert_int_equal(config_read(&f->cfg, f->blob, sizeof(f->blob), NULL, &f->report),
				 ERR_INVAL);
		expect_said(f, "is no valid device tree blob (FDT_ERR_BADSTRUCTURE)");
		config_free(&f->cfg);
	}
}

/* Every allocation fails once; the sanitizer looks for leaks. */
static void no_memory_is_reported(void **state)
{
	struct fixture *f = *state;
	int err = ERR_NOMEM;

	for (long n = 0; err; n++) {
		vms_begin(f);
		vm_begin_full(f, "x");
		fdt_property(f->blob, "modules", "a\0b", 4);
		fdt_property_string(f->blob, "bootargs", "x");
		fdt_end_node(f->blob);
		heap_host_fail_after = n;
		err = vms_read(f);
		assert_true(!err || err == ERR_NOMEM);
		assert_int_equal(!!config_find_vm(&f->cfg, "x"), !err);
		config_free(&f->cfg);
	}
	heap_host_fail_after = -1;
}

/* --- networks ----------------------------------------------------------------------------------
 */

static void switch_add(struct fixture *f, const char *name, const char *mode, u32 phandle,
		       const char *property, const char *value)
{
	fdt_begin_node(f->blob, name);
	fdt_property_string(f->blob, "compatible", "hanok,switch");
	fdt_property_string(f->blob, "mode", mode);
	fdt_property_u32(f->blob, "phandle", phandle);
	if (property)
		fdt_property_string(f->blob, property, value);
	fdt_end_node(f->blob);
}

static void nic_begin(struct fixture *f, const char *name, u32 phandle)
{
	fdt_begin_node(f->blob, name);
	fdt_property_string(f->blob, "compatible", "hanok,nic");
	fdt_property_u32(f->blob, "switch", phandle);
}

/* Switches "lan" (1, NAT), "wire" (2, bridge), "inside" (3, host-only), and the VMs' node.
 */
static void networks_begin(struct fixture *f)
{
	tree_begin(f);
	fdt_begin_node(f->blob, "switches");
	switch_add(f, "lan", "nat", 1, "forward", "tcp:8080:web:80");
	switch_add(f, "wire", "bridge", 2, "uplink", "0000:00:02.0");
	switch_add(f, "inside", "host-only", 3, NULL, NULL);
	fdt_end_node(f->blob);
	fdt_begin_node(f->blob, "vms");
}

static struct config_nic *nic_of(struct fixture *f, const char *vm, u32 number)
{
	struct vm_config *v = config_find_vm(&f->cfg, vm);
	struct list *it;

	assert_non_null(v);
	list_for_each (it, &v->nics)
		if (!number--)
			return list_entry(it, struct config_nic, link);
	fail_msg("no such NIC");
	return NULL;
}

static void reads_networks(void **state)
{
	static const u8 mac[6] = {2, 0, 0, 0, 0, 1};
	struct fixture *f = *state;
	struct config_nic *nic;
	struct config_switch *sw;

	networks_begin(f);
	vm_begin_full(f, "web");
	nic_begin(f, "net0", 1);
	fdt_property(f->blob, "mac", mac, 6);
	fdt_property_string(f->blob, "model", "virtio");
	fdt_property_u32(f->blob, "vlan", 10);
	fdt_property(f->blob, "trunk", "\0\0\0\x14\0\0\0\x1e", 8);
	fdt_property_u32(f->blob, "rate-limit-mbps", 100);
	fdt_property_string(f->blob, "anti-spoofing", "ip");
	fdt_property_string(f->blob, "address", "10.213.0.9");
	fdt_property(f->blob, "isolated", NULL, 0);
	fdt_end_node(f->blob);
	nic_begin(f, "net1", 3);
	fdt_end_node(f->blob);
	fdt_end_node(f->blob);
	assert_int_equal(vms_read(f), 0);
	assert_string_equal(f->said, "");
	sw = config_find_switch(&f->cfg, "lan");
	assert_int_equal(sw->mode, CONFIG_SWITCH_NAT);
	assert_int_equal(sw->subnet, 0x0ad50000);
	assert_int_equal(sw->prefix, 24);
	assert_int_equal(sw->forward_count, 1);
	assert_int_equal(sw->forwards[0].port, 8080);
	assert_string_equal(sw->forwards[0].target, "web");
	assert_string_equal(config_find_switch(&f->cfg, "wire")->uplink, "0000:00:02.0");
	nic = nic_of(f, "web", 0);
	assert_ptr_equal(nic->sw, sw);
	assert_memory_equal(nic->mac, mac, 6);
	assert_int_equal(nic->model, CONFIG_NIC_VIRTIO);
	assert_int_equal(nic->vlan, 10);
	assert_int_equal(nic->trunk_count, 2);
	assert_int_equal(nic->trunk[1], 30);
	assert_int_equal(nic->rate_limit_mbps, 100);
	assert_int_equal(nic->guard, CONFIG_GUARD_IP);
	assert_int_equal(nic->address, 0x0ad50009);
	assert_true(nic->isolated);
	assert_int_equal(nic->mtu, 1500);
	assert_int_equal(nic_of(f, "web", 1)->model, CONFIG_NIC_VIRTIO);
	config_free(&f->cfg);
}

static void pass_begin(struct fixture *f, const char *name, const char *compatible,
		       const char *property, const char *address)
{
	fdt_begin_node(f->blob, name);
	fdt_property_string(f->blob, "compatible", compatible);
	fdt_property_string(f->blob, property, address);
}

static void reads_devices(void **state)
{
	struct fixture *f = *state;
	const struct config_pass *vf, *dev;
	struct vm_config *vm;

	networks_begin(f);
	vm_begin_full(f, "web");
	fdt_property_string(f->blob, "iommu-page", "2m");
	pass_begin(f, "vf0", "hanok,vf", "pf", "0001:02:03.4");
	fdt_property_u32(f->blob, "index", 6);
	fdt_property(f->blob, "mac", "\2\0\0\0\0\1", 6);
	fdt_property_u32(f->blob, "vlan", 10);
	fdt_property_string(f->blob, "anti-spoofing", "off");
	fdt_end_node(f->blob);
	pass_begin(f, "dev0", "hanok,pci", "address", "03:00.0");
	fdt_property(f->blob, "allow-shared-group", NULL, 0);
	fdt_end_node(f->blob);
	fdt_end_node(f->blob);
	assert_int_equal(vms_read(f), 0);
	assert_string_equal(f->said, "");
	vm = config_find_vm(&f->cfg, "web");
	assert_int_equal(vm->iommu_page, CONFIG_IOMMU_2M);
	vf = list_entry(vm->passes.next, struct config_pass, link);
	dev = list_entry(vf->link.next, struct config_pass, link);
	assert_true(vf->vf);
	assert_string_equal(vf->name, "vf0");
	assert_int_equal(vf->segment, 1);
	assert_int_equal(vf->bdf, 0x021c);
	assert_int_equal(vf->index, 6);
	assert_true(vf->mac_given);
	assert_int_equal(vf->vlan, 10);
	assert_false(vf->anti_spoofing);
	assert_false(vf->allow_shared_group);
	assert_false(dev->vf);
	assert_int_equal(dev->bdf, 0x0300);
	assert_true(dev->allow_shared_group);
	config_free(&f->cfg);
}

static void refuses_wrong_devices(void **state)
{
	static const struct {
		const char *compatible, *property, *address, *said;
	} cases[] = {
	    {"hanok,vf", "pf", "0000:01:00.8", "\"0000:01:00.8\" is no address of a PCI function"},
	    {"hanok,vf", "pf", "01:00.0", "index"},
	    {"hanok,vf", "address", "01:00.0", "address"},
	    {"hanok,pci", "address", "", "is no address"},
	    {"hanok,gpu", "address", "01:00.0", "is no device that a VM can have"},
	};
	struct fixture *f = *state;

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		networks_begin(f);
		vm_begin_full(f, "web");
		pass_begin(f, "dev0", cases[i].compatible, cases[i].property, cases[i].address);
		fdt_end_node(f->blob);
		fdt_end_node(f->blob);
		assert_int_equal(vms_read(f), 0);
		assert_non_null(strstr(f->said, cases[i].said));
		assert_null(config_find_vm(&f->cfg, "web"));
		config_free(&f->cfg);
	}
}

/* Derived: the same each time, different for each name and machine, for one station, local.
 */
static void derives_macs(void **state)
{
	struct fixture *f = *state;
	u8 macs[3][6];

	for (u32 round = 0; round < 3; round++) {
		f->facts.machine = round == 2;
		networks_begin(f);
		vm_begin_full(f, "a");
		nic_begin(f, "net0", 1);
		fdt_end_node(f->blob);
		nic_begin(f, "net1", 1);
		fdt_end_node(f->blob);
		fdt_end_node(f->blob);
		assert_int_equal(vms_read(f), 0);
		memcpy(macs[round], nic_of(f, "a", 0)->mac, 6);
		assert_memory_not_equal(macs[round], nic_of(f, "a", 1)->mac, 6);
		assert_int_equal(macs[round][0] & 3, 2);
		config_free(&f->cfg);
	}
	assert_memory_equal(macs[0], macs[1], 6);
	assert_memory_not_equal(macs[0], macs[2], 6);
}

static void refuses_networks(void **state)
{
	static const u8 mac[6] = {2, 0, 0, 0, 0, 1}, group[6] = {1, 0, 0x5e, 0, 0, 1};
	struct fixture *f = *state;

	networks_begin(f);
	for (u32 i = 0; i < 2; i++) { /* the second one has the first one's address */
		vm_begin_full(f, i ? "second" : "first");
		nic_begin(f, "net0", 3);
		fdt_property(f->blob, "mac", mac, 6);
		fdt_end_node(f->blob);
		fdt_end_node(f->blob);
	}
	vm_begin_full(f, "lost");
	nic_begin(f, "net0", 77);
	fdt_property(f->blob, "mac", group, 6);
	fdt_property_u32(f->blob, "vlan", 4095);
	fdt_property_string(f->blob, "anti-spoofing", "ip");
	fdt_end_node(f->blob);
	fdt_begin_node(f->blob, "disk");
	fdt_property_string(f->blob, "compatible", "hanok,disk");
	fdt_end_node(f->blob);
	fdt_end_node(f->blob);
	assert_int_equal(vms_read(f), 0);
	expect_said(f, "/vms/second/net0|mac|is also the address of net0 of VM first|");
	expect_said(f, "/vms/lost/net0|switch|does not lead to a switch|");
	expect_said(f, "/vms/lost/net0|mac|is no address of a single station|");
	expect_said(f, "/vms/lost/net0|vlan|4095 is not possible|give a number from 1 to 4094");
	expect_said(f, "/vms/lost/net0|anti-spoofing|checks IP addresses, but there is no");
	expect_said(f, "/vms/lost/disk|compatible|is no device that a VM can have|");
	assert_int_equal(f->cfg.refused, 2);
	assert_non_null(config_find_vm(&f->cfg, "first"));
	config_free(&f->cfg);
}

static void refuses_switches(void **state)
{
	static const struct {
		const char *mode, *property, *value, *said;
	} cases[] = {
	    {"nat", "subnet", "10.0.0.0", "|subnet|is no IPv4 network"},
	    {"nat", "subnet", "10.0.0.0/8", "|subnet|is no IPv4 network"},
	    {"nat", "subnet", "10.0.2.1/24", "|subnet|is an address within a network"},
	    {"nat", "subnet", "10.0.256.0/24", "|subnet|is no IPv4 network"},
	    {"bridge", "subnet", "10.0.2.0/24", "|subnet|has no meaning in this mode"},
	    {"nat", "forward", "tcp:80:web", "|forward|\"tcp:80:web\" is not understood"},
	    {"nat", "forward", "sctp:80:web:80", "|forward|"},
	    {"nat", "forward", "tcp:0:web:80", "|forward|"},
	    {"nat", "forward", "tcp:80:web:70000", "|forward|"},
	    {"nat", "forward", "tcp:80:web:80:1", "|forward|"},
	    {"bridge", "forward", "tcp:80:web:80", "|forward|has no meaning in this mode"},
	    {"nat", "address", "192.0.2.5", "|address|is no IPv4 address with a prefix"},
	    {"nat", "dns", "one", "|dns|is no IPv4 address"},
	    {"host-only", "uplink", "0000:00:02.0", "|uplink|is not used by a host-only switch"},
	    {"router", NULL, NULL, "|mode|\"router\" is not known"},
	};
	struct fixture *f = *state;

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		tree_begin(f);
		fdt_begin_node(f->blob, "switches");
		switch_add(f, "x", cases[i].mode, 1, cases[i].property, cases[i].value);
		fdt_end_node(f->blob);
		fdt_begin_node(f->blob, "vms");
		vm_begin_full(f, "a");
		nic_begin(f, "net0", 1);
		fdt_end_node(f->blob);
		fdt_end_node(f->blob);
		assert_int_equal(vms_read(f), 0);
		expect_said(f, cases[i].said);
		expect_said(f, "/vms/a/net0|switch|switch x was refused|");
		assert_int_equal(f->cfg.refused, 1);
		config_free(&f->cfg);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(reads_networks),
	    TEST(reads_devices),
	    TEST(refuses_wrong_devices),
	    TEST(derives_macs),
	    TEST(refuses_networks),
	    TEST(refuses_switches),
	    TEST(reads_all_properties),
	    TEST(defaults_are_modest),
	    TEST(all_of_paravirt_can_be_hidden),
	    TEST(each_mistake_is_named),
	    TEST(missing_properties_are_named),
	    TEST(wrong_compatible_and_missing_kernel),
	    TEST(names_are_checked),
	    TEST(second_of_a_name_is_refused),
	    TEST(lengths_that_wrap_are_refused),
	    TEST(autostarted_vms_share_memory),
	    TEST(console_is_read),
	    TEST(processor_is_read),
	    TEST(console_mistakes),
	    TEST(foreign_trees_are_refused),
	    TEST(truncated_and_flipped_blobs_are_survived),
	    TEST(no_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
