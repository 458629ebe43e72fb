/* SPDX-License-Identifier: MIT */
/*
 * What clients asked and were answered, and whether it can be true of one
 * ledger that performs each request once, at a moment between question and
 * answer.
 */
#ifndef FAILOVER_HISTORY_H
#define FAILOVER_HISTORY_H

#include "../ledger.h"

#include <stdio.h>

struct history_entry {
	uint64_t sequence; /* of its client */
	uint64_t asked, answered; /* nanoseconds, of one clock for all */
	struct ledger_operation operation;
	struct ledger_result result;
	uint64_t version;
	uint32_t failovers; /* how often another member was gone to */
	uint32_t client; /* the beginning of its name */
};

struct history {
	struct history_entry *entries;
	size_t count;
};

/* One line, at once; several clients may append to one file. */
void history_write(FILE *, const struct history_entry *);
/* Adds what clients wrote.  False, with a line on standard error, if it is
 * damaged or there is no memory. */
bool history_read(struct history *, FILE *);
void history_free(struct history *);

/*
 * Checks the answers of all clients of a ledger: sorted by position there is
 * each position from 1 once (none is lost, none was applied twice); a model
 * of the accounts gives the same results; a request that was answered before
 * another one was asked comes before it, and not at a later version.  NULL,
 * or what is wrong (static, until the next call).
 */
const char *history_check(struct history *);

#endif
