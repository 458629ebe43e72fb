/* SPDX-License-Identifier: MIT */
#include "pki/files.h"

#include "common/paths.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void pki_bytes_free(struct pki_bytes *b)
{
	if (b->data)
		explicit_bzero(b->data, b->size);
	free(b->data);
	*b = (struct pki_bytes){ NULL, 0 };
}

static int read_all(int fd, struct pki_bytes *out)
{
	struct stat st;
	size_t used = 0;
	ssize_t n = 1;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_size > (off_t)FILES_MAX)
		return -EINVAL;
	out->data = malloc((size_t)st.st_size + 1);
	if (!out->data)
		return -ENOMEM;
	while (used < (size_t)st.st_size && n) {
		n = read(fd, out->data + used, (size_t)st.st_size - used);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			used += (size_t)n;
	}
	out->data[used] = '\0';
	out->size = used;
	return 0;
}

int files_read(const char *directory, const char *name, bool secret,
	struct pki_bytes *out, struct why *why)
{
	char path[PATH_MAX];
	struct stat st;
	int fd, r;

	*out = (struct pki_bytes){ NULL, 0 };
	if (*name == '/')
		r = snprintf(path, sizeof(path), "%s", name) >=
			(int)sizeof(path) ? -ENAMETOOLONG : 0;
	else
		r = paths_join(path, sizeof(path), directory, name, why);
	if (r)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		r = -errno;
		return why_set(why, r, "cannot open %s: %s", path,
			strerror(-r));
	}
	if (secret && (fstat(fd, &st) || st.st_uid != geteuid() ||
		(st.st_mode & 077)))
		r = why_set(why, -EPERM, "%s must belong to this user and be "
			"closed to others (chmod 600)", path);
	if (!r) {
		r = read_all(fd, out);
		if (r)
			why_set(why, r, "cannot read %s: %s", path,
				strerror(-r));
	}
	close(fd);
	if (r)
		pki_bytes_free(out);
	return r;
}

static int put(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Of its own name, as two may write at a time. */
static void fresh_name(const char *name, char fresh[300])
{
	snprintf(fresh, 300, ".%.200s.%d", name, (int)gettid());
}

static int open_fresh(int dir, const char *fresh)
{
	int fd = dir < 0 ? -1 : openat(dir, fresh, O_WRONLY | O_CREAT |
		O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

int files_write(const char *directory, const char *name, const void *data,
	size_t size, struct why *why)
{
	char fresh[300];
	int dir, fd, r;

	fresh_name(name, fresh);
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = open_fresh(dir, fresh);
	r = fd < 0 ? fd : put(fd, data, size);
	if (!r && fsync(fd))
		r = -errno;
	if (!r && renameat(dir, fresh, dir, name))
		r = -errno;
	if (!r && fsync(dir))
		r = -errno;
	if (r && dir >= 0)
		unlinkat(dir, fresh, 0);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return r ? why_set(why, r, "cannot write %s/%s: %s", directory, name,
		strerror(-r)) : 0;
}

/* ---- several ---- */

int files_batch_begin(struct files_batch *batch, const char *directory,
	struct why *why)
{
	batch->count = 0;
	snprintf(batch->directory, sizeof(batch->directory), "%s", directory);
	batch->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return batch->dir < 0 ? why_set(why, -errno, "cannot open %s: %s",
		directory, strerror(errno)) : 0;
}

int files_batch_add(struct files_batch *batch, const char *name,
	const void *data, size_t size, struct why *why)
{
	char fresh[300];
	int fd, r;

	if (batch->count == FILES_BATCH_MAX ||
	    strlen(name) >= sizeof(batch->item[0].name))
		return why_set(why, -E2BIG, "too many files for %s",
			batch->directory);
	fresh_name(name, fresh);
	fd = open_fresh(batch->dir, fresh);
	r = fd < 0 ? fd : put(fd, data, size);
	if (fd >= 0) {
		strcpy(batch->item[batch->count].name, name);
		batch->item[batch->count++].fd = fd;
	}
	return r ? why_set(why, r, "cannot write %s/%s: %s", batch->directory,
		name, strerror(-r)) : 0;
}

static void *sync_one(void *fd)
{
	return (void *)(intptr_t)(fsync(*(int *)fd) ? -errno : 0);
}

/* Together they wait for the disk once or twice, and not once each. */
static int sync_batch(struct files_batch *batch)
{
	pthread_t thread[FILES_BATCH_MAX];
	bool started[FILES_BATCH_MAX];
	void *result;
	int r = 0;

	for (unsigned i = 0; i < batch->count; i++)
		started[i] = !pthread_create(&thread[i], NULL, sync_one,
			&batch->item[i].fd);
	for (unsigned i = 0; i < batch->count; i++) {
		if (started[i])
			pthread_join(thread[i], &result);
		else
			result = sync_one(&batch->item[i].fd);
		if (result)
			r = (int)(intptr_t)result;
	}
	return r;
}

int files_batch_end(struct files_batch *batch, int error, struct why *why)
{
	char fresh[300];
	int r = error ? 0 : sync_batch(batch);

	for (unsigned i = 0; i < batch->count; i++) {
		fresh_name(batch->item[i].name, fresh);
		if (!error && !r && renameat(batch->dir, fresh, batch->dir,
				batch->item[i].name))
			r = -errno;
		if (error || r)
			unlinkat(batch->dir, fresh, 0);
		close(batch->item[i].fd);
	}
	if (batch->count && !error && !r && fsync(batch->dir))
		r = -errno;
	if (batch->dir >= 0)
		close(batch->dir);
	if (error)
		return error;
	return r ? why_set(why, r, "cannot write to %s: %s", batch->directory,
		strerror(-r)) : 0;
}

int files_remove(const char *directory, const char *name, struct why *why)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), directory, name, why);

	if (r || !unlink(path) || errno == ENOENT)
		return r;
	return why_set(why, -errno, "cannot remove %s: %s", path,
		strerror(errno));
}

static void remove_below(int parent, const char *name, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(fd, e->d_name, 0) && depth > 0)
			remove_below(fd, e->d_name, depth - 1);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	unlinkat(parent, name, AT_REMOVEDIR);
}

void files_remove_tree(const char *directory)
{
	remove_below(AT_FDCWD, directory, 1);
}

int files_lock(const char *directory, struct why *why)
{
	char path[PATH_MAX];
	int fd, r = paths_join(path, sizeof(path), directory, "lock", why);

	if (r)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return why_set(why, -errno, "cannot open %s: %s", path,
			strerror(errno));
	while (flock(fd, LOCK_EX)) {
		r = -errno;
		if (r == -EINTR)
			continue;
		close(fd);
		return why_set(why, r, "cannot lock %s: %s", path,
			strerror(-r));
	}
	return fd;
}

bool files_value(const char *text, const char *key, char *value, size_t size)
{
	size_t length = strlen(key), n;

	while (text && *text) {
		n = strcspn(text, "\n");
		if (n > length && !strncmp(text, key, length) &&
		    text[length] == '=') {
			n -= length + 1;
			if (n >= size)
				return false;
			memcpy(value, text + length + 1, n);
			value[n] = '\0';
			return true;
		}
		text += n + (text[n] == '\n');
	}
	return false;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool files_unhex(const char *text, uint8_t *bytes, size_t size)
{
	if (strlen(text) != 2 * size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high * 16 + low);
	}
	return true;
}

void files_hex(const uint8_t *bytes, size_t size, bool upper, char *text)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 15];
	}
	*text = '\0';
}
