/* SPDX-License-Identifier: MIT */
/*
 * Hostile enclave code: whatever it tries, it gets a fault or loses its cell;
 * host, neighbours and processor go on.
 */
#include "cell/control.h"
#include "scene.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* hostile.edl */
enum { SYSCALL, INT80, READ, WRITE, EXECUTE, IN, HLT, WRITE_CODE,
	EXECUTE_HEAP, STACK_END, CPUID, DIVIDE, BAD_SEGMENT };

/* OE_EXCEPTION_* */
enum { X_DIVIDE = 0, X_ILLEGAL = 3, X_ACCESS = 4, X_PAGE = 5 };

#define IMAGE CELL_IMAGE
#define IMAGE_END CELL_IMAGE_END
#define PRIVATE CELL_PRIVATE

struct tried {
	char result[64];
	unsigned exceptions, code;
	uint64_t rip, address, value;
};

static void parse(const char *rest, struct tried *t)
{
	assert_int_equal(sscanf(rest, "%63s %x %x %" SCNx64 " %" SCNx64 " %" SCNx64,
		t->result, &t->exceptions, &t->code, &t->rip, &t->address,
		&t->value), 6);
}

static void try(struct peer *p, int act, uint64_t a, uint64_t b, struct tried *t)
{
	char rest[256];

	scene_ask(p, "tried", rest, sizeof(rest), "try %x %" PRIx64 " %" PRIx64,
		act, a, b);
	parse(rest, t);
	print_message("  act %d on %" PRIx64 ": %s, %u exceptions, code %u\n", act,
		a, t->result, t->exceptions, t->code);
}

static void works(struct peer *p)
{
	char rest[256];

	scene_ask(p, "work", rest, sizeof(rest), "work 41");
	assert_string_equal(rest, "OE_OK 42");
}

static void host(struct scene *s, struct peer *p)
{
	scene_host(s, p, HOSTILE_HOST, HOSTILE_ENCLAVE);
}

static void test_instructions(void **state)
{
	static const struct { int act; uint64_t a; unsigned codes; } acts[] = {
		{ INT80, 20, 1 << X_ILLEGAL },
		{ IN, 0, 1 << X_ILLEGAL },
		{ HLT, 0, 1 << X_ACCESS },
		{ WRITE_CODE, 0, 1 << X_PAGE },
		{ EXECUTE_HEAP, 0, 1 << X_PAGE },
		{ STACK_END, 0, 1 << X_PAGE },
		{ DIVIDE, 0, 1 << X_DIVIDE },
		{ BAD_SEGMENT, 0, 1 << X_ACCESS },
		/* The legacy page of system calls. */
		{ EXECUTE, 0xffffffffff600000, 1 << X_ILLEGAL | 1 << X_ACCESS |
			1 << X_PAGE },
	};
	struct scene *s = *state;
	struct tried t;
	struct peer p;

	host(s, &p);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++) {
			try(&p, acts[i].act, acts[i].a, 0, &t);
			assert_string_equal(t.result, "OE_OK");
			assert_int_equal(t.exceptions, 1);
			assert_true(t.code < 32 && (acts[i].codes >> t.code & 1));
		}
		works(&p);
	}
	scene_host_end(&p);
	scene_end(s);
}

/* The runtime answers `syscall` as the kernel of its C library; the cell must
 * get it as the #UD that it is, and nothing may come of it outside. */
static void test_system_calls(void **state)
{
	enum { GETPID = 39, FORK = 57, EXIT = 60, MKDIR = 83, EXIT_GROUP = 231 };
	struct world_process all[64];
	struct scene *s = *state;
	char proof[128], rest[256];
	uint64_t path;
	size_t before;
	struct tried t;
	struct peer p;
	pid_t cell;

	host(s, &p);
	cell = scene_pid(NULL);
	before = world_processes(all, 64);
	snprintf(proof, sizeof(proof), "%s/proof", s->world.folder);
	scene_ask(&p, "text", rest, sizeof(rest), "text %s", proof);
	path = strtoull(rest, NULL, 16);
	try(&p, SYSCALL, GETPID, 0, &t);
	assert_int_not_equal((pid_t)t.value, cell);
	try(&p, SYSCALL, 0x40000000 | GETPID, 0, &t);
	assert_int_not_equal((pid_t)t.value, cell);
	try(&p, READ, path, 0, &t);
	try(&p, SYSCALL, MKDIR, path, &t);
	assert_int_equal(access(proof, F_OK), -1);
	try(&p, SYSCALL, FORK, 0, &t);
	assert_int_equal(world_processes(all, 64), before);
	/* In the cell these two would end it. */
	try(&p, SYSCALL, EXIT_GROUP, 0, &t);
	assert_int_equal(kill(cell, 0), 0);
	world_nap(50);
	assert_int_equal(scene_pid(NULL), cell);
	peer_end(&p, SCENE_WAIT);
	scene_end(s);
}

