/* SPDX-License-Identifier: MIT */
/*
 * Dates of collateral and certificates as seconds since 1970, UTC.
 */
#ifndef COFFER_ATTEST_DATES_H
#define COFFER_ATTEST_DATES_H

#include <stddef.h>
#include <stdint.h>

enum { ATTEST_DATE_SIZE = 21 }; /* with the NUL */

/* A calendar date that exists; -EINVAL for others. */
int attest_date_make(int year, int month, int day, int hour, int minute,
	int second, int64_t *out);

/* Exactly "YYYY-MM-DDTHH:MM:SSZ", size 20.  -EINVAL for anything else. */
int attest_date_parse(const char *text, size_t size, int64_t *out);

/* The reverse; -EINVAL outside of the years 1970 to 9999 (then ""). */
int attest_date_print(int64_t time, char out[ATTEST_DATE_SIZE]);

#endif
