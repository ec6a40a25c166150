/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/services/cm.h"

#include "kernel/console/filter.h"

static struct console_filter filter;

/* Feed a string; the last complete line, NUL-terminated, or NULL. */
static const char *feed(const char *text, size_t len)
{
	static char line[CONSOLE_LINE + 1];
	const char *result = NULL;

	for (size_t i = 0; i < len; i++) {
		if (!console_filter_feed(&filter, text[i]))
			continue;
		memcpy(line, filter.line, filter.len);
		line[filter.len] = '\0';
		result = line;
	}
	return result;
}

struct sample {
	const char *in, *out;
};

static void sequences_are_taken_out(void **state)
{
	static const struct sample samples[] = {
	    {"plain\r\n", "plain"},
	    {"\033[1;31mred\033[0m text\n", "red text"},
	    {"\033]0;title\007x\n", "x"},
	    {"\033]0;title\033\\x\n", "x"},
	    {"\033Pq#0\033\\y\n", "y"},
	    {"\033(Bcharset\n", "charset"},
	    {"\033\033[Aup\n", "up"},
	    {"10%\r50%\r100%\n", "100%"},
	    {"abc\b\bX\n", "aX"},
	    {"\b\b\bX\n", "X"},
	    {"tab\there\n", "tab here"},
	    {"\x9b"
	     "31mC1 \xc3\xa4\n",
	     "?31mC1 ??"},
	    {"bell\007\a\n", "bell"},
	    {"\033[unfinished\n", "nfinished"},
	    {"\033]never ended\nnext\n", "next"},
	    {"\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		memset(&filter, 0, sizeof(filter));
		assert_string_equal(feed(samples[i].in, strlen(samples[i].in)), samples[i].out);
	}
}

static void long_lines_are_cut(void **state)
{
	char text[3000];

	(void)state;
	memset(&filter, 0, sizeof(filter));
	memset(text, 'x', sizeof(text));
	text[2999] = '\n';
	assert_int_equal(strlen(feed(text, 3000)), CONSOLE_LINE);
}

static void nothing_but_printable_ascii_comes_out(void **state)
{
	uint32_t seed = 1;

	(void)state;
	memset(&filter, 0, sizeof(filter));
	for (unsigned i = 0; i < 2000000; i++) {
		char c = test_random(&seed) % 3 ? (char)(test_random(&seed) >> 9)
						: "\033[]\r\n\b\\P"[test_random(&seed) % 8];

		if (!console_filter_feed(&filter, c))
			continue;
		for (u32 j = 0; j < filter.len; j++)
			assert_in_range(filter.line[j], ' ', '~');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sequences_are_taken_out),
	    cmocka_unit_test(long_lines_are_cut),
	    cmocka_unit_test(nothing_but_printable_ascii_comes_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
