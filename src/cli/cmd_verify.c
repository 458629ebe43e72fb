/* SPDX-License-Identifier: MIT */
#include "attest/dates.h"
#include "attest/verify.h"
#include "cli.h"
#include "common/paths.h"
#include "evidence.h"
#include "verdict.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Genuine, but out of date, expired and the like. */
enum { VERIFY_DOUBTFUL = 3 };

struct options {
	const char *file, *collateral, *cacert, *save;
	struct attest_roots roots;
	int64_t time;
	uint32_t flags;
	bool json;
};

static int read_time(const char *text, int64_t *time)
{
	uint64_t seconds;

	if (!attest_date_parse(text, strlen(text), time))
		return 0;
	if (!cli_number(text, INT64_MAX, &seconds))
		return cli_usage(&cli_verify, "\"%s\" is no time; write "
			"2026-01-31T12:00:00Z, or seconds since 1970", text);
	*time = (int64_t)seconds;
	return 0;
}

static int read_root(const char *file, struct attest_roots *roots)
{
	struct why why = { "" };
	uint8_t *bytes;
	size_t size;
	int error = evidence_read_file(file, &bytes, &size, &why);

	if (error)
		return cli_error("%s", why.text);
	error = attest_roots_add_cert(roots, bytes, size, &why);
	free(bytes);
	return error ? cli_error("%s is no root certificate: %s", file,
		why.text) : 0;
}

/* An option with a value; -1 if there is none of this name. */
static int take_value(struct options *o, const char *name, const char *value)
{
	if (!strcmp(name, "--collateral"))
		o->collateral = value;
	else if (!strcmp(name, "--cacert"))
		o->cacert = value;
	else if (!strcmp(name, "--save"))
		o->save = value;
	else if (!strcmp(name, "--root"))
		return read_root(value, &o->roots);
	else if (!strcmp(name, "--at"))
		return read_time(value, &o->time);
	else
		return -1;
	return 0;
}

/* An option without a value; false if there is none of this name. */
static bool take_flag(struct options *o, const char *name)
{
	if (!strcmp(name, "--json"))
		o->json = true;
	else if (!strcmp(name, "--intel-root"))
		attest_roots_add_intel(&o->roots);
	else if (!strcmp(name, "--refuse-debug"))
		o->flags |= ATTEST_REFUSE_DEBUG;
	else if (!strcmp(name, "--allow-expired"))
		o->flags |= ATTEST_ALLOW_EXPIRED;
	else
		return false;
	return true;
}

static int read_options(int argc, char **argv, struct options *o)
{
	o->time = (int64_t)time(NULL);
	for (int i = 1; i < argc; i++) {
		bool option = argv[i][0] == '-' && argv[i][1];
		int status = -1;

		if (!option && !o->file) {
			o->file = argv[i];
			continue;
		}
		if (option && take_flag(o, argv[i]))
			continue;
		if (option && i + 1 < argc)
			status = take_value(o, argv[i], argv[i + 1]);
		if (status < 0)
			return cli_usage(&cli_verify, "what is \"%s\"?",
				argv[i]);
		if (status)
			return status;
		i++;
	}
	return o->file ? 0 : cli_usage(&cli_verify, "which file?");
}

/* Whom to trust with TLS: what was said, else our own service's authority
 * if it has one and the address is this machine. */
static const char *tls_authority(const struct options *o, char *path,
	size_t size)
{
	const char *host = strstr(o->collateral, "://");
	char state[PATH_MAX];

	if (o->cacert)
		return o->cacert;
	if (strncmp(host + 3, "localhost", 9) &&
			strncmp(host + 3, "127.0.0.1", 9))
		return NULL;
	if (paths_state(state, sizeof(state), NULL) || paths_join(path, size,
			state, "serve/tls/ca.pem", NULL) ||
			access(path, R_OK))
		return NULL;
	return path;
}

static int get_collateral(const struct options *o,
	const struct attest_quote *quote, struct evidence *evidence,
	struct why *why)
{
	char path[PATH_MAX];
	struct attest_pck pck;
	int error;

	if (o->collateral && !strstr(o->collateral, "://"))
		return evidence_from_folder(o->collateral, evidence, why);
	error = attest_pck_of_quote(quote, &pck, why);
	if (error)
		return error;
	if (!o->collateral)
		return evidence_from_local(&pck, evidence, why);
	return evidence_from_pccs(o->collateral, tls_authority(o, path,
		sizeof(path)), &pck, evidence, why);
}

