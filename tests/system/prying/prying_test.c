/* SPDX-License-Identifier: MIT */
/*
 * Prying.  An enclave holds a random secret on its heap, on its stack and in
 * registers.  The host, and another process, look into host, cell, processor
 * and driver in every way that Linux has, and into core dumps; none finds the
 * secret or a fuse, and the same looks do find it in an ordinary process.
 *
 * The secret is made inside and leaves masked with a pad that only this
 * process knows, so that nothing but the enclave and this process, which is
 * never looked into, holds its bytes.
 */
#include "common/probe.h"
#include "control.h"
#include "support/peer.h"
#include "support/world.h"

#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 65534u
#define SECONDS 300u /* for one look */
#define FUSES 64u
#define PIECE 16u
#define NEEDLES ((CONTROL_SECRET + FUSES) / PIECE)

static struct world g_world;
static struct peer g_host;
static uint8_t g_secret[CONTROL_SECRET], g_fuses[FUSES];
static struct probe_needle g_needles[NEEDLES];
static uint64_t g_address; /* of the secret, in host and cell alike */
static uid_t g_uid;
static bool g_slot; /* the processor holds its cells' ptrace slot */
static bool g_plain; /* the machine is denied secret memory */

static void needles(void)
{
	for (size_t i = 0; i < NEEDLES; i++) {
		bool fuse = i >= CONTROL_SECRET / PIECE;

		g_needles[i] = (struct probe_needle){
			.name = fuse ? "fuse" : "secret",
			.bytes = fuse ? g_fuses + i * PIECE - CONTROL_SECRET :
				g_secret + i * PIECE,
			.size = PIECE };
	}
}

/* In the control process: what we know, it must not know in our places. */
static void forget(void)
{
	explicit_bzero(g_secret, sizeof(g_secret));
	explicit_bzero(g_fuses, sizeof(g_fuses));
	explicit_bzero(&g_host, sizeof(g_host));
}

/* ---- the enclave and its host ---- */

static bool runnable(uid_t uid)
{
	char *argv[] = { PRYING_HOST, NULL };
	struct peer p;
	int status;

	/* Without an enclave's name the host ends with 2. */
	if (peer_start(&p, argv, uid, g_world.folder, -1))
		return false;
	status = peer_end(&p, WORLD_PATIENCE);
	return WIFEXITED(status) && WEXITSTATUS(status) == 2;
}

static void plant(void)
{
	char text[512] = "plant ", answer[512];
	uint8_t pad[CONTROL_SECRET];

	assert_int_equal(getrandom(pad, sizeof(pad), 0), sizeof(pad));
	for (size_t i = 0; i < sizeof(pad); i++)
		snprintf(text + 6 + 2 * i, 3, "%02x", pad[i]);
	peer_say(&g_host, "%s", text);
	assert_true(peer_expect(&g_host, "planted", answer, sizeof(answer), WORLD_PATIENCE));
	for (size_t i = 0; i < sizeof(pad); i++) {
		unsigned byte;

		assert_int_equal(sscanf(answer + 2 * i, "%2x", &byte), 1);
		g_secret[i] = (uint8_t)(byte ^ pad[i]);
	}
	assert_int_equal(sscanf(answer + 2 * sizeof(pad), " %" SCNx64, &g_address),
		1);
	/* The way that the secret came must not be where it is found. */
	memset(answer, 0, sizeof(answer));
	memset(g_host.buffer, 0, sizeof(g_host.buffer));
}

static void read_fuses(void)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/vm/default/fuses", g_world.state);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, g_fuses, FUSES), FUSES);
	close(fd);
}

/* Starts machine and host; the secret is in place afterwards. */
static void start(uid_t uid, bool slot, bool plain)
{
	char *argv[] = { PRYING_HOST, PRYING_ENCLAVE, plain ? "plain" : NULL, NULL };
	const struct rlimit core = { RLIM_INFINITY, RLIM_INFINITY };

	g_uid = uid;
	g_slot = slot;
	g_plain = plain;
	assert_int_equal(world_open(&g_world, uid), 0);
	if (slot)
		assert_int_equal(world_configure(&g_world, uid,
			"ptrace_slot=1\n"), 0);
	if (!runnable(uid)) {
		world_close(&g_world);
		print_message("skipped: %s cannot be run as user %u\n",
			PRYING_HOST, uid);
		skip();
	}
	setrlimit(RLIMIT_CORE, &core);
	assert_int_equal(peer_start(&g_host, argv, uid, g_world.folder, -1), 0);
	assert_true(peer_expect(&g_host, "loaded", NULL, 0, WORLD_PATIENCE));
	plant();
	read_fuses();
	needles();
}

