/* SPDX-License-Identifier: MIT */
#include "bench_verify.h"
#include "attest/verify.h"
#include "cli.h"
#include "evidence.h"
#include "host/quoting.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bench_verify {
	uint8_t *quote;
	size_t size;
	struct evidence evidence;
	struct attest_roots roots;
	struct attest_policy policy;
	struct attest_cache *cache;
};

static int prepare(struct bench_verify *v, const uint8_t *report,
	struct why *why)
{
	struct attest_quote quote;
	struct attest_pck pck;
	int error = quoting_quote(report, &v->quote, &v->size, why);

	if (!error)
		error = attest_quote_parse(v->quote, v->size, &quote, why);
	if (!error)
		error = attest_pck_of_quote(&quote, &pck, why);
	if (!error)
		error = evidence_from_local(&pck, &v->evidence, why);
	if (!error)
		error = evidence_local_root(&v->roots, why);
	v->policy = (struct attest_policy){ (int64_t)time(NULL), &v->roots,
		0 };
	v->cache = attest_cache_new();
	return error ? error : v->cache ? 0 : why_set(why, -1, "no memory");
}

struct bench_verify *bench_verify_new(
	const uint8_t report[QUOTING_REPORT_SIZE])
{
	struct bench_verify *v = calloc(1, sizeof(*v));
	struct why why = { "" };

	if (!v)
		why_set(&why, -1, "no memory");
	else if (!prepare(v, report, &why))
		return v;
	cli_error("no quote to verify: %s", why.text);
	bench_verify_free(v);
	return NULL;
}

void bench_verify_free(struct bench_verify *v)
{
	if (!v)
		return;
	attest_cache_free(v->cache);
	evidence_free(&v->evidence);
	free(v->quote);
	free(v);
}

static bool verify(struct bench_verify *v, struct attest_cache *cache,
	uint64_t count)
{
	struct attest_verdict verdict;

	while (count--) {
		if (attest_verify(v->quote, v->size, &v->evidence.view,
				&v->policy, cache, &verdict) ||
				!attest_verdict_genuine(&verdict)) {
			cli_error("the quote is not genuine: %s",
				verdict.reason[0]);
			return false;
		}
	}
	return true;
}

bool bench_verify_cold(struct bench_verify *v, uint64_t count)
{
	return verify(v, NULL, count);
}

bool bench_verify_warm(struct bench_verify *v, uint64_t count)
{
	return verify(v, v->cache, count);
}
