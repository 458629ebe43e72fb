/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include "common/spawn.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int run(int argc, char **argv)
{
	char path[PATH_MAX];
	struct why why = { "" };

	if (spawn_find("coffer-serve", path, sizeof(path), &why))
		return cli_error("%s", why.text);
	/* It takes this process's place, with its own options. */
	fflush(stdout);
	argv[0] = path;
	execv(path, argv);
	return cli_error("%s: %s", path, strerror(errno));
}

const struct cli_command cli_serve = {
	.name = "serve",
	.summary = N_("serve collateral, attestation and keys over HTTPS"),
	.usage = N_(
"usage: coffer serve [OPTION]...\n"
"       coffer serve token [--read-write|--read-only] [--new]\n"
"\n"
"Collateral, attestation and key release over HTTPS, until SIGINT or SIGTERM.\n"
"\n"
"  --config FILE     configuration (default: STATE/serve/serve.conf, if there)\n"
"  -o KEY=VALUE      one setting over the file's; may be repeated\n"
"  --port N          as -o port=N; 0: any that is free (default 8081)\n"
"  --listen ADDRESS  as -o listen=ADDRESS (default 127.0.0.1)\n"
"  --http            plain HTTP; only on a loopback address\n"
"  --state DIR       base of the state directories (COFFER_STATE_DIR)\n"
"  --quiet           no line per request in the log\n"
"  --new-passphrase FILE  encrypt the master key under the first line of FILE,\n"
"                    - for no passphrase, and end; the old one is that of the\n"
"                    configuration (master_passphrase_file)\n"
"  --print-config    print the configuration in force, and end\n"
"  --print-routes    print every method and path, and end\n"
"\n"
"When it serves it prints one line, its URL.  The log goes to standard error.\n"
"Clients trust STATE/serve/tls/ca.pem; administrators show the token in\n"
"STATE/serve/admin.token, users of the portal that of `coffer serve token`\n"
"prints.\n"
"\n"
"token: prints the token that clients of the portal and of its API show.\n"
"  --read-write   the one that may do everything (the default)\n"
"  --read-only    the one that may only look\n"
"  --new          make another first: the old one is worth nothing from now on;\n"
"                 without --read-write or --read-only both are made anew\n"),
	.run = run,
};
