/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "jmespath_priv.h"

/* What an argument may be. */
enum {
	ANY = 0,
	NUMBER = 1 << 0, STRING = 1 << 1, ARRAY = 1 << 2, OBJECT = 1 << 3,
	BOOLEAN = 1 << 4, EXPREF = 1 << 5,
	NUMBERS = 1 << 6,	/* an array of them alone */
	STRINGS = 1 << 7,
};

struct call {
	struct jp_search *search;
	const struct jp_function *function;
	json_t **args;		/* NULL where there is an expref */
	const struct jp_node *expression;	/* the expref's */
	size_t count;
};

struct jp_function {
	const char *name;
	json_t *(*run)(struct call *call);
	unsigned least;
	bool more;		/* as many as wanted */
	unsigned takes[2];	/* the last one counts for the rest */
};

static json_t *fail(struct call *call, const char *what)
{
	why_set(call->search->why, -EINVAL, "the query's %s %s",
		call->function->name, what);
	return NULL;
}

static json_t *made(struct call *call, json_t *value)
{
	if (!value)
		why_set(call->search->why, -ENOMEM,
			"no memory for a query's result");
	return value;
}

static json_t *number(struct call *call, double value)
{
	if (!isfinite(value))
		return fail(call, "has a result that is no number");
	if (value == floor(value) && fabs(value) < 9007199254740992.0)
		return made(call, json_integer((json_int_t)value));
	return made(call, json_real(value));
}

static json_t *run_abs(struct call *call)
{
	json_int_t n = json_integer_value(call->args[0]);

	if (json_is_integer(call->args[0]) && n > INT64_MIN)
		return made(call, json_integer(n < 0 ? -n : n));
	return number(call, fabs(json_number_value(call->args[0])));
}

static json_t *run_ceil(struct call *call)
{
	if (json_is_integer(call->args[0]))
		return json_incref(call->args[0]);
	return number(call, ceil(json_number_value(call->args[0])));
}

static json_t *run_floor(struct call *call)
{
	if (json_is_integer(call->args[0]))
		return json_incref(call->args[0]);
	return number(call, floor(json_number_value(call->args[0])));
}

static json_t *run_sum(struct call *call)
{
	json_int_t whole = 0;
	bool is_whole = true;
	double sum = 0;
	json_t *item;
	size_t i;

	json_array_foreach(call->args[0], i, item) {
		sum += json_number_value(item);
		is_whole = is_whole && json_is_integer(item) &&
			   !__builtin_add_overflow(whole,
				json_integer_value(item), &whole);
	}
	return is_whole ? made(call, json_integer(whole)) : number(call, sum);
}

static json_t *run_avg(struct call *call)
{
	size_t count = json_array_size(call->args[0]), i;
	double sum = 0;
	json_t *item;

	if (!count)
		return json_null();
	json_array_foreach(call->args[0], i, item)
		sum += json_number_value(item);
	return number(call, sum / (double)count);
}

static json_t *run_contains(struct call *call)
{
	json_t *where = call->args[0], *what = call->args[1], *item;
	size_t i;

	if (json_is_string(where))
		return json_boolean(json_is_string(what) &&
			memmem(json_string_value(where),
			       json_string_length(where),
			       json_string_value(what),
			       json_string_length(what)));
	json_array_foreach(where, i, item) {
		int r = jp_equal(call->search, item, what);

		if (r)
			return r > 0 ? json_true() : NULL;
	}
	return json_false();
}

static json_t *run_starts_with(struct call *call)
{
	size_t n = json_string_length(call->args[1]);

	return json_boolean(n <= json_string_length(call->args[0]) &&
			    memcmp(json_string_value(call->args[0]),
				   json_string_value(call->args[1]), n) == 0);
}

static json_t *run_ends_with(struct call *call)
{
	size_t n = json_string_length(call->args[1]);
	size_t size = json_string_length(call->args[0]);

	return json_boolean(n <= size &&
			    memcmp(json_string_value(call->args[0]) + size - n,
				   json_string_value(call->args[1]), n) == 0);
}

static json_t *run_equals_ignore_case(struct call *call)
{
	return json_boolean(json_string_length(call->args[0]) ==
			    json_string_length(call->args[1]) &&
			    strncasecmp(json_string_value(call->args[0]),
					json_string_value(call->args[1]),
					json_string_length(call->args[0]))
			    == 0);
}

