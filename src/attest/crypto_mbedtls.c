/* SPDX-License-Identifier: MIT */
#include "attest/crypto.h"

#include <errno.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/entropy.h>
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

int attest_sha256(const void *data, size_t size, uint8_t digest[32])
{
	return attest_sha256_two(data, size, NULL, 0, digest);
}

int attest_sha256_two(const void *first, size_t first_size,
	const void *second, size_t second_size, uint8_t digest[32])
{
	mbedtls_sha256_context context;
	int failed;

	mbedtls_sha256_init(&context);
	failed = mbedtls_sha256_starts_ret(&context, 0) ||
		(first_size && mbedtls_sha256_update_ret(&context, first,
			first_size)) ||
		(second_size && mbedtls_sha256_update_ret(&context, second,
			second_size)) ||
		mbedtls_sha256_finish_ret(&context, digest);
	mbedtls_sha256_free(&context);
	if (failed)
		memset(digest, 0, 32);
	return failed ? -EIO : 0;
}

/* The curve, a scalar or signature, and a point. */
struct numbers {
	mbedtls_ecp_group group;
	mbedtls_ecp_point point;
	mbedtls_mpi a, b;
};

static int numbers_init(struct numbers *n)
{
	mbedtls_ecp_group_init(&n->group);
	mbedtls_ecp_point_init(&n->point);
	mbedtls_mpi_init(&n->a);
	mbedtls_mpi_init(&n->b);
	return mbedtls_ecp_group_load(&n->group, MBEDTLS_ECP_DP_SECP256R1) ?
		-EIO : 0;
}

static void numbers_free(struct numbers *n)
{
	mbedtls_mpi_free(&n->b);
	mbedtls_mpi_free(&n->a);
	mbedtls_ecp_point_free(&n->point);
	mbedtls_ecp_group_free(&n->group);
}

struct attest_key {
	struct numbers n; /* point: the key */
};

static int read_key(struct numbers *n, const uint8_t key[64])
{
	uint8_t point[65];

	point[0] = 4; /* uncompressed */
	memcpy(point + 1, key, 64);
	return mbedtls_ecp_point_read_binary(&n->group, &n->point, point,
			sizeof(point)) ||
		mbedtls_ecp_check_pubkey(&n->group, &n->point) ?
		-EBADMSG : 0;
}

struct attest_key *attest_key_new(const uint8_t key[64], int *error)
{
	struct attest_key *out = malloc(sizeof(*out));

	*error = -EIO;
	if (!out)
		return NULL;
	*error = numbers_init(&out->n);
	if (!*error)
		*error = read_key(&out->n, key);
	if (!*error)
		return out;
	attest_key_free(out);
	return NULL;
}

int attest_key_verify(struct attest_key *key, const uint8_t digest[32],
	const uint8_t signature[64])
{
	struct numbers *n = &key->n;
	int result;

	if (mbedtls_mpi_read_binary(&n->a, signature, 32) ||
			mbedtls_mpi_read_binary(&n->b, signature + 32, 32))
		return -EIO;
	result = mbedtls_ecdsa_verify(&n->group, digest, 32, &n->point, &n->a,
		&n->b);
	return !result ? 0 : result == MBEDTLS_ERR_MPI_ALLOC_FAILED ? -EIO :
		-EBADMSG;
}

void attest_key_free(struct attest_key *key)
{
	if (!key)
		return;
	numbers_free(&key->n);
	free(key);
}

int attest_p256_verify(const uint8_t key[64], const uint8_t digest[32],
	const uint8_t signature[64])
{
	int error;
	struct attest_key *ready = attest_key_new(key, &error);

	if (ready)
		error = attest_key_verify(ready, digest, signature);
	attest_key_free(ready);
	return error;
}

/* Randomness that hides what the arithmetic does, for one call. */
struct random {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
};

static int random_init(struct random *random)
{
	mbedtls_entropy_init(&random->entropy);
	mbedtls_ctr_drbg_init(&random->drbg);
	return mbedtls_ctr_drbg_seed(&random->drbg, mbedtls_entropy_func,
		&random->entropy, NULL, 0) ? -EIO : 0;
}

static void random_free(struct random *random)
{
	mbedtls_ctr_drbg_free(&random->drbg);
	mbedtls_entropy_free(&random->entropy);
}

static int read_scalar(struct numbers *n, mbedtls_mpi *to,
	const uint8_t scalar[32])
{
	if (mbedtls_mpi_read_binary(to, scalar, 32))
		return -EIO;
	return mbedtls_ecp_check_privkey(&n->group, to) ? -EINVAL : 0;
}

int attest_p256_sign(const uint8_t scalar[32], const uint8_t digest[32],
	uint8_t signature[64])
{
	struct numbers n;
	struct random random;
	mbedtls_mpi d;
	int error = numbers_init(&n), failed = random_init(&random);

	mbedtls_mpi_init(&d);
	if (!error)
		error = failed;
	if (!error)
		error = read_scalar(&n, &d, scalar);
	if (!error && (mbedtls_ecdsa_sign(&n.group, &n.a, &n.b, &d, digest,
				32, mbedtls_ctr_drbg_random, &random.drbg) ||
			mbedtls_mpi_write_binary(&n.a, signature, 32) ||
			mbedtls_mpi_write_binary(&n.b, signature + 32, 32)))
		error = -EIO;
	mbedtls_mpi_free(&d);
	random_free(&random);
	numbers_free(&n);
	return error;
}

int attest_p256_public(const uint8_t scalar[32], uint8_t key[64])
{
	struct numbers n;
	struct random random;
	uint8_t point[65];
	size_t size;
	int error = numbers_init(&n), failed = random_init(&random);

	if (!error)
		error = failed;
	if (!error)
		error = read_scalar(&n, &n.a, scalar);
	if (!error && (mbedtls_ecp_mul(&n.group, &n.point, &n.a,
				&n.group.G, mbedtls_ctr_drbg_random,
				&random.drbg) ||
			mbedtls_ecp_point_write_binary(&n.group, &n.point,
				MBEDTLS_ECP_PF_UNCOMPRESSED, &size, point,
				sizeof(point)) || size != sizeof(point)))
		error = -EIO;
	if (!error)
		memcpy(key, point + 1, 64);
	random_free(&random);
	numbers_free(&n);
	return error;
}
