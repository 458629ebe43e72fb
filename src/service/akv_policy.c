/* SPDX-License-Identifier: MIT */
#include "service/akv_policy.h"

#include "service/http.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8
#define CLAIM_MAX 255

enum operator {
	EQUALS,
	NOT_EQUALS,
	LESS,
	LESS_OR_EQUALS,
	GREATER,
	GREATER_OR_EQUALS,
	EXISTS,
};
#define OPERATORS (EXISTS + 1)

static const char *const operator_names[OPERATORS] = {
	[EQUALS] = "equals",
	[NOT_EQUALS] = "notEquals",
	[LESS] = "less",
	[LESS_OR_EQUALS] = "lessOrEquals",
	[GREATER] = "greater",
	[GREATER_OR_EQUALS] = "greaterOrEquals",
	[EXISTS] = "exists",
};

static int operator_of(const char *name)
{
	for (int i = 0; i < OPERATORS; i++)
		if (!strcmp(operator_names[i], name))
			return i;
	return -1;
}

/* --- reading ------------------------------------------------------------ */

struct reader {
	unsigned conditions;
	struct why *why;
};

static int check_list(struct reader *, const json_t *list, const char *name,
	unsigned depth);

static int check_value(struct reader *reader, int operator,
	const json_t *value)
{
	if (operator == EXISTS && !json_is_boolean(value))
		return why_set(reader->why, -EINVAL,
			"\"exists\" takes true or false");
	if (operator >= LESS && operator <= GREATER_OR_EQUALS &&
			!json_is_number(value))
		return why_set(reader->why, -EINVAL, "\"%s\" takes a number",
			operator_names[operator]);
	if (!json_is_string(value) && !json_is_number(value) &&
			!json_is_boolean(value))
		return why_set(reader->why, -EINVAL, "\"%s\" takes a string, "
			"a number, true or false", operator_names[operator]);
	return 0;
}

static int check_claim(struct reader *reader, const json_t *condition)
{
	const char *claim = json_string_value(
		json_object_get(condition, "claim"));
	const char *name;
	json_t *value;
	unsigned operators = 0;
	int r;

	if (!claim || !*claim || strlen(claim) > CLAIM_MAX)
		return why_set(reader->why, -EINVAL,
			"\"claim\" must be a claim's name");
	json_object_foreach((json_t *)condition, name, value) {
		int operator = operator_of(name);

		if (!strcmp(name, "claim"))
			continue;
		if (operator < 0)
			return why_set(reader->why, -EINVAL, "the condition "
				"on \"%.80s\" has a member \"%.80s\", which "
				"is no operator", claim, name);
		r = check_value(reader, operator, value);
		if (r)
			return r;
		operators++;
	}
	if (operators != 1)
		return why_set(reader->why, -EINVAL, "the condition on "
			"\"%.80s\" needs one operator, not %u", claim,
			operators);
	return 0;
}

/* The one of allOf and anyOf that an object has; NULL: none or both. */
static const char *list_name(const json_t *object)
{
	bool all = json_object_get(object, "allOf") != NULL;
	bool any = json_object_get(object, "anyOf") != NULL;

	if (all == any)
		return NULL;
	return all ? "allOf" : "anyOf";
}

static int check_condition(struct reader *reader, const json_t *condition,
	unsigned depth)
{
	const char *name;

	if (!json_is_object(condition))
		return why_set(reader->why, -EINVAL,
			"a condition is an object");
	if (++reader->conditions > AKV_POLICY_CONDITIONS)
		return why_set(reader->why, -EINVAL,
			"more than %u conditions", AKV_POLICY_CONDITIONS);
	if (json_object_get(condition, "claim"))
		return check_claim(reader, condition);
	name = list_name(condition);
	if (!name || json_object_size(condition) != 1)
		return why_set(reader->why, -EINVAL, "a condition has either "
			"\"claim\" and an operator, or \"allOf\", or "
			"\"anyOf\", and nothing else");
	return check_list(reader, json_object_get(condition, name), name,
		depth + 1);
}

