/* SPDX-License-Identifier: MIT */
#ifndef COFFER_TESTS_UNIT_ATTEST_HELPER_H
#define COFFER_TESTS_UNIT_ATTEST_HELPER_H

#include "mint.h"
#include "tests.h"

/* Verifies what mint made, at MINT_NOW under its root; the verdict lives
 * until the next call. */
const struct attest_verdict *judge(struct mint *mint);

/* The same with everything chosen. */
const struct attest_verdict *judge_with(const struct mint *mint,
	int64_t time, uint32_t flags, struct attest_cache *cache);

/* Makes what mint is set to, verifies it, and expects the status; the
 * message names what was tried when it is another. */
void expect(struct mint *mint, enum attest_status status, const char *what);

/* Does a sentence of the verdict contain these words? */
bool says(const struct attest_verdict *verdict, const char *words);

#endif
