/* SPDX-License-Identifier: MIT */
#ifndef OPENSSL_CHECKS_H
#define OPENSSL_CHECKS_H

#include "openssl_t.h"

#include <openssl/x509.h>
#include <stdbool.h>

/* A new certificate that is its own authority; aborts if there is none. */
X509 *self_signed(EVP_PKEY *key);

int check_tls(void);

/* The line that is not as it should be, to the caller. */
#define CHECK(condition) \
	do { \
		if (!(condition)) \
			return __LINE__; \
	} while (0)

#endif
