/* SPDX-License-Identifier: MIT */
/* The enclave of the round trip. */
#include "trip.h"

#include <errno.h>
#include <stdio.h>

int trip_failures;

void trip_check(bool good, const char *text, int line)
{
	char report[200];

	if (good)
		return;
	trip_failures++;
	snprintf(report, sizeof(report), "line %d: %s", line, text);
	trip_report(report);
}

/* errno of the host comes along, and only where that was asked for. */
static void call_errno(void)
{
	int result = 0, seen = -1;

	errno = 0;
	CHECK(trip_ocall_fails(&result, ENOENT, &seen) == OE_OK);
	CHECK(result == -1 && errno == ENOENT && seen == 0);
	CHECK(trip_ocall_fails(&result, EILSEQ, &seen) == OE_OK);
	CHECK(result == -1 && errno == EILSEQ && seen == 0);
	CHECK(trip_ocall_fails(&result, 0, &seen) == OE_OK);
	CHECK(result == 0 && errno == 0);
	errno = EBUSY;
	CHECK(trip_ocall_nothing() == OE_OK);
	CHECK(errno == EBUSY);
}

int trip_run(void)
{
	trip_failures = 0;
	call_errno();
	trip_call_all();
	return trip_failures;
}
