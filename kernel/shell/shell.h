/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operator's shell: registry of commands, line editor, completion, history.
 * Everything runs on processor 0 in a work item; a command returns soon and
 * nothing in it waits. Commands live in vmm/cmds and register by SHELL_COMMAND().
 */
#ifndef KERNEL_SHELL_SHELL_H
#define KERNEL_SHELL_SHELL_H

#include "kernel/lib/types.h"

#define SHELL_LINE 256 /* longest command line, bytes */
#define SHELL_ARGS 32  /* most words on it */
#define SHELL_PROMPT "hanok> "

struct shell;
struct shell_completion;

struct shell_command {
	const char *name;
	const char *usage;   /* arguments, e.g. "list | start NAME" */
	const char *summary; /* one line, no full stop */
	const char *help;    /* paragraphs, or NULL */
	/* argv[0] is the name. Returns 0 or an error code after having printed what is
	 * wrong; for ERR_INVAL the shell prints the usage. */
	int (*fn)(struct shell *sh, int argc, char **argv);
	/* Offer words for argv[argc - 1] (perhaps empty), argv[0] being the command;
	 * those that do not begin with it are left out by the shell. May be NULL. */
	void (*complete)(struct shell_completion *c, int argc, char **argv);
};

#ifdef HANOK_HOST
#define SHELL_SECTION "shell_cmds"
#else
#define SHELL_SECTION ".shell_cmds"
#endif

/* Register a command. The linker script keeps the section between shell_cmds_start
 * and shell_cmds_end; it holds pointers. */
#define SHELL_COMMAND(ident, usage_, summary_, help_, fn_, complete_)                           \
	static const struct shell_command shell_cmd_##ident = {                                 \
	    .name = #ident,                                                                     \
	    .usage = usage_,                                                                    \
	    .summary = summary_,                                                                \
	    .help = help_,                                                                      \
	    .fn = fn_,                                                                          \
	    .complete = complete_,                                                              \
	};                                                                                      \
	static const struct shell_command *const shell_cmd_ptr_##ident __section(SHELL_SECTION) \
	    __used = &shell_cmd_##ident

/* Take the commands between two pointers. After console_init(). */
void shell_init(const struct shell_command *const *begin, const struct shell_command *const *end);

/* Show the prompt and take the keyboard. */
void shell_start(void);

/* Print on the terminal; any length of output, cut per call at 1 KiB. */
void shell_printf(struct shell *sh, const char *fmt, ...) __printf(2, 3);

/* Ask "QUESTION [y/N] " and return; answer(sh, yes, ctx) is called later. Anything but
 * y or yes is no. Only from within a command. */
void shell_ask(struct shell *sh, const char *question,
	       void (*answer)(struct shell *sh, bool yes, void *ctx), void *ctx);

/*
 * For output of any length: step(sh, ctx) is called again and again while the serial line
 * keeps up, each time printing at most 2 KiB, until it returns false or Ctrl-C is
 * typed; then the prompt comes back. Only from within a command.
 */
void shell_set_job(struct shell *sh, bool (*step)(struct shell *sh, void *ctx), void *ctx);

/*
 * For a display that is kept up to date: step(sh, ctx) is called every so many milliseconds,
 * until it returns false or any key is typed. Only from within a command.
 */
void shell_set_live(struct shell *sh, bool (*step)(struct shell *sh, void *ctx), void *ctx,
		    u32 period_ms);

/* From a completion callback: a possible word. */
void shell_complete_add(struct shell_completion *c, const char *word);

/* Find a command by its full name, or NULL; and the i-th in alphabetical order. */
const struct shell_command *shell_find(const char *name);
const struct shell_command *shell_command_at(unsigned i);

/* Run one line as if it had been typed, without editor or history. Returns the
 * command's result, ERR_NOENT if there is no such command. */
int shell_execute(const char *line);

#endif
