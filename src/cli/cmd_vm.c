/* SPDX-License-Identifier: MIT */
/* The commands of `coffer vm`; each noun has a file vm_NOUN.c. */
#include "vm_cli.h"
#include <string.h>

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "list", vm_cmd_list }, { "show", vm_cmd_show },
		{ "create", vm_cmd_create }, { "delete", vm_cmd_delete },
		{ "start", vm_cmd_start }, { "stop", vm_cmd_stop },
		{ "restart", vm_cmd_restart }, { "probe", vm_cmd_probe },
		{ "maintenance", vm_cmd_maintenance },
		{ "resize", vm_cmd_resize }, { "sizes", vm_cmd_sizes },
		{ "tag", vm_cmd_tag }, { "quota", vm_cmd_quota },
		{ "events", vm_cmd_events }, { "limit", vm_cmd_limit },
		{ "manufacture", vm_cmd_manufacture }, { "tcb", vm_cmd_tcb },
	};

	if (argc < 2)
		return cli_usage(&cli_vm, "create, list, show, start, stop, delete "
			"...?");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, argv[1]))
			return commands[i].run(argc - 1, argv + 1);
	return cli_usage(&cli_vm, "what is \"%s\"?", argv[1]);
}

const struct cli_command cli_vm = {
	.name = "vm",
	.summary = N_("make virtual machines, look at them, change them"),
	.usage = N_(
"usage: coffer vm list [--set SET] [--zone N] [--domain N] [--tag KEY[=VALUE]]\n"
"                      [--json]\n"
"       coffer vm show NAME [--json]\n"
"       coffer vm sizes [--json]\n"
"       coffer vm create NAME [--size SIZE] [--zone N | --zones N,N...]\n"
"                      [--count N] [--tag KEY=VALUE]... [--probe URL]\n"
"                      [--epc-pages N] [--swap FILE] [--ptrace-slot]\n"
"                      [--stopped | --on-demand] [--json]\n"
"       coffer vm delete NAME... | --set SET [--force] [--json]\n"
"       coffer vm start NAME... | --set SET | --all [--json]\n"
"       coffer vm stop NAME... | --set SET | --all [--deallocate] [--force]\n"
"                      [--json]\n"
"       coffer vm restart NAME... | --set SET | --all [--force] [--json]\n"
"       coffer vm probe [NAME... | --set SET | --all] [--wait SECONDS] [--json]\n"
"       coffer vm maintenance --domain N [--zone N] [--set SET] [--wait SECONDS]\n"
"                      [--json]\n"
"       coffer vm resize NAME SIZE [--epc-pages N] [--json]\n"
"       coffer vm tag NAME [KEY=VALUE | KEY]... [--json]\n"
"       coffer vm quota [FAMILY N] [--json]\n"
"       coffer vm events NAME [--follow] [--json]\n"
"       coffer vm limit NAME --unit UNIT\n"
"       coffer vm manufacture NAME|--all [--json]\n"
"       coffer vm tcb show [NAME] [--json]\n"
"       coffer vm tcb set NAME STATUS|CPUSVN [--pcesvn N] [--json]\n"
"       coffer vm tcb revoke NAME [--json]\n"
"       coffer vm tcb restore NAME [--json]\n"
"\n"
"list         the machines of the state directory, and what each is doing\n"
"show         everything about one\n"
"sizes        the sizes that there are\n"
"create       makes one, certified and started; with --count a set of them,\n"
"             NAME-0, NAME-1 ..., all or none, spread over the zones (--zones, or\n"
"             all with room) and their update domains; {n} in --probe is the\n"
"             number of the machine in its set; --stopped: not started;\n"
"             --on-demand: runs while applications use it, as the machines that\n"
"             they make do\n"
"delete       for ever, with all that enclaves sealed on it; --force: also while\n"
"             it runs\n"
"start        it runs until it is stopped, whether or not it is used\n"
"stop         its applications are told, then ended; no application starts it\n"
"             again; a driver that has not ended in 20 seconds is killed, with\n"
"             --force at once; --deallocate: its host is free for others\n"
"restart      stop, then start: its enclaves are lost, applications that ask for\n"
"             new ones meanwhile wait\n"
"probe        is it healthy?  driver and processor answer, no enclave is locked,\n"
"             and the probe that it was made with is content; status 0: all are\n"
"maintenance  restarts the machines of an update domain one after another, each\n"
"             when the one before is healthy again (--wait, 60 seconds)\n"
"resize       another size of the same family, when it is stopped; a number of\n"
"             EPC pages of its own stays, if the size has as many; --epc-pages:\n"
"             another, 0: the size's\n"
"tag          sets tags, or with a KEY alone removes them; shows them\n"
"quota        how many vCPUs the machines of a family may have together\n"
"events       what happened to it; --follow: and what happens\n"
"limit        gives a systemd unit that runs it the vCPUs and memory of its size\n"
"manufacture  makes machines again under the CA that there is\n"
"tcb set      gives a machine another CPUSVN, so that verifiers can be tried\n"
"             out: UpToDate, SWHardeningNeeded, ConfigurationNeeded,\n"
"             ConfigurationAndSWHardeningNeeded, OutOfDate,\n"
"             OutOfDateConfigurationNeeded, Revoked, NotSupported, or 32\n"
"             hexadecimal digits; --pcesvn: certificates for no newer PCE\n"
"tcb revoke   puts its certificates on the revocation list\n"
"tcb restore  takes them off, and makes it up to date\n"),
	.run = run,
};
