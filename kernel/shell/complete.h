/* SPDX-License-Identifier: BSD-2-Clause */
/* Tab completion: what could be meant by the word before the cursor. */
#ifndef KERNEL_SHELL_COMPLETE_H
#define KERNEL_SHELL_COMPLETE_H

#include "kernel/shell/shell.h"

#define COMPLETE_WORDS 64
#define COMPLETE_BYTES 1024

struct shell_completion {
	const char *prefix;
	size_t prefix_len;
	u32 count;     /* words that begin with the prefix, also those without room */
	size_t common; /* length of what all of them begin with */
	u32 kept;
	const char *words[COMPLETE_WORDS]; /* into bytes */
	size_t used;
	char bytes[COMPLETE_BYTES];
};

/* Find the candidates for the word that ends at the end of text (len bytes). */
void complete_line(struct shell_completion *c, const char *text, size_t len);

#endif
