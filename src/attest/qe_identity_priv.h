/* SPDX-License-Identifier: MIT */
/*
 * QE identity, version 2: which enclave may hold attestation keys.
 */
#ifndef COFFER_ATTEST_QE_IDENTITY_PRIV_H
#define COFFER_ATTEST_QE_IDENTITY_PRIV_H

#include "signed_json_priv.h"

#include <coffer/sgx_arch.h>

struct qe_level {
	uint16_t isv_svn;
	int64_t date;
	enum attest_tcb_status status;
	json_t *advisories; /* borrowed from the document; may be NULL */
};

struct qe_identity {
	json_t *document; /* owned */
	int64_t from, until;
	uint32_t evaluation_number;
	uint32_t misc_select, misc_select_mask;
	uint8_t attributes[16], attributes_mask[16];
	uint8_t mrsigner[32];
	uint16_t isv_prod_id;
	struct qe_level *level; /* owned; highest first */
	size_t count;
};

/* Errors as of attest_tcb_info_read. */
int attest_qe_identity_read(const struct signed_json *json,
	struct qe_identity *identity, struct why *why);
void attest_qe_identity_free(struct qe_identity *identity);

/* Is this report by that enclave?  0, or -EINVAL and why. */
int attest_qe_identity_check(const struct qe_identity *identity,
	const struct sgx_report_body *report, struct why *why);

/* The highest level that its SVN reaches, or NULL. */
const struct qe_level *attest_qe_identity_match(
	const struct qe_identity *identity,
	const struct sgx_report_body *report);

#endif
