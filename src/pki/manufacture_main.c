/* SPDX-License-Identifier: MIT */
/*
 * coffer-manufacture: the only program besides coffer-cpu that sees fuses.
 * Fuses the CA's root into a virtual machine, certifies its keys, and ends.
 */
#include "common/vmconf.h"
#include "pki/manufacture.h"
#include "pki/tcb.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define STATUS_OF_ANOTHER 3 /* machine.c knows it */

static const char help[] =
"Usage: coffer-manufacture [OPTION]...\n"
"Makes a virtual machine what a chip maker makes of a package: puts the hash\n"
"of the CA's root into its fuses, and certifies the keys that follow from\n"
"them.  Makes the CA if there is none.  cofferd and coffer start it.\n"
"\n"
"  --vm NAME         the virtual machine, which must exist\n"
"  --state DIR       base of the state directories (COFFER_STATE_DIR)\n"
"  --fuse-only       no certificates\n"
"  --again           also a machine that was made under another CA\n"
"  --cpusvn HEX      give it another CPUSVN\n"
"  --pcesvn N        with --cpusvn: certificates up to this SVN of the PCE\n"
"\n"
"  --help, --version\n"
"\n"
"Exit status: 0 done, 1 not, 2 wrong usage, 3 made under another CA.\n";

struct options {
	const char *vm, *state;
	bool fuse_only, again, tcb;
	uint8_t cpusvn[16];
	long pcesvn;
};

static int usage(const char *what)
{
	fprintf(stderr, "coffer-manufacture: %s\n"
		"Try 'coffer-manufacture --help'.\n", what);
	return 2;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option list[] = {
		{ "vm", required_argument, NULL, 'v' },
		{ "state", required_argument, NULL, 's' },
		{ "fuse-only", no_argument, NULL, 'f' },
		{ "again", no_argument, NULL, 'a' },
		{ "cpusvn", required_argument, NULL, 'c' },
		{ "pcesvn", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct why why;
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "", list, NULL)) != -1) {
		switch (c) {
		case 'v': o->vm = optarg; break;
		case 's': o->state = optarg; break;
		case 'f': o->fuse_only = true; break;
		case 'a': o->again = true; break;
		case 'c':
			if (vmconf_parse_cpusvn(optarg, o->cpusvn, &why))
				return usage(why.text);
			o->tcb = true;
			break;
		case 'p':
			o->pcesvn = strtol(optarg, &end, 10);
			if (*optarg < '0' || *optarg > '9' || *end ||
			    o->pcesvn > UINT16_MAX)
				return usage("--pcesvn is a number up to "
					"65535");
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		case 'V':
			puts("coffer-manufacture (Coffer) " COFFER_VERSION);
			exit(0);
		default:
			return 2;
		}
	}
	if (optind < argc)
		return usage("too many arguments");
	return o->vm ? 0 : usage("which machine? --vm NAME");
}

static int work(const struct options *o, struct why *why)
{
	struct pki *pki;
	int r = pki_open(o->state, &pki, why);

	if (r)
		return r;
	if (o->fuse_only)
		r = pki_fuse(pki, o->vm, o->again, why);
	else
		r = pki_certify(pki, o->vm, o->again, why);
	if (!r && o->tcb)
		r = pki_tcb_set(pki, o->vm, o->cpusvn, (uint16_t)o->pcesvn,
			why);
	pki_close(pki);
	return r;
}

int main(int argc, char **argv)
{
	const struct rlimit none = { 0, 0 };
	struct options o = { .pcesvn = PKI_PCESVN };
	struct why why = { "" };
	int r;

	umask(077);
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	r = parse(argc, argv, &o);
	if (r)
		return r;
	r = work(&o, &why);
	if (r)
		fprintf(stderr, "coffer-manufacture: %s\n", why.text);
	return r == -EXDEV ? STATUS_OF_ANOTHER : r ? 1 : 0;
}
