/* SPDX-License-Identifier: MIT */
#include "service/service.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/paths.h"

#define SECRET_MAX 65536

int64_t service_now(const struct service *service)
{
	return service->time ? service->time : (int64_t)time(NULL);
}

bool service_same(const char *a, const char *b)
{
	size_t size = strlen(a);

	return size == strlen(b) && !CRYPTO_memcmp(a, b, size);
}

static bool carries(const struct http_request *request, const char *header,
	const char *token)
{
	const char *bearer = http_bearer(request);
	const char *other = header ? http_header(request, header) : NULL;

	return (bearer && service_same(bearer, token)) ||
		(other && service_same(other, token));
}

bool service_is_admin(const struct service *service,
	const struct http_request *request, const char *header)
{
	return carries(request, header, service->admin_token);
}

bool service_is_user(const struct service *service,
	const struct http_request *request, const char *header)
{
	return carries(request, header, service->user_token);
}

/* --- secret files ------------------------------------------------------- */

static int read_secret(const char *path, uint8_t **bytes, size_t *size,
	struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	uint8_t *text;
	size_t used = 0;
	ssize_t n = 1;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : why_set(why, -errno,
			"%s: %s", path, strerror(errno));
	if (fstat(fd, &status) || !S_ISREG(status.st_mode) ||
	    status.st_uid != geteuid() || status.st_mode & 077 ||
	    status.st_size > SECRET_MAX) {
		close(fd);
		return why_set(why, -EPERM, "%s must be a small file of yours "
			"that nobody else can read: chmod 600", path);
	}
	text = calloc(1, SECRET_MAX + 1);
	while (text && n > 0 && used < SECRET_MAX) {
		n = read(fd, text + used, SECRET_MAX - used);
		used += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (!text || n < 0) {
		free(text);
		return why_set(why, text ? -EIO : -ENOMEM,
			"%s cannot be read", path);
	}
	*bytes = text;
	*size = used;
	return 0;
}

/* Writes under another name, then links it into place: who comes first wins,
 * and a file is there whole or not at all.  replace: it takes the place of
 * one that is there. */
static int write_secret(const char *path, const uint8_t *bytes, size_t size,
	bool replace, struct why *why)
{
	char fresh[PATH_MAX];
	int fd, r = 0;

	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.XXXXXX", path) >=
	    sizeof(fresh))
		return why_set(why, -ENAMETOOLONG, "%s is too long", path);
	fd = mkostemp(fresh, O_CLOEXEC);
	if (fd < 0)
		return why_set(why, -errno, "%s: %s", fresh, strerror(errno));
	if (write(fd, bytes, size) != (ssize_t)size || fsync(fd))
		r = -EIO;
	close(fd);
	if (!r && replace ? rename(fresh, path) :
			!r && link(fresh, path) && errno != EEXIST)
		r = -errno;
	unlink(fresh);
	return r ? why_set(why, r, "%s cannot be written: %s", path,
		strerror(-r)) : 0;
}

int service_secret_file(const char *folder, const char *name,
	int (*make)(void *context, uint8_t **bytes, size_t *size,
		struct why *why),
	void *context, uint8_t **bytes, size_t *size, struct why *why)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), folder, name, why);

	if (!r)
		r = read_secret(path, bytes, size, why);
	if (r != -ENOENT)
		return r;
	r = make(context, bytes, size, why);
	if (r)
		return r;
	r = write_secret(path, *bytes, *size, false, why);
	OPENSSL_cleanse(*bytes, *size);
	free(*bytes);
	*bytes = NULL;
	return r ? r : read_secret(path, bytes, size, why);
}

int service_secret_replace(const char *folder, const char *name,
	const uint8_t *bytes, size_t size, struct why *why)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), folder, name, why);

	return r ? r : write_secret(path, bytes, size, true, why);
}

