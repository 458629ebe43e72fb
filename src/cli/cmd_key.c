/* SPDX-License-Identifier: MIT */
#include "key.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT_DEFAULT 50

struct verb {
	const char *name;
	bool named; /* takes a key's name */
	int (*run)(const struct key_options *, const struct key_service *,
		const char *name);
};

/* --- showing ------------------------------------------------------------ */

static const char *tail(const char *kid, char version[64])
{
	const char *slash = kid ? strrchr(kid, '/') : NULL;

	snprintf(version, 64, "%s", slash ? slash + 1 : "");
	return version;
}

static void row(const char *label, const char *text)
{
	printf("%-*s %s\n", CLI_CELL(12, label), text);
}

static void print_time(const char *label, const json_t *time)
{
	time_t seconds = (time_t)json_integer_value(time);
	char text[32] = "";
	struct tm parts;

	if (!json_is_integer(time))
		return;
	if (gmtime_r(&seconds, &parts))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	row(label, text);
}

static void print_list(const char *label, const json_t *list)
{
	const json_t *entry;
	size_t i;

	printf("%-*s", CLI_CELL(12, label));
	json_array_foreach(list, i, entry)
		printf(" %s", json_string_value(entry));
	putchar('\n');
}

/* A key as the service describes it. */
static int show(const struct key_options *o, json_t *bundle)
{
	const json_t *key = json_object_get(bundle, "key");
	const json_t *attributes = json_object_get(bundle, "attributes");
	const json_t *policy = json_object_get(bundle, "release_policy");
	const char *kid = json_string_value(json_object_get(key, "kid"));
	const char *kty = json_string_value(json_object_get(key, "kty"));
	char name[128], version[64];

	if (!bundle)
		return CLI_FAILED;
	if (o->json)
		return cli_print_json(bundle);
	key_name(kid, name);
	row(_("key"), name);
	row(_("version"), tail(kid, version));
	row(_("type"), kty ? kty : "");
	print_list(_("operations"), json_object_get(key, "key_ops"));
	row(_("enabled"), json_is_false(json_object_get(attributes,
		"enabled")) ? _("no") : _("yes"));
	print_time(_("created"), json_object_get(attributes, "created"));
	print_time(_("from"), json_object_get(attributes, "nbf"));
	print_time(_("until"), json_object_get(attributes, "exp"));
	row(_("released"), !policy ? _("never") :
		json_is_true(json_object_get(policy, "immutable")) ?
		_("under a policy, which is immutable") :
		_("under a policy"));
	json_decref(bundle);
	return CLI_OK;
}

/* --- verbs -------------------------------------------------------------- */

static int add_common(const struct key_options *o,
	const struct key_service *service, json_t *body)
{
	json_t *policy;
	int r = key_policy(o, service, &policy);

	if (r || !policy)
		return r;
	json_object_set_new(body, "release_policy", policy);
	json_object_set_new(body, "attributes", json_pack("{s:b}",
		"exportable", 1));
	return CLI_OK;
}

static int create(const struct key_options *o,
	const struct key_service *service, const char *name)
{
	json_t *body = json_pack("{s:s}", "kty", o->type ? o->type :
		"oct-HSM");
	char path[256];

	if (o->size)
		json_object_set_new(body, "key_size",
			json_integer((json_int_t)o->size));
	if (o->curve)
		json_object_set_new(body, "crv", json_string(o->curve));
	if (add_common(o, service, body)) {
		json_decref(body);
		return CLI_FAILED;
	}
	snprintf(path, sizeof(path), "/keys/%s/create?" KEY_API, name);
	return show(o, key_ask(service, "POST", path, body, NULL));
}

static int import(const struct key_options *o,
	const struct key_service *service, const char *name)
{
	json_t *jwk, *body;
	char path[256];

	if (!o->file)
		return cli_error("which key? --file FILE, or --file - for "
			"the standard input");
	if (key_from_file(o, &jwk))
		return CLI_FAILED;
	body = json_pack("{s:o}", "key", jwk);
	if (add_common(o, service, body)) {
		json_decref(body);
		return CLI_FAILED;
	}
	snprintf(path, sizeof(path), "/keys/%s?" KEY_API, name);
	return show(o, key_ask(service, "PUT", path, body, NULL));
}

