/* SPDX-License-Identifier: MIT */
#ifndef OPENSSL_CHECKS_H
#define OPENSSL_CHECKS_H

#include "openssl_t.h"

/* The line that is not as it should be, to the caller. */
#define CHECK(condition) \
	do { \
		if (!(condition)) \
			return __LINE__; \
	} while (0)

#endif
