/* SPDX-License-Identifier: MIT */
/*
 * The model's cryptography on OpenSSL's libcrypto, for coffer-cpu and for
 * tools.  It reads no configuration file and loads no module: OPENSSL_CONF
 * and OPENSSL_MODULES of whoever starts the program change nothing.
 */
#ifndef COFFER_COMMON_CRYPTO_OPENSSL_H
#define COFFER_COMMON_CRYPTO_OPENSSL_H

#include "sgx/crypto.h"

/* The whole table; made at the first call, valid until the program ends, for
 * any thread, but calls of the GCM functions must not overlap.  NULL if
 * libcrypto cannot be set up.  Call it once before a system-call filter is
 * installed; later use needs memory, futexes and getrandom only. */
const struct sgx_crypto_ops *crypto_openssl(void);

/* SHA-256 alone, which needs no set-up: for measuring. */
const struct sgx_sha256_ops *crypto_openssl_sha256(void);

#endif
