/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/shell/words.h"

/* Take one word from *from to *to, both moved on; false if a quote is not closed. */
static bool word_take(char **from, char **to)
{
	char quote = 0;

	for (; **from && (quote || **from != ' '); (*from)++) {
		char c = **from;

		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? 0 : c;
			continue;
		}
		if (c == '\\' && quote != '\'' && (*from)[1])
			c = *++*from;
		*(*to)++ = c;
	}
	return !quote;
}

int words_split(char *line, char **argv, int max)
{
	char *from = line, *to = line;
	int argc = 0;

	for (;;) {
		bool last;

		while (*from == ' ')
			from++;
		if (!*from)
			break;
		if (argc == max)
			return ERR_RANGE;
		argv[argc++] = to;
		if (!word_take(&from, &to))
			return ERR_INVAL;
		last = !*from;
		from += !last;
		*to++ = '\0';
		if (last)
			break;
	}
	argv[argc] = NULL;
	return argc;
}
