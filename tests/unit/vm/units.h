/* SPDX-License-Identifier: MIT */
/* The groups of tests of src/vm; each returns how many failed. */
#ifndef TESTS_UNIT_VM_UNITS_H
#define TESTS_UNIT_VM_UNITS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

int place_tests(void);
int machines_tests(void);

#endif
