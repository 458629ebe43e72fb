/* SPDX-License-Identifier: MIT */
/*
 * How a batch is stored: applied to a copy of the ledger that this member
 * knows, sealed, and written on the condition that the store still has the
 * record that this was made from.  If another member was faster, or nobody
 * knows what became of the write, the ledger is read again and the batch is
 * applied to that: requests that are on record there already keep their
 * results, so nothing is applied twice.
 *
 * What the store has is taken if it was sealed by an enclave and does not lie
 * before what this member knows.  What the store says of a write has to be
 * believed; if it lied, the client that was told of it is not served from
 * the store any more.
 */
#include "commit.h"

#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <pthread.h>
#include <string.h>

#include "ledger_t.h"

#define NAME "ledger/state"
#define BATCH_MAX 64u
#define ATTEMPTS 24u /* other members may be faster so many times */
#define SILENCES 4u  /* of these the store may leave so many unanswered */

struct waiting {
	const struct ledger_request *request;
	struct ledger_answer *answer;
	size_t client;
	bool done;
	struct waiting *next;
};

static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t g_stored = PTHREAD_COND_INITIALIZER;
/* Under g_lock. */
static struct waiting *g_first, **g_last = &g_first;
static bool g_busy; /* somebody stores a batch, and owns what is below */
static uint64_t g_version;

static uint8_t g_key[RECORD_KEY];
static struct ledger g_ledger, g_next;
static uint8_t g_digest[LEDGER_HASH]; /* of its record; zero: there is none */
static uint8_t g_record[RECORD_MAX];

void commit_open(const uint8_t key[RECORD_KEY])
{
	memcpy(g_key, key, RECORD_KEY);
}

uint64_t commit_version(void)
{
	uint64_t version;

	pthread_mutex_lock(&g_lock);
	version = g_version;
	pthread_mutex_unlock(&g_lock);
	return version;
}

/* --- the store ------------------------------------------------------------ */

/* No record: that is a ledger in which nothing has happened. */
static enum ledger_verdict take_nothing(void)
{
	if (g_ledger.point.version)
		return LEDGER_OLD;
	memset(g_digest, 0, sizeof(g_digest));
	return LEDGER_DONE;
}

static enum ledger_verdict take(const uint8_t *record, size_t size)
{
	struct ledger_point before;
	enum ledger_verdict verdict;

	if (!record_open(g_key, NAME, record, size, &g_next, &before))
		return LEDGER_FORGED;
	verdict = ledger_follows(&g_next.point, &g_ledger.point);
	if (verdict == LEDGER_DONE &&
		g_next.point.version == g_ledger.point.version + 1 &&
		memcmp(&before, &g_ledger.point, sizeof(before)))
		verdict = LEDGER_FORKED;
	if (verdict != LEDGER_DONE)
		return verdict;
	g_ledger = g_next;
	mbedtls_sha256_ret(record, size, g_digest, 0);
	return LEDGER_DONE;
}

static enum ledger_verdict refresh(void)
{
	enum store_outcome outcome = STORE_UNKNOWN;
	size_t size = 0;

	if (store_read(&outcome, NAME, g_record, sizeof(g_record), &size))
		return LEDGER_UNAVAILABLE;
	if (outcome == STORE_ABSENT)
		return take_nothing();
	if (outcome != STORE_OK || size > sizeof(g_record))
		return LEDGER_UNAVAILABLE;
	return take(g_record, size);
}

/* Stores g_next, which follows g_ledger. */
static enum store_outcome write_next(void)
{
	enum store_outcome outcome = STORE_UNKNOWN;
	uint8_t digest[LEDGER_HASH];
	size_t size = record_seal(g_key, NAME, &g_next, &g_ledger.point,
		g_record);

