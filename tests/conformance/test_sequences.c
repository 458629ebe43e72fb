/* SPDX-License-Identifier: MIT */
/* SDM 3D: EPCM, Eviction, Tracking */
/*
 * Random sequences of all leaves; see drive.h for what must hold.  Always the
 * same seeds, so that a failure can be repeated: COFFER_SEED picks the first,
 * COFFER_ROUNDS how many there are.
 */
#include "drive.h"
#include <stdio.h>
#include <stdlib.h>

#define SEQUENCE 4000u

static unsigned long setting(const char *name, unsigned long fallback)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : fallback;
}

static void fill(uint64_t seed, uint8_t *bytes)
{
	uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;

	for (uint32_t i = 0; i < SEQUENCE; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		bytes[i] = (uint8_t)(state >> 24);
	}
}

static unsigned long g_seed;

static int tell_seed(void **state)
{
	if (g_seed)
		print_message("seed %lu\n", g_seed);
	return 0;
}

static void sequences(void **state)
{
	unsigned long seed = setting("COFFER_SEED", 1);
	unsigned long rounds = setting("COFFER_ROUNDS", 100);
	static uint8_t bytes[SEQUENCE];
	static struct drive d;

	for (unsigned long i = 0; i < rounds; i++) {
		fill(seed + i, bytes);
		g_seed = seed + i;
		drive_run(&d, bytes, sizeof bytes);
	}
	g_seed = 0;
	for (uint32_t i = 0; i < DRIVE_LEAVES; i++)
		print_message("%-12s %6u done %6u refused\n", drive_names[i],
			d.done[i], d.refused[i]);
	print_message("%u pages found to be tampered with\n", d.mac_failures);
	/* a test that never gets there tests nothing */
	for (uint32_t i = 0; i < DRIVE_LEAVES && rounds >= 100; i++)
		assert_true(d.done[i] > 20 && d.refused[i] > 20);
	assert_true(rounds < 100 || d.mac_failures > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sequences, NULL, tell_seed),
	};

	return cmocka_run_group_tests_name("sequences", tests, NULL, NULL);
}
