/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include "common/words.h"
#include "system.h"
#include <stdio.h>
#include <string.h>

const struct cli_command *const cli_commands[] = {
	&cli_run, &cli_shell, &cli_enclaves, &cli_top, &cli_measure, &cli_doctor,
	&cli_bench, &cli_gdb, &cli_tamper, &cli_quote, &cli_serve,
	&cli_verify, &cli_key, &cli_ca, &cli_vm, &cli_portal,
	&cli_complete, NULL,
};

static const struct cli_command *find(const char *name)
{
	for (size_t i = 0; cli_commands[i]; i++)
		if (!strcmp(cli_commands[i]->name, name))
			return cli_commands[i];
	return NULL;
}

static void help(FILE *out)
{
	fputs(_("coffer: an SGX machine in software\n\n"
	      "usage: coffer [--system] COMMAND [ARGUMENTS]\n\n"), out);
	for (size_t i = 0; cli_commands[i]; i++)
		if (cli_commands[i]->summary)
			fprintf(out, "  %-10s %s\n", cli_commands[i]->name,
				_(cli_commands[i]->summary));
	fputs(_("  help       this text, or `coffer help COMMAND`\n\n"
	      "--system, for root: about the system's machines and services, "
	      "as their user\n\n"
	      "`coffer COMMAND --help` explains a command; "
	      "`coffer --version` prints the version.\n"), out);
}

static int unknown(const char *name)
{
	cli_error("there is no command \"%s\"; `coffer help` lists them", name);
	return CLI_USAGE;
}

static int flush(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		perror("coffer: standard output");
		return status ? status : CLI_FAILED;
	}
	return status;
}

/* Is an object wanted?  Then a program reads it, to which languages are noise. */
static bool for_programs(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const struct cli_command *command;

	if (!for_programs(argc, argv))
		words_speak();
	if (argc > 1 && !strcmp(argv[1], "--system")) {
		struct why why = { "" };

		if (system_become(&why))
			return cli_error("%s", why.text);
		argc--;
		argv++;
	}
	if (argc < 2) {
		help(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("coffer %s\n", COFFER_VERSION);
		return flush(CLI_OK);
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") ||
			!strcmp(argv[1], "-h")) {
		if (argc < 3) {
			help(stdout);
			return flush(CLI_OK);
		}
		command = find(argv[2]);
		if (!command)
			return unknown(argv[2]);
		fputs(_(command->usage), stdout);
		return flush(CLI_OK);
	}
	command = find(argv[1]);
	if (!command)
		return unknown(argv[1]);
	/* Only up to a bare --: what follows belongs to another program. */
	for (int i = 2; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			fputs(_(command->usage), stdout);
			return flush(CLI_OK);
		}
	}
	return flush(command->run(argc - 1, argv + 1));
}
