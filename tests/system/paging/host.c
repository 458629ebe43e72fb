/* SPDX-License-Identifier: MIT */
/*
 * A host whose enclave works through more memory than the machine may have.
 *
 *   fill PAGES SEED     filled RESULT VALUE
 *   sweep               swept RESULT WRONG
 *   run                 running; then sweeps one after the other, and when
 *                       one does not succeed: ended RESULT
 *   stop                stopped SWEEPS WRONG: what run did so far
 */
#include "../hosting.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "paging_u.h"

static oe_enclave_t *g_enclave;
static pthread_t g_thread;
static volatile bool g_stop, g_runs;
static uint64_t g_sweeps, g_wrong;

static oe_result_t sweep(uint64_t *wrong)
{
	uint64_t address = 0, found = 0, wanted = 0;
	oe_result_t result = paging_sweep(g_enclave, wrong, &address, &found,
		&wanted);

	if (result == OE_OK && *wrong)
		answer("wrong %" PRIx64 " has %" PRIx64 " instead of %" PRIx64
			", and %" PRIu64 " others", address, found, wanted,
			*wrong - 1);
	return result;
}

static void *run(void *unused)
{
	while (!g_stop) {
		uint64_t wrong = 0;
		oe_result_t result = sweep(&wrong);

		if (result != OE_OK) {
			answer("ended %s", oe_result_str(result));
			break;
		}
		g_sweeps++;
		g_wrong += wrong;
	}
	return NULL;
}

static void start(void)
{
	g_stop = false;
	g_sweeps = g_wrong = 0;
	g_runs = !pthread_create(&g_thread, NULL, run, NULL);
	answer(g_runs ? "running" : "failed no thread");
}

static void stop(void)
{
	g_stop = true;
	if (g_runs)
		pthread_join(g_thread, NULL);
	g_runs = false;
	answer("stopped %" PRIu64 " %" PRIu64, g_sweeps, g_wrong);
}

static bool command(const char *line)
{
	uint64_t pages, seed, wrong = 0;
	int value = -1;
	oe_result_t result;

	if (sscanf(line, "fill %" SCNu64 " %" SCNu64, &pages, &seed) == 2) {
		result = paging_fill(g_enclave, &value, pages, seed);
		answer("filled %s %d", oe_result_str(result), value);
	} else if (!strcmp(line, "sweep")) {
		result = sweep(&wrong);
		answer("swept %s %" PRIu64, oe_result_str(result), wrong);
	} else if (!strcmp(line, "run")) {
		start();
	} else if (!strcmp(line, "stop")) {
		stop();
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (!loaded(oe_create_paging_enclave(argv[1], OE_ENCLAVE_TYPE_SGX, 0,
		NULL, 0, &g_enclave)))
		return 1;
	serve(command);
	if (g_runs)
		stop();
	oe_terminate_enclave(g_enclave);
	return 0;
}
