/* SPDX-License-Identifier: MIT */
/*
 * test_trip LIBRARY: the round trip over the fake border, and what happens
 * when the other side lies.
 */
#include "fake_host.h"

#include <openenclave/edger8r/common.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trip.h"

oe_enclave_t *trip_enclave;
int trip_failures;
static const struct fake_enclave *enclave;

void trip_check(bool good, const char *text, int line)
{
	if (good)
		return;
	trip_failures++;
	printf("host, line %d: %s\n", line, text);
}

/* While the host lies, the enclave has much to report. */
static bool quiet;
static size_t hushed;

void trip_report(const char *text)
{
	if (quiet)
		hushed++;
	else
		printf("enclave, %s\n", text);
}

static void calls_of_the_enclave(void **state)
{
	trip_failures = 0;
	trip_call_all();
	assert_int_equal(trip_failures, 0);
	assert_int_equal(fake_shared_blocks, 0);
}

static void calls_of_the_host(void **state)
{
	int inside = -1;

	trip_failures = 0;
	assert_int_equal(trip_run(trip_enclave, &inside), OE_OK);
	assert_int_equal(inside, 0);
	assert_int_equal(trip_failures, 0);
	assert_int_equal(fake_shared_blocks, 0);
}

/* Every ecall with every short size of input and output, full of the byte
 * FILL: what is no pointer stays none, what is one points nowhere. */
static void throw_at(uint8_t fill, size_t in_size, size_t out_size)
{
	uint8_t *in = malloc(in_size), *out = malloc(out_size);
	size_t written;

	/* The last one is trip_run. */
	for (size_t i = 0; i < enclave->count; i++) {
		memset(in, fill, in_size);
		written = 99;
		assert_true(enclave->ecall(i, in, in_size, out, out_size,
					   &written));
		assert_true(written == 0 || written <= out_size);
	}
	free(in);
	free(out);
}

static void short_buffers(void **state)
{
	for (size_t size = 1; size <= 24; size++)
		throw_at(0xff, size, 400);
	for (size_t size = 1; size <= 23; size++)
		throw_at(0xff, 400, size);
}

static size_t tamper_at;
static uint8_t tamper_with;

static void flip(void *out, size_t out_size)
{
	if (tamper_at < out_size)
		((uint8_t *)out)[tamper_at] ^= tamper_with;
}

/*
 * A host that changes one byte of what it answers: the enclave may get
 * wrong data, but reads and writes only what is its own, frees only what
 * the host gave it, and ends every call.
 */
static void lying_host(void **state)
{
	int inside = 0;

	quiet = true;
	fake_tamper = flip;
	for (tamper_at = 0; tamper_at < 600;
	     tamper_at += tamper_at < 72 ? 1 : 13) {
		tamper_with = tamper_at & 1 ? 0x80 : 0x01;
		inside = -1;
		assert_int_equal(trip_run(trip_enclave, &inside), OE_OK);
		/* The result and the return value matter to somebody. */
		if (tamper_at < 4 || tamper_at == 24)
			assert_int_not_equal(inside, 0);
	}
	fake_tamper = NULL;
	quiet = false;
	assert_true(hushed > 0);
	/* And nothing of it stays. */
	assert_int_equal(trip_run(trip_enclave, &inside), OE_OK);
	assert_int_equal(inside, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_of_the_enclave),
		cmocka_unit_test(calls_of_the_host),
		cmocka_unit_test(short_buffers),
		cmocka_unit_test(lying_host),
	};

	if (argc != 2 ||
	    oe_create_trip_enclave(argv[1], OE_ENCLAVE_TYPE_SGX, 0, NULL, 0,
				   &trip_enclave) != OE_OK)
		return 1;
	enclave = fake_load(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
