/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/lib/closest.h"

#include <string.h>

#define WORD_MAX 63

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	return MIN(MIN(a, b), c);
}

unsigned string_distance(const char *a, const char *b)
{
	/* Three rows of the usual table: two back, one back, current. */
	unsigned char rows[3][WORD_MAX + 1];
	size_t alen = strlen(a), blen = strlen(b);

	if (alen > WORD_MAX || blen > WORD_MAX)
		return (unsigned)MAX(alen, blen);
	for (size_t j = 0; j <= blen; j++)
		rows[0][j] = (unsigned char)j;
	for (size_t i = 1; i <= alen; i++) {
		const unsigned char *back2 = rows[(i + 1) % 3], *back = rows[(i - 1) % 3];
		unsigned char *row = rows[i % 3];

		row[0] = (unsigned char)i;
		for (size_t j = 1; j <= blen; j++) {
			unsigned best = min3(back[j] + 1u, row[j - 1] + 1u,
					     back[j - 1] + (a[i - 1] != b[j - 1]));

			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN(best, back2[j - 2] + 1u);
			row[j] = (unsigned char)best;
		}
	}
	return rows[alen % 3][blen];
}

/* "memory" for "memory-mib", or the other way round. */
static bool is_prefix(const char *a, const char *b)
{
	size_t n = MIN(strlen(a), strlen(b));

	return n >= 3 && !strncmp(a, b, n);
}

int string_closest(const char *word, const char *(*next)(const void *ctx, unsigned i),
		   const void *ctx)
{
	unsigned best = MAX((unsigned)strlen(word) / 3, 1u) + 1;
	const char *known;
	int found = -1;

	for (unsigned i = 0; (known = next(ctx, i)); i++) {
		unsigned distance = is_prefix(word, known) ? 1 : string_distance(word, known);

		if (distance < best) {
			best = distance;
			found = (int)i;
		}
	}
	return found;
}
