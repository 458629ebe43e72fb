/* SPDX-License-Identifier: MIT */
/* Deep copies in both directions, alone and together. */
#include "trip.h"

#include <stdlib.h>
#include <string.h>

static void call_in(size_t n)
{
	trip_tree *t = calloc(n + 1, sizeof(*t));
	uint64_t want, got = 0;

	for (size_t i = 0; i < n; i++)
		trip_tree_fill(&t[i], i % 6, (unsigned)i);
	want = trip_tree_sum(t, n);
	CHECK(CALL(deep_in, &got, t, n) == OE_OK);
	CHECK(got == want);
	CHECK(trip_tree_sum(t, n) == want);
	if (n) {
		want = trip_tree_sum(t, 1);
		CHECK(CALL(deep_one, &got, t) == OE_OK);
		CHECK(got == want && trip_tree_sum(t, 1) == want);
	}
	for (size_t i = 0; i < n; i++)
		trip_tree_free(&t[i]);
	free(t);
}

static void call_inout(size_t n)
{
	trip_tree *t = calloc(n + 1, sizeof(*t));
	trip_tree *twin = calloc(n + 1, sizeof(*t));
	int got = 0;

	for (size_t i = 0; i < n; i++) {
		trip_tree_fill(&t[i], i % 6, (unsigned)i);
		trip_tree_fill(&twin[i], i % 6, (unsigned)i);
	}
	/* What the callee does, done here by hand to the twin. */
	for (size_t j = 0; j < n; j++) {
		for (size_t i = 0; twin[j].leaves && i < twin[j].n; i++) {
			trip_leaf *l = &twin[j].leaves[i];

			for (uint32_t m = 0; l->v && m < l->k; m++)
				l->v[m]++;
			if (l->pair)
				l->pair[1].y = 1000;
		}
		for (uint32_t i = 0; i < twin[j].bytes; i++)
			((uint8_t *)twin[j].blob)[i] ^= 0x55;
		twin[j].tag[0] = 'T';
		twin[j].plain = -1;
		twin[j].point.y = 78;
		twin[j].raw = NULL;
	}
	CHECK(CALL(deep_inout, &got, t, n) == OE_OK);
	CHECK(got == (int)n);
	CHECK(trip_tree_sum(t, n) == trip_tree_sum(twin, n));
	for (size_t i = 0; i < n; i++) {
		trip_tree_free(&t[i]);
		trip_tree_free(&twin[i]);
	}
	free(t);
	free(twin);
}

static void call_out(size_t n)
{
	trip_tree *t = calloc(n + 1, sizeof(*t));
	trip_tree *twin = calloc(n + 1, sizeof(*t));

	for (size_t i = 0; i < n; i++) {
		trip_tree_fill(&twin[i], i, (unsigned)i);
		t[i].plain = 99;
	}
	CHECK(CALL(deep_out, t, n) == OE_OK);
	CHECK(trip_tree_sum(t, n) == trip_tree_sum(twin, n));
	/* Each piece is memory of the caller. */
	for (size_t i = 0; i < n; i++) {
		trip_tree_free(&t[i]);
		trip_tree_free(&twin[i]);
	}
	free(t);
	free(twin);
}

static void call_mixed(void)
{
	trip_tree a = { 0 }, b, c, twin;
	trip_leaf d = { 0 };

	trip_tree_fill(&b, 4, 21);
	trip_tree_fill(&c, 4, 21);
	trip_tree_fill(&twin, 3, 5);
	CHECK(CALL(deep_mixed, &a, &b, &c, &d, TRIP_ADDRESS) == OE_OK);
	CHECK(trip_tree_sum(&a, 1) == trip_tree_sum(&twin, 1));
	CHECK(c.plain == twin.plain + b.plain);
	CHECK(d.k == 1 && d.v && d.v[0] == 4321 && !d.pair);
	free(d.v);
	trip_tree_free(&a);
	trip_tree_free(&b);
	trip_tree_free(&c);
	trip_tree_free(&twin);
}

static void call_wrong(void)
{
	uint64_t got = 0, before;
	int result = 0;
	trip_tree t;
	trip_wide l;

	CHECK(CALL(deep_in, &got, NULL, 3) == OE_OK);
	CHECK(got == 42);
	CHECK(CALL(deep_inout, &result, NULL, 3) == OE_OK);
	CHECK(result == -1);
	CHECK(CALL(deep_out, NULL, 3) == OE_OK);
	/* A buffer that is larger than it was has no place to go. */
	trip_tree_fill(&t, 2, 9);
	before = trip_tree_sum(&t, 1);
	CHECK(CALL(deep_grow, &t) == OE_FAILURE);
	CHECK(trip_tree_sum(&t, 1) == before);
	trip_tree_free(&t);
	/* A size that overflows is found on the side that says it. */
	memset(&l, 0, sizeof(l));
	CHECK(CALL(deep_overflow, &l) == OE_INTEGER_OVERFLOW);
	CHECK(!l.pair && !l.v);
	/* Nothing is no failure. */
	CHECK(CALL(deep_empty, &l) == OE_OK);
	CHECK(!l.pair && l.v && !l.k);
	free(l.v);
	memset(&l, 0, sizeof(l));
	/* And where it is asked for. */
	memset(&t, 0, sizeof(t));
	t.leaves = (trip_leaf *)&l;
	t.n = SIZE_MAX / 2;
	CHECK(CALL(deep_one, &got, &t) == OE_INTEGER_OVERFLOW);
}

void trip_call_deep(void)
{
	for (size_t n = 0; n < 25; n += n < 3 ? 1 : 7) {
		call_in(n);
		call_inout(n);
		call_out(n);
	}
	call_mixed();
	call_wrong();
}
