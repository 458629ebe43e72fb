/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of EPC pages are: files of memory, per space, filled from
 * the front, each page used once.  Four kinds:
 *
 *   secret  memfd_secret: no process reads it but through a mapping of its
 *           own, not even root through /proc or ptrace
 *   plain   memfd: data pages beyond what the limit on locked memory allows
 *   code    memfd: executable pages (secret memory cannot be executed);
 *           cells get a read-only descriptor
 *   code_w  memfd: writable and executable pages
 *
 * The processor maps what is used of each file.  Descriptors are closed as
 * soon as the cell has its mappings: who steals a descriptor reads the file.
 * A page that nobody touched has no memory.
 */
#ifndef COFFER_CPU_BACKING_H
#define COFFER_CPU_BACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum backing_kind {
	BACKING_SECRET = 0, BACKING_PLAIN, BACKING_CODE, BACKING_CODE_W,
	BACKING_KINDS,
};

struct backing_file {
	int fd; /* -1 before first use and after backing_close() */
	uint64_t capacity; /* pages */
	uint64_t used; /* pages given out */
	uint8_t *base; /* mapped pages from the front */
	uint64_t mapped;
};

struct backing {
	struct backing_file file[BACKING_KINDS];
	uint64_t secret_left; /* pages that the cell may still lock */
};

/* pages: at most that many of each kind.  secret_pages: how many of them may
 * be on secret memory, as far as the cell's limit goes.  Nothing is created
 * yet. */
void backing_init(struct backing *, uint64_t pages, uint64_t secret_pages);
void backing_free(struct backing *);

/* The next page of a kind: its number in the file, or -1 when there is no
 * memory.  *kind may come back as BACKING_PLAIN for BACKING_SECRET. */
int64_t backing_take(struct backing *, enum backing_kind *kind);

/* 4096 bytes, taken before; valid until the next backing_take(). */
uint8_t *backing_page(struct backing *, enum backing_kind kind,
	uint64_t page);

/* Closes the descriptors; no page can be taken any more. */
void backing_close(struct backing *);

/* How many pages of secret memory this process may map in all. */
void backing_set_secret_total(uint64_t pages);

#endif
