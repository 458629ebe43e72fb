/* SPDX-License-Identifier: MIT */
/*
 * The grammar, by operator precedence: parse(power) reads what binds
 * stronger than power.  A projection ("*", "[]", "[?…]", a slice) takes the
 * rest of its chain as what is done to each element, and ends at anything
 * that binds weaker than PROJECTION_ENDS.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "jmespath_priv.h"

enum { PROJECTION_ENDS = 10 };

static int power(enum jp_token_kind kind)
{
	switch (kind) {
	case JP_PIPE:
		return 1;
	case JP_OR:
		return 2;
	case JP_AND:
		return 3;
	case JP_EQ: case JP_NE: case JP_LT: case JP_LE: case JP_GT: case JP_GE:
		return 5;
	case JP_FLATTEN:
		return 9;
	case JP_STAR:
		return 20;
	case JP_FILTER:
		return 21;
	case JP_DOT:
		return 40;
	case JP_NOT:
		return 45;
	case JP_LEFT_BRACE:
		return 50;
	case JP_LEFT_BRACKET:
		return 55;
	case JP_LEFT_PAREN:
		return 60;
	default:
		return 0;
	}
}

static struct jp_node *parse(struct jmespath *query, int binding);

static struct jp_node *node_new(struct jmespath *query,
				enum jp_node_kind kind, struct jp_node *left,
				struct jp_node *right)
{
	struct jp_node *node;

	if (++query->nodes > JMESPATH_NODES_MOST) {
		jp_wrong(query, query->token.at, "the query has more than %d "
			 "parts", JMESPATH_NODES_MOST);
		return NULL;
	}
	node = pool_alloc(&query->pool, sizeof(*node));
	if (!node) {
		why_set(query->why, -ENOMEM, "no memory for a query");
		return NULL;
	}
	node->kind = kind;
	node->at = query->token.at;
	node->left = left;
	node->right = right;
	return node;
}

static bool take(struct jmespath *query, enum jp_token_kind kind,
		 const char *what)
{
	if (query->token.kind != kind) {
		jp_wrong(query, query->token.at, "%s is missing", what);
		return false;
	}
	return jp_lex(query) == 0;
}

static void add_child(struct jp_node *node, struct jp_node *child)
{
	struct jp_node **end = &node->children;

	while (*end)
		end = &(*end)->next;
	*end = child;
	node->child_count++;
}

/* [a, b]: the bracket has been read. */
static struct jp_node *parse_list(struct jmespath *query)
{
	struct jp_node *list = node_new(query, JP_N_LIST, NULL, NULL), *child;

	for (;;) {
		if (!list || !(child = parse(query, 0)))
			return NULL;
		add_child(list, child);
		if (query->token.kind != JP_COMMA)
			break;
		if (jp_lex(query) < 0)
			return NULL;
	}
	return take(query, JP_RIGHT_BRACKET, "]") ? list : NULL;
}

/* {a: b, …}: the brace has been read. */
static struct jp_node *parse_hash(struct jmespath *query)
{
	struct jp_node *hash = node_new(query, JP_N_HASH, NULL, NULL), *child;

	for (;;) {
		const char *name = query->token.text;

		if (!hash)
			return NULL;
		if (query->token.kind != JP_NAME &&
		    query->token.kind != JP_QUOTED) {
			jp_wrong(query, query->token.at, "a name is missing");
			return NULL;
		}
		if (jp_lex(query) < 0 || !take(query, JP_COLON, ":") ||
		    !(child = parse(query, 0)))
			return NULL;
		/* A node of its own, so that the name is not the child's. */
		child = node_new(query, JP_N_SUB, NULL, child);
		if (!child)
			return NULL;
		child->text = name;
		add_child(hash, child);
		if (query->token.kind != JP_COMMA)
			break;
		if (jp_lex(query) < 0)
			return NULL;
	}
	return take(query, JP_RIGHT_BRACE, "}") ? hash : NULL;
}

