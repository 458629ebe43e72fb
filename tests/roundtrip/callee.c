/* SPDX-License-Identifier: MIT */
/* What the other side calls. */
#include "trip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void CALLEE(nothing)(void)
{
}

uint64_t CALLEE(integers)(char a, unsigned char b, short c, unsigned short d,
			  int e, unsigned f, long long g,
			  unsigned long long h, int8_t i, uint8_t j,
			  int16_t k, uint16_t l, int32_t m, uint32_t n,
			  int64_t o, uint64_t p, size_t q, bool r)
{
	CHECK(a == 'a' && b == 200 && c == -3 && d == 65000 && e == -5 &&
	      f == 4000000000u && g == -7 && h == 1ull << 63);
	CHECK(i == -9 && j == 250 && k == -11 && l == 60000 && m == -13 &&
	      n == 3000000000u && o == INT64_MIN && p == UINT64_MAX);
	CHECK(q == SIZE_MAX - 1 && r);
	return (uint64_t)(a + b + c + d + e) + f + (uint64_t)g + h +
	       (uint64_t)(i + j + k + l + m) + n + (uint64_t)o + p + q + r;
}

double CALLEE(numbers)(float a, double b, long a_long, unsigned long c,
		       long double d, wchar_t e)
{
	CHECK(a == 1.5f && b == -2.25 && a_long == -3 && c == 4);
	CHECK(d == 1e100L && e == L'\u20ac');
	return (double)a + b + (double)a_long + (double)c;
}

int CALLEE(pointers)(const int *a, int *b, int *c, void *d, int *e)
{
	int seen = (a ? 1 : 0) | (b ? 2 : 0) | (c ? 4 : 0) | (d ? 8 : 0) |
		   (e ? 16 : 0);

	CHECK(!a || *a == 11);
	/* What only goes out begins as zero. */
	CHECK(!b || *b == 0);
	CHECK(!c || *c == 33);
	CHECK(!d || d == TRIP_ADDRESS);
	CHECK(!e || e == TRIP_ADDRESS);
	if (b)
		*b = 22;
	if (c)
		*c = 44;
	return seen;
}

size_t CALLEE(sized)(const void *a, void *b, void *c, size_t n)
{
	size_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		wrong += ((const uint8_t *)a)[i] != trip_byte(i);
		wrong += ((uint8_t *)b)[i] != 0;
		wrong += ((uint8_t *)c)[i] != trip_byte(i + 1);
		((uint8_t *)b)[i] = trip_byte(i + 2);
		((uint8_t *)c)[i] = trip_byte(i + 3);
	}
	CHECK(a && b && c && !wrong);
	return n;
}

uint64_t CALLEE(counted)(const uint32_t *a, uint64_t *b, uint16_t *c,
			 const void *d, uint8_t n)
{
	uint64_t sum = 0;

	for (uint8_t i = 0; i < n; i++) {
		CHECK(b[i] == 0);
		sum += a[i];
		b[i] = (uint64_t)a[i] << 32;
	}
	CHECK(c[0] == 1 && c[1] == 2 && c[2] == 3);
	c[2] = 30;
	CHECK(!memcmp(d, "five!", 5));
	return sum;
}

int CALLEE(strings)(const char *a, char *b, const wchar_t *c, wchar_t *d)
{
	int size = (int)((a ? strlen(a) : 100) + (c ? wcslen(c) : 100));

	if (b) {
		CHECK(!strcmp(b, "change me"));
		memcpy(b, "CHANGED", 8);
	}
	if (d) {
		CHECK(d[0] == L'w' && d[1] == L'\u03b1' && !d[2]);
		d[0] = L'W';
	}
	return size;
}

void CALLEE(arrays)(const int a[4], int b[TRIP_ROWS][3],
		    char c[2][3][TRIP_FOUR], int d[5])
{
	CHECK(a[0] == 1 && a[3] == 4);
	CHECK(d == NULL || d == TRIP_ADDRESS);
	for (int i = 0; i < TRIP_ROWS; i++) {
		for (int j = 0; j < 3; j++) {
			CHECK(b[i][j] == 0);
			b[i][j] = 10 * i + j;
			for (int k = 0; k < TRIP_FOUR; k++) {
				CHECK(c[i][j][k] == i + 2 * j + 6 * k);
				c[i][j][k]++;
			}
		}
	}
}

