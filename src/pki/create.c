/* SPDX-License-Identifier: MIT */
/* A CA from nothing. */
#include "pki/pki_priv.h"

#include "common/paths.h"
#include "pki/files.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define YEAR (365 * 86400ll + 6 * 3600)
#define ROOT_UNTIL 2524607999ll /* 2049-12-31 23:59:59 */
#define BACKDATED 3600 /* seconds, for clocks that are behind */

int ca_write_key(const char *directory, const char *name, EVP_PKEY *key,
	struct why *why)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text = NULL;
	long size;
	int r;

	if (bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL,
		NULL)) {
		size = BIO_get_mem_data(bio, &text);
		r = files_write(directory, name, text, (size_t)size, why);
	} else {
		r = ca_failed(why, "cannot write a key");
	}
	BIO_free(bio);
	return r;
}

int ca_write_cert(const char *directory, enum pki_cert role, X509 *cert,
	struct why *why)
{
	struct pki_bytes pem = { NULL, 0 };
	char name[32];
	int r;

	snprintf(name, sizeof(name), "%s.pem", ca_file(role));
	r = x509_pem(cert, &pem);
	if (r)
		why_set(why, r, "out of memory");
	else
		r = files_write(directory, name, pem.data, pem.size, why);
	pki_bytes_free(&pem);
	return r;
}

static int certify(struct pki *fresh, enum pki_cert role, struct why *why)
{
	static const int years[] = {
		[PKI_CERT_PROCESSOR] = 15, [PKI_CERT_PLATFORM] = 15,
		[PKI_CERT_TCB] = 7,
	};
	char url[PKI_URL_MAX + 80];
	struct x509_order order = {
		.role = role, .issuer = role == PKI_CERT_ROOT ? NULL :
			fresh->cert[PKI_CERT_ROOT],
		.from = time(NULL) - BACKDATED, .crl_url = url,
	};

	order.until = role == PKI_CERT_ROOT ? ROOT_UNTIL :
		order.from + years[role] * YEAR;
	pki_crl_url(fresh, PKI_CERT_ROOT, url);
	fresh->key[role] = x509_key_new();
	if (!fresh->key[role])
		return ca_failed(why, "cannot make a key");
	order.subject_key = fresh->key[role];
	order.issuer_key = fresh->key[PKI_CERT_ROOT];
	fresh->cert[role] = x509_make(&order, why);
	return fresh->cert[role] ? 0 : -EIO;
}

static int fill(const char *directory, void *ctx, struct why *why)
{
	struct pki fresh = { 0 };
	char name[32];
	int r = 0;

	snprintf(fresh.url, sizeof(fresh.url), "%s", (const char *)ctx);
	for (int i = 0; !r && i < PKI_CERTS; i++) {
		r = certify(&fresh, i, why);
		snprintf(name, sizeof(name), "%s.key", ca_file(i));
		if (!r)
			r = ca_write_key(directory, name, fresh.key[i], why);
		if (!r)
			r = ca_write_cert(directory, i, fresh.cert[i], why);
	}
	if (!r)
		r = files_write(directory, "url", fresh.url,
			strlen(fresh.url), why);
	ca_unload(&fresh);
	return r;
}

/* Only letters that mean nothing in `URI:` values of OpenSSL. */
int ca_check_url(const char *url, struct why *why)
{
	size_t size = strlen(url);

	if ((strncmp(url, "https://", 8) && strncmp(url, "http://", 7)) ||
	    size < 10 || size >= PKI_URL_MAX || url[size - 1] == '/' ||
	    url[strspn(url, "abcdefghijklmnopqrstuvwxyz0123456789-._~:/[]"
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ%")])
		return why_set(why, -EINVAL, "\"%.200s\" is no base of "
			"addresses: it must look like https://host:8081, with "
			"no slash at the end", url);
	return 0;
}

/* Gives a directory the name path.old-TIME, with a number behind it where that
 * is taken. */
static int set_aside(const char *directory, const char *path)
{
	char old[PATH_MAX + 64], number[16] = "";
	long long now = time(NULL);

	for (unsigned i = 1; i < 1000; i++) {
		snprintf(old, sizeof(old), "%s.old-%lld%s", path, now, number);
		if (!renameat2(AT_FDCWD, directory, AT_FDCWD, old,
				RENAME_NOREPLACE))
			return 0;
		if (errno != EEXIST)
			return -errno;
		snprintf(number, sizeof(number), "-%u", i);
	}
	return -EEXIST;
}

/* To STATE/ca; the one that is there goes to STATE/ca.old-TIME, or stays where
 * it is.  Unless this succeeds, *fresh_again says whether fresh is the new one
 * still, and may be removed. */
static int put_in_place(const char *state, const char *fresh, bool replace,
	bool *fresh_again, struct why *why)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), state, "ca", why);

	*fresh_again = true;
	if (r)
		return r;
	if (!renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_NOREPLACE))
		return 0;
	r = -errno;
	if (r == -EEXIST && !replace)
		return why_set(why, -EEXIST, "there is a CA at %s already",
			path);
	if (r == -EEXIST)
		r = renameat2(AT_FDCWD, fresh, AT_FDCWD, path,
			RENAME_EXCHANGE) ? -errno : 0;
	if (!r) {
		r = set_aside(fresh, path);
		if (r)
			*fresh_again = !renameat2(AT_FDCWD, fresh, AT_FDCWD,
				path, RENAME_EXCHANGE);
	}
	return r ? why_set(why, r, "cannot put a CA at %s: %s", path,
		strerror(-r)) : 0;
}

int ca_place(const char *state, bool replace,
	int (*filler)(const char *directory, void *ctx, struct why *why),
	void *ctx, struct why *why)
{
	char base[PATH_MAX], fresh[PATH_MAX];
	bool fresh_again = true;
	int r;

	if (state)
		r = paths_join(base, sizeof(base), state, ".", why);
	else
		r = paths_state(base, sizeof(base), why);
	if (!r && state)
		base[strlen(base) - 2] = '\0';
	if (!r)
		r = paths_make(base, false, why);
	if (!r)
		r = paths_join(fresh, sizeof(fresh), base, "ca.new-XXXXXX",
			why);
	if (r)
		return r;
	if (!mkdtemp(fresh))
		return why_set(why, -errno, "cannot make a directory in %s: "
			"%s", base, strerror(errno));
	r = filler(fresh, ctx, why);
	if (!r)
		r = put_in_place(base, fresh, replace, &fresh_again, why);
	if (r && fresh_again)
		files_remove_tree(fresh);
	return r;
}

int pki_create(const char *state, const char *url, struct why *why)
{
	char copy[PKI_URL_MAX];
	int r;

	if (!url)
		url = PKI_URL_DEFAULT;
	r = ca_check_url(url, why);
	if (r)
		return r;
	snprintf(copy, sizeof(copy), "%s", url);
	return ca_place(state, false, fill, copy, why);
}
