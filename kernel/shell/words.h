/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines as words. Pure. */
#ifndef KERNEL_SHELL_WORDS_H
#define KERNEL_SHELL_WORDS_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

/*
 * Split a line, in place, at blanks. '...' and "..." hold blanks together, a backslash
 * takes the next byte as it is (not inside '...'). argv gets at most max words and then
 * NULL (so it has max + 1 places). Returns their number, ERR_RANGE: too many words,
 * ERR_INVAL: a quote is not closed.
 */
int __must_check words_split(char *line, char **argv, int max);

#endif
