/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a play for the switch: frames, links, ports, time; against the simple bridge. */
#include "tests/host/net/play.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	(void)play(data, size);
	return 0;
}
