/* SPDX-License-Identifier: MIT */
/*
 * The bodies of TCB information, enclave identity and evaluation numbers:
 * compact JSON in the order of members that verifiers insist on.  Private to
 * src/pki.
 */
#ifndef COFFER_PKI_JSON_H
#define COFFER_PKI_JSON_H

#include "pki/collateral.h"
#include <stdint.h>
#include <stdio.h>

/* TCB evaluation data numbers: the standard one, the early one, and the
 * oldest that is still answered for. */
#define JSON_EVALUATION 17u
#define JSON_EVALUATION_EARLY 18u
#define JSON_EVALUATION_OLDEST 16u

/* Each writes one object, without the signature around it.  version: of the
 * structure, 2 or 3. */
void json_tcb_info(FILE *, const uint8_t fmspc[PKI_FMSPC_SIZE],
	unsigned version, unsigned evaluation, int64_t from, int64_t until);
void json_qe_identity(FILE *, const uint8_t mrsigner[32], unsigned evaluation,
	int64_t from, int64_t until);
void json_evaluation_numbers(FILE *, int64_t from, int64_t until);

/* "2026-01-31T12:00:00Z" and back; 0 for something else. */
void json_date(int64_t when, char text[24]);
int64_t json_parse_date(const char *text);

#endif
