/* SPDX-License-Identifier: BSD-2-Clause */
/* No kick is lost whenever it comes, and none is an interrupt that need not be one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/irq/lapic.h"
#include "arch/x86/smp/smp.h"

static struct cpu_features features;
static unsigned halts, waits, ipis;
static void (*at_monitor)(void), (*at_mwait)(void);

const struct cpu_features *cpu_features(void)
{
	return &features;
}

void cpu_idle(void)
{
	halts++;
}

void cpu_monitor(const void *line)
{
	(void)line;
	if (at_monitor)
		at_monitor();
}

void cpu_mwait(void)
{
	waits++;
	if (at_mwait)
		at_mwait();
}

void lapic_ipi(u32 apic_id, u8 vector)
{
	(void)apic_id;
	(void)vector;
	ipis++;
}

/* By another CPU. */
static void kick(void)
{
	this_cpu()->id = 1;
	smp_kick(0);
	this_cpu()->id = 0;
}

static int setup(void **state)
{
	(void)state;
	features = (struct cpu_features){.monitor = true, .mwait_break = true};
	halts = waits = ipis = 0;
	at_monitor = at_mwait = NULL;
	return 0;
}

static void a_sleeper_is_woken_by_a_store(void **state)
{
	(void)state;
	at_mwait = kick;
	smp_idle();
	assert_int_equal(waits, 1);
	assert_int_equal(ipis, 0);
}

static void who_is_awake_gets_an_interrupt(void **state)
{
	(void)state;
	kick();
	assert_int_equal(ipis, 1);
	smp_idle();
	kick();
	assert_int_equal(ipis, 2);
	smp_kick(0); /* oneself */
	assert_int_equal(ipis, 2);
}

/* Between the mark and MWAIT: it must not sleep. */
static void a_kick_on_the_way_to_sleep(void **state)
{
	(void)state;
	at_monitor = kick;
	smp_idle();
	assert_int_equal(waits, 0);
	assert_int_equal(ipis, 0);
}

static void only_the_first_kick_is_for_free(void **state)
{
	(void)state;
	at_monitor = kick;
	at_mwait = NULL;
	smp_idle();
	kick();
	assert_int_equal(ipis, 1);
}

static void without_mwait_it_halts(void **state)
{
	(void)state;
	features.mwait_break = false;
	smp_idle();
	features = (struct cpu_features){.monitor = true, .mwait_break = true, .hypervisor = true};
	smp_idle();
	assert_int_equal(halts, 2);
	assert_int_equal(waits, 0);
	kick();
	assert_int_equal(ipis, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_sleeper_is_woken_by_a_store, setup),
	    cmocka_unit_test_setup(who_is_awake_gets_an_interrupt, setup),
	    cmocka_unit_test_setup(a_kick_on_the_way_to_sleep, setup),
	    cmocka_unit_test_setup(only_the_first_kick_is_for_free, setup),
	    cmocka_unit_test_setup(without_mwait_it_halts, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
