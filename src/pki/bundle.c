/* SPDX-License-Identifier: MIT */
#include "pki/bundle.h"

#include "pki/files.h"
#include "pki/lists.h"
#include "pki/pki_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TITLE "Coffer certificate authority, version 1"
#define ITERATIONS 200000 /* of PBKDF2 with SHA-256 */

/* ---- writing ---- */

static bool put_key(BIO *out, EVP_PKEY *key, const char *passphrase)
{
	PKCS8_PRIV_KEY_INFO *plain;
	X509_SIG *sealed;
	bool ok;

	if (!passphrase)
		return PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0,
			NULL, NULL) == 1;
	plain = EVP_PKEY2PKCS8(key);
	sealed = plain ? PKCS8_encrypt(-1, EVP_aes_256_cbc(), passphrase,
		(int)strlen(passphrase), NULL, 0, ITERATIONS, plain) : NULL;
	ok = sealed && PEM_write_bio_PKCS8(out, sealed) == 1;
	X509_SIG_free(sealed);
	PKCS8_PRIV_KEY_INFO_free(plain);
	return ok;
}

static int put_head(struct pki *pki, BIO *out, struct why *why)
{
	struct revocations list;
	struct pki_bytes number;
	int r;

	BIO_printf(out, TITLE "\nWho has this file can make machines that all "
		"who trust its root believe.\nurl=%s\n", pki->url);
	r = files_read(pki->directory, "crl-number", false, &number, why);
	if (!r)
		BIO_printf(out, "crl-number=%.*s\n", (int)strcspn(
			(char *)number.data, "\n"), (char *)number.data);
	else if (r != -ENOENT)
		return r;
	pki_bytes_free(&number);
	r = revocations_load(pki, &list, why);
	for (size_t i = 0; !r && i < list.count; i++)
		BIO_printf(out, "revoked=%s %s %lld %s\n",
			ca_file(list.items[i].issuer),
			list.items[i].entry.serial,
			(long long)list.items[i].entry.when,
			list.items[i].machine);
	revocations_free(&list);
	return r;
}

static int put_all(struct pki *pki, BIO *out, const char *passphrase,
	struct why *why)
{
	int r = ca_need_enclave_key(pki, why);
	bool ok = true;

	if (!r)
		r = put_head(pki, out, why);
	for (int i = 0; !r && ok && i < PKI_CERTS; i++) {
		EVP_PKEY *key = ca_key(pki, i, why);

		if (!key)
			return -EINVAL;
		ok = PEM_write_bio_X509(out, pki->cert[i]) == 1 &&
			put_key(out, key, passphrase);
	}
	ok = ok && !r && put_key(out, pki->enclaves, passphrase);
	return r ? r : ok ? 0 : ca_failed(why, "cannot export");
}

static int write_new(const char *path, const char *text, size_t size,
	struct why *why)
{
	int r = 0, fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		0600);

	if (fd < 0)
		return why_set(why, -errno, "cannot make %s: %s", path,
			strerror(errno));
	while (!r && size) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno != EINTR)
			r = -errno;
		text += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	if (!r && fsync(fd))
		r = -errno;
	close(fd);
	if (r)
		unlink(path);
	return r ? why_set(why, r, "cannot write %s: %s", path, strerror(-r)) :
		0;
}

int pki_export(struct pki *pki, const char *path, const char *passphrase,
	struct why *why)
{
	BIO *out = BIO_new(BIO_s_secmem());
	char *text;
	long size;
	int lock, r = ca_enter(pki, why);

	if (r) {
		BIO_free(out);
		return r;
	}
	lock = files_lock(pki->directory, why);
	r = lock < 0 ? lock : !out ? why_set(why, -ENOMEM, "out of memory") :
		put_all(pki, out, passphrase, why);
	if (!r) {
		size = BIO_get_mem_data(out, &text);
		r = write_new(path, text, (size_t)size, why);
	}
	if (lock >= 0)
		close(lock);
	ca_leave(pki);
	BIO_free(out);
	return r;
}

/* ---- reading ---- */

struct bundle {
	struct pki ca;
	char number[24], *revoked;
};

static void drop(struct bundle *b)
{
	ca_unload(&b->ca);
	free(b->revoked);
}

static int ask(char *out, int size, int writing, void *passphrase)
{
	const char *text = passphrase;
	size_t length = text ? strlen(text) : 0;

	if (!text || length > (size_t)size)
		return -1;
	memcpy(out, text, length);
	return (int)length;
}

static EVP_PKEY *get_key(BIO *in, const char *passphrase)
{
	return PEM_read_bio_PrivateKey(in, NULL, ask, (void *)passphrase);
}

/* Digits that can be counted on from. */
static bool is_number(const char *text)
{
	size_t size = strlen(text);

	return size && size < 20 && strspn(text, "0123456789") == size;
}

