/* SPDX-License-Identifier: MIT */
#include "cli.h"
#include "pki/bundle.h"
#include "pki/ca.h"
#include "vm_cli.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct options {
	const char *url, *passphrase_file, *file;
	bool json, pem, replace;
	char passphrase[1024];
};

/* ---- options ---- */

static int parse(int argc, char **argv, bool file, struct options *o)
{
	for (int i = 2; i < argc; i++) {
		bool more = i + 1 < argc;

		if (!strcmp(argv[i], "--json"))
			o->json = true;
		else if (!strcmp(argv[i], "--pem"))
			o->pem = true;
		else if (!strcmp(argv[i], "--replace"))
			o->replace = true;
		else if (!strcmp(argv[i], "--url") && more)
			o->url = argv[++i];
		else if (!strcmp(argv[i], "--passphrase-file") && more)
			o->passphrase_file = argv[++i];
		else if (*argv[i] != '-' && file && !o->file)
			o->file = argv[i];
		else
			return cli_usage(&cli_ca, "what is \"%s\"?", argv[i]);
	}
	if (file && !o->file)
		return cli_usage(&cli_ca, "which file?");
	return CLI_OK;
}

/* The first line of the file; *out is NULL without a file. */
static int passphrase(struct options *o, const char **out)
{
	FILE *f;

	*out = NULL;
	if (!o->passphrase_file)
		return CLI_OK;
	f = fopen(o->passphrase_file, "re");
	if (!f)
		return cli_error("%s: %s", o->passphrase_file,
			strerror(errno));
	if (!fgets(o->passphrase, sizeof(o->passphrase), f))
		o->passphrase[0] = '\0';
	fclose(f);
	o->passphrase[strcspn(o->passphrase, "\r\n")] = '\0';
	if (!*o->passphrase)
		return cli_error("%s: the first line is empty; it must be the "
			"passphrase", o->passphrase_file);
	*out = o->passphrase;
	return CLI_OK;
}

/* ---- show ---- */

static const char *const roles[] = { N_("root"), N_("processor"),
	N_("platform"), N_("tcb") };

static void date_text(int64_t when, char text[24])
{
	time_t t = (time_t)when;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, 24, "%Y-%m-%d", &tm);
}

static json_t *certificate_json(struct pki *pki, enum pki_cert role,
	struct why *why)
{
	int64_t from, until;
	struct pki_bytes pem;
	json_t *object;

	if (pki_cert_dates(pki, role, &from, &until, why) ||
	    pki_cert_pem(pki, role, &pem, why))
		return NULL;
	object = json_pack("{s:s, s:I, s:I, s:s}", "role", roles[role],
		"from", (json_int_t)from, "until", (json_int_t)until,
		"pem", (char *)pem.data);
	pki_bytes_free(&pem);
	return object;
}

static int show_json(struct pki *pki, const char *hash, const char *mrsigner,
	struct why *why)
{
	json_t *certs = json_array(), *cert, *machines;
	struct vms *vms;
	int r = CLI_OK;

	for (int i = 0; i < PKI_CERTS; i++) {
		cert = certificate_json(pki, i, why);
		if (!cert)
			r = CLI_FAILED;
		else
			json_array_append_new(certs, cert);
	}
	vms = vm_inventory();
	machines = vms ? vm_list_json(vms, pki, NULL, false, why) : NULL;
	vms_close(vms);
	if (r || !machines) {
		json_decref(certs);
		json_decref(machines);
		return cli_error("%s", why->text);
	}
	return cli_print_json(json_pack("{s:s, s:s, s:s, s:s?, s:b, s:o, s:o}",
		"state", pki_state(pki), "url", pki_url(pki), "root_sha256",
		hash, "mrsigner", *mrsigner ? mrsigner : NULL,
		"software_root", 1, "certificates", certs, "machines",
		machines));
}

static void row(const char *label, const char *kind, const char *value)
{
	printf("  %-*s %s %s\n", CLI_CELL(13, label), kind, value);
}

static int show_text(struct pki *pki, const char *hash, const char *mrsigner,
	struct why *why)
{
	char from_text[24], until_text[24];
	struct vm_list list;
	struct vm_cert cert;
	struct vms *vms;
	int64_t from, until;
	unsigned foreign = 0;

	vms = vm_inventory();
	if (!vms)
		return CLI_FAILED;
	if (vm_list(vms, NULL, false, &list, why)) {
		vms_close(vms);
		return cli_error("%s", why->text);
	}
	vms_close(vms);
	printf(_("Certificate authority %s/ca\n"), pki_state(pki));
	row(_("root key"), "SHA-256", hash);
	row(_("enclaves"), "MRSIGNER", *mrsigner ? mrsigner :
		_("(made when first needed)"));
	printf("  %-*s %s\n", CLI_CELL(13, _("addresses")), pki_url(pki));
	for (int i = 0; i < PKI_CERTS; i++) {
		if (pki_cert_dates(pki, i, &from, &until, why))
			return cli_error("%s", why->text);
		date_text(from, from_text);
		date_text(until, until_text);
		printf("  %-*s ", CLI_CELL(13, _(roles[i])));
		printf(_("certificate from %s to %s\n"), from_text,
			until_text);
	}
	for (size_t i = 0; i < list.count; i++)
		foreign += !vm_cert_look(pki, list.items[i].name,
			&list.items[i].conf, &cert, NULL) &&
			cert.state == VM_OF_ANOTHER;
	printf("  %-*s %zu\n", CLI_CELL(13, _("machines")), list.count);
	if (foreign)
		printf(_("  of them made under another CA: %u; `coffer vm "
			"manufacture --all` makes them again\n"), foreign);
	puts(_("The root of trust of everything that this CA signs is "
		"software."));
	vm_list_free(&list);
	return CLI_OK;
}

