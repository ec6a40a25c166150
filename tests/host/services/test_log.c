/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/services/cm.h"

#include <stdio.h>

#include "kernel/log/log.h"
#include "kernel/log/ring.h"
#include "kernel/time/time.h"
#include "tests/host/services/fake.h"

u64 time_tsc_to_ns(u64 tsc)
{
	return tsc * 1000;
}

u64 time_now_ns(void)
{
	return fake_tsc * 1000;
}

static void ring_wraps_and_keeps_the_newest(void **state)
{
	static struct log_ring ring;
	struct log_line line = {0}, got;
	uint32_t seed = 7;
	u64 cursor = 0;
	unsigned count = 5000, seen = 0, expect = 0;

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		line.tsc = i;
		line.level = i % 4;
		line.len = test_random(&seed) % (KLOG_LINE - 1);
		memset(line.text, 'a' + i % 26, sizeof(line.text));
		log_ring_put(&ring, &line);
		assert_true(ring.head - ring.tail <= LOG_RING_BYTES);
	}
	while (log_ring_get(&ring, &cursor, &got)) {
		if (!seen++)
			expect = got.tsc;
		assert_int_equal(got.tsc, expect);
		assert_int_equal(got.level, expect % 4);
		assert_int_equal(strlen(got.text), got.len);
		for (u32 i = 0; i < got.len; i++)
			assert_int_equal(got.text[i], 'a' + expect % 26);
		expect++;
	}
	assert_int_equal(expect, count);
	assert_true(seen > LOG_RING_BYTES / (KLOG_LINE + 16));
}

static void ring_reader_is_overtaken(void **state)
{
	static struct log_ring ring;
	struct log_line line = {.len = 200}, got;
	u64 cursor = 0;

	(void)state;
	log_ring_put(&ring, &line);
	assert_true(log_ring_get(&ring, &cursor, &got));
	assert_false(log_ring_get(&ring, &cursor, &got));
	for (unsigned i = 1; i <= 2000; i++) {
		line.tsc = i;
		log_ring_put(&ring, &line);
	}
	assert_true(log_ring_get(&ring, &cursor, &got));
	assert_true(got.tsc > 1600 && got.tsc < 2000);
}

static unsigned echoed;
static char echoed_text[KLOG_LINE];

static void echo_line(const struct log_line *line)
{
	echoed++;
	memcpy(echoed_text, line->text, line->len + 1);
}

static void lines_are_kept_and_echoed_by_level(void **state)
{
	static const struct log_echo_ops ops = {.line = echo_line};
	struct log_line line;
	char out[LOG_FORMATTED];
	u64 cursor = 0;

	(void)state;
	log_init();
	log_set_echo(&ops);
	fake_tsc = 1234567;
	log_info("one\ttwo \x1b[31mred %d", 5);
	assert_int_equal(echoed, 1);
	assert_string_equal(echoed_text, "one two ?[31mred 5");
	log_debug("not shown");
	assert_int_equal(echoed, 1);
	log_set_echo_level(KLOG_DEBUG);
	log_err("shown");
	assert_int_equal(echoed, 2);
	assert_true(log_read(&cursor, &line));
	assert_true(log_format(&line, out, sizeof(out)) > 0);
	assert_string_equal(out, "[    1.234567] one two ?[31mred 5");
	assert_true(log_read(&cursor, &line));
	assert_string_equal(line.text, "not shown");
	assert_true(log_read(&cursor, &line));
	log_format(&line, out, sizeof(out));
	assert_string_equal(out, "[    1.234567] error: shown");
	assert_false(log_read(&cursor, &line));
	assert_int_equal(log_format(&line, out, 10), 9);
}

static u64 phase_sum;
static unsigned phases;

static void phase_seen(void *ctx, const char *name, u64 tsc, u64 ticks)
{
	(void)ctx;
	(void)tsc;
	assert_true(strlen(name) < 24);
	phases++;
	phase_sum += ticks;
}

static void phases_add_up(void **state)
{
	(void)state;
	log_phase_at("loader entry", 100);
	log_phase_at("a name that is much longer than there is room", 150);
	fake_tsc = 400;
	log_phase("core");
	for (unsigned i = 0; i < 2 * LOG_PHASES; i++)
		log_phase("more");
	log_phase_for_each(phase_seen, NULL);
	assert_int_equal(phases, LOG_PHASES);
	assert_int_equal(phase_sum, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ring_wraps_and_keeps_the_newest),
	    cmocka_unit_test(ring_reader_is_overtaken),
	    cmocka_unit_test(lines_are_kept_and_echoed_by_level),
	    cmocka_unit_test(phases_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
