/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "kernel/lib/err.h"
#include "kernel/shell/shell.h"

static void help_all(struct shell *sh)
{
	const struct shell_command *command;

	for (unsigned i = 0; (command = shell_command_at(i)); i++)
		shell_printf(sh, "  %-10s %s\n", command->name, command->summary);
	shell_printf(sh,
		     "`help COMMAND` says more. Tab completes; Ctrl-] leaves a VM's console.\n");
}

static int help_command(struct shell *sh, int argc, char **argv)
{
	const struct shell_command *command;

	if (argc > 2)
		return ERR_INVAL;
	if (argc == 1) {
		help_all(sh);
		return 0;
	}
	command = shell_find(argv[1]);
	if (!command) {
		shell_printf(sh, "there is no command %s; `help` lists all\n", argv[1]);
		return ERR_NOENT;
	}
	shell_printf(sh, "%s: %s\nusage: %s %s\n", command->name, command->summary, command->name,
		     command->usage);
	if (command->help)
		shell_printf(sh, "%s\n", command->help);
	return 0;
}

static void help_complete(struct shell_completion *c, int argc, char **argv)
{
	const struct shell_command *command;

	(void)argv;
	for (unsigned i = 0; argc == 2 && (command = shell_command_at(i)); i++)
		shell_complete_add(c, command->name);
}

SHELL_COMMAND(help, "[COMMAND]", "list the commands, or explain one", NULL, help_command,
	      help_complete);
