/* SPDX-License-Identifier: MIT */
#include "attest/roots.h"

#include "attest/crypto.h"
#include "cert_priv.h"
#include "text_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const uint8_t attest_intel_root_key[64] = {
	0x0b, 0xa9, 0xc4, 0xc0, 0xc0, 0xc8, 0x61, 0x93,
	0xa3, 0xfe, 0x23, 0xd6, 0xb0, 0x2c, 0xda, 0x10,
	0xa8, 0xbb, 0xd4, 0xe8, 0x8e, 0x48, 0xb4, 0x45,
	0x85, 0x61, 0xa3, 0x6e, 0x70, 0x55, 0x25, 0xf5,
	0x67, 0x91, 0x8e, 0x2e, 0xdc, 0x88, 0xe4, 0x0d,
	0x86, 0x0b, 0xd0, 0xcc, 0x4e, 0xe2, 0x6a, 0xac,
	0xc9, 0x88, 0xe5, 0x05, 0xa9, 0x53, 0x55, 0x8c,
	0x45, 0x3f, 0x6b, 0x09, 0x04, 0xae, 0x73, 0x94,
};

bool attest_root_is_intel(const uint8_t key[64])
{
	return !memcmp(key, attest_intel_root_key,
		sizeof(attest_intel_root_key));
}

int attest_roots_add_digest(struct attest_roots *roots,
	const uint8_t *digest, size_t size)
{
	struct attest_root *root = &roots->root[roots->count];

	if (size != 16 && size != 32)
		return -EINVAL;
	if (roots->count >= ATTEST_ROOTS_MAX)
		return -ENOSPC;
	memset(root, 0, sizeof(*root));
	memcpy(root->digest, digest, size);
	root->size = (uint8_t)size;
	roots->count++;
	return 0;
}

int attest_roots_add_key(struct attest_roots *roots, const uint8_t key[64])
{
	uint8_t digest[32];
	int error = attest_sha256(key, 64, digest);

	return error ? error : attest_roots_add_digest(roots, digest, 32);
}

int attest_roots_add_intel(struct attest_roots *roots)
{
	return attest_roots_add_key(roots, attest_intel_root_key);
}

int attest_roots_add_cert(struct attest_roots *roots, const uint8_t *bytes,
	size_t size, struct why *why)
{
	struct attest_bytes text =
		attest_text_trim((struct attest_bytes){ bytes,
		size });
	uint8_t *der = NULL;
	struct cert cert;
	int error;

	if (text.size && text.data[0] == '-') {
		error = attest_text_pem_next(&text, "CERTIFICATE", &der, &size);
		if (error == -ENOMEM)
			return error;
		if (error || text.size) {
			free(der);
			return why_set(why, -EINVAL,
				"not one certificate in PEM");
		}
		bytes = der;
	}
	error = attest_cert_read(bytes, size, &cert, why);
	if (!error)
		error = attest_cert_check_role(&cert, CERT_ROOT, why);
	if (!error)
		error = attest_cert_check_issuer(&cert, &cert, why);
	if (error == -EBADMSG)
		error = -EINVAL;
	if (!error)
		error = attest_roots_add_key(roots, cert.key);
	if (error == -ENOSPC)
		why_set(why, error, "more than %d trusted roots",
			ATTEST_ROOTS_MAX);
	attest_cert_free(&cert);
	free(der);
	return error;
}

bool attest_roots_hold(const struct attest_roots *roots,
	const uint8_t key[64])
{
	uint8_t digest[32];

	if (attest_sha256(key, 64, digest))
		return false;
	for (size_t i = 0; i < roots->count && i < ATTEST_ROOTS_MAX; i++) {
		const struct attest_root *root = &roots->root[i];

		if ((root->size == 16 || root->size == 32) &&
				!memcmp(root->digest, digest, root->size))
			return true;
	}
	return false;
}
