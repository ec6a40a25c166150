/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the configuration. What is refused must have been explained. */
#include <stdlib.h>
#include <string.h>

#include "vmm/vm/config.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void count(void *ctx, const struct config_problem *p)
{
	if (!p->node || p->node[0] != '/' || !p->what[0] || !p->remedy[0])
		abort();
	++*(u32 *)ctx;
}

static bool file_present(void *ctx, const char *name)
{
	(void)ctx;
	return strlen(name) < 100;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	const struct config_facts facts = {.memory_mib = 1024, .file_present = file_present};
	u32 said = 0;
	const struct config_report report = {count, &said};
	struct config_console console;
	struct config cfg;
	u8 *copy = malloc(size ? size : 1); /* aligned, as the loader does it */
	int err;

	memcpy(copy, data, size);
	config_read_console(&console, copy, size);
	err = config_read(&cfg, copy, size, &facts, &report);
	if (cfg.problems != said || (err && !said) || cfg.refused > said)
		abort();
	config_free(&cfg);
	free(copy);
	return 0;
}
