/* SPDX-License-Identifier: MIT */
/* Calls of everything that the other side has, but for deep copies. */
#include "trip.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void call_scalars(void)
{
	uint64_t sum = 0;
	double total = 0;
	const char *address = NULL;

	CHECK(CALL(nothing) == OE_OK);
	CHECK(CALL(integers, &sum, 'a', 200, -3, 65000, -5, 4000000000u, -7,
		   1ull << 63, -9, 250, -11, 60000, -13, 3000000000u,
		   INT64_MIN, UINT64_MAX, SIZE_MAX - 1, true) == OE_OK);
	CHECK(sum == (uint64_t)('a' + 200 - 3 + 65000 - 5) + 4000000000u - 7 +
		     (1ull << 63) - 9 + 250 - 11 + 60000 - 13 + 3000000000u +
		     (1ull << 63) + UINT64_MAX + SIZE_MAX - 1 + 1);
	CHECK(CALL(numbers, &total, 1.5f, -2.25, -3, 4, 1e100L, L'\u20ac') ==
	      OE_OK);
	CHECK(total == 0.25);
	CHECK(CALL(address, &address) == OE_OK);
	CHECK(address == TRIP_ADDRESS);
}

static void call_pointers(void)
{
	int seen = -1, a = 11, b = -1, c = 33;

	CHECK(CALL(pointers, &seen, &a, &b, &c, TRIP_ADDRESS,
		   TRIP_ADDRESS) == OE_OK);
	CHECK(seen == 31 && a == 11 && b == 22 && c == 44);
	CHECK(CALL(pointers, &seen, NULL, NULL, NULL, NULL, NULL) == OE_OK);
	CHECK(seen == 0);
	c = 33;
	CHECK(CALL(pointers, &seen, NULL, NULL, &c, NULL, NULL) == OE_OK);
	CHECK(seen == 4 && c == 44);
}

static void call_sized(size_t n)
{
	uint8_t *a = malloc(n + 1), *b = malloc(n + 1), *c = malloc(n + 1);
	size_t wrong = 0, got = 0;

	for (size_t i = 0; i < n + 1; i++) {
		a[i] = trip_byte(i);
		b[i] = 0xbb;
		c[i] = trip_byte(i + 1);
	}
	CHECK(CALL(sized, &got, a, b, c, n) == OE_OK);
	CHECK(got == n);
	for (size_t i = 0; i < n; i++) {
		wrong += a[i] != trip_byte(i);
		wrong += b[i] != trip_byte(i + 2);
		wrong += c[i] != trip_byte(i + 3);
	}
	/* Not one byte more than was asked for. */
	wrong += b[n] != 0xbb || c[n] != trip_byte(n + 1);
	CHECK(!wrong);
	free(a);
	free(b);
	free(c);
}

static void call_buffers(void)
{
	static const size_t sizes[] = { 0, 1, 7, 15, 16, 17, 4096, 16384,
					65536, 100000, 300001 };
	uint32_t a[200];
	uint64_t b[200], sum = 0;
	uint16_t c[4] = { 1, 2, 3, 4 };
	size_t got = 7;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		call_sized(sizes[i]);
	/* No memory has room for it; no result is set. */
	CHECK(CALL(sized, &got, a, b, c, SIZE_MAX) == OE_INTEGER_OVERFLOW);
	CHECK(CALL(sized, &got, a, b, c, SIZE_MAX / 2) ==
	      OE_INTEGER_OVERFLOW);
	CHECK(got == 7);
	for (uint32_t i = 0; i < 200; i++)
		a[i] = i;
	CHECK(CALL(counted, &sum, a, b, c, "five!", 200) == OE_OK);
	CHECK(sum == 199 * 100 && b[199] == 199ull << 32);
	CHECK(c[0] == 1 && c[2] == 30 && c[3] == 4);
	c[2] = 3;
	CHECK(CALL(counted, &sum, a, b, c, "five!", 0) == OE_OK);
	CHECK(sum == 0);
}

