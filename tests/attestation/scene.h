/* SPDX-License-Identifier: MIT */
/* Two provers, one with each crypto library, and what hosts ask them. */
#ifndef PROVERS_SCENE_H
#define PROVERS_SCENE_H

#include <openenclave/host.h>

#include <openenclave/attestation/custom_claims.h>
#include <openenclave/attestation/sgx/evidence.h>
#include <openenclave/attestation/verifier.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "prover_u.h"

enum { LOCAL, ECDSA, LEGACY, RAW, EPID, UNKNOWN, WITH_HEADER = -1 };

/* The enclaves' images: with mbedTLS, with OpenSSL. */
extern const char *provers_image[2];
extern oe_enclave_t *provers[2];
int provers_start(void **state);
int provers_end(void **state);

/* An ecall that gives a result: that of the call, or the enclave's. */
#define ASK(CALL)                                          \
	({                                                 \
		oe_result_t answer = OE_UNEXPECTED;        \
		oe_result_t called = CALL;                 \
		called ? called : answer;                  \
	})
/* An ecall that checks: 0 or a line. */
#define INSIDE(CALL)                                                       \
	do {                                                               \
		int answer = -1;                                           \
		oe_result_t called = CALL;                                 \
		if (called || answer)                                      \
			fail_msg("%s: %s, line %d", #CALL,                 \
				oe_result_str(called), answer);            \
	} while (0)
#define IS(CALL, WANTED)                                                   \
	do {                                                               \
		oe_result_t is_got = (CALL), is_wanted = (WANTED);         \
		if (is_got != is_wanted)                                   \
			fail_msg("%s: %s, not %s", #CALL,                  \
				oe_result_str(is_got),                     \
				oe_result_str(is_wanted));                 \
	} while (0)

struct bytes {
	uint8_t data[16 * 1024];
	size_t size;
};

/* Claims that came out of an enclave. */
struct proof {
	oe_claim_t *claims;
	size_t count;
	int root; /* coffer_root_t, or -1 */
};

/* Evidence of provers[who]; target NULL for none; endorsements NULL: not
 * wanted, else 64 KiB of room. */
oe_result_t prove(int who, int format, uint32_t flags, const char *custom,
	const struct bytes *target, struct bytes *evidence,
	uint8_t *endorsements, size_t *endorsements_size);
#define ENDORSEMENTS_ROOM (64u * 1024)

/* provers[who] verifies; proof_free afterwards. */
oe_result_t verify(int who, int format, const uint8_t *evidence, size_t size,
	const uint8_t *endorsements, size_t endorsements_size,
	const oe_datetime_t *date, struct proof *proof);
void proof_free(struct proof *proof);

/* The settings of provers[who] for local evidence. */
void target_of(int who, struct bytes *target);

/* The claims are those of provers[who], in order, with these sizes; how many
 * of them are there.  remote: all of a quote's. */
size_t check_claims(int who, int format, const oe_claim_t *claims,
	size_t count, bool remote);
const oe_claim_t *claim_of(const oe_claim_t *claims, size_t count,
	const char *name);

#endif
