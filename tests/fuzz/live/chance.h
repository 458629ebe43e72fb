/* SPDX-License-Identifier: MIT */
/*
 * What all storms share: a seed that is printed (FUZZ_SEED repeats it as far
 * as threads allow) and a time (FUZZ_SECONDS).
 */
#ifndef COFFER_TESTS_FUZZ_CHANCE_H
#define COFFER_TESTS_FUZZ_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct chance {
	uint64_t state;
};

uint64_t chance_next(struct chance *);
uint64_t chance_below(struct chance *, uint64_t limit); /* limit > 0 */
bool chance_one_in(struct chance *, uint64_t n);
/* A value that programs like to get wrong. */
uint64_t chance_odd(struct chance *);

/* Takes and prints the seed, begins the time; ends the program with a message
 * when the storm has hung. */
void chance_open(const char *name, struct chance *);
bool chance_going(void);
/* What to say of a failure. */
extern const char *chance_name;
extern uint64_t chance_seed;
uint64_t chance_nap(unsigned microseconds); /* microseconds since opening */

#endif
