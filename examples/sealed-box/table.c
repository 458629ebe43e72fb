/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 31u /* characters in one field */

const char *const box_column_names[BOX_COLUMNS] = { "mdvis", "lncoins", "idp",
	"lpi", "fmde", "physlm", "disea", "hlthg", "hlthf", "hlthp" };

/* The next field of the line [*at, end), without its comma. */
static const char *field(const char **at, const char *end, size_t *size)
{
	const char *start = *at;
	const char *comma = memchr(start, ',', (size_t)(end - start));

	*size = (size_t)((comma ? comma : end) - start);
	*at = comma ? comma + 1 : NULL;
	return start;
}

static const char *read_header(const char *line, const char *end)
{
	for (size_t i = 0; i < BOX_COLUMNS; i++) {
		const char *name;
		size_t size;

		if (!line)
			return "columns are missing in the first line";
		name = field(&line, end, &size);
		if (size != strlen(box_column_names[i]) ||
			memcmp(name, box_column_names[i], size))
			return "the first line does not name the expected columns";
	}
	return line ? "too many columns in the first line" : NULL;
}

static const char *read_record(const char *line, const char *end, double *out)
{
	for (size_t i = 0; i < BOX_COLUMNS; i++) {
		char text[NUMBER_MAX + 1], *stop;
		const char *number;
		size_t size;
		bool good;

		if (!line)
			return "a record with too few fields";
		number = field(&line, end, &size);
		if (!size || size > NUMBER_MAX)
			return "a field that is no number";
		memcpy(text, number, size);
		text[size] = 0;
		good = strspn(text, "+-.0123456789eE") == size;
		out[i] = strtod(text, &stop);
		good = good && !*stop && stop != text && isfinite(out[i]);
		box_wipe(text, sizeof(text));
		if (!good)
			return "a field that is no number";
	}
	if (line)
		return "a record with too many fields";
	if (out[BOX_VISITS] < 0 || out[BOX_VISITS] != floor(out[BOX_VISITS]))
		return "a number of visits that is no whole number";
	return NULL;
}

static size_t count_lines(const char *text, size_t size)
{
	size_t lines = size && text[size - 1] != '\n';

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	return lines;
}

static const char *read_lines(struct box_table *t, const char *text, size_t size,
	size_t *line)
{
	const char *end = text + size;

	for (*line = 1; text < end; (*line)++) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		const char *next = stop ? stop + 1 : end, *wrong;

		stop = stop ? stop : end;
		if (*line == 1) {
			wrong = read_header(text, stop);
		} else {
			wrong = read_record(text, stop,
				t->records + t->count * BOX_COLUMNS);
			t->count += !wrong;
		}
		if (wrong)
			return wrong;
		text = next;
	}
	return NULL;
}

const char *box_table_read(struct box_table *t, const char *text, size_t size,
	size_t *line)
{
	size_t lines = count_lines(text, size);
	const char *wrong;

	*t = (struct box_table){ 0 };
	*line = 1;
	if (lines < 2)
		return "no records";
	if (lines - 1 > BOX_RECORDS_MAX)
		return "too many records";
	t->records = calloc(lines - 1, BOX_COLUMNS * sizeof(double));
	if (!t->records)
		return "out of memory";
	wrong = read_lines(t, text, size, line);
	if (wrong)
		box_table_wipe(t);
	return wrong;
}

void box_table_wipe(struct box_table *t)
{
	if (t->records)
		box_wipe(t->records, t->count * BOX_COLUMNS * sizeof(double));
	free(t->records);
	*t = (struct box_table){ 0 };
}
