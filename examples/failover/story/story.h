/* SPDX-License-Identifier: MIT */
/*
 * The ledger that fails over, told step by step.  Every step is done for real,
 * and judged by what came of it; one that did not go as told makes the demo
 * fail.
 */
#ifndef FAILOVER_STORY_H
#define FAILOVER_STORY_H

#include "cluster.h"

#define STORY_CLIENTS 4

struct story {
	struct cluster cluster;
	bool quiet;
	unsigned step, failed;
	struct process client[STORY_CLIENTS]; /* those of the load */
};

/* Narration; nothing with --quiet. */
void say(const struct story *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void heading(struct story *, const char *text);
/* Prints ok or WRONG (also with --quiet) with the sentence; returns good. */
bool judge(struct story *, bool good, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* One request of a client that remembers in a file of that name (NULL: a new
 * client), shown and judged: the exit status of failover-client, and a word
 * that it says. */
bool story_ask(struct story *, const char *who, const char *command,
	int status, const char *word);

/* The parts of the story; false: it cannot go on. */
bool story_begin(struct story *); /* key, store, members */
bool story_pay(struct story *); /* one client, and what the store sees */
bool story_kill(struct story *); /* under load */
void story_rollback(struct story *); /* an older store */
void story_strangers(struct story *); /* other enclaves */

#endif
