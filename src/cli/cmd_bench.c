/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include "cli.h"
#include <string.h>

static int run(int argc, char **argv)
{
	const char *what = NULL;
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (argv[i][0] == '-' || what)
			return cli_usage(&cli_bench, "what is \"%s\"?", argv[i]);
		else
			what = argv[i];
	}
	if (!what)
		return cli_usage(&cli_bench, "say calls or load");
	if (!strcmp(what, "calls"))
		return bench_calls(json);
	if (!strcmp(what, "load"))
		return bench_load(json);
	return cli_usage(&cli_bench, "there is no benchmark \"%s\"", what);
}

const struct cli_command cli_bench = {
	.name = "bench",
	.summary = "time calls and loading, against floors of the same run",
	.usage =
"usage: coffer bench calls [--json]\n"
"       coffer bench load [--json]\n"
"\n"
"calls  nanoseconds of a call into an enclave, empty, with data, with a call\n"
"       out, and after both sides have gone to sleep; beside them a getppid,\n"
"       a memcpy and the floor under any call between two processes.  Calls\n"
"       per second of 1 to 8 threads; speed of code inside an enclave; CPU\n"
"       use of an idle one.\n"
"load   milliseconds to create and end an enclave with 1 and 64 MiB of heap;\n"
"       bytes per second of the enclave measurement and of plain SHA-256.\n"
"\n"
"Figures are medians over rounds in which all measurements take turns.  What\n"
"is held to a limit is printed with it.  A busy machine gives other figures.\n",
	.run = run,
};
