/* SPDX-License-Identifier: MIT */
/*
 * A search walks the tree once for each value it meets.  Every value counts
 * one step, so that no query and no data make it go on for ever.  Results
 * share parts with the data: what is small as a graph may be huge as text,
 * so comparing counts steps and writing counts bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "jmespath_priv.h"

bool jp_spend(struct jp_search *search, size_t n)
{
	if (n > search->steps) {
		why_set(search->why, -E2BIG, "the query looks at more than "
			"%d values", JMESPATH_STEPS_MOST);
		return false;
	}
	search->steps -= n;
	return true;
}

bool jp_spend_bytes(struct jp_search *search, size_t n)
{
	if (n > search->bytes) {
		why_set(search->why, -E2BIG, "the query makes more than %d "
			"bytes of text", JMESPATH_RESULT_MOST);
		return false;
	}
	search->bytes -= n;
	return true;
}

static json_t *no_memory(struct jp_search *search)
{
	why_set(search->why, -ENOMEM, "no memory for a query's result");
	return NULL;
}

static json_t *checked(struct jp_search *search, json_t *made)
{
	return made ? made : no_memory(search);
}

const char *jp_type(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "boolean";
	default:
		return "null";
	}
}

bool jp_is_true(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return json_object_size(value) > 0;
	case JSON_ARRAY:
		return json_array_size(value) > 0;
	case JSON_STRING:
		return json_string_length(value) > 0;
	case JSON_NULL:
	case JSON_FALSE:
		return false;
	default:
		return true;
	}
}

int jp_equal(struct jp_search *search, const json_t *a, const json_t *b)
{
	const char *name;
	json_t *value;
	size_t i;

	if (!jp_spend(search, 1))
		return -1;
	if (a == b)
		return 1;
	if (json_is_number(a) && json_is_number(b)) {
		if (json_is_integer(a) && json_is_integer(b))
			return json_integer_value(a) == json_integer_value(b);
		return json_number_value(a) == json_number_value(b);
	}
	if (json_typeof(a) != json_typeof(b))
		return 0;
	switch (json_typeof(a)) {
	case JSON_STRING:
		return json_string_length(a) == json_string_length(b) &&
		       memcmp(json_string_value(a), json_string_value(b),
			      json_string_length(a)) == 0;
	case JSON_ARRAY:
		if (json_array_size(a) != json_array_size(b))
			return 0;
		json_array_foreach((json_t *)a, i, value) {
			int r = jp_equal(search, value, json_array_get(b, i));

			if (r != 1)
				return r;
		}
		return 1;
	case JSON_OBJECT:
		if (json_object_size(a) != json_object_size(b))
			return 0;
		json_object_foreach((json_t *)a, name, value) {
			const json_t *other = json_object_get(b, name);
			int r = other ? jp_equal(search, value, other) : 0;

			if (r != 1)
				return r;
		}
		return 1;
	default:
		return 1;	/* true, false, null */
	}
}

static json_t *compare(struct jp_search *search, const struct jp_node *node,
		       json_t *value)
{
	json_t *left = jp_evaluate(search, node->left, value);
	json_t *right = left ? jp_evaluate(search, node->right, value) : NULL;
	json_t *result = NULL;
	double a, b;
	int r;

	if (!right)
		goto out;
	if (node->operator == JP_EQ || node->operator == JP_NE) {
		r = jp_equal(search, left, right);
		if (r >= 0)
			result = json_boolean(r == (node->operator == JP_EQ));
		goto out;
	}
	if (!json_is_number(left) || !json_is_number(right)) {
		result = json_null();
		goto out;
	}
	if (json_is_integer(left) && json_is_integer(right)) {
		json_int_t x = json_integer_value(left);
		json_int_t y = json_integer_value(right);

		a = x > y ? 1 : x < y ? -1 : 0;
		b = 0;
	} else {
		a = json_number_value(left);
		b = json_number_value(right);
	}
	switch (node->operator) {
	case JP_LT:
		result = json_boolean(a < b);
		break;
	case JP_LE:
		result = json_boolean(a <= b);
		break;
	case JP_GT:
		result = json_boolean(a > b);
		break;
	default:
		result = json_boolean(a >= b);
		break;
	}
out:
	json_decref(left);
	json_decref(right);
	return result;
}

