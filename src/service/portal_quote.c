/* SPDX-License-Identifier: MIT */
/*
 * POST /portal/quote: a quote, or a report or evidence of Open Enclave's with
 * one in it, as bytes or in {"quote": base64 or hexadecimal}; what it says,
 * and whether to believe it.  Collateral is that of this service's CA, or what
 * the request brings.
 */
#include "service/portal_quote.h"

#include "attest/pck.h"
#include "service/base64.h"
#include "service/portal.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (4u * ATTEST_QUOTE_MAX)

/* --- bytes -------------------------------------------------------------- */

static int nibble(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Text without white space: hexadecimal where it can be, else base64. */
static int decode(char *text, size_t size, uint8_t **bytes, size_t *count,
	struct why *why)
{
	size_t digits = 0, i;

	for (i = 0; i < size; i++)
		if (!strchr(" \t\r\n", text[i]) || !text[i])
			text[digits++] = text[i];
	for (i = 0; i < digits && nibble(text[i]) >= 0; i++)
		;
	if (i < digits || digits % 2)
		return base64_decode_any(text, digits, bytes, count) ?
			why_set(why, -EINVAL, "the quote must be bytes, "
				"base64 or hexadecimal digits") : 0;
	*bytes = malloc(digits / 2 + 1);
	if (!*bytes)
		return why_set(why, -ENOMEM, "out of memory");
	for (i = 0; i < digits; i += 2)
		(*bytes)[i / 2] = (uint8_t)(nibble(text[i]) << 4 |
			nibble(text[i + 1]));
	*count = digits / 2;
	return 0;
}

/* Does a file hold text?  Quotes begin with a small number in two bytes. */
static bool is_text(const uint8_t *bytes, size_t size)
{
	return size > 4 && isprint(bytes[0]) && isprint(bytes[1]) &&
		isprint(bytes[2]) && isprint(bytes[3]);
}

/* *bytes is the caller's to free().  body: the request's JSON, or NULL. */
static int read_bytes(struct portal_call *call, const json_t *body,
	uint8_t **bytes, size_t *size)
{
	const json_t *member = json_object_get(body, "quote");
	const void *from = call->request->body;
	size_t from_size = call->request->body_size;
	char *copy;
	int r;

	*bytes = NULL;
	if (body) {
		from = json_string_value(member);
		from_size = json_string_length(member);
	}
	if (!from || !from_size || from_size > TEXT_MAX)
		return why_set(&call->why, -EINVAL, "a quote is missing, or "
			"longer than %u bytes of text", TEXT_MAX);
	copy = malloc(from_size + 1);
	if (!copy)
		return why_set(&call->why, -ENOMEM, "out of memory");
	memcpy(copy, from, from_size);
	copy[from_size] = '\0';
	if (!body && !is_text(from, from_size)) {
		*bytes = (uint8_t *)copy;
		*size = from_size;
		return 0;
	}
	r = decode(copy, from_size, bytes, size, &call->why);
	free(copy);
	return r;
}

/* --- collateral --------------------------------------------------------- */

/* {"tcb_info": text, …}: all seven, or an error. */
static int given_collateral(struct portal_call *call, const json_t *given,
	struct attest_collateral *view)
{
	for (unsigned i = 0; i < ATTEST_COLLATERAL_PARTS; i++) {
		const char *name = attest_collateral_part_name(i);
		const json_t *text = json_object_get(given, name);
		struct attest_bytes *part = (struct attest_bytes *)
			attest_collateral_part(view, i);

		if (!json_is_string(text))
			return why_set(&call->why, -EINVAL, "\"collateral\" "
				"must be an object of texts, with \"%s\"",
				name);
		part->data = (const uint8_t *)json_string_value(text);
		part->size = json_string_length(text);
	}
	return 0;
}

/* The CA's, for the quote's machine; 0 and nothing where it has none. */
static int own_collateral(struct portal_call *call,
	const struct attest_quote *quote, struct maa_collateral *collateral)
{
	const struct maa_source *source = &call->portal->quotes->source;
	struct attest_pck machine;
	int r;

	if (attest_pck_of_quote(quote, &machine, NULL))
		return 0;
	r = source->get(source->context, &machine, 0, collateral,
		&call->why);
	return r == -ENOENT ? 0 : r;
}

/* --- the verb ----------------------------------------------------------- */

struct wish {
	const json_t *collateral; /* NULL: our own */
	bool intel_root, allow_expired, refuse_debug;
};

static int read_wish(struct portal_call *call, const json_t *body,
	struct wish *wish)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)body, name, value) {
		bool *yes = NULL;

		if (!strcmp(name, "quote"))
			continue;
		if (!strcmp(name, "collateral")) {
			wish->collateral = json_is_null(value) ? NULL : value;
			continue;
		}
		if (!strcmp(name, "intel_root"))
			yes = &wish->intel_root;
		else if (!strcmp(name, "allow_expired"))
			yes = &wish->allow_expired;
		else if (!strcmp(name, "refuse_debug"))
			yes = &wish->refuse_debug;
		if (!yes || !json_is_boolean(value))
			return why_set(&call->why, -EINVAL, "\"%.40s\" is no "
				"member of this request, or of another type",
				name);
		*yes = json_is_true(value);
	}
	return 0;
}

