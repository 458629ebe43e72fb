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
	/* What it was given: images as they were linked, configurations to sign
	 * them with, keys of two signers, the owner's table. */
	const char *image, *folder, *signer, *other_signer, *data;
	char owner[512], host[512], sign[512], coffer[512]; /* programs */
	char enclave[160]; /* protected, signed image */
	char url[128]; /* of the services */
	char mrsigner[80];
	struct peer services;
	struct world world;
	char private[128]; /* the owner's own folder */
	char post[128]; /* what owner and host exchange */
	struct peer application; /* the host program */
	pid_t cell; /* of its enclave */
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

/* Like ask(), of a host that is started for it, with these options more,
 * and ended: what it answers to "fetch", and its library's last error.  On
 * virtual machine vm, which is made when there is none.  True: it was given
 * the key. */
struct attempt {
	const char *vm, *image;
	char *options[4]; /* NULL at the end */
};
bool attempt_fetch(struct story *, const struct attempt *, char *answer,
	size_t size);

/* Writes argv of a host: coffer run on a machine, with the services' addresses
 * and options (NULL at the end; may be NULL). */
#define HOST_ARGUMENTS 24
void host_arguments(struct story *, const char *vm, const char *size,
	const char *image, const char *post, char *const options[],
	char *argv[HOST_ARGUMENTS]);

/* Text in lines that fit, indented. */
void say_lines(struct story *, const char *text);

/* Steps 1 and 2: the owner's services, key and policy; what is encrypted. */
bool story_key(struct story *);
bool story_seal(struct story *, const char *record, size_t count);
void story_key_end(struct story *);

/* The image protected and signed: out, by conf (a file of the folder) and a
 * signer's key. */
bool make_image(struct story *, const char *conf, const char *signer,
	const char *out);

/* What must fail: enclaves and machines that get no key. */
void story_refusals(struct story *);

/* Is the key anywhere where it should not be? */
void story_search(struct story *);

/* Who can look in?  record is one line of the table. */
void story_pry(struct story *, const char *record);

/* Images with one changed bit. */
void story_wrong_images(struct story *);

/* More pages than the processor has room for, and one changed bit. */
void story_tamper(struct story *);

#endif