/* Where a slice begins or ends in a list of size elements. */
static int64_t slice_bound(int64_t at, int64_t size, int64_t step)
{
	if (at < 0) {
		at = at < -size ? -1 : at + size;
		if (at < 0)
			return step < 0 ? -1 : 0;
		return at;
	}
	if (at >= size)
		return step < 0 ? size - 1 : size;
	return at;
}

static json_t *slice(struct jp_search *search, const struct jp_node *node,
		     json_t *list)
{
	int64_t size, step = node->slice.has[2] ? node->slice.value[2] : 1;
	int64_t from, to;
	json_t *result;

	if (!json_is_array(list))
		return json_null();
	size = (int64_t)json_array_size(list);
	from = node->slice.has[0] ?
	       slice_bound(node->slice.value[0], size, step) :
	       step < 0 ? size - 1 : 0;
	to = node->slice.has[1] ?
	     slice_bound(node->slice.value[1], size, step) :
	     step < 0 ? -1 : size;
	result = checked(search, json_array());
	while (result && (step > 0 ? from < to : from > to)) {
		if (!jp_spend(search, 1) ||
		    json_array_append(result,
				      json_array_get(list, (size_t)from)) < 0) {
			json_decref(result);
			return NULL;
		}
		/* Steps out of the list end it; they must not overflow. */
		if (step > 0 ? step > to - from : step < to - from)
			break;
		from += step;
	}
	return result;
}

static json_t *element(const struct jp_node *node, const json_t *list)
{
	int64_t at = node->number, size = (int64_t)json_array_size(list);
	json_t *found;

	if (!json_is_array(list))
		return json_null();
	if (at < 0)
		at = at < -size ? size : at + size;
	found = at < size ? json_array_get(list, (size_t)at) : NULL;
	return found ? json_incref(found) : json_null();
}

/* Takes the reference to item; nothing is appended for null. */
static int append_found(struct jp_search *search, json_t *result,
			json_t *item)
{
	if (!item)
		return -1;
	if (json_is_null(item)) {
		json_decref(item);
		return 0;
	}
	if (json_array_append_new(result, item) < 0) {
		no_memory(search);
		return -1;
	}
	return 0;
}

static int project_one(struct jp_search *search, const struct jp_node *node,
		       json_t *item, json_t *result)
{
	if (node->kind == JP_N_PROJECT_FILTER) {
		json_t *holds = jp_evaluate(search, node->condition, item);
		bool wanted = holds && jp_is_true(holds);

		if (!holds)
			return -1;
		json_decref(holds);
		if (!wanted)
			return 0;
	}
	return append_found(search, result,
			    jp_evaluate(search, node->right, item));
}

static json_t *project(struct jp_search *search, const struct jp_node *node,
		       json_t *value)
{
	json_t *base = jp_evaluate(search, node->left, value);
	json_t *result = NULL, *item;
	const char *name;
	int r = 0;
	size_t i;

	if (!base)
		return NULL;
	if (node->kind == JP_N_PROJECT_VALUES ? !json_is_object(base) :
	    !json_is_array(base)) {
		json_decref(base);
		return json_null();
	}
	result = checked(search, json_array());
	if (result && node->kind == JP_N_PROJECT_VALUES) {
		json_object_foreach(base, name, item)
			if ((r = project_one(search, node, item, result)) < 0)
				break;
	} else if (result) {
		json_array_foreach(base, i, item)
			if ((r = project_one(search, node, item, result)) < 0)
				break;
	}
	json_decref(base);
	if (r < 0) {
		json_decref(result);
		return NULL;
	}
	return result;
}

static json_t *flatten(struct jp_search *search, const struct jp_node *node,
		       json_t *value)
{
	json_t *base = jp_evaluate(search, node->left, value);
	json_t *result, *item;
	size_t i;

	if (!base)
		return NULL;
	if (!json_is_array(base)) {
		json_decref(base);
		return json_null();
	}
	result = checked(search, json_array());
	json_array_foreach(base, i, item) {
		bool good = result && jp_spend(search, 1 +
					       json_array_size(item));

		if (!good || (json_is_array(item) ?
			      json_array_extend(result, item) :
			      json_array_append(result, item)) < 0) {
			json_decref(result);
			result = NULL;
			break;
		}
	}
	json_decref(base);
	return result;
}

