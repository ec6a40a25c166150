/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors of functions: found, counted, cleared; two functions of four have the registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/pci/pci.h"
#include "drivers/pci/regs.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"

#define FUNCTIONS 6
#define AER 0x100
#define COMPLETION_TIMEOUT BIT(14)
#define BAD_PACKET BIT(6)

static struct pci_device functions[FUNCTIONS];
static u32 status[FUNCTIONS][2], masks[FUNCTIONS][2], reads;
static struct timer *armed;

u32 pci_config_read(u16 segment, u16 bdf, u32 offset, unsigned size)
{
	u32 kind = offset >= AER + PCI_AER_CORRECTABLE;

	(void)segment;
	assert_int_equal(size, 4);
	reads++;
	if (offset == AER + PCI_AER_UNCORRECTABLE || offset == AER + PCI_AER_CORRECTABLE)
		return status[bdf][kind];
	if (offset == AER + PCI_AER_UNCORRECTABLE + 4 || offset == AER + PCI_AER_CORRECTABLE + 4)
		return masks[bdf][kind];
	assert_int_equal(offset, AER + PCI_AER_UNCORRECTABLE + 8);
	return 0;
}

void pci_config_write(u16 segment, u16 bdf, u32 offset, unsigned size, u32 value)
{
	(void)segment;
	(void)size;
	assert_true(offset == AER + PCI_AER_UNCORRECTABLE || offset == AER + PCI_AER_CORRECTABLE);
	status[bdf][offset == AER + PCI_AER_CORRECTABLE] &= ~value;
}

struct pci_device *pci_next(const struct pci_device *dev)
{
	size_t next = dev ? (size_t)(dev - functions) + 1 : 0;

	return next < FUNCTIONS ? &functions[next] : NULL;
}

const char *pci_name(const struct pci_device *dev, char buf[PCI_NAME])
{
	(void)dev;
	return strcpy(buf, "function");
}

u64 time_ns_to_ticks(u64 ns)
{
	return ns;
}

void timer_init(struct timer *timer, void (*fn)(struct timer *timer))
{
	timer->fn = fn;
}

void timer_arm(struct timer *timer, u64 deadline)
{
	(void)deadline;
	armed = timer;
}

/* Every function has had its turn. */
static void round_go(void)
{
	for (u32 i = 0; i < FUNCTIONS; i++)
		armed->fn(armed);
}

static int setup(void **state)
{
	(void)state;
	memset(functions, 0, sizeof(functions));
	memset(status, 0, sizeof(status));
	memset(masks, 0, sizeof(masks));
	for (u16 i = 0; i < FUNCTIONS; i++)
		functions[i].bdf = i;
	functions[1].aer = functions[5].aer = AER;
	status[1][0] = ~0u >> 1; /* of firmware's look at the machine */
	pci_errors_start();
	return 0;
}

static void what_firmware_left_is_no_error(void **state)
{
	(void)state;
	assert_int_equal(status[1][0], 0);
	round_go();
	assert_int_equal(functions[1].errors, 0);
}

static void errors_are_counted_once(void **state)
{
	(void)state;
	status[5][0] = COMPLETION_TIMEOUT;
	status[5][1] = BAD_PACKET;
	round_go();
	assert_int_equal(functions[5].errors, 2);
	assert_int_equal(status[5][0] | status[5][1], 0);
	round_go();
	assert_int_equal(functions[5].errors, 2);
	assert_int_equal(functions[1].errors, 0);
}

static void masked_and_unknown_ones_are_cleared_in_silence(void **state)
{
	(void)state;
	masks[1][0] = COMPLETION_TIMEOUT;
	status[1][0] = COMPLETION_TIMEOUT | BIT(31);
	round_go();
	assert_int_equal(functions[1].errors, 0);
	assert_int_equal(status[1][0], 0);
}

static void a_function_that_is_gone_has_none(void **state)
{
	(void)state;
	status[1][0] = status[1][1] = ~0u;
	round_go();
	assert_int_equal(functions[1].errors, 0);
	assert_int_equal(status[1][0], ~0u);
}

static void few_are_looked_at_in_a_turn(void **state)
{
	(void)state;
	for (u32 i = 0; i < FUNCTIONS; i++)
		functions[i].aer = AER;
	reads = 0;
	armed->fn(armed);
	assert_true(reads <= 4 * 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(what_firmware_left_is_no_error, setup),
	    cmocka_unit_test_setup(errors_are_counted_once, setup),
	    cmocka_unit_test_setup(masked_and_unknown_ones_are_cleared_in_silence, setup),
	    cmocka_unit_test_setup(a_function_that_is_gone_has_none, setup),
	    cmocka_unit_test_setup(few_are_looked_at_in_a_turn, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