static int check_list(struct reader *reader, const json_t *list,
	const char *name, unsigned depth)
{
	const json_t *condition;
	size_t i;
	int r;

	if (depth > DEPTH_MAX)
		return why_set(reader->why, -EINVAL, "conditions are nested "
			"more than %d deep", DEPTH_MAX);
	if (!json_is_array(list) || !json_array_size(list))
		return why_set(reader->why, -EINVAL,
			"\"%s\" must be a list of conditions, not an empty "
			"one", name);
	json_array_foreach(list, i, condition) {
		r = check_condition(reader, condition, depth);
		if (r)
			return r;
	}
	return 0;
}

static int check_authority(struct reader *reader, const json_t *authority)
{
	const char *issuer = json_string_value(
		json_object_get(authority, "authority"));
	const char *name = list_name(authority);

	if (!json_is_object(authority) || !issuer ||
			(strncmp(issuer, "https://", 8) &&
			 strncmp(issuer, "http://", 7)))
		return why_set(reader->why, -EINVAL, "each member of the "
			"outer \"anyOf\" needs an \"authority\": the URL of "
			"an attestation service");
	if (!name || json_object_size(authority) != 2)
		return why_set(reader->why, -EINVAL, "the authority %.120s "
			"needs either \"allOf\" or \"anyOf\", and nothing "
			"else", issuer);
	return check_list(reader, json_object_get(authority, name), name, 1);
}

static int check(const json_t *policy, struct why *why)
{
	const char *version = json_string_value(
		json_object_get(policy, "version"));
	const json_t *any = json_object_get(policy, "anyOf"), *authority;
	struct reader reader = {.why = why};
	size_t i;
	int r;

	if (!version || strcmp(version, "1.0.0"))
		return why_set(why, -EINVAL,
			"a release policy is an object with \"version\": "
			"\"1.0.0\" and \"anyOf\"");
	if (!json_is_array(any) || !json_array_size(any) ||
			json_object_size(policy) != 2)
		return why_set(why, -EINVAL, "beside \"version\" a release "
			"policy has \"anyOf\", a list of authorities that is "
			"not empty, and nothing else");
	json_array_foreach(any, i, authority) {
		r = check_authority(&reader, authority);
		if (r)
			return r;
	}
	return 0;
}

json_t *akv_policy_parse(const char *text, size_t size, struct why *why)
{
	const char *fault = NULL;
	json_t *policy;

	if (size > AKV_POLICY_MAX) {
		why_set(why, -EINVAL, "a release policy has at most %u bytes",
			AKV_POLICY_MAX);
		return NULL;
	}
	policy = http_json_parse(text, size, &fault);
	if (!policy) {
		why_set(why, -EINVAL, "the release policy is not JSON: %s",
			fault ? fault : "unreadable");
		return NULL;
	}
	if (check(policy, why)) {
		json_decref(policy);
		return NULL;
	}
	return policy;
}

/* --- evaluating --------------------------------------------------------- */

/* A slash at the end makes no difference. */
static bool same_issuer(const char *a, const char *b)
{
	size_t m = strlen(a), n = strlen(b);

	if (m && a[m - 1] == '/')
		m--;
	if (n && b[n - 1] == '/')
		n--;
	return m == n && m && !memcmp(a, b, m);
}

bool akv_policy_names(const json_t *policy, const char *issuer)
{
	const json_t *authority;
	size_t i;

	json_array_foreach(json_object_get(policy, "anyOf"), i, authority)
		if (same_issuer(issuer, json_string_value(
				json_object_get(authority, "authority"))))
			return true;
	return false;
}

const json_t *akv_policy_claim(const json_t *claims, const char *path)
{
	char name[CLAIM_MAX + 1];

	for (;;) {
		size_t n = strcspn(path, ".");

		if (n > CLAIM_MAX)
			return NULL;
		memcpy(name, path, n);
		name[n] = '\0';
		claims = json_object_get(claims, name);
		if (!claims || !path[n])
			return claims;
		path += n + 1;
	}
}