static json_t *list_or_hash(struct jp_search *search,
			    const struct jp_node *node, json_t *value)
{
	bool list = node->kind == JP_N_LIST;
	json_t *result;

	if (json_is_null(value))
		return json_null();
	result = checked(search, list ? json_array() : json_object());
	if (!result)
		return NULL;
	for (const struct jp_node *child = node->children; child;
	     child = child->next) {
		json_t *part = jp_evaluate(search, list ? child : child->right,
					   value);

		if (!part ||
		    (list ? json_array_append_new(result, part) :
		     json_object_set_new(result, child->text, part)) < 0) {
			json_decref(result);
			return NULL;
		}
	}
	return result;
}

/* left || right, left && right. */
static json_t *choose(struct jp_search *search, const struct jp_node *node,
		      json_t *value)
{
	json_t *left = jp_evaluate(search, node->left, value);

	if (!left || jp_is_true(left) == (node->kind == JP_N_OR))
		return left;
	json_decref(left);
	return jp_evaluate(search, node->right, value);
}

/* right in what left found. */
static json_t *chain(struct jp_search *search, const struct jp_node *node,
		     json_t *value)
{
	json_t *left = jp_evaluate(search, node->left, value), *result;

	if (!left)
		return NULL;
	result = jp_evaluate(search, node->right, left);
	json_decref(left);
	return result;
}

json_t *jp_evaluate(struct jp_search *search, const struct jp_node *node,
		    json_t *value)
{
	json_t *result;

	if (!jp_spend(search, 1))
		return NULL;
	switch (node->kind) {
	case JP_N_FIELD:
		result = json_object_get(value, node->text);
		return result ? json_incref(result) : json_null();
	case JP_N_IDENTITY:
		return json_incref(value);
	case JP_N_LITERAL:
		return json_incref(node->json);
	case JP_N_INDEX:
		return element(node, value);
	case JP_N_SLICE:
		return slice(search, node, value);
	case JP_N_SUB:
	case JP_N_PIPE:
		return chain(search, node, value);
	case JP_N_PROJECT:
	case JP_N_PROJECT_VALUES:
	case JP_N_PROJECT_FILTER:
		return project(search, node, value);
	case JP_N_FLATTEN:
		return flatten(search, node, value);
	case JP_N_OR:
	case JP_N_AND:
		return choose(search, node, value);
	case JP_N_NOT:
		result = jp_evaluate(search, node->left, value);
		if (result) {
			bool is_true = jp_is_true(result);

			json_decref(result);
			result = json_boolean(!is_true);
		}
		return result;
	case JP_N_COMPARE:
		return compare(search, node, value);
	case JP_N_LIST:
	case JP_N_HASH:
		return list_or_hash(search, node, value);
	case JP_N_CALL:
		return jp_function_call(search, node, value);
	case JP_N_EXPREF:
		why_set(search->why, -EINVAL, "an & expression is no value; "
			"functions such as sort_by take it");
		return NULL;
	}
	return NULL;
}

json_t *jmespath_search(const struct jmespath *query, json_t *data,
			struct why *why)
{
	struct jp_search search = { .steps = JMESPATH_STEPS_MOST,
		.bytes = JMESPATH_RESULT_MOST, .why = why };

	why_set(why, -ENOMEM, "no memory for a query's result");
	return jp_evaluate(&search, query->root, data);
}

struct text {
	char *bytes;
	size_t size, room;
};

static int text_add(const char *bytes, size_t size, void *context)
{
	struct text *text = context;

	if (size > JMESPATH_RESULT_MOST - text->size)
		return -1;
	if (text->size + size + 1 > text->room) {
		size_t room = 2 * (text->size + size + 1);
		char *more = realloc(text->bytes, room);

		if (!more)
			return -1;
		text->bytes = more;
		text->room = room;
	}
	memcpy(text->bytes + text->size, bytes, size);
	text->size += size;
	text->bytes[text->size] = '\0';
	return 0;
}

char *jmespath_text(const json_t *value)
{
	struct text text = { NULL, 0, 0 };

	if (json_dump_callback(value, text_add, &text,
			       JSON_COMPACT | JSON_ENCODE_ANY) < 0) {
		free(text.bytes);
		return NULL;
	}
	return text.bytes;
}
