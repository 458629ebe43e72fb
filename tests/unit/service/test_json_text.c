/* SPDX-License-Identifier: MIT */
/* JSON as text: byte for byte what jansson writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "service/json_text.h"

static void as_jansson(json_t *value)
{
	char *want = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	size_t size = 0;
	char *text = json_text(value, &size);

	assert_non_null(want);
	assert_non_null(text);
	assert_string_equal(text, want);
	assert_int_equal(size, strlen(want));
	free(want);
	free(text);
	json_decref(value);
}

static void every_kind_of_value(void **state)
{
	static const char *const texts[] = {
		"{}", "[]", "\"\"", "0", "-1", "9223372036854775807",
		"-9223372036854775808", "0.1", "1.0", "-0.0", "1e300",
		"5e-324", "123456789.125", "true", "false", "null",
		"[[],{},[{}]]", "{\"\":{\"\":[]}}", "[1,2.5,\"3\",null,true]",
		"{\"z\":1,\"a\":{\"c\":[false],\"b\":\"\"},\"m\":[[[]]]}",
		"\"a/b\\/c\\u007f\"", "{\"\\n\\\"\\\\\":\"\\t\"}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		as_jansson(json_loads(texts[i], JSON_DECODE_ANY, NULL));
}

/* Each character in the middle, at the begin, at the end and alone. */
static void every_character(void **state)
{
	static const char *const wide[] = { "\xc2\x80", "\xc3\xa9", "\xdf\xbf",
		"\xe0\xa0\x80", "\xe2\x82\xac", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf" };
	char text[8];

	for (int c = 0; c < 128; c++)
		for (int i = 0; i < 4; i++) {
			memcpy(text, "abc", 3);
			text[i % 3] = (char)c;
			as_jansson(i < 3 ? json_stringn(text, 3) :
				json_stringn(text, 1));
		}
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
		as_jansson(json_string(wide[i]));
		as_jansson(json_sprintf("a%sb\n%s", wide[i], wide[i]));
		as_jansson(json_pack("{sis{s[sn]}}", wide[i], (int)i,
			"inside", wide[i], wide[i]));
	}
}

/* Longer than whatever the text is first given room for. */
static void long_ones(void **state)
{
	char *text = malloc(100001);
	json_t *array = json_array();

	assert_non_null(text);
	for (int i = 0; i < 100000; i++)
		text[i] = i % 97 ? "abcdefgh"[i % 8] : '\n';
	text[100000] = '\0';
	as_jansson(json_string(text));
	for (int i = 0; i < 20000; i++)
		json_array_append_new(array, json_pack("{sisb}", "number", i,
			"odd", i % 2));
	as_jansson(array);
	free(text);
}

static json_t *nested(int depth)
{
	json_t *value = json_integer(7);

	while (--depth > 0)
		value = depth % 2 ? json_pack("[o]", value) :
			json_pack("{so}", "in", value);
	return value;
}

static void what_has_no_text(void **state)
{
	json_t *value = json_array(), *deep = nested(JSON_TEXT_DEPTH + 1);

	assert_null(json_text(NULL, NULL));
	as_jansson(nested(JSON_TEXT_DEPTH));
	assert_null(json_text(deep, NULL));
	json_decref(deep);
	/* An array inside itself. */
	json_array_append_new(value, json_array());
	json_array_append(json_array_get(value, 0), value);
	assert_null(json_text(value, NULL));
	json_array_clear(json_array_get(value, 0));
	json_decref(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_value),
		cmocka_unit_test(every_character),
		cmocka_unit_test(long_ones),
		cmocka_unit_test(what_has_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
