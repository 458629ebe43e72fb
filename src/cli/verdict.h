/* SPDX-License-Identifier: MIT */
/*
 * A verdict for people, and for programs.
 */
#ifndef COFFER_CLI_VERDICT_H
#define COFFER_CLI_VERDICT_H

#include "attest/verify.h"

#include <jansson.h>

/* A certificate of the quote's chain, as shown. */
struct verdict_cert {
	char subject[256], serial[48], until[ATTEST_REASON_SIZE];
	bool software; /* its name says that it is Coffer's */
};

struct verdict_chain {
	struct verdict_cert cert[3];
	size_t count;
};

/* Takes the chain of a quote apart, for showing: nothing is checked. */
void verdict_read_chain(const struct attest_quote *quote,
	struct verdict_chain *chain);

/* "Intel", "software (Coffer)", "software, not Intel's", or "not known". */
const char *verdict_root(const struct attest_verdict *verdict,
	const struct verdict_chain *chain);

void verdict_print(const struct attest_verdict *verdict,
	const struct verdict_chain *chain);
json_t *verdict_json(const struct attest_verdict *verdict,
	const struct verdict_chain *chain);

#endif
