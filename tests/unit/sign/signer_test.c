/* SPDX-License-Identifier: MIT */
/* SIGSTRUCTs: their fields, signing, and every flipped bit refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/signer.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static const char *folder;
static EVP_PKEY *key;

static EVP_PKEY *make_key(int bits, unsigned exponent)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	BIGNUM *e = BN_new();
	EVP_PKEY *out = NULL;

	assert_true(ctx && e && BN_set_word(e, exponent));
	assert_true(EVP_PKEY_keygen_init(ctx) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, bits) > 0);
	assert_true(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e) > 0);
	assert_true(EVP_PKEY_keygen(ctx, &out) > 0);
	BN_free(e);
	EVP_PKEY_CTX_free(ctx);
	return out;
}

static struct image *open_built(const char *name)
{
	struct image_error error = {""};
	struct image *image = NULL;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (image_open(path, &image, &error) || image_build(image, &error))
		fail_msg("%s: %s", name, error.text);
	return image;
}

static struct sgx_sigstruct prepared(const char *name)
{
	struct image *image = open_built(name);
	struct sgx_sigstruct s;
	uint8_t mrenclave[32];

	assert_int_equal(image_measure(image, mrenclave, NULL), 0);
	sigstruct_prepare(image_properties(image), mrenclave, 0x20260131, &s);
	image_close(image);
	return s;
}

static void fields_are_filled(void **state)
{
	struct sgx_sigstruct s = prepared("large");

	assert_int_equal(s.date, 0x20260131);
	assert_int_equal(s.vendor, 0);
	assert_int_equal(s.misc_select, 0);
	assert_int_equal(s.misc_mask, 0xffffffff);
	assert_int_equal(s.attributes.flags, 4);
	assert_int_equal(s.attributes.xfrm, 3);
	assert_int_equal(s.attributes_mask.flags, 0xffffffffffffff7bull);
	assert_int_equal(s.attributes_mask.xfrm, 0xffffffffffffff1bull);
	assert_int_equal(s.isv_prod_id, 1);
	assert_int_equal(s.isv_svn, 1);

	s = prepared("plain"); /* debug */
	assert_int_equal(s.attributes.flags, 6);
	assert_int_equal(s.attributes_mask.flags, 0xffffffffffffff79ull);

	s = prepared("kss"); /* debug, EXINFO */
	assert_int_equal(s.attributes.flags, 0x86);
	assert_int_equal(s.attributes_mask.flags, 0xfffffffffffffff9ull);
	assert_int_equal(s.misc_mask, 0xfffffffe);
	assert_memory_equal(s.isv_family_id, "\x09\x08\x07", 4);
	assert_memory_equal(s.isv_ext_prod_id, "\x47\x11\x01\x02", 5);
	assert_int_equal(s.isv_prod_id, 7);
	assert_int_equal(s.isv_svn, 3);
}

