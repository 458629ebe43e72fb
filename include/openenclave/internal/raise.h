/* SPDX-License-Identifier: MIT */
/*
 * Leaving a function by its label `done` with a result.
 *
 * OE_RAISE(R)            result = R, go to done
 * OE_RAISE_NO_TRACE(R)   the same
 * OE_CHECK(E)            unless E is OE_OK: result = E, go to done
 * OE_CHECK_NO_TRACE(E)   the same
 *
 * A variable oe_result_t result and the label are the caller's.
 */
#ifndef _OE_RAISE_H
#define _OE_RAISE_H

#include <openenclave/bits/result.h>

#define OE_RAISE(RESULT)             \
	do {                         \
		result = (RESULT);   \
		goto done;           \
	} while (0)
#define OE_RAISE_NO_TRACE(RESULT) OE_RAISE(RESULT)
#define OE_RAISE_MSG(RESULT, ...) OE_RAISE(RESULT)

#define OE_CHECK(EXPRESSION)                              \
	do {                                              \
		oe_result_t oe_check_result = (EXPRESSION); \
		if (oe_check_result != OE_OK)             \
			OE_RAISE(oe_check_result);        \
	} while (0)
#define OE_CHECK_NO_TRACE(EXPRESSION) OE_CHECK(EXPRESSION)
#define OE_CHECK_MSG(EXPRESSION, ...) OE_CHECK(EXPRESSION)

#endif
