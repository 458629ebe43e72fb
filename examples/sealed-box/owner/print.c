/* SPDX-License-Identifier: MIT */
#include "print.h"

static void print_group(FILE *f, const char *label, const struct box_group *g)
{
	fprintf(f, "  %-24s %8llu", label, (unsigned long long)g->count);
	if (g->count < BOX_GROUP_MIN)
		fprintf(f, "   withheld: fewer than %u people\n", BOX_GROUP_MIN);
	else
		fprintf(f, " %8.2f %8.2f %7.0f %7.0f %7.0f %8.1f%%\n", g->mean,
			g->deviation, g->median, g->ninetieth, g->maximum,
			100 * g->none);
}

static void print_heading(FILE *f, const char *what)
{
	fprintf(f, "  %-24s %8s %8s %8s %7s %7s %7s %9s\n", what, "records",
		"mean", "std.dev", "median", "90th%", "max", "no visit");
}

static void print_terms(FILE *f, const struct box_result *r)
{
	static const char *const names[BOX_COLUMNS] = { "constant",
		"coinsurance (log)", "deductible plan", "incentive (log)",
		"maximum spent (log)", "physical limitation",
		"chronic diseases", "health good", "health fair",
		"health poor" };

	fprintf(f, "  %-24s %12s %12s %10s %8s\n", "visits against",
		"correlation", "coefficient", "std.error", "z");
	for (size_t i = 0; i < BOX_COLUMNS; i++) {
		const struct box_term *t = &r->term[i];

		fprintf(f, "  %-24s ", names[i]);
		if (i)
			fprintf(f, "%12.4f", t->correlation);
		else
			fprintf(f, "%12s", "");
		fprintf(f, " %12.4f %10.4f %8.1f\n", t->coefficient, t->error,
			t->error > 0 ? t->coefficient / t->error : 0.0);
	}
}

void print_result(FILE *f, const struct box_result *r)
{
	static const char *const healths[BOX_HEALTHS] = { "excellent", "good",
		"fair", "poor" };
	char label[32];

	fprintf(f, "  Visits to a doctor in a year, %llu records\n\n",
		(unsigned long long)r->records);
	print_heading(f, "family pays of the bill");
	for (size_t i = 0; i < r->plans && i < BOX_PLANS_MAX; i++) {
		snprintf(label, sizeof(label), "%3.0f %%", r->plan[i].label);
		print_group(f, label, &r->plan[i]);
	}
	fprintf(f, "\n");
	print_heading(f, "own health is called");
	for (size_t i = 0; i < BOX_HEALTHS; i++)
		print_group(f, healths[i], &r->health[i]);
	fprintf(f, "\n");
	print_terms(f, r);
	fprintf(f, "  Poisson regression, log likelihood %.1f after %llu steps\n",
		r->log_likelihood, (unsigned long long)r->iterations);
}