static json_t *run_join(struct call *call)
{
	size_t glue = json_string_length(call->args[0]), size = 0, i;
	char *text, *out;
	json_t *item, *result;

	json_array_foreach(call->args[1], i, item)
		size += json_string_length(item) + glue;
	if (!jp_spend_bytes(call->search, size))
		return NULL;
	text = out = malloc(size + 1);
	if (!text)
		return made(call, NULL);
	json_array_foreach(call->args[1], i, item) {
		if (i)
			out = mempcpy(out, json_string_value(call->args[0]),
				      glue);
		out = mempcpy(out, json_string_value(item),
			      json_string_length(item));
	}
	result = made(call, json_stringn(text, (size_t)(out - text)));
	free(text);
	return result;
}

static json_t *run_keys(struct call *call)
{
	json_t *result = json_array(), *value;
	const char *name;

	json_object_foreach(call->args[0], name, value) {
		if (!jp_spend(call->search, 1) ||
		    json_array_append_new(result, json_string(name)) < 0) {
			json_decref(result);
			return NULL;
		}
	}
	return made(call, result);
}

static json_t *run_values(struct call *call)
{
	json_t *result = json_array(), *value;
	const char *name;

	json_object_foreach(call->args[0], name, value) {
		if (!jp_spend(call->search, 1) ||
		    json_array_append(result, value) < 0) {
			json_decref(result);
			return NULL;
		}
	}
	return made(call, result);
}

/* Characters of UTF-8. */
static size_t characters(const json_t *string)
{
	const char *text = json_string_value(string);
	size_t count = 0;

	for (size_t i = 0; i < json_string_length(string); i++)
		count += ((uint8_t)text[i] & 0xc0) != 0x80;
	return count;
}

static json_t *run_length(struct call *call)
{
	json_t *value = call->args[0];
	size_t length = json_is_string(value) ? characters(value) :
			json_is_array(value) ? json_array_size(value) :
			json_object_size(value);

	return made(call, json_integer((json_int_t)length));
}

static json_t *run_map(struct call *call)
{
	json_t *result = json_array(), *item;
	size_t i;

	json_array_foreach(call->args[1], i, item) {
		json_t *part = jp_evaluate(call->search, call->expression,
					   item);

		if (!part || json_array_append_new(result, part) < 0) {
			json_decref(result);
			return NULL;
		}
	}
	return made(call, result);
}

static json_t *run_merge(struct call *call)
{
	json_t *result = json_object();

	for (size_t i = 0; result && i < call->count; i++) {
		if (!jp_spend(call->search, json_object_size(call->args[i])) ||
		    json_object_update(result, call->args[i]) < 0) {
			json_decref(result);
			return NULL;
		}
	}
	return made(call, result);
}

static json_t *run_not_null(struct call *call)
{
	for (size_t i = 0; i < call->count; i++)
		if (!json_is_null(call->args[i]))
			return json_incref(call->args[i]);
	return json_null();
}

static json_t *run_reverse(struct call *call)
{
	json_t *value = call->args[0], *result;
	size_t size;
	char *text;

	if (json_is_array(value)) {
		result = json_array();
		for (size_t i = json_array_size(value); i-- > 0;)
			if (!jp_spend(call->search, 1) ||
			    json_array_append(result,
					      json_array_get(value, i)) < 0) {
				json_decref(result);
				return NULL;
			}
		return made(call, result);
	}
	size = json_string_length(value);
	if (!jp_spend_bytes(call->search, size))
		return NULL;
	text = malloc(size + 1);
	if (!text)
		return made(call, NULL);
	for (size_t from = 0, to = size; from < size;) {
		const char *s = json_string_value(value);
		size_t n = 1;

		while (from + n < size && ((uint8_t)s[from + n] & 0xc0) == 0x80)
			n++;
		to -= n;
		memcpy(text + to, s + from, n);
		from += n;
	}
	result = made(call, json_stringn(text, size));
	free(text);
	return result;
}

/* Numbers among themselves, strings among themselves. */
static int order(const json_t *a, const json_t *b)
{
	if (json_is_integer(a) && json_is_integer(b)) {
		json_int_t x = json_integer_value(a);
		json_int_t y = json_integer_value(b);

		return (x > y) - (x < y);
	}
	if (json_is_number(a)) {
		double x = json_number_value(a), y = json_number_value(b);

		return (x > y) - (x < y);
	}
	/* By code points, which bytes of UTF-8 sort by. */
	return strcmp(json_string_value(a), json_string_value(b));
}

