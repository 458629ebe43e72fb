/* SPDX-License-Identifier: MIT */
/*
 * The exchange behind coffer_key_release(), apart from how messages travel
 * and where quotes and random numbers come from: the same code in enclaves
 * and in the tests that play a lying host.
 *
 *   enclave                             attestation    keys
 *      RSA key, nonce 1
 *      quote of SHA-256(runtime data)
 *        quote, runtime data, nonce 1 ---->
 *        <--------------------------- token
 *      signer pinned? nonce 1? my RSA key in it?
 *        token, nonce 2 --------------------------------->
 *        <------------------------------------ signed answer
 *      signer pinned? nonce 2? the key I asked for?
 *      unwrapped with the RSA key, which is wiped
 *
 * Runtime data: {"keys":[{"kty":"RSA","key_ops":["encrypt"],"kid","n","e"}]}.
 * Certificates' times are not checked: an enclave has no clock that the host
 * could not turn.  A pin that shall end is replaced, with the enclave.
 */
#ifndef COFFER_ENCLAVE_KEY_RELEASE_EXCHANGE_H
#define COFFER_ENCLAVE_KEY_RELEASE_EXCHANGE_H

#include "common/why.h"
#include <coffer/key_release.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange_ops {
	void *context;
	/* GET (body NULL) or POST of JSON.  *status 0: no answer, whose text
	 * says why.  At most capacity bytes of answer. */
	oe_result_t (*http)(void *context, const char *url, const void *body,
		size_t body_size, uint32_t *status, uint8_t *answer,
		size_t capacity, size_t *answer_size);
	/* A quote with this REPORTDATA; *quote is given back with free(). */
	oe_result_t (*quote)(void *context, const uint8_t data[64],
		uint8_t **quote, size_t *size);
	/* Random bytes that nobody else knows; 0 or not. */
	int (*random)(void *context, unsigned char *bytes, size_t size);
};

/* As coffer_key_release(). */
oe_result_t exchange_run(const struct exchange_ops *ops,
	const struct coffer_key_request *request, uint8_t **key,
	size_t *key_size);

#endif
