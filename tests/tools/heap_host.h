/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_TOOLS_HEAP_HOST_H
#define TESTS_TOOLS_HEAP_HOST_H

/* After so many allocations all fail; negative: none does. */
extern long heap_host_fail_after;

#endif
