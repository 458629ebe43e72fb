/* SPDX-License-Identifier: MIT */
#include "oesign.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int command_digest(const char *path, const char *conf, const char *output)
{
	struct sgx_sigstruct s;
	struct image *image;
	uint8_t digest[32];
	FILE *out;
	bool good;

	if (!open_configured(path, conf, &image))
		return 1;
	good = prepare(image, &s);
	image_close(image);
	if (!good)
		return 1;
	sigstruct_digest(&s, digest);
	out = fopen(output, "wbe");
	if (!out) {
		complain("Failed to open: %s: %s", output, strerror(errno));
		return 1;
	}
	good = fwrite(digest, sizeof(digest), 1, out) == 1;
	if (fclose(out))
		good = false;
	if (!good) {
		complain("Failed to write: %s: %s", output, strerror(errno));
		return 1;
	}
	printf("Created %s\n", output);
	return 0;
}
