/* SPDX-License-Identifier: MIT */
/*
 * The data owner's program.  It runs where the owner trusts the machine; of
 * what it writes, only the folder OUT goes to the untrusted host.
 *
 *   owner seal --data CSV --to POINT --private DIR --out DIR
 *   owner open --private DIR --result FILE [--check CSV]
 */
#include "../stats.h"
#include "print.h"
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (BOX_PLAINTEXT_MAX + 4096u)

static void fail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
static void fail(const char *format, ...)
{
	va_list list;

	fprintf(stderr, "owner: ");
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fprintf(stderr, "\n");
	exit(1);
}

static void check(const char *wrong)
{
	if (wrong)
		fail("%s", wrong);
}

/* The caller frees the content. */
static uint8_t *read_file(const char *folder, const char *name, size_t *size)
{
	char path[4096];
	uint8_t *content = malloc(FILE_MAX + 1);
	FILE *f;

	snprintf(path, sizeof(path), "%s%s%s", folder ? folder : "",
		folder ? "/" : "", name);
	f = fopen(path, "rb");
	if (!f || !content)
		fail("cannot read %s: %s", path, strerror(errno));
	*size = fread(content, 1, FILE_MAX + 1, f);
	if (ferror(f))
		fail("cannot read %s", path);
	if (*size > FILE_MAX)
		fail("%s is too big", path);
	fclose(f);
	return content;
}

static void write_file(const char *folder, const char *name, mode_t mode,
	const void *content, size_t size)
{
	char path[4096], fresh[4128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0 || fchmod(fd, mode) ||
		write(fd, content, size) != (ssize_t)size || close(fd) ||
		rename(fresh, path))
		fail("cannot write %s: %s", path, strerror(errno));
}

struct arguments {
	const char *data, *to, *private, *out, *result, *check;
};

/* Makes a fresh box key each time: a key never seals two tables. */
static int run_seal(const struct arguments *a)
{
	uint8_t key[BOX_KEY_SIZE], hash[BOX_HASH_SIZE], *text, *point, *sealed;
	struct box_wrapped_key wrapped;
	size_t size, point_size;

	if (!a->data || !a->to || !a->private || !a->out)
		fail("seal needs --data, --to, --private and --out");
	text = read_file(NULL, a->data, &size);
	point = read_file(NULL, a->to, &point_size);
	if (!size || size > BOX_PLAINTEXT_MAX)
		fail("%s is empty or too big", a->data);
	if (point_size != BOX_POINT_SIZE)
		fail("%s holds no public key", a->to);
	sealed = malloc(size + BOX_OVERHEAD);
	if (!sealed)
		fail("out of memory");

	check(seal_random(key, sizeof(key)));
	check(seal_records(key, text, size, sealed));
	check(seal_wrap(key, point, &wrapped));
	check(seal_hash(sealed, size + BOX_OVERHEAD, hash));

	write_file(a->private, "box.key", 0600, key, sizeof(key));
	write_file(a->private, "records.hash", 0600, hash, sizeof(hash));
	write_file(a->out, "records.sealed", 0644, sealed, size + BOX_OVERHEAD);
	write_file(a->out, "key.wrapped", 0644, &wrapped, sizeof(wrapped));

	box_wipe(key, sizeof(key));
	box_wipe(text, size);
	free(text);
	free(point);
	free(sealed);
	return 0;
}

static bool near(const double *a, const double *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!(fabs(a[i] - b[i]) <= 1e-9 * fmax(1, fabs(b[i]))))
			return false;
	return true;
}

/* The owner has the records and can do the same sums in the clear. */
static void compare(const struct box_result *r, const char *path)
{
	struct box_result ours;
	struct box_table table;
	size_t size, line;
	uint8_t *text = read_file(NULL, path, &size);
	const char *wrong = box_table_read(&table, (char *)text, size, &line);

	if (wrong)
		fail("%s:%zu: %s", path, line, wrong);
	check(box_compute_statistics(&table, &ours));
	box_table_wipe(&table);
	free(text);
	if (ours.records != r->records || ours.plans != r->plans)
		fail("the result speaks of other records than %s", path);
	for (size_t i = 0; i < BOX_PLANS_MAX; i++)
		if (ours.plan[i].count != r->plan[i].count ||
			!near(&ours.plan[i].mean, &r->plan[i].mean, 6))
			fail("the result differs from the owner's own");
	for (size_t i = 0; i < BOX_HEALTHS; i++)
		if (ours.health[i].count != r->health[i].count ||
			!near(&ours.health[i].mean, &r->health[i].mean, 6))
			fail("the result differs from the owner's own");
	for (size_t i = 0; i < BOX_COLUMNS; i++)
		if (!near(&ours.term[i].correlation, &r->term[i].correlation, 3))
			fail("the result differs from the owner's own");
	printf("\n  The owner did the same sums in the clear: the same figures.\n");
}

static int run_open(const struct arguments *a)
{
	uint8_t *key, *hash, *message;
	size_t key_size, hash_size, size;
	struct box_result result;

	if (!a->private || !a->result)
		fail("open needs --private and --result");
	key = read_file(a->private, "box.key", &key_size);
	hash = read_file(a->private, "records.hash", &hash_size);
	message = read_file(NULL, a->result, &size);
	if (key_size != BOX_KEY_SIZE || hash_size != BOX_HASH_SIZE)
		fail("the files in %s are damaged", a->private);
	check(seal_open_result(key, hash, message, size, &result, sizeof(result)));
	box_wipe(key, BOX_KEY_SIZE);
	free(key);
	free(hash);
	free(message);
	print_result(stdout, &result);
	if (a->check)
		compare(&result, a->check);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "data", required_argument, NULL, 'd' },
		{ "to", required_argument, NULL, 't' },
		{ "private", required_argument, NULL, 'p' },
		{ "out", required_argument, NULL, 'o' },
		{ "result", required_argument, NULL, 'r' },
		{ "check", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct arguments a = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': a.data = optarg; break;
		case 't': a.to = optarg; break;
		case 'p': a.private = optarg; break;
		case 'o': a.out = optarg; break;
		case 'r': a.result = optarg; break;
		case 'c': a.check = optarg; break;
		default: return 2;
		}
	}
	if (optind + 1 == argc && !strcmp(argv[optind], "seal"))
		return run_seal(&a);
	if (optind + 1 == argc && !strcmp(argv[optind], "open"))
		return run_open(&a);
	fprintf(stderr, "usage: owner seal --data CSV --to POINT --private DIR "
		"--out DIR\n       owner open --private DIR --result FILE "
		"[--check CSV]\n");
	return 2;
}
