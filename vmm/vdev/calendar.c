/* SPDX-License-Identifier: BSD-2-Clause */
/* Gregorian calendar. */
#include "vmm/vdev/calendar.h"

#define DAY 86400
#define DAYS_TO_1970 719528 /* from 1 January of year 0 */
#define DAYS_400_YEARS 146097

static bool is_leap(u32 year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1 January of year 0 to 1 January of this year. */
static s64 days_before_year(u32 year)
{
	u32 last = year - 1;

	return year ? (s64)year * 365 + last / 4 - last / 100 + last / 400 + 1 : 0;
}

static u32 days_in_month(u32 year, u32 month)
{
	static const u8 days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

void calendar_from_seconds(s64 seconds, struct calendar *out)
{
	const s64 first = -(s64)DAYS_TO_1970 * DAY;
	const s64 last = (days_before_year(10000) - DAYS_TO_1970) * DAY - 1;
	s64 days, rest;

	seconds = seconds < first ? first : seconds > last ? last : seconds;
	days = (seconds - first) / DAY;
	rest = (seconds - first) % DAY;
	out->hour = (u32)(rest / 3600);
	out->minute = (u32)(rest / 60 % 60);
	out->second = (u32)(rest % 60);
	out->weekday = (u32)((days + 6) % 7 + 1); /* year 0 began on a Saturday */
	out->year = (u32)(days * 400 / DAYS_400_YEARS);
	while (days_before_year(out->year) > days)
		out->year--;
	while (out->year < 9999 && days_before_year(out->year + 1) <= days)
		out->year++;
	days -= days_before_year(out->year);
	for (out->month = 1; days >= days_in_month(out->year, out->month); out->month++)
		days -= days_in_month(out->year, out->month);
	out->day = (u32)days + 1;
}

static u32 within(u32 value, u32 low, u32 high)
{
	return value < low ? low : value > high ? high : value;
}

s64 calendar_to_seconds(const struct calendar *c)
{
	u32 year = within(c->year, 0, 9999), month = within(c->month, 1, 12);
	s64 days = days_before_year(year) - DAYS_TO_1970;

	for (u32 m = 1; m < month; m++)
		days += days_in_month(year, m);
	days += within(c->day, 1, days_in_month(year, month)) - 1;
	return days * DAY + within(c->hour, 0, 23) * 3600 + within(c->minute, 0, 59) * 60 +
	       within(c->second, 0, 59);
}
