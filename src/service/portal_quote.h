/* SPDX-License-Identifier: MIT */
/* POST /portal/quote: portal_quote.c asks and verifies, portal_fields.c and
 * portal_verdict.c say what came out. */
#ifndef COFFER_SERVICE_PORTAL_QUOTE_H
#define COFFER_SERVICE_PORTAL_QUOTE_H

#include "attest/verify.h"
#include "service/maa.h"
#include <jansson.h>

struct portal_quotes {
	struct maa_source source; /* of collateral */
};

/* [{"part", "name", "offset", "size", "hex", "text"}] of a quote that has
 * been parsed from bytes: all of it but the certificates. */
json_t *portal_quote_fields(const uint8_t *bytes,
	const struct attest_quote *);

/* Certificates in PEM, as the quote has them: names, dates, serial numbers;
 * nothing is checked.  [{"role", "subject", "issuer", …}] */
json_t *portal_quote_chain(const struct attest_quote *);

/* Sets "verdict", "enclave", "machine" and "collateral", as far as
 * verification came. */
void portal_verdict(json_t *out, const struct attest_verdict *);

#endif
