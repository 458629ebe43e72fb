/* SPDX-License-Identifier: MIT */
#include "signer.h"
#include "rsa3072.h"

#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* DEBUG and KSS are free unless the properties ask for them, and INIT must
 * be 0 in a signature; everything else is fixed. */
#define ATTRIBUTE_MASK 0xffffffffffffff7bull
/* AVX and AVX-512 state is the machine's choice. */
#define XFRM_MASK 0xffffffffffffff1bull

static const uint8_t header[16] = SGX_SIGSTRUCT_HEADER;
static const uint8_t header2[16] = SGX_SIGSTRUCT_HEADER2;

static uint32_t bcd(uint32_t value)
{
	uint32_t out = 0;

	for (int shift = 0; value; shift += 4, value /= 10)
		out |= (value % 10) << shift;
	return out;
}

uint32_t sigstruct_today(void)
{
	time_t now = time(NULL);
	struct tm tm = {0};

	localtime_r(&now, &tm);
	return bcd((uint32_t)(tm.tm_year + 1900)) << 16 |
		bcd((uint32_t)(tm.tm_mon + 1)) << 8 | bcd((uint32_t)tm.tm_mday);
}

void sigstruct_prepare(const oe_sgx_enclave_properties_t *p,
	const uint8_t mrenclave[32], uint32_t date, struct sgx_sigstruct *out)
{
	const uint64_t attributes = p->config.attributes;

	memset(out, 0, sizeof(*out));
	memcpy(out->header, header, sizeof(header));
	memcpy(out->header2, header2, sizeof(header2));
	out->date = date;
	out->misc_mask = p->config.flags.capture_pf_gp_exceptions ?
		~SGX_MISC_EXINFO : UINT32_MAX;
	out->attributes.flags = attributes;
	out->attributes.xfrm = SGX_XFRM_LEGACY;
	out->attributes_mask.flags = ATTRIBUTE_MASK;
	out->attributes_mask.xfrm = XFRM_MASK;
	if (attributes & OE_SGX_FLAGS_DEBUG)
		out->attributes_mask.flags &= ~OE_SGX_FLAGS_DEBUG;
	if (attributes & OE_SGX_FLAGS_KSS) {
		out->attributes_mask.flags |= OE_SGX_FLAGS_KSS;
		memcpy(out->isv_family_id, p->config.family_id,
			sizeof(out->isv_family_id));
		memcpy(out->isv_ext_prod_id, p->config.extended_product_id,
			sizeof(out->isv_ext_prod_id));
	}
	memcpy(out->enclave_hash, mrenclave, sizeof(out->enclave_hash));
	out->isv_prod_id = p->config.product_id;
	out->isv_svn = p->config.security_version;
}

void sigstruct_digest(const struct sgx_sigstruct *s, uint8_t digest[32])
{
	uint8_t bytes[SGX_SIGSTRUCT_PART1_SIZE + SGX_SIGSTRUCT_PART2_SIZE];
	const uint8_t *from = (const uint8_t *)s;

	memcpy(bytes, from, SGX_SIGSTRUCT_PART1_SIZE);
	memcpy(bytes + SGX_SIGSTRUCT_PART1_SIZE,
		from + SGX_SIGSTRUCT_PART2_OFFSET, SGX_SIGSTRUCT_PART2_SIZE);
	SHA256(bytes, sizeof(bytes), digest);
}

static void reverse(uint8_t *to, const uint8_t *from)
{
	for (size_t i = 0; i < SIGNER_RSA_SIZE; i++)
		to[i] = from[SIGNER_RSA_SIZE - 1 - i];
}

/* modulus and signature big endian. */
static enum image_result complete(struct sgx_sigstruct *s,
	const uint8_t modulus[SIGNER_RSA_SIZE],
	const uint8_t signature[SIGNER_RSA_SIZE], struct image_error *error)
{
	uint8_t q1[SIGNER_RSA_SIZE], q2[SIGNER_RSA_SIZE];

	if (rsa3072_quotients(modulus, signature, q1, q2)) {
		if (error)
			snprintf(error->text, sizeof(error->text),
				"cannot compute Q1 and Q2");
		return IMAGE_CRYPTO_ERROR;
	}
	reverse(s->modulus, modulus);
	s->exponent = 3;
	reverse(s->signature, signature);
	reverse(s->q1, q1);
	reverse(s->q2, q2);
	return IMAGE_OK;
}

static enum image_result fail(struct image_error *error,
	enum image_result result, const char *text)
{
	if (error)
		snprintf(error->text, sizeof(error->text), "%s", text);
	return result;
}