static void test_host_memory(void **state)
{
	struct scene *s = *state;
	char rest[256];
	struct peer p;

	host(s, &p);
	for (int round = 0; round < 3; round++) {
		scene_ask(&p, "memory", rest, sizeof(rest), "memory");
		assert_string_equal(rest, "ok");
	}
	works(&p);
	scene_host_end(&p);
	scene_end(s);
}

/* ---- jumps to the cell's own system-call instruction ---- */

struct attempt {
	const char *what;
	uint64_t number, arguments[6];
};

/* In an argument: the address of the proof's path; the host's pid. */
#define PATH_HERE 0xfffffffffffff001ull
#define HOST_PID 0xfffffffffffff002ull
#define CELL_PID 0xfffffffffffff003ull

static const struct attempt attempts[] = {
	{ "openat", 257, { -100ull, PATH_HERE, 0101, 0600, 0, 0 } },
	{ "mkdir", 83, { PATH_HERE, 0700, 0, 0, 0, 0 } },
	{ "x32 mkdir", 0x40000000 | 83, { PATH_HERE, 0700, 0, 0, 0, 0 } },
	{ "kill host", 62, { HOST_PID, 9, 0, 0, 0, 0 } },
	{ "tkill host", 200, { HOST_PID, 9, 0, 0, 0, 0 } },
	{ "anonymous rwx", 9, { 0x2b0000000000, 4096, 7, 0x32, -1ull, 0 } },
	{ "anonymous rw", 9, { 0x2b0000000000, 4096, 3, 0x32, -1ull, 0 } },
	{ "shared rwx", 9, { 0x2b0000000000, 4096, 7, 0x11, 5, 0 } },
	{ "munmap all", 11, { IMAGE, 1ull << 46, 0, 0, 0, 0 } },
	{ "mprotect image none", 10, { IMAGE, 0x20000, 0, 0, 0, 0 } },
	{ "exit", 231, { 0, 0, 0, 0, 0, 0 } },
	{ "mprotect image rwx", 10, { IMAGE, 4096, 7, 0, 0, 0 } },
	{ "mprotect heap x", 10, { PRIVATE, 4096, 5, 0, 0, 0 } },
	{ "process_vm_readv", 310, { HOST_PID, PATH_HERE, 1, PATH_HERE, 1, 0 } },
	{ "process_vm_writev", 311, { HOST_PID, PATH_HERE, 1, PATH_HERE, 1, 0 } },
	{ "ptrace host", 101, { 0x4206, HOST_PID, 0, 0, 0, 0 } },
	{ "fork", 57, { 0, 0, 0, 0, 0, 0 } },
	{ "clone", 56, { 17, 0, 0, 0, 0, 0 } },
	{ "execve", 59, { PATH_HERE, 0, 0, 0, 0, 0 } },
	{ "socket", 41, { 1, 1, 0, 0, 0, 0 } },
	{ "pidfd_open", 434, { HOST_PID, 0, 0, 0, 0, 0 } },
	{ "memfd_create", 319, { PATH_HERE, 0, 0, 0, 0, 0 } },
	{ "sigaltstack", 131, { PATH_HERE, 0, 0, 0, 0, 0 } },
	{ "rt_sigaction", 13, { 11, PATH_HERE, 0, 8, 0, 0 } },
	{ "futex requeue", 202, { PRIVATE, 3, 1, 1, PRIVATE + 64, 0 } },
	{ "prctl dumpable", 157, { 4, 1, 0, 0, 0, 0 } },
	{ "seccomp", 317, { 1, 0, 0, 0, 0, 0 } },
	{ "io_uring_setup", 425, { 1, PATH_HERE, 0, 0, 0, 0 } },
	{ "setrlimit", 160, { 4, PATH_HERE, 0, 0, 0, 0 } },
};

static uint64_t find_instruction(struct peer *p)
{
	uint64_t address = 0, pages = 0;
	char rest[256], result[64];

	scene_ask(p, "found", rest, sizeof(rest), "find %llx %llx", IMAGE, IMAGE_END);
	assert_int_equal(sscanf(rest, "%63s %" SCNx64 " %" SCNx64, result, &address,
		&pages), 3);
	print_message("  the cell's image: %" PRIu64 " pages can be read, a "
		"system-call instruction at %" PRIx64 "\n", pages, address);
	return address;
}

static bool negative_errno(uint64_t value)
{
	return value > (uint64_t)-4096;
}

