/* SPDX-License-Identifier: MIT */
/* Both axes are logarithmic: powers of two across, of ten upwards. */
#include "bench_svg.h"
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define WIDTH 820
#define HEIGHT 500
#define LEFT 92.0
#define RIGHT 732.0
#define TOP 78.0
#define BOTTOM 408.0
#define PAGES_PER_MIB 256.0

struct axes {
	double x_low, x_high; /* log2 of times the EPC */
	double y_low, y_high; /* log10 of pages per second, whole numbers */
};

static double x_of(const struct axes *a, double epcs)
{
	return LEFT + (log2(epcs) - a->x_low) / (a->x_high - a->x_low) *
		(RIGHT - LEFT);
}

static double y_of(const struct axes *a, double rate)
{
	return BOTTOM - (log10(rate) - a->y_low) / (a->y_high - a->y_low) *
		(BOTTOM - TOP);
}

static struct axes fit(const struct bench_svg_point *p, size_t count)
{
	double low = p[0].random, high = p[0].random;
	struct axes a;

	for (size_t i = 0; i < count; i++) {
		low = fmin(low, fmin(p[i].random, p[i].sequential));
		high = fmax(high, fmax(p[i].random, p[i].sequential));
	}
	a.x_low = log2(p[0].epcs);
	a.x_high = log2(p[count - 1].epcs);
	a.y_low = floor(log10(low));
	a.y_high = ceil(log10(high));
	if (a.y_high <= a.y_low)
		a.y_high = a.y_low + 1;
	return a;
}

static void head(FILE *f, const char *size)
{
	fprintf(f,
"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
"width=\"%d\" height=\"%d\" role=\"img\" "
"font-family=\"system-ui, sans-serif\" font-size=\"13\">\n"
"<title>Pages touched per second against the working set</title>\n"
"<style>\n"
" .paper { fill: #ffffff } .ink { fill: #1f2937 } .soft { fill: #6b7280 }\n"
" .grid { stroke: #e5e7eb } .axis { stroke: #9ca3af }\n"
" .limit { stroke: #6b7280; stroke-dasharray: 5 4 }\n"
" .random { stroke: #c2410c } .random-dot { fill: #c2410c }\n"
" .sequential { stroke: #1d4ed8 } .sequential-dot { fill: #1d4ed8 }\n"
" .curve { fill: none; stroke-width: 2.2; stroke-linejoin: round }\n"
" @media (prefers-color-scheme: dark) {\n"
"  .paper { fill: #0f172a } .ink { fill: #e5e7eb } .soft { fill: #9ca3af }\n"
"  .grid { stroke: #273449 } .axis { stroke: #64748b }\n"
"  .limit { stroke: #94a3b8 }\n"
"  .random { stroke: #fb923c } .random-dot { fill: #fb923c }\n"
"  .sequential { stroke: #60a5fa } .sequential-dot { fill: #60a5fa }\n"
" }\n"
"</style>\n"
"<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n"
"<text class=\"ink\" x=\"%.0f\" y=\"30\" font-size=\"17\" "
"font-weight=\"600\">Walking over the pages of one enclave"
"</text>\n"
"<text class=\"soft\" x=\"%.0f\" y=\"52\">%s; each page is read and written "
"once in a round</text>\n",
		WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT, LEFT, size);
}

static void text(FILE *f, const char *class, double x, double y,
	const char *anchor, const char *format, double value)
{
	fprintf(f, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" "
		"text-anchor=\"%s\">", class, x, y, anchor);
	fprintf(f, format, value);
	fputs("</text>\n", f);
}

static void line(FILE *f, const char *class, double x1, double y1, double x2,
	double y2)
{
	fprintf(f, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
		"y2=\"%.1f\"/>\n", class, x1, y1, x2, y2);
}

/* 1000 is "1 k", 1000000 "1 M". */
static void rate_label(FILE *f, double x, double y, const char *anchor,
	double rate)
{
	if (rate >= 1e9)
		text(f, "ink", x, y, anchor, "%g G", rate / 1e9);
	else if (rate >= 1e6)
		text(f, "ink", x, y, anchor, "%g M", rate / 1e6);
	else if (rate >= 1e3)
		text(f, "ink", x, y, anchor, "%g k", rate / 1e3);
	else
		text(f, "ink", x, y, anchor, "%g", rate);
}

