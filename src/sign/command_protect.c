/* SPDX-License-Identifier: MIT */
/* oesign protect: encrypts sections of an image that is to be signed. */
#include "oesign.h"

#include "image/protect.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool load_key(const char *path, uint8_t key[COFFER_PROTECTED_KEY_SIZE])
{
	size_t size;
	uint8_t *data = read_file(path, &size);
	bool good = data && size == COFFER_PROTECTED_KEY_SIZE;

	if (good)
		memcpy(key, data, size);
	else if (data)
		complain("%s: a key has %u bytes, this file has %zu", path,
			COFFER_PROTECTED_KEY_SIZE, size);
	else
		complain("%s: %s", path, strerror(errno));
	if (data)
		OPENSSL_cleanse(data, size);
	free(data);
	return good;
}

/* Never over a file that is there: it may be somebody's only key. */
static bool make_key(const char *path, uint8_t key[COFFER_PROTECTED_KEY_SIZE])
{
	int fd;
	bool good;

	if (RAND_priv_bytes(key, COFFER_PROTECTED_KEY_SIZE) != 1) {
		complain("no random bytes for a key");
		return false;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		complain("%s: %s", path, strerror(errno));
		return false;
	}
	good = write(fd, key, COFFER_PROTECTED_KEY_SIZE) ==
		COFFER_PROTECTED_KEY_SIZE && !fsync(fd);
	if (close(fd) || !good) {
		complain("%s: %s", path, strerror(errno));
		unlink(path);
		return false;
	}
	return true;
}

static bool write_protected(const struct protect_command *o,
	const uint8_t *bytes, size_t size, uint32_t mode)
{
	struct image_error error = {""};
	char *name = NULL;
	bool good;

	if (!o->output && asprintf(&name, "%s.protected", o->image) < 0) {
		complain("out of memory");
		return false;
	}
	good = !image_write_file(o->output ? o->output : name, bytes, size,
		mode, &error);
	if (good)
		printf("Created %s\n", o->output ? o->output : name);
	else
		complain("%s", error.text);
	free(name);
	return good;
}

static bool protect(const struct protect_command *o,
	const uint8_t key[COFFER_PROTECTED_KEY_SIZE])
{
	struct protect_options options = { .prefix = o->prefix,
		.prefix_count = o->prefix_count,
		.keep_debug = o->keep_debug };
	struct image_error error = {""};
	struct protect_report report;
	enum image_result r;
	struct stat st;
	size_t size;
	uint8_t *bytes;
	bool good;

	bytes = read_file(o->image, &size);
	if (!bytes || stat(o->image, &st)) {
		complain("%s: %s", o->image, strerror(errno));
		free(bytes);
		return false;
	}
	r = protect_image(bytes, size, key, &options, &report, &error);
	if (r) {
		complain("%s: %s", o->image, error.text);
		free(bytes);
		return false;
	}
	good = write_protected(o, bytes, size, st.st_mode);
	if (good)
		printf("%zu sections, %llu bytes encrypted; %llu pages are "
			"writable until they are unlocked; %llu bytes of "
			"symbols and debug information overwritten\n",
			report.ranges, (unsigned long long)report.bytes,
			(unsigned long long)report.writable_pages,
			(unsigned long long)report.wiped);
	free(bytes);
	return good;
}

int command_protect(const struct protect_command *o)
{
	uint8_t key[COFFER_PROTECTED_KEY_SIZE];
	bool good;

	good = o->new_key ? make_key(o->new_key, key)
		: load_key(o->key, key);
	if (good && !protect(o, key)) {
		good = false;
		if (o->new_key)
			unlink(o->new_key);
	}
	OPENSSL_cleanse(key, sizeof(key));
	return !good;
}
