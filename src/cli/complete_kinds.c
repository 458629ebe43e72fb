/* SPDX-License-Identifier: MIT */
/*
 * What there is of each kind of value, from where the commands themselves
 * have it.  Nothing is changed, started or made.
 */
#include "cli.h"
#include "common/paths.h"
#include "common/vmconf.h"
#include "complete.h"
#include "key.h"
#include "vm/machine.h"
#include "pki/tcb.h"
#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- machines ---- */

/* Calls back with each machine of the state directory. */
static void each_vm(const struct complete *c, void (*found)(
	const struct complete *, const char *name, const struct vmconf *))
{
	char state[PATH_MAX], all[PATH_MAX], folder[PATH_MAX], file[PATH_MAX];
	struct vmconf conf;
	struct dirent *e;
	DIR *dir = NULL;

	if (!paths_state(state, sizeof(state), NULL) &&
			!paths_join(all, sizeof(all), state, "vm", NULL))
		dir = opendir(all);
	while (dir && (e = readdir(dir)))
		if (paths_name_ok(e->d_name) &&
				!paths_join(folder, sizeof(folder), all,
					e->d_name, NULL) &&
				!paths_join(file, sizeof(file), folder,
					"vm.conf", NULL) &&
				!access(file, F_OK)) {
			/* A damaged one, too: it can be deleted. */
			vmconf_salvage(file, &conf);
			found(c, e->d_name, &conf);
			vmconf_free(&conf);
		}
	if (dir)
		closedir(dir);
}

static void offer_vm(const struct complete *c, const char *name,
	const struct vmconf *conf)
{
	complete_offer(c, name, conf->size->name);
}

static void vms(const struct complete *c)
{
	each_vm(c, offer_vm);
}

static void offer_set(const struct complete *c, const char *name,
	const struct vmconf *conf)
{
	complete_offer(c, conf->set, NULL);
}

static void offer_tags(const struct complete *c, const char *name,
	const struct vmconf *conf)
{
	char both[VMCONF_TAG_KEY_MAX + VMCONF_TAG_VALUE_MAX + 2];

	for (size_t i = 0; i < conf->tag_count; i++) {
		snprintf(both, sizeof(both), "%s=%s", conf->tags[i].key,
			conf->tags[i].value);
		complete_offer(c, both, NULL);
	}
}

/* Machines have them in common; shells show a word once. */
static void sets(const struct complete *c)
{
	each_vm(c, offer_set);
}

static void tags(const struct complete *c)
{
	each_vm(c, offer_tags);
}

static void numbers(const struct complete *c, unsigned from, unsigned to)
{
	char value[16];

	for (unsigned n = from; n <= to; n++) {
		snprintf(value, sizeof(value), "%u", n);
		complete_offer(c, value, NULL);
	}
}

static void zones(const struct complete *c)
{
	numbers(c, 1, VMCONF_ZONES_MAX);
}

static void domains(const struct complete *c)
{
	numbers(c, 0, VMCONF_UPDATE_DOMAINS_MAX - 1);
}

static void families(const struct complete *c)
{
	for (int f = 0; f < VMCONF_FAMILIES; f++)
		complete_offer(c, vmconf_family_name((enum vmconf_family)f),
			NULL);
}

static void sizes(const struct complete *c)
{
	size_t count;
	const struct vmconf_size *size = vmconf_sizes(&count);
	char about[96];

	for (size_t i = 0; i < count; i++, size++) {
		snprintf(about, sizeof(about), "%s, %u vCPU%s, %u GiB, "
			"EPC %u MiB", size->family == VMCONF_DCSV2 ? "SGX1" :
			"SGX2", size->vcpus, size->vcpus > 1 ? "s" : "",
			size->memory_gib, size->epc_pages / 256);
		complete_offer(c, size->name, about);
	}
}

static void statuses(const struct complete *c)
{
	for (int s = PKI_TCB_UP_TO_DATE; s <= PKI_TCB_NONE; s++)
		complete_offer(c, pki_tcb_status_name(s), NULL);
}

/* ---- enclaves ---- */

/* Calls back with each enclave of a machine; none when it does not run. */
static void each_enclave(const struct complete *c, const char *vm,
	void (*found)(const struct complete *, const struct wire_enclave *))
{
	struct wire_enclave *items;
	struct machine machine;
	size_t count;

	if (!paths_name_ok(vm) || machine_open(vm, &machine, NULL))
		return;
	if (!machine_list(&machine, &items, &count, NULL)) {
		for (size_t i = 0; i < count; i++)
			found(c, &items[i]);
		free(items);
	}
	machine_close(&machine);
}

