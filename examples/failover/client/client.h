/* SPDX-License-Identifier: MIT */
/*
 * A client of the ledger's service.  It talks to a member only after the
 * member has proved to be the enclave that the client wants; when one does not
 * answer, it goes on to the next with the same request under the same number.
 * It remembers the point of its last answer and shows it to every member, so
 * it is not served from an older ledger or from another history.
 */
#ifndef FAILOVER_CLIENT_H
#define FAILOVER_CLIENT_H

#include "../ledger.h"

#define CLIENT_MEMBERS 8u

struct client_wanted {
	uint8_t signer[32]; /* MRSIGNER */
	uint16_t product, svn; /* this product, this version or later */
};

struct client;

/* ports: of the members, on the loopback address.  memory: the file in which
 * the client's name, number and last point outlive it, made if missing; NULL:
 * it is a new client, and its memory ends with it.  NULL on failure, said on
 * standard error.  oe_verifier_initialize() comes before. */
struct client *client_open(const uint16_t *ports, size_t count,
	const struct client_wanted *, const char *memory);
void client_close(struct client *);

/*
 * Has an operation performed, exactly once.  Returns LEDGER_DONE with the
 * answer; or, when so many milliseconds have passed or every member has
 * refused, the verdict that says most (client_why() has the sentence).  Then
 * nobody knows whether it was performed: the next call has to repeat it, and
 * does so whatever operation it is given, before that.
 */
enum ledger_verdict client_do(struct client *,
	const struct ledger_operation *, unsigned milliseconds,
	struct ledger_answer *);
const char *client_why(const struct client *);

/* The member that was talked to last, and how often another one was gone to. */
size_t client_member(const struct client *);
unsigned client_failovers(const struct client *);
/* What it would show a member next. */
const struct ledger_request *client_next(const struct client *);

/* "64 hexadecimal digits" as MRSIGNER. */
bool client_signer(const char *hex, uint8_t signer[32]);

#endif
