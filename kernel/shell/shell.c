/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/shell/shell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/console/console.h"
#include "kernel/lib/closest.h"
#include "kernel/lib/err.h"
#include "kernel/sched/work.h"
#include "kernel/shell/complete.h"
#include "kernel/shell/line.h"
#include "kernel/shell/words.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"

#define SHELL_PRINTF 1024
#define SHELL_JOB_ROOM 4096 /* a job's step is called while the terminal takes that much */
#define SHELL_JOB_WAIT_MS 20
#define CTRL_C 0x03

struct shell {
	struct line line;
	struct line_history history;
	struct shell_completion completion;
	/* shell_ask(): the question is the prompt, the answer does not go to the history. */
	char question[SHELL_LINE];
	void (*answer)(struct shell *sh, bool yes, void *ctx);
	void *answer_ctx;
	/* shell_set_job() */
	bool (*job)(struct shell *sh, void *ctx);
	void *job_ctx;
	u32 job_period_ms; /* shell_set_live(): not 0 */
	struct work job_work;
	struct timer job_timer;
	bool started;
};

static struct shell shell;
static const struct shell_command *const *commands_begin, *const *commands_end;

/* --- registry ------------------------------------------------------------------- */

const struct shell_command *shell_find(const char *name)
{
	for (const struct shell_command *const *c = commands_begin; c != commands_end; c++) {
		if (!strcmp((*c)->name, name))
			return *c;
	}
	return NULL;
}

/* How many commands come before this one in the alphabet. */
static unsigned command_rank(const struct shell_command *command)
{
	unsigned rank = 0;

	for (const struct shell_command *const *c = commands_begin; c != commands_end; c++)
		rank += strcmp((*c)->name, command->name) < 0;
	return rank;
}

const struct shell_command *shell_command_at(unsigned i)
{
	for (const struct shell_command *const *c = commands_begin; c != commands_end; c++) {
		if (command_rank(*c) == i)
			return *c;
	}
	return NULL;
}

static const char *command_name(const void *ctx, unsigned i)
{
	(void)ctx;
	return commands_begin + i < commands_end ? commands_begin[i]->name : NULL;
}

/* --- execution ------------------------------------------------------------------ */

void shell_printf(struct shell *sh, const char *fmt, ...)
{
	char text[SHELL_PRINTF];
	va_list ap;
	int len;

	(void)sh;
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len > 0)
		console_write(text, MIN((size_t)len, sizeof(text) - 1));
}

static int unknown_command(struct shell *sh, const char *name)
{
	int near = string_closest(name, command_name, NULL);

	if (near >= 0)
		shell_printf(sh, "unknown command %s; did you mean %s? `help` lists all\n", name,
			     commands_begin[near]->name);
	else
		shell_printf(sh, "unknown command %s; `help` lists all\n", name);
	return ERR_NOENT;
}

int shell_execute(const char *text)
{
	char copy[SHELL_LINE], *argv[SHELL_ARGS + 1];
	const struct shell_command *command;
	size_t len = MIN(strlen(text), sizeof(copy) - 1);
	int argc, err;

	memcpy(copy, text, len);
	copy[len] = '\0';
	argc = words_split(copy, argv, SHELL_ARGS);
	if (argc < 0) {
		shell_printf(&shell,
			     argc == ERR_RANGE ? "too many words\n" : "a quote is not closed\n");
		return argc;
	}
	if (!argc)
		return ERR_OK;
	command = shell_find(argv[0]);
	if (!command)
		return unknown_command(&shell, argv[0]);
	err = command->fn(&shell, argc, argv);
	if (err == ERR_INVAL)
		shell_printf(&shell, "usage: %s %s\n", command->name, command->usage);
	return err;
}

/* --- the keyboard --------------------------------------------------------------- */

static void show_line(struct shell *sh)
{
	console_edit_show(sh->answer ? sh->question : SHELL_PROMPT, sh->line.text, sh->line.len,
			  sh->line.cursor);
}

/* Ready for the next line, unless something else has the screen. */
static void prompt(struct shell *sh)
{
	line_clear(&sh->line);
	if (!sh->job && !console_attached())
		show_line(sh);
}

void shell_ask(struct shell *sh, const char *question,
	       void (*answer)(struct shell *sh, bool yes, void *ctx), void *ctx)
{
	snprintf(sh->question, sizeof(sh->question), "%.*s [y/N] ", SHELL_LINE - 8, question);
	sh->answer = answer;
	sh->answer_ctx = ctx;
}

