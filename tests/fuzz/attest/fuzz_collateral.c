/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the parts of collateral.  The first byte chooses the reader;
 * for JSON there is one for the signed object alone, which need not be found
 * behind a signature.
 */
#include "attest/cert_priv.h"
#include "attest/crl_priv.h"
#include "attest/qe_identity_priv.h"
#include "attest/tcb_info_priv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_tcb_info(const struct signed_json *json)
{
	const struct attest_pck pck = { .pcesvn = 9 };
	struct tcb_info info;
	struct why why;

	if (!attest_tcb_info_read(json, &info, &why))
		attest_tcb_info_match(&info, &pck);
	attest_tcb_info_free(&info);
}

static void read_identity(const struct signed_json *json)
{
	const struct sgx_report_body report = { .isv_svn = 9 };
	struct qe_identity identity;
	struct why why;

	if (!attest_qe_identity_read(json, &identity, &why)) {
		attest_qe_identity_match(&identity, &report);
		attest_qe_identity_check(&identity, &report, &why);
	}
	attest_qe_identity_free(&identity);
}

static void read_certificates(struct attest_bytes text)
{
	struct chain chain;
	struct attest_pck pck;
	struct why why;

	if (!attest_chain_read(text, 2, &chain, &why)) {
		for (int role = CERT_ROOT; role <= CERT_TCB_SIGNER; role++)
			attest_cert_check_role(&chain.cert[0], role, &why);
		attest_cert_check_issuer(&chain.cert[0], &chain.cert[1], &why);
		attest_cert_pck(&chain.cert[0], &pck, &why);
	}
	attest_chain_free(&chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct signed_json json;
	struct attest_bytes text;
	struct crl crl;
	struct why why;
	uint8_t *copy;

	if (!size)
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	text = (struct attest_bytes){ copy + 1, size - 1 };
	switch (copy[0] % 6) {
	case 0:
		if (!attest_signed_json_split(text, "tcbInfo", &json, &why))
			read_tcb_info(&json);
		break;
	case 1:
		json.object = text;
		read_tcb_info(&json);
		break;
	case 2:
		if (!attest_signed_json_split(text, "enclaveIdentity", &json,
			&why))
			read_identity(&json);
		break;
	case 3:
		json.object = text;
		read_identity(&json);
		break;
	case 4:
		attest_crl_read(text, &crl, &why);
		attest_crl_free(&crl);
		break;
	case 5:
		read_certificates(text);
		break;
	}
	free(copy);
	return 0;
}
