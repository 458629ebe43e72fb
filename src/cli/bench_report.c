/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include "cli.h"
#include <stdio.h>

void bench_report_begin(struct bench_report *report, bool json)
{
	report->figures = json_object();
	report->limits = json_array();
	report->json = json;
}

void bench_report_figure(struct bench_report *report, const char *name,
	double value, const char *unit, const char *note)
{
	json_object_set_new(report->figures, name, json_real(value));
	if (report->json)
		return;
	printf("%-22s %14.*f %-4s %s\n", name,
		value < 10 ? 3 : value < 1000 ? 1 : 0, value, unit,
		*note ? _(note) : "");
	fflush(stdout);
}

static void limit(struct bench_report *report, const char *name, double value,
	double bound, bool most)
{
	bool met = most ? value <= bound : value >= bound;

	json_array_append_new(report->limits, json_pack("{s:s, s:f, s:s, s:f, s:b}",
		"name", name, "value", value, "is", most ? "at most" : "at least",
		"limit", bound, "met", met));
	if (!report->json)
		printf("%-44s %8.2f  %s %.2f: %s\n", name, value,
			most ? _("at most") : _("at least"), bound,
			met ? _("met") : _("NOT MET"));
}

void bench_report_at_most(struct bench_report *report, const char *name,
	double value, double bound)
{
	limit(report, name, value, bound, true);
}

void bench_report_at_least(struct bench_report *report, const char *name,
	double value, double bound)
{
	limit(report, name, value, bound, false);
}

void bench_report_add(struct bench_report *report, const char *name,
	json_t *value)
{
	json_object_set_new(report->figures, name, value);
}

int bench_report_end(struct bench_report *report)
{
	int status = CLI_OK;

	json_object_set_new(report->figures, "limits", report->limits);
	if (report->json)
		status = cli_print_json(report->figures);
	else
		json_decref(report->figures);
	return status;
}