struct sorted {
	json_t *item, *key;
	size_t at;
};

static int sorted_order(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;
	int r = order(x->key, y->key);

	return r ? r : (x->at > y->at) - (x->at < y->at);
}

static void sorted_free(struct sorted *list, size_t count)
{
	for (size_t i = 0; list && i < count; i++)
		json_decref(list[i].key);
	free(list);
}

/* The elements of an array with what they are sorted by: themselves, or what
 * the expression finds in them; all numbers or all strings.  NULL with the
 * reason. */
static struct sorted *keyed(struct call *call, json_t *array)
{
	size_t count = json_array_size(array);
	struct sorted *list;
	bool good = true;

	/* Sorting compares n log n times. */
	if (!jp_spend(call->search, 16 * count))
		return NULL;
	list = calloc(count + 1, sizeof(*list));
	if (!list) {
		made(call, NULL);
		return NULL;
	}
	for (size_t i = 0; i < count && good; i++) {
		list[i].at = i;
		list[i].item = json_array_get(array, i);
		list[i].key = call->expression ?
			      jp_evaluate(call->search, call->expression,
					  list[i].item) :
			      json_incref(list[i].item);
		if (!list[i].key) {
			good = false;
		} else if (!json_is_number(list[i].key) &&
			   !json_is_string(list[i].key)) {
			fail(call, "sorts by neither numbers nor strings");
			good = false;
		} else if (json_is_string(list[i].key) !=
			   json_is_string(list[0].key)) {
			fail(call, "mixes numbers and strings");
			good = false;
		}
	}
	if (good)
		return list;
	sorted_free(list, count);
	return NULL;
}

static json_t *run_sort(struct call *call)
{
	size_t count = json_array_size(call->args[0]);
	struct sorted *list = keyed(call, call->args[0]);
	json_t *result;

	if (!list)
		return NULL;
	qsort(list, count, sizeof(*list), sorted_order);
	result = json_array();
	for (size_t i = 0; result && i < count; i++)
		if (json_array_append(result, list[i].item) < 0) {
			json_decref(result);
			result = NULL;
		}
	sorted_free(list, count);
	return made(call, result);
}

static json_t *extreme(struct call *call, int sign)
{
	size_t count = json_array_size(call->args[0]), best = 0;
	struct sorted *list = keyed(call, call->args[0]);
	json_t *result;

	if (!list)
		return NULL;
	for (size_t i = 1; i < count; i++)
		if (sign * order(list[i].key, list[best].key) > 0)
			best = i;
	result = count ? json_incref(list[best].item) : json_null();
	sorted_free(list, count);
	return result;
}

static json_t *run_max(struct call *call)
{
	return extreme(call, 1);
}

static json_t *run_min(struct call *call)
{
	return extreme(call, -1);
}

static json_t *run_to_array(struct call *call)
{
	return json_is_array(call->args[0]) ? json_incref(call->args[0]) :
	       made(call, json_pack("[O]", call->args[0]));
}

static json_t *run_to_string(struct call *call)
{
	json_t *result;
	char *text;

	if (json_is_string(call->args[0]))
		return json_incref(call->args[0]);
	text = jmespath_text(call->args[0]);
	if (!text)
		return fail(call, "makes too long a text");
	result = jp_spend_bytes(call->search, strlen(text)) ?
		 made(call, json_string(text)) : NULL;
	free(text);
	return result;
}

static json_t *run_to_number(struct call *call)
{
	json_t *value = call->args[0], *result = NULL;

	if (json_is_number(value))
		return json_incref(value);
	if (json_is_string(value))
		result = json_loadb(json_string_value(value),
				    json_string_length(value),
				    JSON_DECODE_ANY, NULL);
	if (json_is_number(result))
		return result;
	json_decref(result);
	return json_null();
}

static json_t *run_type(struct call *call)
{
	return made(call, json_string(jp_type(call->args[0])));
}

