/* SPDX-License-Identifier: MIT */
#include "tamper.h"
#include "freeze.h"
#include "cpu/swap.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define POLL_MS 5 /* between two looks at the store */

/* SECINFO.FLAGS in a PCMD: permissions and type, which the MAC covers. */
#define FLAG_BITS 16u

struct place {
	uint32_t slot;
	struct swap_record record;
};

/* What is in the store now, by slot. */
struct view {
	struct place *mine; /* pages to change */
	struct place *other; /* pages of other enclaves */
	size_t mine_count, other_count;
	uint64_t size; /* of the store, bytes */
};

/* A page as it lay in the store. */
struct copy {
	struct swap_record record;
	uint8_t page[PAGE];
};

static const char *const names[TAMPER_KINDS] = {
	[TAMPER_FLIP] = "flip", [TAMPER_FLIP_META] = "flip-meta",
	[TAMPER_SWAP] = "swap", [TAMPER_REPLAY] = "replay",
	[TAMPER_FOREIGN] = "foreign", [TAMPER_CUT] = "cut",
};

const char *tamper_name(enum tamper_kind kind)
{
	return names[kind];
}

enum tamper_kind tamper_find(const char *name)
{
	unsigned kind = 0;

	while (kind < TAMPER_KINDS && strcmp(names[kind], name))
		kind++;
	return (enum tamper_kind)kind;
}

/* --- the store ---------------------------------------------------------- */

static int get(int fd, uint64_t at, void *data, size_t size, struct why *why)
{
	ssize_t n = pread(fd, data, size, (off_t)at);

	if (n == (ssize_t)size)
		return 0;
	if (n < 0)
		return why_set(why, -errno, "cannot read the swap store: %s",
			strerror(errno));
	return why_set(why, -EIO, "the swap store is shorter than it was");
}

static int put(int fd, uint64_t at, const void *data, size_t size,
	struct why *why)
{
	ssize_t n = pwrite(fd, data, size, (off_t)at);

	if (n == (ssize_t)size)
		return 0;
	return why_set(why, n < 0 ? -errno : -EIO, "cannot write to the swap "
		"store: %s", strerror(n < 0 ? errno : EIO));
}

static void view_free(struct view *view)
{
	free(view->mine);
	free(view->other);
	memset(view, 0, sizeof(*view));
}

static int append(struct place **list, size_t *count, uint32_t slot,
	const struct swap_record *record)
{
	/* Room is doubled at each power of two. */
	if (!(*count & (*count - 1))) {
		struct place *grown = realloc(*list, (*count ? *count * 2 :
			1) * sizeof(**list));

		if (!grown)
			return -ENOMEM;
		*list = grown;
	}
	(*list)[(*count)++] = (struct place){ slot, *record };
	return 0;
}

static int look_at(const struct tamper *t, uint32_t slot,
	const struct swap_record *record, struct view *view)
{
	if (record->state != SWAP_USED)
		return 0;
	if (record->enclave != t->enclave)
		return append(&view->other, &view->other_count, slot, record);
	/* One page to change, but all of the enclave to change it with. */
	return append(&view->mine, &view->mine_count, slot, record);
}

static int view_read(const struct tamper *t, struct view *view,
	struct why *why)
{
	struct swap_record records[SWAP_GROUP];
	struct stat st;
	uint32_t slot = 0;
	int r = 0;

	memset(view, 0, sizeof(*view));
	if (fstat(t->fd, &st))
		return why_set(why, -errno, "no swap store: %s",
			strerror(errno));
	view->size = (uint64_t)st.st_size;
	while (!r && swap_record_at(slot) + sizeof(records) <= view->size) {
		r = get(t->fd, swap_record_at(slot), records, sizeof(records),
			why);
		for (unsigned i = 0; i < SWAP_GROUP && !r; i++) {
			if (swap_page_at(slot + i) + PAGE > view->size)
				break;
			r = look_at(t, slot + i, &records[i], view);
			if (r)
				why_set(why, r, "out of memory");
		}
		slot += SWAP_GROUP;
	}
	if (r)
		view_free(view);
	return r;
}

static bool is_wanted(const struct tamper *t, const struct place *place)
{
	return !t->one || place->record.linaddr == t->linaddr;
}

static int copy_read(const struct tamper *t, const struct place *place,
	struct copy *copy, struct why *why)
{
	copy->record = place->record;
	return get(t->fd, swap_page_at(place->slot), copy->page, PAGE, why);
}

/* Puts a page and its PCMD, but nobody's name, into a slot. */
static int copy_write(const struct tamper *t, const struct place *place,
	const struct copy *copy, struct why *why)
{
	int r = put(t->fd, swap_record_at(place->slot), &copy->record.pcmd,
		sizeof(copy->record.pcmd), why);

	return r ? r : put(t->fd, swap_page_at(place->slot), copy->page, PAGE,
		why);
}

