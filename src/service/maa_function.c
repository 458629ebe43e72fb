/* SPDX-License-Identifier: MIT */
/*
 * The functions of version 1.2.  An argument is a set of values; those that
 * take one value refuse another number.  JSON travels as its text, so the
 * string "abc" is five characters long until JsonToClaimValue makes it a
 * claim's value of three.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "jmespath.h"
#include "maa_policy_priv.h"

struct maa_function {
	const char *name;
	size_t arity;
	int (*run)(struct maa_run *run, const struct maa_expression *call,
		   const struct maa_set arguments[2], struct maa_set *result);
};

static int fail(struct maa_run *run, const struct maa_expression *call,
		const char *what)
{
	return maa_wrong(run->why, call->place, "%s %s",
			 call->function->name, what);
}

static int one(struct maa_run *run, struct maa_set *result,
	       struct maa_value value)
{
	result->at = pool_alloc(run->pool, sizeof(value));
	if (!result->at)
		return why_set(run->why, -ENOMEM, "no memory for a policy");
	result->at[0] = value;
	result->count = 1;
	return 0;
}

static int one_text(struct maa_run *run, struct maa_set *result,
		    const char *text, bool read_only)
{
	char *copy = pool_text(run->pool, text, strlen(text));

	if (!copy)
		return why_set(run->why, -ENOMEM, "the policy needs more than "
			       "%d bytes of memory", MAA_MEMORY_MOST);
	return one(run, result, (struct maa_value){ .kind = MAA_STRING,
		   .text = copy, .read_only = read_only });
}

static int one_bool(struct maa_run *run, struct maa_set *result, bool value)
{
	return one(run, result, (struct maa_value){ .kind = MAA_BOOLEAN,
		   .number = value });
}

static bool is_text(const struct maa_set *set)
{
	return set->count == 1 && set->at[0].kind == MAA_STRING;
}

static json_t *load(const char *text)
{
	return json_loads(text, JSON_DECODE_ANY, NULL);
}

static int run_jmespath(struct maa_run *run,
			const struct maa_expression *call,
			const struct maa_set arguments[2],
			struct maa_set *result)
{
	struct jmespath *query = NULL;
	json_t *data = NULL, *found = NULL;
	char *text = NULL;
	struct why why = { "" };
	int r;

	if (!is_text(&arguments[0]) || !is_text(&arguments[1]))
		return fail(run, call, "takes one string of JSON and one "
			    "query");
	if ((r = maa_spend(run, 100 + strlen(arguments[0].at[0].text) / 8 +
			   MAA_STEPS_MOST / 100)) < 0)
		return r;
	data = load(arguments[0].at[0].text);
	if (!data)
		return fail(run, call, "was given a text that is no JSON");
	query = jmespath_new(arguments[1].at[0].text,
			     strlen(arguments[1].at[0].text), &why);
	if (query)
		found = jmespath_search(query, data, &why);
	if (found)
		text = jmespath_text(found);
	if (text)
		r = one_text(run, result, text, arguments[0].at[0].read_only ||
			     arguments[1].at[0].read_only);
	else
		r = maa_wrong(run->why, call->place, "JmesPath: %.160s",
			      found ? "the result is too long" : why.text);
	free(text);
	json_decref(found);
	json_decref(data);
	jmespath_free(query);
	return r;
}

/* A JSON value that is no list as a claim's: 1, 0 for null, negative. */
static int primitive(struct maa_run *run, const struct maa_expression *call,
		     const json_t *json, struct maa_value *value)
{
	const char *text;

	switch (json_typeof(json)) {
	case JSON_INTEGER:
		value->kind = MAA_INTEGER;
		value->number = json_integer_value(json);
		return 1;
	case JSON_TRUE:
	case JSON_FALSE:
		value->kind = MAA_BOOLEAN;
		value->number = json_is_true(json);
		return 1;
	case JSON_STRING:
		text = json_string_value(json);
		value->kind = MAA_STRING;
		value->text = pool_text(run->pool, text, strlen(text));
		return value->text ? 1 : why_set(run->why, -ENOMEM,
						 "no memory for a policy");
	case JSON_NULL:
		return 0;
	case JSON_REAL:
		return fail(run, call, "was given a number with a fraction; "
			    "claims have integers");
	default:
		return fail(run, call, "takes no object, and no list within "
			    "a list");
	}
}

static int run_to_claim_value(struct maa_run *run,
			      const struct maa_expression *call,
			      const struct maa_set arguments[2],
			      struct maa_set *result)
{
	json_t *json;
	size_t count;
	int r = 0;