enum image_result sigstruct_sign(struct sgx_sigstruct *s, void *evp_pkey,
	struct image_error *error)
{
	uint8_t modulus[SIGNER_RSA_SIZE], signature[SIGNER_RSA_SIZE];
	const char *wrong = rsa3072_modulus(evp_pkey, modulus);
	uint8_t digest[32];

	if (wrong)
		return fail(error, IMAGE_INVALID_SGX_SIGNING_KEY, wrong);
	sigstruct_digest(s, digest);
	if (rsa3072_sign(evp_pkey, digest, signature))
		return fail(error, IMAGE_CRYPTO_ERROR,
			"the key does not sign; is it a private one?");
	return complete(s, modulus, signature, error);
}

static int no_passphrase(char *buffer, int size, int rw, void *user)
{
	(void)buffer, (void)size, (void)rw, (void)user;
	return -1;
}

enum image_result sigstruct_sign_pem(struct sgx_sigstruct *s,
	const void *pem, size_t size, struct image_error *error)
{
	enum image_result r;
	EVP_PKEY *key = NULL;
	BIO *bio;

	bio = size <= INT32_MAX ? BIO_new_mem_buf(pem, (int)size) : NULL;
	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	if (!key)
		return fail(error, IMAGE_CRYPTO_ERROR,
			"no private key in PEM without a passphrase");
	r = sigstruct_sign(s, key, error);
	EVP_PKEY_free(key);
	return r;
}

enum image_result sigstruct_attach(struct sgx_sigstruct *s,
	const void *certificate, size_t certificate_size,
	const void *signature, size_t signature_size,
	struct image_error *error)
{
	uint8_t modulus[SIGNER_RSA_SIZE], digest[32];
	const char *wrong = NULL;
	X509 *x509 = NULL;
	BIO *bio;

	bio = certificate_size <= INT32_MAX ?
		BIO_new_mem_buf(certificate, (int)certificate_size) : NULL;
	if (bio)
		x509 = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	if (!x509)
		return fail(error, IMAGE_CRYPTO_ERROR,
			"no X.509 certificate in PEM");
	wrong = rsa3072_modulus(X509_get0_pubkey(x509), modulus);
	X509_free(x509);
	if (wrong)
		return fail(error, IMAGE_INVALID_SGX_SIGNING_KEY, wrong);
	sigstruct_digest(s, digest);
	if (signature_size != SIGNER_RSA_SIZE ||
		rsa3072_verify(modulus, signature, digest))
		return fail(error, IMAGE_VERIFY_FAILED,
			"the signature is not one of this digest by this key");
	return complete(s, modulus, signature, error);
}

enum image_result sigstruct_verify(const struct sgx_sigstruct *s,
	const uint8_t *mrenclave, struct image_error *error)
{
	uint8_t modulus[SIGNER_RSA_SIZE], signature[SIGNER_RSA_SIZE];
	struct sgx_sigstruct again = {0};
	uint8_t digest[32];

	if (memcmp(s->header, header, sizeof(header)) ||
		memcmp(s->header2, header2, sizeof(header2)) ||
		memcmp(s->reserved4, again.reserved4, sizeof(s->reserved4)) ||
		s->exponent != 3)
		return fail(error, IMAGE_VERIFY_FAILED,
			"SIGSTRUCT has wrong constants");
	if (mrenclave && memcmp(s->enclave_hash, mrenclave, 32))
		return fail(error, IMAGE_VERIFY_FAILED,
			"SIGSTRUCT is for another enclave: ENCLAVEHASH differs "
			"from the measurement");
	reverse(modulus, s->modulus);
	reverse(signature, s->signature);
	sigstruct_digest(s, digest);
	if (rsa3072_verify(modulus, signature, digest))
		return fail(error, IMAGE_VERIFY_FAILED,
			"the signature in SIGSTRUCT does not verify");
	if (complete(&again, modulus, signature, error) ||
		memcmp(again.q1, s->q1, sizeof(s->q1)) ||
		memcmp(again.q2, s->q2, sizeof(s->q2)))
		return fail(error, IMAGE_VERIFY_FAILED,
			"Q1 or Q2 in SIGSTRUCT is wrong");
	return IMAGE_OK;
}

void sigstruct_mrsigner(const struct sgx_sigstruct *s, uint8_t mrsigner[32])
{
	SHA256(s->modulus, sizeof(s->modulus), mrsigner);
}

bool image_is_signed(const oe_sgx_enclave_properties_t *properties)
{
	return !memcmp(properties->sigstruct, header, sizeof(header));
}
