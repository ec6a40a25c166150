/* SPDX-License-Identifier: BSD-2-Clause */
/* cmocka with what it wants included first. */
#ifndef TESTS_HOST_SERVICES_CM_H
#define TESTS_HOST_SERVICES_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A small generator with fixed seeds: failures repeat. */
static inline uint32_t test_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

#endif
