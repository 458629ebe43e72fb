/* SPDX-License-Identifier: MIT */
/* The query language: every construct, every function, and its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/jmespath.h"

static const char data[] =
	"{\"a\":{\"b\":{\"c\":1}},\"list\":[0,1,2,3,4,5],"
	"\"people\":[{\"name\":\"ann\",\"age\":30,\"on\":true},"
	"{\"name\":\"bob\",\"age\":25,\"on\":false},"
	"{\"name\":\"eve\",\"age\":41}],"
	"\"nested\":[[1,2],[3,[4]],5],\"empty\":[],\"none\":null,"
	"\"text\":\"h\\u00e9llo\",\"with space\":7,\"neg\":-1.5,"
	"\"words\":[\"b\",\"c\",\"a\"],\"t\":true,\"f\":false,"
	"\"zero\":0,\"obj\":{\"x\":1,\"y\":2}}";

struct row {
	const char *query;
	const char *result;	/* compact; or part of the message */
};

static char *ask(const char *query, struct why *why)
{
	struct jmespath *compiled = jmespath_new(query, strlen(query), why);
	json_t *json = json_loads(data, 0, NULL), *found = NULL;
	char *text = NULL;

	assert_non_null(json);
	if (compiled)
		found = jmespath_search(compiled, json, why);
	if (found)
		text = jmespath_text(found);
	json_decref(found);
	json_decref(json);
	jmespath_free(compiled);
	return text;
}

static void check_found(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct why why = { "" };
		char *text = ask(rows[i].query, &why);

		if (!text || strcmp(text, rows[i].result) != 0)
			fail_msg("%s: %s, not %s", rows[i].query,
				 text ? text : why.text, rows[i].result);
		free(text);
	}
}

static void check_refused(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct why why = { "" };
		char *text = ask(rows[i].query, &why);

		if (text || !strstr(why.text, rows[i].result))
			fail_msg("%s: %s, not %s", rows[i].query,
				 text ? text : why.text, rows[i].result);
	}
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void values_are_found(void **state)
{
	static const struct row rows[] = {
		{ "a", "{\"b\":{\"c\":1}}" },
		{ "a.b.c", "1" },
		{ "a . b\n.c", "1" },
		{ "a.x", "null" },
		{ "list.x", "null" },
		{ "\"with space\"", "7" },
		{ "\"\\u0061\".b.c", "1" },
		{ "@.a.b.c", "1" },
		{ "list[0]", "0" },
		{ "list[-1]", "5" },
		{ "list[6]", "null" },
		{ "list[-7]", "null" },
		{ "a[0]", "null" },
		{ "list[1:3]", "[1,2]" },
		{ "list[:2]", "[0,1]" },
		{ "list[4:]", "[4,5]" },
		{ "list[::2]", "[0,2,4]" },
		{ "list[::-1]", "[5,4,3,2,1,0]" },
		{ "list[-2:]", "[4,5]" },
		{ "list[10:0:-3]", "[5,2]" },
		{ "list[1:99:9223372036854775807]", "[1]" },
		{ "list[-99:99]", "[0,1,2,3,4,5]" },
		{ "a[0:1]", "null" },
		{ "'raw'", "\"raw\"" },
		{ "'it\\'s'", "\"it's\"" },
		{ "`[1, \"\\`\"]`", "[1,\"`\"]" },
		{ "`\"x\"`", "\"x\"" },
	};

	check_found(rows, COUNT(rows));
}

static void projections_take_the_rest(void **state)
{
	static const struct row rows[] = {
		{ "people[*].name", "[\"ann\",\"bob\",\"eve\"]" },
		{ "people[*].on", "[true,false]" },
		{ "people[].name", "[\"ann\",\"bob\",\"eve\"]" },
		{ "people[1:].name", "[\"bob\",\"eve\"]" },
		{ "people[*].name | [0]", "\"ann\"" },
		{ "people[*].name[0]", "[]" },
		{ "(people[*].name)[0]", "\"ann\"" },
		{ "nested[]", "[1,2,3,[4],5]" },
		{ "nested[][]", "[1,2,3,4,5]" },
		{ "nested[*][0]", "[1,3]" },
		{ "obj.*", "[1,2]" },
		{ "*.b", "[{\"c\":1}]" },
		{ "a.*.c", "[1]" },
		{ "list.*", "null" },
		{ "none[*].x", "null" },
		{ "people[?age > `26`].name", "[\"ann\",\"eve\"]" },
		{ "people[?age > `26` && on].name", "[\"ann\"]" },
		{ "people[?!on].name", "[\"bob\",\"eve\"]" },
		{ "people[?name == 'bob' || name == 'eve'].age", "[25,41]" },
		{ "list[?@ >= `4`]", "[4,5]" },
		{ "people[?contains(name, 'e')] | [0].name", "\"eve\"" },
		{ "people[*].{n: name, a: age}",
		  "[{\"n\":\"ann\",\"a\":30},{\"n\":\"bob\",\"a\":25},"
		  "{\"n\":\"eve\",\"a\":41}]" },
		{ "people[*].[name, age]",
		  "[[\"ann\",30],[\"bob\",25],[\"eve\",41]]" },
		{ "[a.b.c, text]", "[1,\"h\xc3\xa9llo\"]" },
		{ "{\"x y\": zero}", "{\"x y\":0}" },
		{ "none.[a]", "null" },
		{ "list[*] | [0]", "0" },
	};

	check_found(rows, COUNT(rows));
}

