/* SPDX-License-Identifier: MIT */
/*
 * We play someone with a debugger who even knows what to look for:
 * the key (read from the owner's private folder) and one of the records.
 */
#include "story.h"
#include "../box_format.h"
#include "../stats.h"
#include "common/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#define SECONDS 20u
#define RECORD_SIZE 64u /* bytes of a record that are looked for */

static const enum probe_way ways[] = { PROBE_MEM, PROBE_READV, PROBE_PEEK,
	PROBE_FDS, PROBE_STEAL, PROBE_MAP_FILES };
#define WAYS (sizeof(ways) / sizeof(*ways))

struct secrets {
	uint8_t key[BOX_KEY_SIZE];
	double record[RECORD_SIZE / 8];
	struct probe_needle needles[2];
};

/* The record as the enclave holds it: numbers, not text. */
static bool read_secrets(struct story *s, const char *record, struct secrets *o)
{
	char path[256];
	FILE *f;
	bool good;

	snprintf(path, sizeof(path), "%s/box.key", s->private);
	f = fopen(path, "rb");
	good = f && fread(o->key, 1, sizeof(o->key), f) == sizeof(o->key);
	if (f)
		fclose(f);
	for (size_t i = 0; good && i < RECORD_SIZE / 8; i++) {
		char *end;

		o->record[i] = strtod(record, &end);
		good = *end == ',';
		record = end + 1;
	}
	o->needles[0] = (struct probe_needle){ "key", o->key, sizeof(o->key) };
	o->needles[1] = (struct probe_needle){ "record",
		(uint8_t *)o->record, RECORD_SIZE };
	return good;
}

/* An ordinary process that holds the same secrets, in its memory and in a
 * memory file. */
static pid_t start_control(const struct secrets *secrets)
{
	int ready[2], file;
	char c = 0;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		file = memfd_create("control", MFD_CLOEXEC);
		if (write(file, secrets, sizeof(*secrets)) != sizeof(*secrets) ||
			mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0) ==
				MAP_FAILED ||
			write(ready[1], "+", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], &c, 1) != 1) {
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(ready[0]);
	return pid;
}

static const char *outcome(const struct probe_report *r, int error)
{
	if (error)
		return "failed";
	if (r->found)
		return "FOUND";
	if (r->cut)
		return "unfinished";
	if (r->refused)
		return "refused";
	return r->closed ? "closed" : "nothing";
}

struct target {
	const char *name;
	pid_t pid;
	bool control;
};

/* One row of the table.  False when it did not go as told. */
static bool pry_one(struct story *s, const struct target *t,
	const struct secrets *secrets, uint64_t *seen)
{
	bool good = true, found_any = false;
	char label[40];

	snprintf(label, sizeof(label), "%s %d", t->name, t->pid);
	say(s, "   %-24s", label);
	for (size_t i = 0; i < WAYS; i++) {
		struct probe_report r;
		int error = probe_process(t->pid, ways[i], secrets->needles, 2,
			SECONDS, &r);
		/* Not everybody may look in every way, not even at their
		 * own. */
		bool all_refused = t->control && r.refused;

		say(s, " %-10s", outcome(&r, error));
		good = good && !error && !r.cut &&
			(r.found == t->control || all_refused);
		found_any = found_any || r.found;
		*seen += r.seen;
	}
	say(s, "\n");
	return good && found_any == t->control;
}

static void explain_root(struct story *s)
{
	if (geteuid() == 0)
		say(s, "   We are root: nothing above depends on access rights. "
			"Enclave data, keys and\n   stacks lie in secret memory "
			"(memfd_secret), which the kernel itself keeps out\n   of "
			"reach; code can be read. Root who acts instead of "
			"reading, for instance by\n   loading kernel code, still "
			"wins: this is software, not silicon.\n");
	else
		say(s, "   We are the user who runs it all. Root can do more than "
			"we can: run the demo\n   as root to see what that gives.\n");
}

void story_pry(struct story *s, const char *record)
{
	struct secrets secrets;
	struct target targets[] = {
		{ "ordinary process", -1, true },
		{ "host application", s->application.pid, false },
		{ "cofferd", world_find("cofferd"), false },
		{ "coffer-cpu", world_find("coffer-cpu"), false },
		{ "the enclave's cell", s->cell, false },
	};
	bool secret = probe_secret_memory(64u << 20), good = true, control = true;
	uint64_t seen = 0;
	char text[512];

	if (judge(s, ask(s, "read", text, sizeof(text)),
		"the host fails to read at the records' address"))
		say(s, "           %s\n", text);
	if (!judge(s, read_secrets(s, record, &secrets),
		"we look for the key and one of the records, which we know"))
		return;
	targets[0].pid = start_control(&secrets);

	say(s, "\n   %-24s", "looking into");
	for (size_t i = 0; i < WAYS; i++)
		say(s, " %-10s", (const char *[]){ "proc mem", "vm_readv",
			"debugger", "open fds", "steal fds", "map_files" }[i]);
	say(s, "\n");
	for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		bool one = targets[i].pid > 0 &&
			pry_one(s, &targets[i], &secrets, &seen);

		if (targets[i].control)
			control = one;
		else
			good = good && one;
	}
	say(s, "   (nothing: looked, not there. closed: part of the memory cannot "
		"be read, the rest\n   was looked at. refused: no look possible.)\n\n");
	judge(s, control, "the same looks do find the secrets in an ordinary process");
	if (geteuid() == 0 && !secret)
		say(s, "   This kernel gives no secret memory, so root can read "
			"enclaves: not judged.\n");
	else
		judge(s, good, "nobody finds them anywhere else, in %.0f MB looked at",
			(double)seen / 1e6);
	explain_root(s);
	kill(targets[0].pid, SIGKILL);
	waitpid(targets[0].pid, NULL, 0);
	box_wipe(&secrets, sizeof(secrets));
}
