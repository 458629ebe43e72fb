/* SPDX-License-Identifier: MIT */
/* The ledger, its records, and the check of histories; without an enclave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "client/history.h"
#include "enclave/record.h"
#include "ledger.h"

#include <openenclave/bits/result.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The enclave's, for record.c. */
oe_result_t oe_random(void *data, size_t size);

oe_result_t oe_random(void *data, size_t size)
{
	static uint8_t next;

	memset(data, ++next, size);
	return OE_OK;
}

static struct ledger l, other;

static struct ledger_request ask(uint8_t client, uint64_t sequence,
	struct ledger_operation operation)
{
	struct ledger_request q = { .sequence = sequence,
		.operation = operation };

	memset(q.client, client, sizeof(q.client));
	return q;
}

/* Applies, stores, and has the client remember what it was told. */
static enum ledger_verdict perform(struct ledger *ledger,
	struct ledger_request *q, struct ledger_result *result)
{
	size_t client;
	bool added;
	enum ledger_verdict verdict = ledger_apply(ledger, q, &client, &added);

	if (verdict != LEDGER_DONE)
		return verdict;
	if (added)
		ledger_advance(ledger);
	*result = ledger->client[client].result;
	q->last = ledger->client[client].done;
	q->sequence++;
	return verdict;
}

static const struct ledger_operation ten = { LEDGER_DEPOSIT, 0, 1, 10 };
static const struct ledger_operation four = { LEDGER_TRANSFER, 1, 2, 4 };

static int empty(void **state)
{
	memset(&l, 0, sizeof(l));
	memset(&other, 0, sizeof(other));
	return 0;
}

static void money_moves_and_does_not_grow(void **state)
{
	struct ledger_request q = ask(1, 1, ten);
	struct ledger_result r;

	assert_int_equal(perform(&l, &q, &r), LEDGER_DONE);
	assert_int_equal(r.balance, 10);
	q.operation = four;
	for (int left = 6; left > 0; left -= 4) {
		assert_int_equal(perform(&l, &q, &r), LEDGER_DONE);
		assert_int_equal(r.outcome, LEDGER_APPLIED);
		assert_int_equal(r.balance, left);
	}
	assert_int_equal(perform(&l, &q, &r), LEDGER_DONE);
	assert_int_equal(r.outcome, LEDGER_NOT_ENOUGH);
	assert_int_equal(r.balance, 2);
	q.operation.from = q.operation.to;
	assert_int_equal(perform(&l, &q, &r), LEDGER_DONE);
	assert_int_equal(r.balance, 8);
	q.operation.to = LEDGER_ACCOUNTS;
	assert_int_equal(perform(&l, &q, &r), LEDGER_DONE);
	assert_int_equal(r.outcome, LEDGER_NONSENSE);
	assert_int_equal(l.balance[1] + l.balance[2], 10);
	assert_int_equal(r.position, 6);
}

static void a_request_is_applied_once(void **state)
{
	struct ledger_request q = ask(1, 1, ten), again = q;
	struct ledger_result first, second;

	assert_int_equal(perform(&l, &q, &first), LEDGER_DONE);
	assert_int_equal(perform(&l, &again, &second), LEDGER_DONE);
	assert_memory_equal(&first, &second, sizeof(first));
	assert_memory_equal(&q, &again, sizeof(q));
	assert_int_equal(l.balance[1], 10);
	assert_int_equal(l.operations, 1);
	assert_int_equal(l.point.version, 1);
	/* Twice in one batch. */
	again = q;
	for (int i = 0; i < 2; i++) {
		size_t client;
		bool added;

		assert_int_equal(ledger_apply(&l, &again, &client, &added),
			LEDGER_DONE);
		assert_int_equal(added, !i);
	}
	assert_int_equal(l.balance[1], 20);
	/* Another one under its number. */
	again.operation.amount++;
	assert_int_equal(perform(&l, &again, &first), LEDGER_MISNUMBERED);
	assert_int_equal(l.balance[1], 20);
}

static void numbers_must_make_sense(void **state)
{
	struct ledger_request q = ask(1, 0, ten);
	struct ledger_result r;

	assert_int_equal(perform(&l, &q, &r), LEDGER_MISNUMBERED);
	q.sequence = 1;
	q.last.chain[3] = 1;
	assert_int_equal(perform(&l, &q, &r), LEDGER_MISNUMBERED);
	q.last.chain[3] = 0;
	assert_int_equal(perform(&l, &q, &r), LEDGER_DONE);
	q.sequence++;
	assert_int_equal(perform(&l, &q, &r), LEDGER_FORKED);
	q.sequence -= 2;
	assert_int_equal(perform(&l, &q, &r), LEDGER_FORKED);
	memset(&q.last, 0, sizeof(q.last));
	q.operation = four;
	assert_int_equal(perform(&l, &q, &r), LEDGER_MISNUMBERED);
}

