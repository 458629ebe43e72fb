/* SPDX-License-Identifier: MIT */
/*
 * `coffer complete -- WORDS`: what may stand in the place of the last word.
 * The scripts of the shells, in share/completion, are thin around it.
 */
#include "cli.h"
#include "common/place.h"
#include "complete.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE 1 /* seconds: whoever pressed Tab waits */
#define WORD_MAX 256

static const char *last(const struct complete *c)
{
	return c->words[c->count - 1];
}

void complete_offer(const struct complete *c, const char *value,
	const char *about)
{
	if (!*value || strncmp(value, last(c), strlen(last(c))))
		return;
	if (about && *about)
		printf("%s\t%s\n", value, about);
	else
		puts(value);
}

/* ---- the words of a row ---- */

struct word {
	const char *text;
	size_t length;
};

/* The first word of *text, which moves behind it.  False at the end. */
static bool next_word(const char **text, struct word *word)
{
	*text += strspn(*text, " ");
	*word = (struct word){ *text, strcspn(*text, " ") };
	*text += word->length;
	return word->length > 0;
}

static bool word_is(const struct word *word, const char *text)
{
	return strlen(text) == word->length &&
		!memcmp(word->text, text, word->length);
}

/* The words of a row's path that stand here, or 0 when it is another's. */
static size_t path_matches(const struct complete_row *row,
	const struct complete *c, size_t words)
{
	const char *path = row->path;
	struct word word;
	size_t i = 0;

	while (i < words && next_word(&path, &word)) {
		if (!word_is(&word, c->words[i]))
			return 0;
		i++;
	}
	return i;
}

static size_t path_words(const struct complete_row *row)
{
	const char *path = row->path;
	struct word word;
	size_t n = 0;

	while (next_word(&path, &word))
		n++;
	return n;
}

/* The row that these words begin with, the longest; NULL: none. */
static const struct complete_row *find_row(const struct complete *c)
{
	const struct complete_row *row, *best = NULL;

	for (row = complete_rows; row->path; row++)
		if (path_words(row) < c->count &&
				path_matches(row, c, path_words(row)) ==
					path_words(row) &&
				(!best || path_words(row) > path_words(best)))
			best = row;
	return best;
}

/* Is this the beginning of another row? */
static bool has_longer(const struct complete_row *row)
{
	size_t n = strlen(row->path);

	for (const struct complete_row *r = complete_rows; r->path; r++)
		if (!strncmp(r->path, row->path, n) && r->path[n] == ' ')
			return true;
	return false;
}

/* One option of a row after another. */
struct option {
	struct word name, kind; /* kind.length 0: a flag */
	bool repeats;
};

static bool next_option(const char **text, struct option *option)
{
	const char *rest;

	if (!next_word(text, &option->name))
		return false;
	option->repeats = *option->name.text == '*';
	option->name.text += option->repeats;
	option->name.length -= option->repeats;
	rest = *text;
	option->kind.length = 0;
	if (next_word(&rest, &option->kind)) {
		if (strchr("-*", *option->kind.text))
			option->kind.length = 0;
		else
			*text = rest;
	}
	return true;
}

static bool find_option(const struct complete_row *row, const char *name,
	struct option *option)
{
	const char *options = row->options;

	while (next_option(&options, option))
		if (word_is(&option->name, name))
			return true;
	return false;
}

/* ---- a few words, from --help ---- */

static const struct cli_command *find_command(const char *name)
{
	for (size_t i = 0; cli_commands[i]; i++)
		if (!strcmp(cli_commands[i]->name, name))
			return cli_commands[i];
	return NULL;
}

/* The line of a usage text that explains an option or a sub-command: that,
 * the option's value, two spaces or more, then the words wanted.  "" when
 * there is none. */
static const char *explain(const struct complete *c, const char *what,
	char about[WORD_MAX])
{
	const struct cli_command *command = find_command(c->words[1]);
	const char *line = command ? strstr(_(command->usage), "\n\n") : NULL;
	size_t n = strlen(what);

	*about = '\0';
	for (; line && *line; line = strchr(line + 1, '\n')) {
		const char *at = line + strspn(line, "\n "), *text;

		if (strncmp(at, what, n) || at[n] != ' ' ||
				(*what != '-' && at[n + 1] != ' '))
			continue;
		text = strstr(at + n, "  ");
		if (!text || text > at + strcspn(at, "\n"))
			continue;
		text += strspn(text, " ");
		snprintf(about, WORD_MAX, "%.*s", (int)strcspn(text, "\n"),
			text);
		break;
	}
	return about;
}

/* ---- what is offered ---- */

/* The next word of every longer path, each once. */
static void offer_words(const struct complete *c)
{
	char known[4096] = " ", about[WORD_MAX], text[WORD_MAX];
	const struct complete_row *row;

	for (row = complete_rows; row->path; row++) {
		const struct cli_command *command;
		const char *path = row->path;
		struct word word = { "", 0 };

		if (path_words(row) < c->count ||
				path_matches(row, c, c->count - 1) !=
					c->count - 1)
			continue;
		for (size_t i = 0; i < c->count; i++)
			next_word(&path, &word);
		snprintf(text, sizeof(text), " %.*s ", (int)word.length,
			word.text);
		if (strstr(known, text) ||
				strlen(known) + strlen(text) > sizeof(known))
			continue;
		strcat(known, text + 1);
		snprintf(text, sizeof(text), "%.*s", (int)word.length,
			word.text);
		command = c->count == 2 ? find_command(text) : NULL;
		*about = '\0';
		if (command)
			snprintf(about, sizeof(about), "%s",
				_(command->summary));
		else if (c->count == 3)
			explain(c, text, about);
		else if (c->count == 4) { /* "tcb set" */
			char both[2 * WORD_MAX];

			snprintf(both, sizeof(both), "%.200s %s", c->words[2],
				text);
			explain(c, both, about);
		}
		complete_offer(c, text, about);
	}
}

