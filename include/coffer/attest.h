/* SPDX-License-Identifier: MIT */
/*
 * Whom a verifier of evidence believes. Enclaves and hosts.
 *
 * A quote ends in a root certificate, and a verifier must know which roots
 * to believe. By default these are:
 *
 *   in an enclave   the root that the processor's maker fused into it, which
 *                   the processor itself tells (EGETKEY, key name
 *                   COFFER_KEYNAME_ROOT): on Coffer the root of the machine's
 *                   own certificate authority. A processor that does not know
 *                   the name is Intel's: then Intel's root.
 *   in a host       the root of the local certificate authority
 *                   (`coffer ca show`), if there is one, and the roots in the
 *                   PEM file that the environment's COFFER_TRUSTED_ROOTS names.
 *
 * Others, Intel's among them, are believed only when a program says so here.
 *
 * Of evidence whose root is not Intel's the root of trust is software: it
 * shows what a Coffer machine ran, protected as Coffer protects, not that
 * silicon protects it. OE's claims have no place to say that; these functions
 * and a line in the log (level INFO) do.
 */
#ifndef COFFER_ATTEST_H
#define COFFER_ATTEST_H

#include <openenclave/bits/evidence.h>
#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/* No more than this many are added. */
#define COFFER_TRUSTED_ROOTS_MAX 6

/*
 * Believe one more root from now on, in all of this enclave or process.
 * certificates: PEM text with one or more certificates, or one in DER; size
 * in bytes, a NUL at the end may be counted. Only their keys matter (P-256).
 *
 * OE_OK (also when it was believed already); OE_INVALID_PARAMETER (no such
 * certificate in it); OE_OUT_OF_BOUNDS (too many); OE_OUT_OF_MEMORY. Nothing
 * is added unless all are.
 */
oe_result_t coffer_trust_root(const void *certificates, size_t size);

/* The same for a root's public key by its SHA-256, over x ‖ y (64 bytes, big
 * endian). */
oe_result_t coffer_trust_root_hash(const uint8_t sha256[32]);

/* Believe Intel's SGX root, beside the others. */
oe_result_t coffer_trust_intel_root(void);

/*
 * Forget what was added, and do not believe the defaults either: afterwards
 * only what is added from then on is believed. For programs with a root of
 * their own choice.
 */
void coffer_trust_only_added_roots(void);

/* What evidence rests on. */
typedef enum _coffer_root {
	/* A REPORT: the machine's own processor vouches. */
	COFFER_ROOT_LOCAL = 0,
	/* A root that is software: Coffer's, or one that was added. */
	COFFER_ROOT_SOFTWARE = 1,
	/* Intel's root of SGX. */
	COFFER_ROOT_INTEL = 2,
} coffer_root_t;

/*
 * On what verified evidence rests, from the claims that oe_verify_evidence
 * gave for it; they are not verified again. root_key_sha256, unless NULL, receives the
 * SHA-256 of the root's public key, zeros for COFFER_ROOT_LOCAL.
 *
 * OE_OK, OE_INVALID_PARAMETER, or OE_NOT_FOUND for claims of other formats
 * than SGX's.
 */
oe_result_t coffer_evidence_root(const oe_claim_t *claims,
	size_t claims_length, coffer_root_t *root,
	uint8_t root_key_sha256[32]);

OE_EXTERNC_END

#endif
