/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/services/cm.h"

#include "kernel/console/console.h"
#include "kernel/lib/err.h"
#include "kernel/log/log.h"
#include "tests/host/services/fake.h"

static char typed_to_shell[64], typed_to_guest[64];
static unsigned detaches;

static void append(char *text, char c)
{
	size_t len = strlen(text);

	text[len] = c;
	text[len + 1] = '\0';
}

static void shell_takes(char c)
{
	append(typed_to_shell, c);
}

static void shell_detached(void)
{
	detaches++;
}

static void guest_takes(struct console_stream *stream, char c)
{
	assert_string_equal(stream->name, "vm1");
	append(typed_to_guest, c);
}

static void type(const char *text)
{
	while (*text)
		console_input(*text++);
	fake_work_run();
}

static void guest_says(struct console_stream *stream, const char *text)
{
	console_stream_output(stream, text, strlen(text));
}

static void assert_shown(const char *text)
{
	assert_string_equal(fake_terminal, text);
	fake_terminal_clear();
}

static struct console_stream vm1 = {.name = "vm1", .input = guest_takes};

static int setup(void **state)
{
	static const struct console_reader reader = {shell_takes, shell_detached};

	(void)state;
	log_init();
	log_info("early");
	console_init();
	console_add_backend(&fake_terminal_backend, true);
	console_set_reader(&reader);
	return console_stream_register(&vm1);
}

static void earlier_lines_are_replayed(void **state)
{
	(void)state;
	assert_shown("[    0.000000] early\r\n");
}

static void output_goes_above_the_edit_line(void **state)
{
	(void)state;
	console_edit_show("> ", "", 0, 0);
	assert_shown("> ");
	console_edit_show("> ", "a", 1, 1);
	console_edit_show("> ", "ab", 2, 2);
	assert_shown("ab");
	console_edit_show("> ", "ab", 2, 0);
	assert_shown("\r\033[K> ab\033[2D");
	console_edit_show("> ", "ab", 2, 2);
	fake_terminal_clear();
	console_printf("line %d\n", 1);
	assert_shown("\r\033[Kline 1\r\n> ab");
	console_printf("part");
	console_printf("ial\n");
	assert_shown("\r\033[Kpartial\r\n> ab");
	log_debug("not shown");
	assert_shown("");
	console_edit_hide(true);
	assert_shown("\r\n");
	console_printf("output\n");
	assert_shown("output\r\n");
}

static void guest_lines_have_a_prefix(void **state)
{
	(void)state;
	guest_says(&vm1, "login");
	assert_shown("");
	guest_says(&vm1, ": \033[31mroot\033[0m\r\nlast\n");
	assert_shown("[vm1] login: root\r\n[vm1] last\r\n");
	console_edit_show("> ", "", 0, 0);
	fake_terminal_clear();
	guest_says(&vm1, "one\ntwo\nthree");
	assert_shown("\r\033[K[vm1] one\r\n[vm1] two\r\n> ");
	console_follow(false);
	guest_says(&vm1, "\nunseen\n");
	assert_shown("");
	console_follow(true);
	console_edit_hide(false);
	fake_terminal_clear();
}

static void a_slow_line_drops_guest_lines(void **state)
{
	(void)state;
	fake_terminal_room = 100;
	guest_says(&vm1, "a\nb\n");
	assert_shown("");
	fake_terminal_room = FAKE_TERMINAL;
	guest_says(&vm1, "c\n");
	assert_shown("[vm1] (2 lines not shown)\r\n[vm1] c\r\n");
}

static void attached_is_raw(void **state)
{
	(void)state;
	guest_says(&vm1, "$ ");
	type("x");
	assert_string_equal(typed_to_shell, "x");
	assert_int_equal(console_attach(&vm1), 0);
	assert_ptr_equal(console_attached(), &vm1);
	assert_true(strstr(fake_terminal, "c\n$ ") != NULL);
	fake_terminal_clear();
	assert_int_equal(console_attach(&vm1), ERR_BUSY);
	guest_says(&vm1, "\033[2Jraw\xff");
	assert_shown("\033[2Jraw\xff");
	console_printf("of the shell\n");
	log_info("of the log");
	assert_shown("");
	log_err("urgent");
	assert_shown("\r\n[    0.000000] error: urgent\r\n");
	fake_terminal_room = 2;
	assert_int_equal(console_stream_output(&vm1, "0123456789", 10), 2);
	assert_shown("01");
	fake_terminal_room = 0;
	assert_int_equal(console_stream_output(&vm1, "23456789", 8), 0);
	fake_terminal_room = FAKE_TERMINAL;
	type("ls\r\x1dq");
	assert_string_equal(typed_to_guest, "ls\r");
	assert_null(console_attached());
	assert_int_equal(detaches, 1);
	assert_string_equal(typed_to_shell, "xq");
	assert_true(strstr(fake_terminal, "\r\n[detached from vm1]\r\n") != NULL);
	fake_terminal_clear();
}

static void the_end_of_a_stream_detaches(void **state)
{
	char big[40000];

	(void)state;
	memset(big, 'x', sizeof(big));
	console_stream_output(&vm1, big, sizeof(big));
	console_stream_output(&vm1, "\nend", 4);
	fake_terminal_clear();
	assert_int_equal(console_attach(&vm1), 0);
	assert_shown("end");
	console_stream_unregister(&vm1);
	fake_work_run();
	assert_null(console_attached());
	assert_int_equal(detaches, 2);
	guest_says(&vm1, "late");
}

static char panic_text[64];

static void panic_write(struct console_backend *backend, const char *text, size_t len)
{
	(void)backend;
	strncat(panic_text, text, len);
}

static void panic_goes_straight(void **state)
{
	(void)state;
	fake_terminal_backend.write_panic = panic_write;
	console_panic("*** a\nb", 7);
	assert_string_equal(panic_text, "\033[0m\r\n*** a\r\nb");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(earlier_lines_are_replayed),
	    cmocka_unit_test(output_goes_above_the_edit_line),
	    cmocka_unit_test(guest_lines_have_a_prefix),
	    cmocka_unit_test(a_slow_line_drops_guest_lines),
	    cmocka_unit_test(attached_is_raw),
	    cmocka_unit_test(the_end_of_a_stream_detaches),
	    cmocka_unit_test(panic_goes_straight),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
