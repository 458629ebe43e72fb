/* SPDX-License-Identifier: MIT */
/*
 * The sealed box without an enclave around it: the owner's code (OpenSSL) and
 * the enclave's (mbedTLS) understand each other, every changed byte is found,
 * and the statistics are the known ones.
 */
#include "enclave/box.h"
#include "owner/seal.h"
#include "stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <cmocka.h>

/* The one service of the enclave's runtime that the box uses. */
oe_result_t oe_random(void *data, size_t size)
{
	return getrandom(data, size, 0) == (ssize_t)size ? OE_OK : OE_FAILURE;
}

static uint8_t *g_text;
static size_t g_size;

static int load(void **state)
{
	FILE *f = fopen(SEALED_BOX_DATA, "rb");

	g_text = malloc(BOX_PLAINTEXT_MAX);
	if (!f || !g_text)
		return -1;
	g_size = fread(g_text, 1, BOX_PLAINTEXT_MAX, f);
	fclose(f);
	return g_size ? 0 : -1;
}

static int unload(void **state)
{
	free(g_text);
	return 0;
}

static void statistics(struct box_result *r)
{
	struct box_table table;
	size_t line;

	assert_null(box_table_read(&table, (char *)g_text, g_size, &line));
	assert_int_equal(table.count, 20190);
	assert_null(box_compute_statistics(&table, r));
	box_table_wipe(&table);
	assert_null(table.records);
}

static void near(double a, double b, double tolerance)
{
	if (!(fabs(a - b) <= tolerance * fmax(1, fabs(b))))
		fail_msg("%.12g is not %.12g", a, b);
}

/* Means and deviations: Python's statistics module over the same file. */
static void test_groups(void **state)
{
	static const struct box_group plans[] = {
		{ 0, 10997, 3.1235791579521686, 4.705814920254589, 2, 8, 77,
			0.27898517777575704 },
		{ 25, 4065, 2.7874538745387456, 4.563861169719861, 1, 7, 74,
			0.3040590405904059 },
		{ 50, 1401, 2.5610278372591004, 3.6499542188825904, 1, 7, 41,
			0.31977159172019987 },
		{ 95, 2653, 2.111571805503204, 4.017353699726604, 1, 6, 55,
			0.4451564266867697 },
		{ 100, 1074, 2.682495344506518, 4.048486527293192, 1, 7, 44,
			0.34916201117318435 },
	}, healths[] = {
		{ 0, 11019, 2.634449587076867, 4.115984572534051, 1, 7, 74,
			0.309737725746438 },
		{ 1, 7309, 2.9023122178136544, 4.522253116723239, 2, 7, 77,
			0.31755370091667806 },
		{ 2, 1560, 3.6923076923076925, 5.7979839727036016, 2, 10, 69,
			0.3230769230769231 },
		{ 3, 302, 5.7947019867549665, 7.480488800980235, 4, 15, 72,
			0.23178807947019867 },
	};
	struct box_result r;

	statistics(&r);
	assert_int_equal(r.records, 20190);
	assert_int_equal(r.plans, 5);
	for (size_t i = 0; i < 9; i++) {
		const struct box_group *g = i < 5 ? &r.plan[i] : &r.health[i - 5];
		const struct box_group *want = i < 5 ? &plans[i] : &healths[i - 5];

		assert_int_equal(g->count, want->count);
		near(g->label, want->label, 0);
		near(g->mean, want->mean, 1e-12);
		near(g->deviation, want->deviation, 1e-12);
		near(g->median, want->median, 0);
		near(g->ninetieth, want->ninetieth, 0);
		near(g->maximum, want->maximum, 0);
		near(g->none, want->none, 1e-12);
	}
}

/* Correlations: Python's statistics module.  Coefficients and errors: Stata
 * 11 on the same data, as published in statsmodels' own tests. */
