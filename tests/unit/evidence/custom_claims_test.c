/* SPDX-License-Identifier: MIT */
/* Custom claims in memory that somebody else writes to: the host's, when an
 * enclave reads them. */
#include <openenclave/attestation/custom_claims.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TRIES 300000
#define NAME_AT (16 + 16) /* behind the head and the first claim's sizes */

static atomic_int done;

/* Has the first name end where it should, and then not. */
static void *meddle(void *context)
{
	volatile uint8_t *end = context;

	while (!done) {
		for (int i = 0; i < 20; i++)
			*end = 0;
		*end = 'x';
	}
	return NULL;
}

static void changed_while_they_are_read(void **state)
{
	oe_claim_t given[] = {
		{ (char *)"name", (uint8_t *)"valuable", 9 },
		{ (char *)"other", (uint8_t *)"value", 6 },
	}, *claims;
	uint8_t *bytes;
	size_t size, count, good = 0;
	pthread_t thread;

	assert_int_equal(oe_serialize_custom_claims(given, 2, &bytes, &size),
		OE_OK);
	assert_int_equal(pthread_create(&thread, NULL, meddle,
		bytes + NAME_AT + 4), 0);
	for (int i = 0; i < TRIES; i++) {
		if (oe_deserialize_custom_claims(bytes, size, &claims,
				&count))
			continue;
		assert_int_equal(count, 2);
		assert_string_equal(claims[0].name, "name");
		assert_string_equal(claims[1].name, "other");
		oe_free_custom_claims(claims, count);
		good++;
	}
	done = 1;
	pthread_join(thread, NULL);
	assert_true(good);
	oe_free_serialized_custom_claims(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_while_they_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
