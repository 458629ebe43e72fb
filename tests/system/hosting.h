/* SPDX-License-Identifier: MIT */
/* What the hosts of the system tests share: lines, pages, time. */
#ifndef COFFER_TESTS_HOSTING_H
#define COFFER_TESTS_HOSTING_H

#include <openenclave/host.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* OE_EXCEPTION_ACCESS_VIOLATION and _PAGE_FAULT, which only enclaves can
 * include. */
#define OE_FAULT_ACCESS 4u
#define OE_FAULT_PAGE 5u

/* One line on standard output, whole, from any thread. */
void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "loaded", or "failed RESULT" and false. */
bool loaded(oe_result_t);

/* "who MRENCLAVE MRSIGNER" in hexadecimal digits. */
void answer_who(bool good, const uint8_t enclave[32], const uint8_t signer[32]);

/* Read lines to the end of the input; a command that is unknown (false) is
 * answered with "failed LINE". */
void serve(bool (*command)(const char *line));

/* Anonymous memory of count pages; NULL when there is none. */
enum { PAGES_NONE, PAGES_READ, PAGES_WRITE };
uint8_t *pages(size_t count);
void protect(void *start, size_t count, int rights);
void drop(void *start, size_t count);

unsigned long long milliseconds(void);

#endif