static bool stands_before(const struct complete *c, const struct word *name)
{
	for (size_t i = 1; i + 1 < c->count; i++)
		if (word_is(name, c->words[i]))
			return true;
	return false;
}

static void offer_options(const struct complete_row *row,
	const struct complete *c)
{
	const char *options = row->options;
	char name[WORD_MAX], about[WORD_MAX];
	struct option option;

	while (next_option(&options, &option)) {
		if (!option.repeats && stands_before(c, &option.name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)option.name.length,
			option.name.text);
		complete_offer(c, name, explain(c, name, about));
	}
	complete_offer(c, "--help", _("explains the command"));
}

/* The kind of the argument with this index; false: there is none. */
static bool argument(const struct complete_row *row, size_t index,
	struct word *kind)
{
	const char *args = row->args;
	struct word word;

	kind->length = 0;
	for (size_t i = 0; next_word(&args, &word); i++) {
		if (word_is(&word, "..."))
			return kind->length > 0;
		*kind = word;
		if (i == index)
			return true;
	}
	return false;
}

/* Behind the words of the path. */
static void offer_rest(const struct complete_row *row,
	const struct complete *c)
{
	size_t i = path_words(row), index = 0;
	bool is_app = !strcmp(row->args, "APP"), options_end = false;
	struct option option = { .kind.length = 0 };
	struct word kind;

	for (; i + 1 < c->count; i++) {
		const char *word = c->words[i];

		option.kind.length = 0;
		if (!options_end && !strcmp(word, "--")) {
			options_end = true;
			if (is_app) {
				i++;
				break;
			}
		} else if (!options_end && *word == '-') {
			if (find_option(row, word, &option) &&
					option.kind.length)
				i++;
		} else if (is_app) {
			break;
		} else {
			index++;
		}
	}
	if (is_app && (i + 1 < c->count || options_end ||
			(i + 1 == c->count && *last(c) != '-'))) {
		printf(":command %zu\n", c->skipped + i);
		return;
	}
	/* i == count: the last word is an option's value. */
	if (i == c->count && option.kind.length)
		complete_kind(c, option.kind.text, option.kind.length);
	else if (*last(c) == '-' && last(c)[1] && !options_end)
		offer_options(row, c);
	else if (argument(row, index, &kind))
		complete_kind(c, kind.text, kind.length);
	else if (!options_end)
		offer_options(row, c);
}

const char *complete_option(const struct complete *c, const char *option)
{
	for (size_t i = 1; i + 2 < c->count; i++)
		if (!strcmp(c->words[i], option))
			return c->words[i + 1];
	return NULL;
}

/* ---- for the test that holds the table against --help ---- */

static int print_table(void)
{
	const struct complete_row *row;

	for (row = complete_rows; row->path; row++) {
		const char *args = row->args, *options = row->options;
		struct option option;
		struct word word;

		while (next_word(&args, &word))
			if (!word_is(&word, "...") && !complete_kind_ok(
					word.text, word.length))
				return cli_error("%s: there is no kind %.*s",
					row->path, (int)word.length,
					word.text);
		while (next_option(&options, &option))
			if (option.kind.length && !complete_kind_ok(
					option.kind.text, option.kind.length))
				return cli_error("%s: there is no kind %.*s",
					row->path, (int)option.kind.length,
					option.kind.text);
		printf("%s\t%s\t%s\n", row->path, row->args, row->options);
	}
	return CLI_OK;
}

static void too_late(int number)
{
	_exit(CLI_FAILED);
}

static int run(int argc, char **argv)
{
	struct complete c;
	const struct complete_row *row;
	const char *slash;
	int quiet;

	if (argc == 2 && !strcmp(argv[1], "--table"))
		return print_table();
	if (argc < 4 || strcmp(argv[1], "--"))
		return cli_usage(&cli_complete, "which words?");
	/* Nobody wants to read about it in the middle of a line. */
	signal(SIGALRM, too_late);
	alarm(PATIENCE);
	quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (quiet >= 0)
		dup2(quiet, STDERR_FILENO);
	slash = strrchr(argv[2], '/');
	if (slash)
		argv[2] += slash + 1 - argv[2];
	c = (struct complete){ argv + 2, (size_t)argc - 2, 0 };
	/* As far as this user may look there. */
	if (c.count > 2 && !strcmp(c.words[1], "--system") &&
			!setenv("COFFER_STATE_DIR", PLACE_SYSTEM_STATE, 1) &&
			!setenv("COFFER_RUNTIME_DIR", PLACE_SYSTEM_RUNTIME, 1))
		c = (struct complete){ argv + 3, (size_t)argc - 3, 1 };
	c.words[0] = argv[2];
	row = find_row(&c);
	offer_words(&c);
	/* Behind "coffer bogus" there is nothing to say. */
	if (row && (path_words(row) + 1 == c.count || !has_longer(row)))
		offer_rest(row, &c);
	return CLI_OK;
}

const struct cli_command cli_complete = {
	.name = "complete",
	.usage = N_(
"usage: coffer complete -- PROGRAM [WORD]... WORD\n"
"       coffer complete --table\n"
"\n"
"For the completion of shells: prints what may stand in the place of the last\n"
"WORD, which may be empty, when PROGRAM (coffer, oesign, oeedger8r) is typed\n"
"with these words; one a line, behind a tab a few words on it.  A line that\n"
"begins with a colon leaves it to the shell: :file, :directory, or :command N,\n"
"where another program's command line begins with word N.  Errors are silent.\n"
"\n"
"  --table    the command lines that are known, for a test\n"),
	.run = run,
};
