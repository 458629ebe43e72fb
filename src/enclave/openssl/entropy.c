/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL's randomness, all of it the processor's generator.
 *
 * RAND_bytes and RAND_priv_bytes take it directly, through a RAND_METHOD:
 * OpenSSL's own generators ask the host for the time at every call. Programs
 * that make an EVP_RAND get one that is seeded below.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openenclave/enclave.h>
#include <openssl/rand.h>

/* OpenSSL's interface between its pool and an operating system; entropy is in
 * bits. */
typedef struct rand_pool_st RAND_POOL;
size_t ossl_rand_pool_bytes_needed(RAND_POOL *pool, unsigned int factor);
size_t ossl_rand_pool_entropy_available(RAND_POOL *pool);
unsigned char *ossl_rand_pool_add_begin(RAND_POOL *pool, size_t size);
int ossl_rand_pool_add_end(RAND_POOL *pool, size_t size, size_t entropy);

size_t ossl_pool_acquire_entropy(RAND_POOL *pool);
int ossl_pool_add_nonce_data(RAND_POOL *pool);
int ossl_rand_pool_add_additional_data(RAND_POOL *pool);
int ossl_rand_pool_init(void);
void ossl_rand_pool_cleanup(void);
void ossl_rand_pool_keep_random_devices_open(int keep);

/* Adds size bytes that count for entropy bits. */
static int add(RAND_POOL *pool, size_t size, size_t entropy)
{
	unsigned char *to = ossl_rand_pool_add_begin(pool, size);

	if (!to || oe_random(to, size) != OE_OK)
		return 0;
	return ossl_rand_pool_add_end(pool, size, entropy);
}

size_t ossl_pool_acquire_entropy(RAND_POOL *pool)
{
	size_t size = ossl_rand_pool_bytes_needed(pool, 1);

	if (size && !add(pool, size, 8 * size))
		return 0;
	return ossl_rand_pool_entropy_available(pool);
}

int ossl_pool_add_nonce_data(RAND_POOL *pool)
{
	return add(pool, 16, 0);
}

int ossl_rand_pool_add_additional_data(RAND_POOL *pool)
{
	return add(pool, 16, 0);
}

int ossl_rand_pool_init(void)
{
	return 1;
}

void ossl_rand_pool_cleanup(void)
{
}

void ossl_rand_pool_keep_random_devices_open(int keep)
{
}

static int take(unsigned char *to, int size)
{
	return size >= 0 && oe_random(to, (size_t)size) == OE_OK;
}

static int seed(const void *data, int size)
{
	return 1;
}

static int add_seed(const void *data, int size, double entropy)
{
	return 1;
}

static int status(void)
{
	return 1;
}

static const RAND_METHOD processor = {
	seed, take, NULL, add_seed, take, status
};

static void __attribute__((constructor(102), used)) start(void)
{
	if (!RAND_set_rand_method(&processor))
		oe_abort();
}
