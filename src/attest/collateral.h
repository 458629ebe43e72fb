/* SPDX-License-Identifier: MIT */
/*
 * What a verifier needs besides the quote, as verifiers fetch it.
 */
#ifndef COFFER_ATTEST_COLLATERAL_H
#define COFFER_ATTEST_COLLATERAL_H

#include <stddef.h>
#include <stdint.h>

/* Somebody's bytes; a NUL that ends a text may be counted or not. */
struct attest_bytes {
	const uint8_t *data;
	size_t size;
};

/* Chains are PEM, signer first, root last.  JSON is compact, as served.
 * CRLs are DER, PEM, or DER in hexadecimal. */
struct attest_collateral {
	struct attest_bytes tcb_info, tcb_info_chain;
	struct attest_bytes pck_crl, pck_crl_chain;
	struct attest_bytes root_crl;
	struct attest_bytes qe_identity, qe_identity_chain;
};

enum {
	ATTEST_COLLATERAL_PARTS = 7,
	ATTEST_COLLATERAL_PART_MAX = 1 << 20, /* bytes; larger is refused */
};

/* Part 0 ... 6 in the struct's order, for loops; and its name, as files of
 * a collateral folder have it: "tcb_info", "tcb_info_chain" ... */
const struct attest_bytes *attest_collateral_part(
	const struct attest_collateral *collateral, unsigned int part);
const char *attest_collateral_part_name(unsigned int part);

#endif