static void note(struct tamper_result *result, const struct place *place)
{
	if (!result->pages++)
		result->linaddr = place->record.linaddr;
}

static unsigned chance(unsigned below)
{
	unsigned value = 0;

	if (getrandom(&value, sizeof(value), 0) != sizeof(value))
		value = (unsigned)time(NULL);
	return value % below;
}

/* --- kinds -------------------------------------------------------------- */

static int flip_bit(const struct tamper *t, uint64_t base, unsigned bit,
	struct why *why)
{
	uint8_t byte;
	int r = get(t->fd, base + bit / 8, &byte, 1, why);

	byte ^= (uint8_t)(1u << bit % 8);
	return r ? r : put(t->fd, base + bit / 8, &byte, 1, why);
}

static int flip(const struct tamper *t, const struct view *view,
	struct tamper_result *result, struct why *why)
{
	const unsigned mac = offsetof(struct sgx_pcmd, mac) * 8;
	int r = 0;

	for (size_t i = 0; i < view->mine_count && !r; i++) {
		const struct place *place = &view->mine[i];
		unsigned bit = chance(PAGE * 8);
		uint64_t base = swap_page_at(place->slot);

		if (!is_wanted(t, place))
			continue;
		if (t->kind == TAMPER_FLIP_META) {
			base = swap_record_at(place->slot);
			bit = chance(FLAG_BITS + 128);
			bit = bit < FLAG_BITS ? bit : mac + bit - FLAG_BITS;
		}
		r = flip_bit(t, base, bit, why);
		if (!r)
			note(result, place);
	}
	return r;
}

/* Where a page that must change places goes: to the next one, the last one
 * to the first; with one page chosen, to and from its neighbour alone. */
static int swap_pages(const struct tamper *t, const struct view *view,
	struct tamper_result *result, struct why *why)
{
	size_t first = 0, count = view->mine_count;
	struct copy kept, next;
	int r;

	if (count < 2)
		return why_set(why, -ENOENT, "only one page of the enclave is "
			"evicted: there is none to swap it with");
	if (t->one) {
		while (first < count && !is_wanted(t, &view->mine[first]))
			first++;
		if (first == count)
			return 0;
		if (first == count - 1)
			first--;
		count = 2;
	}
	r = copy_read(t, &view->mine[first], &kept, why);
	for (size_t i = 0; i < count && !r; i++) {
		const struct place *place = &view->mine[first + i];

		if (i + 1 < count)
			r = copy_read(t, place + 1, &next, why);
		if (!r)
			r = copy_write(t, place, i + 1 < count ? &next : &kept,
				why);
		if (!r)
			note(result, place);
	}
	return r;
}

static int foreign(const struct tamper *t, const struct view *view,
	struct tamper_result *result, struct why *why)
{
	struct copy copy;
	size_t from = 0;
	int r = 0;

	if (!view->other_count)
		return why_set(why, -ENOENT, "no page of another enclave is "
			"evicted");
	for (size_t i = 0; i < view->mine_count && !r; i++) {
		if (!is_wanted(t, &view->mine[i]))
			continue;
		r = copy_read(t, &view->other[from++ % view->other_count],
			&copy, why);
		if (!r)
			r = copy_write(t, &view->mine[i], &copy, why);
		if (!r)
			note(result, &view->mine[i]);
	}
	result->others = from < view->other_count ? from : view->other_count;
	return r;
}

/* The first slot to go.  Without a page chosen: the first behind which
 * everything is the enclave's, or, if others may be hit, its first one. */
static int cut_from(const struct tamper *t, const struct view *view,
	uint32_t *slot, struct why *why)
{
	uint32_t last = 0;
	size_t i = 0;

	if (view->other_count)
		last = view->other[view->other_count - 1].slot + 1;
	while (i < view->mine_count && (!is_wanted(t, &view->mine[i]) ||
		(!t->one && !t->others && view->mine[i].slot < last)))
		i++;
	if (i < view->mine_count && (t->others || view->mine[i].slot >= last)) {
		*slot = view->mine[i].slot;
		return 0;
	}
	if (t->one && i == view->mine_count)
		return 0;
	return why_set(why, -EEXIST, "behind the enclave's pages lie pages of "
		"other enclaves, which a cut would hit as well");
}

static int cut(const struct tamper *t, const struct view *view,
	struct tamper_result *result, struct why *why)
{
	uint32_t slot = UINT32_MAX;
	uint64_t at;
	int r = cut_from(t, view, &slot, why);

