/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maa_policy_priv.h"

int maa_wrong(struct why *why, struct maa_place place, const char *format, ...)
{
	char text[240];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	return why_set(why, -EINVAL, "line %u, column %u: %s", place.line,
		       place.column, text);
}

static void step(struct maa_lexer *lexer)
{
	if (*lexer->at++ == '\n') {
		lexer->place.line++;
		lexer->place.column = 1;
	} else {
		lexer->place.column++;
	}
}

static bool follows(const struct maa_lexer *lexer, const char *text)
{
	size_t size = strlen(text);

	return (size_t)(lexer->end - lexer->at) >= size &&
	       memcmp(lexer->at, text, size) == 0;
}

/* White space and comments. */
static int skip(struct maa_lexer *lexer)
{
	for (;;) {
		struct maa_place open = lexer->place;

		if (lexer->at < lexer->end &&
		    isspace((unsigned char)*lexer->at)) {
			step(lexer);
		} else if (follows(lexer, "//")) {
			while (lexer->at < lexer->end && *lexer->at != '\n')
				step(lexer);
		} else if (follows(lexer, "/*")) {
			step(lexer);
			do {
				step(lexer);
				if (lexer->at == lexer->end)
					return maa_wrong(lexer->why, open,
						"a comment that does not end");
			} while (!follows(lexer, "*/"));
			step(lexer);
			step(lexer);
		} else {
			return 0;
		}
	}
}

static int lex_text(struct maa_lexer *lexer, struct maa_token *token)
{
	const char *p = lexer->at + 1;
	char *out;

	while (p < lexer->end && *p != '"' && *p != '\n')
		p += *p == '\\' && p + 1 < lexer->end && p[1] != '\n' ? 2 : 1;
	if (p >= lexer->end || *p != '"')
		return maa_wrong(lexer->why, token->place,
				 "a string without closing quotes");
	out = pool_alloc(lexer->pool, (size_t)(p - lexer->at));
	if (!out)
		return why_set(lexer->why, -ENOMEM, "no memory for a policy");
	token->kind = MAA_TEXT;
	token->text = out;
	step(lexer);
	while (lexer->at < p) {
		if (*lexer->at == '\\') {
			if (lexer->at[1] != '"' && lexer->at[1] != '\\')
				return maa_wrong(lexer->why, lexer->place,
					"\\ stands before \" or \\ only");
			step(lexer);
		} else if (*lexer->at == '\0') {
			return maa_wrong(lexer->why, lexer->place,
					 "a NUL in a string");
		}
		*out++ = *lexer->at;
		step(lexer);
	}
	*out = '\0';
	token->size = (size_t)(out - token->text);
	step(lexer);
	return 0;
}

static int lex_number(struct maa_lexer *lexer, struct maa_token *token)
{
	const char *from = lexer->at;
	char digits[24], *end;
	int base = follows(lexer, "0x") || follows(lexer, "0X") ? 16 : 10;

	do
		step(lexer);
	while (lexer->at < lexer->end && isalnum((unsigned char)*lexer->at));
	token->kind = MAA_NUMBER;
	token->size = (size_t)(lexer->at - from);
	token->text = pool_text(lexer->pool, from, token->size);
	if (!token->text)
		return why_set(lexer->why, -ENOMEM, "no memory for a policy");
	if (token->size >= sizeof(digits))
		return maa_wrong(lexer->why, token->place,
				 "an integer of more than 64 bits");
	memcpy(digits, token->text, token->size + 1);
	errno = 0;
	token->number = strtoll(digits, &end, base);
	if (errno)
		return maa_wrong(lexer->why, token->place,
				 "an integer of more than 64 bits");
	if (*end || !isalnum((unsigned char)end[-1]) ||
	    (base == 16 && token->size == 2))
		return maa_wrong(lexer->why, token->place,
				 "this is no integer: %s", token->text);
	return 0;
}

int maa_lex(struct maa_lexer *lexer, struct maa_token *token)
{
	static const char *const signs[] = { "=>", "==", "!=", "<=", ">=",
		"&&", "=", "<", ">", "!", "[", "]", "(", ")", "{", "}", ",",
		";", ":", "." };
	int r = skip(lexer);
	const char *from = lexer->at;

	memset(token, 0, sizeof(*token));
	token->place = lexer->place;
	token->text = "";
	if (r < 0 || lexer->at == lexer->end)
		return r;
	if (*from == '"')
		return lex_text(lexer, token);
	if (isdigit((unsigned char)*from) ||
	    (*from == '-' && from + 1 < lexer->end &&
	     isdigit((unsigned char)from[1])))
		return lex_number(lexer, token);
	if (*from == '_' || isalpha((unsigned char)*from)) {
		while (lexer->at < lexer->end &&
		       (*lexer->at == '_' ||
			isalnum((unsigned char)*lexer->at)))
			step(lexer);
		token->kind = MAA_NAME;
		token->size = (size_t)(lexer->at - from);
		token->text = pool_text(lexer->pool, from, token->size);
		return token->text ? 0 : why_set(lexer->why, -ENOMEM,
						 "no memory for a policy");
	}
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		if (!follows(lexer, signs[i]))
			continue;
		token->kind = MAA_SIGN;
		token->text = signs[i];
		token->size = strlen(signs[i]);
		for (size_t n = 0; n < token->size; n++)
			step(lexer);
		return 0;
	}
	if (follows(lexer, "\xe2\x80\x9c") || follows(lexer, "\xe2\x80\x9d"))
		return maa_wrong(lexer->why, token->place, "typographic "
				 "quotes; strings stand in straight ones (\")");
	if ((unsigned char)*from < 0x20 || (unsigned char)*from >= 0x7f)
		return maa_wrong(lexer->why, token->place, "the byte 0x%02x "
				 "means nothing here", (unsigned char)*from);
	return maa_wrong(lexer->why, token->place, "\"%c\" means nothing here",
			 *from);
}