static int list(const struct key_options *o, const struct key_service *service,
	const char *name)
{
	char path[KEY_URL_MAX];
	json_t *all, *item;
	size_t i;

	if (o->deleted)
		snprintf(path, sizeof(path), "/deletedkeys?" KEY_API);
	else if (name)
		snprintf(path, sizeof(path), "/keys/%s/versions?" KEY_API,
			name);
	else
		snprintf(path, sizeof(path), "/keys?" KEY_API);
	all = key_pages(service, path);
	if (!all)
		return CLI_FAILED;
	if (o->json)
		return cli_print_json(json_pack("{s:o}", "keys", all));
	printf("%-*s %-*s %s\n", CLI_CELL(24, _("key")),
		CLI_CELL(32, _("version")), _("state"));
	json_array_foreach(all, i, item) {
		const char *kid = json_string_value(json_object_get(item,
			"kid"));
		const json_t *attributes = json_object_get(item, "attributes");
		char one[128], version[64];

		key_name(kid, one);
		printf("%-24s %-32s %s%s\n", one, tail(kid, version),
			json_is_false(json_object_get(attributes, "enabled"))
				? _("disabled") : _("enabled"),
			json_is_true(json_object_get(attributes,
				"exportable")) ? _(", released under a policy")
				: "");
	}
	json_decref(all);
	return CLI_OK;
}

static void key_path(char path[256], const struct key_options *o,
	const char *name)
{
	snprintf(path, 256, "/keys/%.127s%s%.64s?" KEY_API, name,
		o->version ? "/" : "", o->version ? o->version : "");
}

static int show_one(const struct key_options *o,
	const struct key_service *service, const char *name)
{
	char path[256];

	key_path(path, o, name);
	return show(o, key_ask(service, "GET", path, NULL, NULL));
}

/* The text of a bundle's release policy on the standard output. */
static int print_policy(json_t *bundle)
{
	const char *data = json_string_value(json_object_get(json_object_get(
		bundle, "release_policy"), "data"));
	char padded[32768];
	unsigned char text[32768];
	size_t n = data ? strlen(data) : 0;
	json_t *policy;
	int size;

	if (!bundle)
		return CLI_FAILED;
	if (!data || n + 4 > sizeof(padded)) {
		json_decref(bundle);
		return cli_error("the key has no release policy");
	}
	for (size_t i = 0; i <= n; i++)
		padded[i] = data[i] == '-' ? '+' : data[i] == '_' ? '/' :
			data[i];
	while (n % 4)
		padded[n++] = '=';
	padded[n] = '\0';
	json_decref(bundle);
	size = EVP_DecodeBlock(text, (unsigned char *)padded, (int)n);
	while (size > 0 && n && padded[n - 1] == '=') {
		n--;
		size--;
	}
	policy = size > 0 ? json_loadb((char *)text, (size_t)size, 0, NULL)
			  : NULL;
	return policy ? cli_print_json(policy)
		      : cli_error("the release policy cannot be read");
}

static int policy_of(const struct key_options *o,
	const struct key_service *service, const char *name)
{
	json_t *policy;
	char path[256];

	if (key_policy(o, service, &policy))
		return CLI_FAILED;
	key_path(path, o, name);
	return print_policy(policy ? key_ask(service, "PATCH", path,
		json_pack("{s:o}", "release_policy", policy), NULL) :
		key_ask(service, "GET", path, NULL, NULL));
}

static int set_enabled(const struct key_options *o,
	const struct key_service *service, const char *name, bool enabled)
{
	char path[256];

	key_path(path, o, name);
	return show(o, key_ask(service, "PATCH", path, json_pack("{s:{s:b}}",
		"attributes", "enabled", enabled), NULL));
}

static int enable(const struct key_options *o,
	const struct key_service *service, const char *name)
{
	return set_enabled(o, service, name, true);
}

