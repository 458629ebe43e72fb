/* SPDX-License-Identifier: MIT */
/*
 * JMESPath, the query language for JSON (jmespath.org, grammar and functions
 * of the specification), with one addition that Azure's policies use:
 * equals_ignore_case(a, b).
 *
 * Queries and data come from strangers: the size of a query, its depth, the
 * steps of a search and the size of what it makes are bounded.
 */
#ifndef COFFER_SERVICE_JMESPATH_H
#define COFFER_SERVICE_JMESPATH_H

#include <jansson.h>
#include <stddef.h>

#include "common/why.h"

enum {
	JMESPATH_TEXT_MOST = 16384,	/* bytes of a query */
	JMESPATH_NODES_MOST = 2000,
	JMESPATH_DEPTH_MOST = 100,
	JMESPATH_STEPS_MOST = 200000,	/* values looked at in a search */
	JMESPATH_RESULT_MOST = 1 << 20,	/* bytes of a result as text */
};

struct jmespath;

/* Parses a query of size bytes of UTF-8.  jmespath_free() it.  NULL with
 * *why: where in the query, and what is wrong. */
struct jmespath *jmespath_new(const char *query, size_t size,
			      struct why *why);
void jmespath_free(struct jmespath *query);

/* What the query finds in data, a new reference; it may share parts with
 * data, which nobody may change meanwhile.  Nothing found is JSON's null.
 * NULL with *why: a function had an argument of the wrong type, or the
 * search went on too long. */
json_t *jmespath_search(const struct jmespath *query, json_t *data,
			struct why *why);

/* The result as compact text, the caller's to free(); NULL if it is longer
 * than JMESPATH_RESULT_MOST or there is no memory. */
char *jmespath_text(const json_t *value);

#endif
