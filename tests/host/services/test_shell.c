/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/services/cm.h"

#include <stdio.h>

#include "kernel/console/console.h"
#include "kernel/lib/err.h"
#include "kernel/log/log.h"
#include "kernel/shell/line.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/words.h"
#include "tests/host/services/fake.h"

extern const struct shell_command *const __start_shell_cmds[];
extern const struct shell_command *const __stop_shell_cmds[];

/* --- the line editor --- */

static struct line_history history;

static const char *edited(const char *keys)
{
	static struct line line;

	line_init(&line, &history);
	while (*keys)
		line_feed(&line, *keys++);
	assert_int_equal(strlen(line.text), line.len);
	return line.text;
}

static void keys_edit(void **state)
{
	(void)state;
	assert_string_equal(edited("abc"), "abc");
	assert_string_equal(edited("abc\x7f\bX"), "aX");
	assert_string_equal(edited("bc\x01"
				   "a\x05"
				   "d"),
			    "abcd");
	assert_string_equal(edited("ac\033[Db\033[Cd"), "abcd");
	assert_string_equal(edited("bcd\033[Ha\033[Fe"), "abcde");
	assert_string_equal(edited("bcd\033[1~a\033[4~e"), "abcde");
	assert_string_equal(edited("bcd\033OHa\033OFe"), "abcde");
	assert_string_equal(edited("abc\033[D\033[3~"), "ab");
	assert_string_equal(edited("abc\033[D\x04"), "ab");
	assert_string_equal(edited("abcd\033[D\033[D\x0b"), "ab");
	assert_string_equal(edited("abcd\033[D\033[D\x15"), "cd");
	assert_string_equal(edited("one two  \x17three"), "one three");
	assert_string_equal(edited("a\033[1;5Cb\033[200~c\033xd"), "abcd");
	assert_string_equal(edited("\x80\xff\x02\x06"
				   "a"),
			    "a");
}

static void enter_may_be_cr_or_lf_or_both(void **state)
{
	struct line line;

	(void)state;
	line_init(&line, NULL);
	assert_int_equal(line_feed(&line, '\r'), LINE_DONE);
	assert_int_equal(line_feed(&line, '\n'), LINE_NONE);
	assert_int_equal(line_feed(&line, '\n'), LINE_DONE);
	assert_int_equal(line_feed(&line, '\033'), LINE_NONE);
	assert_int_equal(line_feed(&line, '\r'), LINE_DONE);
	assert_int_equal(line_feed(&line, 'x'), LINE_CHANGED);
}

static void feed_line(struct line *line, const char *text)
{
	while (*text)
		line_feed(line, *text++);
	line_remember(line);
	line_clear(line);
}

static void history_is_walked(void **state)
{
	struct line line;
	char text[16];

	(void)state;
	memset(&history, 0, sizeof(history));
	line_init(&line, &history);
	feed_line(&line, "one");
	feed_line(&line, "two");
	feed_line(&line, "two");
	feed_line(&line, "");
	line_feed(&line, 'x');
	line_feed(&line, 0x10);
	assert_string_equal(line.text, "two");
	line_feed(&line, 0x10);
	line_feed(&line, 0x10);
	assert_string_equal(line.text, "one");
	line_feed(&line, 0x0e);
	line_feed(&line, 0x0e);
	assert_string_equal(line.text, "x");
	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "cmd %u", i);
		line_clear(&line);
		feed_line(&line, text);
	}
	for (unsigned i = 0; i < 100; i++)
		line_feed(&line, 0x10);
	assert_string_equal(line.text, "cmd 68");
}

static void lines_have_an_end(void **state)
{
	struct line line;

	(void)state;
	line_init(&line, NULL);
	for (unsigned i = 0; i < 1000; i++)
		line_feed(&line, 'a');
	assert_int_equal(line.len, SHELL_LINE - 1);
}

/* --- words --- */

static void assert_words(const char *text, int expected, const char *joined)
{
	char copy[SHELL_LINE], got[SHELL_LINE] = "", *argv[SHELL_ARGS + 1];
	int argc;

	strcpy(copy, text);
	argc = words_split(copy, argv, SHELL_ARGS);
	assert_int_equal(argc, expected);
	for (int i = 0; i < argc; i++) {
		strcat(got, argv[i]);
		strcat(got, "|");
	}
	if (argc >= 0) {
		assert_null(argv[argc]);
		assert_string_equal(got, joined);
	}
}

static void lines_are_split(void **state)
{
	(void)state;
	assert_words("", 0, "");
	assert_words("   ", 0, "");
	assert_words("a", 1, "a|");
	assert_words("  vm   start x ", 3, "vm|start|x|");
	assert_words("a 'b c' \"d 'e\" f\\ g", 4, "a|b c|d 'e|f g|");
	assert_words("'' x", 2, "|x|");
	assert_words("a\\\\b '\\'", 2, "a\\b|\\|");
	assert_words("open 'quote", ERR_INVAL, NULL);
	assert_words("a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6", 32,
		     "a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u|v|w|x|y|z|1|2|3|4|5|6|");
	assert_words("a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7", ERR_RANGE,
		     NULL);
}

