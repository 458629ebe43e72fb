/* SPDX-License-Identifier: MIT */
#include "history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void history_write(FILE *f, const struct history_entry *e)
{
	fprintf(f, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %u %u %u %u %u %" PRId64
		" %" PRIu64 " %" PRIu64 " %u %08x\n", e->sequence, e->asked,
		e->answered, e->operation.kind, e->operation.from,
		e->operation.to, e->operation.amount, e->result.outcome,
		e->result.balance, e->result.position, e->version,
		e->failovers, e->client);
	fflush(f);
}

static bool read_entry(const char *line, struct history_entry *e)
{
	memset(e, 0, sizeof(*e));
	return sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %u %u %u %u %u"
		" %" SCNd64 " %" SCNu64 " %" SCNu64 " %u %x", &e->sequence,
		&e->asked, &e->answered, &e->operation.kind,
		&e->operation.from, &e->operation.to, &e->operation.amount,
		&e->result.outcome, &e->result.balance, &e->result.position,
		&e->version, &e->failovers, &e->client) == 13;
}

bool history_read(struct history *h, FILE *f)
{
	char line[512];

	while (fgets(line, sizeof(line), f)) {
		struct history_entry *e = h->entries;

		/* Room doubles: at 0, 1, 2, 4 ... entries. */
		if (!(h->count & (h->count - 1)))
			e = realloc(e, (h->count ? 2 * h->count : 1) *
				sizeof(*e));
		if (!e) {
			fprintf(stderr, "out of memory\n");
			return false;
		}
		h->entries = e;
		if (!strchr(line, '\n') || !read_entry(line, &e[h->count])) {
			fprintf(stderr, "a damaged line: %s\n", line);
			return false;
		}
		h->count++;
	}
	return true;
}

void history_free(struct history *h)
{
	free(h->entries);
	*h = (struct history){ 0 };
}

/* --- the check ------------------------------------------------------------ */

static int by_position(const void *a, const void *b)
{
	const struct history_entry *x = a, *y = b;

	return (x->result.position > y->result.position) -
		(x->result.position < y->result.position);
}

/* The accounts as they have to be: written apart from ledger.c on purpose. */
static bool believable(int64_t balance[LEDGER_ACCOUNTS],
	const struct history_entry *e)
{
	const struct ledger_operation *o = &e->operation;
	int64_t *from = &balance[o->from % LEDGER_ACCOUNTS];
	int64_t *to = &balance[o->to % LEDGER_ACCOUNTS];
	bool poor = o->kind == LEDGER_TRANSFER && *from < o->amount;

	if (e->result.outcome != (poor ? LEDGER_NOT_ENOUGH : LEDGER_APPLIED))
		return false;
	if (o->kind == LEDGER_DEPOSIT) {
		*to += o->amount;
		from = to;
	} else if (o->kind == LEDGER_TRANSFER && !poor) {
		*from -= o->amount;
		*to += o->amount;
	}
	return e->result.balance == *from;
}

const char *history_check(struct history *h)
{
	static char wrong[256];
	int64_t balance[LEDGER_ACCOUNTS] = { 0 };
	const struct history_entry *last = NULL; /* asked of those so far */

	qsort(h->entries, h->count, sizeof(*h->entries), by_position);
	for (size_t i = 0; i < h->count; i++) {
		const struct history_entry *e = &h->entries[i];
		const char *what = NULL;

		if (e->result.position <= i)
			what = "two requests were given one position";
		else if (e->result.position != i + 1)
			what = "before this one something was applied that "
				"was answered to nobody";
		else if (!believable(balance, e))
			what = "the balance cannot be";
		else if (i && e->version < e[-1].version)
			what = "a later request is of an older version";
		else if (last && e->answered < last->asked)
			what = "it was answered before an earlier one was "
				"asked";
		if (what) {
			snprintf(wrong, sizeof(wrong), "client %08x, request "
				"%" PRIu64 ", position %" PRIu64 " of %zu: %s",
				e->client, e->sequence, e->result.position,
				h->count, what);
			return wrong;
		}
		if (!last || e->asked > last->asked)
			last = e;
	}
	return NULL;
}
