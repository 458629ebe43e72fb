/* SPDX-License-Identifier: MIT */
#include "bench.h"
#include "cli.h"
#include <string.h>

static int run(int argc, char **argv)
{
	const char *what = NULL, *svg = NULL;
	bool json = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (!strcmp(argv[i], "--svg") && i + 1 < argc)
			svg = argv[++i];
		else if (argv[i][0] == '-' || what)
			return cli_usage(&cli_bench, "what is \"%s\"?", argv[i]);
		else
			what = argv[i];
	}
	if (!what)
		return cli_usage(&cli_bench,
			"say attest, calls, load, paging, portal, scale, "
			"serve or vm");
	if (svg && strcmp(what, "paging"))
		return cli_usage(&cli_bench, "only paging has a picture");
	if (!strcmp(what, "attest"))
		return bench_attest(json);
	if (!strcmp(what, "calls"))
		return bench_calls(json);
	if (!strcmp(what, "load"))
		return bench_load(json);
	if (!strcmp(what, "paging"))
		return bench_paging(json, svg);
	if (!strcmp(what, "portal"))
		return bench_portal(json);
	if (!strcmp(what, "scale"))
		return bench_scale(json);
	if (!strcmp(what, "serve"))
		return bench_serve(json);
	if (!strcmp(what, "vm"))
		return bench_vm(json);
	return cli_usage(&cli_bench, "there is no benchmark \"%s\"", what);
}

const struct cli_command cli_bench = {
	.name = "bench",
	.summary = N_("time attestation, calls, loading and paging, against "
		"floors of the same run"),
	.usage = N_(
"usage: coffer bench attest [--json]\n"
"       coffer bench calls [--json]\n"
"       coffer bench load [--json]\n"
"       coffer bench paging [--json] [--svg FILE]\n"
"       coffer bench portal [--json]\n"
"       coffer bench scale [--json]\n"
"       coffer bench serve [--json]\n"
"       coffer bench vm [--json]\n"
"\n"
"attest nanoseconds of a REPORT, of a quote and of verifying one, with its\n"
"       machine known and not, beside ECDSA of OpenSSL; bytes per second\n"
"       that an enclave seals and opens, 1 MiB at once, beside AES-128-GCM\n"
"       of OpenSSL.\n"
"\n"
"calls  nanoseconds of a call into an enclave, empty, with data, with a call\n"
"       out, and after both sides have gone to sleep; beside them a getppid,\n"
"       a memcpy and the floor under any call between two processes.  Calls\n"
"       per second of 1 to 8 threads; speed of code inside an enclave; CPU\n"
"       use of an idle one.\n"
"load   milliseconds to create and end an enclave with 1 and 64 MiB of heap;\n"
"       bytes per second of the enclave measurement and of plain SHA-256.\n"
"\n"
"paging nanoseconds per page touched by an enclave that walks over four times\n"
"       the EPC of a machine of the smallest size, in random order and\n"
"       ascending; beside them what a page fault that another process\n"
"       answers takes at least, AES-GCM of a page, and the walk when all is\n"
"       resident, inside and outside.  --svg FILE draws pages per second\n"
"       against working sets from half to eight times the EPC.\n"
"\n"
"portal what it costs to show 100 running machines to one viewer, beside what\n"
"       they take unwatched; milliseconds to list 1,000 machines.\n"
"\n"
"scale  an empty call with 1 and with 100 enclaves alive; milliseconds to\n"
"       create an enclave, by size of its heap and by enclaves alive.\n"
"\n"
"serve  the attestation service over loopback for a minute, 200 clients at once:\n"
"       requests per second, latencies, and processor time per request beside\n"
"       the cryptography that it must do.\n"
"\n"
"vm     milliseconds from `coffer vm create` to a machine that runs, the median\n"
"       of 20, and private memory of the driver and processor of an idle one\n"
"paging, portal, scale, serve and vm run on machines of their own.\n"
"\n"
"Figures are medians over rounds in which all measurements take turns.  What\n"
"is held to a limit is printed with it.  A busy machine gives other figures.\n"),
	.run = run,
};
