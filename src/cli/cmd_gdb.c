/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOT_FOUND 127 /* as shells say it */
#define SCRIPT "gdb/coffer.py"

static bool readable(char *path, size_t size, const char *directory,
	const char *below)
{
	int n = snprintf(path, size, "%s%s/" SCRIPT, directory, below);

	return n > 0 && (size_t)n < size && !access(path, R_OK);
}

/* In $COFFER_DATADIR, the build tree that this program stands in, then where
 * it is installed. */
static bool find_script(char *path, size_t size)
{
	const char *given = getenv("COFFER_DATADIR");
	char exe[PATH_MAX];
	ssize_t length;
	char *folder;

	if (given && readable(path, size, given, ""))
		return true;
	length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (length > 0) {
		exe[length] = 0;
		folder = dirname(exe);
		if (readable(path, size, folder, "") ||
				readable(path, size, folder, "/../src/cli") ||
				readable(path, size, folder,
					"/../" COFFER_DATA_BELOW_PREFIX))
			return true;
	}
	return readable(path, size, COFFER_DATADIR, "");
}

/* A process that gdb is told to attach to may have enclaves already. */
static bool attaches(char **options, int count)
{
	for (int i = 0; i < count; i++) {
		const char *name = options[i] + strspn(options[i], "-");

		if (options[i][0] == '-' && (!strcmp(name, "p") ||
				!strncmp(name, "pid", 3)))
			return true;
	}
	return false;
}

static int run(int argc, char **argv)
{
	char script[PATH_MAX];
	int options = 1, app, n = 0;
	char **args;

	/* Everything in front of -- is gdb's; without it, and without an
	 * option for gdb, the program comes first. */
	while (options < argc && strcmp(argv[options], "--"))
		options++;
	app = options + 1;
	if (options == argc && argc > 1 && argv[1][0] != '-')
		options = app = 1;
	if (argc < 2 || (app >= argc && options < argc))
		return cli_usage(&cli_gdb, "which program shall be debugged?");
	if (!find_script(script, sizeof(script)))
		return cli_error("the script %s is missing; it is looked for "
			"in COFFER_DATADIR, beside this program and in %s",
			SCRIPT, COFFER_DATADIR);
	args = calloc((size_t)argc + 8, sizeof(*args));
	if (!args)
		return cli_error("out of memory");
	args[n++] = "gdb";
	args[n++] = "-x";
	args[n++] = script;
	if (attaches(argv + 1, options - 1)) {
		args[n++] = "-ex";
		args[n++] = "coffer scan";
	}
	for (int i = 1; i < options; i++)
		args[n++] = argv[i];
	if (app < argc)
		args[n++] = "--args";
	for (int i = app; i < argc; i++)
		args[n++] = argv[i];
	fflush(stdout);
	execvp(args[0], args);
	free(args);
	if (errno == ENOENT) {
		cli_error("gdb is not installed");
		return NOT_FOUND;
	}
	return cli_error("gdb: %s", strerror(errno));
}

const struct cli_command cli_gdb = {
	.name = "gdb",
	.summary = N_("debug an application and its debug enclaves"),
	.usage = N_(
"usage: coffer gdb [GDB-OPTIONS] -- APP [ARGS]\n"
"       coffer gdb [GDB-OPTIONS] -p PID\n"
"\n"
"Runs gdb on APP, or on a process that runs.  Enclaves signed with Debug=1\n"
"are attached as they are created, with the symbols of their images:\n"
"breakpoints, steps, registers, memory and backtraces work in them.  Other\n"
"enclaves cannot be debugged.\n"
"\n"
"In gdb there are, beside its own commands:\n"
"  coffer bt        the frames of a thread through enclave and host\n"
"  coffer enclaves  the enclaves that are attached\n"
"  coffer scan      attach the enclaves that the selected process has\n"),
	.run = run,
};
