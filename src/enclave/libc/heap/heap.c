/* SPDX-License-Identifier: MIT */
#include "heap.h"

#define SEAL_SHIFT 40
#define DATA_MASK (((uint64_t)1 << SEAL_SHIFT) - 1)
#define STATE_MASK 15u

static inline uint64_t seal(const struct heap *h, const void *at,
	uint64_t data, int which)
{
	uint64_t x = (data ^ h->key[which]) + (uint64_t)(uintptr_t)at;

	x *= 0x9e3779b97f4a7c15u;
	x ^= x >> 32;
	x *= h->key[which] | 1;
	return data | (x & ~DATA_MASK);
}

/* Read once, check, give the data bits. */
static inline uint64_t opened(const struct heap *h, const uint64_t *word,
	int which)
{
	uint64_t w = __atomic_load_n(word, __ATOMIC_RELAXED);

	if (seal(h, word, w & DATA_MASK, which) != w)
		heap_corrupt(which ? "chunk's back word" : "chunk's head");
	return w & DATA_MASK;
}

static inline void set_head(const struct heap *h, struct chunk *c,
	uint64_t size16, enum chunk_state s)
{
	__atomic_store_n(&c->head, seal(h, &c->head, size16 << 4 | s, 0),
		__ATOMIC_RELAXED);
}

static inline void set_back(const struct heap *h, struct chunk *c,
	uint64_t size16)
{
	__atomic_store_n(&c->back, seal(h, &c->back, size16, 1),
		__ATOMIC_RELAXED);
}

static inline uint64_t size16_of(const struct chunk *c)
{
	return (__atomic_load_n(&c->head, __ATOMIC_RELAXED) & DATA_MASK) >> 4;
}

static inline struct chunk *after(const struct chunk *c, uint64_t size16)
{
	return (struct chunk *)((char *)c + size16 * 16);
}

/* Tell what stands behind c that c has size16 units. */
static inline void tell_next(struct heap *h, struct chunk *c, uint64_t size16)
{
	struct chunk *n = after(c, size16);

	if ((char *)n == h->top)
		h->top_back = size16;
	else
		set_back(h, n, size16);
}

/* Read without the lock too: a chunk in use is below every top there is. */
static inline void set_top(struct heap *h, char *top)
{
	__atomic_store_n(&h->top, top, __ATOMIC_RELAXED);
	if (top > h->high)
		h->high = top;
}

bool heap_has(const struct heap *h, const void *p)
{
	const char *c = p;

	return c >= h->start && c < __atomic_load_n(&h->top, __ATOMIC_RELAXED)
		&& !((uintptr_t)c & 15);
}

/* Row and column of the list for chunks of n16 units. */
static inline void place(uint64_t n16, unsigned *row, unsigned *column)
{
	unsigned log;

	if (n16 < HEAP_COLUMNS) {
		*row = 0;
		*column = (unsigned)n16;
		return;
	}
	log = 63u - (unsigned)__builtin_clzll(n16);
	*row = log - 3;
	*column = (unsigned)(n16 >> (log - 4)) & (HEAP_COLUMNS - 1);
}

static void list_add(struct heap *h, struct chunk *c, uint64_t n16)
{
	unsigned r, k;
	struct chunk *first;

	place(n16, &r, &k);
	first = h->list[r][k];
	c->next = first;
	c->prev = NULL;
	if (first)
		first->prev = c;
	h->list[r][k] = c;
	h->columns[r] |= 1u << k;
	h->rows |= (uint64_t)1 << r;
}

static void list_remove(struct heap *h, struct chunk *c, uint64_t n16)
{
	unsigned r, k;
	struct chunk *next = c->next, *prev = c->prev;

	place(n16, &r, &k);
	if (next && (!heap_has(h, next) || next->prev != c))
		heap_corrupt("link of a free chunk");
	if (prev ? !heap_has(h, prev) || prev->next != c :
		   h->list[r][k] != c)
		heap_corrupt("link of a free chunk");
	if (next)
		next->prev = prev;
	if (prev) {
		prev->next = next;
		return;
	}
	h->list[r][k] = next;
	if (!next) {
		h->columns[r] &= ~(1u << k);
		if (!h->columns[r])
			h->rows &= ~((uint64_t)1 << r);
	}
}

/* A free chunk of at least n16 units, still in its list; or NULL. */
static struct chunk *find(const struct heap *h, uint64_t n16)
{
	unsigned r, k;
	uint64_t rows;
	uint32_t columns;
	struct chunk *c;

	place(n16, &r, &k);
	/* Its own list may hold smaller chunks: look at the first few. */
	c = h->list[r][k];
	for (int i = 0; c && i < 4; i++, c = c->next) {
		if (!heap_has(h, c))
			heap_corrupt("link of a free chunk");
		if (opened(h, &c->head, 0) >> 4 >= n16)
			return c;
	}
	columns = h->columns[r] & (uint32_t)(~0ull << (k + 1));
	if (!columns) {
		rows = h->rows & (~0ull << (r + 1));
		if (!rows)
			return NULL;
		r = (unsigned)__builtin_ctzll(rows);
		columns = h->columns[r];
	}
	return h->list[r][__builtin_ctz(columns)];
}

