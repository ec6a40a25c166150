/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/virt_combine.h"

/* #DE, #TS, #NP, #SS, #GP. */
#define CONTRIBUTORY (BIT(0) | BIT(10) | BIT(11) | BIT(12) | BIT(13))

static bool contributory(u8 vector)
{
	return vector < 32 && (CONTRIBUTORY & BIT(vector));
}

enum virt_combination virt_combine(u8 first, u8 second)
{
	if (!contributory(second) && second != VECTOR_PF)
		return VIRT_SECOND_ALONE;
	if (first == VECTOR_DF)
		return VIRT_SHUTDOWN;
	if (first == VECTOR_PF || (contributory(first) && contributory(second)))
		return VIRT_DOUBLE_FAULT;
	return VIRT_SECOND_ALONE;
}
