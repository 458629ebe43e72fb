/* SPDX-License-Identifier: MIT */
/*
 * Another program that a test talks with, line by line, over its standard
 * input and output.  Every wait is bounded.
 */
#ifndef COFFER_TESTS_PEER_H
#define COFFER_TESTS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct peer {
	pid_t pid;
	int to, from; /* pipes; -1 when closed */
	char buffer[8192];
	size_t used;
};

/* Start argv[0] (a path); as another user, without groups, if uid is not -1;
 * in that folder if it is not NULL.  errors becomes its standard error (-1:
 * ours).  0 or a negative errno. */
int peer_start(struct peer *, char *const argv[], uid_t uid, const char *folder,
	int errors);

/* Send a line. */
void peer_say(struct peer *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The next line, without its newline, within that time.  False when the time
 * is over or the peer has closed its output. */
bool peer_hear(struct peer *, char *line, size_t size, unsigned milliseconds);

/* Read lines up to one that starts with this word; the line, from behind the
 * word and the blank, is put in rest (may be NULL). */
bool peer_expect(struct peer *, const char *word, char *rest, size_t size,
	unsigned milliseconds);

/* Close the pipes and wait for the end; after that time it is killed and the
 * result is -1.  Else the wait status. */
int peer_end(struct peer *, unsigned milliseconds);

#endif
