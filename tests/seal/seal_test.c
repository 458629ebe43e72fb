/* SPDX-License-Identifier: MIT */
/*
 * Sealing, on a machine that is started anew and on another machine. What
 * was sealed is in memory that the processes of this test share.
 */
#include "seal_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/world.h"

#define UNIQUE OE_SEAL_POLICY_UNIQUE
#define PRODUCTS OE_SEAL_POLICY_PRODUCT

/* The same fuses, microcode and what else counts of two dates. */
#define MACHINE "size=Standard_DC1s_v3\n" \
	"cpusvn=08080202010101010101010101010101\n"
#define OLDER_MACHINE "size=Standard_DC1s_v3\n" \
	"cpusvn=07080202010101010101010101010101\n"

const char text[TEXT_SIZE] = "what only the right enclave may read";

static char *const *paths;

/* By image, policy less 1, and whether the enclave had DEBUG. */
static struct blob (*kept)[2][2];

oe_enclave_t *start_with(enum image image, uint32_t flags)
{
	oe_enclave_t *enclave = NULL;

	assert_int_equal(oe_create_seal_enclave(paths[image],
		OE_ENCLAVE_TYPE_SGX, flags, NULL, 0, &enclave), OE_OK);
	return enclave;
}

oe_enclave_t *start(enum image image)
{
	return start_with(image, OE_ENCLAVE_FLAG_DEBUG);
}

void stop(oe_enclave_t *enclave)
{
	assert_int_equal(oe_terminate_enclave(enclave), OE_OK);
}

oe_result_t seal_with(oe_enclave_t *enclave, const struct sl_setting *settings,
	size_t count, struct blob *blob)
{
	oe_result_t result = OE_UNEXPECTED;

	blob->size = 0;
	assert_int_equal(sl_seal(enclave, &result, settings, count,
		(const uint8_t *)text, TEXT_SIZE, NULL, 0, blob->bytes, MOST,
		&blob->size), OE_OK);
	return result;
}

void seal_by(oe_enclave_t *enclave, int policy, struct blob *blob)
{
	struct sl_setting setting = VALUE(POLICY, policy);

	assert_int_equal(seal_with(enclave, &setting, 1, blob), OE_OK);
	assert_int_equal(blob->size, HEADER + TEXT_SIZE);
}

oe_result_t open_by(oe_enclave_t *enclave, const struct blob *blob)
{
	oe_result_t result = OE_UNEXPECTED;
	uint8_t back[MOST];
	size_t size = 0;

	assert_int_equal(sl_unseal(enclave, &result, blob->bytes, blob->size,
		NULL, 0, back, MOST, &size), OE_OK);
	if (result)
		return result;
	assert_int_equal(size, TEXT_SIZE);
	assert_memory_equal(back, text, TEXT_SIZE);
	return OE_OK;
}

static void seal_all(void **state)
{
	(void)state;
	for (int i = 0; i < IMAGES; i++) {
		for (int debug = 0; debug < 2; debug++) {
			oe_enclave_t *e = start_with(i,
				debug ? OE_ENCLAVE_FLAG_DEBUG : 0);

			for (int policy = 1; policy <= 2; policy++)
				seal_by(e, policy, &kept[i][policy - 1][debug]);
			stop(e);
		}
	}
}

/* Whether `by` gets the key that `of` sealed with. */
static bool may_open(int of, int by, int policy)
{
	static const uint8_t version[IMAGES] = { 2, 2, 1, 3, 2, 2, 2 };

	/* KSS alone makes no difference: the default mask leaves it out. */
	if (of == by)
		return true;
	if (policy == UNIQUE)
		return false;
	return of != SIGNER && by != SIGNER && of != PRODUCT && by != PRODUCT
		&& version[by] >= version[of];
}

/* Everyone tries everything; with *state nobody may, as the machine is
 * another one. */