static int disable(const struct key_options *o,
	const struct key_service *service, const char *name)
{
	return set_enabled(o, service, name, false);
}

static int rotate(const struct key_options *o,
	const struct key_service *service, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "/keys/%s/rotate?" KEY_API, name);
	return show(o, key_ask(service, "POST", path, NULL, NULL));
}

static int remove_key(const struct key_options *o,
	const struct key_service *service, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "/keys/%s?" KEY_API, name);
	return show(o, key_ask(service, "DELETE", path, NULL, NULL));
}

static int recover(const struct key_options *o,
	const struct key_service *service, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "/deletedkeys/%s/recover?" KEY_API,
		name);
	return show(o, key_ask(service, "POST", path, NULL, NULL));
}

static int purge(const struct key_options *o,
	const struct key_service *service, const char *name)
{
	char path[256];
	bool empty;

	snprintf(path, sizeof(path), "/deletedkeys/%s?" KEY_API, name);
	json_decref(key_ask(service, "DELETE", path, NULL, &empty));
	return empty ? CLI_OK : CLI_FAILED;
}

static void print_record(const json_t *row)
{
	time_t seconds = (time_t)json_integer_value(json_object_get(row,
		"time"));
	const char *reason = json_string_value(json_object_get(row,
		"reason"));
	const char *texts[4];
	static const char *const names[4] = {
		"verdict", "operation", "key", "caller",
	};
	char when[32] = "";
	struct tm parts;

	for (size_t i = 0; i < 4; i++) {
		texts[i] = json_string_value(json_object_get(row, names[i]));
		if (!texts[i])
			texts[i] = "";
	}
	if (gmtime_r(&seconds, &parts))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &parts);
	printf("%s  %-8s %-10s %-20s %-8s %s\n", when, texts[0], texts[1],
		texts[2], texts[3], reason ? reason : "");
}

static int audit(const struct key_options *o,
	const struct key_service *service, const char *name)
{
	char path[256];
	json_t *answer, *row;
	size_t i;

	snprintf(path, sizeof(path), "/coffer/keys/audit?" KEY_API
		"&maxresults=%" PRIu64 "%s%.127s", o->count ? o->count :
		COUNT_DEFAULT, name ? "&name=" : "", name ? name : "");
	answer = key_ask(service, "GET", path, NULL, NULL);
	if (!answer)
		return CLI_FAILED;
	if (o->json)
		return cli_print_json(answer);
	json_array_foreach(json_object_get(answer, "value"), i, row)
		print_record(row);
	json_decref(answer);
	return CLI_OK;
}

static int pin(const struct key_options *o,
	const struct key_service *service, const char *name)
{
	return key_pin(o, service);
}

static const struct verb verbs[] = {
	{ "create", true, create }, { "import", true, import },
	{ "list", false, list }, { "show", true, show_one },
	{ "policy", true, policy_of }, { "enable", true, enable },
	{ "disable", true, disable }, { "rotate", true, rotate },
	{ "delete", true, remove_key }, { "recover", true, recover },
	{ "purge", true, purge }, { "audit", false, audit },
	{ "release-log", false, audit }, { "pin", false, pin },
};

/* --- the command line --------------------------------------------------- */

static bool name_ok(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

	return n && n <= 127 && !name[n];
}

