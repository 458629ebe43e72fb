/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include <mbedtls/sha256.h>
#include <string.h>

size_t ledger_size(const struct ledger *l)
{
	return offsetof(struct ledger, client) +
		l->client_count * sizeof(l->client[0]);
}

bool ledger_read(struct ledger *l, const void *bytes, size_t size)
{
	if (size < offsetof(struct ledger, client) || size > sizeof(*l))
		return false;
	memset(l, 0, sizeof(*l));
	memcpy(l, bytes, size);
	return l->client_count <= LEDGER_CLIENTS && ledger_size(l) == size;
}

static bool same_point(const struct ledger_point *a,
	const struct ledger_point *b)
{
	return a->version == b->version &&
		!memcmp(a->chain, b->chain, LEDGER_HASH);
}

enum ledger_verdict ledger_follows(const struct ledger_point *next,
	const struct ledger_point *known)
{
	if (next->version < known->version)
		return LEDGER_OLD;
	if (next->version == known->version && !same_point(next, known))
		return LEDGER_FORKED;
	return LEDGER_DONE;
}

/* --- accounts ------------------------------------------------------------ */

static struct ledger_result perform(struct ledger *l,
	const struct ledger_operation *o)
{
	struct ledger_result r = { .outcome = LEDGER_NONSENSE };
	bool read = o->kind == LEDGER_READ;
	bool deposit = o->kind == LEDGER_DEPOSIT;
	bool transfer = o->kind == LEDGER_TRANSFER;

	r.position = ++l->operations;
	if ((!read && !deposit && !transfer) || o->from >= LEDGER_ACCOUNTS ||
		o->to >= LEDGER_ACCOUNTS || o->amount > LEDGER_AMOUNT_MAX)
		return r;
	r.outcome = LEDGER_APPLIED;
	if (transfer && l->balance[o->from] < o->amount) {
		r.outcome = LEDGER_NOT_ENOUGH;
	} else if (!read) {
		if (transfer)
			l->balance[o->from] -= o->amount;
		l->balance[o->to] += o->amount;
	}
	r.balance = l->balance[deposit ? o->to : o->from];
	return r;
}

/* --- who asked what ------------------------------------------------------ */

/* The client's index, or client_count. */
static size_t find(const struct ledger *l, const uint8_t id[LEDGER_ID])
{
	size_t i = 0;

	while (i < l->client_count &&
		memcmp(l->client[i].id, id, LEDGER_ID))
		i++;
	return i;
}

/* Why a request is not the next one of its client. */
static enum ledger_verdict objection(const struct ledger *l,
	const struct ledger_request *q, const struct ledger_client *c)
{
	static const struct ledger_point nothing;

	if (q->last.version > l->point.version)
		return LEDGER_OLD;
	if (!c) {
		if (q->sequence == 1 && same_point(&q->last, &nothing))
			return l->client_count < LEDGER_CLIENTS ? LEDGER_DONE
				: LEDGER_FULL;
		return q->sequence > 1 ? LEDGER_FORKED : LEDGER_MISNUMBERED;
	}
	if (q->sequence < c->sequence || (q->sequence == c->sequence &&
			same_point(&q->last, &c->before)))
		return LEDGER_MISNUMBERED;
	return q->sequence == c->sequence + 1 &&
		same_point(&q->last, &c->done) ? LEDGER_DONE : LEDGER_FORKED;
}

static bool same_request(const struct ledger_client *c,
	const struct ledger_request *q)
{
	return c->sequence == q->sequence &&
		same_point(&c->before, &q->last) &&
		!memcmp(&c->operation, &q->operation, sizeof(q->operation));
}

enum ledger_verdict ledger_apply(struct ledger *l,
	const struct ledger_request *q, size_t *client, bool *added)
{
	size_t i = find(l, q->client);
	struct ledger_client *c = &l->client[i];
	enum ledger_verdict verdict;
	uint8_t link[LEDGER_HASH + offsetof(struct ledger_client, done)];

	*client = i;
	*added = false;
	if (i < l->client_count && same_request(c, q))
		return LEDGER_DONE;
	verdict = objection(l, q, i < l->client_count ? c : NULL);
	if (verdict != LEDGER_DONE)
		return verdict;
	l->client_count += i == l->client_count;
	memcpy(c->id, q->client, LEDGER_ID);
	c->sequence = q->sequence;
	c->before = q->last;
	c->operation = q->operation;
	c->result = perform(l, &q->operation);
	memset(&c->done, 0, sizeof(c->done));
	*added = true;
	memcpy(link, l->point.chain, LEDGER_HASH);
	memcpy(link + LEDGER_HASH, c, sizeof(link) - LEDGER_HASH);
	mbedtls_sha256_ret(link, sizeof(link), l->point.chain, 0);
	return LEDGER_DONE;
}

void ledger_advance(struct ledger *l)
{
	l->point.version++;
	for (size_t i = 0; i < l->client_count; i++)
		if (!l->client[i].done.version)
			l->client[i].done = l->point;
}
