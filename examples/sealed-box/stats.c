/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TERMS BOX_COLUMNS /* a constant, and every column but the visits */
#define STEPS_MAX 50u

void box_wipe(void *memory, size_t size)
{
	memset(memory, 0, size);
	__asm__ volatile("" : : "r"(memory) : "memory");
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Linear between the two nearest of count ascending values. */
static double quantile(const double *sorted, size_t count, double q)
{
	double at = q * (double)(count - 1);
	size_t low = (size_t)at;
	double part = at - (double)low;

	if (low + 1 >= count)
		return sorted[count - 1];
	return sorted[low] + part * (sorted[low + 1] - sorted[low]);
}

/* Sorts the visits in place. */
static void describe(struct box_group *g, double *visits, size_t count)
{
	double sum = 0, squares = 0;
	size_t none = 0;

	g->count = count;
	if (count < BOX_GROUP_MIN)
		return;
	for (size_t i = 0; i < count; i++) {
		sum += visits[i];
		none += visits[i] == 0;
	}
	g->mean = sum / (double)count;
	for (size_t i = 0; i < count; i++)
		squares += (visits[i] - g->mean) * (visits[i] - g->mean);
	g->deviation = sqrt(squares / (double)(count - 1));
	qsort(visits, count, sizeof(*visits), compare_doubles);
	g->median = quantile(visits, count, 0.5);
	g->ninetieth = quantile(visits, count, 0.9);
	g->maximum = visits[count - 1];
	g->none = (double)none / (double)count;
}

static unsigned health_of(const double *record)
{
	if (record[BOX_POOR] != 0)
		return 3;
	if (record[BOX_FAIR] != 0)
		return 2;
	return record[BOX_GOOD] != 0;
}

static const char *find_plans(const struct box_table *t, double *labels,
	uint64_t *plans)
{
	size_t n = 0;

	for (size_t i = 0; i < t->count; i++) {
		double label = t->records[i * BOX_COLUMNS + BOX_COINSURANCE];
		size_t k = 0;

		while (k < n && labels[k] != label)
			k++;
		if (k < n)
			continue;
		if (n == BOX_PLANS_MAX)
			return "more insurance plans than the result has room for";
		labels[n++] = label;
	}
	qsort(labels, n, sizeof(*labels), compare_doubles);
	*plans = n;
	return NULL;
}

static const char *group(const struct box_table *t, struct box_result *r)
{
	double labels[BOX_PLANS_MAX];
	const char *wrong = find_plans(t, labels, &r->plans);
	double *visits;

	if (wrong)
		return wrong;
	visits = malloc(t->count * sizeof(*visits));
	if (!visits)
		return "out of memory";
	for (size_t k = 0; k < r->plans + BOX_HEALTHS; k++) {
		bool by_plan = k < r->plans;
		unsigned health = (unsigned)(k - r->plans);
		struct box_group *g = by_plan ? &r->plan[k] : &r->health[health];
		size_t n = 0;

		for (size_t i = 0; i < t->count; i++) {
			const double *record = t->records + i * BOX_COLUMNS;

			if (by_plan ? record[BOX_COINSURANCE] == labels[k]
				    : health_of(record) == health)
				visits[n++] = record[BOX_VISITS];
		}
		g->label = by_plan ? round(exp(labels[k]) - 1) : health;
		describe(g, visits, n);
	}
	box_wipe(visits, t->count * sizeof(*visits));
	free(visits);
	return NULL;
}

static double correlation(const struct box_table *t, enum box_column column)
{
	double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;

	for (size_t i = 0; i < t->count; i++) {
		mx += t->records[i * BOX_COLUMNS + column];
		my += t->records[i * BOX_COLUMNS + BOX_VISITS];
	}
	mx /= (double)t->count;
	my /= (double)t->count;
	for (size_t i = 0; i < t->count; i++) {
		double x = t->records[i * BOX_COLUMNS + column] - mx;
		double y = t->records[i * BOX_COLUMNS + BOX_VISITS] - my;

		xx += x * x;
		yy += y * y;
		xy += x * y;
	}
	return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

/* Lower triangle L with L L' = m, in place.  0, or -1 if m is singular. */
static int cholesky(double m[TERMS][TERMS])
{
	for (size_t j = 0; j < TERMS; j++) {
		double before = m[j][j];

		for (size_t k = 0; k < j; k++)
			m[j][j] -= m[j][k] * m[j][k];
		if (!(m[j][j] > 1e-12 * before))
			return -1;
		m[j][j] = sqrt(m[j][j]);
		for (size_t i = j + 1; i < TERMS; i++) {
			for (size_t k = 0; k < j; k++)
				m[i][j] -= m[i][k] * m[j][k];
			m[i][j] /= m[j][j];
		}
	}
	return 0;
}

/* Solve L L' x = b, in place. */
static void solve(double l[TERMS][TERMS], double x[TERMS])
{
	for (size_t i = 0; i < TERMS; i++) {
		for (size_t k = 0; k < i; k++)
			x[i] -= l[i][k] * x[k];
		x[i] /= l[i][i];
	}
	for (size_t i = TERMS; i-- > 0;) {
		for (size_t k = i + 1; k < TERMS; k++)
			x[i] -= l[k][i] * x[k];
		x[i] /= l[i][i];
	}
}

/* The row that the regression sees: a 1 where the visits stood. */
static void regressors(const double *record, double x[TERMS])
{
	memcpy(x, record, TERMS * sizeof(*x));
	x[0] = 1;
}

/* Gradient and information matrix of the log likelihood at beta. */
static double likelihood(const struct box_table *t, const double beta[TERMS],
	double gradient[TERMS], double information[TERMS][TERMS])
{
	double sum = 0;

	memset(gradient, 0, TERMS * sizeof(*gradient));
	memset(information, 0, TERMS * TERMS * sizeof(double));
	for (size_t n = 0; n < t->count; n++) {
		const double *record = t->records + n * BOX_COLUMNS;
		double y = record[BOX_VISITS], x[TERMS], eta = 0, mu;

		regressors(record, x);
		for (size_t i = 0; i < TERMS; i++)
			eta += beta[i] * x[i];
		mu = exp(eta);
		sum += y * eta - mu - lgamma(y + 1);
		for (size_t i = 0; i < TERMS; i++) {
			gradient[i] += (y - mu) * x[i];
			for (size_t j = 0; j <= i; j++)
				information[i][j] += mu * x[i] * x[j];
		}
	}
	return sum;
}

/* Poisson regression with logarithmic link, by Newton's method. */
static const char *regress(const struct box_table *t, struct box_result *r)
{
	double beta[TERMS] = { 0 }, step[TERMS], information[TERMS][TERMS];
	double mean = 0, size;

	for (size_t i = 0; i < t->count; i++)
		mean += t->records[i * BOX_COLUMNS + BOX_VISITS];
	mean /= (double)t->count;
	if (!(mean > 0))
		return "nobody saw a doctor";
	beta[0] = log(mean);

	do {
		r->log_likelihood = likelihood(t, beta, step, information);
		if (!isfinite(r->log_likelihood) || cholesky(information))
			return "columns that depend on each other";
		solve(information, step);
		size = 0;
		for (size_t i = 0; i < TERMS; i++) {
			beta[i] += step[i];
			size = fmax(size, fabs(step[i]));
		}
		if (++r->iterations > STEPS_MAX)
			return "the regression does not converge";
	} while (size > 1e-10);

	for (size_t i = 0; i < TERMS; i++) {
		double unit[TERMS] = { 0 };

		unit[i] = 1;
		solve(information, unit);
		r->term[i].coefficient = beta[i];
		r->term[i].error = sqrt(unit[i]);
		if (i)
			r->term[i].correlation = correlation(t, (enum box_column)i);
	}
	return NULL;
}

const char *box_compute_statistics(const struct box_table *t,
	struct box_result *result)
{
	const char *wrong = NULL;

	memset(result, 0, sizeof(*result));
	if (t->count < 10 * TERMS)
		wrong = "too few records for a regression";
	result->records = t->count;
	if (!wrong)
		wrong = group(t, result);
	if (!wrong)
		wrong = regress(t, result);
	if (wrong)
		memset(result, 0, sizeof(*result));
	return wrong;
}
