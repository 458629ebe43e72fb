/* SPDX-License-Identifier: MIT */
/* The fast reader of JSON gives what jansson gives, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "service/json_plain.h"

/* Was it read?  Then as jansson reads it. */
static bool as_jansson(const char *text, size_t size)
{
	json_t *value = json_plain(text, size), *want;

	if (!value)
		return false;
	want = json_loadb(text, size, JSON_REJECT_DUPLICATES |
		JSON_DECODE_ANY, NULL);
	if (!want)
		fail_msg("jansson does not take %.*s", (int)size, text);
	assert_true(json_equal(value, want));
	assert_int_equal(json_typeof(value), json_typeof(want));
	json_decref(want);
	json_decref(value);
	return true;
}

static void the_common_is_read(void **state)
{
	static const char *const texts[] = {
		"{}", " [ ] ", "\t\r\n0\n", "-1", "17", "-120",
		"999999999999999999", "-999999999999999999", "true", "false",
		"null", "\"\"", "\"a\x7f" "b\"", "\"\xc3\xa9\xe2\x82\xac\"",
		"{\"quote\":\"AwACAAAA-_+/=\"}",
		"{ \"a\" : [ 1 , { \"b\" : null , \"\" : [ ] } ] , \"c\" : {} }",
		"[[],[[]],{},\"x\",true,false,null,1]",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!as_jansson(texts[i], strlen(texts[i])))
			fail_msg("not read: %s", texts[i]);
}

static void the_rest_is_left(void **state)
{
	static const char *const texts[] = {
		"", " ", "{", "[", "\"", "[1", "[1,", "[1,]", "[,]", "[1 2]",
		"{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}",
		"{\"a\" 1}", "{a:1}", "{1:1}", "{\"a\":1,\"a\":1}", "[}", "{]",
		"\"a\nb\"", "\"a\\nb\"", "\"\\u0041\"", "{\"\\n\":1}", "\"\x80\"",
		"\"\xc3\"", "{\"\xff\":1}", "-0", "00", "01", "-01", "-", "+1",
		"1.0", "1e2", "1E2", "0x1", "1a", "1000000000000000000",
		"99999999999999999999999999", "tru", "truex", "True", "nul",
		"null null", "1 2", "[]]", "{}}", "[1]x", "\xef\xbb\xbf[]",
		"\"\xed\xa0\x80\"", "\"\xc0\x80\"", "\"\xf4\x90\x80\x80\"",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	};
	static const char nul[] = "[\"a\0b\"]", after[] = "[1]\0";

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (as_jansson(texts[i], strlen(texts[i])))
			fail_msg("read: %s", texts[i]);
	assert_false(as_jansson(nul, sizeof(nul) - 1));
	assert_false(as_jansson(after, sizeof(after) - 1));
}

/* Each prefix, each byte changed to each other, read from memory of just
 * that size. */
static void nothing_near_is_read_otherwise(void **state)
{
	static const char text[] = "{\"a\":[1,-20,\"b\"],\"c\":{\"d\":true,"
		"\"e\":null},\"f\":[[],{}]}";
	size_t size = sizeof(text) - 1, good = 0;

	for (size_t i = 0; i <= size; i++) {
		char *copy = malloc(i + 1);

		assert_non_null(copy);
		memcpy(copy + 1, text, i);
		assert_int_equal(as_jansson(copy + 1, i), i == size);
		free(copy);
	}
	for (size_t i = 0; i < size; i++)
		for (int c = 0; c < 256; c++) {
			char copy[sizeof(text)];

			memcpy(copy, text, sizeof(text));
			copy[i] = (char)c;
			good += as_jansson(copy, size);
		}
	assert_true(good > size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_common_is_read),
		cmocka_unit_test(the_rest_is_left),
		cmocka_unit_test(nothing_near_is_read_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