	if (!is_text(&arguments[0]))
		return fail(run, call, "takes one string of JSON");
	if ((r = maa_spend(run, strlen(arguments[0].at[0].text) / 8)) < 0)
		return r;
	json = load(arguments[0].at[0].text);
	if (!json)
		return fail(run, call, "was given a text that is no JSON");
	count = json_is_array(json) ? json_array_size(json) : 1;
	r = maa_spend(run, count);
	if (r == 0)
		result->at = pool_alloc(run->pool,
					count * sizeof(*result->at));
	if (r == 0 && !result->at)
		r = why_set(run->why, -ENOMEM, "no memory for a policy");
	result->count = 0;
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct maa_value value = {
			.read_only = arguments[0].at[0].read_only };

		r = primitive(run, call, json_is_array(json) ?
			      json_array_get(json, i) : json, &value);
		if (r == 1)
			result->at[result->count++] = value;
	}
	json_decref(json);
	return r < 0 ? r : 0;
}

static int run_is_subset_of(struct maa_run *run,
			    const struct maa_expression *call,
			    const struct maa_set arguments[2],
			    struct maa_set *result)
{
	const struct maa_set *small = &arguments[0], *large = &arguments[1];

	for (size_t i = 0; i < small->count; i++) {
		size_t j = 0;
		int r = maa_spend(run, large->count *
				  maa_cost(&small->at[i]));

		if (r < 0)
			return r;
		while (j < large->count &&
		       !maa_value_equal(&small->at[i], &large->at[j]))
			j++;
		if (j == large->count)
			return one_bool(run, result, false);
	}
	return one_bool(run, result, true);
}

static int run_append_string(struct maa_run *run,
			     const struct maa_expression *call,
			     const struct maa_set arguments[2],
			     struct maa_set *result)
{
	const struct maa_value *a, *b;
	char *text;
	size_t n;
	int r;

	if (!is_text(&arguments[0]) || !is_text(&arguments[1]))
		return fail(run, call, "takes two strings");
	a = &arguments[0].at[0];
	b = &arguments[1].at[0];
	n = strlen(a->text);
	if ((r = maa_spend(run, (n + strlen(b->text)) / 8)) < 0)
		return r;
	text = pool_alloc(run->pool, n + strlen(b->text) + 1);
	if (!text)
		return why_set(run->why, -ENOMEM, "the policy needs more than "
			       "%d bytes of memory", MAA_MEMORY_MOST);
	memcpy(text, a->text, n);
	strcpy(text + n, b->text);
	return one(run, result, (struct maa_value){ .kind = MAA_STRING,
		   .text = text, .read_only = a->read_only || b->read_only });
}

static int run_negate_bool(struct maa_run *run,
			   const struct maa_expression *call,
			   const struct maa_set arguments[2],
			   struct maa_set *result)
{
	struct maa_value value;

	if (arguments[0].count != 1 || arguments[0].at[0].kind != MAA_BOOLEAN)
		return fail(run, call, "takes one boolean");
	value = arguments[0].at[0];
	value.number = !value.number;
	return one(run, result, value);
}

static int run_contains_only_value(struct maa_run *run,
				   const struct maa_expression *call,
				   const struct maa_set arguments[2],
				   struct maa_set *result)
{
	const struct maa_set *set = &arguments[0];
	int r;

	if (arguments[1].count != 1)
		return fail(run, call, "takes one value as its second "
			    "argument");
	r = maa_spend(run, set->count * maa_cost(&arguments[1].at[0]));
	if (r < 0)
		return r;
	for (size_t i = 0; i < set->count; i++)
		if (!maa_value_equal(&set->at[i], &arguments[1].at[0]))
			return one_bool(run, result, false);
	return one_bool(run, result, set->count > 0);
}

static const struct maa_function functions[] = {
	{ "JmesPath", 2, run_jmespath },
	{ "JsonToClaimValue", 1, run_to_claim_value },
	{ "IsSubsetOf", 2, run_is_subset_of },
	{ "AppendString", 2, run_append_string },
	{ "NegateBool", 1, run_negate_bool },
	{ "ContainsOnlyValue", 2, run_contains_only_value },
};

const struct maa_function *maa_function_find(const char *name)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (strcmp(name, functions[i].name) == 0)
			return &functions[i];
	return NULL;
}

size_t maa_function_arity(const struct maa_function *function)
{
	return function->arity;
}

int maa_function_call(struct maa_run *run, const struct maa_expression *call,
		      const struct maa_set arguments[2],
		      struct maa_set *result)
{
	return call->function->run(run, call, arguments, result);
}
