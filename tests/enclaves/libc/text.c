/* SPDX-License-Identifier: MIT */
/* Texts, numbers and control: what needs no kernel. */
#include "check.h"
#include "libc_t.h"

#include <complex.h>
#include <ctype.h>
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <regex.h>
#include <search.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

static int says(const char *expected, const char *format, ...)
{
	char text[256];
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	return n == (int)strlen(expected) && !strcmp(text, expected);
}

int lc_text(void)
{
	char text[64], *rest, *state = NULL;
	wchar_t wide[16];
	int a, b;
	double d;
	regex_t expression;
	mbstate_t shift = { 0 };
	const char *utf8 = "\xc3\xa9\xe2\x82\xac";

	CHECK(says("-42 42 2a 2A 52", "%d %u %x %X %o", -42, 42, 42, 42, 42));
	CHECK(says("  007|7   |+7", "%5.3d|%-4d|%+d", 7, 7, 7));
	CHECK(says("9223372036854775807", "%" PRId64, INT64_MAX));
	CHECK(says("1.500000 1.5 1.500e+00 0x1.8p+0", "%f %g %.3e %a", 1.5,
		1.5, 1.5, 1.5));
	CHECK(says("0.1000000000000000055511151231257827", "%.34f", 0.1));
	CHECK(says("inf -inf nan", "%f %f %f", INFINITY, -INFINITY, NAN));
	CHECK(says("3.14159265358979323851", "%.20Lf", 3.14159265358979323851L));
	CHECK(says("abc|ab|  c|(null)", "%s|%.2s|%3s|%s", "abc", "abc", "c",
		(char *)NULL));
	CHECK(says("x 0x10 %", "%c %p %%", 'x', (void *)16));
	CHECK(says("b a", "%2$s %1$s", "a", "b"));
	CHECK(snprintf(text, 4, "%s", "abcdef") == 6 && !strcmp(text, "abc"));
	CHECK(sscanf("12 0x1f 2.5 word", "%d %i %lf %63s", &a, &b, &d, text)
			== 4 && a == 12 && b == 31 && d == 2.5 &&
		!strcmp(text, "word"));

	strcpy(text, "one,two,,three");
	CHECK(!strcmp(strtok_r(text, ",", &state), "one"));
	CHECK(!strcmp(strtok_r(NULL, ",", &state), "two"));
	CHECK(!strcmp(strtok_r(NULL, ",", &state), "three"));
	CHECK(!strtok_r(NULL, ",", &state));
	CHECK(!memcmp(memmove(text + 1, "abcdef", 3), "abc", 3));
	CHECK(strspn("aabbc", "ab") == 4 && strcspn("aabbc", "c") == 4);
	CHECK(strcasecmp("HeLLo", "hEllO") == 0);
	CHECK(isalpha('x') && !isalpha('1') && toupper('q') == 'Q');

	CHECK(strtod("1e308", &rest) == 1e308 && !*rest);
	CHECK(strtod("0x1.8p1z", &rest) == 3.0 && *rest == 'z');
	CHECK(strtol("-0x7f", NULL, 0) == -127);
	CHECK(strtoull("18446744073709551615", NULL, 10) == UINT64_MAX);

	CHECK(!strcmp(setlocale(LC_ALL, NULL), "C"));
	CHECK(setlocale(LC_CTYPE, "C.UTF-8"));
	CHECK(MB_CUR_MAX == 4);
	CHECK(mbsrtowcs(wide, &utf8, 16, &shift) == 2);
	CHECK(wide[0] == 0xe9 && wide[1] == 0x20ac && !wide[2]);
	CHECK(towupper(0xe9) == 0xc9 && iswalpha(wide[0]));
	CHECK(swprintf(wide, 16, L"%d %ls", 5, L"x") == 3 &&
		!wcscmp(wide, L"5 x"));
	CHECK(setlocale(LC_CTYPE, "C"));

	CHECK(!regcomp(&expression, "^[a-z]+([0-9]+)$", REG_EXTENDED));
	CHECK(!regexec(&expression, "abc123", 0, NULL, 0));
	CHECK(regexec(&expression, "ABC", 0, NULL, 0));
	regfree(&expression);
	return 0;
}

int lc_numbers(void)
{
	volatile double x = 0.5, zero = 0;
	volatile __int128 wide = ((__int128)1 << 100) + 12345;
	double complex z = 3 + 4 * I;
	div_t q = div(-7, 2);

	CHECK(fabs(sin(x) - 0.479425538604203) < 1e-15);
	CHECK(fabs(pow(2, x) - sqrt(2)) < 1e-15);
	CHECK(fabs(exp(log(x)) - x) < 1e-15);
	CHECK(fabsl(expl(1.0L) - 2.718281828459045235L) < 1e-17L);
	CHECK(fabs(tgamma(5) - 24) < 1e-9 && lround(2.5) == 3);
	CHECK(isnan(zero / zero) && isinf(1 / zero));
	CHECK(cabs(z) == 5.0);
	CHECK(q.quot == -3 && q.rem == -1);
	CHECK((int64_t)(wide / ((__int128)1 << 90)) == 1024);
	CHECK((int64_t)(wide % ((__int128)1 << 50)) == 12345);
	CHECK(!feclearexcept(FE_ALL_EXCEPT));
	x = 1 / zero;
	CHECK(fetestexcept(FE_DIVBYZERO));
	CHECK(!fesetround(FE_UPWARD) && rint(0.1 + zero) == 1.0);
	CHECK(!fesetround(FE_TONEAREST));
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int jump(jmp_buf to, volatile int depth)
{
	if (depth < 0)
		return depth;
	if (!depth)
		longjmp(to, 17);
	return jump(to, depth - 1) + 1;
}

int lc_program(void)
{
	static int number[1000];
	jmp_buf back;
	volatile int kept = 5;
	void *root = NULL;
	int key = 12, *found;

	for (int i = 0; i < 1000; i++)
		number[i] = (i * 7919) % 1000;
	qsort(number, 1000, sizeof(int), by_value);
	for (int i = 0; i < 1000; i++)
		CHECK(number[i] == i);
	found = bsearch(&key, number, 1000, sizeof(int), by_value);
	CHECK(found == &number[12]);
	switch (setjmp(back)) {
	case 0:
		kept = 6;
		jump(back, 10);
		return __LINE__;
	case 17:
		break;
	default:
		return __LINE__;
	}
	CHECK(kept == 6);
	for (int i = 0; i < 100; i++)
		CHECK(tsearch(&number[i], &root, by_value));
	CHECK(tfind(&key, &root, by_value));
	for (int i = 0; i < 100; i++)
		CHECK(tdelete(&number[i], &root, by_value));
	CHECK(!root);
	srand(1);
	key = rand();
	srand(1);
	CHECK(rand() == key);
	CHECK(!getenv("PATH") && !setenv("A", "b", 1));
	CHECK(!strcmp(getenv("A"), "b"));
	return 0;
}
