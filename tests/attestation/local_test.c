/* SPDX-License-Identifier: MIT */
/* Evidence between enclaves of one machine, and what needs no machine. */
#include "scene.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "support/world.h"

static const char *signing_key;

static void misuse(void **state)
{
	for (int i = 0; i < 2; i++)
		INSIDE(pr_misuse(provers[i], &answer));
}

static void plugins(void **state)
{
	for (int i = 0; i < 2; i++)
		INSIDE(pr_plugins(provers[i], &answer));
}

static void custom_claims(void **state)
{
	for (int i = 0; i < 2; i++)
		INSIDE(pr_custom_claims(provers[i], &answer));
}

/* Both ways, both libraries, with and without header and custom claims. */
static void local_evidence(void **state)
{
	static const char *const customs[] = {
		NULL, "x", "a claim of some length, which has no end of its own"
	};
	struct bytes target, evidence;
	struct proof proof;

	for (int who = 0; who < 2; who++) {
		target_of(!who, &target);
		for (int c = 0; c < 3; c++) {
			size_t length = customs[c] ? strlen(customs[c]) : 0;

			for (uint32_t head = 0; head < 2; head++) {
				size_t at;

				IS(prove(who, LOCAL, head, customs[c],
					&target, &evidence, NULL, NULL),
					OE_OK);
				assert_int_equal(evidence.size,
					32 * head + 432 + length);
				IS(verify(!who, head ? WITH_HEADER : LOCAL,
					evidence.data, evidence.size, NULL, 0,
					NULL, &proof), OE_OK);
				at = check_claims(who, LOCAL, proof.claims,
					proof.count, false);
				assert_int_equal(proof.count, at + !!length);
				assert_int_equal(proof.root, 0);
				if (length) {
					assert_string_equal(
						proof.claims[at].name,
						"custom_claims_buffer");
					assert_int_equal(proof.claims[at]
						.value_size, length);
					assert_memory_equal(
						proof.claims[at].value,
						customs[c], length);
				}
				proof_free(&proof);
			}
		}
	}
}

static void wrong_enclave(void **state)
{
	struct bytes target, evidence;
	struct proof proof;

	target_of(1, &target);
	IS(prove(0, LOCAL, 1, "for one", &target, &evidence, NULL, NULL),
		OE_OK);
	IS(verify(0, WITH_HEADER, evidence.data, evidence.size, NULL, 0, NULL,
		&proof), OE_VERIFY_FAILED_AES_CMAC_MISMATCH);
	/* A host has no REPORT key. */
	IS(oe_verifier_initialize(), OE_OK);
	IS(oe_verify_evidence(NULL, evidence.data, evidence.size, NULL, 0,
		NULL, 0, &proof.claims, &proof.count), OE_NOT_FOUND);
	/* Other formats do not take it. */
	for (int format = ECDSA; format <= RAW; format++)
		assert_int_not_equal(verify(1, format, evidence.data + 32,
			evidence.size - 32, NULL, 0, NULL, &proof), OE_OK);
}

static void changed(void **state)
{
	struct bytes target, evidence;
	struct proof proof;

	target_of(1, &target);
	IS(prove(0, LOCAL, 0, "custom", &target, &evidence, NULL, NULL),
		OE_OK);
	for (size_t bit = 0; bit < 8 * evidence.size; bit += 7) {
		size_t at = bit / 8;
		/* KEYID chooses the key, as MAC it is not signed. */
		oe_result_t wanted = at < 432
			? OE_VERIFY_FAILED_AES_CMAC_MISMATCH
			: OE_QUOTE_HASH_MISMATCH;

		evidence.data[at] ^= 1 << bit % 8;
		IS(verify(1, LOCAL, evidence.data, evidence.size, NULL, 0,
			NULL, &proof), wanted);
		evidence.data[at] ^= 1 << bit % 8;
	}
	evidence.data[evidence.size] = 0;
	IS(verify(1, LOCAL, evidence.data, evidence.size + 1, NULL, 0, NULL,
		&proof), OE_QUOTE_HASH_MISMATCH);
	IS(verify(1, LOCAL, evidence.data, evidence.size - 1, NULL, 0, NULL,
		&proof), OE_QUOTE_HASH_MISMATCH);
	IS(verify(1, LOCAL, evidence.data, 432, NULL, 0, NULL, &proof),
		OE_QUOTE_HASH_MISMATCH);
	IS(verify(1, LOCAL, evidence.data, 431, NULL, 0, NULL, &proof),
		OE_INVALID_PARAMETER);
}

static void identity_is(int who, const uint8_t identity[96])
{
	uint8_t *report;
	size_t size;

	IS(oe_get_report(provers[who], 0, NULL, 0, &report, &size), OE_OK);
	assert_memory_equal(identity + 16, report + 16 + 64, 32);
	assert_memory_equal(identity + 48, report + 16 + 128, 32);
	oe_free_report(report);
}

