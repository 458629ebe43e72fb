/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks share: a list of figures with their limits, shown
 * as a table or as JSON.
 */
#ifndef COFFER_CLI_BENCH_H
#define COFFER_CLI_BENCH_H

#include <jansson.h>
#include <stdbool.h>

struct bench_report {
	json_t *figures; /* object: name to number */
	json_t *limits; /* array of {name, value, limit, met} */
	bool json;
};

void bench_report_begin(struct bench_report *report, bool json);

/* A figure; unit and note are for people. */
void bench_report_figure(struct bench_report *report, const char *name,
	double value, const char *unit, const char *note);

/* A figure against what it is held to: at most limit, or at least. */
void bench_report_at_most(struct bench_report *report, const char *name,
	double value, double limit);
void bench_report_at_least(struct bench_report *report, const char *name,
	double value, double limit);

/* Further parts of the JSON answer; takes the reference. */
void bench_report_add(struct bench_report *report, const char *name,
	json_t *value);

/* Prints what is left to print, frees; the exit status of the command. */
int bench_report_end(struct bench_report *report);

/* `coffer bench calls` and so on: exit statuses. */
int bench_attest(bool json);
int bench_calls(bool json);
int bench_load(bool json);
int bench_paging(bool json, const char *svg); /* svg: a file, or NULL */
int bench_portal(bool json);
int bench_scale(bool json);
int bench_serve(bool json);
int bench_vm(bool json);

#endif
