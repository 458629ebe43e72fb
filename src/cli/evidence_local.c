/* SPDX-License-Identifier: MIT */
#include "evidence.h"

#include "pki/ca.h"
#include "pki/collateral.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int find(struct pki **pki, struct why *why)
{
	int error = pki_find(NULL, pki, why);

	if (error == -ENOENT)
		why_set(why, error, "there is no certificate authority of "
			"Coffer's here; give --root and --collateral, or make "
			"one with `coffer ca init`");
	return error;
}

static int copy(const struct attest_collateral *from,
	struct evidence *evidence)
{
	for (unsigned int i = 0; i < ATTEST_COLLATERAL_PARTS; i++) {
		const struct attest_bytes *part =
			attest_collateral_part(from, i);
		uint8_t *bytes = malloc(part->size + 1);

		if (!bytes)
			return -ENOMEM;
		if (part->size)
			memcpy(bytes, part->data, part->size);
		bytes[part->size] = 0;
		evidence_set(evidence, i, bytes, part->size);
	}
	return 0;
}

int evidence_from_local(const struct attest_pck *pck,
	struct evidence *evidence, struct why *why)
{
	struct pki_collateral collateral;
	struct pki *pki;
	int error = find(&pki, why);

	if (error)
		return error;
	error = pki_collateral_get(pki, pck->fmspc,
		pck->ca == ATTEST_CA_PLATFORM ? PKI_CA_PLATFORM :
		PKI_CA_PROCESSOR, 4, &collateral, why);
	if (!error) {
		error = copy(&collateral.view, evidence);
		pki_collateral_free(&collateral);
	}
	pki_close(pki);
	return error;
}

int evidence_local_root(struct attest_roots *roots, struct why *why)
{
	uint8_t key[64];
	struct pki *pki;
	int error = find(&pki, why);

	if (error)
		return error;
	pki_root_key(pki, key);
	pki_close(pki);
	error = attest_roots_add_key(roots, key);
	return error ? why_set(why, error, "too many roots") : 0;
}