/* A mapping that is writable and executable is what no cell may have. */
static bool has_wx(pid_t cell)
{
	char path[64], line[512], rights[8];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", cell);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		found = found || (sscanf(line, "%*s %7s", rights) == 1 &&
			strchr(rights, 'w') && strchr(rights, 'x'));
	if (f)
		fclose(f);
	return found;
}

static uint64_t argument(uint64_t value, uint64_t path, pid_t host_pid, pid_t cell)
{
	return value == PATH_HERE ? path : value == HOST_PID ? (uint64_t)host_pid :
		value == CELL_PID ? (uint64_t)cell : value;
}

/* One attempt from an enclave of its own.  False if there is nothing to jump
 * to. */
static bool attempt(struct scene *s, const struct attempt *a, pid_t neighbour)
{
	struct world_process all[64];
	char proof[128], rest[256];
	uint64_t at, path, r[6];
	struct tried t;
	struct peer p;
	size_t before;
	pid_t cell;

	host(s, &p);
	at = find_instruction(&p);
	if (!at) {
		scene_host_end(&p);
		return false;
	}
	cell = world_await_cell(neighbour);
	assert_true(cell > 0);
	before = world_processes(all, 64);
	snprintf(proof, sizeof(proof), "%s/proof", s->world.folder);
	scene_ask(&p, "text", rest, sizeof(rest), "text %s", proof);
	path = strtoull(rest, NULL, 16);
	/* Reading it brings it into the cell. */
	try(&p, READ, path & ~7ull, 0, &t);
	for (int i = 0; i < 6; i++)
		r[i] = argument(a->arguments[i], path, p.pid, cell);
	scene_ask(&p, "tried", rest, sizeof(rest), "jump %" PRIx64 " %" PRIx64
		" %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64
		" %" PRIx64, at, a->number, r[0], r[1], r[2], r[3], r[4], r[5]);
	parse(rest, &t);
	print_message("  %s: %s, %u exceptions, code %u, value %" PRIx64 "\n",
		a->what, t.result, t.exceptions, t.code, t.value);
	/* A fault, an error number, or the end of the enclave. */
	if (!strcmp(t.result, "OE_OK") && !t.exceptions)
		assert_true(negative_errno(t.value));
	assert_int_equal(access(proof, F_OK), -1);
	assert_false(has_wx(cell));
	assert_true(world_processes(all, 64) <= before);
	assert_int_equal(waitpid(p.pid, NULL, WNOHANG), 0);
	if (!strcmp(t.result, "OE_OK"))
		works(&p);
	peer_end(&p, SCENE_WAIT);
	return true;
}

/* That jumping there works at all: the cell may yield, so this call goes
 * through and comes back. */
static void jump_works(struct scene *s)
{
	char rest[256];
	struct tried t;
	struct peer p;
	uint64_t at;

	host(s, &p);
	at = find_instruction(&p);
	if (at) {
		scene_ask(&p, "tried", rest, sizeof(rest),
			"jump %" PRIx64 " 18 0 0 0 0 0 0", at);
		parse(rest, &t);
		assert_string_equal(t.result, "OE_OK");
		assert_int_equal(t.exceptions, 0);
		assert_int_equal(t.value, 0);
		works(&p);
	}
	scene_host_end(&p);
}

static void test_jumps(void **state)
{
	struct scene *s = *state;
	struct peer neighbour;
	pid_t cpu, cell;

	host(s, &neighbour);
	cpu = scene_pid("coffer-cpu");
	cell = scene_pid(NULL);
	jump_works(s);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		if (!attempt(s, &attempts[i], cell)) {
			print_message("  nothing of the cell can be read: "
				"nowhere to jump\n");
			break;
		}
		works(&neighbour);
		assert_int_equal(scene_pid("coffer-cpu"), cpu);
		assert_int_equal(scene_gone(cell, 0), -1);
	}
	scene_host_end(&neighbour);
	scene_end(s);
}

static void test_scribble(void **state)
{
	static const struct { uint64_t from, to; } ranges[] = {
		{ IMAGE, IMAGE_END },
		{ PRIVATE, PRIVATE + 0x40000 },
		{ CELL_AREAS, CELL_AREAS + 0x40000 },
		{ CELL_TABLE, CELL_TABLE + 0x10000 },
	};
	struct scene *s = *state;
	struct peer neighbour, p;
	pid_t cpu;

	host(s, &neighbour);
	cpu = scene_pid("coffer-cpu");
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		char rest[256];

		host(s, &p);
		scene_ask(&p, "scribbled", rest, sizeof(rest), "scribble %" PRIx64
			" %" PRIx64, ranges[i].from, ranges[i].to);
		print_message("  %" PRIx64 ": %s\n", ranges[i].from, rest);
		/* The host has an answer, whatever it is; it ends by itself. */
		assert_int_not_equal(peer_end(&p, SCENE_WAIT), -1);
		works(&neighbour);
		assert_int_equal(scene_pid("coffer-cpu"), cpu);
	}
	/* The machine takes new enclaves. */
	host(s, &p);
	works(&p);
	scene_host_end(&p);
	scene_host_end(&neighbour);
	scene_end(s);
}

