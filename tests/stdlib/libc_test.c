/* SPDX-License-Identifier: MIT */
/* The C library, the allocator and mbedTLS inside an enclave. */
#include <openenclave/host.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "libc_u.h"
#include "support/world.h"

#define THREADS 8 /* as many as the enclave has */
#define CRYPTO 11

/* Ways to leave: the last is a system call. */
#ifdef IN_A_WORLD
#define LAST_WAY 4
#else
#define LAST_WAY 2
#endif

static oe_enclave_t *enclave;
static pthread_barrier_t met;
static int meet;
static const char *image;

void lc_met(void)
{
	if (meet)
		pthread_barrier_wait(&met);
}

static oe_enclave_t *create(void)
{
	oe_enclave_t *made = NULL;

	assert_int_equal(oe_create_libc_enclave(image, OE_ENCLAVE_TYPE_AUTO,
		OE_ENCLAVE_FLAG_DEBUG, NULL, 0, &made), OE_OK);
	return made;
}

static int set_up(void **state)
{
	(void)state;
	enclave = create();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return oe_terminate_enclave(enclave);
}

/* The enclave's check: 0, or the line there that failed. */
#define INSIDE(CALL)                                                       \
	do {                                                               \
		int line = -1;                                             \
		oe_result_t r = CALL;                                      \
		if (r != OE_OK || line)                                    \
			fail_msg("%s: %s, line %d", #CALL, oe_result_str(r), \
				line);                                     \
	} while (0)

static void text(void **state)
{
	(void)state;
	INSIDE(lc_text(enclave, &line));
	INSIDE(lc_numbers(enclave, &line));
	INSIDE(lc_program(enclave, &line));
}

#ifdef IN_A_WORLD
static void system_services(void **state)
{
	(void)state;
	INSIDE(lc_system(enclave, &line, time(NULL)));
	INSIDE(lc_syscalls(enclave, &line));
}
#endif

static void memory(void **state)
{
	(void)state;
	INSIDE(lc_memory(enclave, &line));
	for (int i = 0; i < 3; i++)
		INSIDE(lc_exhaust(enclave, &line));
	INSIDE(lc_memory(enclave, &line));
}

/* What the enclave writes to a descriptor while a function runs. */
static char *captured(int fd, void (*what)(void), size_t *size)
{
	FILE *file = tmpfile();
	int kept = dup(fd);
	static char got[1 << 20];

	assert_non_null(file);
	fflush(NULL);
	dup2(fileno(file), fd);
	what();
	fflush(NULL);
	dup2(kept, fd);
	close(kept);
	rewind(file);
	*size = fread(got, 1, sizeof(got) - 1, file);
	got[*size] = 0;
	fclose(file);
	return got;
}

static int print_failed;

static void print_all(void)
{
	int line = -1;

	print_failed = 0;
	printf("host, ");
	print_failed |= lc_print(enclave, &line, "one", 0) || line;
	printf("host again\n");
	print_failed |= lc_print(enclave, &line, "two", 2) || line;
	print_failed |= lc_print(enclave, &line, "to stderr", 1) || line;
	/* No line end: comes when the enclave ends. */
	print_failed |= lc_print(enclave, &line, " three", 3) || line;
	print_failed |= oe_terminate_enclave(enclave) != OE_OK;
	enclave = NULL;
}

static void print_much(void)
{
	int line = -1;

	print_failed = lc_print(enclave, &line, "a line of some length", 5000)
		|| line;
}

static void printing(void **state)
{
	size_t size;
	char *got = captured(1, print_all, &size);

	(void)state;
	assert_int_equal(print_failed, 0);
	assert_string_equal(got, "host, one\nhost again\ntwo\n! three");
	enclave = create();
	captured(1, print_much, &size);
	assert_int_equal(print_failed, 0);
	assert_int_equal(size, 5000 * (7 + 21 + 1));
}

struct job {
	pthread_t thread;
	int number, kind;
	oe_result_t result;
	int line;
};

static void *work(void *argument)
{
	struct job *j = argument;
	int rounds = 2000;

	switch (j->kind) {
	case 0:
		j->result = lc_churn(enclave, &j->line, j->number + 1, 20000);
		break;
	case 1:
		j->result = lc_count(enclave, &j->line, rounds);
		break;
	case 2:
		j->result = lc_pass(enclave, &j->line, j->number % 4, 500);
		break;
	case 3:
		j->result = lc_once(enclave, &j->line, 0);
		break;
	case 4:
		j->result = lc_readers(enclave, &j->line, !(j->number % 3),
			rounds);
		break;
	case 5:
		j->result = lc_key(enclave, &j->line, 1u << j->number);
		break;
	case 6:
		j->result = lc_barrier(enclave, &j->line, THREADS, 100);
		break;
	default:
		j->result = lc_thread_id(enclave, &j->line);
		break;
	}
	return NULL;
}

static void together(int kind, int count, struct job *jobs)
{
	for (int i = 0; i < count; i++) {
		jobs[i] = (struct job){ .number = i, .kind = kind,
			.line = -1 };
		assert_int_equal(pthread_create(&jobs[i].thread, NULL, work,
			&jobs[i]), 0);
	}
	for (int i = 0; i < count; i++) {
		pthread_join(jobs[i].thread, NULL);
		if (jobs[i].result != OE_OK || (kind < 7 && jobs[i].line))
			fail_msg("kind %d, thread %d: %s, line %d", kind, i,
				oe_result_str(jobs[i].result), jobs[i].line);
	}
}

