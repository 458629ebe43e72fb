/* SPDX-License-Identifier: MIT */
/*
 * How machines and enclaves end: a thousand times in good order, and with
 * each process of theirs killed while calls run.
 */
#include "scene.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CYCLES 1000
#define WARM_UP 200

static void host(struct scene *s, struct peer *p)
{
	scene_host(s, p, HOSTILE_HOST, HOSTILE_ENCLAVE);
}

struct holding {
	size_t processes;
	long descriptors[3], resident[3], mappings[3];
};

static void measure(struct peer *p, struct holding *h)
{
	struct world_process all[64];
	pid_t pids[3] = { p->pid, scene_pid("cofferd"), scene_pid("coffer-cpu") };

	h->processes = world_processes(all, 64);
	for (int i = 0; i < 3; i++) {
		h->descriptors[i] = world_descriptors(pids[i]);
		h->resident[i] = world_resident(pids[i]);
		h->mappings[i] = world_mappings(pids[i]);
		print_message("  %-10s %ld descriptors, %ld KiB, %ld mappings\n",
			(const char *[]){ "host", "cofferd", "coffer-cpu" }[i],
			h->descriptors[i], h->resident[i], h->mappings[i]);
	}
}

static void cycle(struct peer *p, unsigned count)
{
	char rest[128];
	unsigned done = 0;

	peer_say(p, "cycles %u", count);
	assert_true(peer_expect(p, "cycled", rest, sizeof(rest), 900000));
	assert_int_equal(sscanf(rest, "%u", &done), 1);
	assert_int_equal(done, count);
}

static void test_cycles(void **state)
{
	struct holding before, after;
	struct scene *s = *state;
	struct peer p;
	char rest[128];

	host(s, &p);
	cycle(&p, WARM_UP);
	measure(&p, &before);
	cycle(&p, CYCLES);
	measure(&p, &after);
	assert_int_equal(after.processes, before.processes);
	for (int i = 0; i < 3; i++) {
		/* -1 where a sealed process does not let us count. */
		assert_int_equal(after.descriptors[i], before.descriptors[i]);
		assert_true(after.mappings[i] <= before.mappings[i] + 8);
		/* A leak of one page a cycle would be 4,000 KiB. */
		assert_true(after.resident[i] <= before.resident[i] + 1500);
	}
	scene_ask(&p, "work", rest, sizeof(rest), "work 41");
	assert_string_equal(rest, "OE_OK 42");
	scene_host_end(&p);
	scene_end(s);
}

static void test_host_killed(void **state)
{
	struct scene *s = *state;
	struct peer p;
	pid_t cell;

	host(s, &p);
	cell = scene_pid(NULL);
	scene_ask(&p, "calling", NULL, 0, "calls");
	kill(p.pid, SIGKILL);
	peer_end(&p, SCENE_WAIT);
	assert_true(scene_gone(cell, SCENE_WAIT) >= 0);

	/* The machine goes on for the next one. */
	host(s, &p);
	scene_host_end(&p);
	scene_end(s);
}

/* Two hosts with calls running; the process named is killed. */
static void killed(struct scene *s, const char *name, bool both)
{
	unsigned long long start;
	struct peer one, two;
	char rest[128];
	pid_t pid;

	host(s, &one);
	scene_ask(&one, "calling", NULL, 0, "calls");
	pid = scene_pid(name); /* with one host there is one cell */
	host(s, &two);
	scene_ask(&two, "calling", NULL, 0, "calls");
	world_nap(200);
	start = world_clock();
	kill(pid, SIGKILL);
	assert_true(peer_expect(&one, "calls-ended", rest, sizeof(rest),
		SCENE_WAIT));
	print_message("  %s killed: the first host is told %s after %llu ms\n",
		name ? name : "cell", rest, world_clock() - start);
	assert_string_not_equal(rest, "OE_OK");
	if (both) {
		assert_true(peer_expect(&two, "calls-ended", rest, sizeof(rest),
			SCENE_WAIT));
		print_message("  %s killed: the second host is told %s after "
			"%llu ms\n", name, rest, world_clock() - start);
		assert_string_not_equal(rest, "OE_OK");
	} else {
		scene_ask(&two, "work", rest, sizeof(rest), "work 41");
		assert_string_equal(rest, "OE_OK 42");
	}
	/* Calls after the end fail too, and at once. */
	scene_ask(&one, "work", rest, sizeof(rest), "work 41");
	assert_string_not_equal(rest, "OE_OK 42");
	assert_int_not_equal(peer_end(&one, SCENE_WAIT), -1);
	kill(two.pid, SIGKILL);
	peer_end(&two, SCENE_WAIT);

	/* A new machine starts where the old one was. */
	host(s, &one);
	scene_ask(&one, "work", rest, sizeof(rest), "work 41");
	assert_string_equal(rest, "OE_OK 42");
	scene_host_end(&one);
	scene_end(s);
}

static void test_cell_killed(void **state)
{
	killed(*state, NULL, false);
}

static void test_processor_killed(void **state)
{
	killed(*state, "coffer-cpu", true);
}

static void test_driver_killed(void **state)
{
	killed(*state, "cofferd", true);
}

/* With no client the machine goes by itself, socket and all. */
static void test_idle(void **state)
{
	struct scene *s = *state;
	struct peer p;

	host(s, &p);
	scene_host_end(&p);
	assert_int_equal(world_wait_empty(SCENE_WAIT), 0);
	scene_end(s);
}

/* An argument names the cases to run, with * and ?. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cycles, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_host_killed, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_cell_killed, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_processor_killed, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_driver_killed, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_idle, scene_setup,
			scene_teardown),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
