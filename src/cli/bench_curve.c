/* SPDX-License-Identifier: MIT */
/* The walk over working sets from half to eight times the EPC. */
#include "bench_paging.h"
#include "bench_stat.h"
#include "bench_svg.h"
#include "cli.h"
#include <stdio.h>
#include <string.h>

#define SAMPLES 5
#define SAMPLE_NS 60e6 /* at least, unless a pass takes longer */

static const double g_epcs[] = {
	0.5, 0.625, 0.75, 0.875, 1, 1.125, 1.25, 1.5, 2, 3, 4, 6, 8,
};
#define POINTS (sizeof(g_epcs) / sizeof(*g_epcs))

static bool rate_of(oe_enclave_t *enclave, uint32_t pages,
	enum walk_order order, double *rate)
{
	double ns[SAMPLES];
	uint64_t passes, done;

	if (!paging_lay(enclave, pages, order) ||
	    !paging_walk(enclave, pages, &ns[0]))
		return false;
	passes = 1 + (uint64_t)(SAMPLE_NS / SAMPLES / (ns[0] * pages));
	for (int i = 0; i < SAMPLES; i++)
		if (!paging_walk(enclave, passes * pages, &ns[i]))
			return false;
	done = 1 + SAMPLES * passes;
	*rate = 1e9 / bench_median(ns, SAMPLES);
	return paging_verify(enclave, (uint32_t)done);
}

static void show(struct bench_report *report,
	const struct bench_svg_point *points)
{
	json_t *rows = json_array();

	if (!report->json)
		printf("\n%s\n%*s %*s %*s\n",
			_("pages per second, by working set"),
			CLI_CELL(8, _("x EPC")), CLI_CELL(14, _("random")),
			CLI_CELL(14, _("sequential")));
	for (size_t i = 0; i < POINTS; i++) {
		if (!report->json)
			printf("%8g %14.0f %14.0f\n", points[i].epcs,
				points[i].random, points[i].sequential);
		json_array_append_new(rows, json_pack("{s:f, s:f, s:f}",
			"epcs", points[i].epcs,
			"random_pages_per_s", points[i].random,
			"sequential_pages_per_s", points[i].sequential));
	}
	bench_report_add(report, "curve", rows);
}

bool bench_curve(struct bench_report *report, oe_enclave_t *enclave,
	uint64_t epc_pages, const char *size, const char *path)
{
	struct bench_svg_point points[POINTS];
	int ret;

	for (size_t i = 0; i < POINTS; i++) {
		uint32_t pages = (uint32_t)(g_epcs[i] * (double)epc_pages);

		points[i].epcs = g_epcs[i];
		if (!rate_of(enclave, pages, WALK_RANDOM, &points[i].random) ||
		    !rate_of(enclave, pages, WALK_ASCENDING,
				&points[i].sequential))
			return false;
	}
	show(report, points);
	ret = bench_svg_write(path, points, POINTS, epc_pages, size);
	if (ret)
		cli_error("%s: %s", path, strerror(-ret));
	return !ret;
}
