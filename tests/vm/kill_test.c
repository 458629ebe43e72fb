/* SPDX-License-Identifier: MIT */
/*
 * kill_test [CYCLES [SEED]]: machines are made, started, used, stopped and
 * deleted, while any process of it is killed with SIGKILL at any moment: the
 * commands themselves, coffer-manufacture, cofferd, coffer-cpu, cells,
 * coffer-quoting, applications.  After each cycle the listing must tell the
 * truth, every machine that it has must be startable and deletable, and then
 * nothing may be left: no process, file, socket, group or machine.
 *
 * The seed that is printed gives the same commands and the same intentions;
 * what a kill meets is up to the kernel.
 */
#include "support/world.h"

#include "vm_look.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CYCLES 20
#define WAIT_MS 60000u
#define MINE_MAX 8
#define KILL_WITHIN_MS 160 /* about as long as the longest command takes */

/* What is killed; COFFER_CPU's children are the cells. */
enum kind { COMMAND, MANUFACTURE, DRIVER, PROCESSOR, CELL, QUOTING,
	APPLICATION, KINDS };
static const char *const kind_names[KINDS] = { "coffer", "coffer-manufactu",
	"cofferd", "coffer-cpu", "a cell", "coffer-quoting", "the host" };

static struct world world;
static unsigned seed, killed[KINDS], cycle;
static unsigned long long rng;
/* Our own children. */
static struct {
	pid_t pid; /* 0: free */
	bool ended;
	int status;
} mine[MINE_MAX];

/* ---- helpers ---- */

/* What was done in this cycle, for a failure. */
static char story[8192];

static __attribute__((format(printf, 1, 2)))
void note(const char *format, ...)
{
	size_t used = strlen(story);
	va_list args;

	used += (size_t)snprintf(story + used, sizeof(story) - used,
		"  %6llu ms  ", world_clock() % 1000000);
	if (used >= sizeof(story))
		return;
	va_start(args, format);
	vsnprintf(story + used, sizeof(story) - used, format, args);
	va_end(args);
	used = strlen(story);
	snprintf(story + used, sizeof(story) - used, "\n");
}

static unsigned any(unsigned below)
{
	/* xorshift64*: the same everywhere. */
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (unsigned)(rng * 2685821657736338717ull >> 33) % below;
}

static __attribute__((noreturn, format(printf, 1, 2)))
void fail(const char *format, ...)
{
	struct world_process list[64];
	va_list args;
	size_t n = world_processes(list, 64);

	fprintf(stderr, "cycle %u of seed %u: ", cycle, seed);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "  process %d (%s), child of %d\n",
			list[i].pid, list[i].name, list[i].parent);
	fputs(story, stderr);
	look_tell(&world);
	world_tell_logs(&world);
	world_close(&world);
	exit(1);
}

/* Everybody whose parent dies becomes ours. */
static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < MINE_MAX; i++)
			if (mine[i].pid == pid) {
				mine[i].ended = true;
				mine[i].status = status;
			}
}

/* input: its standard input (-1: none).  Its place in mine. */
static int begin(char *const argv[], int input)
{
	int i = 0, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	while (i < MINE_MAX && mine[i].pid)
		i++;
	if (i == MINE_MAX || null < 0)
		fail("no room for %s", argv[0]);
	mine[i].ended = false;
	mine[i].pid = fork();
	if (!mine[i].pid) {
		dup2(input < 0 ? null : input, 0);
		dup2(null, 1);
		if (!getenv("KILL_TEST_VERBOSE"))
			dup2(null, 2);
		execv(argv[0], argv);
		_exit(127);
	}
	close(null);
	if (mine[i].pid < 0)
		fail("no process: %s", strerror(errno));
	return i;
}

