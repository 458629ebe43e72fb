/* SPDX-License-Identifier: MIT */
#include "helper.h"

#include <string.h>

const struct attest_verdict *judge_with(const struct mint *mint,
	int64_t time, uint32_t flags, struct attest_cache *cache)
{
	static struct attest_verdict verdict;
	struct attest_policy policy = { time, &mint->roots, flags };

	assert_int_equal(attest_verify(mint->quote, mint->quote_size,
		&mint->collateral, &policy, cache, &verdict), 0);
	assert_true(verdict.reason_count >= 1);
	assert_true(verdict.reason_count <= ATTEST_REASONS_MAX);
	assert_non_null(strstr(verdict.reason[0],
		attest_status_words(verdict.status)));
	return &verdict;
}

const struct attest_verdict *judge(struct mint *mint)
{
	return judge_with(mint, MINT_NOW, 0, NULL);
}

void expect(struct mint *mint, enum attest_status status, const char *what)
{
	const struct attest_verdict *verdict;

	mint_make(mint);
	verdict = judge(mint);
	if (verdict->status != status)
		fail_msg("%s: %s (%s), not %s", what,
			attest_status_name(verdict->status),
			verdict->reason[0], attest_status_name(status));
	mint_free(mint);
}

bool says(const struct attest_verdict *verdict, const char *words)
{
	for (size_t i = 0; i < verdict->reason_count; i++)
		if (strstr(verdict->reason[i], words))
			return true;
	return false;
}
