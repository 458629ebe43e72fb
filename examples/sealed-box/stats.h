/* SPDX-License-Identifier: MIT */
/*
 * What the sealed box computes: a table of health records goes in, a page of
 * statistics comes out.  Pure C over memory: the enclave runs it, and so can
 * a test outside.
 */
#ifndef SEALED_BOX_STATS_H
#define SEALED_BOX_STATS_H

#include <stddef.h>
#include <stdint.h>

/* Columns of the table, in the order of the file. */
enum box_column {
	BOX_VISITS,      /* visits to a doctor in the year */
	BOX_COINSURANCE, /* ln(share paid by the family in percent + 1) */
	BOX_DEDUCTIBLE,
	BOX_INCENTIVE,
	BOX_MAXIMUM,
	BOX_LIMITATION,
	BOX_DISEASES,
	BOX_GOOD,
	BOX_FAIR,
	BOX_POOR,
	BOX_COLUMNS
};

extern const char *const box_column_names[BOX_COLUMNS];

#define BOX_RECORDS_MAX 500000u
#define BOX_PLANS_MAX 8u
#define BOX_HEALTHS 4u /* excellent, good, fair, poor */
/* A group with fewer people than this would tell of single persons: only its
 * size leaves the box, every other figure is zero. */
#define BOX_GROUP_MIN 20u

struct box_table {
	size_t count;    /* records */
	double *records; /* count rows of BOX_COLUMNS; owned by the table */
};

/* Visits of the people of one group. */
struct box_group {
	double label;   /* coinsurance in percent, or 0 to 3 for health */
	uint64_t count; /* records */
	double mean, deviation; /* sample standard deviation */
	double median, ninetieth, maximum;
	double none; /* share of people without any visit, 0 to 1 */
};

/* How visits go with one column.  Term 0 is the constant: no correlation. */
struct box_term {
	double correlation; /* Pearson's */
	double coefficient; /* of a Poisson regression on all columns */
	double error;       /* its standard error */
};

/* Plain data without padding: sent as it lies in memory, little endian. */
struct box_result {
	uint64_t records;
	uint64_t plans;
	struct box_group plan[BOX_PLANS_MAX]; /* ascending by label */
	struct box_group health[BOX_HEALTHS];
	struct box_term term[BOX_COLUMNS];
	double log_likelihood;
	uint64_t iterations;
};

_Static_assert(sizeof(struct box_group) == 64, "no padding");
_Static_assert(sizeof(struct box_result) ==
	16 + 64 * (BOX_PLANS_MAX + BOX_HEALTHS) + 24 * BOX_COLUMNS + 16,
	"no padding");

/* Read a table from CSV text (size bytes, untrusted content, needs no NUL at
 * the end) whose first line names the columns.  Returns NULL on success, else
 * what is wrong (a constant text), with the line's number in *line.  Empty
 * the table with box_table_wipe(). */
const char *box_table_read(struct box_table *, const char *text, size_t size,
	size_t *line);

/* Overwrites the records, then frees them.  A wiped table may be wiped again. */
void box_table_wipe(struct box_table *);

/* Compute everything.  Returns NULL, else what is wrong (a constant text):
 * too few records, columns that depend on each other, no convergence, out of
 * memory.  *result is zero then. */
const char *box_compute_statistics(const struct box_table *,
	struct box_result *result);

/* Overwrite memory in a way that the compiler does not drop. */
void box_wipe(void *, size_t size);

#endif
