/* SPDX-License-Identifier: MIT */
/* By mbedTLS: small, and slow.  For the PCE, which signs once. */
#include "curve.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/sha256.h>
#include <openenclave/enclave.h>
#include <stdlib.h>

struct curve_key {
	mbedtls_ecp_group group;
	mbedtls_mpi d;
	uint8_t xy[64];
};

static int rng(void *context, unsigned char *out, size_t size)
{
	(void)context;
	return oe_random(out, size) ? -1 : 0;
}

static bool reduce(struct curve_key *key, const uint8_t wide[40])
{
	mbedtls_mpi v, order;
	bool good;

	mbedtls_mpi_init(&v);
	mbedtls_mpi_init(&order);
	good = !mbedtls_mpi_read_binary(&v, wide, 40) &&
		!mbedtls_mpi_sub_int(&order, &key->group.N, 1) &&
		!mbedtls_mpi_mod_mpi(&key->d, &v, &order) &&
		!mbedtls_mpi_add_int(&key->d, &key->d, 1);
	mbedtls_mpi_free(&v);
	mbedtls_mpi_free(&order);
	return good;
}

static bool find_public(struct curve_key *key)
{
	uint8_t point[65];
	mbedtls_ecp_point q;
	size_t size = 0;
	bool good;

	mbedtls_ecp_point_init(&q);
	good = !mbedtls_ecp_mul(&key->group, &q, &key->d, &key->group.G, rng,
			NULL) &&
		!mbedtls_ecp_point_write_binary(&key->group, &q,
			MBEDTLS_ECP_PF_UNCOMPRESSED, &size, point,
			sizeof(point)) && size == sizeof(point);
	for (size_t i = 0; good && i < sizeof(key->xy); i++)
		key->xy[i] = point[1 + i];
	mbedtls_ecp_point_free(&q);
	return good;
}

struct curve_key *curve_key_new(const uint8_t wide[40])
{
	struct curve_key *key = calloc(1, sizeof(*key));

	if (!key)
		return NULL;
	mbedtls_ecp_group_init(&key->group);
	mbedtls_mpi_init(&key->d);
	if (mbedtls_ecp_group_load(&key->group, MBEDTLS_ECP_DP_SECP256R1) ||
	    !reduce(key, wide) || !find_public(key)) {
		curve_key_free(key);
		return NULL;
	}
	return key;
}

void curve_key_free(struct curve_key *key)
{
	if (!key)
		return;
	mbedtls_ecp_group_free(&key->group);
	mbedtls_mpi_free(&key->d);
	free(key);
}

void curve_key_public(const struct curve_key *key, uint8_t xy[64])
{
	for (size_t i = 0; i < sizeof(key->xy); i++)
		xy[i] = key->xy[i];
}

bool curve_sign(const struct curve_key *key, const void *data, size_t size,
	uint8_t signature[64])
{
	mbedtls_ecp_group group;
	mbedtls_mpi r, s;
	uint8_t digest[32];
	bool good;

	mbedtls_ecp_group_init(&group);
	mbedtls_mpi_init(&r);
	mbedtls_mpi_init(&s);
	good = curve_sha256(data, size, NULL, 0, digest) &&
		!mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1) &&
		!mbedtls_ecdsa_sign(&group, &r, &s, &key->d, digest,
			sizeof(digest), rng, NULL) &&
		!mbedtls_mpi_write_binary(&r, signature, 32) &&
		!mbedtls_mpi_write_binary(&s, signature + 32, 32);
	mbedtls_ecp_group_free(&group);
	mbedtls_mpi_free(&r);
	mbedtls_mpi_free(&s);
	return good;
}

bool curve_sha256(const void *first, size_t first_size, const void *second,
	size_t second_size, uint8_t digest[32])
{
	mbedtls_sha256_context sha;
	bool good;

	mbedtls_sha256_init(&sha);
	good = !mbedtls_sha256_starts_ret(&sha, 0) &&
		!mbedtls_sha256_update_ret(&sha, first, first_size) &&
		(!second_size ||
		 !mbedtls_sha256_update_ret(&sha, second, second_size)) &&
		!mbedtls_sha256_finish_ret(&sha, digest);
	mbedtls_sha256_free(&sha);
	return good;
}
