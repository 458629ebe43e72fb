/* SPDX-License-Identifier: MIT */
/*
 * Random storms against a processor without a driver, and an enclave beside the
 * storm whose every answer is checked.
 */
#ifndef COFFER_TESTS_FUZZ_STORM_H
#define COFFER_TESTS_FUZZ_STORM_H

#include "bare.h"
#include "chance.h"
#include <pthread.h>

/* --- an enclave that must go on --- */

#define WORK_WORDS 4u /* checked words per page */

struct work {
	struct bare_cpu cpu; /* the machine, seen by a host of its own */
	struct bare_enclave enclave;
	unsigned pages;
	bool may_end; /* it may be lost or fault, but never answer wrongly */
	bool ended;
	uint64_t rounds;
	char wrong[160]; /* empty: all answers were right */
	uint64_t *expected;
	struct chance chance;
	pthread_t thread;
	uint32_t stop, pause, paused;
};

/* Builds it (as bare_build; on the caller's thread) and starts its thread,
 * which enters TCS 0 only. */
void work_start(struct work *, struct bare_cpu *, unsigned pages, bool may_end,
	uint64_t seed);
/* It does nothing from now on until it is told to go on. */
void work_pause(struct work *, bool pause);
/* Fails the test if an answer was wrong.  ends it. */
void work_end(struct work *);
void work_check(const struct work *);

/* --- the processor, from outside --- */

/* An arena of its own for a second host of the same machine. */
void storm_host(struct bare_cpu *host, const struct bare_cpu *machine);
void storm_host_end(struct bare_cpu *host);
/* Fails the test if the processor has ended. */
void storm_alive(struct bare_cpu *);
/* Takes the events that have come; the numbers of enclaves lost or locked. */
unsigned storm_events(struct bare_cpu *, uint32_t *enclaves, unsigned max);
/* Open descriptors; resident KiB. */
long storm_descriptors(pid_t);
long storm_resident(pid_t);

/* --- a storm, life after life --- */

struct storm {
	const char *name;
	/* Builds a hostile enclave, lets it live, and removes it. */
	void (*live)(struct storm *);
	/* Prints what was done, in so many words, no line's end. */
	void (*tell)(const struct storm *);
	/* A machine, a second host of it, which is the hostile enclave's, and
	 * an enclave beside it that must not suffer. */
	struct bare_cpu cpu, host;
	struct work honest;
	struct chance chance;
	uint64_t lives;
};

/* A test: lives for as long as chance.h says, after each of which only the
 * hostile enclave may have suffered, and at whose end nothing may be left in
 * the machine. */
void storm_run(struct storm *);

#endif