static int verify(struct portal_call *call, const struct wish *wish,
	const uint8_t *bytes, size_t size, const struct attest_quote *quote,
	struct attest_verdict *verdict)
{
	const struct maa_source *source = &call->portal->quotes->source;
	struct maa_collateral collateral = { .owned = NULL };
	struct attest_roots roots = source->roots;
	struct attest_policy policy = {
		.time = service_now(call->portal->service), .roots = &roots,
		.flags = (wish->allow_expired ? ATTEST_ALLOW_EXPIRED : 0) |
			(wish->refuse_debug ? ATTEST_REFUSE_DEBUG : 0) };
	int r = 0;

	if (wish->intel_root)
		r = attest_roots_add_intel(&roots);
	if (!r && wish->collateral)
		r = given_collateral(call, wish->collateral,
			&collateral.view);
	else if (!r && quote)
		r = own_collateral(call, quote, &collateral);
	if (r)
		return r;
	r = attest_verify(bytes, size, &collateral.view, &policy, NULL,
		verdict);
	if (collateral.owned)
		source->put(source->context, &collateral);
	return r ? why_set(&call->why, r, "the quote could not be verified") :
		0;
}

static int judge(struct portal_call *call, const json_t *body,
	const uint8_t *bytes, size_t size)
{
	struct wish wish = { .collateral = NULL };
	const uint8_t *at = bytes;
	struct attest_quote quote;
	struct attest_verdict *verdict;
	json_t *out;
	bool parsed;
	int r = read_wish(call, body, &wish);

	if (!r)
		r = maa_unwrap(&at, &size, &call->why);
	if (r)
		return r;
	verdict = http_alloc(call->request, sizeof(*verdict));
	if (!verdict)
		return why_set(&call->why, -ENOMEM, "out of memory");
	parsed = !attest_quote_parse(at, size, &quote, NULL);
	r = verify(call, &wish, at, size, parsed ? &quote : NULL, verdict);
	if (r)
		return r;
	out = json_pack("{s:I, s:I}", "offset", (json_int_t)(at - bytes),
		"size", (json_int_t)(parsed ? quote.size : size));
	portal_verdict(out, verdict);
	json_object_set_new(out, "chain", parsed ? portal_quote_chain(&quote) :
		json_array());
	json_object_set_new(out, "fields", parsed ? portal_quote_fields(at,
		&quote) : json_array());
	http_answer_json(call->answer, 200, out);
	return 0;
}

static int post(struct portal_call *call)
{
	bool raw = http_body_is(call->request, "application/octet-stream");
	json_t *body = raw ? NULL : http_body_json(call->request,
		call->answer);
	uint8_t *bytes;
	size_t size;
	int r;

	if (!raw && !body)
		return 0; /* answered */
	if (!raw && !json_is_object(body))
		return why_set(&call->why, -EINVAL, "the body must be a JSON "
			"object, or bytes (application/octet-stream)");
	r = read_bytes(call, body, &bytes, &size);
	if (!r)
		r = judge(call, body, bytes, size);
	free(bytes);
	return r;
}

static const struct portal_verb verbs[] = {
	{ "POST", "/portal/quote", PORTAL_READ, HTTP_BODY_MAX, post },
};

int portal_quote_open(struct portal *portal, struct why *why)
{
	int r;

	portal->quotes = calloc(1, sizeof(*portal->quotes));
	if (!portal->quotes)
		return why_set(why, -ENOMEM, "out of memory");
	r = maa_source_open(&portal->quotes->source, why);
	if (!r && (r = portal_verbs(portal, verbs, 1)))
		why_set(why, r, "the portal's routes do not fit in");
	return r;
}

void portal_quote_close(struct portal *portal)
{
	if (!portal->quotes)
		return;
	maa_source_close(&portal->quotes->source);
	free(portal->quotes);
	portal->quotes = NULL;
}