/* Lines before the first block. */
static int get_head(struct bundle *b, const char *text, struct why *why)
{
	static const char key[] = "revoked=";
	const char *end = strstr(text, "-----BEGIN");
	char *head = strndup(text, end ? (size_t)(end - text) : 0);
	char *line, *rest = head;
	size_t size = 0;
	int r = 0;

	b->revoked = calloc(1, strlen(text) + 1);
	if (!head || !b->revoked)
		r = why_set(why, -ENOMEM, "out of memory");
	else if (strncmp(head, TITLE "\n", sizeof(TITLE)) ||
		!files_value(head, "url", b->ca.url, sizeof(b->ca.url)))
		r = why_set(why, -EINVAL, "it was not made by `coffer ca "
			"export`");
	else if (!strstr(head, "\ncrl-number="))
		strcpy(b->number, "0");
	else if (!files_value(head, "crl-number", b->number,
		sizeof(b->number)) || !is_number(b->number))
		r = why_set(why, -EINVAL, "crl-number is no number");
	while (!r && (line = strsep(&rest, "\n"))) {
		if (strncmp(line, key, sizeof(key) - 1))
			continue;
		line += sizeof(key) - 1;
		if (!revocations_line(line))
			r = why_set(why, -EINVAL, "\"%.60s\" is no revocation",
				line);
		size += (size_t)sprintf(b->revoked + size, "%s\n", line);
	}
	free(head);
	return r;
}

static bool is_enclave_key(EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	bool ok = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
		EVP_PKEY_get_bits(key) == 3072 &&
		EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) &&
		BN_is_word(e, 3);

	BN_free(e);
	return ok;
}

static int get_blocks(struct bundle *b, BIO *in, const char *passphrase,
	struct why *why)
{
	EVP_PKEY **key;
	bool sealed;

	for (int i = 0; i <= PKI_CERTS; i++) {
		key = i < PKI_CERTS ? &b->ca.key[i] : &b->ca.enclaves;
		if (i < PKI_CERTS) {
			b->ca.cert[i] = PEM_read_bio_X509(in, NULL, NULL,
				NULL);
			if (!b->ca.cert[i])
				return why_set(why, -EINVAL, "a certificate "
					"is missing or damaged");
		}
		*key = get_key(in, passphrase);
		if (*key)
			continue;
		sealed = ERR_GET_REASON(ERR_peek_last_error()) !=
			PEM_R_NO_START_LINE;
		ERR_clear_error();
		return sealed ? why_set(why, -EACCES, "a key cannot be read: "
				"the passphrase is wrong or missing") :
			why_set(why, -EINVAL, "a key is missing");
	}
	return 0;
}

/* Also the numbers of an RSA key that only make it faster. */
static bool is_sound(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool ok = ctx && EVP_PKEY_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool is_p256(EVP_PKEY *key)
{
	char group[32];

	return EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) &&
		!strcmp(group, "prime256v1");
}

static int check(struct bundle *b, struct why *why)
{
	int r = 0;

	for (int i = 0; !r && i < PKI_CERTS; i++) {
		r = ca_check_certificate(&b->ca, i, why);
		if (!r && (X509_check_private_key(b->ca.cert[i],
			b->ca.key[i]) != 1 || !is_sound(b->ca.key[i])))
			r = why_set(why, -EINVAL, "the key and the "
				"certificate of \"%s\" do not belong together",
				x509_common_name(i));
		if (!r && !is_p256(b->ca.key[i]))
			r = why_set(why, -EINVAL, "the key of \"%s\" is not "
				"one of P-256", x509_common_name(i));
	}
	if (!r && (!is_enclave_key(b->ca.enclaves) ||
		!is_sound(b->ca.enclaves)))
		r = why_set(why, -EINVAL, "the key of enclaves is not a sound "
			"RSA-3072 key with exponent 3");
	ERR_clear_error();
	return r ? r : ca_check_url(b->ca.url, why);
}

static int fill(const char *directory, void *ctx, struct why *why)
{
	struct bundle *b = ctx;
	char name[32];
	int r = 0;

	for (int i = 0; !r && i < PKI_CERTS; i++) {
		snprintf(name, sizeof(name), "%s.key", ca_file(i));
		r = ca_write_key(directory, name, b->ca.key[i], why);
		if (!r)
			r = ca_write_cert(directory, i, b->ca.cert[i], why);
	}
	if (!r)
		r = ca_write_key(directory, "enclaves.key", b->ca.enclaves,
			why);
	if (!r)
		r = files_write(directory, "url", b->ca.url,
			strlen(b->ca.url), why);
	if (!r)
		r = files_write(directory, "crl-number", b->number,
			strlen(b->number), why);
	if (!r)
		r = files_write(directory, "revoked", b->revoked,
			strlen(b->revoked), why);
	return r;
}

int pki_import(const char *state, const char *path, const char *passphrase,
	bool replace, struct why *why)
{
	struct bundle *b = calloc(1, sizeof(*b));
	struct pki_bytes text = { NULL, 0 };
	struct why reason;
	BIO *in = NULL;
	int r;

	if (!b)
		return why_set(why, -ENOMEM, "out of memory");
	snprintf(b->ca.directory, sizeof(b->ca.directory), "%s", path);
	r = files_read(".", path, false, &text, &reason);
	if (!r)
		r = get_head(b, (char *)text.data, &reason);
	if (!r) {
		in = BIO_new_mem_buf(text.data, (int)text.size);
		r = in ? get_blocks(b, in, passphrase, &reason) :
			why_set(&reason, -ENOMEM, "out of memory");
	}
	if (!r)
		r = check(b, &reason);
	if (r)
		why_set(why, r, "%s: %s", path, reason.text);
	else
		r = ca_place(state, replace, fill, b, why);
	BIO_free(in);
	pki_bytes_free(&text);
	drop(b);
	free(b);
	return r;
}