/* The enclave plays its cell and sends the processor nonsense. */
static void test_storm(void **state)
{
	struct scene *s = *state;
	char rest[256], result[64];
	struct peer neighbour, p;
	uint64_t at, answered;
	pid_t cpu;

	host(s, &neighbour);
	cpu = scene_pid("coffer-cpu");
	for (unsigned seed = 1; seed <= 3; seed++) {
		host(s, &p);
		at = find_instruction(&p);
		scene_ask(&p, "stormed", rest, sizeof(rest), "storm %llx %llx %"
			PRIx64 " 4000 %x", CELL_CONTROL +
			offsetof(struct cell_control, service) +
			2 * sizeof(struct cell_service), CELL_CONTROL +
			offsetof(struct cell_control, doorbell), at, seed);
		print_message("  %s\n", rest);
		assert_int_equal(sscanf(rest, "%63s %" SCNx64, result, &answered), 2);
		/* It did arrive: else this test would test nothing. */
		if (at)
			assert_true(answered > 100);
		works(&neighbour);
		assert_int_equal(scene_pid("coffer-cpu"), cpu);
		assert_int_not_equal(peer_end(&p, SCENE_WAIT), -1);
	}
	host(s, &p);
	scene_ask(&p, "who", rest, sizeof(rest), "who");
	assert_int_equal(strlen(rest), 129);
	scene_host_end(&p);
	scene_host_end(&neighbour);
	scene_end(s);
}

/* A thread that sleeps in the cell's own system call, for ever. */
static void test_hang(void **state)
{
	struct scene *s = *state;
	char rest[256], result[64];
	unsigned long long took;
	struct peer p;
	uint64_t at;
	pid_t cell;

	host(s, &p);
	cell = scene_pid(NULL);
	at = find_instruction(&p);
	/* futex(last word of the table's tail, WAIT, 0, for ever) */
	scene_ask(&p, "hanging", NULL, 0, "hang %" PRIx64 " ca %llx 0 0 0 0 0", at,
		CELL_CONTROL + offsetof(struct cell_control, service) +
		1000 * sizeof(struct cell_service));
	works(&p);
	scene_ask(&p, "terminated", rest, sizeof(rest), "terminate");
	assert_int_equal(sscanf(rest, "%63s %llu", result, &took), 2);
	print_message("  terminated: %s in %llu ms\n", result, took);
	assert_true(scene_gone(cell, SCENE_WAIT) >= 0);
	scene_host_end(&p);
	scene_end(s);
}

static void test_loop(void **state)
{
	struct scene *s = *state;
	char rest[256], result[64];
	unsigned long long took;
	struct peer p;
	pid_t cell;

	host(s, &p);
	cell = scene_pid(NULL);
	scene_ask(&p, "looping", NULL, 0, "loop");
	works(&p); /* on another thread of the enclave */
	scene_ask(&p, "terminated", rest, sizeof(rest), "terminate");
	assert_int_equal(sscanf(rest, "%63s %llu", result, &took), 2);
	print_message("  terminated: %s in %llu ms\n", result, took);
	assert_true(scene_gone(cell, SCENE_WAIT) >= 0);
	scene_host_end(&p);

	/* And a host that is killed while its enclave loops. */
	host(s, &p);
	cell = scene_pid(NULL);
	scene_ask(&p, "looping", NULL, 0, "loop");
	kill(p.pid, SIGKILL);
	assert_int_not_equal(peer_end(&p, SCENE_WAIT), -1);
	assert_true(scene_gone(cell, SCENE_WAIT) >= 0);
	scene_end(s);
}

static void test_fork(void **state)
{
	struct scene *s = *state;
	char rest[256];
	struct peer p;

	host(s, &p);
	for (int i = 0; i < 5; i++) {
		scene_ask(&p, "forked", rest, sizeof(rest), "fork");
		print_message("  child and parent: %s\n", rest);
		assert_int_equal(strncmp(rest, "WORKED", 6) == 0, 0);
		assert_non_null(strstr(rest, " OE_OK"));
	}
	works(&p);
	scene_host_end(&p);
	scene_end(s);
}

/* An argument names the cases to run, with * and ?. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_instructions, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_system_calls, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_host_memory, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_jumps, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_scribble, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_storm, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_hang, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_loop, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_fork, scene_setup,
			scene_teardown),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
