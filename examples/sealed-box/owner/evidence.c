/* SPDX-License-Identifier: MIT */
#include "evidence.h"
#include "seal.h"

#include <openenclave/host_verify.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const oe_claim_t *find(const oe_claim_t *claims, size_t count,
	const char *name, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(claims[i].name, name))
			return claims[i].value_size == size ? &claims[i] : NULL;
	return NULL;
}

static bool same_hex(const uint8_t *bytes, size_t size, const char *hex)
{
	for (size_t i = 0; i < size; i++) {
		char digits[3];

		snprintf(digits, sizeof(digits), "%02x", bytes[i]);
		if (strncmp(digits, hex + 2 * i, 2))
			return false;
	}
	return strlen(hex) == 2 * size;
}

static const char *check_claims(const oe_claim_t *claims, size_t count,
	const uint8_t *sealed, size_t sealed_size,
	const struct evidence_wanted *wanted)
{
	uint8_t bound[sizeof(BOX_LABEL_EVIDENCE) - 1 + BOX_HASH_SIZE];
	const oe_claim_t *signer = find(claims, count, OE_CLAIM_SIGNER_ID, 32);
	const oe_claim_t *product = find(claims, count, OE_CLAIM_PRODUCT_ID, 16);
	const oe_claim_t *version = find(claims, count,
		OE_CLAIM_SECURITY_VERSION, 4);
	const oe_claim_t *attributes = find(claims, count, OE_CLAIM_ATTRIBUTES,
		8);
	const oe_claim_t *custom = find(claims, count,
		OE_CLAIM_CUSTOM_CLAIMS_BUFFER, sizeof(bound));
	uint64_t flags;
	uint32_t svn;

	if (!signer || !product || !version || !attributes || !custom)
		return "the evidence lacks a claim";
	memcpy(bound, BOX_LABEL_EVIDENCE, sizeof(bound) - BOX_HASH_SIZE);
	if (seal_hash(sealed, sealed_size, bound + sizeof(bound) - BOX_HASH_SIZE))
		return "hashing failed";
	memcpy(&flags, attributes->value, sizeof(flags));
	memcpy(&svn, version->value, sizeof(svn));
	if (memcmp(custom->value, bound, sizeof(bound)))
		return "the evidence is about another result";
	if (!wanted->signer || !same_hex(signer->value, 32, wanted->signer))
		return "the evidence is of an enclave that somebody else signed";
	if ((product->value[0] | product->value[1] << 8) != wanted->product)
		return "the evidence is of another product";
	if (svn < wanted->svn)
		return "the evidence is of an older version of the enclave";
	if (flags & OE_EVIDENCE_ATTRIBUTES_SGX_DEBUG)
		return "the evidence is of a debug enclave";
	return NULL;
}

const char *evidence_check(const uint8_t *evidence, size_t size,
	const uint8_t *sealed, size_t sealed_size,
	const struct evidence_wanted *wanted, char *what, size_t what_size)
{
	const char *wrong = "the evidence does not verify";
	oe_claim_t *claims = NULL;
	size_t count = 0;
	oe_result_t result;

	if (oe_verifier_initialize() != OE_OK)
		return "no verifier";
	result = oe_verify_evidence(NULL, evidence, size, NULL, 0, NULL, 0,
		&claims, &count);
	if (result == OE_OK)
		wrong = check_claims(claims, count, sealed, sealed_size, wanted);
	else
		fprintf(stderr, "%s\n", oe_result_str(result));
	snprintf(what, what_size, "Evidence: this result is of enclave product "
		"%u of signer %.16s..., version %u or\n  later, on an "
		"up-to-date machine.  Root of trust: software.", wanted->product,
		wanted->signer ? wanted->signer : "", wanted->svn);
	oe_free_claims(claims, count);
	oe_verifier_shutdown();
	return wrong;
}