static const struct jp_function functions[] = {
	{ "abs", run_abs, 1, false, { NUMBER } },
	{ "avg", run_avg, 1, false, { NUMBERS } },
	{ "ceil", run_ceil, 1, false, { NUMBER } },
	{ "contains", run_contains, 2, false, { STRING | ARRAY, ANY } },
	{ "ends_with", run_ends_with, 2, false, { STRING, STRING } },
	{ "equals_ignore_case", run_equals_ignore_case, 2, false,
	  { STRING, STRING } },
	{ "floor", run_floor, 1, false, { NUMBER } },
	{ "join", run_join, 2, false, { STRING, STRINGS } },
	{ "keys", run_keys, 1, false, { OBJECT } },
	{ "length", run_length, 1, false, { STRING | ARRAY | OBJECT } },
	{ "map", run_map, 2, false, { EXPREF, ARRAY } },
	{ "max", run_max, 1, false, { NUMBERS | STRINGS } },
	{ "max_by", run_max, 2, false, { ARRAY, EXPREF } },
	{ "merge", run_merge, 1, true, { OBJECT, OBJECT } },
	{ "min", run_min, 1, false, { NUMBERS | STRINGS } },
	{ "min_by", run_min, 2, false, { ARRAY, EXPREF } },
	{ "not_null", run_not_null, 1, true, { ANY, ANY } },
	{ "reverse", run_reverse, 1, false, { STRING | ARRAY } },
	{ "sort", run_sort, 1, false, { NUMBERS | STRINGS } },
	{ "sort_by", run_sort, 2, false, { ARRAY, EXPREF } },
	{ "starts_with", run_starts_with, 2, false, { STRING, STRING } },
	{ "sum", run_sum, 1, false, { NUMBERS } },
	{ "to_array", run_to_array, 1, false, { ANY } },
	{ "to_number", run_to_number, 1, false, { ANY } },
	{ "to_string", run_to_string, 1, false, { ANY } },
	{ "type", run_type, 1, false, { ANY } },
	{ "values", run_values, 1, false, { OBJECT } },
};

const struct jp_function *jp_function_find(const char *name)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		if (strcmp(name, functions[i].name) == 0)
			return &functions[i];
	return NULL;
}

const char *jp_function_name(const struct jp_function *function)
{
	return function->name;
}

bool jp_function_takes(const struct jp_function *function, size_t count)
{
	return function->more ? count >= function->least :
	       count == function->least;
}

const char *jp_function_arity(const struct jp_function *function)
{
	return function->more ? "one argument or more" :
	       function->least == 1 ? "one argument" : "two arguments";
}

static bool all(const json_t *array, bool (*is)(const json_t *))
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!is(json_array_get(array, i)))
			return false;
	return true;
}

static bool is_number(const json_t *value)
{
	return json_is_number(value);
}

static bool is_string(const json_t *value)
{
	return json_is_string(value);
}

static bool suits(unsigned takes, const json_t *value)
{
	return takes == ANY || (takes & NUMBER && json_is_number(value)) ||
	       (takes & STRING && json_is_string(value)) ||
	       (takes & ARRAY && json_is_array(value)) ||
	       (takes & OBJECT && json_is_object(value)) ||
	       (takes & BOOLEAN && json_is_boolean(value)) ||
	       (takes & NUMBERS && json_is_array(value) &&
		all(value, is_number)) ||
	       (takes & STRINGS && json_is_array(value) &&
		all(value, is_string));
}

static bool argument(struct call *call, const struct jp_node *node,
		     json_t *value, size_t i)
{
	unsigned takes = call->function->takes[i < 2 ? i : 1];

	if ((node->kind == JP_N_EXPREF) != (takes == EXPREF)) {
		fail(call, takes == EXPREF ? "takes an & expression" :
		     "takes no & expression");
		return false;
	}
	if (takes == EXPREF) {
		call->expression = node->left;
		return true;
	}
	call->args[i] = jp_evaluate(call->search, node, value);
	if (!call->args[i])
		return false;
	if (!jp_spend(call->search, json_array_size(call->args[i])))
		return false;
	if (suits(takes, call->args[i]))
		return true;
	why_set(call->search->why, -EINVAL, "the query's %s cannot take "
		"argument %zu, of type %s", call->function->name, i + 1,
		jp_type(call->args[i]));
	return false;
}

json_t *jp_function_call(struct jp_search *search, const struct jp_node *node,
			 json_t *value)
{
	struct call call = { .search = search, .function = node->function,
		.count = node->child_count };
	const struct jp_node *child = node->children;
	json_t *result = NULL;
	bool good = true;

	call.args = calloc(call.count + 1, sizeof(*call.args));
	if (!call.args)
		return made(&call, NULL);
	for (size_t i = 0; child && good; i++, child = child->next)
		good = argument(&call, child, value, i);
	if (good)
		result = call.function->run(&call);
	for (size_t i = 0; i < call.count; i++)
		json_decref(call.args[i]);
	free(call.args);
	return result;
}
