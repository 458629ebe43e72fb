/* SPDX-License-Identifier: MIT */
#include "lex.h"

#include <string.h>

#include "limits.h"

void edl_lex_init(struct edl_lexer *l, struct edl_ctx *c,
		  const struct edl_source *s)
{
	l->ctx = c;
	l->at = s->text;
	l->end = s->text + s->size;
	l->loc = (struct edl_loc){ s->path, 1, 1 };
	/* A byte order mark is what some editors put in front. */
	if (s->size >= 3 && !memcmp(s->text, "\xef\xbb\xbf", 3))
		l->at += 3;
}

static int peek(const struct edl_lexer *l, size_t ahead)
{
	return (size_t)(l->end - l->at) > ahead
		? (unsigned char)l->at[ahead] : -1;
}

static void step(struct edl_lexer *l)
{
	if (*l->at++ == '\n') {
		l->loc.line++;
		l->loc.col = 1;
	} else {
		l->loc.col++;
	}
}

/* Skip white space and comments; false if a comment does not end. */
static bool skip(struct edl_lexer *l, struct edl_loc *open)
{
	for (;;) {
		int ch = peek(l, 0);

		if (ch == ' ' || (ch >= '\t' && ch <= '\r')) {
			step(l);
		} else if (ch == '/' && peek(l, 1) == '/') {
			while (peek(l, 0) >= 0 && peek(l, 0) != '\n')
				step(l);
		} else if (ch == '/' && peek(l, 1) == '*') {
			*open = l->loc;
			step(l);
			step(l);
			while (peek(l, 0) != '*' || peek(l, 1) != '/') {
				if (peek(l, 0) < 0)
					return false;
				step(l);
			}
			step(l);
			step(l);
		} else {
			return true;
		}
	}
}

static bool is_digit(int ch)
{
	return ch >= '0' && ch <= '9';
}

static bool is_letter(int ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
	       ch == '_';
}

static struct edl_token bad(struct edl_token t, const char *text)
{
	t.kind = EDL_BAD;
	t.text = text;
	return t;
}

static struct edl_token word(struct edl_lexer *l, struct edl_token t)
{
	const char *start = l->at;
	bool digits = true;
	size_t size;

	while (is_digit(peek(l, 0)) || is_letter(peek(l, 0))) {
		digits = digits && is_digit(peek(l, 0));
		step(l);
	}
	size = (size_t)(l->at - start);
	if (size > EDL_MAX_TOKEN)
		return bad(t, "the name or number is too long");
	t.kind = EDL_NAME;
	if (is_digit((unsigned char)*start)) {
		if (!digits)
			return bad(t, "only decimal integers are numbers here");
		while (size > 1 && *start == '0') {
			start++;
			size--;
		}
		/* 2^64 - 1 has 20 digits. */
		if (size > 20 || (size == 20 && strncmp(start,
				"18446744073709551615", 20) > 0))
			return bad(t, "the number does not fit 64 bits");
		t.kind = EDL_NUMBER;
	}
	t.text = edl_name(l->ctx, start, size);
	return t;
}

static struct edl_token string(struct edl_lexer *l, struct edl_token t)
{
	const char *start;
	size_t size;

	step(l);
	start = l->at;
	while (peek(l, 0) != '"') {
		if (peek(l, 0) < 0 || peek(l, 0) == '\n')
			return bad(t, "the string does not end on its line");
		if (peek(l, 0) == 0)
			return bad(t, "a zero byte in a string");
		step(l);
	}
	size = (size_t)(l->at - start);
	step(l);
	if (size > EDL_MAX_TOKEN)
		return bad(t, "the string is too long");
	t.kind = EDL_STRING;
	t.text = edl_name(l->ctx, start, size);
	return t;
}

struct edl_token edl_lex_next(struct edl_lexer *l)
{
	struct edl_token t = { .kind = EDL_END, .text = "end of file" };
	struct edl_loc open;
	int ch;

	if (!skip(l, &open)) {
		t.loc = open;
		return bad(t, "the comment does not end");
	}
	t.loc = l->loc;
	ch = peek(l, 0);
	if (ch < 0)
		return t;
	if (is_letter(ch) || is_digit(ch))
		return word(l, t);
	if (ch == '"')
		return string(l, t);
	step(l);
	if (ch && strchr("{}()[]*,;=#", ch)) {
		t.kind = EDL_SIGN;
		t.sign = (char)ch;
		t.text = edl_name(l->ctx, &t.sign, 1);
		return t;
	}
	return bad(t, ch > ' ' && ch < 0x7f
		? edl_text(l->ctx, "unexpected character '%c'", ch)
		: edl_text(l->ctx, "unexpected byte 0x%02x", (unsigned)ch));
}