	if (r || slot == UINT32_MAX)
		return r;
	at = swap_page_at(slot);
	if (t->file)
		r = ftruncate(t->fd, (off_t)at);
	else
		r = fallocate(t->fd, FALLOC_FL_PUNCH_HOLE |
			FALLOC_FL_KEEP_SIZE, (off_t)at,
			(off_t)(view->size - at));
	if (r)
		return why_set(why, -errno, "cannot cut the swap store: %s",
			strerror(errno));
	for (size_t i = 0; i < view->mine_count; i++)
		if (view->mine[i].slot >= slot)
			note(result, &view->mine[i]);
	for (size_t i = 0; i < view->other_count; i++)
		result->others += view->other[i].slot >= slot;
	return 0;
}

/* --- replay ------------------------------------------------------------- */

struct past {
	struct copy *copy; /* ascending by address */
	size_t count;
};

static int by_address(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;

	return x->record.linaddr < y->record.linaddr ? -1 :
		x->record.linaddr > y->record.linaddr;
}

/* SECS and VA pages have no address by which to know them again. */
static int remember(const struct tamper *t, const struct view *view,
	struct past *past, struct why *why)
{
	int r = 0;

	past->count = 0;
	past->copy = malloc((view->mine_count + 1) * sizeof(*past->copy));
	if (!past->copy)
		return why_set(why, -ENOMEM, "out of memory");
	for (size_t i = 0; i < view->mine_count && !r; i++)
		if (is_wanted(t, &view->mine[i]) &&
		    view->mine[i].record.linaddr)
			r = copy_read(t, &view->mine[i],
				&past->copy[past->count++], why);
	qsort(past->copy, past->count, sizeof(*past->copy), by_address);
	return r;
}

static int bring_back(const struct tamper *t, const struct view *view,
	const struct past *past, struct tamper_result *result, struct why *why)
{
	int r = 0;

	for (size_t i = 0; i < view->mine_count && !r; i++) {
		const struct place *place = &view->mine[i];
		struct copy key = { .record = place->record };
		const struct copy *old = bsearch(&key, past->copy,
			past->count, sizeof(*past->copy), by_address);

		if (!old || old->record.version >= place->record.version)
			continue;
		r = copy_write(t, place, old, why);
		if (!r)
			note(result, place);
	}
	return r;
}

/* --- the whole ---------------------------------------------------------- */

static int change(const struct tamper *t, struct past *past,
	struct tamper_result *result, struct why *why)
{
	struct view view;
	int r = view_read(t, &view, why);

	if (r)
		return r;
	if (!view.mine_count) {
		view_free(&view);
		return 0;
	}
	switch (t->kind) {
	case TAMPER_SWAP:
		r = swap_pages(t, &view, result, why);
		break;
	case TAMPER_FOREIGN:
		r = foreign(t, &view, result, why);
		break;
	case TAMPER_CUT:
		r = cut(t, &view, result, why);
		break;
	case TAMPER_REPLAY:
		r = past->copy ? bring_back(t, &view, past, result, why) :
			remember(t, &view, past, why);
		if (!past->count) {
			free(past->copy);
			past->copy = NULL;
		}
		break;
	default:
		r = flip(t, &view, result, why);
	}
	view_free(&view);
	return r;
}

/* One attempt, with the processor stopped. */
static int attempt(const struct tamper *t, struct past *past,
	struct tamper_result *result, struct why *why)
{
	int r = freeze(t->processor, why);

	if (r)
		return r;
	r = change(t, past, result, why);
	thaw(t->processor);
	return r;
}

static int nothing(const struct tamper *t, const struct past *past,
	struct why *why)
{
	if (past->copy)
		return why_set(why, -ENOENT, "of %zu pages that were evicted "
			"none was loaded and evicted again in %u ms",
			past->count, t->wait_ms);
	if (t->one)
		return why_set(why, -ENOENT, "the page at 0x%llx of the "
			"enclave is not evicted",
			(unsigned long long)t->linaddr);
	return why_set(why, -ENOENT, "no page of the enclave is evicted");
}

int tamper_do(const struct tamper *t, struct tamper_result *result,
	struct why *why)
{
	const struct timespec pause = { 0, POLL_MS * 1000000 };
	struct past past = { NULL, 0 };
	unsigned waited = 0;
	int r;

	for (;;) {
		memset(result, 0, sizeof(*result));
		r = attempt(t, &past, result, why);
		if (!r && !result->pages)
			r = nothing(t, &past, why);
		/* What is not there (or not alone) may be so later. */
		if ((r != -ENOENT && r != -EEXIST) || waited >= t->wait_ms)
			break;
		nanosleep(&pause, NULL);
		waited += POLL_MS;
	}
	free(past.copy);
	if (!r)
		why_set(why, 0, "%s", "");
	return r;
}
