/* SPDX-License-Identifier: MIT */
#ifndef COFFER_TESTS_UNIT_ATTEST_TESTS_H
#define COFFER_TESTS_UNIT_ATTEST_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Each file's tests. */
struct test_list {
	const struct CMUnitTest *tests;
	size_t count;
};
#define TEST_LIST(name, array) \
	const struct test_list name = { array, \
		sizeof(array) / sizeof(*(array)) }

extern const struct test_list parts_tests, status_tests, chain_tests,
	mutation_tests, cache_tests;

#endif
