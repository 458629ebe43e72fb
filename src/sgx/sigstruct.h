/* SPDX-License-Identifier: MIT */
/* What EINIT asks of a SIGSTRUCT by itself, before any enclave is looked
 * at. */
#ifndef COFFER_SGX_SIGSTRUCT_H
#define COFFER_SGX_SIGSTRUCT_H

#include "model.h"

/* Headers, vendor, exponent, and every reserved byte zero (the CET fields
 * are reserved here, as on every platform that Coffer stands in for). */
bool sigstruct_is_well_formed(const struct sgx_sigstruct *sig);

/* Does the signature cover the signed bytes under the key inside, and are Q1
 * and Q2 the quotients that belong to it? */
bool sigstruct_is_signed(const struct sgx_crypto_ops *crypto,
	const struct sgx_sigstruct *sig);

/* SHA-256 of the modulus. */
void sigstruct_signer_hash(const struct sgx_crypto_ops *crypto,
	const struct sgx_sigstruct *sig, uint8_t mrsigner[32]);

/* Are all bytes zero? */
bool all_zero(const void *data, size_t size);

#endif
