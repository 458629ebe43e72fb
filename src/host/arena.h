/* SPDX-License-Identifier: MIT */
/*
 * The arena: the one region of this process that its enclaves share, at the
 * same address, and a fast allocator in it.  An enclave can scribble over
 * all of the arena at any time, so nothing that the allocator believes lies
 * inside: lists, sizes and states are in ordinary memory.
 *
 * The region is a memfd, sealed against any change of its size, made at the
 * first use and never removed.  It is sparse: memory that nobody touched
 * costs nothing.  It is left out of core dumps.
 *
 * After a fork the child may read what it inherited, but the arena is the
 * parent's: allocating in the child gives NULL, freeing does nothing.
 */
#ifndef COFFER_HOST_ARENA_H
#define COFFER_HOST_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena_info {
	uint64_t va, size; /* bytes, page aligned */
	int fd; /* stays the arena's */
};

/* Makes the arena if there is none yet.  0, or a negative errno: -ENOMEM,
 * -ENODEV in the child of a fork. */
int arena_get(struct arena_info *info);

/* 64-byte aligned memory, not zeroed, or NULL.  Up to ARENA_SMALL_MAX bytes
 * come from the thread's own magazine, what was freed last first, without an
 * atomic operation. */
#define ARENA_SMALL_MAX 262144u
void *arena_alloc(size_t size);
/* Whole pages, page aligned, not zeroed, or NULL. */
void *arena_alloc_pages(size_t count);
/* Memory of either; NULL is fine.  Anything else, and memory that is free
 * already, ends the process with a message, as free(3) does. */
void arena_free(void *memory);

/* Do all n bytes from p on lie in the arena? */
bool arena_contains(const void *p, size_t n);
/* Of an address in the arena. */
uint64_t arena_offset(const void *p);

/* Bytes that are not free in the page allocator: allocations, and small
 * memory kept for reuse. */
uint64_t arena_used(void);

#endif
