/* SPDX-License-Identifier: MIT */
#include "vm/rates.h"
#include <string.h>

/* Counters of a cell that died are gone: no rate then, rather than nonsense. */
static double rate(uint64_t before, uint64_t now, double seconds)
{
	return now > before ? (double)(now - before) / seconds : 0;
}

void rates_between(const struct wire_enclave *before, size_t before_count,
	const struct wire_enclave *now, size_t now_count, double seconds,
	struct rates *rates)
{
	static const struct wire_enclave none;
	size_t k = 0;

	for (size_t i = 0; i < now_count; i++) {
		const struct wire_enclave *a = &none, *b = &now[i];
		struct rates *r = &rates[i];

		while (k < before_count && before[k].id < b->id)
			k++;
		if (k < before_count && before[k].id == b->id)
			a = &before[k];
		r->page_ins = rate(a->page_ins, b->page_ins, seconds);
		r->page_outs = rate(a->page_outs, b->page_outs, seconds);
		r->faults = rate(a->faults, b->faults, seconds);
		r->aex = rate(a->aex, b->aex, seconds);
		r->calls = rate(a->entries, b->entries, seconds) - r->aex;
		if (r->calls < 0)
			r->calls = 0;
	}
}
