/* SPDX-License-Identifier: MIT */
#include "service/seal_at_rest.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_SIZE 32
#define SALT_SIZE 32
#define IV_SIZE 12
#define TAG_SIZE 16
#define HEAD_SIZE 4
#define FILE_MAX 4096
#define LABEL_MAX 512
#define PASS_SALT_SIZE 16
#define PASS_LABEL "coffer master key"

/* The file names its parameters, so that they can be raised one day; these
 * bound what a changed file could ask of us. */
#define SCRYPT_N 131072
#define SCRYPT_R 8
#define SCRYPT_P 1
#define SCRYPT_N_MOST (1u << 20)
#define SCRYPT_MEMORY (1200ull << 20)

static const uint8_t magic[HEAD_SIZE] = {'C', 'S', 'R', '1'};

struct seal_at_rest {
	uint8_t key[KEY_SIZE];
	char id[17];
};

static void hex_of(const uint8_t *bytes, size_t size, char *out)
{
	for (size_t i = 0; i < size; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Exactly size bytes of lower-case hex. */
static bool hex_to(const char *text, uint8_t *bytes, size_t size)
{
	if (!text || strlen(text) != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void set_id(struct seal_at_rest *seal)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256(seal->key, KEY_SIZE, digest);
	hex_of(digest, 8, seal->id);
}

/* This blob's AES-256 key and, behind it, its IV. */
static int blob_key(const uint8_t key[KEY_SIZE], const uint8_t *salt,
	const char *label, uint8_t out[KEY_SIZE + IV_SIZE])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	size_t size = KEY_SIZE + IV_SIZE;
	int ok = context && EVP_PKEY_derive_init(context) == 1 &&
		EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) == 1 &&
		EVP_PKEY_CTX_set1_hkdf_salt(context, salt, SALT_SIZE) == 1 &&
		EVP_PKEY_CTX_set1_hkdf_key(context, key, KEY_SIZE) == 1 &&
		EVP_PKEY_CTX_add1_hkdf_info(context,
			(const unsigned char *)label,
			(int)strlen(label)) == 1 &&
		EVP_PKEY_derive(context, out, &size) == 1;

	EVP_PKEY_CTX_free(context);
	return ok ? 0 : -EIO;
}

/* One AES-256-GCM pass; encrypting writes the tag, decrypting checks it. */
static int gcm(bool encrypt, const uint8_t derived[KEY_SIZE + IV_SIZE],
	const char *label, const uint8_t *in, size_t size, uint8_t *out,
	uint8_t *tag)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int done = 0, last = 0, r = -EIO;

	if (!context || EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL,
			derived, derived + KEY_SIZE, encrypt) != 1 ||
			EVP_CipherUpdate(context, NULL, &done,
				(const unsigned char *)label,
				(int)strlen(label)) != 1 ||
			(size && EVP_CipherUpdate(context, out, &done, in,
				(int)size) != 1))
		goto out;
	if (!encrypt && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG,
			TAG_SIZE, tag) != 1)
		goto out;
	if (EVP_CipherFinal_ex(context, out + size, &last) != 1) {
		r = encrypt ? -EIO : -EBADMSG;
		goto out;
	}
	if (encrypt && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG,
			TAG_SIZE, tag) != 1)
		goto out;
	r = 0;
out:
	EVP_CIPHER_CTX_free(context);
	return r;
}

static int seal_under(const uint8_t key[KEY_SIZE], const char *label,
	const void *plain, size_t size, uint8_t **blob, size_t *blob_size,
	struct why *why)
{
	uint8_t derived[KEY_SIZE + IV_SIZE], *out;
	int r;