/* Ends with the process; its exit status, or -1 when it was killed. */
static int end(int i)
{
	int status;

	for (unsigned long long until = world_clock() + 2 * WAIT_MS;
	     !mine[i].ended; world_nap(1)) {
		reap();
		if (world_clock() > until)
			fail("process %d does not end", mine[i].pid);
	}
	status = mine[i].status;
	mine[i].pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- killing ---- */

static enum kind kind_of(const struct world_process *p,
	const struct world_process *list, size_t n)
{
	for (int k = COMMAND; k < CELL; k++)
		if (!strncmp(p->name, kind_names[k], 15))
			return (enum kind)k;
	if (!strncmp(p->name, "coffer-quoting", 14))
		return QUOTING;
	for (size_t i = 0; i < n; i++)
		if (list[i].pid == p->parent &&
		    !strcmp(list[i].name, "coffer-cpu"))
			return CELL;
	return APPLICATION;
}

/* One process of a kind that there is now, each kind as likely as the other. */
static void kill_any(void)
{
	struct world_process list[128];
	size_t n = world_processes(list, 128), of[KINDS] = { 0 }, pick;
	unsigned there = 0, kind;

	for (size_t i = 0; i < n; i++)
		of[kind_of(&list[i], list, n)]++;
	for (int k = 0; k < KINDS; k++)
		there += of[k] != 0;
	if (!there)
		return;
	pick = any(there);
	for (kind = 0; !of[kind] || pick--; kind++)
		;
	pick = any((unsigned)of[kind]);
	for (size_t i = 0; i < n; i++) {
		if (kind_of(&list[i], list, n) != kind || pick--)
			continue;
		note("kill %s, %d", kind_names[kind], list[i].pid);
		if (!kill(list[i].pid, SIGKILL))
			killed[kind]++;
		return;
	}
}

/* A command, during which, or after which, somebody may be killed. */
static void command(bool safe, const char *a, const char *b, const char *c,
	const char *d, const char *e)
{
	char *argv[] = { COFFER, "vm", (char *)a, (char *)b, (char *)c,
		(char *)d, (char *)e, NULL };
	unsigned long long from = world_clock(), at[2];
	unsigned kills = safe ? 0 : any(3), done = 0;
	int i = begin(argv, -1);

	note("coffer vm %s %s %s (%d)", a, b, c ? c : "", mine[i].pid);
	for (unsigned k = 0; k < 2; k++)
		at[k] = from + any(KILL_WITHIN_MS);
	for (unsigned long long until = from + 2 * WAIT_MS; ; world_nap(1)) {
		reap();
		while (done < kills && (world_clock() >= at[done] ||
				mine[i].ended)) {
			done++;
			kill_any();
		}
		if (mine[i].ended && done == kills)
			break;
		if (world_clock() > until)
			fail("coffer vm %s %s does not end", a, b);
	}
	note("it ends with %d", end(i));
}

/* ---- a cycle ---- */

/* It stays as long as *input, which is the caller's, is open. */
static int application(const char *vm, int *input)
{
	static const char *const hosts[][3] = {
		{ IDENT_HOST, IDENT_ENCLAVE, NULL },
		{ COFFER, "quote", NULL },
	};
	/* Quotes take long, and are made in few cycles. */
	const char *const *argv = hosts[any(8) == 0];
	int i, pair[2];

	setenv("COFFER_VM", vm, 1);
	if (pipe2(pair, O_CLOEXEC))
		fail("no pipe");
	i = begin((char *const *)argv, pair[0]);
	close(pair[0]);
	*input = pair[1];
	unsetenv("COFFER_VM");
	note("an application for %s (%d)", vm, mine[i].pid);
	return i;
}

static void cycle_of_kills(void)
{
	static const char *const verbs[] = { "start", "stop", "restart",
		"show" };
	char name[2][8], member[16];
	int app[2], input[2];

	for (int i = 0; i < 2; i++)
		snprintf(name[i], sizeof(name[i]), "k%u", any(3));
	command(false, "create", name[0], NULL, NULL, NULL);
	if (any(3))
		command(false, "create", name[1], any(2) ? "--stopped" : NULL,
			NULL, NULL);
	else
		command(false, "create", "set", "--count", "2", NULL);
	snprintf(member, sizeof(member), any(2) ? "set-1" : "demand%u",
		any(2));
	app[0] = application(name[0], &input[0]);
	app[1] = application(member, &input[1]);
	if (any(2)) /* long enough for enclaves to be there */
		world_nap(100 + any(200));
	for (unsigned i = any(4); i; i--)
		command(false, verbs[any(4)], name[any(2)], NULL, NULL, NULL);
	if (any(2))
		command(false, "delete", name[any(2)], "--force", NULL, NULL);
	if (any(2))
		command(false, "stop", "--all", NULL, NULL, NULL);
	for (int i = 0; i < 2; i++) {
		note("application %d is to end", mine[app[i]].pid);
		if (!mine[app[i]].ended && any(2))
			kill(mine[app[i]].pid, SIGKILL);
		close(input[i]);
		end(app[i]);
	}
}

/* ---- and what is left of it ---- */

/* What the listing says is so, as soon as those who were hit are gone. */
static void truth(struct look *look)
{
	unsigned long long until = world_clock() + WAIT_MS;
	const char *lie;

	for (;;) {
		reap();
		lie = look_list(look) ? look_judge(look) :
			"`coffer vm list --json` failed";
		if (!lie)
			return;
		if (world_clock() > until)
			fail("%s", lie);
		world_nap(20);
	}
}

static void empty(void)
{
	unsigned long long until = world_clock() + WAIT_MS;
	const char *left;
	struct look look;

	for (;;) {
		struct world_process list[8];

		reap();
		/* What an application was killed at, a command removes. */
		if (!look_list(&look))
			left = "`coffer vm list --json` failed";
		else if (look.count)
			left = "machines are left, which were deleted";
		else
			left = world_processes(list, 8) ?
				"processes are left" : look_left(&world);
		if (!left)
			break;
		if (world_clock() > until)
			fail("%s", left);
		world_nap(10);
	}
}

static void repair(void)
{
	struct look look;

	truth(&look);
	for (size_t i = 0; i < look.count; i++) {
		note("%s is %s", look.item[i].name, look.item[i].power);
		/* The next command makes good whatever happened. */
		if (any(2)) {
			char *start[] = { COFFER, "vm", "start",
				look.item[i].name, NULL };

			note("it is started");
			if (end(begin(start, -1)))
				fail("%s, which was %s, cannot be started",
					look.item[i].name, look.item[i].power);
			look_one(look.item[i].name, "running");
		}
		if (any(4) == 0) {
			char *stop[] = { COFFER, "vm", "stop",
				look.item[i].name, NULL };

			note("it is stopped");
			if (end(begin(stop, -1)))
				fail("%s cannot be stopped",
					look.item[i].name);
			look_one(look.item[i].name, "stopped");
		}
	}
	for (size_t i = 0; i < look.count; i++) {
		char *gone[] = { COFFER, "vm", "delete", look.item[i].name,
			"--force", NULL };

		note("%s is deleted", look.item[i].name);
		if (end(begin(gone, -1)))
			fail("%s, which was %s, cannot be deleted",
				look.item[i].name, look.item[i].power);
	}
	empty();
}

int main(int argc, char **argv)
{
	unsigned cycles = argc > 1 ? (unsigned)atoi(argv[1]) : CYCLES;
	char *init[] = { COFFER, "ca", "init", NULL };

	seed = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) :
		(unsigned)getpid();
	rng = seed + 0x9e3779b97f4a7c15ull;
	printf("seed %u\n", seed);
	fflush(stdout);
	if (world_open(&world, (uid_t)-1))
		return 99;
	look_group();
	if (end(begin(init, -1)))
		fail("no CA");
	for (cycle = 1; cycle <= cycles; cycle++) {
		story[0] = '\0';
		cycle_of_kills();
		repair();
		if (cycle % 100 == 0) {
			printf("%u cycles\n", cycle);
			fflush(stdout);
		}
	}
	printf("%u cycles, killed:", cycles);
	for (int k = 0; k < KINDS; k++)
		printf(" %s %u%s", kind_names[k], killed[k],
			k + 1 < KINDS ? "," : "\n");
	look_group_end();
	return world_close(&world) ? 1 : 0;
}
