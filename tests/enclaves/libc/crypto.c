/* SPDX-License-Identifier: MIT */
/* mbedTLS's own tests, inside. */
#include "check.h"
#include "libc_t.h"

#include <mbedtls/aes.h>
#include <mbedtls/aesni.h>
#include <mbedtls/bignum.h>
#include <mbedtls/cmac.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/gcm.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

/* A key from the enclave's own entropy signs, and its public half agrees. */
static int sign_and_verify(void)
{
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
	mbedtls_pk_context pk;
	unsigned char hash[32] = { 1 }, signature[128];
	size_t size = 0;

	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&drbg);
	mbedtls_pk_init(&pk);
	CHECK(!mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy,
		NULL, 0));
	CHECK(!mbedtls_pk_setup(&pk,
		mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)));
	CHECK(!mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(pk),
		mbedtls_ctr_drbg_random, &drbg));
	CHECK(!mbedtls_pk_sign(&pk, MBEDTLS_MD_SHA256, hash, 0, signature,
		&size, mbedtls_ctr_drbg_random, &drbg));
	CHECK(!mbedtls_pk_verify(&pk, MBEDTLS_MD_SHA256, hash, 0, signature,
		size));
	hash[0] ^= 1;
	CHECK(mbedtls_pk_verify(&pk, MBEDTLS_MD_SHA256, hash, 0, signature,
		size));
	mbedtls_pk_free(&pk);
	mbedtls_ctr_drbg_free(&drbg);
	mbedtls_entropy_free(&entropy);
	return 0;
}

int lc_crypto(int which)
{
	switch (which) {
	case 0:
		return mbedtls_aes_self_test(0);
	case 1:
		return mbedtls_gcm_self_test(0);
	case 2:
		return mbedtls_sha256_self_test(0);
	case 3:
		return mbedtls_sha512_self_test(0);
	case 4:
		return mbedtls_mpi_self_test(0);
	case 5:
		return mbedtls_rsa_self_test(0);
	case 6:
		return mbedtls_ecp_self_test(0);
	case 7:
		return mbedtls_cmac_self_test(0);
	case 8:
		return mbedtls_entropy_self_test(0);
	case 9:
		return mbedtls_ctr_drbg_self_test(0);
	case 10:
		return sign_and_verify();
	default:
		return -1;
	}
}
