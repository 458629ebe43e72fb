/* SPDX-License-Identifier: MIT */
/*
 * The round trip. caller.c and callee.c are built twice, for the host and,
 * with TRIP_ENCLAVE, for the enclave: each calls what the other one has.
 */
#ifndef TRIP_H
#define TRIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef TRIP_ENCLAVE
#include "trip_t.h"
#define CALLEE(name) trip_ecall_##name
#define CALL(name, ...) trip_ocall_##name(__VA_ARGS__)
#else
#include "trip_u.h"
#define CALLEE(name) trip_ocall_##name
#define CALL(name, ...) trip_ecall_##name(trip_enclave, ##__VA_ARGS__)
extern oe_enclave_t *trip_enclave;
#endif

/* A pointer that must arrive as it is. */
#define TRIP_ADDRESS ((void *)0x123456789abcull)

/* Checks that failed so far on this side, and how to count one. */
extern int trip_failures;
void trip_check(bool good, const char *text, int line);
#define CHECK(good) trip_check(good, #good, __LINE__)

/* caller.c: make every call. */
void trip_call_all(void);
void trip_call_deep(void);

/* A byte that depends on where it is. */
static inline uint8_t trip_byte(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) + 1);
}

/* trees.c: trees with K leaves each, and what they say; all of the memory
 * is from malloc. */
void trip_tree_fill(trip_tree *t, size_t k, unsigned seed);
uint64_t trip_tree_sum(const trip_tree *t, size_t count);
void trip_tree_free(trip_tree *t);

#endif