static void take_answer(struct shell *sh, bool yes)
{
	void (*answer)(struct shell * sh, bool yes, void *ctx) = sh->answer;

	sh->answer = NULL;
	answer(sh, yes, sh->answer_ctx);
}

static bool is_yes(const char *text)
{
	return !strcmp(text, "y") || !strcmp(text, "Y") || !strcmp(text, "yes");
}

static void line_done(struct shell *sh)
{
	console_edit_hide(true);
	if (sh->answer) {
		take_answer(sh, is_yes(sh->line.text));
	} else {
		line_remember(&sh->line);
		shell_execute(sh->line.text);
	}
	prompt(sh);
}

static void line_cancelled(struct shell *sh)
{
	console_edit_hide(true);
	if (sh->answer)
		take_answer(sh, false);
	prompt(sh);
}

static void list_candidates(struct shell *sh)
{
	const struct shell_completion *c = &sh->completion;

	console_edit_hide(true);
	for (u32 i = 0; i < c->kept; i++)
		shell_printf(sh, "%s%s", c->words[i], i + 1 < c->kept ? "  " : "");
	shell_printf(sh, c->count > c->kept ? "  ...\n" : "\n");
}

static void complete(struct shell *sh)
{
	struct shell_completion *c = &sh->completion;
	struct line *line = &sh->line;

	if (sh->answer)
		return;
	complete_line(c, line->text, line->cursor);
	if (!c->kept)
		return;
	if (c->common > c->prefix_len)
		line_insert(line, c->words[0] + c->prefix_len, c->common - c->prefix_len);
	else if (c->count > 1)
		list_candidates(sh);
	if (c->count == 1)
		line_insert(line, " ", 1);
	show_line(sh);
}

static void shell_input(char c)
{
	struct shell *sh = &shell;

	if (sh->job) {
		if (c == CTRL_C || sh->job_period_ms) {
			sh->job = NULL;
			shell_printf(sh, sh->job_period_ms ? "" : "^C\n");
			prompt(sh);
		}
		return;
	}
	sh->line.history = sh->answer ? NULL : &sh->history;
	switch (line_feed(&sh->line, c)) {
	case LINE_CHANGED:
		show_line(sh);
		break;
	case LINE_DONE:
		line_done(sh);
		break;
	case LINE_CANCEL:
		line_cancelled(sh);
		break;
	case LINE_COMPLETE:
		complete(sh);
		break;
	case LINE_REDRAW:
		console_clear_screen();
		break;
	case LINE_NONE:
		break;
	}
}

static void shell_detached(void)
{
	if (shell.started && !shell.job && !console_attached())
		show_line(&shell);
}

/* --- jobs ----------------------------------------------------------------------- */

static bool job_step(struct work *work)
{
	struct shell *sh = container_of(work, struct shell, job_work);

	if (!sh->job)
		return false;
	if (console_room() < SHELL_JOB_ROOM) {
		timer_arm(&sh->job_timer, time_tsc() + time_ms_to_ticks(SHELL_JOB_WAIT_MS));
		return false;
	}
	if (sh->job(sh, sh->job_ctx)) {
		if (!sh->job_period_ms)
			return true;
		timer_arm(&sh->job_timer, time_tsc() + time_ms_to_ticks(sh->job_period_ms));
		return false;
	}
	sh->job = NULL;
	prompt(sh);
	return false;
}

static void job_timer_fired(struct timer *timer)
{
	work_queue_on(&container_of(timer, struct shell, job_timer)->job_work, 0);
}

void shell_set_job(struct shell *sh, bool (*step)(struct shell *sh, void *ctx), void *ctx)
{
	shell_set_live(sh, step, ctx, 0);
}

void shell_set_live(struct shell *sh, bool (*step)(struct shell *sh, void *ctx), void *ctx,
		    u32 period_ms)
{
	sh->job = step;
	sh->job_ctx = ctx;
	sh->job_period_ms = period_ms;
	work_queue_on(&sh->job_work, 0);
}

/* -------------------------------------------------------------------------------- */

void shell_init(const struct shell_command *const *begin, const struct shell_command *const *end)
{
	commands_begin = begin;
	commands_end = end;
	line_init(&shell.line, &shell.history);
	work_init(&shell.job_work, job_step);
	timer_init(&shell.job_timer, job_timer_fired);
}

void shell_start(void)
{
	static const struct console_reader reader = {
	    .input = shell_input,
	    .detached = shell_detached,
	};

	shell.started = true;
	console_set_reader(&reader);
	prompt(&shell);
}
