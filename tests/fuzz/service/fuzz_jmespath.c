/* SPDX-License-Identifier: MIT */
/* A query and, after a NUL, the data: refused or answered, within bounds. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/jmespath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char usual[] = "{\"a\":[{\"b\":1,\"c\":\"x\"},{\"b\":2}],"
		"\"d\":{\"e\":[[1],[2,[3]]]},\"f\":null,\"g\":true}";
	const uint8_t *end = memchr(data, 0, size);
	size_t query_size = end ? (size_t)(end - data) : size;
	struct why why = { "" };
	struct jmespath *query = jmespath_new((const char *)data, query_size,
					      &why);
	json_t *json = NULL, *found;

	if (!query) {
		if (!why.text[0])
			abort();
		return 0;
	}
	if (end)
		json = json_loadb((const char *)end + 1, size - query_size - 1,
				  JSON_DECODE_ANY, NULL);
	if (!json)
		json = json_loads(usual, 0, NULL);
	found = jmespath_search(query, json, &why);
	if (found) {
		char *text = jmespath_text(found);

		if (text && strlen(text) > JMESPATH_RESULT_MOST)
			abort();
		free(text);
	} else if (!why.text[0]) {
		abort();
	}
	json_decref(found);
	json_decref(json);
	jmespath_free(query);
	return 0;
}
