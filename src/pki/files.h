/* SPDX-License-Identifier: MIT */
/*
 * Small files in private directories: read whole, replaced whole.  Functions
 * return 0 or a negative errno with the reason in why.
 */
#ifndef COFFER_PKI_FILES_H
#define COFFER_PKI_FILES_H

#include "pki/ca.h"
#include <limits.h>
#include <sys/types.h>

#define FILES_MAX (1u << 20) /* bytes; larger files are refused */

/* DIRECTORY/NAME, or NAME if it begins with a slash; -ENOENT when it is not there, -EPERM when it is secret and
 * others may read it.  A NUL stands behind the bytes. */
int files_read(const char *directory, const char *name, bool secret,
	struct pki_bytes *, struct why *);

/* Makes or replaces it (0600): a reader sees the old or the new one. */
int files_write(const char *directory, const char *name, const void *data,
	size_t size, struct why *);

/* The same for several files of one directory.  Nothing is seen of them before
 * files_batch_end, which has all of them written to the disk at the same time,
 * or, when given an error, drops them; it returns the error. */
#define FILES_BATCH_MAX 16
struct files_batch {
	int dir; /* descriptor */
	char directory[PATH_MAX];
	unsigned count;
	struct {
		int fd;
		char name[80];
	} item[FILES_BATCH_MAX];
};
int files_batch_begin(struct files_batch *, const char *directory,
	struct why *);
/* -E2BIG when there are FILES_BATCH_MAX. */
int files_batch_add(struct files_batch *, const char *name, const void *data,
	size_t size, struct why *);
int files_batch_end(struct files_batch *, int error, struct why *);

/* -ENOENT is no error. */
int files_remove(const char *directory, const char *name, struct why *);
/* A directory with files in it and directories with files; best effort. */
void files_remove_tree(const char *directory);

/* Waits for the lock of a directory, its file "lock".  A descriptor, to be
 * closed, or a negative errno. */
int files_lock(const char *directory, struct why *);

/* The value of "key=" in lines of text; false if it is not there or has
 * size characters or more. */
bool files_value(const char *text, const char *key, char *value, size_t size);

/* Exactly size bytes of hexadecimal digits, with nothing behind. */
bool files_unhex(const char *text, uint8_t *bytes, size_t size);
void files_hex(const uint8_t *bytes, size_t size, bool upper, char *text);

#endif