static void open_all(void **state)
{
	bool elsewhere = *state != NULL;

	for (int by = 0; by < IMAGES; by++) {
		oe_enclave_t *e = start_with(by, 0);

		for (int i = 0; i < 4 * IMAGES; i++) {
			int of = i / 4, policy = 1 + i / 2 % 2, debug = i % 2;
			oe_result_t want;

			/* Same MRENCLAVE under another signer. */
			if (!elsewhere && policy == UNIQUE && of != by
					&& (of == SIGNER || by == SIGNER))
				continue;
			want = !elsewhere && !debug && may_open(of, by, policy)
				? OE_OK : OE_UNSUPPORTED;
			if (open_by(e, &kept[of][policy - 1][debug]) != want)
				fail_msg("%d opens %d, policy %d, debug %d: "
					"not %s", by, of, policy, debug,
					oe_result_str(want));
		}
		stop(e);
	}
}

/* The twin with DEBUG opens its own and no other. */
static void debug_twin(void **state)
{
	oe_enclave_t *e = start(USUAL);

	(void)state;
	for (int policy = 0; policy < 2; policy++) {
		assert_int_equal(open_by(e, &kept[USUAL][policy][1]), OE_OK);
		assert_int_equal(open_by(e, &kept[USUAL][policy][0]),
			OE_UNSUPPORTED);
	}
	stop(e);
}

static void in_the_enclave(void **state)
{
	static uint8_t outside[64];

	(void)state;
	for (int i = USUAL; i <= MBEDTLS; i++) {
		oe_enclave_t *e = start(i);
		int line = -1;

		assert_int_equal(sl_check(e, &line, outside), OE_OK);
		assert_int_equal(line, 0);
		stop(e);
	}
}

static int first_time(struct world *world)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_enclave),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_additional_data),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_from_outside),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_kss),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_key_errors),
		cmocka_unit_test(test_keys_of_host),
		cmocka_unit_test(seal_all),
	};

	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}

static int after_a_restart(struct world *world)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_all),
		cmocka_unit_test(debug_twin),
	};

	return cmocka_run_group_tests_name("restarted", tests, NULL, NULL);
}

/* Nobody gets a key of the machine that it was before. */
static int out_of_date(struct world *world)
{
	static int yes;
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(open_all, &yes),
	};

	return cmocka_run_group_tests_name("out of date", tests, NULL, NULL);
}

static int on_another_machine(struct world *world)
{
	static int yes;
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(open_all, &yes),
	};

	setenv("COFFER_VM", "another", 1);
	return cmocka_run_group_tests_name("elsewhere", tests, NULL, NULL);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

/* SEAL_SPEED=1: for the reader, no test. */
static int speed(struct world *world)
{
	static const char *const what[] = { "seal", "unseal" };

	for (int i = USUAL; i <= MBEDTLS; i++) {
		oe_enclave_t *e = start(i);
		oe_result_t result;

		for (int size = 16; size <= 1 << 20; size <<= 8)
			for (int open = 0; open < 2; open++) {
				int rounds = size > 16 ? 200 : 2000;
				double begin;

				sl_speed(e, &result, size, 10, open);
				begin = seconds();
				sl_speed(e, &result, size, rounds, open);
				begin = (seconds() - begin) / rounds;
				printf("%-7s %-6s %7d B %8.1f us %6.0f MB/s\n",
					i ? "mbedTLS" : "OpenSSL", what[open],
					size, begin * 1e6, size / begin / 1e6);
			}
		stop(e);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct world world;
	int failed;

	if (argc != 1 + IMAGES || world_open(&world, (uid_t)-1)
			|| world_configure(&world, (uid_t)-1, MACHINE))
		return 2;
	paths = argv + 1;
	kept = mmap(NULL, IMAGES * sizeof(*kept), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (kept == MAP_FAILED)
		return 2;
	/* One after the other, each on processors that have just started. */
	if (getenv("SEAL_SPEED"))
		failed = world_child(&world, speed);
	else
		failed = world_child(&world, first_time)
			|| world_child(&world, after_a_restart)
			|| world_child(&world, on_another_machine)
			|| world_configure(&world, (uid_t)-1, OLDER_MACHINE)
			|| world_child(&world, out_of_date)
			|| world_configure(&world, (uid_t)-1, MACHINE)
			|| world_child(&world, after_a_restart);
	return world_close(&world) || failed;
}