int CALLEE(foreign)(trip_const_ptr a, trip_int_ptr b, trip_array c,
		    trip_int_ptr d, trip_plain e, const trip_plain *f)
{
	CHECK(*a == 5);
	CHECK(!b[0] && !b[3]);
	for (int i = 0; i < 4; i++)
		b[i] = i * i;
	for (int i = 0; i < 5; i++) {
		CHECK(c[i] == i);
		c[i] = -i;
	}
	CHECK(d == TRIP_ADDRESS);
	CHECK(e.a == 6 && !strcmp(e.b, "by value"));
	CHECK(f->a == 7 && !strcmp(f->b, "by pointer"));
	return *a + e.a + f->a;
}

struct trip_point CALLEE(shapes)(struct trip_point a, enum trip_color b,
				 union trip_word c, trip_point *d,
				 union trip_word *e,
				 const enum trip_color *f)
{
	struct trip_point p = { a.x + d->x, a.y + d->y };

	CHECK(b == TRIP_BLUE && c.bytes[0] == 0xef && *f == TRIP_GREEN);
	CHECK(e[0].whole == 1 && e[1].whole == 2);
	e[1].bytes[7] = 9;
	d->x = 100;
	return p;
}

uint64_t CALLEE(shallow)(trip_shallow a, struct trip_shallow *b)
{
	CHECK(a.p == TRIP_ADDRESS && b->p == TRIP_ADDRESS && b->n == 4);
	b->n = 5;
	b->p = NULL;
	return a.n;
}

uint64_t CALLEE(deep_in)(const struct trip_tree *t, size_t n)
{
	return t ? trip_tree_sum(t, n) : 42;
}

uint64_t CALLEE(deep_one)(trip_tree *t)
{
	uint64_t sum = trip_tree_sum(t, 1);

	/* It is a copy; nobody may see this. */
	t->plain = 0;
	memset(t->blob, 0, t->bytes);
	if (t->n && t->leaves && t->leaves[0].k && t->leaves[0].v)
		t->leaves[0].v[0] = 0;
	t->n = 0;
	return sum;
}

/* Changes one thing on every level. */
int CALLEE(deep_inout)(trip_tree *t, size_t n)
{
	for (size_t j = 0; t && j < n; j++) {
		for (size_t i = 0; t[j].leaves && i < t[j].n; i++) {
			trip_leaf *l = &t[j].leaves[i];

			for (uint32_t m = 0; l->v && m < l->k; m++)
				l->v[m]++;
			if (l->pair)
				l->pair[1].y = 1000;
		}
		for (uint32_t i = 0; t[j].blob && i < t[j].bytes; i++)
			((uint8_t *)t[j].blob)[i] ^= 0x55;
		t[j].tag[0] = 'T';
		t[j].plain = -1;
		t[j].point.y = 78;
		t[j].raw = NULL;
		/* Smaller is fine, and stays here. */
		if (t[j].n)
			t[j].n--;
	}
	return t ? (int)n : -1;
}

void CALLEE(deep_grow)(trip_tree *t)
{
	t->bytes++;
}

void CALLEE(deep_out)(trip_tree *t, size_t n)
{
	for (size_t j = 0; t && j < n; j++) {
		CHECK(!t[j].leaves && !t[j].blob && !t[j].n);
		trip_tree_fill(&t[j], j, (unsigned)j);
	}
}

void CALLEE(deep_mixed)(trip_tree *a, const trip_tree *b, trip_tree *c,
			trip_leaf *d, trip_tree *e)
{
	CHECK(e == TRIP_ADDRESS);
	CHECK(trip_tree_sum(b, 1) == trip_tree_sum(c, 1));
	trip_tree_fill(a, 3, 5);
	c->plain = a->plain + b->plain;
	d->k = 1;
	d->v = malloc(sizeof(*d->v));
	*d->v = 4321;
	d->pair = NULL;
}

void CALLEE(deep_overflow)(trip_wide *l)
{
	l->pair = malloc(2 * sizeof(*l->pair));
	memset(l->pair, 0, 2 * sizeof(*l->pair));
	l->v = malloc(16);
	l->k = SIZE_MAX / 2 + 2;
}

/* A pointer to nothing, and no other. */
void CALLEE(deep_empty)(trip_wide *l)
{
	l->v = malloc(1);
	l->k = 0;
}

const char *CALLEE(address)(void)
{
	return TRIP_ADDRESS;
}

int CALLEE(switchless)(const char *a, int *b)
{
	*b = (int)strlen(a);
	return -1;
}

#ifndef TRIP_ENCLAVE
int trip_ocall_fails(int error, int *seen)
{
	*seen = errno;
	if (error)
		errno = error;
	return error ? -1 : 0;
}
#endif
