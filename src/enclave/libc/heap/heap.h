/* SPDX-License-Identifier: MIT */
/*
 * The enclave's heap: one range of memory, cut into chunks.
 *
 * A chunk is a 16-byte header and its payload; chunks lie back to back from
 * the heap's start to its top. What is above the top was never used or has
 * come back to it; it is not touched. Free chunks stand in lists by size (two levels: power of
 * two, sixteenth), found through bitmaps, so every operation takes constant
 * time. Two free chunks never touch: they are joined at once.
 *
 * Each of the two header words carries 24 bits of a keyed hash of its other
 * bits and its address. Every word is checked before it is believed, and a
 * mismatch, a pointer that is no payload or a second free calls
 * heap_corrupt. It catches overruns and stray writes, not an attacker who
 * can read the heap.
 *
 * The functions here have no lock; callers hold the heap's (front.c).
 * Sizes are in bytes unless a name ends in 16, which are units of 16 bytes.
 */
#ifndef COFFER_ENCLAVE_HEAP_H
#define COFFER_ENCLAVE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_ALIGN 16u
#define HEAP_HEADER 16u
#define HEAP_MIN_CHUNK 32u /* header, and the two links of a free chunk */
#define HEAP_ROWS 36
#define HEAP_COLUMNS 16

enum chunk_state { CHUNK_FREE = 1, CHUNK_USED = 2, CHUNK_CACHED = 3 };

struct chunk {
	uint64_t head; /* size16 << 4 | state, hash in the top 24 bits */
	uint64_t back; /* size16 of the chunk before, 0 for the first; hash */
	struct chunk *next, *prev; /* payload; links while free */
};

struct heap {
	char *start, *end;
	char *top; /* no chunk from here on */
	char *high; /* the highest top since the user set it */
	uint64_t top_back; /* size16 of the chunk before top */
	uint64_t key[2];
	uint64_t used, peak; /* bytes in chunks that are not free */
	uint64_t rows; /* bit per row that has a list */
	uint32_t columns[HEAP_ROWS];
	struct chunk *list[HEAP_ROWS][HEAP_COLUMNS];
};

/* Make a heap of [start, end). key: random bits. */
void heap_init(struct heap *, void *start, void *end, const uint64_t key[2]);

/*
 * A chunk with a payload of at least size bytes, in state used; NULL when
 * the heap has none or size is absurd. What is in the payload is unknown: a
 * heap page that was never used holds what the host added it with.
 */
struct chunk *heap_take(struct heap *, size_t size);

/* The same, payload at a multiple of align, a power of two. */
struct chunk *heap_take_aligned(struct heap *, size_t align, size_t size);

/* Give a chunk in state used or cached back. */
void heap_give(struct heap *, struct chunk *);

/* How many bytes more the heap must have, at its end, to take a chunk of size
 * bytes there, aligned as for heap_take_aligned; 0: none, or size is absurd. */
size_t heap_lacks(const struct heap *, size_t align, size_t size);

/* Memory was put behind the end, or taken from there: not from below top. */
void heap_set_end(struct heap *, void *end);

/* Change a used chunk in place to hold size bytes; false: it cannot. */
bool heap_resize(struct heap *, struct chunk *, size_t size);

/* The chunk of a payload, checked to be one that is in use. */
struct chunk *heap_chunk_of(const struct heap *, const void *payload);

/* Payload bytes of a chunk whose head was checked. */
size_t heap_payload_size(const struct chunk *);

/* Check head, set its state. For the owner of a used or cached chunk. */
void heap_check_state(const struct heap *, const struct chunk *,
	enum chunk_state);
void heap_set_state(const struct heap *, struct chunk *, enum chunk_state);

/* Is p where a chunk could start? */
bool heap_has(const struct heap *, const void *p);

/* Walk all chunks and lists, and compare; heap_corrupt if they disagree. */
void heap_verify(const struct heap *);

/* Bytes of the chunk that a request for size bytes needs; 0: too much. */
static inline size_t heap_chunk_size(size_t size)
{
	size_t n;

	if (size > (size_t)1 << 39)
		return 0;
	n = (size + HEAP_HEADER + HEAP_ALIGN - 1) & ~(size_t)(HEAP_ALIGN - 1);
	return n < HEAP_MIN_CHUNK ? HEAP_MIN_CHUNK : n;
}

static inline void *heap_payload(struct chunk *c)
{
	return (char *)c + HEAP_HEADER;
}

/* The heap is damaged; ends the enclave. Provided by the heap's user. */
void heap_corrupt(const char *what) __attribute__((noreturn));

#endif
