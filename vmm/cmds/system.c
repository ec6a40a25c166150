/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell's `version`, `panic`, `reboot` and `poweroff` commands. */
#include "arch/x86/cpu/panic.h"
#include "arch/x86/cpu/reset.h"
#include "kernel/console/console.h"
#include "kernel/lib/err.h"
#include "kernel/shell/shell.h"
#include "kernel/time/time.h"
#include "version.h"

static int version_command(struct shell *sh, int argc, char **argv)
{
	u64 seconds = time_now_ns() / 1000000000;

	(void)argv;
	if (argc != 1)
		return ERR_INVAL;
	shell_printf(sh, "Hanok %s, up %llu:%02llu:%02llu\n", HANOK_VERSION,
		     (unsigned long long)(seconds / 3600), (unsigned long long)(seconds / 60 % 60),
		     (unsigned long long)(seconds % 60));
	return 0;
}

static void panic_answer(struct shell *sh, bool yes, void *ctx)
{
	(void)ctx;
	if (yes)
		panic("asked for at the shell");
	shell_printf(sh, "nothing done\n");
}

static int panic_command(struct shell *sh, int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return ERR_INVAL;
	shell_ask(sh, "Stop the machine and all VMs at once, without a clean end?", panic_answer,
		  NULL);
	return 0;
}

static int reboot_command(struct shell *sh, int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return ERR_INVAL;
	shell_printf(sh, "rebooting\n");
	console_drain();
	machine_reset();
}

static int poweroff_command(struct shell *sh, int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return ERR_INVAL;
	shell_printf(sh, "powering off\n");
	console_drain();
	machine_poweroff();
}

SHELL_COMMAND(version, "", "show the version and the time since boot", NULL, version_command, NULL);
SHELL_COMMAND(panic, "", "stop with a panic, for a test of what it shows (asks first)", NULL,
	      panic_command, NULL);
SHELL_COMMAND(reboot, "", "restart the machine; VMs end at once",
	      "End VMs first that need a clean end: vm shutdown NAME.", reboot_command, NULL);
SHELL_COMMAND(poweroff, "", "switch the machine off; VMs end at once",
	      "End VMs first that need a clean end: vm shutdown NAME.", poweroff_command, NULL);
