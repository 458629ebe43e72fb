/* SPDX-License-Identifier: MIT */
#include "evidence.h"

#include <openenclave/host_verify.h>
#include <openssl/x509.h>
#include <string.h>

static const oe_claim_t *find(const oe_claim_t *claims, size_t count,
	const char *name, size_t size)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(claims[i].name, name))
			return claims[i].value_size == size ? &claims[i]
				: NULL;
	return NULL;
}

static const char *judge(const oe_claim_t *claims, size_t count,
	const struct client_wanted *wanted)
{
	const oe_claim_t *signer = find(claims, count, OE_CLAIM_SIGNER_ID, 32);
	const oe_claim_t *product = find(claims, count, OE_CLAIM_PRODUCT_ID,
		OE_PRODUCT_ID_SIZE);
	const oe_claim_t *version = find(claims, count,
		OE_CLAIM_SECURITY_VERSION, sizeof(uint32_t));
	const oe_claim_t *attributes = find(claims, count,
		OE_CLAIM_ATTRIBUTES, sizeof(uint64_t));
	uint64_t flags;
	uint32_t svn;

	if (!signer || !product || !version || !attributes)
		return "the evidence lacks a claim";
	memcpy(&flags, attributes->value, sizeof(flags));
	memcpy(&svn, version->value, sizeof(svn));
	if (memcmp(signer->value, wanted->signer, 32))
		return "an enclave that somebody else signed";
	if ((product->value[0] | product->value[1] << 8) != wanted->product)
		return "an enclave of another product";
	if (svn < wanted->svn)
		return "an older version of the enclave";
	if (flags & OE_EVIDENCE_ATTRIBUTES_SGX_DEBUG)
		return "an enclave that is open to debuggers";
	return NULL;
}

const char *evidence_check(SSL *ssl, const struct client_wanted *wanted)
{
	X509 *certificate = SSL_get1_peer_certificate(ssl);
	const char *why = "the evidence does not verify";
	oe_claim_t *claims = NULL;
	uint8_t *der = NULL;
	size_t count = 0;
	int size = certificate ? i2d_X509(certificate, &der) : -1;

	if (size > 0 && !oe_verify_attestation_certificate_with_evidence_v2(
			der, (size_t)size, NULL, 0, NULL, 0, &claims, &count))
		why = judge(claims, count, wanted);
	oe_free_claims(claims, count);
	OPENSSL_free(der);
	X509_free(certificate);
	return why;
}
