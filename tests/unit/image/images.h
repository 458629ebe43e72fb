/* SPDX-License-Identifier: MIT */
/* What the image tests share: where the images are, and opening them. */
#ifndef COFFER_TESTS_IMAGES_H
#define COFFER_TESTS_IMAGES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image.h"
#include "image/signer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *images_folder, *measure_tool;

static inline const char *image_path(const char *name)
{
	static char path[4][4096];
	static unsigned next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s/%s", images_folder, name);
	return path[next];
}

static inline struct image *open_image(const char *name)
{
	struct image_error error = {""};
	struct image *image = NULL;
	enum image_result r = image_open(image_path(name), &image, &error);

	if (r)
		fail_msg("%s: %s (%d)", name, error.text, r);
	return image;
}

static inline struct image *open_built(const char *name)
{
	struct image *image = open_image(name);
	struct image_error error = {""};
	enum image_result r = image_build(image, &error);

	if (r)
		fail_msg("%s: %s (%d)", name, error.text, r);
	return image;
}

static inline void *read_whole(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rb");
	uint8_t *data;
	long n;

	assert_non_null(in);
	fseek(in, 0, SEEK_END);
	n = ftell(in);
	assert_true(n >= 0);
	rewind(in);
	data = malloc((size_t)n + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, (size_t)n, in), n);
	fclose(in);
	*size = (size_t)n;
	return data;
}

static inline void to_hex(const uint8_t *bytes, size_t size, char *text)
{
	for (size_t i = 0; i < size; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
}

/* Every test program is given the folder and the tool. */
static inline int images_main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s IMAGES MEASURE_PY\n", argv[0]);
		return 1;
	}
	images_folder = argv[1];
	measure_tool = argv[2];
	return 0;
}

#endif
