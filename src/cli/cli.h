/* SPDX-License-Identifier: MIT */
/*
 * The command line: a table of sub-commands, and what they share.
 */
#ifndef COFFER_CLI_CLI_H
#define COFFER_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_status {
	CLI_OK = 0,
	CLI_FAILED = 1, /* tried, and it did not work; a message says why */
	CLI_USAGE = 2, /* the command line makes no sense */
};

struct cli_command {
	const char *name;
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
