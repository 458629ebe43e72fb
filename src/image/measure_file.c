/* SPDX-License-Identifier: MIT */
#include "measure_file.h"
#include "image.h"
#include "sgxs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int failed(char *err, size_t errsize, const char *path,
	const char *text)
{
	if (errsize) {
		/* Texts about opening a file name it themselves. */
		if (!strncmp(text, path, strlen(path)))
			snprintf(err, errsize, "%s", text);
		else
			snprintf(err, errsize, "%s: %s", path, text);
	}
	return -1;
}

/* NULL with errno if the file cannot be opened or is a folder. */
static FILE *open_stream(const char *path)
{
	FILE *file = fopen(path, "rbe");
	struct stat st;

	if (file && (fstat(fileno(file), &st) || S_ISDIR(st.st_mode))) {
		fclose(file);
		errno = EISDIR;
		file = NULL;
	}
	return file;
}

static enum image_result open_built(const char *path, struct image **image,
	struct image_error *error)
{
	enum image_result r = image_open(path, image, error);

	if (r)
		return r;
	r = image_build(*image, error);
	if (r) {
		image_close(*image);
		*image = NULL;
	}
	return r;
}

int measure_file(const char *path, uint8_t mrenclave[32], char *err,
	size_t errsize)
{
	struct image_error error = {""};
	struct image *image = NULL;
	enum image_result r;
	uint8_t first[8];
	FILE *file;
	bool sgxs;

	file = open_stream(path);
	if (!file)
		return failed(err, errsize, path, strerror(errno));
	sgxs = fread(first, 1, sizeof(first), file) == sizeof(first) &&
		sgxs_is_stream(first, sizeof(first));
	if (sgxs) {
		rewind(file);
		r = sgxs_measure(file, mrenclave, &error);
	}
	fclose(file);
	if (!sgxs) {
		r = open_built(path, &image, &error);
		if (!r)
			r = image_measure(image, mrenclave, &error);
		image_close(image);
	}
	return r ? failed(err, errsize, path, error.text) : 0;
}

int measure_file_to_sgxs(const char *path, const char *sgxs_path, char *err,
	size_t errsize)
{
	struct image_error error = {""};
	struct image *image;
	FILE *out;
	int rc;

	if (open_built(path, &image, &error))
		return failed(err, errsize, path, error.text);
	out = fopen(sgxs_path, "wbe");
	if (!out) {
		image_close(image);
		return failed(err, errsize, sgxs_path, strerror(errno));
	}
	rc = sgxs_write(image, out, &error) ? -1 : 0;
	image_close(image);
	if (fclose(out) && !rc) {
		snprintf(error.text, sizeof(error.text), "%s", strerror(errno));
		rc = -1;
	}
	return rc ? failed(err, errsize, sgxs_path, error.text) : 0;
}