	if (!size)
		return STORE_UNKNOWN;
	mbedtls_sha256_ret(g_record, size, digest, 0);
	if (store_write(&outcome, NAME, g_digest, g_record, size, digest))
		return STORE_UNKNOWN;
	if (outcome == STORE_OK) {
		g_ledger = g_next;
		memcpy(g_digest, digest, sizeof(digest));
	}
	return outcome;
}

/* --- a batch -------------------------------------------------------------- */

/* Applies all to g_next.  True if any of them added something; *doubts: how
 * many cannot be answered from this ledger. */
static bool apply(struct waiting *batch, size_t *doubts)
{
	bool added, any = false;

	*doubts = 0;
	g_next = g_ledger;
	for (struct waiting *w = batch; w; w = w->next) {
		w->answer->verdict = ledger_apply(&g_next, w->request,
			&w->client, &added);
		*doubts += w->answer->verdict != LEDGER_DONE;
		any = any || added;
	}
	return any;
}

/* From the ledger that is stored. */
static void tell(struct waiting *batch)
{
	for (struct waiting *w = batch; w; w = w->next) {
		const struct ledger_client *c = &g_ledger.client[w->client];

		if (w->answer->verdict != LEDGER_DONE)
			continue;
		w->answer->result = c->result;
		w->answer->point = c->done;
	}
}

static enum ledger_verdict store(struct waiting *batch)
{
	enum store_outcome outcome = STORE_OK;
	enum ledger_verdict verdict;
	unsigned silences = 0;
	bool fresh = false;
	size_t doubts;

	for (unsigned i = 0; i < ATTEMPTS && silences < SILENCES; i++) {
		bool added = apply(batch, &doubts);

		if (doubts && !fresh)
			outcome = STORE_CHANGED;
		else if (!added)
			return LEDGER_DONE;
		else {
			ledger_advance(&g_next);
			outcome = write_next();
		}
		if (outcome == STORE_OK)
			return LEDGER_DONE;
		silences += outcome == STORE_UNKNOWN;
		verdict = refresh();
		fresh = verdict == LEDGER_DONE;
		silences += verdict == LEDGER_UNAVAILABLE;
		if (!fresh && verdict != LEDGER_UNAVAILABLE)
			return verdict;
	}
	return LEDGER_UNAVAILABLE;
}

static void run(struct waiting *batch)
{
	enum ledger_verdict verdict = store(batch);

	if (verdict == LEDGER_DONE)
		tell(batch);
	for (struct waiting *w = batch; w; w = w->next) {
		if (verdict != LEDGER_DONE)
			w->answer->verdict = verdict;
		w->answer->sequence = w->request->sequence;
	}
}

/* --- those who wait ------------------------------------------------------- */

/* Under g_lock: the first BATCH_MAX of those who wait. */
static struct waiting *take_batch(void)
{
	struct waiting *batch = g_first, **end = &batch;

	for (size_t i = 0; *end && i < BATCH_MAX; i++)
		end = &(*end)->next;
	g_first = *end;
	if (!g_first)
		g_last = &g_first;
	*end = NULL;
	return batch;
}

void commit_request(const struct ledger_request *request,
	struct ledger_answer *answer)
{
	struct waiting own = { .request = request, .answer = answer };

	memset(answer, 0, sizeof(*answer));
	pthread_mutex_lock(&g_lock);
	*g_last = &own;
	g_last = &own.next;
	while (!own.done) {
		struct waiting *batch;

		if (g_busy) {
			pthread_cond_wait(&g_stored, &g_lock);
			continue;
		}
		g_busy = true;
		batch = take_batch();
		pthread_mutex_unlock(&g_lock);
		run(batch);
		pthread_mutex_lock(&g_lock);
		g_busy = false;
		g_version = g_ledger.point.version;
		for (struct waiting *w = batch, *next; w; w = next) {
			next = w->next; /* gone once done is seen */
			w->done = true;
		}
		pthread_cond_broadcast(&g_stored);
	}
	pthread_mutex_unlock(&g_lock);
}