static void every_flipped_bit_is_refused(void **state)
{
	struct sgx_sigstruct s = prepared("plain");
	uint8_t mrenclave[32];
	uint8_t *bytes = (uint8_t *)&s;

	memcpy(mrenclave, s.enclave_hash, 32);
	assert_int_equal(sigstruct_sign(&s, key, NULL), 0);
	assert_int_equal(sigstruct_verify(&s, mrenclave, NULL), 0);
	for (size_t bit = 0; bit < 8 * sizeof(s); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (sigstruct_verify(&s, NULL, NULL) != IMAGE_VERIFY_FAILED)
			fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(sigstruct_verify(&s, mrenclave, NULL), 0);
	mrenclave[31] ^= 0x80;
	assert_int_equal(sigstruct_verify(&s, mrenclave, NULL),
		IMAGE_VERIFY_FAILED);
}

static void other_keys_are_refused(void **state)
{
	struct sgx_sigstruct s = prepared("plain");
	EVP_PKEY *shorter = make_key(2048, 3), *usual = make_key(3072, 65537);
	EVP_PKEY *curve = EVP_EC_gen("P-256");
	struct image_error error;

	assert_int_equal(sigstruct_sign(&s, shorter, &error),
		IMAGE_INVALID_SGX_SIGNING_KEY);
	assert_non_null(strstr(error.text, "RSA-3072"));
	assert_int_equal(sigstruct_sign(&s, usual, NULL),
		IMAGE_INVALID_SGX_SIGNING_KEY);
	assert_int_equal(sigstruct_sign(&s, curve, NULL),
		IMAGE_INVALID_SGX_SIGNING_KEY);
	assert_int_equal(sigstruct_sign_pem(&s, "nonsense", 8, &error),
		IMAGE_CRYPTO_ERROR);
	assert_int_equal(sigstruct_sign_pem(&s, "", 0, NULL),
		IMAGE_CRYPTO_ERROR);
	EVP_PKEY_free(shorter);
	EVP_PKEY_free(usual);
	EVP_PKEY_free(curve);
}

static size_t to_pem(int (*write)(BIO *, void *), void *what, char *out,
	size_t room)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n;

	assert_true(write(bio, what) > 0);
	n = BIO_read(bio, out, (int)room);
	assert_true(n > 0);
	BIO_free(bio);
	return (size_t)n;
}

static int write_pkcs1(BIO *bio, void *k)
{
	return PEM_write_bio_PrivateKey_traditional(bio, k, NULL, NULL, 0,
		NULL, NULL);
}

static int write_pkcs8(BIO *bio, void *k)
{
	return PEM_write_bio_PKCS8PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL);
}

static int write_locked(BIO *bio, void *k)
{
	return PEM_write_bio_PKCS8PrivateKey(bio, k, EVP_aes_256_cbc(), "pass",
		4, NULL, NULL);
}

static int write_x509(BIO *bio, void *x)
{
	return PEM_write_bio_X509(bio, x);
}

