/* SPDX-License-Identifier: MIT */
#ifndef COFFER_TESTS_UNIT_HOST_H
#define COFFER_TESTS_UNIT_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>

#endif