/* What follows a projection. */
static struct jp_node *parse_projected(struct jmespath *query, int binding)
{
	switch (query->token.kind) {
	case JP_LEFT_BRACKET:
	case JP_FILTER:
		return parse(query, binding);
	case JP_DOT:
		if (jp_lex(query) < 0)
			return NULL;
		switch (query->token.kind) {
		case JP_NAME: case JP_QUOTED: case JP_STAR:
			return parse(query, binding);
		case JP_LEFT_BRACKET:
			return jp_lex(query) < 0 ? NULL : parse_list(query);
		case JP_LEFT_BRACE:
			return jp_lex(query) < 0 ? NULL : parse_hash(query);
		default:
			jp_wrong(query, query->token.at, "a name, *, [ or { "
				 "is missing after the dot");
			return NULL;
		}
	default:
		if (power(query->token.kind) < PROJECTION_ENDS)
			return node_new(query, JP_N_IDENTITY, NULL, NULL);
		jp_wrong(query, query->token.at, "this cannot follow a "
			 "projection");
		return NULL;
	}
}

static struct jp_node *project(struct jmespath *query,
			       enum jp_node_kind kind, struct jp_node *left,
			       int binding)
{
	struct jp_node *right = left ? parse_projected(query, binding) : NULL;

	return right ? node_new(query, kind, left, right) : NULL;
}

/* [0], [-1], [1:2:3]: the bracket has been read and what follows is a number
 * or a colon. */
static struct jp_node *parse_index(struct jmespath *query,
				   struct jp_node *left)
{
	struct jp_node *node = node_new(query, JP_N_INDEX, NULL, NULL);
	int part = 0;

	if (!node)
		return NULL;
	while (query->token.kind != JP_RIGHT_BRACKET) {
		if (query->token.kind == JP_COLON && part < 2) {
			part++;
			node->kind = JP_N_SLICE;
		} else if (query->token.kind == JP_NUMBER &&
			   !node->slice.has[part]) {
			node->slice.has[part] = true;
			node->slice.value[part] = query->token.number;
		} else {
			jp_wrong(query, query->token.at, "an index is [n], a "
				 "slice [from:to:step]");
			return NULL;
		}
		if (jp_lex(query) < 0)
			return NULL;
	}
	if (node->slice.has[2] && node->slice.value[2] == 0) {
		jp_wrong(query, query->token.at, "a slice's step cannot be 0");
		return NULL;
	}
	if (jp_lex(query) < 0)
		return NULL;
	node->number = node->slice.value[0];
	left = node_new(query, JP_N_SUB, left, node);
	if (!left || node->kind == JP_N_INDEX)
		return left;
	return project(query, JP_N_PROJECT, left, power(JP_STAR));
}

static struct jp_node *parse_filter(struct jmespath *query,
				    struct jp_node *left)
{
	struct jp_node *condition = parse(query, 0), *node;

	if (!condition || !take(query, JP_RIGHT_BRACKET, "]"))
		return NULL;
	node = project(query, JP_N_PROJECT_FILTER, left, power(JP_FILTER));
	if (node)
		node->condition = condition;
	return node;
}

static struct jp_node *parse_flatten(struct jmespath *query,
				     struct jp_node *left)
{
	left = node_new(query, JP_N_FLATTEN, left, NULL);
	return project(query, JP_N_PROJECT, left, power(JP_FLATTEN));
}

/* "[*]" has its bracket and star read, and the cursor says whether the
 * closing bracket follows. */
static bool star_closes(const struct jmespath *query)
{
	const char *p = query->cursor;

	while (p < query->end && *p && strchr(" \t\r\n", *p))
		p++;
	return p < query->end && *p == ']';
}

