/* SPDX-License-Identifier: MIT */
#include <coffer/attest.h>

#include "evidence/roots.h"

#include "attest/crypto.h"
#include "evidence/claims.h"
#include "evidence/pem.h"
#include "evidence/world.h"

#include <errno.h>
#include <openenclave/attestation/sgx/evidence.h>
#include <pthread.h>
#include <string.h>

_Static_assert(COFFER_TRUSTED_ROOTS_MAX + 2 <= ATTEST_ROOTS_MAX,
	"the defaults have places of their own");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct attest_roots added;
static bool only_added;

static oe_result_t result_of(int error)
{
	switch (error) {
	case 0:
		return OE_OK;
	case -ENOSPC:
		return OE_OUT_OF_BOUNDS;
	case -ENOMEM:
		return OE_OUT_OF_MEMORY;
	default:
		return OE_INVALID_PARAMETER;
	}
}

/* Once only, and within our own limit. */
static oe_result_t add_digest(struct attest_roots *roots,
	const uint8_t digest[32])
{
	for (size_t i = 0; i < roots->count; i++)
		if (roots->root[i].size == 32
				&& !memcmp(roots->root[i].digest, digest, 32))
			return OE_OK;
	if (roots->count >= COFFER_TRUSTED_ROOTS_MAX)
		return OE_OUT_OF_BOUNDS;
	return result_of(attest_roots_add_digest(roots, digest, 32));
}

static oe_result_t add_certificate(struct attest_roots *roots,
	const uint8_t *bytes, size_t size)
{
	struct attest_roots one = { 0 };
	oe_result_t result;

	result = result_of(attest_roots_add_cert(&one, bytes, size, NULL));
	return result ? result : add_digest(roots, one.root[0].digest);
}

oe_result_t coffer_trust_root(const void *certificates, size_t size)
{
	oe_result_t result = OE_OK;
	struct attest_roots wanted;
	struct pem_piece piece;
	const char *rest = certificates;
	size_t count = 0;

	if (!certificates || !size)
		return OE_INVALID_PARAMETER;
	pthread_mutex_lock(&lock);
	wanted = added;
	while (!result && pem_next(&rest, (const char *)certificates + size,
			&piece)) {
		result = add_certificate(&wanted, piece.data, piece.size);
		count++;
	}
	if (!count)
		result = add_certificate(&wanted, certificates, size);
	if (!result)
		added = wanted;
	pthread_mutex_unlock(&lock);
	return result;
}

oe_result_t coffer_trust_root_hash(const uint8_t sha256[32])
{
	oe_result_t result;

	if (!sha256)
		return OE_INVALID_PARAMETER;
	pthread_mutex_lock(&lock);
	result = add_digest(&added, sha256);
	pthread_mutex_unlock(&lock);
	return result;
}

oe_result_t coffer_trust_intel_root(void)
{
	uint8_t digest[32];

	if (attest_sha256(attest_intel_root_key,
			sizeof(attest_intel_root_key), digest))
		return OE_CRYPTO_ERROR;
	return coffer_trust_root_hash(digest);
}

void coffer_trust_only_added_roots(void)
{
	pthread_mutex_lock(&lock);
	memset(&added, 0, sizeof(added));
	only_added = true;
	pthread_mutex_unlock(&lock);
}

void roots_believed(struct attest_roots *roots)
{
	bool defaults;

	pthread_mutex_lock(&lock);
	*roots = added;
	defaults = !only_added;
	pthread_mutex_unlock(&lock);
	if (defaults)
		world_default_roots(roots);
}

/* The root is the last certificate of the chain that signed the TCB info,
 * which verification has found to be that of the quote's chain. */
oe_result_t coffer_evidence_root(const oe_claim_t *claims,
	size_t claims_length, coffer_root_t *root,
	uint8_t root_key_sha256[32])
{
	const oe_claim_t *attributes, *chain;
	struct attest_roots one = { 0 };
	struct pem_piece piece, last = { 0 };
	const char *rest;
	uint8_t intel[32];
	uint64_t flags;

	if (!claims || !claims_length || !root)
		return OE_INVALID_PARAMETER;
	attributes = claims_find(claims, claims_length, OE_CLAIM_ATTRIBUTES);
	if (!attributes || attributes->value_size != sizeof(flags)
			|| !claims_find(claims, claims_length,
				OE_CLAIM_SGX_CPU_SVN))
		return OE_NOT_FOUND;
	memcpy(&flags, attributes->value, sizeof(flags));
	if (root_key_sha256)
		memset(root_key_sha256, 0, 32);
	if (!(flags & OE_EVIDENCE_ATTRIBUTES_SGX_REMOTE)) {
		*root = COFFER_ROOT_LOCAL;
		return OE_OK;
	}
	chain = claims_find(claims, claims_length,
		OE_CLAIM_SGX_TCB_ISSUER_CHAIN);
	if (!chain)
		return OE_NOT_FOUND;
	rest = (const char *)chain->value;
	while (pem_next(&rest, (const char *)chain->value
			+ chain->value_size, &piece))
		last = piece;
	if (!last.data || attest_roots_add_cert(&one, last.data, last.size,
			NULL))
		return OE_NOT_FOUND;
	if (attest_sha256(attest_intel_root_key,
			sizeof(attest_intel_root_key), intel))
		return OE_CRYPTO_ERROR;
	*root = memcmp(one.root[0].digest, intel, 32) ? COFFER_ROOT_SOFTWARE
		: COFFER_ROOT_INTEL;
	if (root_key_sha256)
		memcpy(root_key_sha256, one.root[0].digest, 32);
	return OE_OK;
}