/* A certificate whose evidence is local, as OpenSSL reads it. */
static void certificates(void **state)
{
	struct bytes target, der;
	uint8_t identity[96];

	for (int who = 0; who < 2; who++) {
		const uint8_t *at = der.data;
		unsigned wrong = 0;
		X509 *x509;

		target_of(!who, &target);
		IS(ASK(pr_certificate(provers[who], &answer, LOCAL,
			target.data, target.size, der.data, sizeof(der.data),
			&der.size)), OE_OK);
		x509 = d2i_X509(NULL, &at, (long)der.size);
		assert_non_null(x509);
		assert_ptr_equal(at, der.data + der.size);
		assert_int_equal(X509_verify(x509, X509_get0_pubkey(x509)),
			1);
		X509_free(x509);
		IS(ASK(pr_verify_certificate(provers[!who], &answer, 0,
			der.data, der.size, OE_OK, identity)), OE_OK);
		identity_is(who, identity);
		IS(ASK(pr_verify_certificate(provers[!who], &answer, 0,
			der.data, der.size, OE_BUSY, identity)),
			OE_VERIFY_FAILED);
		IS(ASK(pr_verify_certificate(provers[who], &answer, 0,
			der.data, der.size, OE_OK, identity)),
			OE_VERIFY_FAILED_AES_CMAC_MISMATCH);
		/* No report in it. */
		IS(ASK(pr_verify_certificate(provers[!who], &answer, 1,
			der.data, der.size, OE_OK, identity)), OE_FAILURE);
		for (size_t bit = 0; bit < 8 * der.size; bit += 61) {
			der.data[bit / 8] ^= 1 << bit % 8;
			assert_int_not_equal(ASK(pr_verify_certificate(
				provers[!who], &answer, 0, der.data, der.size,
				OE_OK, identity)), OE_OK);
			der.data[bit / 8] ^= 1 << bit % 8;
			wrong++;
		}
		assert_true(wrong > 50);
		assert_int_not_equal(ASK(pr_verify_certificate(
			provers[!who], &answer, 0, der.data, der.size - 1,
			OE_OK, identity)), OE_OK);
	}
}

/* Evidence of one enclave in a certificate that another key signed. */
static void another_key(void **state)
{
	struct bytes target, der, other;
	uint8_t identity[96], *out = NULL;
	const uint8_t *at = der.data;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509;
	int size;

	target_of(1, &target);
	IS(ASK(pr_certificate(provers[0], &answer, LOCAL, target.data,
		target.size, der.data, sizeof(der.data), &der.size)), OE_OK);
	x509 = d2i_X509(NULL, &at, (long)der.size);
	assert_non_null(x509);
	assert_int_equal(X509_set_pubkey(x509, key), 1);
	assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
	size = i2d_X509(x509, &out);
	assert_true(size > 0 && size < (int)sizeof(other.data));
	IS(ASK(pr_verify_certificate(provers[1], &answer, 0, out,
		(size_t)size, OE_OK, identity)), OE_VERIFY_FAILED);
	OPENSSL_free(out);
	X509_free(x509);
	EVP_PKEY_free(key);
}

static void signer(void **state)
{
	FILE *file = fopen(signing_key, "r");
	uint8_t *report;
	EVP_PKEY *key;
	char *pem;
	size_t size;
	BIO *bio;

	assert_non_null(file);
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(key);
	bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
	assert_int_equal(BIO_write(bio, "", 1), 1);
	BIO_get_mem_data(bio, &pem);
	IS(oe_get_report(provers[0], 0, NULL, 0, &report, &size), OE_OK);
	for (int i = 0; i < 2; i++)
		INSIDE(pr_signer(provers[i], &answer, pem,
			report + 16 + 128));
	oe_free_report(report);
	BIO_free(bio);
	EVP_PKEY_free(key);
}

static void settings(void **state)
{
	const oe_uuid_t local = { OE_FORMAT_UUID_SGX_LOCAL_ATTESTATION };
	struct bytes out;
	uint8_t *bytes, *report;
	void *target;
	size_t size;

	for (int i = 0; i < 2; i++) {
		target_of(i, &out);
		IS(oe_get_report(provers[i], 0, NULL, 0, &report, &size),
			OE_OK);
		IS(oe_get_target_info(report, size, &target, &size), OE_OK);
		assert_int_equal(size, out.size);
		assert_memory_equal(target, out.data, size);
		oe_free_target_info(target);
		oe_free_report(report);
	}
	IS(oe_verifier_initialize(), OE_OK);
	IS(oe_verifier_get_format_settings(&local, &bytes, &size),
		OE_UNSUPPORTED);
	IS(oe_verifier_shutdown(), OE_OK);
	IS(oe_verifier_get_format_settings(&local, &bytes, &size),
		OE_NOT_FOUND);
}

static int run(struct world *world)
{
#define CASE(NAME) cmocka_unit_test_setup_teardown(NAME, provers_start, \
	provers_end)
	const struct CMUnitTest tests[] = {
		CASE(misuse), CASE(plugins), CASE(custom_claims),
		CASE(local_evidence), CASE(wrong_enclave), CASE(changed),
		CASE(certificates), CASE(another_key), CASE(signer),
		CASE(settings),
	};

	return cmocka_run_group_tests_name("attestation-local", tests, NULL,
		NULL);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	provers_image[0] = argv[1];
	provers_image[1] = argv[2];
	signing_key = argv[3];
	return world_run(NULL, run);
}
