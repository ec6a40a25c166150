/* SPDX-License-Identifier: BSD-2-Clause */
/* "Did you mean": the known word that is closest to one that is not known. */
#ifndef KERNEL_LIB_CLOSEST_H
#define KERNEL_LIB_CLOSEST_H

#include "kernel/lib/types.h"

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b
 * (optimal string alignment). Words longer than 63 bytes: their lengths' maximum. */
unsigned string_distance(const char *a, const char *b);

/* Index of the word closest to `word`, or -1 when none is similar: at most a third
 * of its letters (but always one) wrong, or one is the beginning of the other. next(ctx, i) gives
 * the known words, NULL at the end. */
int string_closest(const char *word, const char *(*next)(const void *ctx, unsigned i),
		   const void *ctx);

#endif
