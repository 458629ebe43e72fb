/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jmespath_priv.h"

int jp_wrong(struct jmespath *query, size_t at, const char *format, ...)
{
	char text[200];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	return why_set(query->why, -EINVAL, "byte %zu of the query: %s",
		       at + 1, text);
}

static bool is_name(char c, bool first)
{
	return c == '_' || isalpha((unsigned char)c) ||
	       (!first && isdigit((unsigned char)c));
}

/* The end of a text in quotes that begins at cursor, NULL if it has none. */
static const char *quoted_end(const struct jmespath *query, char quote)
{
	for (const char *p = query->cursor + 1; p < query->end; p++) {
		if (*p == '\\' && p + 1 < query->end)
			p++;
		else if (*p == quote)
			return p;
	}
	return NULL;
}

/* A copy of [from, to) in which \quote is quote. */
static char *unescape(struct jmespath *query, const char *from,
		      const char *to, char quote)
{
	char *copy = pool_alloc(&query->pool, (size_t)(to - from) + 1);
	char *out = copy;

	for (; copy && from < to; from++) {
		if (*from == '\\' && from + 1 < to && from[1] == quote)
			from++;
		*out++ = *from;
	}
	return copy;
}

static int keep(struct jmespath *query, json_t *json)
{
	if (!json)
		return jp_wrong(query, query->token.at,
				"this is no JSON value");
	if (json_array_append_new(query->literals, json) < 0)
		return why_set(query->why, -ENOMEM, "no memory for a query");
	query->token.json = json;
	return 0;
}

static int lex_quoted(struct jmespath *query, char quote)
{
	const char *from = query->cursor + 1, *to = quoted_end(query, quote);
	char *text;
	json_t *name;

	if (!to)
		return jp_wrong(query, query->token.at,
				"%c opens what nothing closes", quote);
	query->cursor = to + 1;
	query->token.kind = JP_LITERAL;
	if (quote == '"') {
		query->token.kind = JP_QUOTED;
		name = json_loadb(from - 1, (size_t)(to - from) + 2,
				  JSON_DECODE_ANY, NULL);
		if (keep(query, json_is_string(name) ? name : NULL) < 0)
			return -EINVAL;
		query->token.text = json_string_value(name);
		return 0;
	}
	text = unescape(query, from, to, quote);
	if (!text)
		return why_set(query->why, -ENOMEM, "no memory for a query");
	return keep(query, quote == '\'' ? json_string(text) :
		    json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
			       NULL));
}

static int lex_number(struct jmespath *query)
{
	char digits[24];
	size_t n = 0;

	do {
		if (n + 1 >= sizeof(digits))
			return jp_wrong(query, query->token.at,
					"a number too large");
		digits[n++] = *query->cursor++;
	} while (query->cursor < query->end &&
		 isdigit((unsigned char)*query->cursor));
	digits[n] = '\0';
	if (n == 1 && digits[0] == '-')
		return jp_wrong(query, query->token.at, "- without a number");
	errno = 0;
	query->token.kind = JP_NUMBER;
	query->token.number = strtoll(digits, NULL, 10);
	if (errno)
		return jp_wrong(query, query->token.at, "a number too large");
	return 0;
}

static const struct {
	const char *text;
	enum jp_token_kind kind;
} signs[] = {	/* longer ones first */
	{ "[]", JP_FLATTEN }, { "[?", JP_FILTER }, { "||", JP_OR },
	{ "&&", JP_AND }, { "==", JP_EQ }, { "!=", JP_NE }, { "<=", JP_LE },
	{ ">=", JP_GE }, { "<", JP_LT }, { ">", JP_GT }, { "!", JP_NOT },
	{ "|", JP_PIPE }, { "&", JP_EXPREF }, { ".", JP_DOT },
	{ "*", JP_STAR }, { "[", JP_LEFT_BRACKET },
	{ "]", JP_RIGHT_BRACKET }, { "{", JP_LEFT_BRACE },
	{ "}", JP_RIGHT_BRACE }, { "(", JP_LEFT_PAREN },
	{ ")", JP_RIGHT_PAREN }, { ",", JP_COMMA }, { ":", JP_COLON },
	{ "@", JP_CURRENT },
};

int jp_lex(struct jmespath *query)
{
	const char *start;

	while (query->cursor < query->end &&
	       strchr(" \t\r\n", *query->cursor) && *query->cursor)
		query->cursor++;
	start = query->cursor;
	memset(&query->token, 0, sizeof(query->token));
	query->token.at = (size_t)(start - query->query);
	if (start == query->end) {
		query->token.kind = JP_END;
		return 0;
	}
	if (*start == '"' || *start == '\'' || *start == '`')
		return lex_quoted(query, *start);
	if (*start == '-' || isdigit((unsigned char)*start))
		return lex_number(query);
	if (is_name(*start, true)) {
		while (query->cursor < query->end &&
		       is_name(*query->cursor, false))
			query->cursor++;
		query->token.kind = JP_NAME;
		query->token.text = pool_text(&query->pool, start,
			(size_t)(query->cursor - start));
		return query->token.text ? 0 :
		       why_set(query->why, -ENOMEM, "no memory for a query");
	}
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		size_t size = strlen(signs[i].text);

		if ((size_t)(query->end - start) >= size &&
		    memcmp(start, signs[i].text, size) == 0) {
			query->token.kind = signs[i].kind;
			query->cursor += size;
			return 0;
		}
	}
	return jp_wrong(query, query->token.at,
			"a character that means nothing in a query");
}
