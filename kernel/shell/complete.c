/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/shell/complete.h"

#include <string.h>

#include "kernel/shell/words.h"

static size_t common_length(const char *a, const char *b, size_t max)
{
	size_t len = 0;

	while (len < max && a[len] && a[len] == b[len])
		len++;
	return len;
}

void shell_complete_add(struct shell_completion *c, const char *word)
{
	size_t len = strlen(word);
	char *copy = c->bytes + c->used;

	if (strncmp(word, c->prefix, c->prefix_len))
		return;
	c->count++;
	if (c->kept == COMPLETE_WORDS || len >= sizeof(c->bytes) - c->used) {
		/* Not shown, but it limits what can be filled in. */
		if (c->kept)
			c->common = common_length(c->words[0], word, c->common);
		return;
	}
	memcpy(copy, word, len + 1);
	c->used += len + 1;
	c->common = c->kept ? common_length(c->words[0], copy, c->common) : len;
	c->words[c->kept++] = copy;
}

static void complete_commands(struct shell_completion *c)
{
	const struct shell_command *command;

	for (unsigned i = 0; (command = shell_command_at(i)); i++)
		shell_complete_add(c, command->name);
}

void complete_line(struct shell_completion *c, const char *text, size_t len)
{
	char copy[SHELL_LINE], empty[1] = "", *argv[SHELL_ARGS + 2];
	const struct shell_command *command;
	int argc;

	memset(c, 0, offsetof(struct shell_completion, bytes));
	c->prefix = "";
	len = MIN(len, sizeof(copy) - 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	argc = words_split(copy, argv, SHELL_ARGS);
	if (argc < 0)
		return;
	if (!argc || text[len - 1] == ' ')
		argv[argc++] = empty;
	argv[argc] = NULL;
	c->prefix = argv[argc - 1];
	c->prefix_len = strlen(c->prefix);
	command = argc > 1 ? shell_find(argv[0]) : NULL;
	if (argc == 1)
		complete_commands(c);
	else if (command && command->complete)
		command->complete(c, argc, argv);
	c->prefix = NULL; /* it was on our stack */
}