static void there_is_room_for_so_many(void **state)
{
	struct ledger_request q;
	struct ledger_result r;

	for (size_t i = 0; i <= LEDGER_CLIENTS; i++) {
		q = ask(0, 1, ten);
		memcpy(q.client, &i, sizeof(i));
		assert_int_equal(perform(&l, &q, &r), i < LEDGER_CLIENTS ?
			LEDGER_DONE : LEDGER_FULL);
	}
	assert_int_equal(ledger_size(&l), sizeof(l));
	assert_true(ledger_read(&other, &l, ledger_size(&l)));
	assert_memory_equal(&l, &other, sizeof(l));
}

static void an_older_ledger_is_refused(void **state)
{
	struct ledger_request ann = ask(1, 1, ten), bob = ask(2, 1, ten);
	struct ledger_result r;

	assert_int_equal(perform(&l, &ann, &r), LEDGER_DONE);
	other = l;
	assert_int_equal(perform(&l, &ann, &r), LEDGER_DONE);
	assert_int_equal(ledger_follows(&other.point, &l.point), LEDGER_OLD);
	assert_int_equal(ledger_follows(&l.point, &other.point), LEDGER_DONE);
	assert_int_equal(perform(&other, &ann, &r), LEDGER_OLD);
	/* As old now, but not the same; then newer. */
	assert_int_equal(perform(&other, &bob, &r), LEDGER_DONE);
	assert_int_equal(ledger_follows(&other.point, &l.point),
		LEDGER_FORKED);
	assert_int_equal(perform(&other, &ann, &r), LEDGER_FORKED);
	assert_int_equal(perform(&other, &bob, &r), LEDGER_DONE);
	assert_int_equal(perform(&other, &ann, &r), LEDGER_FORKED);
	assert_int_equal(perform(&l, &ann, &r), LEDGER_DONE);
	assert_int_equal(perform(&l, &bob, &r), LEDGER_FORKED);
}

/* The same request, sent again because its answer was lost, is applied in two
 * histories; its client goes on in the one that answered it. */
static void a_retry_does_not_join_histories(void **state)
{
	struct ledger_request ann = ask(1, 1, ten), lost, bob = ask(2, 1, ten);
	struct ledger_result r;

	assert_int_equal(perform(&l, &ann, &r), LEDGER_DONE);
	other = l;
	assert_int_equal(perform(&other, &bob, &r), LEDGER_DONE);
	lost = ann;
	assert_int_equal(perform(&l, &lost, &r), LEDGER_DONE);
	assert_int_equal(perform(&other, &ann, &r), LEDGER_DONE);
	assert_int_equal(perform(&l, &ann, &r), LEDGER_OLD);
	assert_int_equal(perform(&l, &lost, &r), LEDGER_DONE);
	assert_int_equal(perform(&l, &ann, &r), LEDGER_FORKED);
	assert_int_equal(perform(&other, &ann, &r), LEDGER_DONE);
}

static void not_everything_is_a_ledger(void **state)
{
	struct ledger_request q = ask(1, 1, ten);
	struct ledger_result r;

	assert_int_equal(perform(&l, &q, &r), LEDGER_DONE);
	assert_true(ledger_read(&other, &l, ledger_size(&l)));
	assert_false(ledger_read(&other, &l, ledger_size(&l) - 1));
	assert_false(ledger_read(&other, &l, sizeof(l) + 1));
	assert_false(ledger_read(&other, &l, 3));
	l.client_count = 2;
	assert_false(ledger_read(&other, &l, ledger_size(&l) - 144));
	l.client_count = 1ull << 60;
	assert_false(ledger_read(&other, &l, sizeof(l)));
}

/* --- records -------------------------------------------------------------- */

static uint8_t key[RECORD_KEY] = { 1, 2, 3 }, record[RECORD_MAX];

