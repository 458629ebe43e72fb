/* SPDX-License-Identifier: MIT */
/* What the files of maa_policy share: tokens, the tree, functions. */
#ifndef COFFER_SERVICE_MAA_POLICY_PRIV_H
#define COFFER_SERVICE_MAA_POLICY_PRIV_H

#include "maa_policy.h"

struct maa_place {
	unsigned line, column;	/* from 1; columns in bytes */
};

/* --- maa_lex.c ----------------------------------------------------------- */

enum maa_token_kind {
	MAA_END,
	MAA_NAME,
	MAA_TEXT,		/* in quotes */
	MAA_NUMBER,
	MAA_SIGN,		/* text holds it */
};

struct maa_token {
	enum maa_token_kind kind;
	const char *text;	/* name, text without quotes, digits, sign */
	size_t size;		/* of text */
	int64_t number;
	struct maa_place place;
};

struct maa_lexer {
	struct pool *pool;	/* of texts */
	const char *at, *end;
	struct maa_place place;
	struct why *why;
};

/* 0, or -EINVAL, -ENOMEM with *why. */
int maa_lex(struct maa_lexer *lexer, struct maa_token *token);
/* "line 1, column 2: …"; returns -EINVAL. */
int maa_wrong(struct why *why, struct maa_place place, const char *format,
	      ...) __attribute__((format(printf, 3, 4)));

/* --- the tree ------------------------------------------------------------ */

enum maa_property { MAA_P_TYPE, MAA_P_VALUE, MAA_P_VALUE_TYPE, MAA_P_ISSUER };
enum maa_operator { MAA_EQ, MAA_NE, MAA_LT, MAA_LE, MAA_GT, MAA_GE };
enum maa_expression_kind { MAA_LITERAL, MAA_REFERENCE, MAA_CALL };

struct maa_function;

struct maa_expression {
	enum maa_expression_kind kind;
	struct maa_place place;
	struct maa_value value;		/* literal */
	size_t condition;		/* reference: which of the rule's, */
	enum maa_property property;	/* and what of it */
	const struct maa_function *function;
	struct maa_expression *arguments[2];
};

struct maa_test {
	struct maa_place place;
	enum maa_property property;
	enum maa_operator operator;
	struct maa_expression *right;
};

struct maa_condition {
	const char *name;		/* or NULL */
	bool absent;			/* "!" */
	struct maa_test *tests;
	size_t test_count;
};

enum maa_verb {
	MAA_PERMIT, MAA_DENY, MAA_ADD, MAA_ISSUE, MAA_ISSUE_PROPERTY,
};

struct maa_rule {
	struct maa_rule *next;
	struct maa_place place;		/* of the action */
	struct maa_condition *conditions;
	size_t condition_count;
	enum maa_verb verb;
	bool whole;			/* claim = name: which condition's */
	size_t condition;
	struct maa_expression *type, *value, *value_type;
};

enum maa_section { MAA_CONFIGURATION, MAA_AUTHORIZATION, MAA_ISSUANCE,
	MAA_SECTIONS };

struct maa_policy {
	struct pool pool;
	unsigned minor;
	struct maa_rule *rules[MAA_SECTIONS];
};

/* --- maa_run.c ----------------------------------------------------------- */

struct maa_set {
	struct maa_value *at;
	size_t count;
};

struct maa_run {
	struct pool *pool;
	size_t steps;			/* left */
	struct maa_claims incoming;
	/* The claims that each condition of the rule at work found, as
	 * indices. */
	struct { size_t *at; size_t count; } found[MAA_CONDITIONS_MOST];
	struct maa_outcome *outcome;
	struct why *why;
};

/* --- maa_function.c ------------------------------------------------------ */

const struct maa_function *maa_function_find(const char *name);
size_t maa_function_arity(const struct maa_function *function);
/* Calls with arguments that have been evaluated.  0 or negative with *why. */
int maa_function_call(struct maa_run *run,
		      const struct maa_expression *call,
		      const struct maa_set arguments[2],
		      struct maa_set *result);
/* The steps that comparing with a value takes, or reading it. */
size_t maa_cost(const struct maa_value *value);
/* More work done; 0, or -E2BIG with *why. */
int maa_spend(struct maa_run *run, size_t steps);

#endif