	if (size > SEAL_AT_REST_MAX || strlen(label) > LABEL_MAX)
		return why_set(why, -EINVAL, "too large to be sealed");
	out = malloc(size + SEAL_AT_REST_OVERHEAD);
	if (!out)
		return why_set(why, -ENOMEM, "out of memory");
	memcpy(out, magic, HEAD_SIZE);
	r = RAND_bytes(out + HEAD_SIZE, SALT_SIZE) == 1 ? 0 : -EIO;
	if (!r)
		r = blob_key(key, out + HEAD_SIZE, label, derived);
	if (!r)
		r = gcm(true, derived, label, plain, size,
			out + SEAL_AT_REST_OVERHEAD,
			out + HEAD_SIZE + SALT_SIZE);
	OPENSSL_cleanse(derived, sizeof(derived));
	if (r) {
		free(out);
		return why_set(why, r, "OpenSSL could not encrypt");
	}
	*blob = out;
	*blob_size = size + SEAL_AT_REST_OVERHEAD;
	return 0;
}

static int unseal_under(const uint8_t key[KEY_SIZE], const char *label,
	const uint8_t *blob, size_t blob_size, uint8_t **plain, size_t *size,
	struct why *why)
{
	uint8_t derived[KEY_SIZE + IV_SIZE], tag[TAG_SIZE], *out;
	size_t n;
	int r;

	if (blob_size < SEAL_AT_REST_OVERHEAD ||
			blob_size - SEAL_AT_REST_OVERHEAD > SEAL_AT_REST_MAX ||
			strlen(label) > LABEL_MAX ||
			memcmp(blob, magic, HEAD_SIZE))
		return why_set(why, -EBADMSG, "this is nothing sealed here");
	n = blob_size - SEAL_AT_REST_OVERHEAD;
	out = calloc(1, n + 1);
	if (!out)
		return why_set(why, -ENOMEM, "out of memory");
	memcpy(tag, blob + HEAD_SIZE + SALT_SIZE, TAG_SIZE);
	r = blob_key(key, blob + HEAD_SIZE, label, derived);
	if (!r)
		r = gcm(false, derived, label, blob + SEAL_AT_REST_OVERHEAD, n,
			out, tag);
	OPENSSL_cleanse(derived, sizeof(derived));
	if (r) {
		seal_at_rest_wipe(out, n);
		return why_set(why, r, r == -EBADMSG ?
			"sealed under another master key, or changed since" :
			"OpenSSL could not decrypt");
	}
	*plain = out;
	*size = n;
	return 0;
}

int seal_at_rest_seal(const struct seal_at_rest *seal, const char *label,
	const void *plain, size_t size, uint8_t **blob, size_t *blob_size,
	struct why *why)
{
	return seal_under(seal->key, label, plain, size, blob, blob_size, why);
}

int seal_at_rest_unseal(const struct seal_at_rest *seal, const char *label,
	const uint8_t *blob, size_t blob_size, uint8_t **plain, size_t *size,
	struct why *why)
{
	return unseal_under(seal->key, label, blob, blob_size, plain, size,
		why);
}

void seal_at_rest_wipe(void *plain, size_t size)
{
	if (!plain)
		return;
	OPENSSL_cleanse(plain, size);
	free(plain);
}

/* --- the file ----------------------------------------------------------- */

static int stretch(const char *passphrase, const uint8_t *salt, uint64_t n,
	uint64_t r, uint64_t p, uint8_t key[KEY_SIZE], struct why *why)
{
	if (EVP_PBE_scrypt(passphrase, strlen(passphrase), salt,
			PASS_SALT_SIZE, n, r, p, SCRYPT_MEMORY, key,
			KEY_SIZE) != 1)
		return why_set(why, -ENOMEM, "scrypt failed: it needs %llu "
			"MiB of memory",
			(unsigned long long)(128 * n * r >> 20));
	return 0;
}

