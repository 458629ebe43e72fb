/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cli_error(const char *format, ...)
{
	va_list args;

	fputs("coffer: ", stderr);
	va_start(args, format);
	vfprintf(stderr, *format ? _(format) : format, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_FAILED;
}

int cli_usage(const struct cli_command *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "coffer %s: ", command->name);
	va_start(args, format);
	vfprintf(stderr, *format ? _(format) : format, args);
	va_end(args);
	fputc('\n', stderr);
	fprintf(stderr, _("`coffer %s --help` explains it\n"), command->name);
	return CLI_USAGE;
}

const char *cli_word_of(const char *context, const char *text)
{
	char both[64];
	const char *found;

	/* As xgettext and msgfmt have it. */
	snprintf(both, sizeof(both), "%s\004%s", context, text);
	found = gettext(both);
	return found == both ? text : found;
}

int cli_width(int columns, const char *text)
{
	size_t shown = mbstowcs(NULL, text, 0);

	return shown == (size_t)-1 ? columns :
		columns + (int)(strlen(text) - shown);
}

void cli_row(const char *label, const char *format, ...)
{
	va_list args;

	printf("  %-*s ", CLI_CELL(14, label));
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

bool cli_number(const char *text, uint64_t max, uint64_t *out)
{
	unsigned long long value;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value > max)
		return false;
	*out = value;
	return true;
}

int cli_print_json(json_t *value)
{
	int failed = !value || json_dumpf(value, stdout,
		JSON_INDENT(2) | JSON_REAL_PRECISION(6)) || putchar('\n') == EOF;

	json_decref(value);
	return failed ? cli_error("cannot write the result") : CLI_OK;
}

void cli_counts(json_t *object, const struct cli_count *counts)
{
	for (; counts->name; counts++)
		json_object_set_new(object, counts->name,
			json_integer((json_int_t)counts->value));
}

void cli_hex(const uint8_t *bytes, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = 0;
}

int cli_absolute(const char *file, char *path, size_t size)
{
	char folder[PATH_MAX];
	int n;

	if (*file == '/')
		n = snprintf(path, size, "%s", file);
	else if (!getcwd(folder, sizeof(folder)))
		return cli_error("no working directory: %s", strerror(errno));
	else
		n = snprintf(path, size, "%s/%s", folder, file);
	if (!*file || (size_t)n >= size)
		return cli_error("\"%s\" is no path of a swap file", file);
	return CLI_OK;
}
