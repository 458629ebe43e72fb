/* SPDX-License-Identifier: MIT */
/*
 * The probes find what is there: against a child that holds a secret in each
 * place that one of them looks at, and not otherwise.  Ways that this machine
 * refuses to everybody (no rights to use them) are skipped.
 */
#include "common/probe.h"

#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZE 32

static uint8_t g_secret[SIZE], g_other[SIZE];
static const struct probe_needle g_needles[] = {
	{ "other", g_other, SIZE }, { "secret", g_secret, SIZE } };

enum place { ON_HEAP, IN_REGISTERS, IN_FILE, CLOSED };

/* Fetches the secret with system calls alone, so that it is in one place. */
static void hold(int from, int ready, enum place place)
{
	uint8_t *heap = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int file;

	memset(g_secret, 0, sizeof(g_secret));
	memset(g_other, 0, sizeof(g_other));
	/* Across the border of two chunks that the probe reads. */
	heap += 65536 - SIZE / 2;
	if (read(from, heap, SIZE) != SIZE)
		_exit(1);
	if (place == IN_FILE) {
		file = memfd_create("held", MFD_CLOEXEC);
		if (ftruncate(file, 1 << 30) || pwrite(file, heap, SIZE, 1 << 29) != SIZE ||
			mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0) == MAP_FAILED)
			_exit(1);
		memset(heap, 0, SIZE);
	}
	if (place == CLOSED)
		prctl(PR_SET_DUMPABLE, 0);
	if (place == IN_REGISTERS) {
		uint8_t *end = heap + SIZE;

		__asm__ volatile("mov (%[s]), %%r12\n\tmov 8(%[s]), %%r13\n\t"
			"movdqu 16(%[s]), %%xmm9\n\t"
			"1: movb $0, -1(%[e])\n\tdec %[e]\n\tcmp %[s], %[e]\n\t"
			"jne 1b\n\tmov %[fd], %%edi\n\tmov $1, %%eax\n\t"
			"mov $1, %%edx\n\tsyscall\n\t2: pause\n\tjmp 2b"
			: [e] "+r"(end)
			: [s] "r"(heap), [fd] "r"(ready)
			: "r12", "r13", "xmm9", "rax", "rdi", "rdx", "rcx",
			"r11", "memory");
	}
	if (write(ready, "+", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static pid_t start(enum place place)
{
	int to[2], ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(60);
		hold(to[0], ready[1], place);
	}
	assert_int_equal(write(to[1], g_secret, SIZE), SIZE);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(to[0]);
	close(to[1]);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int make_secrets(void **state)
{
	return getrandom(g_secret, SIZE, 0) == SIZE &&
		getrandom(g_other, SIZE, 0) == SIZE ? 0 : -1;
}

static bool finds(pid_t pid, enum probe_way way, struct probe_report *r)
{
	assert_int_equal(probe_process(pid, way, g_needles, 2, 20, r), 0);
	assert_false(r->cut);
	if (r->found)
		assert_string_equal(r->needle, "secret");
	return r->found;
}

static void test_memory(void **state)
{
	pid_t pid = start(ON_HEAP);
	struct probe_report r;

	for (enum probe_way way = PROBE_MEM; way <= PROBE_PEEK; way++) {
		assert_true(finds(pid, way, &r));
		assert_true(r.seen > 4096);
		assert_int_equal(r.refused, 0);
		assert_true(r.objects > 3);
	}
	/* Not where it is not: no file, no register holds it. */
	assert_false(finds(pid, PROBE_STEAL, &r));
	assert_false(finds(pid, PROBE_REGISTERS, &r));
	assert_int_equal(r.objects, 1);
	/* The child lives on as before. */
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	stop(pid);
}

static void test_registers(void **state)
{
	pid_t pid = start(IN_REGISTERS);
	struct probe_report r;

	assert_true(finds(pid, PROBE_REGISTERS, &r));
	assert_false(finds(pid, PROBE_MEM, &r));
	stop(pid);
}

static void test_files(void **state)
{
	pid_t pid = start(IN_FILE);
	struct probe_report r;

	assert_true(finds(pid, PROBE_FDS, &r));
	assert_int_equal(r.address, 1 << 29);
	assert_true(finds(pid, PROBE_STEAL, &r));
	if (!finds(pid, PROBE_MAP_FILES, &r))
		assert_int_not_equal(r.refused, 0); /* needs privilege */
	assert_false(finds(pid, PROBE_MEM, &r));
	stop(pid);
}

/* A process that is not dumpable, looked at by one of the same user. */
static int look_at_closed(void)
{
	struct probe_report r;
	int wrong = 0;
	pid_t pid;

	/* Root is not kept out: so as somebody else. */
	if (geteuid() == 0 && (setgroups(0, NULL) || setgid(65534) ||
		setuid(65534)))
		return 1;
	pid = start(CLOSED);
	for (enum probe_way way = 0; way < PROBE_WAYS; way++)
		if (probe_process(pid, way, g_needles, 2, 20, &r) || r.found ||
			!r.refused || r.seen)
			wrong++;
	stop(pid);
	return wrong;
}

static void test_closed(void **state)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(look_at_closed());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_gone(void **state)
{
	pid_t pid = start(ON_HEAP);
	struct probe_report r;

	stop(pid);
	for (enum probe_way way = 0; way < PROBE_WAYS; way++)
		assert_int_not_equal(probe_process(pid, way, g_needles, 2, 5, &r), 0);
}

static void test_file(void **state)
{
	char path[] = "/tmp/coffer-test-XXXXXX";
	int fd = mkstemp(path);
	struct probe_report r;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 10 << 20), 0);
	assert_int_equal(probe_file(path, g_needles, 2, 5, &r), 0);
	assert_false(r.found);
	assert_int_equal(pwrite(fd, g_secret, SIZE, 7 << 20), SIZE);
	assert_int_equal(probe_file(path, g_needles, 2, 5, &r), 0);
	assert_true(r.found);
	assert_int_equal(r.address, 7 << 20);
	close(fd);
	unlink(path);
	assert_int_not_equal(probe_file(path, g_needles, 2, 5, &r), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory), cmocka_unit_test(test_registers),
		cmocka_unit_test(test_files), cmocka_unit_test(test_closed),
		cmocka_unit_test(test_gone), cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, make_secrets, NULL);
}
