/* SPDX-License-Identifier: MIT */
/* An older store, and enclaves that are not the right ones. */
#include "story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE 120000u

static bool shell(struct story *s, const char *what)
{
	char command[256];

	snprintf(command, sizeof(command), "cd %s && %s",
		s->cluster.world.folder, what);
	return !system(command);
}

static bool store_again(struct story *s, const char *what)
{
	cluster_stop_stores(&s->cluster);
	return shell(s, what) && cluster_start_stores(&s->cluster);
}

void story_rollback(struct story *s)
{
	struct cluster *c = &s->cluster;

	heading(s, "Whoever runs the store puts an older copy of it back");
	if (!judge(s, store_again(s, "mkdir copy && cp -a store-[012] copy"),
			"a copy of all its members is made"))
		return;
	story_ask(s, "ann", "transfer 1 2 50", 0, "done");
	if (!judge(s, store_again(s, "rm -rf store-[012] && cp -a "
			"copy/store-[012] ."), "then it is put back, and the "
			"payment is as if it had never been"))
		return;
	cluster_hold_members(c, true);
	cluster_hold_members(c, false);
	if (!judge(s, cluster_wait(c, PATIENCE), "the enclaves are started "
			"anew, so that they know nothing either"))
		return;
	story_ask(s, "ann", "transfer 1 2 20", 3, "older ledger");
	say(s, "           It is Ann's memory that tells: her client shows "
		"what it was answered last.\n           Where nobody "
		"remembers, nobody can know:\n");
	story_ask(s, NULL, "read 2", 0, "done");
	story_ask(s, "ann", "transfer 1 2 20", 3, "ledger");
}

static void stranger(struct story *s, const char *conf, const char *signer,
	bool debug, const char *what, const char *word)
{
	struct cluster *c = &s->cluster;
	char *argv[CLUSTER_ARGUMENTS], image[160], said[2048], *why;
	int status = -1;

	snprintf(image, sizeof(image), "%s/other.signed", c->world.folder);
	cluster_member_arguments(c, 0, image, debug, argv);
	if (cluster_sign(c, conf, signer, image))
		status = process_run(argv, said, sizeof(said), NULL, NULL);
	why = status == 1 ? strstr(said, "not opened") : NULL;
	judge(s, why && strstr(why, word), "%s gets no key", what);
	if (why)
		say(s, "           %.*s\n", (int)strcspn(why, "\n"), why);
}

void story_strangers(struct story *s)
{
	heading(s, "Enclaves that the owner did not mean");
	cluster_hold_members(&s->cluster, true);
	stranger(s, "debug.conf", s->cluster.signer, true, "a debug build",
		"is-debuggable");
	stranger(s, "old.conf", s->cluster.signer, false, "an older version",
		"svn");
	stranger(s, "member.conf", s->cluster.other_signer, false,
		"an enclave that somebody else signed", "mrsigner");
}