/* The file's text, allocated; to be wiped like a secret. */
static int print_file(const struct seal_at_rest *seal, const char *passphrase,
	char **text, struct why *why)
{
	uint8_t salt[PASS_SALT_SIZE], under[KEY_SIZE], *blob = NULL;
	char hex[2 * (KEY_SIZE + SEAL_AT_REST_OVERHEAD) + 1];
	char salt_hex[2 * PASS_SALT_SIZE + 1];
	size_t blob_size;
	int r = 0, n;

	if (!passphrase) {
		hex_of(seal->key, KEY_SIZE, hex);
		n = asprintf(text, "{\n  \"coffer-master-key\": 1,\n"
			"  \"id\": \"%s\",\n  \"key\": \"%s\"\n}\n", seal->id,
			hex);
	} else {
		if (RAND_bytes(salt, sizeof(salt)) != 1)
			return why_set(why, -EIO, "no random numbers");
		r = stretch(passphrase, salt, SCRYPT_N, SCRYPT_R, SCRYPT_P,
			under, why);
		if (!r)
			r = seal_under(under, PASS_LABEL, seal->key, KEY_SIZE,
				&blob, &blob_size, why);
		OPENSSL_cleanse(under, sizeof(under));
		if (r)
			return r;
		hex_of(blob, blob_size, hex);
		hex_of(salt, sizeof(salt), salt_hex);
		free(blob);
		n = asprintf(text, "{\n  \"coffer-master-key\": 1,\n"
			"  \"id\": \"%s\",\n  \"scrypt\": { \"n\": %d, "
			"\"r\": %d, \"p\": %d,\n    \"salt\": \"%s\" },\n"
			"  \"sealed\": \"%s\"\n}\n", seal->id, SCRYPT_N,
			SCRYPT_R, SCRYPT_P, salt_hex, hex);
	}
	OPENSSL_cleanse(hex, sizeof(hex));
	return n < 0 ? why_set(why, -ENOMEM, "out of memory") : 0;
}

/* Writes the file whole, or not at all; fresh: only where there is none. */
static int write_file(const char *path, const char *text, bool fresh,
	struct why *why)
{
	char temporary[4096 + 16];
	int fd, r = 0, n;
	size_t size = strlen(text);

	n = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(temporary))
		return why_set(why, -ENAMETOOLONG, "path too long: %s", path);
	fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
	if (fd < 0)
		return why_set(why, -errno, "cannot make %s: %s", temporary,
			strerror(errno));
	if (write(fd, text, size) != (ssize_t)size || fsync(fd))
		r = -(errno ? errno : EIO);
	close(fd);
	if (!r && (fresh ? link(temporary, path) : rename(temporary, path)))
		r = -errno;
	if (r || fresh)
		unlink(temporary);
	if (r == -EEXIST)
		return r;
	return r ? why_set(why, r, "cannot write %s: %s", path, strerror(-r))
		 : 0;
}

/* -ENOENT where there is none. */
static int read_file(const char *path, char text[FILE_MAX + 1], struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat about;
	ssize_t n;
	int r = 0;

	if (fd < 0)
		return why_set(why, -errno, "cannot open the master key %s: "
			"%s", path, strerror(errno));
	if (fstat(fd, &about) || !S_ISREG(about.st_mode))
		r = why_set(why, -EPERM, "%s is no file", path);
	else if (about.st_uid != geteuid() || (about.st_mode & 077))
		r = why_set(why, -EPERM, "the master key %s must belong to "
			"you and be closed to others: chmod 600 it", path);
	else if ((n = read(fd, text, FILE_MAX)) <= 0)
		r = why_set(why, -EBADMSG, "the master key %s is empty", path);
	else
		text[n] = '\0';
	close(fd);
	return r;
}

static int open_sealed(const json_t *file, const char *path,
	const char *passphrase, uint8_t key[KEY_SIZE], struct why *why)
{
	uint8_t salt[PASS_SALT_SIZE], under[KEY_SIZE], *plain = NULL;
	uint8_t blob[KEY_SIZE + SEAL_AT_REST_OVERHEAD];
	const char *salt_hex, *blob_hex;
	json_int_t n, r, p;
	size_t size;
	int e;

	if (!passphrase)
		return why_set(why, -EACCES, "the master key %s is encrypted: "
			"give its passphrase", path);
	if (json_unpack((json_t *)file, "{s:{s:I, s:I, s:I, s:s}, s:s}",
			"scrypt", "n", &n, "r", &r, "p", &p, "salt", &salt_hex,
			"sealed", &blob_hex) ||
			n < 2 || n > SCRYPT_N_MOST || (n & (n - 1)) ||
			r != SCRYPT_R || p != SCRYPT_P ||
			!hex_to(salt_hex, salt, sizeof(salt)) ||
			!hex_to(blob_hex, blob, sizeof(blob)))
		return why_set(why, -EBADMSG, "the master key %s is damaged",
			path);
	e = stretch(passphrase, salt, (uint64_t)n, (uint64_t)r, (uint64_t)p,
		under, why);
	if (e)
		return e;
	e = unseal_under(under, PASS_LABEL, blob, sizeof(blob), &plain, &size,
		NULL);
	OPENSSL_cleanse(under, sizeof(under));
	if (e || size != KEY_SIZE)
		return why_set(why, -EACCES,
			"wrong passphrase for the master key %s", path);
	memcpy(key, plain, KEY_SIZE);
	seal_at_rest_wipe(plain, size);
	return 0;
}