static void hold(void)
{
	peer_say(&g_host, "hold 3000");
	assert_true(peer_expect(&g_host, "holding", NULL, 0, WORLD_PATIENCE));
}

/* What the host got when it looked at the secret's own address, three ways. */
static void judge_self(const char *last)
{
	uint64_t word, secret;
	unsigned looks = 0;
	char line[256];

	while (peer_hear(&g_host, line, sizeof(line), WORLD_PATIENCE) && strcmp(line, last)) {
		const char *seen = strstr(line, " read ");

		print_message("  the host itself: %s\n", line);
		assert_true(seen || strstr(line, " refused"));
		word = seen ? strtoull(seen + 6, NULL, 16) : 0;
		for (size_t i = 0; i < CONTROL_SECRET; i += 8) {
			memcpy(&secret, g_secret + i, 8);
			assert_int_not_equal(word, secret);
		}
		looks++;
	}
	assert_int_equal(looks, 3);
}

static void finish(void)
{
	int status;

	peer_say(&g_host, "forget");
	assert_true(peer_expect(&g_host, "forgotten", NULL, 0, WORLD_PATIENCE));
	status = peer_end(&g_host, WORLD_PATIENCE);
	assert_int_equal(status, 0);
	assert_int_equal(world_close(&g_world), 0);
}

/* ---- looking ---- */

enum expect {
	NOT_FOUND,  /* looked or refused, but nothing was found */
	REFUSED,    /* not one byte could be looked at */
	FOUND,
	FOUND_OR_REFUSED,
	NO_PROMISE, /* not tried */
};

struct target {
	const char *name;
	pid_t pid;
};

static enum expect expectation(const struct target *t, enum probe_way way)
{
	bool root = g_uid == 0;

	/* Not every machine lets everybody look even at their own in every
	 * way; what is refused here is refused everywhere. */
	if (!strcmp(t->name, "control"))
		return way == PROBE_MEM ? FOUND : FOUND_OR_REFUSED;
	if (!strcmp(t->name, "cell") || !strcmp(t->name, "coffer-cpu")) {
		bool cell = !strcmp(t->name, "cell");
		bool attach = way == PROBE_PEEK || way == PROBE_REGISTERS;

		if (!root || (attach && cell && g_slot))
			return REFUSED;
		if (g_plain)
			return cell && way == PROBE_MEM ? FOUND : NO_PROMISE;
		/* Root who attaches sees registers: said in the threat model. */
		if (way == PROBE_REGISTERS)
			return NO_PROMISE;
	}
	return NOT_FOUND;
}

static bool fits(const struct probe_report *r, int error, enum expect expected)
{
	bool refused = r->refused && !r->seen;

	if (error || r->cut)
		return false;
	switch (expected) {
	case NOT_FOUND:
		return !r->found;
	case REFUSED:
		return !r->found && refused;
	case FOUND:
		return r->found && !strcmp(r->needle, "secret");
	case FOUND_OR_REFUSED:
		return (r->found && !strcmp(r->needle, "secret")) || refused;
	default:
		return true;
	}
}

static bool look(const struct target *t, enum probe_way way)
{
	enum expect expected = expectation(t, way);
	struct probe_report r;
	bool good;
	int error;

	if (expected == NO_PROMISE)
		return true;
	error = probe_process(t->pid, way, g_needles, NEEDLES, SECONDS, &r);
	good = fits(&r, error, expected);
	printf("  %-10s %6d %-20s %-9s seen %7.1f MB in %3u, closed %7.1f MB%s%s%s%s%s\n",
		t->name, t->pid, probe_way_name(way),
		error ? "failed" : r.found ? "FOUND" : r.refused ? "refused" : "nothing",
		(double)r.seen / 1e6, r.objects, (double)r.closed / 1e6,
		r.refused || error ? ", " : "", r.refused ? strerror(r.refused) :
		error ? strerror(-error) : "", r.found ? ", in " : "",
		r.found ? r.where : "", good ? "" : "   <-- WRONG");
	fflush(stdout);
	return good;
}

/* The cell's memory at the very address of the secret: it is there, and it
 * cannot be read.  The same look works where the page is an ordinary one. */
