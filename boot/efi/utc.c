/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/utc.h"

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

u64 utc_from_civil(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
		   unsigned second)
{
	static const u16 before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	u64 last = year - 1, days;

	if (year < 1970 || month < 1 || month > 12 || day < 1)
		return 0;
	days = (year - 1970) * 365ull + (last / 4 - last / 100 + last / 400) - (492 - 19 + 4);
	days += before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
	return ((days * 24 + hour) * 60 + minute) * 60 + second;
}