static int parse_file(const char *text, const char *path,
	const char *passphrase, struct seal_at_rest *seal, struct why *why)
{
	json_t *file = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *id = NULL, *key = NULL;
	int version = 0, r = 0;

	if (!file || json_unpack(file, "{s:i, s:s, s?s}", "coffer-master-key",
			&version, "id", &id, "key", &key) || version != 1) {
		r = why_set(why, -EBADMSG, "%s is no master key", path);
	} else if (!key) {
		r = open_sealed(file, path, passphrase, seal->key, why);
	} else if (passphrase) {
		r = why_set(why, -EACCES, "the master key %s has no "
			"passphrase, but one was given", path);
	} else if (!hex_to(key, seal->key, KEY_SIZE)) {
		r = why_set(why, -EBADMSG, "the master key %s is damaged",
			path);
	}
	if (!r) {
		set_id(seal);
		if (strcmp(seal->id, id))
			r = why_set(why, -EBADMSG,
				"the master key %s is damaged", path);
	}
	json_decref(file);
	return r;
}

static int make_file(const char *path, const char *passphrase,
	struct why *why)
{
	struct seal_at_rest fresh;
	char *text;
	int r;

	if (RAND_priv_bytes(fresh.key, KEY_SIZE) != 1)
		return why_set(why, -EIO, "no random numbers");
	set_id(&fresh);
	r = print_file(&fresh, passphrase, &text, why);
	OPENSSL_cleanse(&fresh, sizeof(fresh));
	if (r)
		return r;
	r = write_file(path, text, true, why);
	seal_at_rest_wipe(text, strlen(text));
	return r == -EEXIST ? 0 : r; /* somebody else was first: theirs */
}

int seal_at_rest_open(const char *path, const char *passphrase,
	struct seal_at_rest **seal, struct why *why)
{
	char text[FILE_MAX + 1] = "";
	struct seal_at_rest *s;
	int r;

	if (passphrase && !*passphrase)
		return why_set(why, -EINVAL, "the passphrase is empty");
	r = read_file(path, text, why);
	if (r == -ENOENT) {
		r = make_file(path, passphrase, why);
		if (!r)
			r = read_file(path, text, why);
	}
	if (r)
		return r;
	s = calloc(1, sizeof(*s));
	r = s ? parse_file(text, path, passphrase, s, why)
	      : why_set(why, -ENOMEM, "out of memory");
	OPENSSL_cleanse(text, sizeof(text));
	if (r) {
		seal_at_rest_close(s);
		return r;
	}
	*seal = s;
	return 0;
}

int seal_at_rest_rewrap(const struct seal_at_rest *seal, const char *path,
	const char *passphrase, struct why *why)
{
	char *text;
	int r;

	if (passphrase && !*passphrase)
		return why_set(why, -EINVAL, "the passphrase is empty");
	r = print_file(seal, passphrase, &text, why);
	if (r)
		return r;
	r = write_file(path, text, false, why);
	seal_at_rest_wipe(text, strlen(text));
	return r;
}

const char *seal_at_rest_id(const struct seal_at_rest *seal)
{
	return seal->id;
}

void seal_at_rest_close(struct seal_at_rest *seal)
{
	seal_at_rest_wipe(seal, sizeof(*seal));
}
