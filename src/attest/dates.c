/* SPDX-License-Identifier: MIT */
#include "attest/dates.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define DAY 86400

/* Days from 1970-01-01 to the first of March of a year: years that begin in
 * March have their leap day last, so that no case is special. */
static int64_t march_first(int64_t year)
{
	return year * 365 + year / 4 - year / 100 + year / 400 - 719468;
}

/* Days from the first of March to that of month 0 (March) ... 11. */
static int64_t month_start(int month)
{
	return (153 * month + 2) / 5;
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int attest_date_make(int year, int month, int day, int hour, int minute,
	int second, int64_t *out)
{
	static const uint8_t days[12] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
	};
	int last;

	if (year < 1 || year > 9999 || month < 1 || month > 12)
		return -EINVAL;
	last = days[month - 1] + (month == 2 && is_leap(year));
	if (day < 1 || day > last || hour < 0 || hour > 23 || minute < 0 ||
			minute > 59 || second < 0 || second > 59)
		return -EINVAL;
	*out = (march_first(month < 3 ? year - 1 : year) +
		month_start((month + 9) % 12) + day - 1) * DAY +
		hour * 3600 + minute * 60 + second;
	return 0;
}

/* The number that count digits make; -1 if they are none. */
static int digits(const char *text, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

int attest_date_parse(const char *text, size_t size, int64_t *out)
{
	if (size != ATTEST_DATE_SIZE - 1 || text[4] != '-' ||
			text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
			text[16] != ':' || text[19] != 'Z')
		return -EINVAL;
	return attest_date_make(digits(text, 4), digits(text + 5, 2),
		digits(text + 8, 2), digits(text + 11, 2),
		digits(text + 14, 2), digits(text + 17, 2), out);
}

static void put(char *out, int64_t value, int count)
{
	while (count--) {
		out[count] = (char)('0' + value % 10);
		value /= 10;
	}
}

int attest_date_print(int64_t time, char out[ATTEST_DATE_SIZE])
{
	int64_t day = time / DAY, second = time % DAY, year, rest;
	int month = 11;

	out[0] = '\0';
	if (time < 0 || time > INT64_C(253402300799))
		return -EINVAL;
	year = 1970 + day / 365 + 1;
	while (march_first(year) > day)
		year--;
	rest = day - march_first(year);
	while (month_start(month) > rest)
		month--;
	memcpy(out, "0000-00-00T00:00:00Z", ATTEST_DATE_SIZE);
	put(out, year + (month >= 10), 4);
	put(out + 5, (month + 2) % 12 + 1, 2);
	put(out + 8, rest - month_start(month) + 1, 2);
	put(out + 11, second / 3600, 2);
	put(out + 14, second / 60 % 60, 2);
	put(out + 17, second % 60, 2);
	return 0;
}
