/* SPDX-License-Identifier: MIT */
/*
 * The sealed box, told step by step.  Every step is done for real, and judged
 * by what came of it; a step that did not go as told makes the demo fail.
 */
#ifndef SEALED_BOX_STORY_H
#define SEALED_BOX_STORY_H

#include "support/peer.h"
#include "support/world.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct story {
	bool quiet;
	const char *enclave; /* signed image */
	const char *big; /* the same, signed for more records */
	const char *data; /* the owner's table, CSV */
	char owner[512], host[512], sign[512], coffer[512]; /* programs */
	struct world world;
	char private[128]; /* the owner's own folder */
	char post[128]; /* what owner and host exchange */
	struct peer application; /* the host program */
	unsigned failed; /* steps */
	unsigned step;
};

/* Narration; nothing with --quiet. */
void say(const struct story *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void heading(struct story *, const char *text);

/* Judge: prints ok or WRONG with the sentence (WRONG even with --quiet), and
 * returns good. */
bool judge(struct story *, bool good, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Send the application a command and take its answer.  True if it begins with
 * "ok"; rest is what follows. */
bool ask(struct story *, const char *command, char *rest, size_t size);

/* The same of another host; messages (may be NULL, else MESSAGE_MAX bytes): the
 * last error that its library told before it answered. */
#define MESSAGE_MAX 1024
bool ask_host(struct peer *, const char *command, char *rest, size_t size,
	char *messages);

/* Run a program to its end (seconds at most).  Its standard output goes to
 * ours if shown; the rest of what it said is put in said (may be NULL).  Its
 * exit status, or -1. */
int run(struct story *, char *const argv[], bool shown, char *said, size_t size);

/* Step 4: who can look in?  record is one line of the table. */
void story_pry(struct story *, const char *record);

/* Step 6: images with one changed bit. */
void story_wrong_images(struct story *);

/* Step 7: more pages than the processor has room for, and one changed bit. */
void story_tamper(struct story *);

#endif
