/* SPDX-License-Identifier: MIT */
#include "pki/derive.h"

#include "common/crypto_openssl.h"
#include "pki/architectural.h"
#include "sgx/keys.h"
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <string.h>

#define LABEL_PLATFORM "PLATFORM_ID" /* of no enclave's; ours alone */

int derive_init(struct derive *d, const struct sgx_fuses *fuses,
	const uint8_t mrsigner[32])
{
	memset(d, 0, sizeof(*d));
	d->machine.fuses = *fuses;
	d->machine.crypto = crypto_openssl();
	memcpy(d->mrsigner, mrsigner, 32);
	return d->machine.crypto ? 0 : -1;
}

/* As EGETKEY would answer PCE or QE. */
static void get_key(const struct derive *d,
	const struct sgx_keyrequest *request, uint16_t prod_id,
	uint16_t isv_svn, uint8_t key[16])
{
	struct secs secs = { .attributes.flags = ARCH_FLAGS,
		.isv_prod_id = prod_id, .isv_svn = isv_svn };

	memcpy(secs.mrsigner, d->mrsigner, 32);
	key_derive_request(&d->machine, request, &secs, key);
}

static void provision_key(const struct derive *d, const uint8_t cpusvn[16],
	uint16_t pcesvn, uint8_t key[16])
{
	struct sgx_keyrequest request;

	arch_provision_request(&request, cpusvn, pcesvn);
	get_key(d, &request, ARCH_PCE_PROD_ID, ARCH_PCE_SVN, key);
}

static int cmac(const struct derive *d, uint8_t key[16],
	const uint8_t block[16], uint8_t out[16])
{
	return d->machine.crypto->aes128_cmac(key, block, 16, out);
}

static int of_no_version(const struct derive *d, const uint8_t block[16],
	uint8_t out[16])
{
	static const uint8_t zero[16];
	uint8_t key[16];
	int r;

	provision_key(d, zero, 0, key);
	r = cmac(d, key, block, out);
	explicit_bzero(key, sizeof(key));
	return r;
}

int derive_ppid(const struct derive *d, uint8_t ppid[16])
{
	static const uint8_t zero[16];

	return of_no_version(d, zero, ppid);
}

int derive_platform_instance_id(const struct derive *d, uint8_t id[16])
{
	uint8_t block[16];

	arch_block(block, 0, LABEL_PLATFORM, 128);
	return of_no_version(d, block, id);
}

int derive_qe_id(const struct derive *d, uint8_t id[16])
{
	struct sgx_keyrequest request;
	uint8_t key[16], block[16];
	int r;

	arch_qe_id_request(&request);
	get_key(d, &request, ARCH_QE_PROD_ID, ARCH_QE_SVN, key);
	arch_block(block, 0, ARCH_LABEL_QE_ID, 128);
	r = cmac(d, key, block, id);
	explicit_bzero(key, sizeof(key));
	return r;
}

/* v mod (n - 1) + 1 times the generator. */
static int public_key(const uint8_t *v, size_t size, uint8_t xy[64])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *number = BN_secure_new(), *n = BN_new();
	uint8_t octets[65];
	int r = -1;

	if (point && ctx && number && n && BN_bin2bn(v, (int)size, number) &&
	    BN_sub(n, EC_GROUP_get0_order(group), BN_value_one()) &&
	    BN_mod(number, number, n, ctx) && BN_add_word(number, 1) &&
	    EC_POINT_mul(group, point, number, NULL, NULL, ctx) &&
	    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
		octets, sizeof(octets), ctx) == sizeof(octets)) {
		memcpy(xy, octets + 1, 64);
		r = 0;
	}
	BN_clear_free(number);
	BN_free(n);
	BN_CTX_free(ctx);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return r;
}

int derive_pck(const struct derive *d, const uint8_t cpusvn[16],
	uint16_t pcesvn, uint8_t xy[64])
{
	uint8_t key[16], block[16], v[48];
	int r = 0;

	provision_key(d, cpusvn, pcesvn, key);
	for (int i = 0; !r && i < 3; i++) {
		arch_block(block, (uint8_t)(i + 1), ARCH_LABEL_PCK,
			ARCH_PRIVATE_BITS);
		r = cmac(d, key, block, v + 16 * i);
	}
	if (!r)
		r = public_key(v, ARCH_PRIVATE_BITS / 8, xy);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(v, sizeof(v));
	return r;
}
