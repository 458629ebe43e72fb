/* SPDX-License-Identifier: MIT */
/*
 * SIGSTRUCT: what a signer says about an enclave, and how it is signed
 * (SDM 3D, "SIGSTRUCT"; contents as the Open Enclave signer fills them).
 *
 * The signature is RSA-3072 with exponent 3, PKCS#1 v1.5, SHA-256, over the
 * bytes [0, 128) and [900, 1028).  Q1 and Q2 help a processor to verify:
 * Q1 = S*S / M, Q2 = S * (S*S mod M) / M, whole quotients.
 *
 * Part of the static library coffer_sign, used by oesign and by liboehost.
 */
#ifndef COFFER_SIGNER_H
#define COFFER_SIGNER_H

#include "image.h"

#define SIGNER_RSA_SIZE 384u

/* Today's local date as SIGSTRUCT.DATE: BCD, 0x20260131. */
uint32_t sigstruct_today(void);

/* Fills everything but MODULUS, EXPONENT, SIGNATURE, Q1, Q2 (left zero). */
void sigstruct_prepare(const oe_sgx_enclave_properties_t *properties,
	const uint8_t mrenclave[32], uint32_t date, struct sgx_sigstruct *out);

/* SHA-256 of the signed bytes. */
void sigstruct_digest(const struct sgx_sigstruct *sigstruct,
	uint8_t digest[32]);

/* Signs a prepared SIGSTRUCT with an EVP_PKEY of OpenSSL (borrowed), which
 * may live in an engine.  IMAGE_INVALID_SGX_SIGNING_KEY unless it is
 * RSA-3072 with exponent 3. */
enum image_result sigstruct_sign(struct sgx_sigstruct *sigstruct,
	void *evp_pkey, struct image_error *error);

/* The same with a private key in PEM (PKCS#1 or PKCS#8, no passphrase). */
enum image_result sigstruct_sign_pem(struct sgx_sigstruct *sigstruct,
	const void *pem, size_t size, struct image_error *error);

/* Completes a prepared SIGSTRUCT with a signature of its digest that was
 * made elsewhere: big endian, as `openssl pkeyutl -sign` writes it.  The key
 * comes from an X.509 certificate in PEM.  IMAGE_VERIFY_FAILED if they do
 * not fit together. */
enum image_result sigstruct_attach(struct sgx_sigstruct *sigstruct,
	const void *certificate, size_t certificate_size,
	const void *signature, size_t signature_size,
	struct image_error *error);

/* Verifies what EINIT verifies of a SIGSTRUCT by itself: constants,
 * exponent, signature, Q1 and Q2.  If mrenclave is not NULL, ENCLAVEHASH
 * must equal it.  IMAGE_OK, IMAGE_VERIFY_FAILED. */
enum image_result sigstruct_verify(const struct sgx_sigstruct *sigstruct,
	const uint8_t *mrenclave, struct image_error *error);

/* SHA-256 of MODULUS. */
void sigstruct_mrsigner(const struct sgx_sigstruct *sigstruct,
	uint8_t mrsigner[32]);

/* True if the properties carry a SIGSTRUCT (its header is there). */
bool image_is_signed(const oe_sgx_enclave_properties_t *properties);

/* Signs a laid-out debug image with Coffer's debug key.  That key is public,
 * so its MRSIGNER identifies nobody.  IMAGE_FAILURE if the image is not a
 * debug one. */
enum image_result image_debug_sign(const struct image *image,
	struct sgx_sigstruct *out, struct image_error *error);

/* The SIGSTRUCT to give to EINIT for a laid-out image: its own, or for an
 * unsigned image of which a debug enclave is made, image_debug_sign's.
 * IMAGE_FAILURE if it is unsigned and debug is false. */
enum image_result image_sigstruct(const struct image *image, bool debug,
	struct sgx_sigstruct *out, struct image_error *error);

#endif