static void a_record_opens_as_what_it_is(void **state)
{
	struct ledger_request q = ask(1, 1, ten);
	struct ledger_point before = { 0 }, bound;
	struct ledger_result r;
	size_t size, again;

	assert_int_equal(perform(&l, &q, &r), LEDGER_DONE);
	size = record_seal(key, "ledger/state", &l, &before, record);
	assert_int_equal(size, ledger_size(&l) + RECORD_OVERHEAD);
	assert_true(record_open(key, "ledger/state", record, size, &other,
		&bound));
	assert_memory_equal(&l, &other, sizeof(l));
	assert_memory_equal(&before, &bound, sizeof(bound));

	assert_false(record_open(key, "ledger/stats", record, size, &other,
		&bound));
	assert_false(record_open(key, "ledger", record, size, &other,
		&bound));
	key[9] ^= 1;
	assert_false(record_open(key, "ledger/state", record, size, &other,
		&bound));
	key[9] ^= 1;
	for (size_t i = 0; i < size; i++) {
		record[i] ^= (uint8_t)(1u << i % 8);
		assert_false(record_open(key, "ledger/state", record, size,
			&other, &bound));
		record[i] ^= (uint8_t)(1u << i % 8);
		assert_false(record_open(key, "ledger/state", record, i,
			&other, &bound));
	}
	assert_false(record_open(key, "ledger/state", record, size + 1,
		&other, &bound));
	again = record_seal(key, "ledger/state", &l, &before, other.client
		[0].id);
	assert_int_equal(again, size);
	assert_memory_not_equal(other.client[0].id + 104, record + 104, 64);
}

/* --- histories ------------------------------------------------------------ */

static struct history_entry entry(uint64_t position, uint64_t asked,
	uint64_t answered, struct ledger_operation operation, int64_t balance)
{
	return (struct history_entry){ .sequence = position, .asked = asked,
		.answered = answered, .operation = operation,
		.result = { LEDGER_APPLIED, 0, balance, position },
		.version = position };
}

/* Three requests, of which the first and the second overlap. */
static const char *check(void (*change)(struct history_entry *))
{
	static struct history_entry e[3];
	struct history h = { e, 3 };

	e[2] = entry(1, 100, 300, ten, 10);
	e[0] = entry(2, 200, 250, ten, 20);
	e[1] = entry(3, 260, 400, four, 16);
	if (change)
		change(e);
	return history_check(&h);
}

static void lose(struct history_entry *e)
{
	e[1].result.position = 4;
}

static void repeat(struct history_entry *e)
{
	e[1].result.position = 2;
}

static void miscount(struct history_entry *e)
{
	e[1].result.balance = 6; /* as if one deposit had not been */
}

static void go_back(struct history_entry *e)
{
	e[1].version = 1;
}

static void see_old(struct history_entry *e)
{
	e[1].asked = 10; /* answered before the second was asked, but */
	e[1].answered = 90; /* it has what that one deposited */
}

static void refuse_wrongly(struct history_entry *e)
{
	e[1].result.outcome = LEDGER_NOT_ENOUGH;
}

static void what_cannot_be_is_noticed(void **state)
{
	assert_null(check(NULL));
	assert_non_null(strstr(check(lose), "answered to nobody"));
	assert_non_null(strstr(check(repeat), "one position"));
	assert_non_null(strstr(check(miscount), "balance"));
	assert_non_null(strstr(check(refuse_wrongly), "balance"));
	assert_non_null(strstr(check(go_back), "older version"));
	assert_non_null(strstr(check(see_old), "before an earlier one"));
}

static void what_is_written_is_read(void **state)
{
	struct history h = { 0 };
	FILE *f = tmpfile();

	assert_non_null(f);
	for (unsigned i = 1; i <= 9; i++) {
		struct history_entry e = entry(i, i * 10, i * 10 + 5, ten,
			i * 10);

		e.failovers = i;
		e.client = 0xc0ffee;
		history_write(f, &e);
	}
	rewind(f);
	assert_true(history_read(&h, f));
	assert_int_equal(h.count, 9);
	assert_int_equal(h.entries[8].failovers, 9);
	assert_int_equal(h.entries[8].client, 0xc0ffee);
	assert_null(history_check(&h));
	fputs("1 2 3", f);
	rewind(f);
	assert_false(history_read(&h, f));
	fclose(f);
	history_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(money_moves_and_does_not_grow, empty),
		cmocka_unit_test_setup(a_request_is_applied_once, empty),
		cmocka_unit_test_setup(numbers_must_make_sense, empty),
		cmocka_unit_test_setup(there_is_room_for_so_many, empty),
		cmocka_unit_test_setup(an_older_ledger_is_refused, empty),
		cmocka_unit_test_setup(a_retry_does_not_join_histories, empty),
		cmocka_unit_test_setup(not_everything_is_a_ledger, empty),
		cmocka_unit_test_setup(a_record_opens_as_what_it_is, empty),
		cmocka_unit_test(what_cannot_be_is_noticed),
		cmocka_unit_test(what_is_written_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
