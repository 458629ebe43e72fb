/* SPDX-License-Identifier: MIT */
/* JSON read and written as jansson does it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/json_plain.h"
#include "service/json_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const json_t *value)
{
	char *want = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	size_t size = 0;
	char *text = json_text(value, &size);

	if (text && (!want || strcmp(text, want) || strlen(want) != size))
		abort();
	free(text);
	free(want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *value = json_plain((const char *)data, size);
	json_t *want = json_loadb((const char *)data, size,
		JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

	if (value && (!want || !json_equal(value, want)))
		abort();
	if (want)
		check_text(want);
	json_decref(value);
	json_decref(want);
	return 0;
}