static void scales(FILE *f, const struct axes *a, uint64_t epc_pages)
{
	double mib = (double)epc_pages / PAGES_PER_MIB;

	for (double y = a->y_low; y <= a->y_high; y++) {
		double at = y_of(a, pow(10, y));

		line(f, "grid", LEFT, at, RIGHT, at);
		rate_label(f, LEFT - 10, at + 4, "end", pow(10, y));
	}
	for (double y = ceil(a->y_low - log10(PAGES_PER_MIB));
			y <= a->y_high - log10(PAGES_PER_MIB); y++) {
		double at = y_of(a, pow(10, y) * PAGES_PER_MIB);

		line(f, "axis", RIGHT, at, RIGHT + 5, at);
		rate_label(f, RIGHT + 10, at + 4, "start", pow(10, y));
	}
	for (double x = ceil(a->x_low); x <= a->x_high; x++) {
		double at = x_of(a, exp2(x));

		line(f, "grid", at, TOP, at, BOTTOM);
		text(f, "ink", at, BOTTOM + 20, "middle", "%g MiB",
			exp2(x) * mib);
		text(f, "soft", at, BOTTOM + 37, "middle", "%g x EPC",
			exp2(x));
	}
	line(f, "axis", LEFT, BOTTOM, RIGHT, BOTTOM);
	line(f, "axis", LEFT, TOP, LEFT, BOTTOM);
	line(f, "axis", RIGHT, TOP, RIGHT, BOTTOM);
	fprintf(f, "<text class=\"ink\" x=\"%.0f\" y=\"%.0f\" "
		"text-anchor=\"middle\">working set</text>\n",
		(LEFT + RIGHT) / 2, BOTTOM + 62);
	fprintf(f, "<text class=\"ink\" transform=\"translate(26 %.0f) "
		"rotate(-90)\" text-anchor=\"middle\">pages per second</text>\n",
		(TOP + BOTTOM) / 2);
	fprintf(f, "<text class=\"ink\" transform=\"translate(%d %.0f) "
		"rotate(90)\" text-anchor=\"middle\">MiB of pages per second</text>\n",
		WIDTH - 26, (TOP + BOTTOM) / 2);
}

static void epc_line(FILE *f, const struct axes *a, uint64_t epc_pages)
{
	double at;

	if (a->x_low > 0 || a->x_high < 0)
		return;
	at = x_of(a, 1);
	line(f, "limit", at, TOP, at, BOTTOM);
	text(f, "soft", at + 7, TOP + 16, "start", "the EPC: %g MiB",
		(double)epc_pages / PAGES_PER_MIB);
}

static void curve(FILE *f, const struct axes *a,
	const struct bench_svg_point *p, size_t count, bool random)
{
	const char *name = random ? "random" : "sequential";

	fprintf(f, "<polyline class=\"curve %s\" points=\"", name);
	for (size_t i = 0; i < count; i++)
		fprintf(f, "%s%.1f,%.1f", i ? " " : "", x_of(a, p[i].epcs),
			y_of(a, random ? p[i].random : p[i].sequential));
	fputs("\"/>\n", f);
	for (size_t i = 0; i < count; i++) {
		double rate = random ? p[i].random : p[i].sequential;

		fprintf(f, "<circle class=\"%s-dot\" cx=\"%.1f\" cy=\"%.1f\" "
			"r=\"3.4\"><title>%g x EPC, %s: %.0f pages/s, "
			"%.1f MiB/s</title></circle>\n", name,
			x_of(a, p[i].epcs), y_of(a, rate), p[i].epcs, name,
			rate, rate / PAGES_PER_MIB);
	}
}

static void legend(FILE *f)
{
	static const struct { const char *name, *text; } row[] = {
		{ "sequential", "ascending" }, { "random", "in random order" },
	};

	for (int i = 0; i < 2; i++) {
		double y = TOP + 20 + 22 * i;

		fprintf(f, "<line class=\"curve %s\" x1=\"%.0f\" y1=\"%.0f\" "
			"x2=\"%.0f\" y2=\"%.0f\"/>\n"
			"<text class=\"ink\" x=\"%.0f\" y=\"%.0f\">%s</text>\n",
			row[i].name, RIGHT - 160, y - 4, RIGHT - 130, y - 4,
			RIGHT - 122, y, row[i].text);
	}
}

int bench_svg_write(const char *path, const struct bench_svg_point *points,
	size_t count, uint64_t epc_pages, const char *size)
{
	struct axes a = fit(points, count);
	FILE *f = fopen(path, "we");
	int error;

	if (!f)
		return -errno;
	head(f, size);
	scales(f, &a, epc_pages);
	epc_line(f, &a, epc_pages);
	curve(f, &a, points, count, true);
	curve(f, &a, points, count, false);
	legend(f);
	fputs("</svg>\n", f);
	error = ferror(f) ? EIO : 0;
	if (fclose(f) && !error)
		error = errno;
	return -error;
}