void heap_init(struct heap *h, void *start, void *end, const uint64_t key[2])
{
	h->start = h->top = h->high = start;
	h->end = end;
	h->top_back = 0;
	h->key[0] = key[0];
	h->key[1] = key[1];
	h->used = h->peak = 0;
	h->rows = 0;
	for (unsigned r = 0; r < HEAP_ROWS; r++) {
		h->columns[r] = 0;
		for (unsigned k = 0; k < HEAP_COLUMNS; k++)
			h->list[r][k] = NULL;
	}
}

/* Make what c has beyond n16 units a free chunk, if it is worth one. */
static void split(struct heap *h, struct chunk *c, uint64_t have16,
	uint64_t n16)
{
	struct chunk *rest = after(c, n16);
	uint64_t rest16 = have16 - n16;

	if (rest16 < HEAP_MIN_CHUNK / 16) {
		set_head(h, c, have16, CHUNK_USED);
		h->used += have16 * 16;
		return;
	}
	set_head(h, c, n16, CHUNK_USED);
	set_head(h, rest, rest16, CHUNK_FREE);
	set_back(h, rest, n16);
	tell_next(h, rest, rest16);
	list_add(h, rest, rest16);
	h->used += n16 * 16;
}

static struct chunk *take_top(struct heap *h, uint64_t n16)
{
	struct chunk *c = (struct chunk *)h->top;
	size_t bytes = n16 * 16;

	if (bytes > (size_t)(h->end - h->top))
		return NULL;
	set_top(h, h->top + bytes);
	set_head(h, c, n16, CHUNK_USED);
	set_back(h, c, h->top_back);
	h->top_back = n16;
	h->used += bytes;
	return c;
}

struct chunk *heap_take(struct heap *h, size_t size)
{
	uint64_t n16 = heap_chunk_size(size) / 16, have16;
	struct chunk *c;

	if (!n16)
		return NULL;
	c = find(h, n16);
	if (c) {
		have16 = opened(h, &c->head, 0);
		if ((have16 & STATE_MASK) != CHUNK_FREE)
			heap_corrupt("state of a free chunk");
		have16 >>= 4;
		list_remove(h, c, have16);
		split(h, c, have16, n16);
	} else {
		c = take_top(h, n16);
		if (!c)
			return NULL;
	}
	if (h->used > h->peak)
		h->peak = h->used;
	return c;
}

/* The payload to take for an aligned one of size16 units with its header:
 * room to move on to it with a chunk in front. */
static size_t with_room(size_t align, uint64_t size16)
{
	size_t size = size16 * 16 - HEAP_HEADER;

	return align <= HEAP_ALIGN ? size : size + align + HEAP_MIN_CHUNK;
}

size_t heap_lacks(const struct heap *h, size_t align, size_t size)
{
	uint64_t n16 = heap_chunk_size(size) / 16;
	size_t have = (size_t)(h->end - h->top), want;

	if (!n16 || align > (size_t)1 << 39)
		return 0;
	want = with_room(align, n16) + HEAP_HEADER;
	return want > have ? want - have : 0;
}

void heap_set_end(struct heap *h, void *end)
{
	h->end = end;
}

void heap_give(struct heap *h, struct chunk *c)
{
	uint64_t n16 = opened(h, &c->head, 0) >> 4;
	uint64_t back16 = opened(h, &c->back, 1);
	struct chunk *n = after(c, n16);

	h->used -= n16 * 16;
	if ((char *)n != h->top) {
		uint64_t head;

		if (!heap_has(h, n))
			heap_corrupt("size of a chunk");
		if (opened(h, &n->back, 1) != n16)
			heap_corrupt("size of a chunk");
		head = opened(h, &n->head, 0);
		if ((head & STATE_MASK) == CHUNK_FREE) {
			list_remove(h, n, head >> 4);
			n16 += head >> 4;
		}
	}
	if (back16) {
		struct chunk *p = (struct chunk *)((char *)c - back16 * 16);
		uint64_t head;

		if (!heap_has(h, p))
			heap_corrupt("chunk's back word");
		head = opened(h, &p->head, 0);
		if (head >> 4 != back16)
			heap_corrupt("chunk's back word");
		if ((head & STATE_MASK) == CHUNK_FREE) {
			list_remove(h, p, back16);
			/* A pointer into the joined chunk is none any more. */
			c->head = 0;
			n16 += back16;
			c = p;
		}
	}
	if ((char *)after(c, n16) == h->top) {
		h->top_back = opened(h, &c->back, 1);
		set_top(h, (char *)c);
		c->head = 0;
		return;
	}
	set_head(h, c, n16, CHUNK_FREE);
	tell_next(h, c, n16);
	list_add(h, c, n16);
}

