/* SPDX-License-Identifier: MIT */
/*
 * At the end: is the box key, or what comes of it, in any file but the owner's
 * own?  As bytes, in hexadecimal digits, and in both alphabets of base64.
 */
#include "story.h"
#include "../box_format.h"
#include "../owner/seal.h"
#include "../stats.h"

#include <ftw.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FORMS 4
#define FORM_MAX 80

struct form {
	uint8_t bytes[FORM_MAX];
	size_t size;
};

static struct {
	struct form form[4 * FORMS];
	size_t forms;
	const char *leave_out; /* the owner's folder */
	uint64_t looked;
	size_t files, found;
	char where[512];
} g_search;

static void add(const void *bytes, size_t size)
{
	struct form *f = &g_search.form[g_search.forms++];

	memcpy(f->bytes, bytes, size);
	f->size = size;
}

static void add_key(const uint8_t key[BOX_KEY_SIZE])
{
	char hex[2 * BOX_KEY_SIZE + 1], text[FORM_MAX];
	int n = EVP_EncodeBlock((unsigned char *)text, key, BOX_KEY_SIZE);

	add(key, BOX_KEY_SIZE);
	for (size_t i = 0; i < BOX_KEY_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", key[i]);
	add(hex, sizeof(hex) - 1);
	n -= text[n - 1] == '=';
	add(text, (size_t)n);
	for (int i = 0; i < n; i++)
		text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
	add(text, (size_t)n);
}

static void look(const char *path, const uint8_t *data, size_t size)
{
	g_search.looked += size;
	g_search.files++;
	for (size_t i = 0; i < g_search.forms; i++)
		if (memmem(data, size, g_search.form[i].bytes,
				g_search.form[i].size)) {
			g_search.found++;
			snprintf(g_search.where, sizeof(g_search.where), "%s",
				path);
		}
}

static int visit(const char *path, const struct stat *st, int type,
	struct FTW *walk)
{
	uint8_t *data;
	FILE *f;

	if (type != FTW_F || !S_ISREG(st->st_mode) || !st->st_size ||
		!strncmp(path, g_search.leave_out, strlen(g_search.leave_out)))
		return 0;
	f = fopen(path, "rbe");
	data = malloc((size_t)st->st_size);
	if (f && data)
		look(path, data, fread(data, 1, (size_t)st->st_size, f));
	free(data);
	if (f)
		fclose(f);
	return 0;
}

void story_search(struct story *s)
{
	static const char *const labels[] = { BOX_LABEL_CODE, BOX_LABEL_RECORDS,
		BOX_LABEL_RESULT };
	uint8_t key[BOX_KEY_SIZE], derived[BOX_KEY_SIZE];
	char path[256];
	bool good;
	FILE *f;

	memset(&g_search, 0, sizeof(g_search));
	g_search.leave_out = s->private;
	snprintf(path, sizeof(path), "%s/box.key", s->private);
	f = fopen(path, "rbe");
	good = f && fread(key, 1, sizeof(key), f) == sizeof(key);
	if (f)
		fclose(f);
	add_key(key);
	for (size_t i = 0; good && i < 3; i++) {
		good = !seal_derive(key, labels[i], derived);
		add_key(derived);
	}
	/* The search can find: it does in the owner's own folder. */
	g_search.leave_out = "//";
	good = good && !nftw(s->private, visit, 16, FTW_PHYS) &&
		g_search.found;
	judge(s, good, "looking for the key on disk, we find it with its owner");
	g_search.found = g_search.files = 0;
	g_search.where[0] = 0;
	g_search.looked = 0;
	g_search.leave_out = s->private;
	good = good && !nftw(s->world.folder, visit, 16, FTW_PHYS) &&
		g_search.files > 10;
	judge(s, good && !g_search.found, "and nowhere else: %zu files of services, "
		"machines, logs and host, %.0f MB%s%s", g_search.files,
		(double)g_search.looked / 1e6, g_search.found ? "; found in " : "",
		g_search.where);
	box_wipe(key, sizeof(key));
}
