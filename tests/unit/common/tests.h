/* SPDX-License-Identifier: MIT */
#ifndef COFFER_TESTS_UNIT_COMMON_H
#define COFFER_TESTS_UNIT_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>

extern const struct CMUnitTest common_tests[], files_tests[];
extern const size_t common_tests_count, files_tests_count;

#endif