bool heap_resize(struct heap *h, struct chunk *c, size_t size)
{
	uint64_t want16 = heap_chunk_size(size) / 16;
	uint64_t have16 = opened(h, &c->head, 0) >> 4;
	struct chunk *n = after(c, have16);
	uint64_t head;

	if (!want16)
		return false;
	if ((char *)n == h->top) {
		if (want16 > have16 &&
			(want16 - have16) * 16 > (size_t)(h->end - h->top))
			return false;
		set_top(h, (char *)after(c, want16));
		h->top_back = want16;
		set_head(h, c, want16, CHUNK_USED);
		h->used += (want16 - have16) * 16;
	} else {
		uint64_t all16 = have16;

		head = opened(h, &n->head, 0);
		if ((head & STATE_MASK) == CHUNK_FREE)
			all16 += head >> 4;
		if (want16 > all16)
			return false;
		if (all16 != have16)
			list_remove(h, n, head >> 4);
		h->used -= have16 * 16;
		set_head(h, c, all16, CHUNK_USED);
		tell_next(h, c, all16);
		split(h, c, all16, want16);
	}
	if (h->used > h->peak)
		h->peak = h->used;
	return true;
}

struct chunk *heap_take_aligned(struct heap *h, size_t align, size_t size)
{
	uint64_t n16 = heap_chunk_size(size) / 16, have16, front16;
	struct chunk *c, *mine;
	uintptr_t at;

	if (!n16 || align > (size_t)1 << 39)
		return NULL;
	if (align <= HEAP_ALIGN)
		return heap_take(h, size);
	c = heap_take(h, with_room(align, n16));
	if (!c)
		return NULL;
	at = (uintptr_t)heap_payload(c);
	if (at & (align - 1)) {
		at = (at + HEAP_MIN_CHUNK + align - 1) & ~(align - 1);
		mine = (struct chunk *)(at - HEAP_HEADER);
		have16 = size16_of(c);
		front16 = (uint64_t)((char *)mine - (char *)c) / 16;
		set_head(h, mine, have16 - front16, CHUNK_USED);
		set_back(h, mine, front16);
		tell_next(h, mine, have16 - front16);
		set_head(h, c, front16, CHUNK_USED);
		heap_give(h, c);
		c = mine;
	}
	heap_resize(h, c, size);
	return c;
}

struct chunk *heap_chunk_of(const struct heap *h, const void *payload)
{
	struct chunk *c = (struct chunk *)((uintptr_t)payload - HEAP_HEADER);

	if ((uintptr_t)payload < HEAP_HEADER || !heap_has(h, c))
		heap_corrupt("a pointer that is not from the heap");
	heap_check_state(h, c, CHUNK_USED);
	return c;
}

size_t heap_payload_size(const struct chunk *c)
{
	return size16_of(c) * 16 - HEAP_HEADER;
}

void heap_check_state(const struct heap *h, const struct chunk *c,
	enum chunk_state state)
{
	uint64_t head = opened(h, &c->head, 0);

	if ((head & STATE_MASK) != state)
		heap_corrupt(state == CHUNK_USED ?
				"memory that is not in use was freed" :
				"state of a kept chunk");
}

void heap_set_state(const struct heap *h, struct chunk *c,
	enum chunk_state state)
{
	set_head(h, c, size16_of(c), state);
}

void heap_verify(const struct heap *h)
{
	const struct chunk *c;
	uint64_t back16 = 0, head, n16, free_chunks = 0, used = 0;
	bool last_free = false;

	for (const char *at = h->start; at != h->top; at += n16 * 16) {
		c = (const struct chunk *)at;
		if (!heap_has(h, c))
			heap_corrupt("size of a chunk");
		head = opened(h, &c->head, 0);
		n16 = head >> 4;
		if (!n16 || opened(h, &c->back, 1) != back16)
			heap_corrupt("chunk's back word");
		if ((head & STATE_MASK) == CHUNK_FREE) {
			if (last_free)
				heap_corrupt("two free chunks in a row");
			free_chunks++;
		} else {
			used += n16 * 16;
		}
		last_free = (head & STATE_MASK) == CHUNK_FREE;
		back16 = n16;
	}
	if (h->top_back != back16 || h->used != used || last_free)
		heap_corrupt("the heap's account");
	for (unsigned r = 0; r < HEAP_ROWS; r++)
		for (unsigned k = 0; k < HEAP_COLUMNS; k++)
			for (c = h->list[r][k]; c; c = c->next) {
				unsigned row, column;

				head = opened(h, &c->head, 0);
				place(head >> 4, &row, &column);
				if ((head & STATE_MASK) != CHUNK_FREE ||
					row != r || column != k)
					heap_corrupt("list of free chunks");
				free_chunks--;
			}
	if (free_chunks)
		heap_corrupt("list of free chunks");
}
