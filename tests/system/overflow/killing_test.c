/* SPDX-License-Identifier: MIT */
/*
 * killing_test [ROUNDS [SEED]]: enclaves page as hard as they can, and
 * at a moment that nobody chose a host, a cell, the driver or the processor is
 * killed.  Whoever waited is told soon, nothing hangs, nothing stays, and
 * the next start is clean.
 */
#include "look.h"
#include "scene.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 10u
#define SMALL_EPC "size=Standard_DC1s_v2\nepc_pages=1024\n"
#define PAGES 1536u /* of an enclave; two of them, on 1024 */
#define TOLD_MS SCENE_WAIT
#define DELAY_MS 120u

enum victim { HOST, CELL, DRIVER, PROCESSOR, VICTIMS };
static const char *const g_names[VICTIMS] = {
	"host", "cell", "driver", "processor",
};

static unsigned g_rounds = ROUNDS;
static uint64_t g_seed;

static unsigned random_below(unsigned bound)
{
	g_seed ^= g_seed << 13;
	g_seed ^= g_seed >> 7;
	g_seed ^= g_seed << 17;
	return (unsigned)((g_seed >> 20) % bound);
}

/* One of the children of coffer-cpu. */
static pid_t any_cell(void)
{
	pid_t cpu = scene_pid("coffer-cpu"), cells[16];
	struct world_process all[64];
	size_t n = world_processes(all, 64), found = 0;

	for (size_t i = 0; i < n && found < 16; i++)
		if (all[i].parent == cpu)
			cells[found++] = all[i].pid;
	assert_true(found > 0);
	return cells[random_below((unsigned)found)];
}

static pid_t pid_of(enum victim victim, const struct peer *p)
{
	switch (victim) {
	case HOST:
		return p->pid;
	case CELL:
		return any_cell();
	case DRIVER:
		return scene_pid("cofferd");
	default:
		return scene_pid("coffer-cpu");
	}
}

/* Both enclaves' threads, or one's, are told that their enclave is gone. */
static void expect_told(struct peer *p, unsigned count)
{
	char rest[128];

	while (count--) {
		assert_true(peer_expect(p, "thrash-ended", rest, sizeof(rest),
			TOLD_MS));
		assert_string_not_equal(rest, "OE_OK");
	}
}

static void expect_clean_start(struct scene *s)
{
	struct peer p;
	char rest[128];

	scene_host(s, &p, OVERFLOW_HOST, OVERFLOW_SMALL);
	scene_ask(&p, "all", rest, sizeof(rest), "all %u 1", PAGES);
	assert_string_equal(rest, "1 1 OE_OK");
	scene_host_end(&p);
}

/* What a machine without enclaves holds must not grow. */
struct base {
	pid_t pid[2]; /* of the machine that was measured */
	long descriptors[2], mappings[2];
};

/* Descriptors come down when clients' ends are noticed; an allocator may split
 * and join the mappings that it has. */
static bool has_grown(pid_t pid, const struct base *base, int i,
	unsigned milliseconds)
{
	unsigned long long end = world_clock() + milliseconds;

	while (world_descriptors(pid) > base->descriptors[i] ||
			world_mappings(pid) > base->mappings[i] + 16) {
		if (world_clock() > end)
			return true;
		world_nap(5);
	}
	return false;
}

static void check_growth(struct base *base)
{
	static const char *const names[2] = { "cofferd", "coffer-cpu" };
	const char *left = look_empty(TOLD_MS);

	if (left)
		fail_msg("the machine still has %s", left);
	for (int i = 0; i < 2; i++) {
		pid_t pid = world_find(names[i]);

		assert_true(pid >= 0);
		if (!pid)
			continue;
		if (base->pid[i] != pid) {
			base->pid[i] = pid;
			base->descriptors[i] = world_descriptors(pid);
			base->mappings[i] = world_mappings(pid);
		} else if (has_grown(pid, base, i, TOLD_MS)) {
			fail_msg("%s had %ld descriptors and %ld mappings, and "
				"has %ld and %ld", names[i],
				base->descriptors[i], base->mappings[i],
				world_descriptors(pid), world_mappings(pid));
		}
	}
}

static void kill_once(struct scene *s, struct base *base,
	unsigned count[VICTIMS])
{
	enum victim victim = random_below(VICTIMS);
	struct peer p;
	char rest[128];
	pid_t pid, machine[2];

	scene_host(s, &p, OVERFLOW_HOST, OVERFLOW_SMALL);
	scene_ask(&p, "more", rest, sizeof(rest), "more 2");
	assert_string_equal(rest, "2 OE_OK");
	machine[0] = scene_pid("cofferd");
	machine[1] = scene_pid("coffer-cpu");
	scene_ask(&p, "thrashing", NULL, 0, "thrash %u", PAGES);
	world_nap(random_below(DELAY_MS));
	pid = pid_of(victim, &p);
	kill(pid, SIGKILL);
	count[victim]++;
	if (victim == CELL)
		expect_told(&p, 1);
	else if (victim != HOST)
		expect_told(&p, 2);
	if (victim != HOST)
		kill(p.pid, SIGKILL);
	peer_end(&p, TOLD_MS);
	if (scene_gone(pid, TOLD_MS) < 0)
		fail_msg("the killed %s is still there", g_names[victim]);
	/* One half of a machine does not stay without the other. */
	if (victim == DRIVER || victim == PROCESSOR) {
		assert_true(scene_gone(machine[0], TOLD_MS) >= 0);
		assert_true(scene_gone(machine[1], TOLD_MS) >= 0);
	}
	check_growth(base);
	expect_clean_start(s);
	check_growth(base);
}

static void test_kill(void **state)
{
	unsigned count[VICTIMS] = { 0 };
	struct scene *s = *state;
	struct base base = { 0 };

	assert_int_equal(world_configure(&s->world, (uid_t)-1, SMALL_EPC), 0);
	for (unsigned i = 0; i < g_rounds; i++) {
		uint64_t seed = g_seed;

		print_message("  round %u, seed %llu\n", i + 1,
			(unsigned long long)seed);
		kill_once(s, &base, count);
	}
	for (int i = 0; i < VICTIMS; i++)
		print_message("  killed: %s %u times\n", g_names[i], count[i]);
	/* All processes, sockets and locks go by themselves. */
	scene_end(s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kill, scene_setup,
			scene_teardown),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		g_rounds = (unsigned)atoi(argv[1]);
	g_seed = argc > 2 ? strtoull(argv[2], NULL, 10) :
		world_clock() * 2654435761u;
	g_seed |= 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
