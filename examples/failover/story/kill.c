/* SPDX-License-Identifier: MIT */
/* Whatever is killed, no acknowledged request is lost and none done twice. */
#include "story.h"
#include "../client/history.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE 120000u

static bool start_load(struct story *s)
{
	struct cluster *c = &s->cluster;
	char *argv[CLUSTER_ARGUMENTS], command[32], log[128];
	bool good = true;

	snprintf(log, sizeof(log), "%s/clients.log", c->world.folder);
	for (unsigned i = 0; i < STORY_CLIENTS; i++) {
		snprintf(command, sizeof(command), "load %u", i + 1);
		cluster_client_arguments(c, NULL, command, argv);
		good = good && process_start(&s->client[i], argv, log, log);
	}
	cluster_let(c, 1000);
	return judge(s, good, "%u clients ask as fast as they can",
		STORY_CLIENTS);
}

static void kill_one(struct story *s, enum cluster_victim victim,
	unsigned which, const char *name)
{
	struct cluster *c = &s->cluster;
	struct part *part = victim == VICTIM_STORE ? &c->store[which]
		: &c->member[which];
	unsigned starts = part->starts;
	pid_t pid = cluster_find(c, victim, which);
	unsigned long long begin = world_clock();
	char said[1024];
	bool good;

	if (!judge(s, pid > 0 && !kill(pid, SIGKILL), "kill -9 %d: %s", pid,
			name))
		return;
	good = !cluster_ask(c, "client-ann", "read 2", said, sizeof(said));
	said[strcspn(said, "\n")] = 0;
	judge(s, good, "Ann asks at that moment, and is answered after %llu "
		"ms", world_clock() - begin);
	say(s, "           %s\n", said);
	while (part->starts == starts && world_clock() < begin + PATIENCE)
		cluster_let(c, 10);
	good = cluster_wait(c, PATIENCE) && part->starts > starts;
	judge(s, good, "after %.1f s it serves again", (double)(world_clock() -
		begin) / 1000);
}

static void go_on(void *context)
{
	cluster_tend(context);
}

/* `coffer vm` with these words; what it says is shown. */
static bool manage(struct story *s, char *const words[])
{
	char *argv[CLUSTER_ARGUMENTS], coffer[512], said[2048];
	size_t n = 0;
	int status;

	snprintf(coffer, sizeof(coffer), "%s/coffer", s->cluster.bin);
	argv[n++] = coffer;
	argv[n++] = "vm";
	for (size_t i = 0; words[i]; i++)
		argv[n++] = words[i];
	argv[n] = NULL;
	status = process_run(argv, said, sizeof(said), go_on, &s->cluster);
	for (char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n"))
		say(s, "           %s\n", line);
	return !status;
}

/* A set is spread over update domains: one machine of it is restarted, and
 * loses its enclave, and the others serve. */
static void maintain(struct story *s)
{
	char *probe[] = { "probe", "--set", "svc", "--wait", "90", NULL };
	char *maintain[] = { "maintenance", "--set", "svc", "--domain", "0",
		"--wait", "90", NULL };

	judge(s, manage(s, probe), "coffer vm probe --set svc: all are well");
	judge(s, manage(s, maintain), "coffer vm maintenance --domain 0: its "
		"machine is restarted");
	story_ask(s, "ann", "read 2", 0, "done");
}

static const char *check(struct story *s, struct history *h)
{
	char path[128];
	bool good;
	FILE *f;

	snprintf(path, sizeof(path), "%s/history", s->cluster.world.folder);
	f = fopen(path, "re");
	good = f && history_read(h, f);
	if (f)
		fclose(f);
	return good ? history_check(h) : "there is no history";
}

static bool end_load(struct story *s)
{
	struct history h = { 0 };
	const char *wrong;
	bool good = true;

	for (unsigned i = 0; i < STORY_CLIENTS; i++)
		if (process_runs(&s->client[i]))
			kill(s->client[i].pid, SIGTERM);
	for (unsigned i = 0; i < STORY_CLIENTS; i++) {
		while (process_runs(&s->client[i]))
			cluster_let(&s->cluster, 20);
		good = good && !s->client[i].status;
	}
	judge(s, good, "the clients have been answered, all of them");
	wrong = check(s, &h);
	judge(s, !wrong, "%zu requests: %s", h.count, wrong ? wrong : "none is "
		"lost, none was done twice, no answer is older than one "
		"before");
	history_free(&h);
	return !wrong;
}

bool story_kill(struct story *s)
{
	heading(s, "Whatever runs it is killed or restarted, while others use it");
	if (!start_load(s))
		return false;
	kill_one(s, VICTIM_ENCLAVE, 0, "the enclave of member 0");
	kill_one(s, VICTIM_PROCESSOR, 1, "the processor of the machine svc-1");
	kill_one(s, VICTIM_APPLICATION, 2, "the application of member 2");
	kill_one(s, VICTIM_STORE, 0, "a member of the store");
	maintain(s);
	return end_load(s);
}
