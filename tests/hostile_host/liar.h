/* SPDX-License-Identifier: MIT */
/*
 * A host that can lie: it loads an enclave with the driver alone, enters it
 * with any registers, and answers its ocalls through a script.
 */
#ifndef COFFER_TESTS_LIAR_H
#define COFFER_TESTS_LIAR_H

#include "host/driver.h"

#include <coffer/call_abi.h>
#include <openenclave/bits/result.h>

#define LIAR_TCS 2

struct liar;

/* Changes the honest answer to an ocall: *result and *value are what the
 * host would say. */
typedef void (*liar_script)(struct liar *, uint32_t function,
	uint64_t argument, uint32_t *result, uint64_t *value);

struct liar_block { /* host memory that the enclave reaches */
	struct call_context context;
	uint8_t pad[16];
	struct call_args args;
	uint8_t pad2[72];
	uint8_t in[65536], out[65536];
	uint8_t ocall[CALL_OCALL_BUFFER_SIZE];
};

struct liar {
	const struct drv_ops *drv;
	struct drv_enclave *machine;
	uint64_t base, size, tcs[LIAR_TCS];
	struct liar_block *block[LIAR_TCS];
	liar_script script;
	unsigned ocalls; /* served */
	uint64_t guard; /* address in the enclave */
};

/* Loads; the first call is yet to be made. */
void liar_load(struct liar *, const char *image);
void liar_unload(struct liar *);

/* One visit with these registers: call is in and out. */
int liar_enter(struct liar *, unsigned tcs, struct drv_call *call,
	uint32_t function, uint64_t rdi, uint64_t rsi);

/* An ecall to its end, ocalls and exceptions served.  *value is what ERET
 * gives.  -1 if it ended otherwise. */
int liar_call(struct liar *, unsigned tcs, uint32_t function,
	uint64_t argument, uint64_t *value);

/* A user's function, honestly: size bytes of arguments behind the head come
 * from and go to arguments.  The value of the call. */
uint64_t liar_function(struct liar *, unsigned tcs, uint64_t id,
	void *arguments, size_t size);

/* INIT_ENCLAVE and the guard's address. */
void liar_start(struct liar *);

/* Is the enclave as it was, and does it still work? */
int liar_intact(struct liar *, unsigned tcs);

/* The numbers of lied_to.edl. */
enum {
	LT_GUARD_ADDRESS, LT_GUARD_INTACT, LT_OCALL, LT_HOST_MEMORY, LT_SPIN,
	LT_FAULT, LT_ECHO, LT_PRINT, LT_TIME, LT_WAIT, LT_COUNT,
};

#endif