static void operators_follow_the_specification(void **state)
{
	static const struct row rows[] = {
		{ "none || zero", "0" },
		{ "empty || 'x'", "\"x\"" },
		{ "t && f", "false" },
		{ "t && 'x'", "\"x\"" },
		{ "f || t && f", "false" },
		{ "!none", "true" },
		{ "!zero", "false" },
		{ "!empty", "true" },
		{ "!''", "true" },
		{ "!obj", "false" },
		{ "zero == `0`", "true" },
		{ "zero == `0.0`", "true" },
		{ "zero == f", "false" },
		{ "text != 'x'", "true" },
		{ "obj == `{\"y\": 2, \"x\": 1}`", "true" },
		{ "obj == `{\"y\": 2}`", "false" },
		{ "list[:2] == `[0, 1]`", "true" },
		{ "neg < zero", "true" },
		{ "neg <= neg", "true" },
		{ "`9007199254740993` > `9007199254740992`", "true" },
		{ "text < 'z'", "null" },
		{ "t > f", "null" },
		{ "a.b.c == `1` | @", "true" },
	};

	check_found(rows, COUNT(rows));
	check_refused(&(struct row){ "none | length(@)", "argument 1" }, 1);
}

static void functions_compute(void **state)
{
	static const struct row rows[] = {
		{ "abs(neg)", "1.5" },
		{ "abs(`-3`)", "3" },
		{ "avg(list)", "2.5" },
		{ "avg(`[1, 3]`)", "2" },
		{ "avg(empty)", "null" },
		{ "ceil(neg)", "-1" },
		{ "floor(neg)", "-2" },
		{ "ceil(`4`)", "4" },
		{ "contains(text, 'llo')", "true" },
		{ "contains(list, `3`)", "true" },
		{ "contains(list, '3')", "false" },
		{ "ends_with(text, 'lo')", "true" },
		{ "ends_with('o', 'lo')", "false" },
		{ "starts_with(text, 'h')", "true" },
		{ "starts_with(text, 'e')", "false" },
		{ "equals_ignore_case('Ab\\c', 'aB\\C')", "true" },
		{ "equals_ignore_case('ab', 'abc')", "false" },
		{ "join('-', words)", "\"b-c-a\"" },
		{ "join('-', `[]`)", "\"\"" },
		{ "keys(obj)", "[\"x\",\"y\"]" },
		{ "values(obj)", "[1,2]" },
		{ "length(text)", "5" },
		{ "length(list)", "6" },
		{ "length(obj)", "2" },
		{ "map(&age, people)", "[30,25,41]" },
		{ "map(&on, people)", "[true,false,null]" },
		{ "max(list)", "5" },
		{ "max(words)", "\"c\"" },
		{ "max(empty)", "null" },
		{ "min(words)", "\"a\"" },
		{ "max_by(people, &age).name", "\"eve\"" },
		{ "min_by(people, &age).name", "\"bob\"" },
		{ "merge(obj, `{\"x\": 3}`)", "{\"x\":3,\"y\":2}" },
		{ "not_null(none, x, zero)", "0" },
		{ "not_null(none)", "null" },
		{ "reverse(list)", "[5,4,3,2,1,0]" },
		{ "reverse(text)", "\"oll\xc3\xa9h\"" },
		{ "sort(words)", "[\"a\",\"b\",\"c\"]" },
		{ "sort(`[3, 1.5, 2]`)", "[1.5,2,3]" },
		{ "sort_by(people, &name)[*].age", "[30,25,41]" },
		{ "sort_by(people, &age)[*].name",
		  "[\"bob\",\"ann\",\"eve\"]" },
		{ "sum(list)", "15" },
		{ "sum(empty)", "0" },
		{ "sum(`[1.5, 1]`)", "2.5" },
		{ "to_array('x')", "[\"x\"]" },
		{ "to_array(list[:1])", "[0]" },
		{ "to_string(obj)", "\"{\\\"x\\\":1,\\\"y\\\":2}\"" },
		{ "to_string('x')", "\"x\"" },
		{ "to_number('12')", "12" },
		{ "to_number('1.5')", "1.5" },
		{ "to_number('x')", "null" },
		{ "to_number(list)", "null" },
		{ "type(list)", "\"array\"" },
		{ "type(neg)", "\"number\"" },
		{ "type(none)", "\"null\"" },
		{ "type(t)", "\"boolean\"" },
		{ "type(obj)", "\"object\"" },
		{ "type(text)", "\"string\"" },
	};

	check_found(rows, COUNT(rows));
}

