/* SPDX-License-Identifier: MIT */
#ifndef COFFER_TESTS_LIBC_CHECK_H
#define COFFER_TESTS_LIBC_CHECK_H

/* Returns the line of what is false. */
#define CHECK(CONDITION)                 \
	do {                             \
		if (!(CONDITION))        \
			return __LINE__; \
	} while (0)

#endif
