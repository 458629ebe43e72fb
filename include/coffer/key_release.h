/* SPDX-License-Identifier: MIT */
/*
 * COMPILE ONLY IN ENCLAVE: getting a key that is released to this enclave.
 *
 * Enclaves link libcofferkeyrelease, their hosts libcofferhost: the variable
 * keyreleaselibs of pkg-config's oeenclave-* and oehost-*.
 */
#ifndef COFFER_KEY_RELEASE_H
#define COFFER_KEY_RELEASE_H

#include <openenclave/bits/result.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COFFER_PIN_SIZE 32

/*
 * Which key, from which services.  The two services speak the interfaces of
 * Azure Attestation and of Azure Key Vault's secure key release; `coffer
 * serve` is both.  Everything is inside the enclave: the request, its strings
 * and where the key's address goes.
 *
 * A pin is the SHA-256 of a SubjectPublicKeyInfo (DER), that of the signing
 * certificate of a service or of a certificate that it chains to; `coffer key
 * pin` prints it.  Who is pinned decides which key the enclave gets: without
 * the pin the host could hand it any.  Pins therefore belong into the
 * enclave's code or come over a channel that is already protected.
 */
struct coffer_key_request {
	const char *attest_url; /* "https://host:port", nothing behind */
	const char *vault_url; /* the same; may be the same service */
	const char *name; /* of the key: 1 to 127 of a-z, A-Z, 0-9 and '-' */
	const char *version; /* NULL or "": the current one */
	uint8_t service_pin[COFFER_PIN_SIZE]; /* who signs released keys */
	uint8_t attest_pin[COFFER_PIN_SIZE]; /* who signs tokens; all zero:
						service_pin as well */
	char *reason; /* NULL, or where a sentence about a failure goes */
	size_t reason_size; /* bytes there */
};

/*
 * The whole exchange: makes an RSA key and nonces, has evidence about this
 * enclave and that key made, exchanges it for a token, the token for the key,
 * verifies token and answer against the pins, the nonces and the key's name,
 * and unwraps.  The host carries the messages (coffer/edl/key_release.edl; a
 * host program links libcofferhost) and can refuse to, no more: it sees the
 * key only encrypted for this enclave.  The RSA key lives for one call.
 *
 * On OE_OK *key has *key_size bytes, which the caller hands back with
 * coffer_key_free(): the octets of a symmetric key, PKCS #8 (DER) of any
 * other.  384 KiB of heap and 48 KiB of stack are enough.  Otherwise both are
 * left as they were and:
 *
 *   OE_INVALID_PARAMETER   the request makes no sense
 *   OE_SERVICE_UNAVAILABLE no service was reached, or it had no answer
 *   OE_QUOTE_PROVIDER_CALL_ERROR  this machine made no quote
 *   OE_CONSTRAINT_FAILED   a service refused; the reason has its words
 *   OE_VERIFY_FAILED       an answer that is not from the pinned service, or
 *                          is not the answer to this request
 *   OE_CRYPTO_ERROR        the key could not be unwrapped
 *   OE_OUT_OF_MEMORY, OE_UNEXPECTED
 */
oe_result_t coffer_key_release(const struct coffer_key_request *request,
	uint8_t **key, size_t *key_size);

/* Wipes and frees what coffer_key_release() gave; NULL is fine. */
void coffer_key_free(uint8_t *key, size_t key_size);

#ifdef __cplusplus
}
#endif

#endif
