/* SPDX-License-Identifier: MIT */
/*
 * What a PCK chain and collateral say of a machine, whichever of its
 * enclaves is attested and whatever the time is: all that the cache keeps.
 */
#ifndef COFFER_ATTEST_MACHINE_PRIV_H
#define COFFER_ATTEST_MACHINE_PRIV_H

#include "attest/verify.h"
#include "qe_identity_priv.h"

enum { DATED_COUNT = 8 };

/* A part with dates; the index is that of its bit in enum attest_dated. */
struct dated {
	int64_t from, until;
};

struct machine {
	/* ATTEST_OK, or the first thing that speaks against all quotes of
	 * this machine, whose words are why. */
	enum attest_status status;
	struct why why;
	struct attest_pck pck;
	uint8_t root_key[64];
	struct dated dated[DATED_COUNT];
	uint32_t tcb_evaluation_number;
	uint64_t pck_crl_number, root_crl_number;
	bool level_found;
	enum attest_tcb_status level;
	int64_t tcb_date;
	char advisory[ATTEST_ADVISORIES_MAX][ATTEST_ADVISORY_SIZE];
	size_t advisory_count;
	struct qe_identity identity;
	/* The last report of the quoting enclave that was found signed by
	 * the PCK, and its signature: quotes of one machine bring the same
	 * until its quoting enclave has another key. */
	bool report_known;
	struct sgx_report_body report;
	uint8_t report_signature[64];
	/* The last attestation key that a genuine report was found bound to,
	 * made ready; NULL: none. */
	struct attest_key *key;
	uint8_t key_bytes[64];
};

/*
 * Finds it out, for the chain in a quote (type 5).  0 when there is an
 * answer, whatever it says; -ENOMEM; -EIO.  Release with attest_machine_free in
 * each case.
 */
int attest_machine_judge(struct attest_bytes chain,
	const struct attest_collateral *collateral,
	const struct attest_roots *roots, struct machine *machine);
void attest_machine_free(struct machine *machine);

/* Adds advisories, each once. */
void attest_advisories_add(json_t *list,
	char advisory[ATTEST_ADVISORIES_MAX][ATTEST_ADVISORY_SIZE],
	size_t *count);

const char *attest_dated_name(unsigned int index);

#endif
