/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/err.h"

static char seen[KLOG_LINE + 1];
static size_t seen_len;
static int lines;
static u64 clock_ns = 2000000000ull;

static void sink_line(enum klog_level level, const char *text, size_t len)
{
	(void)level;
	assert_true(len < sizeof(seen));
	memcpy(seen, text, len);
	seen[len] = 0;
	seen_len = len;
	lines++;
}

static u64 sink_now(void)
{
	return clock_ns;
}

static const struct klog_sink sink = {.line = sink_line, .now_ns = sink_now};

static int setup(void **state)
{
	(void)state;
	lines = 0;
	klog_set_sink(&sink);
	return 0;
}

static void test_formats(void **state)
{
	(void)state;
	log_info("vm %s has %d CPUs", "alpha", 2);
	assert_string_equal(seen, "vm alpha has 2 CPUs");
	assert_int_equal(seen_len, 19);
}

static void test_cuts_long_line(void **state)
{
	(void)state;
	log_info("%0600d", 1);
	assert_int_equal(seen_len, KLOG_LINE - 1);
}

static void test_no_sink(void **state)
{
	(void)state;
	klog_set_sink(NULL);
	log_err("dropped");
	assert_int_equal(lines, 0);
}

static void test_rate_limit(void **state)
{
	struct klog_limit limit = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		klog_limited(&limit, KLOG_WARN, "again");
	assert_int_equal(lines, KLOG_BURST);
	clock_ns += 1000000000ull;
	klog_limited(&limit, KLOG_WARN, "again");
	/* The count of the suppressed ones, and the new one. */
	assert_int_equal(lines, KLOG_BURST + 2);
}

static int fails(void)
{
	return trace_err(ERR_NOMEM, "no memory for %s", "it");
}

static void test_trace_err(void **state)
{
	(void)state;
	assert_int_equal(fails(), ERR_NOMEM);
	assert_string_equal(seen, "no memory for it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_formats, setup),
	    cmocka_unit_test_setup(test_cuts_long_line, setup),
	    cmocka_unit_test_setup(test_no_sink, setup),
	    cmocka_unit_test_setup(test_rate_limit, setup),
	    cmocka_unit_test_setup(test_trace_err, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
