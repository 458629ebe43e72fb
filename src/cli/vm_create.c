/* SPDX-License-Identifier: MIT */
/* `coffer vm create`. */
#include "vm_cli.h"
#include "common/paths.h"
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
	const char *name, *size, *zones, *swap, *probe;
	struct vm_texts tags;
	uint64_t zone, count, epc_pages;
	bool ptrace_slot, stopped, on_demand, json;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	interrupted = 1;
}

/* "1,2,3". */
static bool parse_zones(const char *text, unsigned zones[VMCONF_ZONES_MAX],
	size_t *count)
{
	uint64_t zone;
	char word[8];
	size_t n;

	for (*count = 0; *count < VMCONF_ZONES_MAX; text += n + 1) {
		n = strcspn(text, ",");
		snprintf(word, sizeof(word), "%.*s", (int)(n < 7 ? n : 7),
			text);
		if (!cli_number(word, VMCONF_ZONES_MAX, &zone) || !zone)
			return false;
		for (size_t i = 0; i < *count; i++)
			if (zones[i] == zone)
				return false;
		zones[(*count)++] = (unsigned)zone;
		if (!text[n])
			return true;
	}
	return false;
}

int vm_parse_tags(const struct vm_texts *texts, bool may_remove,
	struct vm_tag *tags)
{
	for (size_t i = 0; i < texts->count; i++) {
		char *copy = strdup(texts->items[i]), *equals;

		if (!copy)
			return cli_error("out of memory");
		equals = strchr(copy, '=');
		if (!equals && !may_remove)
			return cli_usage(&cli_vm, "a tag is KEY=VALUE, not "
				"\"%s\"", texts->items[i]);
		tags[i] = (struct vm_tag){ copy, equals ? equals + 1 : NULL };
		if (equals)
			*equals = '\0';
	}
	return CLI_OK;
}

void vm_free_tags(struct vm_tag *tags)
{
	for (size_t i = 0; i < VM_TEXTS_MAX; i++)
		free((char *)tags[i].key);
}

/* ---- shown ---- */

struct bar {
	bool shown;
};

static void progress(void *ctx, const char *name, const char *what,
	size_t done, size_t total)
{
	struct bar *bar = ctx;

	bar->shown = true;
	fprintf(stderr, "\r%3zu %%  %s %s\033[K", 100 * done / total,
		_(what), name);
}

static int show_set(struct vms *vms, const char *set, bool json)
{
	struct vm_filter filter = { .set = set, .update_domain = -1 };
	struct vm_list list;
	struct pki *pki;
	struct why why;
	json_t *array;

	if (json) {
		if (vm_find_ca(&pki))
			return CLI_FAILED;
		array = vm_list_json(vms, pki, &filter, true, &why);
		pki_close(pki);
		return array ? cli_print_json(json_pack("{s:s, s:o}", "set",
			set, "machines", array)) : cli_error("%s", why.text);
	}
	if (vm_list(vms, &filter, true, &list, &why))
		return cli_error("%s", why.text);
	vm_table(list.items, list.count);
	vm_list_free(&list);
	return CLI_OK;
}

/* ---- made ---- */

static int order(const struct options *o, struct vm_order *order,
	unsigned zones[VMCONF_ZONES_MAX], char *swap)
{
	if (!paths_name_ok(o->name))
		return cli_usage(&cli_vm, "\"%s\" is no name: 1 to %d of a-z, "
			"0-9 and '-'", o->name, PATHS_NAME_MAX);
	order->name = o->name;
	order->epc_pages = (uint32_t)o->epc_pages;
	order->ptrace_slot = o->ptrace_slot;
	order->count = (unsigned)o->count;
	order->zones = zones;
	order->tag_count = o->tags.count;
	order->probe = o->probe;
	order->stopped = o->stopped;
	order->on_demand = o->on_demand;
	order->cancel = &interrupted;
	if (o->size && vm_parse_size(o->size, &order->size))
		return CLI_USAGE;
	if (o->stopped && o->on_demand)
		return cli_usage(&cli_vm, "--stopped or --on-demand?");
	if (o->zone && o->zones)
		return cli_usage(&cli_vm, "--zone or --zones?");
	if (o->zone)
		zones[order->zone_count++] = (unsigned)o->zone;
	if (o->zones && !parse_zones(o->zones, zones, &order->zone_count))
		return cli_usage(&cli_vm, "--zones takes different numbers "
			"from 1 to %u with commas between them",
			VMCONF_ZONES_MAX);
	if (o->epc_pages && o->epc_pages < VMCONF_EPC_MIN)
		return cli_usage(&cli_vm, "--epc-pages is %u to %u",
			VMCONF_EPC_MIN, VMCONF_EPC_MAX);
	if (o->swap) {
		if (cli_absolute(o->swap, swap, PATH_MAX))
			return CLI_FAILED;
		order->swap = swap;
	}
	return CLI_OK;
}

static int create(const struct options *o, const struct vm_order *wanted)
{
	struct sigaction act = { .sa_handler = interrupt,
		.sa_flags = SA_RESETHAND };
	struct vm_refusal refusal;
	struct bar bar = { false };
	struct vms *vms = vm_inventory();
	int r;

	if (!vms)
		return CLI_FAILED;
	/* A second one ends us at once: the next command cleans up. */
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	r = vm_create(vms, wanted, isatty(STDERR_FILENO) ? progress : NULL,
		&bar, &refusal);
	if (bar.shown)
		fputs("\r\033[K", stderr);
	if (r == -EINTR)
		r = cli_error("%s", refusal.why.text);
	else if (r)
		r = vm_refused(&refusal);
	else if (o->count)
		r = show_set(vms, o->name, o->json);
	else
		r = vm_show_state(vms, o->name, o->json);
	vms_close(vms);
	return r;
}

int vm_cmd_create(int argc, char **argv)
{
	struct options o = { .name = NULL };
	const struct vm_option options[] = {
		{ "--json", .flag = &o.json },
		{ "--size", .text = &o.size },
		{ "--zone", .number = &o.zone, .max = VMCONF_ZONES_MAX },
		{ "--zones", .text = &o.zones },
		{ "--count", .number = &o.count, .max = 1000 },
		{ "--tag", .texts = &o.tags },
		{ "--probe", .text = &o.probe },
		{ "--epc-pages", .number = &o.epc_pages,
			.max = VMCONF_EPC_MAX },
		{ "--swap", .text = &o.swap },
		{ "--ptrace-slot", .flag = &o.ptrace_slot },
		{ "--stopped", .flag = &o.stopped },
		{ "--on-demand", .flag = &o.on_demand }, { .name = NULL },
	};
	struct vm_tag tags[VM_TEXTS_MAX] = { { NULL, NULL } };
	struct vm_order wanted = { .tags = tags };
	unsigned zones[VMCONF_ZONES_MAX];
	char swap[PATH_MAX];
	int r = vm_parse_one(argc, argv, options, &o.name);

	if (!r)
		r = order(&o, &wanted, zones, swap);
	if (!r)
		r = vm_parse_tags(&o.tags, false, tags);
	if (!r)
		r = create(&o, &wanted);
	vm_free_tags(tags);
	return r;
}