static void call_strings(void)
{
	char b[] = "change me", *big = malloc(50001);
	wchar_t d[] = L"w\u03b1";
	int size = 0;

	CHECK(CALL(strings, &size, "abc", b, L"\u20ac uro", d) == OE_OK);
	CHECK(size == 8 && !strcmp(b, "CHANGED") && b[8] == 'e');
	CHECK(d[0] == L'W' && d[1] == L'\u03b1' && !d[2]);
	CHECK(CALL(strings, &size, "", NULL, L"", NULL) == OE_OK);
	CHECK(size == 0);
	CHECK(CALL(strings, &size, NULL, NULL, NULL, NULL) == OE_OK);
	CHECK(size == 200);
	memset(big, 'x', 50000);
	big[50000] = 0;
	CHECK(CALL(strings, &size, big, NULL, L"", NULL) == OE_OK);
	CHECK(size == 50000);
	free(big);
}

static void call_arrays(void)
{
	const int a[4] = { 1, 2, 3, 4 };
	int b[TRIP_ROWS][3], wrong = 0;
	char c[2][3][TRIP_FOUR];

	memset(b, 0xff, sizeof(b));
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 3; j++)
			for (int k = 0; k < TRIP_FOUR; k++)
				c[i][j][k] = (char)(i + 2 * j + 6 * k);
	CHECK(CALL(arrays, a, b, c, TRIP_ADDRESS) == OE_OK);
	for (int i = 0; i < 2; i++) {
		for (int j = 0; j < 3; j++) {
			wrong += b[i][j] != 10 * i + j;
			for (int k = 0; k < TRIP_FOUR; k++)
				wrong += c[i][j][k] != i + 2 * j + 6 * k + 1;
		}
	}
	CHECK(!wrong);
}

static void call_foreign(void)
{
	const int five = 5;
	int b[5] = { 9, 9, 9, 9, 9 };
	trip_array c = { 0, 1, 2, 3, 4 };
	trip_plain e = { 6, "by value" }, f = { 7, "by pointer" };
	int sum = 0;

	CHECK(CALL(foreign, &sum, &five, b, c, TRIP_ADDRESS, e, &f) ==
	      OE_OK);
	CHECK(sum == 18);
	CHECK(b[0] == 0 && b[3] == 9 && b[2] == 4 && b[4] == 9);
	CHECK(c[0] == 0 && c[4] == -4);
}

static void call_shapes(void)
{
	struct trip_point a = { 1, 2 }, d = { 10, 20 }, p = { 0, 0 };
	union trip_word c = { .whole = 0x0123456789abcdefull };
	union trip_word e[2] = { { .whole = 1 }, { .whole = 2 } };
	enum trip_color f = TRIP_GREEN;
	trip_shallow s = { 3, TRIP_ADDRESS }, t = { 4, TRIP_ADDRESS };
	uint64_t n = 0;

	CHECK(CALL(shapes, &p, a, TRIP_BLUE, c, &d, e, &f) == OE_OK);
	CHECK(p.x == 11 && p.y == 22 && d.x == 100 && d.y == 20);
	CHECK(e[0].whole == 1 && e[1].whole == (9ull << 56 | 2));
	CHECK(CALL(shallow, &n, s, &t) == OE_OK);
	CHECK(n == 3 && t.n == 5 && !t.p);
}

static void call_switchless(void)
{
	int result = 0, size = 0;

	for (int i = 0; i < 10; i++) {
		CHECK(CALL(switchless, &result, "seven77", &size) == OE_OK);
		CHECK(result == -1 && size == 7);
	}
}

void trip_call_all(void)
{
	call_scalars();
	call_pointers();
	call_buffers();
	call_strings();
	call_arrays();
	call_foreign();
	call_shapes();
	call_switchless();
	trip_call_deep();
}
