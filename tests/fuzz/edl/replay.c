/* SPDX-License-Identifier: MIT */
/* replay FOLDER...: the fuzz target on every file of the folders. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int one(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *data;
	size_t size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (!f)
		return 0;
	data = malloc(2 << 20);
	if (!data)
		abort();
	size = fread(data, 1, 2 << 20, f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 1;
}

int main(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *e;

		while (dir && (e = readdir(dir)))
			if (e->d_name[0] != '.')
				count += one(argv[i], e->d_name);
		if (dir)
			closedir(dir);
	}
	printf("%d files\n", count);
	return count ? 0 : 1;
}