static void test_regression(void **state)
{
	static const struct box_term want[BOX_COLUMNS] = {
		{ 0, .700352877227, .01116266712362 },
		{ -0.06967142839936534, -.052535114675, .00288398915279 },
		{ -0.050951048345967496, -.247086797633, .01061725196728 },
		{ -0.016567281511538606, .035290201794, .00182833684966 },
		{ -0.09768560722792897, -.03457750643, .00161284852954 },
		{ 0.14347028918357888, .271713973711, .01223913844387 },
		{ 0.21195582486473288, .033941474461, .00056476496963 },
		{ 0.007004917786458531, -.012635035534, .00925061122826 },
		{ 0.05344347448313672, .054056326828, .01530987068312 },
		{ 0.08027607026418827, .206115121809, .02627928267502 },
	};
	struct box_result r;

	statistics(&r);
	for (size_t i = 0; i < BOX_COLUMNS; i++) {
		near(r.term[i].correlation, want[i].correlation, 1e-11);
		near(r.term[i].coefficient, want[i].coefficient, 1e-7);
		near(r.term[i].error, want[i].error, 1e-8);
	}
	near(r.log_likelihood, -62419.588535018, 1e-8);
}

static void test_bad_tables(void **state)
{
	static const char *const header =
		"mdvis,lncoins,idp,lpi,fmde,physlm,disea,hlthg,hlthf,hlthp\n";
	static const char *const rows[] = { "1,2,3\n", "1,2,3,4,5,6,7,8,9,10,11\n",
		"x,0,0,0,0,0,0,0,0,0\n", "1,,0,0,0,0,0,0,0,0\n",
		"1,nan,0,0,0,0,0,0,0,0\n", "1,inf,0,0,0,0,0,0,0,0\n",
		"1,1e999,0,0,0,0,0,0,0,0\n", "1.5,0,0,0,0,0,0,0,0,0\n",
		"-1,0,0,0,0,0,0,0,0,0\n", "1,0x10,0,0,0,0,0,0,0,0\n", "\n",
		"1,0,0,0,0,0,0,0,0,00000000000000000000000000000000001\n",
		"1, 2,0,0,0,0,0,0,0,0\n", "1,0,0,0,0,0,0,0,0,+" };
	struct box_table table;
	struct box_result r;
	char text[512];
	size_t line;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int n = snprintf(text, sizeof(text), "%s%s", header, rows[i]);

		assert_non_null(box_table_read(&table, text, (size_t)n, &line));
		assert_int_equal(line, 2);
		assert_null(table.records);
	}
	assert_non_null(box_table_read(&table, header, strlen(header), &line));
	assert_non_null(box_table_read(&table, "", 0, &line));
	assert_non_null(box_table_read(&table, "a,b\n1,2\n", 8, &line));
	snprintf(text, sizeof(text), "%s1,0,0,0,0,0,0,0,0,0", header);
	assert_null(box_table_read(&table, text, strlen(text), &line));
	assert_int_equal(table.count, 1);
	assert_non_null(box_compute_statistics(&table, &r));
	assert_int_equal(r.records, 0);
	box_table_wipe(&table);
}

/* What owner and host hold after the owner has sealed the table. */
struct post {
	uint8_t key[BOX_KEY_SIZE], hash[BOX_HASH_SIZE], *sealed;
	size_t size;
};

static void prepare(struct post *p)
{
	box_close();
	assert_false(box_has_key());
	p->size = g_size + BOX_OVERHEAD;
	p->sealed = malloc(p->size);
	assert_non_null(p->sealed);
	assert_null(seal_random(p->key, sizeof(p->key)));
	assert_null(seal_records(p->key, g_text, g_size, p->sealed));
	assert_int_equal(box_take_key(p->key), BOX_OK);
	assert_true(box_has_key());
	assert_null(seal_hash(p->sealed, p->size, p->hash));
}

static enum box_status try_open(struct post *p)
{
	uint64_t records;
	enum box_status status = box_open(p->sealed, p->size, &records);

	assert_int_equal(records, status == BOX_OK ? 20190 : 0);
	return status;
}

