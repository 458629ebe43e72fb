/* SPDX-License-Identifier: MIT */
#include "tests.h"

#include "host/arena.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void it_is_a_sealed_memfd(void **state)
{
	struct arena_info a, b;
	struct stat st;
	int seals;
	char *other;

	assert_int_equal(arena_get(&a), 0);
	assert_int_equal(arena_get(&b), 0);
	assert_int_equal(a.va, b.va);
	assert_int_equal(a.size, b.size);
	assert_int_equal(a.fd, b.fd);
	assert_int_equal(a.va % 4096, 0);
	assert_true(a.size >= 1u << 28);
	assert_int_equal(fstat(a.fd, &st), 0);
	assert_int_equal(st.st_size, a.size);
	seals = fcntl(a.fd, F_GET_SEALS);
	assert_int_equal(seals & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	assert_true(fcntl(a.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(ftruncate(a.fd, 4096), -1);
	/* Who maps the descriptor sees what is written at an address. */
	char *p = arena_alloc(100);

	strcpy(p, "shared");
	other = mmap(NULL, a.size, PROT_READ, MAP_SHARED | MAP_NORESERVE,
		a.fd, 0);
	assert_ptr_not_equal(other, MAP_FAILED);
	assert_string_equal(other + arena_offset(p), "shared");
	munmap(other, a.size);
	arena_free(p);
}

static void every_size_is_aligned_and_its_own(void **state)
{
	static const size_t sizes[] = { 0, 1, 63, 64, 65, 127, 128, 129, 511,
		512, 513, 640, 641, 1000, 1024, 1025, 4095, 4096, 4097, 8193,
		10000, 65536, 65537, 100000, 262143, 262144, 262145, 1000000,
		5000000 };
	enum { N = sizeof(sizes) / sizeof(sizes[0]), EACH = 5 };
	static uint8_t *p[N][EACH];

	for (int e = 0; e < EACH; e++) {
		for (int i = 0; i < N; i++) {
			p[i][e] = arena_alloc(sizes[i]);
			assert_non_null(p[i][e]);
			assert_int_equal((uintptr_t)p[i][e] % 64, 0);
			assert_true(arena_contains(p[i][e], sizes[i]));
			memset(p[i][e], i * EACH + e + 1, sizes[i]);
		}
	}
	for (int e = 0; e < EACH; e++) {
		for (int i = 0; i < N; i++) {
			for (size_t n = 0; n < sizes[i]; n++)
				if (p[i][e][n] != (uint8_t)(i * EACH + e + 1))
					fail_msg("size %zu", sizes[i]);
			arena_free(p[i][e]);
		}
	}
	arena_free(NULL);
}

/* All sizes up to the largest class, so no class is computed wrongly. */
static void classes_hold_their_sizes(void **state)
{
	for (size_t size = 1; size <= ARENA_SMALL_MAX + 4096; size += 61) {
		uint8_t *a = arena_alloc(size), *b = arena_alloc(size);
		size_t distance;

		assert_non_null(a);
		assert_non_null(b);
		distance = (size_t)(a < b ? b - a : a - b);
		if (distance < size)
			fail_msg("size %zu: only %zu apart", size, distance);
		arena_free(b);
		arena_free(a);
	}
}

static void pages_are_page_aligned(void **state)
{
	for (size_t n = 1; n < 70; n += 3) {
		uint8_t *p = arena_alloc_pages(n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 4096, 0);
		memset(p, 1, n * 4096);
		arena_free(p);
	}
	/* What fetched host pages rely on. */
	void *p = arena_alloc(4096);

	assert_int_equal((uintptr_t)p % 4096, 0);
	arena_free(p);
	assert_null(arena_alloc_pages(0));
	assert_null(arena_alloc_pages(SIZE_MAX / 4096));
	assert_null(arena_alloc(SIZE_MAX));
	assert_null(arena_alloc(SIZE_MAX - 4095));
}

static void last_freed_is_first_used(void **state)
{
	static const size_t sizes[] = { 1, 64, 300, 4096, 70000, 262144 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *a = arena_alloc(sizes[i]), *b = arena_alloc(sizes[i]);

		arena_free(a);
		arena_free(b);
		assert_ptr_equal(arena_alloc(sizes[i]), b);
		assert_ptr_equal(arena_alloc(sizes[i]), a);
		arena_free(a);
		arena_free(b);
	}
}

static void containment(void **state)
{
	struct arena_info a;
	char *base;

	assert_int_equal(arena_get(&a), 0);
	base = (char *)(uintptr_t)a.va;
	assert_true(arena_contains(base, a.size));
	assert_true(arena_contains(base + a.size - 1, 1));
	assert_false(arena_contains(base, a.size + 1));
	assert_false(arena_contains(base - 1, 1));
	assert_false(arena_contains(base + a.size, 0));
	assert_false(arena_contains(base + 10, SIZE_MAX));
	assert_false(arena_contains(&a, 1));
	assert_int_equal(arena_offset(base + 77), 77);
}

/* An enclave scribbles over the whole of its host's shared memory. */
static void scribbling_does_not_matter(void **state)
{
	uint8_t *p[200];

	for (int i = 0; i < 200; i++)
		p[i] = arena_alloc((size_t)i * 50);
	for (int i = 0; i < 200; i++) {
		struct arena_info a;

		assert_int_equal(arena_get(&a), 0);
		if (i == 0)
			memset((void *)(uintptr_t)a.va, 0xff, 8 << 20);
		arena_free(p[i]);
	}
	for (int i = 0; i < 200; i++) {
		p[i] = arena_alloc((size_t)i * 50);
		assert_true(arena_contains(p[i], (size_t)i * 50));
		for (int n = 0; n < i; n++)
			assert_ptr_not_equal(p[i], p[n]);
	}
	for (int i = 0; i < 200; i++)
		arena_free(p[i]);
}

static int ends_by(void (*action)(void))
{
	const struct rlimit none = { 0, 0 };
	int status;
	pid_t pid;

	/* Not fork(): its child may not use the arena. */
	pid = (pid_t)_Fork();
	if (!pid) {
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		close(2);
		action();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static char *g_victim;

static void free_twice(void)
{
	arena_free(g_victim);
	arena_free(g_victim);
}

static void free_inside(void)
{
	arena_free(g_victim + 64);
}

static void free_odd(void)
{
	arena_free(g_victim + 8);
}

static void free_foreign(void)
{
	char here[64];

	arena_free(here);
}

static void free_once(void)
{
	arena_free(g_victim);
}

static void wrong_frees_end_the_process(void **state)
{
	g_victim = arena_alloc(1000);
	assert_int_equal(ends_by(free_once), 0);
	assert_int_equal(ends_by(free_twice), SIGABRT);
	assert_int_equal(ends_by(free_inside), SIGABRT);
	assert_int_equal(ends_by(free_odd), SIGABRT);
	assert_int_equal(ends_by(free_foreign), SIGABRT);
	arena_free(g_victim);
	g_victim = arena_alloc_pages(100);
	assert_int_equal(ends_by(free_twice), SIGABRT);
	assert_int_equal(ends_by(free_inside), SIGABRT);
	arena_free(g_victim);
}

static void a_forked_child_has_no_arena(void **state)
{
	char *p = arena_alloc(100), *q = arena_alloc(1 << 20);
	struct arena_info a;
	int status;
	pid_t pid;

	strcpy(p, "inherited");
	pid = fork();
	if (!pid) {
		if (strcmp(p, "inherited") || arena_alloc(100) ||
		    arena_alloc(1 << 20) || arena_get(&a) != -ENODEV)
			_exit(1);
		arena_free(p);
		arena_free(q);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	arena_free(q);
	arena_free(p);
	assert_ptr_equal(arena_alloc(100), p);
	arena_free(p);
}

/* --- threads ------------------------------------------------------------ */

#define THREADS 4
#define SHELF 256

/* Memory that any thread may find, check and free. */
static struct {
	pthread_mutex_t lock;
	struct { uint8_t *p; size_t size; uint8_t fill; } slot[SHELF];
} g_shelf = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *worker(void *argument)
{
	unsigned seed = (unsigned)(uintptr_t)argument;
	long wrong = 0;

	for (int step = 0; step < 30000; step++) {
		size_t size = (size_t)(rand_r(&seed) % 3 ? rand_r(&seed) % 600 :
			rand_r(&seed) % 300000);
		uint8_t *p = arena_alloc(size), *old, fill = (uint8_t)step;
		unsigned i = (unsigned)rand_r(&seed) % SHELF;
		size_t old_size, probe;
		uint8_t old_fill;

		if (!p) {
			wrong++;
			continue;
		}
		/* Both ends and some of the middle. */
		if (size) {
			p[0] = p[size - 1] = p[size / 2] = fill;
		}
		pthread_mutex_lock(&g_shelf.lock);
		old = g_shelf.slot[i].p;
		old_size = g_shelf.slot[i].size;
		old_fill = g_shelf.slot[i].fill;
		g_shelf.slot[i].p = p;
		g_shelf.slot[i].size = size;
		g_shelf.slot[i].fill = fill;
		pthread_mutex_unlock(&g_shelf.lock);
		for (probe = 0; old && old_size && probe < 3; probe++) {
			size_t at = probe == 0 ? 0 : probe == 1 ?
				old_size - 1 : old_size / 2;

			wrong += old[at] != old_fill;
		}
		arena_free(old);
	}
	return (void *)wrong;
}

static void run_workers(void)
{
	pthread_t thread[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, worker,
			(void *)(i + 1)), 0);
	for (int i = 0; i < THREADS; i++) {
		void *wrong;

		pthread_join(thread[i], &wrong);
		assert_int_equal((long)wrong, 0);
	}
	for (int i = 0; i < SHELF; i++) {
		arena_free(g_shelf.slot[i].p);
		g_shelf.slot[i].p = NULL;
	}
}

/* Memory that dead threads had in their magazines is used again. */
static void threads_share_and_leave_nothing(void **state)
{
	uint64_t used, after;

	run_workers();
	used = arena_used();
	for (int round = 0; round < 4; round++)
		run_workers();
	after = arena_used();
	if (after > used + used / 2)
		fail_msg("%llu bytes in use after one round, %llu after five",
			(unsigned long long)used, (unsigned long long)after);
}

static void *one_each(void *unused)
{
	void *p = arena_alloc(64);

	arena_free(p);
	return p;
}

static void many_short_threads(void **state)
{
	uint64_t used = arena_used();

	for (int i = 0; i < 2000; i++) {
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, one_each, NULL),
			0);
		pthread_join(thread, NULL);
	}
	assert_true(arena_used() <= used + 65536);
}

/* Large memory that was freed goes back to the system. */
static void large_runs_are_given_back(void **state)
{
	struct arena_info a;
	struct stat st;
	char *p;

	assert_int_equal(arena_get(&a), 0);
	p = arena_alloc(64 << 20);
	assert_non_null(p);
	memset(p, 1, 64 << 20);
	assert_int_equal(fstat(a.fd, &st), 0);
	assert_true(st.st_blocks * 512ll >= 64 << 20);
	arena_free(p);
	assert_int_equal(fstat(a.fd, &st), 0);
	assert_true(st.st_blocks * 512ll < 64 << 20);
}

static void pair_is_fast(void **state)
{
	struct timespec from, to;
	double best = 1e9;

	for (int round = 0; round < 20; round++) {
		clock_gettime(CLOCK_MONOTONIC, &from);
		for (int i = 0; i < 100000; i++) {
			void *p = arena_alloc(200);

			__asm__ volatile("" : : "r"(p) : "memory");
			arena_free(p);
		}
		clock_gettime(CLOCK_MONOTONIC, &to);
		double ns = ((double)(to.tv_sec - from.tv_sec) * 1e9 +
			(double)(to.tv_nsec - from.tv_nsec)) / 100000;

		best = ns < best ? ns : best;
	}
	print_message("an allocation and its free: %.1f ns\n", best);
	/* Far above what it takes, below what a lock and a list would. */
	assert_true(best < 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_a_sealed_memfd),
		cmocka_unit_test(every_size_is_aligned_and_its_own),
		cmocka_unit_test(classes_hold_their_sizes),
		cmocka_unit_test(pages_are_page_aligned),
		cmocka_unit_test(last_freed_is_first_used),
		cmocka_unit_test(containment),
		cmocka_unit_test(scribbling_does_not_matter),
		cmocka_unit_test(wrong_frees_end_the_process),
		cmocka_unit_test(a_forked_child_has_no_arena),
		cmocka_unit_test(threads_share_and_leave_nothing),
		cmocka_unit_test(many_short_threads),
		cmocka_unit_test(large_runs_are_given_back),
		cmocka_unit_test(pair_is_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
