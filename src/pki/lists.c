/* SPDX-License-Identifier: MIT */
#include "pki/lists.h"

#include "pki/collateral.h"
#include "pki/files.h"
#include "pki/issued.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PCK_DAYS 30
#define ROOT_DAYS 365

static const char *const list_names[] = {
	[PKI_CERT_ROOT] = "crl-root.der",
	[PKI_CERT_PROCESSOR] = "crl-processor.der",
	[PKI_CERT_PLATFORM] = "crl-platform.der",
};
#define LISTS (sizeof(list_names) / sizeof(*list_names))

/* Every change puts a new file into the directory, or another directory in its
 * place. */
uint64_t pki_revision(const struct pki *pki)
{
	struct stat st;

	if (stat(pki->directory, &st))
		return 0;
	return ((uint64_t)st.st_ino << 32 ^ (uint64_t)st.st_mtim.tv_sec) *
		1000003 + (uint64_t)st.st_mtim.tv_nsec + 1;
}

/* ---- the file ---- */

void revocations_free(struct revocations *list)
{
	free(list->items);
	*list = (struct revocations){ NULL, 0 };
}

int revocations_add(struct revocations *list, const struct revocation *what)
{
	struct revocation *more = realloc(list->items,
		(list->count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	list->items = more;
	more[list->count++] = *what;
	return 0;
}

static bool parse_line(const char *line, struct revocation *out)
{
	char issuer[16];
	int end = 0;

	memset(out, 0, sizeof(*out));
	if (sscanf(line, "%15s %40[0-9A-F] %" SCNd64 " %95s%n", issuer,
		out->entry.serial, &out->entry.when, out->machine, &end) != 4 ||
	    line[end])
		return false;
	for (size_t i = 0; i < LISTS; i++) {
		if (!strcmp(ca_file(i), issuer)) {
			out->issuer = i;
			return true;
		}
	}
	return false;
}

bool revocations_line(const char *line)
{
	struct revocation what;

	return parse_line(line, &what);
}

int revocations_load(struct pki *pki, struct revocations *list,
	struct why *why)
{
	struct revocation what;
	struct pki_bytes text;
	char *line, *rest;
	int r;

	*list = (struct revocations){ NULL, 0 };
	r = files_read(pki->directory, "revoked", false, &text, why);
	if (r)
		return r == -ENOENT ? 0 : r;
	rest = (char *)text.data;
	while (!r && (line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		if (!parse_line(line, &what))
			r = why_set(why, -EINVAL, "%s/revoked: \"%.60s\" is "
				"no revocation", pki->directory, line);
		else if (revocations_add(list, &what))
			r = why_set(why, -ENOMEM, "out of memory");
	}
	pki_bytes_free(&text);
	if (r)
		revocations_free(list);
	return r;
}

int revocations_save(struct pki *pki, const struct revocations *list,
	struct why *why)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int r = 0;

	for (size_t i = 0; f && i < list->count; i++)
		fprintf(f, "%s %s %" PRId64 " %s\n",
			ca_file(list->items[i].issuer),
			list->items[i].entry.serial,
			list->items[i].entry.when, list->items[i].machine);
	if (!f || fclose(f))
		r = why_set(why, -ENOMEM, "out of memory");
	else
		r = files_write(pki->directory, "revoked", text, size, why);
	for (size_t i = 0; !r && i < LISTS; i++)
		r = issued_forget(pki, list_names[i], why);
	free(text);
	return r;
}

bool revocations_have(const struct revocations *list, const char *serial)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i].entry.serial, serial))
			return true;
	return false;
}

unsigned revocations_forget(struct revocations *list, const char *machine)
{
	unsigned count = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].machine, machine))
			continue;
		strcpy(list->items[i].machine, ".");
		count++;
	}
	return count;
}

unsigned revocations_drop(struct revocations *list, const char *machine)
{
	size_t kept = 0;
	unsigned dropped;

	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].machine, machine))
			list->items[kept++] = list->items[i];
	dropped = (unsigned)(list->count - kept);
	list->count = kept;
	return dropped;
}

/* ---- revocation lists ---- */

/* One more than the last; kept before it is used. */
static int next_number(struct pki *pki, uint64_t *number, struct why *why)
{
	struct pki_bytes text;
	char fresh[24];
	int r;

	r = files_read(pki->directory, "crl-number", false, &text, why);
	if (r && r != -ENOENT)
		return r;
	*number = r ? 1 : strtoull((char *)text.data, NULL, 10) + 1;
	pki_bytes_free(&text);
	snprintf(fresh, sizeof(fresh), "%" PRIu64 "\n", *number);
	return files_write(pki->directory, "crl-number", fresh, strlen(fresh),
		why);
}

static int make(struct pki *pki, const void *ctx, int64_t from, int64_t until,
	struct pki_bytes *out, struct why *why)
{
	enum pki_cert issuer = *(const enum pki_cert *)ctx;
	struct x509_revoked *entries = NULL;
	struct revocations list;
	EVP_PKEY *key = ca_key(pki, issuer, why);
	uint64_t number;
	size_t count = 0;
	int r;

	if (!key)
		return -EINVAL;
	r = revocations_load(pki, &list, why);
	if (r)
		return r;
	entries = calloc(list.count + 1, sizeof(*entries));
	if (!entries)
		r = why_set(why, -ENOMEM, "out of memory");
	for (size_t i = 0; !r && i < list.count; i++)
		if (list.items[i].issuer == issuer)
			entries[count++] = list.items[i].entry;
	if (!r)
		r = next_number(pki, &number, why);
	if (!r)
		r = x509_crl_make(pki->cert[issuer], key, number, from, until,
			entries, count, out, why);
	free(entries);
	revocations_free(&list);
	return r;
}

static int64_t list_time(const struct pki_bytes *list)
{
	return x509_crl_time(list->data, list->size);
}

static int get(struct pki *pki, enum pki_cert issuer, struct pki_bytes *out,
	struct why *why)
{
	const struct issued what = {
		.name = list_names[issuer],
		.life = (issuer == PKI_CERT_ROOT ? ROOT_DAYS : PCK_DAYS) *
			ISSUED_DAY,
		.time = list_time, .make = make, .ctx = &issuer,
	};
	int r;

	*out = (struct pki_bytes){ NULL, 0 };
	r = ca_enter(pki, why);
	if (r)
		return r;
	r = issued_get(pki, &what, out, why);
	ca_leave(pki);
	return r;
}

int pki_root_crl_get(struct pki *pki, struct pki_bytes *out, struct why *why)
{
	return get(pki, PKI_CERT_ROOT, out, why);
}

int pki_crl_get(struct pki *pki, enum pki_ca ca, struct pki_bytes *out,
	struct why *why)
{
	return get(pki, ca_cert(ca), out, why);
}
