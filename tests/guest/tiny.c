/* SPDX-License-Identifier: BSD-2-Clause */
/* The least that a VM can do: it powers itself off. Fits into 1 MiB of RAM. */
#include "tests/guest/lib/guest.h"

#define PM1A_CONTROL 0x604
#define SLEEP_S5 (5u << 10 | 1u << 13)

void guest_main(void)
{
	for (;;)
		__asm__ volatile("outw %w0, %w1" ::"a"(SLEEP_S5), "Nd"(PM1A_CONTROL));
}
