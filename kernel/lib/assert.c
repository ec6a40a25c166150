/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/lib/assert.h"

static assert_handler_t assert_handler;

void assert_set_handler(assert_handler_t handler)
{
	assert_handler = handler;
}

void assert_fail(const char *file, int line, const char *text)
{
	if (assert_handler)
		assert_handler(file, line, text);
	__builtin_trap();
}
