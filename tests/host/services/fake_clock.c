/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/services/fake.h"

u64 fake_tsc;

u64 time_tsc(void);
u64 time_tsc(void)
{
	return fake_tsc;
}
