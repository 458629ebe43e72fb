/* SPDX-License-Identifier: MIT */
/*
 * A table on the terminal, whose columns are as wide as what is in them: rows
 * are gathered, then printed.
 */
#ifndef COFFER_CLI_TABLE_H
#define COFFER_CLI_TABLE_H

#include <stddef.h>

#define TABLE_COLUMNS_MAX 16

struct table {
	const char *columns; /* a sign for each: '<' left, '>' right */
	/* Columns that a column has at least, so that one that is printed
	 * again and again does not jump; NULL: none. */
	const unsigned char *least;
	char **cells; /* row by row */
	size_t count;
};

/* An empty one; columns and least must last as long as it. */
void table_begin(struct table *, const char *columns,
	const unsigned char *least);

/* The next cell, from left to right; behind a row's last comes the next row.
 * Lack of memory shows as an empty cell. */
void table_add(struct table *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints the rows that are complete on stdout, and frees them all. */
void table_end(struct table *);

#endif
