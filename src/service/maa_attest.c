/* SPDX-License-Identifier: MIT */
/* POST /attest/{type}: evidence in, token out. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "service/maa.h"

#define BODY_MAX (512u << 10)
#define BASELINE "x-ms-sgx-tcbidentifier"

/* --- a cache per thread -------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t cache_key;
static int cache_error;

static void cache_free(void *cache)
{
	attest_cache_free(cache);
}

static void make_key(void)
{
	cache_error = pthread_key_create(&cache_key, cache_free);
}

/* What this thread has verified before; NULL: do without. */
static struct attest_cache *thread_cache(void)
{
	struct attest_cache *cache;

	pthread_once(&once, make_key);
	if (cache_error)
		return NULL;
	cache = pthread_getspecific(cache_key);
	if (!cache) {
		cache = attest_cache_new();
		if (cache && pthread_setspecific(cache_key, cache)) {
			attest_cache_free(cache);
			cache = NULL;
		}
	}
	return cache;
}

/* --- one attestation ------------------------------------------------------- */

struct attestation {
	struct maa *maa;
	struct http_answer *answer;
	struct maa_asked asked;
	struct maa_stored *stored;
	struct maa_evidence evidence;
	struct pool pool;
	struct why why;
};

static void policy_error(struct http_answer *answer, const char *text)
{
	http_answer_error(answer, 400, "PolicyEvaluationError", "%s", text);
}

/* The TCB evaluation that the policy's configuration asks for: 0 is the
 * standard one. */
static int baseline(const struct maa_claims *configuration,
	unsigned *evaluation, struct why *why)
{
	*evaluation = 0;
	for (size_t i = 0; i < configuration->count; i++) {
		const struct maa_claim *claim = &configuration->at[i];
		const char *text = claim->value.text;
		int64_t number = claim->value.number;
		char *end = NULL;

		if (strcmp(claim->type, BASELINE))
			continue;
		if (claim->value.kind == MAA_STRING &&
				!strcmp(text, "azuredefault"))
			continue;
		if (claim->value.kind == MAA_STRING)
			number = strtoll(text, &end, 10);
		if (claim->value.kind == MAA_BOOLEAN || number < 1 ||
				number > 100000 ||
				(end && (*end || end == text)))
			return why_set(why, -EINVAL, BASELINE " is neither "
				"azuredefault nor the number of a TCB "
				"evaluation");
		*evaluation = (unsigned)number;
	}
	return 0;
}

/* The policy that decides: the type's, or the draft that came along. */
static int choose_policy(struct attestation *a)
{
	if (!a->asked.draft) {
		a->stored = maa_store_get(a->maa->store, a->asked.type);
		return 0;
	}
	a->stored = maa_stored_new(a->asked.draft, a->asked.draft_size, NULL,
		NULL, &a->why);
	if (a->stored)
		return 0;
	http_answer_error(a->answer, 400, "InvalidParameter",
		"draftPolicyForAttestation: %s", a->why.text);
	return -EINVAL;
}

static int check_evidence(struct attestation *a)
{
	struct maa_claims none = { NULL, 0, 0 };
	struct maa_outcome outcome;
	unsigned evaluation;
	int r = maa_policy_configure(a->stored->policy, &none, &a->pool,
		&outcome, &a->why);

	if (!r)
		r = baseline(&outcome.configuration, &evaluation, &a->why);
	if (r) {
		policy_error(a->answer, a->why.text);
		return r;
	}
	r = maa_evidence_check(a->maa->service, &a->maa->source,
		thread_cache(), &a->asked, evaluation, &a->evidence, &a->why);
	if (r)
		maa_fail(a->answer, r, &a->why);
	return r;
}

static int run_policy(struct attestation *a, struct maa_claims *issued)
{
	struct maa_outcome outcome;
	struct maa_claims claims;
	int r = maa_claims_make(&a->asked, &a->evidence, a->stored, &a->pool,
		&claims, &a->why);

	if (r) {
		maa_fail(a->answer, r, &a->why);
		return r;
	}
	r = maa_policy_run(a->stored->policy, &claims, &a->pool, &outcome,
		&a->why);
	if (r) {
		policy_error(a->answer, a->why.text);
		return r;
	}
	*issued = outcome.issued;
	if (outcome.decision == MAA_PERMITTED)
		return 0;
	if (outcome.decision == MAA_DENIED)
		why_set(&a->why, -EACCES, "the policy denies it (line %u)",
			outcome.denied_line);
	else
		why_set(&a->why, -EACCES, "no rule of the policy permits it");
	policy_error(a->answer, a->why.text);
	return -EACCES;
}

/* A token that nobody signed, for a policy that nobody has set. */
static void answer_draft(struct attestation *a, json_t *claims)
{
	json_t *header = json_pack("{ssss}", "alg", "none", "typ", "JWT");
	char *text = claims ? json_dumps(claims, JSON_COMPACT) : NULL;
	char *token = text && header ? jws_sign(header, text, strlen(text),
		NULL, &a->why) : NULL;

	http_answer_json(a->answer, 200, token ?
		json_pack("{ss}", "token", token) : NULL);
	json_decref(claims);
	json_decref(header);
	free(text);
	free(token);
}

static void attest(struct http_request *request, struct http_answer *answer)
{
	struct attestation a = { .maa = request->context, .answer = answer };
	const char *version = maa_version(request, answer);
	const char *name = http_parameter(request, "type");
	struct maa_claims issued;
	enum maa_type type;
	json_t *body, *claims;
	int r;

	if (!version)
		return;
	if (!maa_type_find(name, &type)) {
		http_answer_error(answer, 400, "InvalidParameter",
			"This service attests SgxEnclave and OpenEnclave.");
		return;
	}
	body = http_body_json(request, answer);
	if (!body)
		return;
	r = maa_asked_read(request, body, type, version, &a.asked, &a.why);
	if (r) {
		maa_fail(answer, r, &a.why);
		return;
	}
	pool_init(&a.pool, MAA_MEMORY_MOST);
	if (!choose_policy(&a) && !check_evidence(&a) &&
			!run_policy(&a, &issued)) {
		claims = maa_token_claims(a.maa->service, &a.asked,
			&a.evidence, a.stored, &issued);
		if (a.asked.draft)
			answer_draft(&a, claims);
		else
			maa_answer_token(answer, a.maa, claims);
	}
	maa_stored_release(a.stored);
	pool_free(&a.pool);
	maa_asked_free(&a.asked);
}

int maa_attest_routes(struct http_server *server, struct maa *maa)
{
	return http_route(server, &maa_interface, maa, "POST",
		"/attest/{type}", BODY_MAX, attest);
}
