/* SPDX-License-Identifier: MIT */
/*
 * The ledger: accounts, and what each client asked last.  Pure C over memory:
 * the enclaves run it, and so do tests outside.
 *
 * A client numbers what it asks.  The ledger keeps each client's last request
 * with its result, so that a request that is sent again, because its answer
 * was lost, gets the same answer and is applied once.
 *
 * The chain is a hash of all that was ever applied, in order.  A point
 * (version and chain) thus names one history.  Each answer tells the client
 * the point at which its request was applied; with the next request the
 * client shows it, and the ledger has it on record or refuses.  So a client
 * that was answered in one history is not answered in another one: neither in
 * an older one nor in one that has parted from its own.
 *
 * Numbers are little endian, structures without padding: they travel and are
 * sealed as they lie in memory.
 */
#ifndef FAILOVER_LEDGER_H
#define FAILOVER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEDGER_ACCOUNTS 64u
#define LEDGER_CLIENTS 256u
#define LEDGER_HASH 32u
#define LEDGER_ID 16u
#define LEDGER_AMOUNT_MAX 1000000000u

struct ledger_point {
	uint64_t version; /* how many times the ledger was stored */
	uint8_t chain[LEDGER_HASH];
};

enum ledger_kind {
	LEDGER_READ = 1,     /* the balance of from */
	LEDGER_DEPOSIT = 2,  /* amount to the account to */
	LEDGER_TRANSFER = 3, /* amount from from to to */
};

struct ledger_operation {
	uint32_t kind;
	uint32_t from, to;
	uint32_t amount;
};

enum ledger_outcome {
	LEDGER_APPLIED = 1,
	LEDGER_NOT_ENOUGH = 2, /* money in the account; nothing was changed */
	LEDGER_NONSENSE = 3,   /* no such account, kind or amount; the same */
};

struct ledger_result {
	uint32_t outcome;
	uint32_t zero;
	int64_t balance;   /* of from, or with a deposit of to, afterwards */
	uint64_t position; /* of this request among all, from 1 */
};

struct ledger_request {
	/* Random, made by the client and known to it and to the enclaves: who
	 * knows it is the client. */
	uint8_t client[LEDGER_ID];
	uint64_t sequence; /* 1, 2, ... */
	struct ledger_point last; /* of the answer to sequence - 1; or zero */
	struct ledger_operation operation;
};

enum ledger_verdict {
	LEDGER_DONE = 1,        /* and only then there are a result and a point */
	LEDGER_OLD = 2,         /* the store's ledger is older than one that the
				   client, or the member itself, has seen */
	LEDGER_FORKED = 3,      /* it is of another history */
	LEDGER_MISNUMBERED = 4, /* the client's numbers make no sense */
	LEDGER_FULL = 5,        /* no room for another client */
	LEDGER_FORGED = 6,      /* what the store has is not from an enclave */
	LEDGER_UNAVAILABLE = 7, /* the store does not answer; ask again */
};

struct ledger_answer {
	uint32_t verdict;
	uint32_t zero;
	uint64_t sequence; /* of the request */
	struct ledger_result result;
	struct ledger_point point;
};

/* A client's last request. */
struct ledger_client {
	uint8_t id[LEDGER_ID];
	uint64_t sequence;
	struct ledger_point before; /* what it showed */
	struct ledger_operation operation;
	struct ledger_result result;
	struct ledger_point done; /* what it was told */
};

struct ledger {
	struct ledger_point point;
	uint64_t operations; /* applied so far */
	uint64_t client_count;
	int64_t balance[LEDGER_ACCOUNTS];
	struct ledger_client client[LEDGER_CLIENTS];
};

_Static_assert(sizeof(struct ledger_request) == 80, "no padding");
_Static_assert(sizeof(struct ledger_answer) == 80, "no padding");
_Static_assert(sizeof(struct ledger_client) == 144, "no padding");

/* Bytes of a ledger that are in use; the rest is clients that are not there. */
size_t ledger_size(const struct ledger *);
#define LEDGER_SIZE_MAX sizeof(struct ledger)

/* Takes size bytes as a ledger.  False if they cannot be one. */
bool ledger_read(struct ledger *, const void *bytes, size_t size);

/*
 * Applies a request.  LEDGER_DONE: it is on record, now or since it was sent
 * before; *client is the index of its client, whose result is the answer, and
 * *added says whether the ledger was changed.  Any other verdict: the ledger
 * was not changed.
 */
enum ledger_verdict ledger_apply(struct ledger *,
	const struct ledger_request *, size_t *client, bool *added);

/* After a batch of requests: the next version.  Tells the clients of requests
 * that were applied since the ledger was at this version. */
void ledger_advance(struct ledger *);

/* May a ledger at this point take the place of one at that?  LEDGER_DONE, or
 * LEDGER_OLD or LEDGER_FORKED.  (Of points further apart no more can be said
 * than which is later: what a client shows is what finds a fork.) */
enum ledger_verdict ledger_follows(const struct ledger_point *next,
	const struct ledger_point *known);

#endif