static void test_there_and_back(void **state)
{
	uint8_t message[sizeof(struct box_result) + BOX_OVERHEAD], second[sizeof(message)];
	struct box_result r, ours;
	size_t written;
	struct post p;

	prepare(&p);
	assert_int_equal(try_open(&p), BOX_OK);
	assert_int_equal(try_open(&p), BOX_BAD_ORDER);
	assert_int_equal(box_compute(message, sizeof(message) - 1, &written),
		BOX_TOO_BIG);
	assert_int_equal(written, 0);
	assert_int_equal(box_compute(message, sizeof(message), &written), BOX_OK);
	assert_int_equal(written, sizeof(message));
	assert_int_equal(box_compute(second, sizeof(second), &written), BOX_OK);
	assert_memory_not_equal(message + 24, second + 24, BOX_NONCE_SIZE);
	assert_null(seal_open_result(p.key, p.hash, message, written, &r, sizeof(r)));
	statistics(&ours);
	assert_memory_equal(&r, &ours, sizeof(r));

	p.hash[0] ^= 1;
	assert_non_null(seal_open_result(p.key, p.hash, message, written, &r,
		sizeof(r)));
	p.hash[0] ^= 1;
	for (size_t i = 0; i < sizeof(message); i += 7) {
		message[i] ^= 1 << i % 8;
		assert_non_null(seal_open_result(p.key, p.hash, message, written,
			&r, sizeof(r)));
		message[i] ^= 1 << i % 8;
	}
	box_close();
	assert_int_equal(box_compute(message, sizeof(message), &written),
		BOX_BAD_ORDER);
	free(p.sealed);
}

static void test_changed_messages(void **state)
{
	struct post p;
	uint64_t records;

	prepare(&p);
	for (size_t i = 0; i < p.size; i += i < 100 ? 1 : p.size / 50) {
		p.sealed[i] ^= 1 << i % 8;
		assert_int_not_equal(try_open(&p), BOX_OK);
		p.sealed[i] ^= 1 << i % 8;
	}
	assert_int_equal(box_open(p.sealed, p.size - 1, &records),
		BOX_BAD_MESSAGE);
	assert_int_equal(box_open(p.sealed, 88, &records), BOX_BAD_MESSAGE);
	assert_int_equal(box_open(NULL, 0, &records), BOX_BAD_MESSAGE);
	assert_int_equal(try_open(&p), BOX_OK);
	box_close();
	free(p.sealed);
}

/* Authentic, but a table that the box does not know. */
static void test_other_records(void **state)
{
	uint8_t *text = g_text;
	size_t size = g_size;
	uint64_t records;
	struct post p;

	g_text = (uint8_t *)"name,illness\nAda,none\n";
	g_size = strlen((char *)g_text);
	prepare(&p);
	assert_int_equal(box_open(p.sealed, p.size, &records), BOX_BAD_RECORDS);
	free(p.sealed);
	g_text = text;
	g_size = size;
	box_close();
}

/* A box that was given another key cannot open what was not meant for it, and
 * a box has one key at a time. */
static void test_other_key(void **state)
{
	uint8_t other[BOX_KEY_SIZE], code[BOX_KEY_SIZE], records[BOX_KEY_SIZE];
	struct post p;

	prepare(&p);
	assert_null(seal_random(other, sizeof(other)));
	assert_int_equal(box_take_key(other), BOX_BAD_ORDER);
	box_close();
	assert_int_equal(try_open(&p), BOX_BAD_ORDER);
	assert_int_equal(box_take_key(other), BOX_OK);
	assert_int_equal(try_open(&p), BOX_NOT_AUTHENTIC);
	box_close();
	/* Each use has a key of its own. */
	assert_null(seal_derive(p.key, BOX_LABEL_CODE, code));
	assert_null(seal_derive(p.key, BOX_LABEL_RECORDS, records));
	assert_memory_not_equal(code, records, BOX_KEY_SIZE);
	free(p.sealed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_regression),
		cmocka_unit_test(test_bad_tables),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_changed_messages),
		cmocka_unit_test(test_other_records),
		cmocka_unit_test(test_other_key),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
