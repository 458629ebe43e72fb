/* SPDX-License-Identifier: MIT */
/* SDM 3D: SIGSTRUCT */
#include "sigstruct.h"
#include <string.h>

#define VENDOR_INTEL 0x8086u

bool all_zero(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint8_t seen = 0;

	while (size--)
		seen |= *bytes++;
	return !seen;
}

bool sigstruct_is_well_formed(const struct sgx_sigstruct *sig)
{
	static const uint8_t header[16] = SGX_SIGSTRUCT_HEADER;
	static const uint8_t header2[16] = SGX_SIGSTRUCT_HEADER2;

	if (memcmp(sig->header, header, sizeof header) ||
	    memcmp(sig->header2, header2, sizeof header2))
		return false;
	if (sig->vendor != 0 && sig->vendor != VENDOR_INTEL)
		return false;
	if (sig->exponent != 3)
		return false;
	if (sig->cet_attributes || sig->cet_attributes_mask)
		return false;
	return all_zero(sig->reserved1, sizeof sig->reserved1) &&
		all_zero(sig->reserved2, sizeof sig->reserved2) &&
		all_zero(sig->reserved3, sizeof sig->reserved3) &&
		all_zero(sig->reserved4, sizeof sig->reserved4);
}

bool sigstruct_is_signed(const struct sgx_crypto_ops *crypto,
	const struct sgx_sigstruct *sig)
{
	const uint8_t *bytes = (const uint8_t *)sig;
	struct sgx_sha256 context;
	uint8_t digest[32], q1[384], q2[384];

	crypto->sha256.init(&context);
	crypto->sha256.update(&context, bytes, SGX_SIGSTRUCT_PART1_SIZE);
	crypto->sha256.update(&context, bytes + SGX_SIGSTRUCT_PART2_OFFSET,
		SGX_SIGSTRUCT_PART2_SIZE);
	crypto->sha256.final(&context, digest);
	if (crypto->rsa3072_verify(sig->modulus, sig->signature, digest) ||
	    crypto->rsa3072_quotients(sig->modulus, sig->signature, q1, q2))
		return false;
	return !memcmp(q1, sig->q1, sizeof q1) &&
		!memcmp(q2, sig->q2, sizeof q2);
}

void sigstruct_signer_hash(const struct sgx_crypto_ops *crypto,
	const struct sgx_sigstruct *sig, uint8_t mrsigner[32])
{
	struct sgx_sha256 context;

	crypto->sha256.init(&context);
	crypto->sha256.update(&context, sig->modulus, sizeof sig->modulus);
	crypto->sha256.final(&context, mrsigner);
}