static void offer_id(const struct complete *c, const struct wire_enclave *e)
{
	char value[24], about[64], mrenclave[65];

	cli_hex(e->mrenclave, 32, mrenclave);
	snprintf(value, sizeof(value), "%" PRIu64, (uint64_t)e->id);
	snprintf(about, sizeof(about), _("of process %u, %.16s..."), e->pid,
		mrenclave);
	complete_offer(c, value, about);
}

static void enclaves(const struct complete *c)
{
	const char *vm = complete_option(c, "--vm");

	if (vm || !paths_vm_name(&vm, NULL))
		each_enclave(c, vm, offer_id);
}

static void offer_pid(const struct complete *c, const struct wire_enclave *e)
{
	char value[16], path[64], name[64] = "";
	FILE *file;

	snprintf(value, sizeof(value), "%u", e->pid);
	snprintf(path, sizeof(path), "/proc/%u/comm", e->pid);
	file = fopen(path, "re");
	if (file && fgets(name, sizeof(name), file))
		name[strcspn(name, "\n")] = '\0';
	if (file)
		fclose(file);
	complete_offer(c, value, name);
}

static void pids_of(const struct complete *c, const char *vm,
	const struct vmconf *conf)
{
	each_enclave(c, vm, offer_pid);
}

/* Processes that have enclaves, on any machine. */
static void pids(const struct complete *c)
{
	each_vm(c, pids_of);
}

/* ---- keys ---- */

static void key_types(const struct complete *c)
{
	static const char *const types[] = { "oct", "RSA", "EC" };
	char value[16];

	for (size_t i = 0; i < 3; i++) {
		snprintf(value, sizeof(value), "%s-HSM", types[i]);
		complete_offer(c, value, _("can be released to enclaves"));
		complete_offer(c, types[i], _("never released"));
	}
}

static void keys_of(const struct complete *c, bool deleted)
{
	struct key_options options = {
		.url = complete_option(c, "--url"),
		.ca = complete_option(c, "--ca"),
		.token = complete_option(c, "--token"),
	};
	struct key_service service = { 0 };

	char name[128];
	json_t *all = NULL, *item;
	size_t i;

	if (key_open(&options, &service) == CLI_OK)
		all = key_pages(&service, deleted ? "/deletedkeys?" KEY_API :
			"/keys?" KEY_API);
	client_close(&service.client);
	json_array_foreach(all, i, item) {
		key_name(json_string_value(json_object_get(item, "kid")),
			name);
		complete_offer(c, name, NULL);
	}
	json_decref(all);
}

static void keys(const struct complete *c)
{
	keys_of(c, false);
}

static void deleted_keys(const struct complete *c)
{
	keys_of(c, true);
}

/* ---- the rest ---- */

static void commands(const struct complete *c)
{
	for (size_t i = 0; cli_commands[i]; i++)
		if (cli_commands[i]->summary)
			complete_offer(c, cli_commands[i]->name,
				_(cli_commands[i]->summary));
}

/* What shells know better. */
static void files(const struct complete *c)
{
	puts(":file");
}

static void folders(const struct complete *c)
{
	puts(":directory");
}

/* Numbers, new names, hexadecimal digits. */
static void nothing(const struct complete *c)
{
}

static const struct kind {
	const char *name;
	void (*offer)(const struct complete *);
} kinds[] = {
	{ "VM", vms }, { "SIZE", sizes }, { "STATUS", statuses },
	{ "SET", sets }, { "TAG", tags }, { "ZONE", zones },
	{ "DOMAIN", domains }, { "FAMILY", families },
	{ "ENCLAVE", enclaves }, { "PID", pids },
	{ "KEY", keys }, { "GONEKEY", deleted_keys },
	{ "KEYTYPE", key_types }, { "COMMAND", commands },
	{ "FILE", files }, { "DIR", folders },
	{ "NUMBER", nothing }, { "TEXT", nothing },
	{ "APP", nothing }, /* cmd_complete.c: another command line */
};

static const struct kind *find(const char *kind, size_t length)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strlen(kinds[i].name) == length &&
				!memcmp(kinds[i].name, kind, length))
			return &kinds[i];
	return NULL;
}

/* Lower-case words, or several with bars between them. */
static bool is_choice(const char *kind, size_t length)
{
	return memchr(kind, '|', length) || (*kind >= 'a' && *kind <= 'z');
}

bool complete_kind_ok(const char *kind, size_t length)
{
	return is_choice(kind, length) || find(kind, length);
}

void complete_kind(const struct complete *c, const char *kind, size_t length)
{
	const struct kind *known = find(kind, length);
	char choice[64];

	if (known) {
		known->offer(c);
		return;
	}
	while (length) {
		size_t n = 0;

		while (n < length && kind[n] != '|')
			n++;
		snprintf(choice, sizeof(choice), "%.*s", (int)n, kind);
		complete_offer(c, choice, NULL);
		n += n < length;
		kind += n;
		length -= n;
	}
}
