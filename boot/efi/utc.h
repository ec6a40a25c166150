/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BOOT_EFI_UTC_H
#define BOOT_EFI_UTC_H

#include "kernel/lib/types.h"

/* Seconds since 1970 of a date in the Gregorian calendar; month and day count from 1.
 * 0 for a date before 1970 or with a month that does not exist. Pure. */
u64 utc_from_civil(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
		   unsigned second);

#endif
