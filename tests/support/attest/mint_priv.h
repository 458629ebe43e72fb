/* SPDX-License-Identifier: MIT */
#ifndef COFFER_TESTS_ATTEST_MINT_PRIV_H
#define COFFER_TESTS_ATTEST_MINT_PRIV_H

#include "mint.h"

#include <openssl/evp.h>

EVP_PKEY *mint_pkey(enum mint_key key);

/* PEM texts with a NUL, to be freed. */
char *mint_make_cert(const struct mint *mint, const struct mint_cert *cert);
struct attest_bytes mint_make_crl(const struct mint_crl *crl);

/* JSON texts, to be freed. */
char *mint_make_tcb_info(const struct mint *mint);
char *mint_make_qe_identity(const struct mint *mint);

#endif
