/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/log/log.h"

#include <string.h>

#include "kernel/lib/err.h"
#include "kernel/shell/shell.h"
#include "kernel/time/time.h"

#define LOG_STEP 6 /* lines per step of the job: at most 2 KiB */

static const char *const level_names[] = {"err", "warn", "info", "debug"};

/* The job that prints the log; there is one shell. */
static struct {
	u64 cursor;
	enum klog_level max;
} log_job;

static int parse_level(const char *name, enum klog_level *level)
{
	for (unsigned i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (!strcmp(name, level_names[i])) {
			*level = i;
			return ERR_OK;
		}
	}
	return ERR_INVAL;
}

static void print_phase(void *ctx, const char *name, u64 tsc, u64 ticks)
{
	u64 us = time_tsc_to_ns(tsc) / 1000;

	shell_printf(ctx, "%6llu.%06llu %14llu  %s\n", (unsigned long long)(us / 1000000),
		     (unsigned long long)(us % 1000000), (unsigned long long)ticks, name);
}

static void print_phases(struct shell *sh)
{
	shell_printf(sh, "boot phases:\n%13s %14s  %s\n", "ended at (s)", "took (ticks)", "phase");
	log_phase_for_each(print_phase, sh);
}

static bool print_lines(struct shell *sh, void *ctx)
{
	char text[LOG_FORMATTED];
	struct log_line line;

	(void)ctx;
	for (unsigned printed = 0; printed < LOG_STEP;) {
		if (!log_read(&log_job.cursor, &line)) {
			print_phases(sh);
			return false;
		}
		if (line.level > log_job.max)
			continue;
		log_format(&line, text, sizeof(text));
		shell_printf(sh, "%s\n", text);
		printed++;
	}
	return true;
}

static int log_echo(struct shell *sh, int argc, char **argv)
{
	enum klog_level level;

	if (argc == 3) {
		if (parse_level(argv[2], &level))
			return ERR_INVAL;
		log_set_echo_level(level);
	}
	shell_printf(sh, "log lines appear here up to level %s\n", level_names[log_echo_level()]);
	return 0;
}

static int log_command(struct shell *sh, int argc, char **argv)
{
	log_job.cursor = 0;
	log_job.max = KLOG_DEBUG;
	if (argc >= 2 && argc <= 3 && !strcmp(argv[1], "echo"))
		return log_echo(sh, argc, argv);
	if (argc == 2 && !strcmp(argv[1], "phases")) {
		print_phases(sh);
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "-l")) {
		if (parse_level(argv[2], &log_job.max))
			return ERR_INVAL;
	} else if (argc != 1) {
		return ERR_INVAL;
	}
	shell_set_job(sh, print_lines, NULL);
	return 0;
}

static void log_complete(struct shell_completion *c, int argc, char **argv)
{
	if (argc == 2) {
		shell_complete_add(c, "-l");
		shell_complete_add(c, "echo");
		shell_complete_add(c, "phases");
	} else if (argc == 3 && strcmp(argv[1], "phases")) {
		for (unsigned i = 0; i < ARRAY_SIZE(level_names); i++)
			shell_complete_add(c, level_names[i]);
	}
}

SHELL_COMMAND(log, "[-l LEVEL] | phases | echo [LEVEL]", "show the log and what booting took",
	      "With no argument: the last 64 KiB of the log, then the phases of booting with\n"
	      "their cost in TSC ticks. LEVEL is err, warn, info or debug.\n"
	      "-l LEVEL          only lines of this level and more urgent ones\n"
	      "phases            only the phases\n"
	      "echo LEVEL        show lines as they come up to this level (default: info)\n"
	      "Ctrl-C ends a long listing.",
	      log_command, log_complete);