/* What follows "[" other than "[]" and "[?". */
static struct jp_node *parse_bracket(struct jmespath *query,
				     struct jp_node *left, bool may_be_list)
{
	if (query->token.kind == JP_NUMBER || query->token.kind == JP_COLON)
		return parse_index(query, left);
	if (query->token.kind == JP_STAR && star_closes(query)) {
		if (jp_lex(query) < 0 || jp_lex(query) < 0)
			return NULL;
		return project(query, JP_N_PROJECT, left, power(JP_STAR));
	}
	if (may_be_list)
		return parse_list(query);
	jp_wrong(query, query->token.at, "a number, a slice or * is missing "
		 "after [");
	return NULL;
}

static struct jp_node *parse_call(struct jmespath *query,
				  const struct jp_token *name)
{
	const struct jp_function *function = jp_function_find(name->text);
	struct jp_node *call = node_new(query, JP_N_CALL, NULL, NULL), *child;

	if (!call)
		return NULL;
	if (!function) {
		jp_wrong(query, name->at, "there is no function %.40s",
			 name->text);
		return NULL;
	}
	call->at = name->at;
	call->function = function;
	while (query->token.kind != JP_RIGHT_PAREN) {
		child = parse(query, 0);
		if (!child)
			return NULL;
		add_child(call, child);
		if (query->token.kind != JP_COMMA)
			break;
		if (jp_lex(query) < 0)
			return NULL;
		if (query->token.kind == JP_RIGHT_PAREN) {
			jp_wrong(query, query->token.at, "an argument is "
				 "missing");
			return NULL;
		}
	}
	if (!take(query, JP_RIGHT_PAREN, ")"))
		return NULL;
	if (!jp_function_takes(function, call->child_count)) {
		jp_wrong(query, name->at, "%s takes %s, not %zu",
			 jp_function_name(function),
			 jp_function_arity(function), call->child_count);
		return NULL;
	}
	return call;
}

/* What may begin an expression. */
static struct jp_node *parse_first(struct jmespath *query)
{
	struct jp_token token = query->token;
	struct jp_node *node;

	if (jp_lex(query) < 0)
		return NULL;
	switch (token.kind) {
	case JP_NAME:
	case JP_QUOTED:
		if (query->token.kind == JP_LEFT_PAREN &&
		    token.kind == JP_NAME)
			return jp_lex(query) < 0 ? NULL :
			       parse_call(query, &token);
		node = node_new(query, JP_N_FIELD, NULL, NULL);
		if (node)
			node->text = token.text;
		return node;
	case JP_LITERAL:
		node = node_new(query, JP_N_LITERAL, NULL, NULL);
		if (node)
			node->json = token.json;
		return node;
	case JP_CURRENT:
		return node_new(query, JP_N_IDENTITY, NULL, NULL);
	case JP_STAR:
		return project(query, JP_N_PROJECT_VALUES,
			       node_new(query, JP_N_IDENTITY, NULL, NULL),
			       power(JP_STAR));
	case JP_FLATTEN:
		return parse_flatten(query, node_new(query, JP_N_IDENTITY,
						     NULL, NULL));
	case JP_FILTER:
		return parse_filter(query, node_new(query, JP_N_IDENTITY,
						    NULL, NULL));
	case JP_LEFT_BRACKET:
		return parse_bracket(query, node_new(query, JP_N_IDENTITY,
						     NULL, NULL), true);
	case JP_LEFT_BRACE:
		return parse_hash(query);
	case JP_LEFT_PAREN:
		node = parse(query, 0);
		return node && take(query, JP_RIGHT_PAREN, ")") ? node : NULL;
	case JP_NOT:
		node = parse(query, power(JP_NOT));
		return node ? node_new(query, JP_N_NOT, node, NULL) : NULL;
	case JP_EXPREF:
		node = parse(query, 0);
		return node ? node_new(query, JP_N_EXPREF, node, NULL) : NULL;
	case JP_END:
		jp_wrong(query, token.at, "the query ends where something "
			 "should begin");
		return NULL;
	default:
		jp_wrong(query, token.at, "an expression cannot begin so");
		return NULL;
	}
}