int service_token_new(char token[SERVICE_TOKEN_CHARS + 1], struct why *why)
{
	uint8_t random[32], text[64];

	if (RAND_bytes(random, sizeof(random)) != 1)
		return why_set(why, -EIO, "no random bytes");
	EVP_EncodeBlock(text, random, sizeof(random));
	for (size_t i = 0; i < SERVICE_TOKEN_CHARS; i++)
		token[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' :
			(char)text[i];
	token[SERVICE_TOKEN_CHARS] = '\0';
	OPENSSL_cleanse(random, sizeof(random));
	OPENSSL_cleanse(text, sizeof(text));
	return 0;
}

static int make_token(void *context, uint8_t **bytes, size_t *size,
	struct why *why)
{
	char *text = calloc(1, SERVICE_TOKEN_CHARS + 2);
	int r = text ? service_token_new(text, why) :
		why_set(why, -ENOMEM, "out of memory");

	if (r) {
		free(text);
		return r;
	}
	text[SERVICE_TOKEN_CHARS] = '\n';
	*bytes = (uint8_t *)text;
	*size = SERVICE_TOKEN_CHARS + 1;
	return 0;
}

int service_token(const char *folder, const char *name,
	char token[SERVICE_TOKEN_CHARS + 1], struct why *why)
{
	uint8_t *bytes;
	size_t size;
	int r = service_secret_file(folder, name, make_token, NULL, &bytes,
		&size, why);

	if (r)
		return r;
	while (size && (bytes[size - 1] == 0x0a || bytes[size - 1] == 0x0d))
		size--;
	if (size != SERVICE_TOKEN_CHARS || memchr(bytes, 0, size))
		r = why_set(why, -EINVAL, "%s/%s does not hold a token of %d "
			"characters: remove it, then another is made", folder,
			name, SERVICE_TOKEN_CHARS);
	else {
		memcpy(token, bytes, size);
		token[size] = '\0';
	}
	OPENSSL_cleanse(bytes, size);
	free(bytes);
	return r;
}

/* --- the master key ----------------------------------------------------- */

#define PASSPHRASE_MAX 1024

/* The first line of a private file; "" when there is none. */
static int read_passphrase(const char *path, char text[PASSPHRASE_MAX],
	struct why *why)
{
	uint8_t *bytes;
	size_t size, line;
	int r = read_secret(path, &bytes, &size, why);

	if (r == -ENOENT)
		return why_set(why, r, "there is no file %s "
			"(master_passphrase_file)", path);
	if (r)
		return r;
	line = strcspn((char *)bytes, "\r\n");
	if (!line || line >= PASSPHRASE_MAX)
		r = why_set(why, -EINVAL, "the first line of %s must be a "
			"passphrase of 1 to %d bytes", path,
			PASSPHRASE_MAX - 1);
	else
		memcpy(text, bytes, line);
	text[r ? 0 : line] = '\0';
	OPENSSL_cleanse(bytes, size);
	free(bytes);
	return r;
}

/* The master key's path and its passphrase as the configuration has them. */
static int master_key_place(const struct service *service,
	char path[PATH_MAX], char passphrase[PASSPHRASE_MAX], struct why *why)
{
	const char *given = config_text(service->config, "master_key");
	const char *passphrase_file = config_text(service->config,
		"master_passphrase_file");

	passphrase[0] = '\0';
	if (strlen(given) >= PATH_MAX)
		return why_set(why, -ENAMETOOLONG, "master_key is too long");
	if (*given)
		strcpy(path, given);
	else if (paths_join(path, PATH_MAX, service->folder, "master.key",
			why))
		return -ENAMETOOLONG;
	return *passphrase_file ? read_passphrase(passphrase_file, passphrase,
		why) : 0;
}

int service_master_key(const struct service *service,
	struct seal_at_rest **seal, struct why *why)
{
	char path[PATH_MAX], passphrase[PASSPHRASE_MAX];
	int r = master_key_place(service, path, passphrase, why);

	if (!r)
		r = seal_at_rest_open(path, *passphrase ? passphrase : NULL,
			seal, why);
	OPENSSL_cleanse(passphrase, sizeof(passphrase));
	return r;
}

int service_new_passphrase(const struct service *service,
	const char *passphrase_file, struct why *why)
{
	char path[PATH_MAX], passphrase[PASSPHRASE_MAX];
	struct seal_at_rest *seal = NULL;
	int r = service_master_key(service, &seal, why);

	if (!r)
		r = master_key_place(service, path, passphrase, why);
	passphrase[0] = '\0';
	if (!r && strcmp(passphrase_file, "-"))
		r = read_passphrase(passphrase_file, passphrase, why);
	if (!r)
		r = seal_at_rest_rewrap(seal, path, *passphrase ? passphrase :
			NULL, why);
	OPENSSL_cleanse(passphrase, sizeof(passphrase));
	seal_at_rest_close(seal);
	return r;
}
