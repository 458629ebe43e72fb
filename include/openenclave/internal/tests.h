/* SPDX-License-Identifier: MIT */
/*
 * Checks for test programs and enclaves: a failed one is printed on stderr
 * and ends the program or the enclave. Enclave code that uses OE_TEST with
 * this header defines OE_BUILD_ENCLAVE or includes openenclave/enclave.h
 * first; host code includes openenclave/host.h first.
 */
#ifndef _OE_TESTS_H
#define _OE_TESTS_H

#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

#if defined(OE_BUILD_ENCLAVE) || defined(_OE_ENCLAVE_H)
#include <openenclave/enclave.h>
#include <openenclave/internal/print.h>
#define OE_TEST_PRINT(...) oe_host_fprintf(1, __VA_ARGS__)
#define OE_TEST_END() oe_abort()
#else
#include <openenclave/host.h>
#include <stdarg.h>
#include <strings.h>
#define OE_TEST_PRINT(...) fprintf(stderr, __VA_ARGS__)
#define OE_TEST_END() abort()
#endif

/* COND must be true. */
#define OE_TEST_IF(COND, FATAL)                                           \
	do {                                                              \
		if (!(COND)) {                                            \
			OE_TEST_PRINT("Test failed: %s(%d): %s %s\n",     \
				__FILE__, __LINE__, __func__, #COND);     \
			if (FATAL)                                        \
				OE_TEST_END();                            \
		}                                                         \
	} while (0)
#define OE_TEST(COND) OE_TEST_IF(COND, true)
#define OE_TEST_IGNORE(COND) OE_TEST_IF(COND, false)

/* EXP must give the result code CODE. */
#define OE_TEST_CODE_IF(EXP, CODE, FATAL)                                 \
	do {                                                              \
		oe_result_t oe_test_got = (EXP), oe_test_want = (CODE);   \
		if (oe_test_got != oe_test_want) {                        \
			OE_TEST_PRINT("Test failed: %s(%d): %s %s != %s\n", \
				__FILE__, __LINE__, __func__,             \
				oe_result_str(oe_test_got),               \
				oe_result_str(oe_test_want));             \
			if (FATAL)                                        \
				OE_TEST_END();                            \
		}                                                         \
	} while (0)
#define OE_TEST_CODE(EXP, CODE) OE_TEST_CODE_IF(EXP, CODE, true)
#define OE_TEST_CODE_IGNORE(EXP, CODE) OE_TEST_CODE_IF(EXP, CODE, false)

/* Heap pages for a test with NUM_TCS threads that allocate. */
#define OE_TEST_MT_HEAP_SIZE(NUM_TCS) (64 + 64 * (NUM_TCS))

#if !defined(OE_BUILD_ENCLAVE) && !defined(_OE_ENCLAVE_H)
OE_EXTERNC_BEGIN

/*
 * Flags for oe_create_enclave: OE_ENCLAVE_FLAG_DEBUG, with
 * OE_ENCLAVE_FLAG_SIMULATE where the environment's OE_SIMULATION is set to
 * other than 0 and false.
 */
OE_INLINE uint32_t oe_get_create_flags(void)
{
	const char *value = getenv("OE_SIMULATION");
	uint32_t flags = OE_ENCLAVE_FLAG_DEBUG;

	if (value && *value && strcmp(value, "0") &&
		strcasecmp(value, "false"))
		flags |= OE_ENCLAVE_FLAG_SIMULATE;
	return flags;
}

/* Print a message and what it names on stderr, and end with status 1. */
OE_INLINE void oe_put_err(const char *format, ...)
	OE_PRINTF_FORMAT(1, 2);
OE_INLINE void oe_put_err(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	exit(1);
}

OE_EXTERNC_END
#endif

#endif
