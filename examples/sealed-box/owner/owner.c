/* SPDX-License-Identifier: MIT */
/*
 * The data owner's program.  It runs where the owner trusts the machine; of
 * what it writes, only the folder OUT goes to the untrusted host.
 *
 *   owner key --private DIR
 *   owner seal --data CSV --private DIR --out DIR
 *   owner open --private DIR --result FILE [--check CSV]
 *              [--evidence FILE --signer HEX --product N --svn N]
 */
#include "../stats.h"
#include "evidence.h"
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
	const char *data, *private, *out, *result, *check, *evidence;
	struct evidence_wanted wanted;
};

/* The box key, for the key service; and what it gives for the code. */
static int run_key(const struct arguments *a)
{
	uint8_t key[BOX_KEY_SIZE], code[BOX_KEY_SIZE];

	if (!a->private)
		fail("key needs --private");
	check(seal_random(key, sizeof(key)));
	check(seal_derive(key, BOX_LABEL_CODE, code));
	write_file(a->private, "box.key", 0600, key, sizeof(key));
	write_file(a->private, "code.key", 0600, code, sizeof(code));
	box_wipe(key, sizeof(key));
	box_wipe(code, sizeof(code));
	return 0;
}

static uint8_t *read_key(const struct arguments *a)
{
	size_t size;
	uint8_t *key = read_file(a->private, "box.key", &size);

	if (size != BOX_KEY_SIZE)
		fail("%s/box.key is damaged", a->private);
	return key;
}

static int run_seal(const struct arguments *a)
{
	uint8_t *key, hash[BOX_HASH_SIZE], *text, *sealed;
	size_t size;

	if (!a->data || !a->private || !a->out)
		fail("seal needs --data, --private and --out");
	key = read_key(a);
	text = read_file(NULL, a->data, &size);
	if (!size || size > BOX_PLAINTEXT_MAX)
		fail("%s is empty or too big", a->data);
	sealed = malloc(size + BOX_OVERHEAD);
	if (!sealed)
		fail("out of memory");

	check(seal_records(key, text, size, sealed));
	check(seal_hash(sealed, size + BOX_OVERHEAD, hash));

	write_file(a->private, "records.hash", 0600, hash, sizeof(hash));
	write_file(a->out, "records.sealed", 0644, sealed, size + BOX_OVERHEAD);

	box_wipe(key, BOX_KEY_SIZE);
	box_wipe(text, size);
	free(key);
	free(text);
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

static void check_evidence(const struct arguments *a, const uint8_t *message,
	size_t message_size)
{
	size_t size;
	uint8_t *evidence = read_file(NULL, a->evidence, &size);
	char what[256];

	check(evidence_check(evidence, size, message, message_size, &a->wanted,
		what, sizeof(what)));
	printf("  %s\n\n", what);
	free(evidence);
}

static int run_open(const struct arguments *a)
{
	uint8_t *key, *hash, *message;
	size_t hash_size, size;
	struct box_result result;

	if (!a->private || !a->result)
		fail("open needs --private and --result");
	key = read_key(a);
	hash = read_file(a->private, "records.hash", &hash_size);
	message = read_file(NULL, a->result, &size);
	if (hash_size != BOX_HASH_SIZE)
		fail("the files in %s are damaged", a->private);
	check(seal_open_result(key, hash, message, size, &result, sizeof(result)));
	if (a->evidence)
		check_evidence(a, message, size);
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
		{ "private", required_argument, NULL, 'p' },
		{ "out", required_argument, NULL, 'o' },
		{ "result", required_argument, NULL, 'r' },
		{ "check", required_argument, NULL, 'c' },
		{ "evidence", required_argument, NULL, 'e' },
		{ "signer", required_argument, NULL, 's' },
		{ "product", required_argument, NULL, 'n' },
		{ "svn", required_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	struct arguments a = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd': a.data = optarg; break;
		case 'p': a.private = optarg; break;
		case 'o': a.out = optarg; break;
		case 'r': a.result = optarg; break;
		case 'c': a.check = optarg; break;
		case 'e': a.evidence = optarg; break;
		case 's': a.wanted.signer = optarg; break;
		case 'n': a.wanted.product = (uint16_t)atoi(optarg); break;
		case 'v': a.wanted.svn = (uint16_t)atoi(optarg); break;
		default: return 2;
		}
	}
	if (optind + 1 == argc && !strcmp(argv[optind], "key"))
		return run_key(&a);
	if (optind + 1 == argc && !strcmp(argv[optind], "seal"))
		return run_seal(&a);
	if (optind + 1 == argc && !strcmp(argv[optind], "open"))
		return run_open(&a);
	fprintf(stderr, "usage: owner key --private DIR\n"
		"       owner seal --data CSV --private DIR --out DIR\n"
		"       owner open --private DIR --result FILE [--check CSV]\n"
		"             [--evidence FILE --signer HEX --product N --svn N]\n");
	return 2;
}
