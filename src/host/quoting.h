/* SPDX-License-Identifier: MIT */
/*
 * Quotes from the host's side: a client of coffer-quoting, which cofferd
 * starts when somebody asks for the first time (quoting/quoting.h).
 *
 * Functions may be called by any thread; each process keeps a few connections.
 * They return 0 or a negative errno with the reason in why (may be NULL):
 * those of struct quoting_reply, and -ENODEV when there is no machine or it
 * has no quoting service, -ENOTSUP on the kernel's SGX driver.
 *
 * Nothing here is trusted by enclaves, and nothing here checks a quote.
 */
#ifndef COFFER_HOST_QUOTING_H
#define COFFER_HOST_QUOTING_H

#include "attest/collateral.h"
#include "common/why.h"
#include "quoting/quoting.h"
#include <stddef.h>
#include <stdint.h>

/* What EREPORT needs for a REPORT that quoting_quote takes. */
int quoting_target_info(uint8_t target_info[QUOTING_TARGET_SIZE],
	struct why *why);

/* The same with what else is known of the machine's quotes. */
int quoting_target(struct quoting_target *target, struct why *why);

/* A quote of a REPORT: malloc memory, the caller's, of *size bytes. */
int quoting_quote(const uint8_t report[QUOTING_REPORT_SIZE],
	uint8_t **quote, size_t *size, struct why *why);

struct quoting_collateral {
	struct attest_collateral view; /* of the memory */
	void *memory; /* malloc */
};

/* Collateral for a platform's quotes, fresh: api_version 3 or 4.  Free it
 * with quoting_collateral_free. */
int quoting_collateral(const uint8_t fmspc[6], enum quoting_ca ca,
	unsigned api_version, struct quoting_collateral *out,
	struct why *why);

/* NULL members are allowed; leaves zeroes. */
void quoting_collateral_free(struct quoting_collateral *collateral);

#endif
