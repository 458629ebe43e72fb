/* SPDX-License-Identifier: MIT */
/*
 * The ledger of this member and the one in the store.  Requests of all
 * connections that come while one batch is being stored make the next batch.
 */
#ifndef FAILOVER_COMMIT_H
#define FAILOVER_COMMIT_H

#include "../ledger.h"
#include "record.h"

/* The released key; copied.  Once, before everything else. */
void commit_open(const uint8_t key[RECORD_KEY]);

/* Has a request applied and stored, and returns when that is so or is not to
 * be had.  A request whose verdict is not LEDGER_DONE may yet be found to be
 * applied; its client asks again, here or elsewhere, with the same number. */
void commit_request(const struct ledger_request *, struct ledger_answer *);

uint64_t commit_version(void);

#endif
