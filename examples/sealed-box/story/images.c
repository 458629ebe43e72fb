/* SPDX-License-Identifier: MIT */
#include "story.h"
#include "support/image_file.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the middle of the code. */
static uint64_t code_place(const uint8_t *image, size_t size)
{
	uint64_t offset, length;
	uint32_t rights;

	for (unsigned i = 0; !image_file_segment(image, size, i, &offset, &length,
			&rights); i++)
		if (rights & PF_X)
			return offset + length / 2;
	return 0;
}

static uint64_t signature_place(const uint8_t *image, size_t size)
{
	uint64_t offset, length;

	if (image_file_section(image, size, ".oeinfo", &offset, &length) ||
		length < IMAGE_FILE_SIGSTRUCT + IMAGE_FILE_SIGSTRUCT_SIZE)
		return 0;
	return offset + IMAGE_FILE_SIGSTRUCT + IMAGE_FILE_SIGNATURE + 100;
}

/* Why the library says that it failed: its log line, without time and
 * place. */
static const char *reason(char *said)
{
	char *start = strstr(said, "ERROR]");
	char *text = start ? strstr(start, ".signed: ") : NULL;

	if (!text)
		return "no reason was given";
	text += strlen(".signed: ");
	text[strcspn(text, "\n")] = 0;
	return text;
}

static void try_image(struct story *s, uint8_t *image, size_t size, uint64_t place,
	const char *what)
{
	char path[160], said[4096] = "";
	char *argv[] = { s->host, path, s->post, NULL };
	int status = -1;

	snprintf(path, sizeof(path), "%s/changed.signed", s->world.folder);
	if (place) {
		image[place] ^= 1;
		if (!image_file_write(path, image, size))
			status = run(s, argv, false, said, sizeof(said));
		image[place] ^= 1;
	}
	if (judge(s, status == 1 && strstr(said, "ERROR]"), "%s: %s", what,
		status == 1 ? "refused" : "not refused as it should be"))
		say_lines(s, reason(said));
}

void story_wrong_images(struct story *s)
{
	size_t size;
	uint8_t *image = image_file_read(s->enclave, &size);

	if (!judge(s, image != NULL, "the signed image is %zu bytes",
		image ? size : 0))
		return;
	try_image(s, image, size, code_place(image, size),
		"one bit of its code changed");
	try_image(s, image, size, signature_place(image, size),
		"one bit of its signature changed");
	free(image);
}
