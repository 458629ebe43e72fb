/* SPDX-License-Identifier: MIT */
/*
 * Machines: how long from the command to one that runs; how long 100 of them
 * take to start, each with an enclave; what memory each of these keeps while it
 * is idle, driver, processor and cell together.  In folders of its own.
 */
#include "bench.h"
#include "bench_enclave.h"
#include "bench_machine.h"
#include "cli.h"
#include "common/spawn.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS 20
/* What a create starts, and one for the forks in between: the command,
 * coffer-manufacture, cofferd, coffer-cpu. */
#define CHAIN 5
#define LIMIT_MS 150
#define LIMIT_MIB 15
#define MANY 100
#define AT_ONCE 4
#define LIMIT_100_S 20

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Runs a program to its end. */
static bool run(char *path, char *const argv[])
{
	pid_t pid = spawn_child(path, argv, NULL, 0, -1);
	int status = 1;

	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && !status;
}

static bool create(char *coffer, int i)
{
	char name[16];
	char *argv[] = { coffer, "vm", "create", name, NULL };

	snprintf(name, sizeof(name), "m%d", i);
	return run(coffer, argv) || (cli_error("`coffer vm create %s` failed",
		name), false);
}

/* As many programs one after another, which do nothing. */
static bool chain(char *coffer)
{
	char *argv[] = { coffer, "--version", NULL };

	for (int i = 0; i < CHAIN; i++)
		if (!run(coffer, argv))
			return false;
	return true;
}

/* Private memory of a process, KiB. */
static unsigned long private_kib(uint32_t pid)
{
	char path[64], line[256];
	unsigned long total = 0, kib;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/smaps_rollup", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Private_Clean: %lu", &kib) == 1 ||
		    sscanf(line, "Private_Dirty: %lu", &kib) == 1)
			total += kib;
	if (f)
		fclose(f);
	return total;
}

/* Driver, processor and the newest enclave's cell; 0 when /proc does not
 * tell.  Pages of the enclave that no other process maps count as well. */
static double idle_mib(const char *name)
{
	struct wire_enclave *list = NULL;
	struct machine machine;
	struct why why;
	unsigned long cpu = 0, rest = 0;
	size_t count = 0;

	if (machine_open(name, &machine, &why))
		return 0;
	cpu = private_kib(machine.info.cpu_pid);
	rest = private_kib(machine.info.cofferd_pid);
	if (!machine_list(&machine, &list, &count, &why) && count)
		rest += private_kib(list[count - 1].cell_pid);
	free(list);
	machine_close(&machine);
	return cpu ? (double)(cpu + rest) / 1024 : 0;
}

/* ---- many ---- */

/* In a child: starts a machine, has an enclave in it, says so with a byte to
 * told, and keeps it until the other end of wait is closed. */
static void keep_one(char *coffer, char *name, int told, int wait)
{
	char *argv[] = { coffer, "vm", "start", name, NULL };
	oe_enclave_t *enclave = NULL;
	char byte = '-';

	if (run(coffer, argv) && !setenv("COFFER_VM", name, 1))
		enclave = bench_enclave_new(BENCH_IMAGE_1M);
	if (enclave)
		byte = '+';
	if (write(told, &byte, 1) != 1 || !enclave)
		_exit(1);
	while (read(wait, &byte, 1) < 0 && errno == EINTR)
		;
	oe_terminate_enclave(enclave);
	_exit(0);
}

static bool await_one(int told)
{
	char byte = '-';

	while (read(told, &byte, 1) < 0 && errno == EINTR)
		;
	return byte == '+' || (cli_error("a machine was not started, or has "
		"no enclave"), false);
}

/* All of them, AT_ONCE at a time; false when one failed. */
static bool start_many(char *coffer, pid_t children[MANY], int told[2],
	int wait[2])
{
	char name[16];

	for (int i = 0; i < MANY + AT_ONCE; i++) {
		if (i >= AT_ONCE && !await_one(told[0]))
			return false;
		if (i >= MANY)
			continue;
		snprintf(name, sizeof(name), "many-%d", i);
		children[i] = fork();
		if (children[i] < 0)
			return cli_error("no process: %s", strerror(errno)),
				false;
		if (!children[i]) {
			close(told[0]);
			close(wait[1]);
			keep_one(coffer, name, told[1], wait[0]);
		}
	}
	return true;
}

static bool many(char *coffer, struct bench_report *report)
{
	char text[16], name[16];
	char *argv[] = { coffer, "vm", "create", "many", "--count", text,
		"--zones", "1,2,3", "--stopped", NULL };
	pid_t children[MANY] = { 0 };
	double mib[MANY], from;
	int told[2], wait[2];
	bool good;

	snprintf(text, sizeof(text), "%d", MANY);
	if (!run(coffer, argv))
		return cli_error("no set of %d machines", MANY), false;
	if (pipe2(told, O_CLOEXEC))
		return cli_error("no pipe: %s", strerror(errno)), false;
	if (pipe2(wait, O_CLOEXEC)) {
		close(told[0]);
		close(told[1]);
		return cli_error("no pipe: %s", strerror(errno)), false;
	}
	from = now_ms();
	good = start_many(coffer, children, told, wait);
	from = now_ms() - from;
	for (int i = 0; good && i < MANY; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		mib[i] = idle_mib(name);
	}
	close(wait[1]);
	close(wait[0]);
	close(told[0]);
	close(told[1]);
	for (int i = 0; i < MANY; i++)
		while (children[i] > 0 && waitpid(children[i], NULL, 0) < 0 &&
			errno == EINTR)
			;
	if (!good)
		return false;
	qsort(mib, MANY, sizeof(*mib), by_size);
	bench_report_at_most(report, "start_100_s", from / 1000, LIMIT_100_S);
	if (mib[0] > 0)
		bench_report_at_most(report, "private_idle_mib", mib[MANY / 2],
			LIMIT_MIB);
	return true;
}

static bool measure(char *coffer, struct bench_report *report)
{
	double made[RUNS], floor[RUNS];
	char *init[] = { coffer, "ca", "init", NULL };

	if (!run(coffer, init))
		return cli_error("no CA"), false;
	for (int i = 0; i < RUNS; i++) {
		double from = now_ms();

		if (!create(coffer, i))
			return false;
		made[i] = now_ms() - from;
		from = now_ms();
		if (!chain(coffer))
			return false;
		floor[i] = now_ms() - from;
	}
	qsort(made, RUNS, sizeof(*made), by_size);
	qsort(floor, RUNS, sizeof(*floor), by_size);
	bench_report_figure(report, "floor_chain_ms", floor[RUNS / 2], "ms",
		"five programs that do nothing, one after another");
	bench_report_at_most(report, "create_running_ms", made[RUNS / 2],
		LIMIT_MS);
	return many(coffer, report);
}

int bench_vm(bool json)
{
	struct bench_machine machine;
	struct bench_report report;
	char coffer[PATH_MAX];
	char *stop[] = { coffer, "vm", "stop", "--all", NULL };
	struct why why;
	bool good;

	if (spawn_find("coffer", coffer, sizeof(coffer), &why))
		return cli_error("%s", why.text);
	if (!bench_machine_open(&machine, "Standard_DC1s_v3"))
		return CLI_FAILED;
	bench_report_begin(&report, json);
	good = measure(coffer, &report);
	run(coffer, stop);
	bench_machine_close(&machine);
	return good ? bench_report_end(&report) : CLI_FAILED;
}
