/* SPDX-License-Identifier: MIT */
/*
 * dbg_host COMMAND IMAGE...: what a debugger is tried on.
 *
 *   run      one enclave: a sum, a call with an ocall, end
 *   threads  one enclave, two threads at once
 *   two      two enclaves, one after the other while both live
 *   trap     an enclave with an INT3 in its code
 *   crash    an enclave that reads where nothing is
 *   walk     an enclave that touches 1200 pages twice
 *   wait     runs an enclave and waits for a line on standard input
 */
#include "dbg_u.h"
#include <openenclave/host.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static oe_enclave_t *start(const char *image, uint32_t flags)
{
	oe_enclave_t *enclave = NULL;
	oe_result_t result = oe_create_dbg_enclave(image, OE_ENCLAVE_TYPE_SGX,
		flags, NULL, 0, &enclave);

	if (result != OE_OK) {
		fprintf(stderr, "%s: %s\n", image, oe_result_str(result));
		exit(1);
	}
	return enclave;
}

uint64_t host_answer(uint64_t value)
{
	return value * 2; /* line: answer */
}

static uint64_t sum(oe_enclave_t *enclave, uint64_t count)
{
	uint64_t value = 0;

	if (dbg_sum(enclave, &value, count) != OE_OK)
		exit(1);
	return value;
}

static uint64_t talk(oe_enclave_t *enclave, uint64_t with)
{
	uint64_t value = 0;

	if (dbg_talk(enclave, &value, with) != OE_OK)
		exit(1);
	return value;
}

static void *worker(void *enclave)
{
	uint64_t value = 0;

	if (dbg_sum_together(enclave, &value, 4) != OE_OK)
		exit(1);
	return (void *)(uintptr_t)value;
}

static void threads(oe_enclave_t *enclave)
{
	pthread_t thread[2];
	uint64_t total = 0;

	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, worker, enclave))
			exit(1);
	for (int i = 0; i < 2; i++) {
		void *value;

		pthread_join(thread[i], &value);
		total += (uintptr_t)value;
	}
	printf("threads %llu\n", (unsigned long long)total);
}

int main(int argc, char **argv)
{
	const char *command = argc > 2 ? argv[1] : "";
	uint32_t flags = getenv("DBG_PLAIN") ? 0 : OE_ENCLAVE_FLAG_DEBUG_AUTO;
	oe_enclave_t *enclave, *other;

	if (argc < 3) {
		fprintf(stderr, "usage: dbg_host COMMAND IMAGE...\n");
		return 2;
	}
	enclave = start(argv[2], flags);
	if (!strcmp(command, "run")) {
		printf("sum %llu\n", (unsigned long long)sum(enclave, 3));
		printf("talk %llu\n", (unsigned long long)talk(enclave, 20));
	} else if (!strcmp(command, "threads")) {
		threads(enclave);
	} else if (!strcmp(command, "two") && argc > 3) {
		other = start(argv[3], flags);
		printf("first %llu\n", (unsigned long long)sum(enclave, 2));
		printf("second %llu\n", (unsigned long long)sum(other, 3));
		oe_terminate_enclave(other);
	} else if (!strcmp(command, "walk")) {
		uint64_t value = 0;

		if (dbg_walk(enclave, &value, 1200) != OE_OK)
			return 1;
		printf("walk %llu\n", (unsigned long long)value);
	} else if (!strcmp(command, "trap")) {
		printf("trap %s\n", oe_result_str(dbg_trap(enclave)));
	} else if (!strcmp(command, "crash")) {
		uint64_t value;

		printf("crash %s\n", oe_result_str(dbg_crash(enclave, &value,
			64)));
	} else if (!strcmp(command, "wait")) {
		puts("waiting");
		fflush(stdout);
		getchar();
		printf("sum %llu\n", (unsigned long long)sum(enclave, 3));
	} else {
		fprintf(stderr, "dbg_host: what is %s?\n", command);
		return 2;
	}
	oe_terminate_enclave(enclave);
	return 0;
}
