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
	char path[PATH_MAX], *words[16] = { path };
	struct why why = { "" };

	if (argc > 14)
		return cli_usage(&cli_portal, "these are too many words");
	if (spawn_find("coffer-serve", path, sizeof(path), &why))
		return cli_error("%s", why.text);
	/* Tokens are that program's: it takes this one's place. */
	for (int i = 0; i < argc; i++)
		words[i + 1] = argv[i];
	fflush(stdout);
	execv(path, words);
	return cli_error("%s: %s", path, strerror(errno));
}

const struct cli_command cli_portal = {
	.name = "portal",
	.summary = N_("print the address of the portal, or open it in the "
		"browser"),
	.usage = N_(
"usage: coffer portal [--read-only] [--open] [--state DIR]\n"
"\n"
"Prints the address of the portal of the running `coffer serve`, with the token\n"
"that signs in behind '#': a browser does not send that part to anybody, and\n"
"the page removes it from its history at once.\n"
"\n"
"  --read-only    with the token that may only look\n"
"  --open         open it in the browser ($BROWSER, else xdg-open) instead\n"
"  --state DIR    base of the state directories (COFFER_STATE_DIR)\n"),
	.run = run,
};
