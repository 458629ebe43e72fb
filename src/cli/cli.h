/* SPDX-License-Identifier: MIT */
/*
 * The command line: a table of sub-commands, and what they share.
 */
#ifndef COFFER_CLI_CLI_H
#define COFFER_CLI_CLI_H

#include "common/why.h"
#include <jansson.h>
#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is said to people, in their language: _() gives it, N_() marks what is
 * given to _() later.  The formats of cli_error, cli_usage, why_set and the like
 * are looked up by those.  po/ has the catalogues, po/update takes new
 * sentences into them. */
#define _(text) gettext(text)

/* A word that is another one elsewhere: marked, and looked up by
 * cli_word_of with the same context. */
#define NC_(context, text) text

enum cli_status {
	CLI_OK = 0,
	CLI_FAILED = 1, /* tried, and it did not work; a message says why */
	CLI_USAGE = 2, /* the command line makes no sense */
};

struct cli_command {
	const char *name;
	/* Both marked by N_(). */
	const char *summary; /* one line for `coffer help`; NULL: not in it */
	const char *usage; /* what `coffer NAME --help` prints */
	/* argv[0] is the command's name.  Returns the exit status. */
	int (*run)(int argc, char **argv);
};

/* One file each. */
extern const struct cli_command cli_run, cli_measure, cli_doctor,
	cli_enclaves, cli_bench, cli_gdb, cli_key,
	cli_quote, cli_serve, cli_shell, cli_tamper, cli_top,
	cli_verify, cli_ca, cli_portal, cli_vm, cli_complete;
/* All of them; NULL at the end. */
extern const struct cli_command *const cli_commands[];

/* `coffer: ` and the text on stderr; returns CLI_FAILED. */
int cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, with a pointer to the command's --help; returns CLI_USAGE. */
int cli_usage(const struct cli_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

const char *cli_word_of(const char *context, const char *text);

/* For printf's "%-*s" and "%*s", whose widths are bytes: the width that shows a
 * text in so many columns; both arguments at once. */
int cli_width(int columns, const char *text);
#define CLI_CELL(columns, text) cli_width(columns, text), text

/* A line about one thing: "  label          text", both by _(). */
void cli_row(const char *label, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* An option's value as an unsigned number of at most max.  False if it is
 * none; nothing is printed. */
bool cli_number(const char *text, uint64_t max, uint64_t *out);

/* An absolute path for a file that need not be there yet; CLI_FAILED after a
 * message. */
int cli_absolute(const char *file, char *path, size_t size);

/* Prints a JSON value and a newline on stdout and gives the value back to
 * jansson.  CLI_OK, or CLI_FAILED when stdout cannot take it. */
int cli_print_json(json_t *value);

/* Adds numbers to a JSON object; the list ends with a NULL name. */
struct cli_count {
	const char *name;
	uint64_t value;
};
void cli_counts(json_t *object, const struct cli_count *counts);

/* Lower-case hexadecimal; out has room for 2 * size + 1 characters. */
void cli_hex(const uint8_t *bytes, size_t size, char *out);

#endif
