/* SPDX-License-Identifier: MIT */
/* The image file again, with other properties: what a signer makes. */
#include "image_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int fd, const void *data, size_t size)
{
	const uint8_t *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		size -= (size_t)n;
	}
	return true;
}

enum image_result image_write_file(const char *path, const void *bytes,
	size_t size, uint32_t mode, struct image_error *error)
{
	char *temporary = NULL;
	struct stat st;
	bool direct, good;
	int fd;

	/* A device or a pipe cannot be replaced, only written to. */
	direct = !stat(path, &st) && !S_ISREG(st.st_mode);
	if (direct) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
			return image_fail(error, IMAGE_OUT_OF_MEMORY,
				"out of memory");
		fd = mkostemp(temporary, O_CLOEXEC);
	}
	if (fd < 0) {
		int e = errno;

		free(temporary);
		return image_fail(error, IMAGE_FAILURE,
			"Failed to open: %s: %s", path, strerror(e));
	}
	good = write_all(fd, bytes, size);
	if (good && !direct)
		good = !fchmod(fd, mode & 0777);
	if (close(fd))
		good = false;
	if (good && !direct)
		good = !rename(temporary, path);
	if (!good) {
		int e = errno;

		if (!direct)
			unlink(temporary);
		free(temporary);
		return image_fail(error, IMAGE_FAILURE,
			"Failed to write: %s: %s", path, strerror(e));
	}
	free(temporary);
	return IMAGE_OK;
}

enum image_result image_write(const struct image *image,
	const oe_sgx_enclave_properties_t *properties, const char *path,
	struct image_error *error)
{
	const struct elf_file *elf = &image->main.elf;
	uint8_t *copy = malloc(elf->size);
	enum image_result r;

	if (!copy)
		return image_fail(error, IMAGE_OUT_OF_MEMORY, "out of memory");
	memcpy(copy, elf->data, elf->size);
	memcpy(copy + image->main.oeinfo_file_offset, properties,
		sizeof(*properties));
	image_growth_put(image, copy + image->main.growth_file_offset);
	r = image_write_file(path, copy, elf->size, image->main.mode, error);
	free(copy);
	return r;
}
