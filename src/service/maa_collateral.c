/* SPDX-License-Identifier: MIT */
/*
 * Collateral from the CA of this state directory.  Every request needs it,
 * and it seldom changes, so what the CA gave is used again for a moment, unless
 * something was revoked since.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pki/collateral.h"
#include "service/maa.h"

#define API_VERSION 4
#define KEEP_SECONDS 2 /* then it is asked for again, changed or not */
#define KEPT 8

struct entry {
	int references; /* under lock; the cache's own counts */
	uint8_t fmspc[PKI_FMSPC_SIZE];
	enum attest_ca ca;
	unsigned evaluation;
	time_t made;
	uint64_t revision; /* of the CA, before it was asked */
	struct pki_collateral whole;
	struct pki_bytes tcb_info, qe_identity; /* of another evaluation */
	struct attest_collateral view;
	struct maa_hashes hashes; /* of the view */
};

struct ca_source {
	struct pki *pki;
	pthread_mutex_t lock;
	struct entry *kept[KEPT];
	size_t next;
};

static time_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Under lock. */
static void entry_release(struct entry *entry)
{
	if (!entry || --entry->references)
		return;
	pki_collateral_free(&entry->whole);
	pki_bytes_free(&entry->tcb_info);
	pki_bytes_free(&entry->qe_identity);
	free(entry);
}

/* The CA's answer, as an entry that belongs to the caller. */
static int ask(struct ca_source *source, const struct attest_pck *machine,
	unsigned evaluation, struct entry **result, struct why *why)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	int r;

	if (!entry)
		return why_set(why, -ENOMEM, "out of memory");
	entry->references = 1;
	memcpy(entry->fmspc, machine->fmspc, sizeof(entry->fmspc));
	entry->ca = machine->ca;
	entry->evaluation = evaluation;
	entry->made = monotonic();
	entry->revision = pki_revision(source->pki);
	r = pki_collateral_get(source->pki, machine->fmspc, machine->ca ==
		ATTEST_CA_PLATFORM ? PKI_CA_PLATFORM : PKI_CA_PROCESSOR,
		API_VERSION, &entry->whole, why);
	if (r) {
		free(entry);
		return r;
	}
	entry->view = entry->whole.view;
	if (evaluation) {
		r = pki_tcb_info_get(source->pki, machine->fmspc, API_VERSION,
			evaluation, &entry->tcb_info, why);
		if (!r)
			r = pki_qe_identity_get(source->pki, API_VERSION,
				evaluation, &entry->qe_identity, why);
		entry->view.tcb_info = (struct attest_bytes){
			entry->tcb_info.data, entry->tcb_info.size };
		entry->view.qe_identity = (struct attest_bytes){
			entry->qe_identity.data, entry->qe_identity.size };
	}
	if (!r && maa_hash_collateral(&entry->view, &entry->hashes))
		r = why_set(why, -EIO, "SHA-256 failed");
	if (r) {
		entry_release(entry);
		return r == -ESTALE ? -ENOENT : r;
	}
	*result = entry;
	return 0;
}

/* Under lock; counted for the caller.  NULL: none that is young enough. */
static struct entry *find(struct ca_source *source,
	const struct attest_pck *machine, unsigned evaluation)
{
	const uint64_t revision = pki_revision(source->pki);

	for (size_t i = 0; i < KEPT; i++) {
		struct entry *entry = source->kept[i];

		if (entry && entry->ca == machine->ca &&
				entry->evaluation == evaluation &&
				entry->revision == revision &&
				!memcmp(entry->fmspc, machine->fmspc,
					sizeof(entry->fmspc)) &&
				monotonic() - entry->made < KEEP_SECONDS) {
			entry->references++;
			return entry;
		}
	}
	return NULL;
}

static int get(void *context, const struct attest_pck *machine,
	unsigned evaluation, struct maa_collateral *collateral,
	struct why *why)
{
	struct ca_source *source = context;
	struct entry *entry;
	int r = 0;

	pthread_mutex_lock(&source->lock);
	entry = find(source, machine, evaluation);
	if (!entry && !(r = ask(source, machine, evaluation, &entry, why))) {
		entry_release(source->kept[source->next]);
		source->kept[source->next] = entry;
		source->next = (source->next + 1) % KEPT;
		entry->references++;
	}
	pthread_mutex_unlock(&source->lock);
	if (r)
		return r;
	collateral->view = entry->view;
	collateral->hashes = entry->hashes;
	collateral->owned = entry;
	return 0;
}

static void put(void *context, struct maa_collateral *collateral)
{
	struct ca_source *source = context;

	pthread_mutex_lock(&source->lock);
	entry_release(collateral->owned);
	pthread_mutex_unlock(&source->lock);
	collateral->owned = NULL;
}

int maa_source_open(struct maa_source *source, struct why *why)
{
	struct ca_source *context = calloc(1, sizeof(*context));
	uint8_t root[64];
	int r = context ? pki_open(NULL, &context->pki, why) :
		why_set(why, -ENOMEM, "out of memory");

	if (r) {
		free(context);
		return r;
	}
	pthread_mutex_init(&context->lock, NULL);
	memset(source, 0, sizeof(*source));
	source->get = get;
	source->put = put;
	source->context = context;
	pki_root_key(context->pki, root);
	return attest_roots_add_key(&source->roots, root);
}

void maa_source_close(struct maa_source *source)
{
	struct ca_source *context = source->context;

	if (!context || source->get != get)
		return;
	for (size_t i = 0; i < KEPT; i++)
		entry_release(context->kept[i]);
	pki_close(context->pki);
	pthread_mutex_destroy(&context->lock);
	free(context);
	source->context = NULL;
}
