/* SPDX-License-Identifier: MIT */
/*
 * What the shells complete: one table of commands, and one of kinds of
 * values.  `coffer complete` asks them for three shells; coffer-complete(1)
 * has what it prints.
 */
#ifndef COFFER_CLI_COMPLETE_H
#define COFFER_CLI_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * One command line, up to its options and arguments.
 *
 *   path     its words: "coffer vm tcb set"
 *   args     a kind for each argument; "..." behind the last: any number more
 *   options  each followed by the kind of its value, if it has one; "*"
 *            before it: may be repeated
 *
 * A kind is a word of complete_kinds, or words to choose from, with bars
 * between them: "sign|digest".  --help needs no mention.
 */
struct complete_row {
	const char *path, *args, *options;
};
/* The end has a path of NULL. */
extern const struct complete_row complete_rows[];

/* The command line that is being completed. */
struct complete {
	char **words; /* from the program's name on */
	size_t count; /* the last one is the one under the cursor, maybe "" */
	size_t skipped; /* words between the program's name and the command */
};

/* Prints a value, if what has been typed is its beginning.  about: a few
 * words on it, or NULL. */
void complete_offer(const struct complete *c, const char *value,
	const char *about);

/* The value of an option of this command line, or NULL. */
const char *complete_option(const struct complete *c, const char *option);

/* Is there such a kind?  `kind` need not end: its length is given. */
bool complete_kind_ok(const char *kind, size_t length);

/* Offers what there is of a kind; nothing when it cannot be found out. */
void complete_kind(const struct complete *c, const char *kind, size_t length);

#endif
