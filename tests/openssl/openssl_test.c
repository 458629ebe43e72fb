/* SPDX-License-Identifier: MIT */
/* OpenSSL inside an enclave, against OpenSSL outside. */
#include <openenclave/host.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "openssl_u.h"
#include "support/world.h"

/* The last one is of system calls, which without a machine reach this
 * system's kernel. */
#ifdef IN_A_WORLD
#define CHECKS 9
#else
#define CHECKS 8
#endif
#define THREADS 4 /* as many as the enclave has */

static oe_enclave_t *enclave;
static const char *image;

/* The enclave's check: 0, or the line there that failed. */
#define INSIDE(CALL)                                                       \
	do {                                                               \
		int line = -1;                                             \
		oe_result_t r = CALL;                                      \
		if (r != OE_OK || line)                                    \
			fail_msg("%s: %s, line %d", #CALL, oe_result_str(r), \
				line);                                     \
	} while (0)

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(oe_create_openssl_enclave(image, OE_ENCLAVE_TYPE_AUTO,
		OE_ENCLAVE_FLAG_DEBUG, NULL, 0, &enclave), OE_OK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return oe_terminate_enclave(enclave);
}

static void checks(void **state)
{
	(void)state;
	for (int i = 0; i < CHECKS; i++)
		INSIDE(os_check(enclave, &line, i));
}

/* The fast paths are taken wherever this processor has them. */
static void capabilities(void **state)
{
	uint32_t words[4];

	(void)state;
	INSIDE(os_capabilities(enclave, &line, words));
	assert_true(words[0] & 1u << 10);
	assert_true(words[1] & 1u << 25); /* AES-NI */
	assert_true(words[1] & 1u << 1); /* PCLMULQDQ */
	assert_true(words[0] & 1u << 28); /* somebody shares the cache */
	if (__builtin_cpu_supports("avx2")) {
		assert_true(words[1] & 1u << 28);
		assert_true(words[2] & 1u << 5);
	}
}

static void encrypts(void **state)
{
	static const size_t sizes[] = { 1, 16, 31, 288, 4096, 100003 };
	static uint8_t inside[100003], outside[100003];
	uint8_t key[16], iv[12], tag[16], tag_outside[16];
	int n;

	(void)state;
	memset(key, 0x5a, 16);
	memset(iv, 0xa5, 12);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

		for (size_t j = 0; j < sizes[i]; j++)
			inside[j] = outside[j] = (uint8_t)(j * 7);
		INSIDE(os_encrypt(enclave, &line, key, iv, inside, sizes[i],
			tag));
		assert_true(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL,
			key, iv));
		assert_true(EVP_EncryptUpdate(ctx, outside, &n, outside,
			(int)sizes[i]));
		assert_true(EVP_EncryptFinal_ex(ctx, outside + n, &n));
		assert_true(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16,
			tag_outside));
		assert_memory_equal(inside, outside, sizes[i]);
		assert_memory_equal(tag, tag_outside, 16);
		EVP_CIPHER_CTX_free(ctx);
	}
}

static void certificate(void **state)
{
	char pem[4096];
	uint8_t hash[32], signature[128];
	size_t size = 0;
	BIO *bio;
	X509 *cert;
	EVP_PKEY *key;
	EVP_PKEY_CTX *ctx;

	(void)state;
	INSIDE(os_certificate(enclave, &line, pem, hash, signature, &size));
	assert_true(size > 60 && size <= 72);
	pem[4095] = 0;
	bio = BIO_new_mem_buf(pem, -1);
	cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	assert_non_null(cert);
	key = X509_get0_pubkey(cert);
	assert_int_equal(X509_verify(cert, key), 1);
	ctx = EVP_PKEY_CTX_new(key, NULL);
	assert_true(EVP_PKEY_verify_init(ctx) > 0);
	assert_int_equal(EVP_PKEY_verify(ctx, signature, size, hash, 32), 1);
	hash[31] ^= 1;
	assert_int_not_equal(EVP_PKEY_verify(ctx, signature, size, hash, 32), 1);
	EVP_PKEY_CTX_free(ctx);
	X509_free(cert);
	BIO_free(bio);
}

/* Sizes that are no multiple of the generator's word, and no repetition
 * within an enclave or between two. */
static void randomness(void **state)
{
	uint8_t bytes[2][41], before[41];

	for (int i = 0; i < 2; i++) {
		memset(bytes, 0, sizeof(bytes));
		INSIDE(os_random(enclave, &line, bytes[0], 41));
		INSIDE(os_random(enclave, &line, bytes[1], 41));
		assert_memory_not_equal(bytes[0], bytes[1], 41);
		assert_memory_not_equal(bytes[0] + 36, bytes[1] + 36, 5);
		if (i)
			assert_memory_not_equal(bytes[0], before, 41);
		memcpy(before, bytes[0], 41);
		tear_down(state);
		set_up(state);
	}
}

static void *work(void *argument)
{
	int *line = argument;

	if (os_work(enclave, line, 200) != OE_OK)
		*line = -1;
	return NULL;
}

static void threads(void **state)
{
	pthread_t thread[THREADS];
	int line[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, work, &line[i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(line[i], 0);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

/* OPENSSL_SPEED=1: for the reader, no test. */
static int speed(void)
{
	double begin = seconds();
	int line;

	set_up(NULL);
	printf("create            %.1f ms\n", (seconds() - begin) * 1e3);
	os_gcm_speed(enclave, &line, 1 << 20, 10);
	begin = seconds();
	os_gcm_speed(enclave, &line, 1 << 20, 500);
	printf("AES-128-GCM 1 MiB %.0f MB/s\n",
		500 * 1.048576 / (seconds() - begin));
	os_sign_speed(enclave, &line, 100);
	begin = seconds();
	os_sign_speed(enclave, &line, 5000);
	printf("ECDSA P-256 sign  %.1f us\n",
		(seconds() - begin) / 5000 * 1e6);
	return tear_down(NULL);
}

static int run(struct world *world)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(capabilities, set_up, tear_down),
		cmocka_unit_test_setup_teardown(checks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(encrypts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(certificate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(randomness, set_up, tear_down),
		cmocka_unit_test_setup_teardown(threads, set_up, tear_down),
	};

	if (getenv("OPENSSL_SPEED"))
		return speed();
	return cmocka_run_group_tests_name("openssl", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	image = argv[1];
#ifdef IN_A_WORLD
	char machine[64];

	if (argc != 3)
		return 2;
	snprintf(machine, sizeof(machine), "size=%s\n", argv[2]);
	return world_run(machine, run);
#else
	return run(NULL);
#endif
}
