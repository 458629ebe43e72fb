/* SPDX-License-Identifier: MIT */
/*
 * Machines: how long from the command to one that runs, and what memory an
 * idle one keeps, driver and processor together.  In folders of its own.
 */
#include "bench.h"
#include "bench_machine.h"
#include "cli.h"
#include "common/spawn.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define RUNS 20
/* What a create starts, and one for the forks in between: the command,
 * coffer-manufacture, cofferd, coffer-cpu. */
#define CHAIN 5
#define LIMIT_MS 150
#define LIMIT_MIB 15

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

static double idle_mib(void)
{
	struct machine machine;
	struct why why;
	unsigned long cpu;
	double mib = 0;

	if (machine_open("m0", &machine, &why))
		return 0;
	cpu = private_kib(machine.info.cpu_pid);
	/* Closed to us: then nothing is known. */
	if (cpu)
		mib = (double)(cpu + private_kib(machine.info.cofferd_pid)) /
			1024;
	machine_close(&machine);
	return mib;
}

static bool measure(char *coffer, struct bench_report *report)
{
	double made[RUNS], floor[RUNS], mib;
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
	mib = idle_mib();
	qsort(made, RUNS, sizeof(*made), by_size);
	qsort(floor, RUNS, sizeof(*floor), by_size);
	bench_report_figure(report, "floor_chain_ms", floor[RUNS / 2], "ms",
		"five programs that do nothing, one after another");
	bench_report_at_most(report, "create_running_ms", made[RUNS / 2],
		LIMIT_MS);
	if (mib > 0)
		bench_report_at_most(report, "private_idle_mib", mib,
			LIMIT_MIB);
	return true;
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