/* --- the shell --- */

static char seen_args[SHELL_LINE];
static int greet_result;
static bool answered, answer;
static unsigned job_steps;

static int greet(struct shell *sh, int argc, char **argv)
{
	seen_args[0] = '\0';
	for (int i = 1; i < argc; i++) {
		strcat(seen_args, argv[i]);
		strcat(seen_args, "|");
	}
	shell_printf(sh, "hello\n");
	return greet_result;
}

static void greet_complete(struct shell_completion *c, int argc, char **argv)
{
	(void)argv;
	if (argc == 2) {
		shell_complete_add(c, "world");
		shell_complete_add(c, "wonder");
		shell_complete_add(c, "all");
	}
}
SHELL_COMMAND(greet, "[WHO]", "say hello", "help", greet, greet_complete);

static void take_answer(struct shell *sh, bool yes, void *ctx)
{
	(void)sh;
	assert_string_equal(ctx, "ctx");
	answered = true;
	answer = yes;
}

static int ask(struct shell *sh, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	answered = false;
	shell_ask(sh, "Sure?", take_answer, "ctx");
	return 0;
}
SHELL_COMMAND(ask, "", "ask", NULL, ask, NULL);

static bool job(struct shell *sh, void *ctx)
{
	(void)ctx;
	shell_printf(sh, "step\n");
	return ++job_steps < 3;
}

static int start_job(struct shell *sh, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	job_steps = 0;
	shell_set_job(sh, job, NULL);
	return 0;
}
SHELL_COMMAND(job, "", "job", NULL, start_job, NULL);

static void type(const char *text)
{
	fake_terminal_clear();
	while (*text)
		console_input(*text++);
	fake_work_run();
}

static void assert_shown(const char *text)
{
	assert_string_equal(fake_terminal, text);
}

static void commands_run(void **state)
{
	(void)state;
	assert_shown("hanok> ");
	type("greet a 'b c'\r");
	assert_string_equal(seen_args, "a|b c|");
	assert_shown("greet a 'b c'\r\nhello\r\nhanok> ");
	type("\r");
	assert_shown("\r\nhanok> ");
	type("gret\r");
	assert_shown(
	    "gret\r\nunknown command gret; did you mean greet? `help` lists all\r\nhanok> ");
	type("zzzz\r");
	assert_shown("zzzz\r\nunknown command zzzz; `help` lists all\r\nhanok> ");
	type("greet 'a\r");
	assert_shown("greet 'a\r\na quote is not closed\r\nhanok> ");
	greet_result = ERR_INVAL;
	type("greet\r");
	assert_shown("greet\r\nhello\r\nusage: greet [WHO]\r\nhanok> ");
	greet_result = 0;
	type("abc\x03");
	assert_shown("abc\r\nhanok> ");
}

static void tab_completes(void **state)
{
	(void)state;
	type("gr\t");
	assert_shown("gr\r\033[Khanok> greet ");
	type("w\t");
	assert_shown("wo");
	type("\t");
	assert_shown("\r\nworld  wonder\r\nhanok> greet wo");
	type("r\t\r");
	assert_string_equal(seen_args, "world|");
	type("nothing x\t\x15");
	type("\t");
	assert_shown("\r\nask  greet  job\r\nhanok> ");
}

static void questions_are_asked(void **state)
{
	(void)state;
	type("ask\r");
	assert_shown("ask\r\nSure? [y/N] ");
	assert_false(answered);
	type("y\r");
	assert_true(answered && answer);
	assert_shown("y\r\nhanok> ");
	type("ask\r\r");
	assert_true(answered && !answer);
	type("ask\r\x03");
	assert_true(answered && !answer);
	type("ask\rno\r");
	assert_true(answered && !answer);
	/* Answers are not in the history. */
	type("\x10");
	assert_shown("\r\033[Khanok> ask");
	type("\x15");
}

static void jobs_are_stepped(void **state)
{
	(void)state;
	type("job\r");
	assert_shown("job\r\nstep\r\nstep\r\nstep\r\nhanok> ");
	fake_terminal_room = 100;
	type("job\r");
	assert_shown("job\r\n");
	type("ignored\x03");
	assert_shown("^C\r\nhanok> ");
	fake_terminal_room = FAKE_TERMINAL;
}

static int setup(void **state)
{
	(void)state;
	console_init();
	console_add_backend(&fake_terminal_backend, false);
	shell_init(__start_shell_cmds, __stop_shell_cmds);
	shell_start();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keys_edit),         cmocka_unit_test(enter_may_be_cr_or_lf_or_both),
	    cmocka_unit_test(history_is_walked), cmocka_unit_test(lines_have_an_end),
	    cmocka_unit_test(lines_are_split),   cmocka_unit_test(commands_run),
	    cmocka_unit_test(tab_completes),     cmocka_unit_test(questions_are_asked),
	    cmocka_unit_test(jobs_are_stepped),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