static void threads(void **state)
{
	struct job jobs[THREADS];
	int n = 0;

	(void)state;
	together(0, THREADS, jobs);
	together(1, THREADS, jobs);
	assert_int_equal(lc_counted(enclave, &n), OE_OK);
	assert_int_equal(n, THREADS * 2000);
	together(2, 4, jobs);
	together(3, THREADS, jobs);
	together(4, THREADS, jobs);
	together(6, THREADS, jobs);
	together(6, THREADS, jobs);
	INSIDE(lc_timed(enclave, &line));
}

static void what_is_a_threads_own(void **state)
{
	struct job jobs[THREADS];
	int n = 0, seen = 0;

	(void)state;
	pthread_barrier_init(&met, NULL, THREADS);
	meet = 1;
	together(5, THREADS, jobs);
	assert_int_equal(lc_keys_gone(enclave, &n), OE_OK);
	assert_int_equal(n, (1 << THREADS) - 1);
	together(7, THREADS, jobs);
	meet = 0;
	for (int i = 0; i < THREADS; i++) {
		assert_in_range(jobs[i].line, 1, THREADS);
		seen |= 1 << jobs[i].line;
	}
	assert_int_equal(seen, (2 << THREADS) - 2);
	pthread_barrier_destroy(&met);
}

static void *wait_for_ever(void *argument)
{
	int line;

	*(oe_result_t *)argument = lc_pass(enclave, &line, 3, 1);
	return NULL;
}

/* Threads that sleep inside when another one aborts the enclave. */
static void abort_wakes_sleepers(void **state)
{
	oe_result_t result[4];
	pthread_t thread[4];
	int line;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL,
			wait_for_ever, &result[i]), 0);
	usleep(50000);
	assert_int_equal(lc_leave(enclave, 0), OE_ENCLAVE_ABORTING);
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		assert_in_range(result[i], OE_ENCLAVE_ABORTING,
			OE_ENCLAVE_ABORTED);
	}
	assert_int_equal(lc_text(enclave, &line), OE_ENCLAVE_ABORTING);
	oe_terminate_enclave(enclave);
}

static void crypto(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	for (int i = 0; i < CRYPTO; i++) {
		int line = -1;

		assert_int_equal(lc_crypto(enclave, &line, i), OE_OK);
		if (line)
			fail_msg("test %d: %d", i, line);
	}
	INSIDE(lc_random(enclave, &line, a));
	INSIDE(lc_random(enclave, &line, b));
	assert_memory_not_equal(a, b, 32);
}

static void smashed_stack(void **state)
{
	int line;

	(void)state;
	assert_int_equal(lc_smash(enclave, 64), OE_OK);
	assert_int_equal(lc_smash(enclave, 200), OE_ENCLAVE_ABORTING);
	assert_int_equal(lc_text(enclave, &line), OE_ENCLAVE_ABORTING);
	oe_terminate_enclave(enclave);
}

static int leave_how;

static void leave(void)
{
	print_failed = lc_leave(enclave, leave_how) != OE_ENCLAVE_ABORTING;
}

static void leave_well(void)
{
	print_failed = lc_leave(enclave, 3) != OE_OK;
	print_failed |= oe_terminate_enclave(enclave) != OE_OK;
	enclave = NULL;
}

static void ends(void **state)
{
	size_t size;

	(void)state;
	for (leave_how = 0; leave_how <= LAST_WAY; leave_how++) {
		if (leave_how == 3)
			continue;
		assert_string_equal(captured(1, leave, &size),
			leave_how == 1 ? "last words" : "");
		assert_int_equal(print_failed, 0);
		oe_terminate_enclave(enclave);
		enclave = create();
	}
	assert_string_equal(captured(1, leave_well, &size), "last words");
	assert_int_equal(print_failed, 0);
	enclave = create();
}

static int damage_how;

static void damage(void)
{
	int line;

	print_failed = lc_damage(enclave, &line, damage_how) !=
		OE_ENCLAVE_ABORTING;
}

static void damaged_heap(void **state)
{
	size_t size;

	(void)state;
	for (damage_how = 0; damage_how < 2; damage_how++) {
		char *got = captured(2, damage, &size);

		assert_int_equal(print_failed, 0);
		assert_non_null(strstr(got, "enclave heap is damaged"));
		oe_terminate_enclave(enclave);
		enclave = create();
	}
}

static int run(struct world *world)
{
#define ONE(TEST) cmocka_unit_test_setup_teardown(TEST, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		ONE(text), ONE(memory), ONE(printing), ONE(threads),
		ONE(what_is_a_threads_own), ONE(crypto), ONE(ends),
		ONE(damaged_heap),
		cmocka_unit_test_setup(smashed_stack, set_up),
		cmocka_unit_test_setup(abort_wakes_sleepers, set_up),
#ifdef IN_A_WORLD
		/* Elsewhere the instruction reaches this system's kernel. */
		ONE(system_services),
#endif
	};

	return cmocka_run_group_tests_name("libc", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	image = argv[1];
#ifdef IN_A_WORLD
	return world_run(NULL, run);
#else
	return run(NULL);
#endif
}