static struct jp_node *parse_binary(struct jmespath *query,
				    enum jp_node_kind kind,
				    enum jp_token_kind operator,
				    struct jp_node *left)
{
	struct jp_node *right = parse(query, power(operator));
	struct jp_node *node = right ? node_new(query, kind, left, right) :
			       NULL;

	if (node)
		node->operator = operator;
	return node;
}

static struct jp_node *parse_dot(struct jmespath *query, struct jp_node *left)
{
	struct jp_node *right = NULL;

	switch (query->token.kind) {
	case JP_STAR:
		if (jp_lex(query) < 0)
			return NULL;
		return project(query, JP_N_PROJECT_VALUES, left,
			       power(JP_STAR));
	case JP_NAME:
	case JP_QUOTED:
		right = parse(query, power(JP_DOT));
		break;
	case JP_LEFT_BRACKET:
		right = jp_lex(query) < 0 ? NULL : parse_list(query);
		break;
	case JP_LEFT_BRACE:
		right = jp_lex(query) < 0 ? NULL : parse_hash(query);
		break;
	default:
		jp_wrong(query, query->token.at, "a name, *, [ or { is "
			 "missing after the dot");
	}
	return right ? node_new(query, JP_N_SUB, left, right) : NULL;
}

/* What may follow left. */
static struct jp_node *parse_next(struct jmespath *query,
				  struct jp_node *left)
{
	struct jp_token token = query->token;

	if (jp_lex(query) < 0)
		return NULL;
	switch (token.kind) {
	case JP_DOT:
		return parse_dot(query, left);
	case JP_PIPE:
		return parse_binary(query, JP_N_PIPE, token.kind, left);
	case JP_OR:
		return parse_binary(query, JP_N_OR, token.kind, left);
	case JP_AND:
		return parse_binary(query, JP_N_AND, token.kind, left);
	case JP_EQ: case JP_NE: case JP_LT: case JP_LE: case JP_GT: case JP_GE:
		return parse_binary(query, JP_N_COMPARE, token.kind, left);
	case JP_FLATTEN:
		return parse_flatten(query, left);
	case JP_FILTER:
		return parse_filter(query, left);
	case JP_LEFT_BRACKET:
		return parse_bracket(query, left, false);
	default:
		jp_wrong(query, token.at, "this cannot follow here");
		return NULL;
	}
}

static struct jp_node *parse(struct jmespath *query, int binding)
{
	struct jp_node *node;

	if (++query->depth > JMESPATH_DEPTH_MOST) {
		jp_wrong(query, query->token.at, "the query is nested deeper "
			 "than %d", JMESPATH_DEPTH_MOST);
		return NULL;
	}
	node = parse_first(query);
	while (node && power(query->token.kind) > binding)
		node = parse_next(query, node);
	query->depth--;
	return node;
}

struct jmespath *jmespath_new(const char *text, size_t size, struct why *why)
{
	struct jmespath *query;

	if (size > JMESPATH_TEXT_MOST) {
		why_set(why, -E2BIG, "a query of %zu bytes; at most %d are "
			"taken", size, JMESPATH_TEXT_MOST);
		return NULL;
	}
	query = calloc(1, sizeof(*query));
	if (!query)
		goto no_memory;
	pool_init(&query->pool, 1 << 20);
	query->literals = json_array();
	query->query = query->cursor = text;
	query->end = text + size;
	query->why = why;
	if (!query->literals)
		goto no_memory;
	if (jp_lex(query) == 0)
		query->root = parse(query, 0);
	if (query->root && query->token.kind != JP_END) {
		jp_wrong(query, query->token.at, "the query should end here");
		query->root = NULL;
	}
	query->why = NULL;
	query->query = query->cursor = query->end = NULL;
	if (query->root)
		return query;
	jmespath_free(query);
	return NULL;
no_memory:
	why_set(why, -ENOMEM, "no memory for a query");
	jmespath_free(query);
	return NULL;
}

void jmespath_free(struct jmespath *query)
{
	if (!query)
		return;
	json_decref(query->literals);
	pool_free(&query->pool);
	free(query);
}
