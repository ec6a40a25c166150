/* SPDX-License-Identifier: BSD-2-Clause */
/* Seconds since 1970 and the Gregorian calendar, for years 0 to 9999. Pure. */
#ifndef VMM_VDEV_CALENDAR_H
#define VMM_VDEV_CALENDAR_H

#include "kernel/lib/types.h"

struct calendar {
	u32 year;    /* 0 to 9999 */
	u32 month;   /* 1 to 12 */
	u32 day;     /* 1 to 31 */
	u32 weekday; /* 1 (Sunday) to 7, as the MC146818 counts */
	u32 hour, minute, second;
};

/* Seconds outside of the years 0 to 9999 give the nearest second inside. */
void calendar_from_seconds(s64 seconds, struct calendar *out);
/* Fields out of range are brought into it first; weekday is not read. */
s64 calendar_to_seconds(const struct calendar *c);

#endif