static void wrong_arguments_are_named(void **state)
{
	static const struct row rows[] = {
		{ "abs(text)", "abs cannot take argument 1, of type string" },
		{ "avg(words)", "avg cannot take argument 1, of type array" },
		{ "join(zero, words)", "join cannot take argument 1" },
		{ "join('-', list)", "join cannot take argument 2" },
		{ "keys(list)", "keys cannot take" },
		{ "length(zero)", "length cannot take" },
		{ "sort(people)", "sort cannot take" },
		{ "sort(`[1, \"a\"]`)", "sort cannot take" },
		{ "sort_by(people, &on)", "neither numbers nor strings" },
		{ "sort_by(`[{\"a\":1},{\"a\":\"b\"}]`, &a)", "mixes" },
		{ "sort_by(people, age)", "takes an & expression" },
		{ "length(&a)", "takes no & expression" },
		{ "&a", "an & expression is no value" },
		{ "merge(obj, list)", "merge cannot take argument 2" },
	};

	check_refused(rows, COUNT(rows));
}

static void what_is_no_query_is_refused_with_its_place(void **state)
{
	static const struct row rows[] = {
		{ "", "byte 1 of the query: the query ends" },
		{ "a.", "byte 3 of the query: a name, *, [ or { is missing" },
		{ "a.b c", "byte 5 of the query: the query should end here" },
		{ "a[", "byte 3 of the query: a number, a slice or *" },
		{ "a[0", "byte 4 of the query: an index is" },
		{ "a[x]", "byte 3 of the query: a number, a slice or *" },
		{ "a[1:2:0]", "step cannot be 0" },
		{ "a[1:2:3:4]", "an index is" },
		{ "a[1 2]", "an index is" },
		{ "[a, ]", "cannot begin so" },
		{ "{a}", ": is missing" },
		{ "{a: b", "} is missing" },
		{ "{1: b}", "a name is missing" },
		{ "a ||", "ends" },
		{ "foo(a)", "byte 1 of the query: there is no function foo" },
		{ "abs()", "abs takes one argument, not 0" },
		{ "join('a')", "join takes two arguments, not 1" },
		{ "abs(a,)", "an argument is missing" },
		{ "abs(a", ") is missing" },
		{ "'x", "opens what nothing closes" },
		{ "\"x", "opens what nothing closes" },
		{ "\"\\x\"", "no JSON value" },
		{ "`{`", "no JSON value" },
		{ "`foo`", "no JSON value" },
		{ "a # b", "byte 3 of the query: a character" },
		{ "a[99999999999999999999]", "a number too large" },
		{ "a[-]", "- without a number" },
		{ "*foo", "should end here" },
		{ "a = b", "a character that means nothing" },
		{ "[?a", "] is missing" },
	};

	check_refused(rows, COUNT(rows));
}

static void repeat(char *out, const char *begin, const char *unit,
		   size_t count, const char *end)
{
	out += sprintf(out, "%s", begin);
	for (size_t i = 0; i < count; i++)
		out += sprintf(out, "%s", unit);
	sprintf(out, "%s", end);
}

static void strangers_cannot_make_it_work_for_ever(void **state)
{
	static char query[2 * JMESPATH_TEXT_MOST];
	struct why why;

	repeat(query, "", "(", 200, "a");
	assert_null(ask(query, &why));
	assert_non_null(strstr(why.text, "nested deeper"));
	repeat(query, "a", "|a", 3000, "");
	assert_null(ask(query, &why));
	assert_non_null(strstr(why.text, "more than 2000 parts"));
	repeat(query, "a", " ", JMESPATH_TEXT_MOST, "");
	assert_null(ask(query, &why));
	assert_non_null(strstr(why.text, "at most"));

	/* Small as a graph, 2^40 elements as text; equal to itself. */
	repeat(query, "list", "|[@,@]", 40, "");
	assert_null(ask(query, &why));
	repeat(query, "list", "|[@,@]", 40, "|to_string(@)");
	assert_null(ask(query, &why));
	assert_non_null(strstr(why.text, "too long a text"));
	repeat(query, "list", "|[@,@]", 40, "|@ == [@[0],@[1]]");
	{
		char *text = ask(query, &why);

		assert_true(!text || strcmp(text, "true") == 0);
		free(text);
	}
	repeat(query, "[list,list[:]]", "|[[@[0],@[0]],[@[1],@[1]]]", 20,
	       "|@[0] == @[1]");
	assert_null(ask(query, &why));
	assert_non_null(strstr(why.text, "looks at more than"));
	/* Longer with every step. */
	repeat(query, "list", "|[@,@][][]", 25, "");
	assert_null(ask(query, &why));
	repeat(query, "'xxxxxxxxxxxxxxxx'", "|join('', [@,@])", 30, "");
	assert_null(ask(query, &why));
	assert_non_null(strstr(why.text, "bytes of text"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found),
		cmocka_unit_test(projections_take_the_rest),
		cmocka_unit_test(operators_follow_the_specification),
		cmocka_unit_test(functions_compute),
		cmocka_unit_test(wrong_arguments_are_named),
		cmocka_unit_test(what_is_no_query_is_refused_with_its_place),
		cmocka_unit_test(strangers_cannot_make_it_work_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