static void both_pem_forms_sign(void **state)
{
	struct sgx_sigstruct a = prepared("plain"), b = a;
	char pem[8192];
	size_t n;

	n = to_pem(write_pkcs1, key, pem, sizeof(pem));
	assert_non_null(memmem(pem, n, "BEGIN RSA PRIVATE KEY", 21));
	assert_int_equal(sigstruct_sign_pem(&a, pem, n, NULL), 0);
	n = to_pem(write_pkcs8, key, pem, sizeof(pem));
	assert_int_equal(sigstruct_sign_pem(&b, pem, n, NULL), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	/* Nobody is there to be asked for a passphrase. */
	n = to_pem(write_locked, key, pem, sizeof(pem));
	assert_int_equal(sigstruct_sign_pem(&b, pem, n, NULL),
		IMAGE_CRYPTO_ERROR);
}

static X509 *certify(EVP_PKEY *k)
{
	X509 *x = X509_new();

	assert_non_null(x);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	assert_true(X509_set_pubkey(x, k));
	assert_true(X509_sign(x, k, EVP_sha256()) > 0);
	return x;
}

static void a_signature_made_elsewhere_is_attached(void **state)
{
	struct sgx_sigstruct direct = prepared("plain"), s = direct, bad;
	EVP_PKEY *other = make_key(3072, 3), *small = make_key(2048, 3);
	uint8_t signature[384];
	X509 *x = certify(key), *y = certify(other), *z = certify(small);
	char pem[8192], other_pem[8192], small_pem[8192];
	size_t n, m, l;

	assert_int_equal(sigstruct_sign(&direct, key, NULL), 0);
	for (int i = 0; i < 384; i++)
		signature[i] = direct.signature[383 - i];
	n = to_pem(write_x509, x, pem, sizeof(pem));
	m = to_pem(write_x509, y, other_pem, sizeof(other_pem));
	l = to_pem(write_x509, z, small_pem, sizeof(small_pem));

	bad = s;
	assert_int_equal(sigstruct_attach(&bad, other_pem, m, signature, 384,
		NULL), IMAGE_VERIFY_FAILED);
	assert_int_equal(sigstruct_attach(&bad, small_pem, l, signature, 384,
		NULL), IMAGE_INVALID_SGX_SIGNING_KEY);
	assert_int_equal(sigstruct_attach(&bad, pem, n, signature, 383, NULL),
		IMAGE_VERIFY_FAILED);
	assert_int_equal(sigstruct_attach(&bad, "x", 1, signature, 384, NULL),
		IMAGE_CRYPTO_ERROR);
	signature[200] ^= 1;
	assert_int_equal(sigstruct_attach(&bad, pem, n, signature, 384, NULL),
		IMAGE_VERIFY_FAILED);
	signature[200] ^= 1;
	bad.isv_svn++;
	assert_int_equal(sigstruct_attach(&bad, pem, n, signature, 384, NULL),
		IMAGE_VERIFY_FAILED);

	assert_int_equal(sigstruct_attach(&s, pem, n, signature, 384, NULL),
		0);
	assert_memory_equal(&s, &direct, sizeof(s));
	X509_free(x);
	X509_free(y);
	X509_free(z);
	EVP_PKEY_free(other);
	EVP_PKEY_free(small);
}

static void unsigned_debug_images_get_a_signature(void **state)
{
	struct image *image = open_built("plain");
	struct image_error error;
	struct sgx_sigstruct s, again;
	uint8_t mrenclave[32], a[32], b[32];

	assert_false(image_is_signed(image_properties(image)));
	assert_int_equal(image_measure(image, mrenclave, NULL), 0);
	assert_int_equal(image_sigstruct(image, true, &s, NULL), 0);
	assert_int_equal(sigstruct_verify(&s, mrenclave, NULL), 0);
	assert_int_equal(s.date, sigstruct_today());
	assert_int_equal(image_sigstruct(image, false, &s, &error),
		IMAGE_FAILURE);
	assert_non_null(strstr(error.text, "not signed"));
	image_close(image);

	image = open_built("threads");
	assert_int_equal(image_debug_sign(image, &again, NULL), 0);
	sigstruct_mrsigner(&s, a);
	sigstruct_mrsigner(&again, b);
	assert_memory_equal(a, b, 32);
	image_close(image);

	image = open_built("large");
	assert_int_equal(image_debug_sign(image, &s, &error), IMAGE_FAILURE);
	assert_non_null(strstr(error.text, "debug image"));
	image_close(image);
}

static void signed_images_keep_their_signature(void **state)
{
	char path[] = "/tmp/signer-test-XXXXXX";
	struct sgx_sigstruct s = prepared("large"), found;
	oe_sgx_enclave_properties_t p;
	struct image *image = open_built("large");
	uint8_t mrenclave[32];

	assert_true(mkstemp(path) >= 0);
	assert_int_equal(sigstruct_sign(&s, key, NULL), 0);
	p = *image_properties(image);
	memcpy(p.sigstruct, &s, sizeof(s));
	assert_int_equal(image_write(image, &p, path, NULL), 0);
	image_close(image);

	assert_int_equal(image_open(path, &image, NULL), 0);
	assert_int_equal(image_build(image, NULL), 0);
	assert_true(image_is_signed(image_properties(image)));
	assert_int_equal(image_sigstruct(image, false, &found, NULL), 0);
	assert_memory_equal(&found, &s, sizeof(s));
	assert_int_equal(image_measure(image, mrenclave, NULL), 0);
	assert_int_equal(sigstruct_verify(&found, mrenclave, NULL), 0);
	image_close(image);
	remove(path);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_filled),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(other_keys_are_refused),
		cmocka_unit_test(both_pem_forms_sign),
		cmocka_unit_test(a_signature_made_elsewhere_is_attached),
		cmocka_unit_test(unsigned_debug_images_get_a_signature),
		cmocka_unit_test(signed_images_keep_their_signature),
	};
	int failed;

	if (argc != 2) {
		fprintf(stderr, "usage: %s IMAGES\n", argv[0]);
		return 1;
	}
	folder = argv[1];
	key = make_key(3072, 3);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	EVP_PKEY_free(key);
	return failed;
}