/* -1, 0 or 1; false: they cannot be compared. */
static bool compare(const json_t *a, const json_t *b, int *order)
{
	if (json_is_integer(a) && json_is_integer(b)) {
		json_int_t m = json_integer_value(a), n = json_integer_value(b);

		*order = (m > n) - (m < n);
	} else if (json_is_number(a) && json_is_number(b)) {
		double m = json_number_value(a), n = json_number_value(b);

		*order = (m > n) - (m < n);
	} else if (json_is_string(a) && json_is_string(b)) {
		/* By length too: a string may hold a NUL. */
		*order = json_string_length(a) != json_string_length(b) ||
			memcmp(json_string_value(a), json_string_value(b),
				json_string_length(a));
	} else if (json_is_boolean(a) && json_is_boolean(b)) {
		*order = json_is_true(a) - json_is_true(b);
	} else {
		return false;
	}
	return true;
}

static bool holds(int operator, const json_t *found, const json_t *value)
{
	int order;

	if (operator == EXISTS)
		return (found != NULL) == json_is_true(value);
	if (!found || !compare(found, value, &order))
		return false;
	switch (operator) {
	case EQUALS:
		return !order;
	case NOT_EQUALS:
		return order;
	case LESS:
		return order < 0;
	case LESS_OR_EQUALS:
		return order <= 0;
	case GREATER:
		return order > 0;
	case GREATER_OR_EQUALS:
		return order >= 0;
	}
	return false;
}

/* The value as JSON, cut; for the sentence. */
static void show(const json_t *value, char *text, size_t size)
{
	size_t n = value ? json_dumpb(value, text, size - 1,
		JSON_ENCODE_ANY | JSON_COMPACT) : 0;

	if (!value)
		n = (size_t)snprintf(text, size, "missing");
	else if (!n || n > size - 1)
		n = (size_t)snprintf(text, size, "too long to show");
	text[n < size ? n : size - 1] = '\0';
}

static int claim_met(const json_t *condition, const json_t *claims,
	struct why *why)
{
	const char *claim = json_string_value(
		json_object_get(condition, "claim"));
	const json_t *found = akv_policy_claim(claims, claim);
	char is[96], wanted[96];
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)condition, name, value) {
		int operator = operator_of(name);

		if (operator < 0)
			continue;
		if (holds(operator, found, value))
			return 0;
		show(found, is, sizeof(is));
		show(value, wanted, sizeof(wanted));
		return why_set(why, -EACCES, "claim %.70s is %s, the policy "
			"wants %s %s", claim, is, name, wanted);
	}
	return why_set(why, -EACCES, "claim %.70s has no condition", claim);
}

static int object_met(const json_t *object, const json_t *claims,
	struct why *why)
{
	const char *name = list_name(object);
	bool all = name && !strcmp(name, "allOf");
	const json_t *condition;
	struct why first = {""}, this;
	size_t i;
	int r;

	if (!name)
		return claim_met(object, claims, why);
	json_array_foreach(json_object_get(object, name), i, condition) {
		r = object_met(condition, claims, &this);
		if (all && r)
			return why_set(why, r, "%s", this.text);
		if (!all && !r)
			return 0;
		if (r && !*first.text)
			first = this;
	}
	return all ? 0 : why_set(why, -EACCES, "%s", first.text);
}

int akv_policy_met(const json_t *policy, const char *issuer,
	const json_t *claims, struct why *why)
{
	const json_t *authority;
	struct why first = {""}, this;
	size_t i;

	json_array_foreach(json_object_get(policy, "anyOf"), i, authority) {
		if (!same_issuer(issuer, json_string_value(
				json_object_get(authority, "authority"))))
			continue;
		if (!object_met(authority, claims, &this))
			return 0;
		if (!*first.text)
			first = this;
	}
	if (!*first.text)
		return why_set(why, -EACCES, "the policy does not name the "
			"attestation service %.160s", issuer);
	return why_set(why, -EACCES, "%s", first.text);
}