static int show(const struct options *o, const struct attest_verdict *verdict,
	const struct attest_quote *quote)
{
	struct verdict_chain chain;
	int status = CLI_OK;

	verdict_read_chain(quote, &chain);
	if (o->json)
		status = cli_print_json(verdict_json(verdict, &chain));
	else
		verdict_print(verdict, &chain);
	if (status)
		return status;
	switch (attest_status_severity(verdict->status)) {
	case ATTEST_GOOD:
		return CLI_OK;
	case ATTEST_REFUSED:
		return CLI_FAILED;
	default:
		return VERIFY_DOUBTFUL;
	}
}

static int verify(const struct options *o, const uint8_t *bytes, size_t size,
	struct evidence *evidence)
{
	struct attest_policy policy = { o->time, &o->roots, o->flags };
	struct attest_verdict verdict;
	struct attest_quote quote;
	struct why why = { "" };
	int error;

	/* A quote that cannot be read, or that no collateral can be asked
	 * for, gets its verdict all the same. */
	error = attest_quote_parse(bytes, size, &quote, NULL);
	if (!error && quote.cert_type == ATTEST_CERT_PCK_CHAIN)
		error = get_collateral(o, &quote, evidence, &why);
	else
		error = 0;
	if (!error && o->save && evidence->part[0])
		error = evidence_to_folder(o->save, evidence, &why);
	if (error)
		return cli_error("no collateral: %s", why.text[0] ? why.text :
			strerror(-error));
	error = attest_verify(bytes, size, &evidence->view, &policy, NULL,
		&verdict);
	if (error)
		return cli_error("the quote cannot be verified: %s",
			strerror(-error));
	return show(o, &verdict, &quote);
}

static int run(int argc, char **argv)
{
	struct options options = { .file = NULL };
	struct evidence evidence = { .part = { NULL } };
	struct why why = { "" };
	uint8_t *bytes;
	size_t size;
	int status = read_options(argc, argv, &options);

	if (status)
		return status;
	if (!options.roots.count && evidence_local_root(&options.roots, &why))
		return cli_error("%s", why.text);
	if (evidence_read_file(options.file, &bytes, &size, &why))
		return cli_error("%s", why.text);
	if (evidence_find_quote(&bytes, &size, &why))
		status = cli_error("%s: %s", options.file, why.text);
	else
		status = verify(&options, bytes, size, &evidence);
	evidence_free(&evidence);
	free(bytes);
	return status;
}

const struct cli_command cli_verify = {
	.name = "verify",
	.summary = N_("verify a quote, and say why it is good or bad"),
	.usage = N_(
"usage: coffer verify FILE [--collateral DIR|URL] [--root PEM]... [--json]\n"
"                     [--at TIME] [OPTIONS]\n"
"\n"
"Verifies the quote in FILE (\"-\": standard input): its bytes, hexadecimal\n"
"digits of them, or a report or evidence of Open Enclave around them.  Prints\n"
"the verdict with its reasons, the enclave, the machine, the certificates and\n"
"what the root of trust is.\n"
"\n"
"  --collateral DIR  take revocation lists, TCB info and QE identity from\n"
"                    files of a folder\n"
"  --collateral URL  ... from a service with the interface of Intel's PCCS\n"
"                    (neither: from this user's own certificate authority)\n"
"  --cacert FILE     whom to trust with TLS at that URL; for localhost the\n"
"                    default is the authority of `coffer serve`\n"
"  --root PEM        trust this root (neither this nor the next: the root of\n"
"                    this user's certificate authority); may be repeated\n"
"  --intel-root      trust Intel's root\n"
"  --at TIME         verify as of 2026-01-31T12:00:00Z, or seconds since 1970\n"
"  --allow-expired   stale collateral is a remark and not the verdict\n"
"  --refuse-debug    a debug enclave is refused\n"
"  --save DIR        write the collateral into files of a folder\n"
"\n"
"Exit status: 0 genuine and up to date; 3 genuine, but out of date, expired\n"
"and the like; 1 refused, or not verified; 2 a wrong command line.\n"),
	.run = run,
};