static int show(struct options *o)
{
	char hash[65], mrsigner[65] = "";
	uint8_t bytes[32];
	struct pki_bytes pem;
	struct why why;
	struct pki *pki;
	int r;

	if (pki_find(NULL, &pki, &why))
		return cli_error("%s", why.text);
	pki_root_hash(pki, bytes);
	cli_hex(bytes, 32, hash);
	if (pki_has_enclave_key(pki) && !pki_mrsigner(pki, bytes, &why))
		cli_hex(bytes, 32, mrsigner);
	if (o->pem && !pki_cert_pem(pki, PKI_CERT_ROOT, &pem, &why)) {
		fputs((char *)pem.data, stdout);
		pki_bytes_free(&pem);
		r = CLI_OK;
	} else if (o->json) {
		r = show_json(pki, hash, mrsigner, &why);
	} else {
		r = show_text(pki, hash, mrsigner, &why);
	}
	pki_close(pki);
	return r;
}

/* ---- the others ---- */

static int init(struct options *o)
{
	struct why why;
	int r = pki_create(NULL, o->url, &why);

	if (r == -EEXIST)
		return cli_error("%s; `coffer ca show` shows it, `coffer ca "
			"import --replace` puts another in its place",
			why.text);
	return r ? cli_error("%s", why.text) : show(o);
}

static int export(struct options *o)
{
	const char *words;
	struct why why;
	struct pki *pki;
	int r = passphrase(o, &words);

	if (r)
		return r;
	if (pki_find(NULL, &pki, &why))
		return cli_error("%s", why.text);
	r = pki_export(pki, o->file, words, &why);
	explicit_bzero(o->passphrase, sizeof(o->passphrase));
	pki_close(pki);
	if (r)
		return cli_error("%s", why.text);
	printf(words ? _("%s has the certificate authority, its keys under the "
		"passphrase.  Who can read it can make machines that all who "
		"trust its root believe.\n") :
		_("%s has the certificate authority with its keys in the "
		"clear.  Who can read it can make machines that all who trust "
		"its root believe.\n"), o->file);
	return CLI_OK;
}

static int import(struct options *o)
{
	const char *words;
	struct why why;
	int r = passphrase(o, &words);

	if (r)
		return r;
	r = pki_import(NULL, o->file, words, o->replace, &why);
	explicit_bzero(o->passphrase, sizeof(o->passphrase));
	if (r == -EEXIST)
		return cli_error("%s; --replace puts this one in its place and "
			"keeps the old one beside it", why.text);
	if (r == -EACCES)
		return cli_error("%s (--passphrase-file)", why.text);
	return r ? cli_error("%s", why.text) : show(o);
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool file;
		int (*run)(struct options *);
	} commands[] = {
		{ "init", false, init }, { "show", false, show },
		{ "export", true, export }, { "import", true, import },
	};
	struct options o = { .json = false };
	int r;

	if (argc < 2)
		return cli_usage(&cli_ca, "init, show, export or import?");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(commands[i].name, argv[1]))
			continue;
		r = parse(argc, argv, commands[i].file, &o);
		return r ? r : commands[i].run(&o);
	}
	return cli_usage(&cli_ca, "what is \"%s\"?", argv[1]);
}

const struct cli_command cli_ca = {
	.name = "ca",
	.summary = N_("the certificate authority behind the machines' quotes"),
	.usage = N_(
"usage: coffer ca init [--url URL]\n"
"       coffer ca show [--json | --pem]\n"
"       coffer ca export FILE [--passphrase-file FILE]\n"
"       coffer ca import FILE [--passphrase-file FILE] [--replace]\n"
"\n"
"The authority that certifies virtual machines, in the state directory; made\n"
"when first needed.  Its root of trust is software.\n"
"\n"
"init    makes it now; URL is the base of the addresses in its certificates,\n"
"        where `coffer serve` will listen (https://localhost:8081)\n"
"show    says what it is; --pem prints the root's certificate\n"
"export  writes it with its private keys to one file, for a team to share\n"
"import  takes it from such a file; machines that were made under another\n"
"        authority go on with that one's root until `coffer vm manufacture`\n"
"        makes them again\n"
"\n"
"--passphrase-file: its first line encrypts the keys in the file.\n"),
	.run = run,
};