static bool point_blank(const struct target *cell)
{
	uint8_t got[CONTROL_SECRET] = { 0 };
	struct iovec ours = { got, sizeof(got) };
	struct iovec theirs = { (void *)g_address, sizeof(got) };
	uint64_t entry = 0;
	char path[64];
	int fd;
	bool there, open_to_mem, open_to_readv;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", cell->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	there = fd >= 0 && pread(fd, &entry, 8, (off_t)(g_address / 4096 * 8)) == 8 &&
		entry >> 63;
	close(fd);
	snprintf(path, sizeof(path), "/proc/%d/mem", cell->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	open_to_mem = fd >= 0 && pread(fd, got, sizeof(got), (off_t)g_address) > 0;
	close(fd);
	open_to_readv = process_vm_readv(cell->pid, &ours, 1, &theirs, 1, 0) > 0;
	printf("  cell at the secret's address: the page is %s, %s, %s\n",
		there ? "present" : g_uid ? "hidden" : "ABSENT",
		open_to_mem ? "READ" : "/proc/PID/mem refused",
		open_to_readv ? "READ" : "process_vm_readv refused");
	return (there || g_uid) && !open_to_mem && !open_to_readv;
}

/* As the user whose processes they are: a child of ours, because there is no
 * way back from that. */
static void look_everywhere(const struct target *targets, size_t count)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		bool good = true;

		if (g_uid != geteuid() &&
			(setgroups(0, NULL) || setgid(g_uid) || setuid(g_uid)))
			_exit(2);
		for (size_t i = 0; i < count; i++)
			for (enum probe_way way = 0; way < PROBE_WAYS; way++)
				good = look(&targets[i], way) && good;
		good = point_blank(&targets[count - 1]) && good;
		fflush(stdout);
		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_looking(void)
{
	struct target targets[] = {
		{ "control", control_start(g_secret, g_uid, g_world.folder, forget) },
		{ "host", g_host.pid },
		{ "cofferd", world_await("cofferd") },
		{ "coffer-cpu", world_await("coffer-cpu") },
		{ "cell", world_await_cell(0) },
	};

	for (size_t i = 0; i < 5; i++)
		assert_true(targets[i].pid > 0);
	hold();
	peer_say(&g_host, "self");
	judge_self("self-done");
	for (size_t i = 3; i < 5; i++) {
		peer_say(&g_host, "other %d", targets[i].pid);
		judge_self("other-done");
	}
	look_everywhere(targets, 5);
	kill(targets[0].pid, SIGKILL);
	waitpid(targets[0].pid, NULL, 0);

	/* The enclave went on all the while, and what its exit left behind
	 * shows nothing either. */
	peer_say(&g_host, "release");
	judge_self("released");
	look_everywhere(targets + 1, 4);
}

/* ---- core dumps ---- */

static bool cores_are_files(void)
{
	struct rlimit core;
	char pattern[256] = "|";
	FILE *f = fopen("/proc/sys/kernel/core_pattern", "r");

	if (f) {
		if (!fgets(pattern, sizeof(pattern), f))
			pattern[0] = '|';
		fclose(f);
	}
	return !strncmp(pattern, "core", 4) && !strchr(pattern, '/') &&
		getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == RLIM_INFINITY;
}

/* Does the process take signals when it pleases, as the processor does?  Then an
 * abort from outside does not end it. */
static bool blocks_abort(pid_t pid)
{
	unsigned long long blocked = 0;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
			break;
	if (f)
		fclose(f);
	return blocked & 1ull << (SIGABRT - 1);
}

/* Ends a process the way that dumps core, and looks into what appears in its
 * folder.  How many files there were; *found if one held a needle. */
static unsigned abort_and_search(pid_t pid, bool ours, bool *found)
{
	char link[64], folder[256], command[600], path[400];
	bool stays = blocks_abort(pid);
	unsigned files = 0;
	ssize_t n;
	FILE *list;

	snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
	n = readlink(link, folder, sizeof(folder) - 1);
	/* Those who may not ask: Coffer's processes are at home in the root. */
	if (n < 0)
		n = snprintf(folder, sizeof(folder), "/");
	folder[n] = 0;
	snprintf(command, sizeof(command), "%s/before", g_world.folder);
	close(open(command, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	world_nap(20);
	kill(pid, SIGABRT);
	for (int i = 0; !stays && i < 9000 && kill(pid, 0) == 0; i++) {
		struct world_process all[64];

		world_processes(all, 64);
		if (ours && waitpid(pid, NULL, WNOHANG) == pid)
			break;
		world_nap(10);
	}
	world_nap(100);
	snprintf(command, sizeof(command), "find '%s' -maxdepth 1 -type f "
		"-name 'core*' -newer '%s/before'", folder, g_world.folder);
	list = popen(command, "r");
	while (list && fgets(path, sizeof(path), list)) {
		struct probe_report r;

		path[strcspn(path, "\n")] = 0;
		assert_int_equal(probe_file(path, g_needles, NEEDLES, SECONDS, &r), 0);
		assert_false(r.cut);
		*found = *found || r.found;
		files++;
		unlink(path);
	}
	if (list)
		pclose(list);
	print_message("  core of %d: %u files in %s%s\n", pid, files, folder,
		*found ? ", secret FOUND" : "");
	return files;
}

/* The kernel's dumps.  A debugger's core generator reads with PEEK and
 * /proc/PID/mem, which are tried by themselves. */
static void test_cores(void)
{
	pid_t cell = world_await_cell(0), cpu = world_await("coffer-cpu");
	pid_t driver = world_await("cofferd");
	bool found = false;
	char socket[128];
	pid_t control;

	assert_true(cell > 0 && cpu > 0 && driver > 0);
	control = control_start(g_secret, g_uid, g_world.folder, forget);
	assert_true(control > 0);
	hold();
	if (!cores_are_files()) {
		print_message("  core dumps are no files here: not looked at\n");
		return;
	}
	if (!abort_and_search(control, true, &found)) {
		print_message("  this machine writes no core dumps: not looked at\n");
		return;
	}
	assert_true(found);
	found = false;
	assert_int_equal(abort_and_search(cell, false, &found), 0);
	assert_int_equal(abort_and_search(cpu, false, &found), 0);
	abort_and_search(driver, false, &found);
	assert_int_not_equal(abort_and_search(g_host.pid, true, &found), 0);
	assert_false(found);
	g_host.pid = 0;
	peer_end(&g_host, 1000);
	/* The driver was killed with its socket in place. */
	snprintf(socket, sizeof(socket), "%s/default/driver.sock", g_world.runtime);
	unlink(socket);
	snprintf(socket, sizeof(socket), "%s/default/metrics.sock",
		g_world.runtime);
	unlink(socket);
	assert_int_equal(world_close(&g_world), 0);
}

/* ---- the cases ---- */

static void test_same_user(void **state)
{
	start(geteuid() == 0 ? NOBODY : geteuid(), false, false);
	test_looking();
	finish();
}

static void test_same_user_slot(void **state)
{
	start(geteuid() == 0 ? NOBODY : geteuid(), true, false);
	test_looking();
	finish();
}

static bool skip_root(void)
{
	if (geteuid() != 0)
		print_message("skipped: looking as root needs root\n");
	else if (!probe_secret_memory(64u << 20))
		print_message("skipped: no memfd_secret, or too little of it\n");
	else
		return false;
	return true;
}

/* Without secret memory access rights are what is left. */
static void test_same_user_plain(void **state)
{
	start(geteuid() == 0 ? NOBODY : geteuid(), false, true);
	test_looking();
	finish();
}

/* And root has them all.  This is the proof that the looks above would find
 * the secret in a cell if it could be read there. */
static void test_root_plain(void **state)
{
	struct target cell = { "cell", 0 };

	if (geteuid() != 0) {
		print_message("skipped: looking as root needs root\n");
		skip();
	}
	start(0, false, true);
	cell.pid = world_await_cell(0);
	assert_true(cell.pid > 0);
	assert_true(look(&cell, PROBE_MEM));
	finish();
}

static void test_root(void **state)
{
	if (skip_root())
		skip();
	start(0, false, false);
	test_looking();
	finish();
}

static void test_root_slot(void **state)
{
	if (skip_root())
		skip();
	start(0, true, false);
	test_looking();
	finish();
}

static void test_dumps(void **state)
{
	start(geteuid(), false, false);
	test_cores();
}

/* After a failed case: nothing may stay. */
static int clean(void **state)
{
	struct world_process left[64];
	size_t n = world_processes(left, 64);

	if (access(g_world.folder, F_OK) == 0)
		world_tell_logs(&g_world);
	for (size_t i = 0; i < n; i++)
		kill(left[i].pid, SIGKILL);
	for (int i = 0; i < 100 && world_processes(left, 64); i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		world_nap(20);
	}
	if (access(g_world.folder, F_OK) == 0)
		world_close(&g_world);
	return 0;
}

/* An argument names the cases to run, with * and ?. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_same_user, clean),
		cmocka_unit_test_teardown(test_same_user_slot, clean),
		cmocka_unit_test_teardown(test_same_user_plain, clean),
		cmocka_unit_test_teardown(test_root_plain, clean),
		cmocka_unit_test_teardown(test_root, clean),
		cmocka_unit_test_teardown(test_root_slot, clean),
		cmocka_unit_test_teardown(test_dumps, clean),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
