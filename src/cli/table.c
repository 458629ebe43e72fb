/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "cli.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void table_begin(struct table *table, const char *columns,
	const unsigned char *least)
{
	*table = (struct table){ .columns = columns, .least = least };
}

void table_add(struct table *table, const char *format, ...)
{
	char **more = table->cells, *text = NULL;
	va_list args;

	/* Grows at powers of two. */
	if (!(table->count & (table->count - 1)))
		more = realloc(more, (table->count ? 2 * table->count : 1) *
			sizeof(*more));
	if (!more)
		return;
	table->cells = more;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	more[table->count++] = text;
}

static const char *cell(const struct table *table, size_t i)
{
	return table->cells[i] ? table->cells[i] : "";
}

/* What it takes on the terminal. */
static int shown(const char *text)
{
	return (int)strlen(text) - cli_width(0, text);
}

static void print_row(const struct table *table, size_t from,
	const int widths[TABLE_COLUMNS_MAX])
{
	size_t columns = strlen(table->columns);

	for (size_t i = 0; i < columns; i++) {
		const char *text = cell(table, from + i);
		bool left = table->columns[i] == '<';

		/* Nothing behind the last one. */
		if (left && i + 1 == columns)
			printf("%s\n", text);
		else
			printf(left ? "%-*s%s" : "%*s%s",
				CLI_CELL(widths[i], text), i + 1 == columns ?
				"\n" : "  ");
	}
}

void table_end(struct table *table)
{
	int widths[TABLE_COLUMNS_MAX] = { 0 };
	size_t columns = strlen(table->columns);

	for (size_t i = 0; table->least && i < columns; i++)
		widths[i] = table->least[i];
	for (size_t i = 0; i < table->count; i++) {
		int width = shown(cell(table, i));

		if (width > widths[i % columns])
			widths[i % columns] = width;
	}
	for (size_t i = 0; i + columns <= table->count; i += columns)
		print_row(table, i, widths);
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	table->count = 0;
}
