/* SPDX-License-Identifier: MIT */
/* What the files of jmespath share: tokens, the tree, the search. */
#ifndef COFFER_SERVICE_JMESPATH_PRIV_H
#define COFFER_SERVICE_JMESPATH_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "jmespath.h"
#include "pool.h"

/* --- jmespath_lex.c ------------------------------------------------------ */

enum jp_token_kind {
	JP_END,
	JP_NAME,	/* text */
	JP_QUOTED,	/* text, a name in double quotes */
	JP_NUMBER,	/* number */
	JP_LITERAL,	/* json: between backticks or single quotes */
	JP_DOT, JP_STAR, JP_FLATTEN /* [] */, JP_FILTER /* [? */,
	JP_LEFT_BRACKET, JP_RIGHT_BRACKET, JP_LEFT_BRACE, JP_RIGHT_BRACE,
	JP_LEFT_PAREN, JP_RIGHT_PAREN, JP_COMMA, JP_COLON, JP_CURRENT,
	JP_EXPREF, JP_PIPE, JP_OR, JP_AND, JP_NOT,
	JP_EQ, JP_NE, JP_LT, JP_LE, JP_GT, JP_GE,
};

struct jp_token {
	enum jp_token_kind kind;
	size_t at;		/* byte in the query */
	const char *text;
	int64_t number;
	json_t *json;		/* kept by the query */
};

/* --- the tree ------------------------------------------------------------ */

enum jp_node_kind {
	JP_N_FIELD,		/* text */
	JP_N_IDENTITY,
	JP_N_LITERAL,		/* json */
	JP_N_INDEX,		/* number */
	JP_N_SLICE,		/* slice */
	JP_N_SUB,		/* left, then right in what left found */
	JP_N_PIPE,
	JP_N_PROJECT,		/* right for each element of left */
	JP_N_PROJECT_VALUES,
	JP_N_PROJECT_FILTER,	/* … for which condition holds */
	JP_N_FLATTEN,		/* left */
	JP_N_OR, JP_N_AND, JP_N_NOT,
	JP_N_COMPARE,		/* operator */
	JP_N_LIST,		/* children */
	JP_N_HASH,		/* children, each with its text */
	JP_N_CALL,		/* function, children */
	JP_N_EXPREF,		/* left */
};

struct jp_function;

struct jp_node {
	enum jp_node_kind kind;
	size_t at;		/* byte in the query, for messages */
	const char *text;
	int64_t number;
	json_t *json;
	struct { bool has[3]; int64_t value[3]; } slice;
	enum jp_token_kind operator;
	const struct jp_function *function;
	struct jp_node *left, *right, *condition;
	struct jp_node *children, *next;
	size_t child_count;
};

struct jmespath {
	struct pool pool;
	json_t *literals;	/* an array that keeps them */
	struct jp_node *root;
	/* While parsing. */
	const char *query, *cursor, *end;
	struct jp_token token;
	size_t nodes;
	unsigned depth;
	struct why *why;
};

/* Reads the next token into query->token.  0, or negative with *why. */
int jp_lex(struct jmespath *query);
/* "byte N of the query: …"; returns -EINVAL. */
int jp_wrong(struct jmespath *query, size_t at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* --- jmespath_search.c --------------------------------------------------- */

struct jp_search {
	size_t steps;		/* left */
	size_t bytes;		/* of new strings, left */
	struct why *why;
};

/* Each returns a new reference, or NULL with *why. */
json_t *jp_evaluate(struct jp_search *search, const struct jp_node *node,
		    json_t *value);
/* False, with *why, when n more steps are too many. */
bool jp_spend(struct jp_search *search, size_t n);
bool jp_spend_bytes(struct jp_search *search, size_t n);
bool jp_is_true(const json_t *value);
/* 1 equal, 0 not, -1 with *why when it takes too long. */
int jp_equal(struct jp_search *search, const json_t *a, const json_t *b);
const char *jp_type(const json_t *value);

/* --- jmespath_function.c ------------------------------------------------- */

/* NULL: there is none of that name. */
const struct jp_function *jp_function_find(const char *name);
const char *jp_function_name(const struct jp_function *function);
/* Whether so many arguments are right; and how many, in words. */
bool jp_function_takes(const struct jp_function *function, size_t count);
const char *jp_function_arity(const struct jp_function *function);
/* Evaluates the arguments and calls. */
json_t *jp_function_call(struct jp_search *search, const struct jp_node *node,
			 json_t *value);

#endif
