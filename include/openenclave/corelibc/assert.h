/* SPDX-License-Identifier: MIT */
/* oe_assert: see openenclave/enclave.h. */
#ifndef _OE_ASSERT_H
#define _OE_ASSERT_H

#include <openenclave/bits/defs.h>

OE_EXTERNC_BEGIN

/* Print what failed through the host, then abort the enclave. */
void __oe_assert_fail(const char *expr, const char *file, int line,
	const char *func) OE_NO_RETURN;

#ifndef oe_assert
#ifndef NDEBUG
#define oe_assert(EXPR)                                              \
	do {                                                         \
		if (!(EXPR))                                         \
			__oe_assert_fail(#EXPR, __FILE__, __LINE__,  \
				__func__);                           \
	} while (0)
#else
#define oe_assert(EXPR) ((void)0)
#endif
#endif

OE_EXTERNC_END

#endif
