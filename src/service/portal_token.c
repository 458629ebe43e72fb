/* SPDX-License-Identifier: MIT */
#include "service/portal_token.h"

#include "common/log.h"
#include "common/paths.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "tokens"
#define FILE_MAX 256

static int write_down(const struct portal_token_pair *pair, uint8_t **bytes,
	size_t *size)
{
	char *text = malloc(FILE_MAX);

	if (!text)
		return -ENOMEM;
	*size = (size_t)snprintf(text, FILE_MAX,
		"read-write %s\nread-only %s\n", pair->write, pair->read);
	*bytes = (uint8_t *)text;
	return 0;
}

static int make(void *context, uint8_t **bytes, size_t *size,
	struct why *why)
{
	struct portal_token_pair pair;
	int r = service_token_new(pair.write, why);

	if (!r)
		r = service_token_new(pair.read, why);
	if (!r)
		r = write_down(&pair, bytes, size);
	OPENSSL_cleanse(&pair, sizeof(pair));
	return r;
}

static bool token_ok(const char *text, size_t size)
{
	return size == SERVICE_TOKEN_CHARS && strspn(text, "ABCDEFGHIJKLM"
		"NOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") >= size;
}

/* Both lines, each once, nothing else. */
static bool parse(const char *text, struct portal_token_pair *pair)
{
	size_t size;

	memset(pair, 0, sizeof(*pair));
	for (; *text; text += size + (text[size] == '\n')) {
		char *to = NULL;
		const char *token = strchr(text, ' ');

		size = strcspn(text, "\n");
		if (!strncmp(text, "read-write ", 11))
			to = pair->write;
		else if (!strncmp(text, "read-only ", 10))
			to = pair->read;
		if (!to || *to || !token_ok(token + 1,
				size - (size_t)(token + 1 - text)))
			return false;
		memcpy(to, token + 1, SERVICE_TOKEN_CHARS);
	}
	return *pair->write && *pair->read &&
		strcmp(pair->write, pair->read);
}

int portal_token_read(const char *folder, struct portal_token_pair *pair,
	struct why *why)
{
	uint8_t *bytes;
	size_t size;
	int r = service_secret_file(folder, NAME, make, NULL, &bytes, &size,
		why);

	if (r)
		return r;
	if (strlen((char *)bytes) != size || !parse((char *)bytes, pair)) {
		OPENSSL_cleanse(pair, sizeof(*pair));
		r = why_set(why, -EINVAL, "%s/%s does not hold two tokens: "
			"remove it, then others are made", folder, NAME);
	}
	OPENSSL_cleanse(bytes, size);
	free(bytes);
	return r;
}

/* One at a time, or of two the first one's new token would be lost. */
static int lock(const char *folder, struct why *why)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return why_set(why, -errno, "%s: %s", folder,
			strerror(errno));
	while (flock(fd, LOCK_EX))
		if (errno != EINTR) {
			close(fd);
			return why_set(why, -errno, "%s cannot be locked: %s",
				folder, strerror(errno));
		}
	return fd;
}

int portal_token_renew(const char *folder, bool write, bool read,
	struct portal_token_pair *pair, struct why *why)
{
	uint8_t *bytes = NULL;
	size_t size = 0;
	int fd = lock(folder, why), r;

	if (fd < 0)
		return fd;
	r = portal_token_read(folder, pair, why);
	if (!r && write)
		r = service_token_new(pair->write, why);
	if (!r && read)
		r = service_token_new(pair->read, why);
	if (!r && (r = write_down(pair, &bytes, &size)))
		why_set(why, r, "out of memory");
	if (!r)
		r = service_secret_replace(folder, NAME, bytes, size, why);
	if (bytes)
		OPENSSL_cleanse(bytes, size);
	free(bytes);
	close(fd);
	if (r)
		OPENSSL_cleanse(pair, sizeof(*pair));
	return r;
}

/* --- in the running service --------------------------------------------- */

struct portal_tokens {
	pthread_mutex_t lock;
	char folder[PATH_MAX], path[PATH_MAX];
	struct portal_token_pair pair;
	struct stat seen; /* the file that pair comes from */
	bool good;
};

static bool unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
		a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
		a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Under the lock.  What was seen is looked at before the file is read: one
 * that is replaced between the two is read again with the next request. */
static int refresh(struct portal_tokens *tokens, struct why *why)
{
	struct stat now;
	int r;

	if (stat(tokens->path, &now))
		memset(&now, 0, sizeof(now));
	else if (tokens->good && unchanged(&now, &tokens->seen))
		return 0;
	r = portal_token_read(tokens->folder, &tokens->pair, why);
	tokens->good = !r;
	tokens->seen = now;
	return r;
}

int portal_tokens_open(const char *folder, struct portal_tokens **out,
	struct why *why)
{
	struct portal_tokens *tokens = calloc(1, sizeof(*tokens));
	int r;

	*out = NULL;
	if (!tokens)
		return why_set(why, -ENOMEM, "out of memory");
	pthread_mutex_init(&tokens->lock, NULL);
	r = paths_join(tokens->path, sizeof(tokens->path), folder, NAME, why);
	if (!r) {
		snprintf(tokens->folder, sizeof(tokens->folder), "%s",
			folder);
		r = refresh(tokens, why);
	}
	if (r)
		portal_tokens_close(tokens);
	else
		*out = tokens;
	return r;
}

void portal_tokens_close(struct portal_tokens *tokens)
{
	if (!tokens)
		return;
	pthread_mutex_destroy(&tokens->lock);
	OPENSSL_cleanse(tokens, sizeof(*tokens));
	free(tokens);
}

enum portal_right portal_tokens_right(struct portal_tokens *tokens,
	const char *bearer)
{
	enum portal_right right = PORTAL_NOTHING;
	struct why why = { "" };

	pthread_mutex_lock(&tokens->lock);
	if (refresh(tokens, &why))
		log_error("portal: %s", why.text);
	else if (bearer && service_same(bearer, tokens->pair.write))
		right = PORTAL_WRITE;
	else if (bearer && service_same(bearer, tokens->pair.read))
		right = PORTAL_READ;
	pthread_mutex_unlock(&tokens->lock);
	return right;
}
