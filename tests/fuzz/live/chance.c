/* SPDX-License-Identifier: MIT */
#include "chance.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ull

uint64_t chance_next(struct chance *c)
{
	uint64_t z = c->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint64_t chance_below(struct chance *c, uint64_t limit)
{
	return chance_next(c) % limit;
}

bool chance_one_in(struct chance *c, uint64_t n)
{
	return chance_next(c) % n == 0;
}

uint64_t chance_odd(struct chance *c)
{
	uint64_t r = chance_next(c);

	switch (r >> 60) {
	case 0: return 0;
	case 1: return UINT64_MAX;
	case 2: return 1ull << (r & 63);
	case 3: return (1ull << (r & 63)) - 1;
	case 4: return -(1ull << (r & 63));
	case 5: return r & 0xff;
	case 6: return r & 0xffff;
	case 7: return r & 0xffff000;
	case 8: return INT64_MAX;
	case 9: return UINT32_MAX;
	case 10: return UINT32_MAX & ~(PAGE - 1);
	case 11: return 0x0000800000000000ull - (r & 1) * PAGE;
	default: return r;
	}
}

/* --- time --------------------------------------------------------------- */

static uint64_t begun, lasting;
const char *chance_name;
uint64_t chance_seed;

static uint64_t microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void hung(int signal)
{
	static const char text[] = "the storm hangs\n";

	if (write(2, text, sizeof(text) - 1) < 0)
		_exit(3);
	abort();
}

void chance_open(const char *name, struct chance *c)
{
	const char *seed = getenv("FUZZ_SEED"), *time = getenv("FUZZ_SECONDS");
	unsigned seconds = time != NULL ? (unsigned)atoi(time) : 60;

	begun = microseconds();
	lasting = seconds * 1000000ull;
	c->state = seed != NULL ? strtoull(seed, NULL, 0) : begun;
	chance_name = name;
	chance_seed = c->state;
	printf("%s: FUZZ_SEED=%llu for %u s\n", name,
		(unsigned long long)chance_seed, seconds);
	fflush(stdout);
	signal(SIGALRM, hung);
	alarm(seconds + 150);
}

bool chance_going(void)
{
	return microseconds() - begun < lasting;
}

uint64_t chance_nap(unsigned us)
{
	const struct timespec t = { us / 1000000, us % 1000000 * 1000l };

	if (us > 0)
		nanosleep(&t, NULL);
	return microseconds() - begun;
}
