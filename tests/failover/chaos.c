/* SPDX-License-Identifier: MIT */
/*
 *   failover-chaos --bin DIR --image LINKED --configs DIR --signer PEM
 *                  [--seconds N] [--clients N] [--seed N]
 *
 * Clients ask as fast as they can while applications, drivers, processors,
 * enclaves and store members are killed at random, and are started again.
 * What the clients were answered must then be true of one ledger
 * (client/history.h), and what it says in the end as well.
 */
#include "client/history.h"
#include "story/cluster.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS_MAX 32
#define PATIENCE 120000u

struct chaos {
	struct cluster cluster;
	unsigned seconds, clients, seed;
	unsigned kills[VICTIMS];
	struct process client[CLIENTS_MAX];
	struct history history;
};

static bool fail(struct chaos *x, const char *what)
{
	char command[256];

	printf("WRONG: %s\n", what);
	fflush(stdout);
	snprintf(command, sizeof(command), "tail -n 5 %s/*.log >&2",
		x->cluster.world.folder);
	if (system(command))
		fprintf(stderr, "no logs\n");
	world_tell_logs(&x->cluster.world);
	return false;
}

static unsigned pick(struct chaos *x, unsigned below)
{
	return (unsigned)rand_r(&x->seed) % below;
}

static bool start_clients(struct chaos *x)
{
	char *argv[CLUSTER_ARGUMENTS], command[32], log[128];

	snprintf(log, sizeof(log), "%s/clients.log", x->cluster.world.folder);
	for (unsigned i = 0; i < x->clients; i++) {
		snprintf(command, sizeof(command), "load %u", x->seed + i);
		cluster_client_arguments(&x->cluster, NULL, command, argv);
		if (!process_start(&x->client[i], argv, log, log))
			return fail(x, "a client does not start");
	}
	return true;
}

static void kill_one(struct chaos *x)
{
	enum cluster_victim victim = (enum cluster_victim)pick(x, VICTIMS);
	unsigned which = pick(x, 3);
	pid_t pid = cluster_find(&x->cluster, victim, which);

	if (pid > 0 && !kill(pid, SIGKILL))
		x->kills[victim]++;
}

static void rage(struct chaos *x)
{
	unsigned long long end = world_clock() + x->seconds * 1000u;

	while (world_clock() < end) {
		cluster_let(&x->cluster, 200 + pick(x, 800));
		kill_one(x);
	}
}

static bool collect(struct chaos *x)
{
	char path[128];
	bool good;
	FILE *f;

	snprintf(path, sizeof(path), "%s/history", x->cluster.world.folder);
	f = fopen(path, "re");
	good = f && history_read(&x->history, f);
	if (f)
		fclose(f);
	return good || fail(x, "there is no history");
}

/* They end when they were answered; then the ledger is read through. */
static bool end_clients(struct chaos *x)
{
	char said[1024];
	bool good = true;

	for (unsigned i = 0; i < x->clients; i++)
		if (process_runs(&x->client[i]))
			kill(x->client[i].pid, SIGTERM);
	for (unsigned i = 0; i < x->clients; i++) {
		unsigned long long end = world_clock() + PATIENCE;

		while (process_runs(&x->client[i]) && world_clock() < end)
			cluster_let(&x->cluster, 20);
		if (process_runs(&x->client[i]) || x->client[i].status)
			good = fail(x, "a client was not answered");
	}
	if (good && cluster_ask(&x->cluster, NULL, "audit", said,
			sizeof(said)))
		good = fail(x, said);
	return good && collect(x);
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void tell_times(const char *what, double *times, size_t count)
{
	if (!count)
		return;
	qsort(times, count, sizeof(*times), by_value);
	printf("%s: median %.1f ms, 90 %% %.1f ms, longest %.1f ms\n", what,
		times[count / 2], times[count * 9 / 10], times[count - 1]);
}

static void tell(struct chaos *x)
{
	double *plain = malloc((x->history.count + 1) * sizeof(*plain));
	double *moved = malloc((x->history.count + 1) * sizeof(*moved));
	size_t plains = 0, moves = 0;
	unsigned kills = 0, starts = 0;

	for (int v = 0; v < VICTIMS; v++) {
		printf("killed: %s %u times\n", cluster_victim_name[v],
			x->kills[v]);
		kills += x->kills[v];
	}
	for (unsigned i = 0; i < 3; i++)
		starts += x->cluster.member[i].starts +
			x->cluster.store[i].starts;
	for (size_t i = 0; plain && moved && i < x->history.count; i++) {
		const struct history_entry *e = &x->history.entries[i];
		double t = (double)(e->answered - e->asked) / 1e6;

		if (e->failovers)
			moved[moves++] = t;
		else
			plain[plains++] = t;
	}
	printf("%u kills, %u starts; %zu requests acknowledged, %.0f per "
		"second; %zu answered after going to another member\n", kills,
		starts, x->history.count,
		(double)x->history.count / (double)x->seconds, moves);
	tell_times("answered at once", plain, plains);
	tell_times("answered elsewhere", moved, moves);
	free(plain);
	free(moved);
}

static bool run(struct chaos *x)
{
	const char *wrong;

	if (!cluster_open(&x->cluster) ||
		!cluster_start_stores(&x->cluster) ||
		!cluster_make_machines(&x->cluster))
		return fail(x, "the service does not start");
	cluster_hold_members(&x->cluster, false);
	if (!cluster_wait(&x->cluster, PATIENCE))
		return fail(x, "the members do not start");
	if (!start_clients(x))
		return false;
	rage(x);
	if (!cluster_wait(&x->cluster, PATIENCE))
		return fail(x, "the members do not come back");
	if (!end_clients(x))
		return false;
	wrong = history_check(&x->history);
	if (wrong)
		return fail(x, wrong);
	tell(x);
	return x->history.count > x->clients ||
		fail(x, "next to nothing was asked");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bin", required_argument, NULL, 'b' },
		{ "image", required_argument, NULL, 'i' },
		{ "configs", required_argument, NULL, 'c' },
		{ "signer", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "clients", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	static struct chaos x = { .seconds = 15, .clients = 6 };
	bool good;
	int option;

	x.seed = (unsigned)world_clock();
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'b': x.cluster.bin = optarg; break;
		case 'i': x.cluster.image = optarg; break;
		case 'c': x.cluster.configs = optarg; break;
		case 's': x.cluster.signer = optarg; break;
		case 't': x.seconds = (unsigned)atoi(optarg); break;
		case 'n': x.clients = (unsigned)atoi(optarg); break;
		case 'r': x.seed = (unsigned)atoi(optarg); break;
		default: return 2;
		}
	}
	if (!x.cluster.bin || !x.cluster.image || !x.cluster.configs ||
		!x.cluster.signer || x.clients > CLIENTS_MAX || !x.seconds)
		return 2;
	printf("seed %u\n", x.seed);
	good = run(&x);
	history_free(&x.history);
	if (cluster_close(&x.cluster))
		good = false;
	printf("%s\n", good ? "none lost, none twice, none out of order"
		: "FAILED");
	return good ? 0 : 1;
}
