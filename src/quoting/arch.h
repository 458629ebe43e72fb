/* SPDX-License-Identifier: MIT */
/*
 * The architectural enclaves of a machine, as this process holds them.
 */
#ifndef COFFER_QUOTING_ARCH_H
#define COFFER_QUOTING_ARCH_H

#include "pki/collateral.h"
#include "quoting/quoting.h"
#include <stdbool.h>
#include <stddef.h>

struct arch;

/* Signs, loads and certifies both for a virtual machine, which takes tenths
 * of a second, more when there is no CA yet.  0 or a negative errno. */
int arch_start(const char *vm, struct arch **, struct why *);

/* Ends the enclaves. */
void arch_stop(struct arch *);

/* What is known of quotes; constant. */
const struct quoting_target *arch_target_of(const struct arch *);

/* The functions below may be called by any number of threads. */

/* A quote of a REPORT, of arch_target_of()->quote_size bytes.  0; -EBADMSG
 * when it is no REPORT for the QE of this machine; -ENODEV when the enclave
 * is lost, so that this process is of no more use; -EIO. */
int arch_quote(struct arch *, const uint8_t report[QUOTING_REPORT_SIZE],
	uint8_t *quote, struct why *);

/* Collateral, as pki_collateral_get. */
int arch_collateral(struct arch *, const struct quoting_which *,
	struct pki_collateral *, struct why *);

#endif