/* How many words an option is; 0: there is no such. */
static int take_option(struct key_options *o, char **argv, int left)
{
	struct {
		const char *name;
		const char **value;
	} texts[] = {
		{ "--url", &o->url }, { "--ca", &o->ca },
		{ "--token", &o->token }, { "--type", &o->type },
		{ "--curve", &o->curve }, { "--file", &o->file },
		{ "--version", &o->version }, { "--policy", &o->policy_file },
		{ "--mrsigner", &o->mrsigner },
		{ "--mrenclave", &o->mrenclave },
		{ "--authority", &o->authority },
	};
	struct {
		const char *name;
		uint64_t *value, max;
		bool *there;
	} numbers[] = {
		{ "--size", &o->size, 65536, NULL },
		{ "--product", &o->product, 65535, &o->with_product },
		{ "--svn", &o->svn, 65535, &o->with_svn },
		{ "-n", &o->count, 1000, NULL },
	};
	struct {
		const char *name;
		bool *value;
	} flags[] = {
		{ "--immutable", &o->immutable }, { "--json", &o->json },
		{ "--deleted", &o->deleted },
		{ "--debuggable", &o->debuggable },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (!strcmp(argv[0], flags[i].name)) {
			*flags[i].value = true;
			return 1;
		}
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(argv[0], texts[i].name) && left > 1) {
			*texts[i].value = argv[1];
			return 2;
		}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (!strcmp(argv[0], numbers[i].name) && left > 1 &&
				cli_number(argv[1], numbers[i].max,
					numbers[i].value)) {
			if (numbers[i].there)
				*numbers[i].there = true;
			return 2;
		}
	return 0;
}

static int run(int argc, char **argv)
{
	const struct verb *verb = NULL;
	struct key_options o = { 0 };
	struct key_service service = { 0 };
	const char *name = NULL;
	int status;

	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].name, argv[1]))
			verb = &verbs[i];
	if (!verb)
		return cli_usage(&cli_key, argc > 1 ?
			N_("what is \"%s\"?") : N_("what shall be done?"),
			argc > 1 ? argv[1] : "");
	for (int i = 2; i < argc;) {
		int words = take_option(&o, argv + i, argc - i);

		if (!words && *argv[i] != '-' && !name) {
			name = argv[i];
			words = 1;
		}
		if (!words)
			return cli_usage(&cli_key, "what is \"%s\"?", argv[i]);
		i += words;
	}
	if (verb->named && !name)
		return cli_usage(&cli_key, "which key?");
	if (name && !name_ok(name))
		return cli_usage(&cli_key, "a key's name is 1 to 127 of a-z, "
			"A-Z, 0-9 and '-'");
	status = key_open(&o, &service);
	if (!status)
		status = verb->run(&o, &service, name);
	client_close(&service.client);
	return status;
}

const struct cli_command cli_key = {
	.name = "key",
	.summary = N_("keys that are released to attested enclaves"),
	.usage = N_(
"usage: coffer key create NAME [--type TYPE] [--size BITS] [--curve CURVE]\n"
"                  [POLICY]\n"
"       coffer key import NAME --file FILE [POLICY]\n"
"       coffer key list [NAME] [--deleted]\n"
"       coffer key show|enable|disable NAME [--version VERSION]\n"
"       coffer key policy NAME [--version VERSION] [POLICY]\n"
"       coffer key rotate|delete|recover|purge NAME\n"
"       coffer key audit [NAME] [-n COUNT]\n"
"       coffer key pin [--type c]\n"
"\n"
"Keys of a running `coffer serve`.  A key with a release policy is given to\n"
"enclaves that meet it, encrypted for them; without one it never leaves.\n"
"\n"
"  --type TYPE       oct-HSM (default), RSA-HSM, EC-HSM; without -HSM: a key\n"
"                    that is never released\n"
"  --file FILE       a private key in PEM, or else the bytes of a symmetric\n"
"                    key; - is the standard input\n"
"  list NAME         the versions of one key\n"
"  policy NAME       prints the release policy, after changing it if one is\n"
"                    given\n"
"  audit             who did what with which key, newest first\n"
"  pin               what enclaves must pin (coffer/key_release.h);\n"
"                    --type c: as C\n"
"\n"
"POLICY is a file, or made of what an enclave must be:\n"
"  --policy FILE     JSON, as of Azure Key Vault's secure key release\n"
"  --mrsigner HEX, --mrenclave HEX, --product N, --svn N (at least)\n"
"  --debuggable      also debug enclaves, whose memory the host can read\n"
"  --authority URL   of the attestation service (default: the same service)\n"
"  --immutable       the policy cannot be changed any more\n"
"\n"
"  --url URL         of the service (default: this user's `coffer serve`)\n"
"  --ca FILE         certificates to trust; --token FILE: the bearer token\n"
"  --json            the service's answer\n"),
	.run = run,
};
