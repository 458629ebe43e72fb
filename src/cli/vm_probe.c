/* SPDX-License-Identifier: MIT */
/* `coffer vm probe` and `coffer vm maintenance`. */
#include "vm_cli.h"
#include "vm/maintenance.h"
#include "vm/probe.h"
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define ASK_MS 5000u
#define WAIT_SECONDS_MAX 86400u
#define MAINTENANCE_WAIT 60u

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	interrupted = 1;
}

static void line(const char *name, const char *state, const struct why *why)
{
	printf("%-20s ", name);
	if (why->text[0])
		printf(_("%s: %s"), _(state), why->text);
	else
		fputs(_(state), stdout);
	putchar('\n');
}

/* ---- probe ---- */

/* Is this one as it should be?  array: where the answer goes with --json. */
static bool probe_one(struct vms *vms, const char *name, uint64_t wait,
	bool named, json_t *array)
{
	struct vm_refusal refusal = { NULL, { "" } };
	struct vm_probe probe;
	int r = wait ? vm_probe_wait(vms, name, (unsigned)wait * 1000, NULL,
		&probe, &refusal) :
		vm_probe(vms, name, ASK_MS, &probe, &refusal);

	if (r) {
		if (array)
			json_array_append_new(array, vm_refusal_json(name,
				&refusal));
		else
			vm_refused(&refusal);
		return false;
	}
	if (array)
		json_array_append_new(array, json_pack("{s:s, s:s, s:s?, "
			"s:f}", "name", name, "health",
			vm_health_name(probe.health), "reason",
			probe.why.text[0] ? probe.why.text : NULL, "ms",
			probe.ms));
	else
		line(name, vm_health_name(probe.health), &probe.why);
	/* Who asks about all does not expect those to run that are off. */
	return probe.health == VM_HEALTHY ||
		(probe.health == VM_OFF && !named);
}

int vm_cmd_probe(int argc, char **argv)
{
	struct vm_targets targets;
	uint64_t wait = 0;
	bool json = false, good = true, named;
	const struct vm_option options[] = {
		{ "--json", .flag = &json },
		{ "--set", .text = &targets.set },
		{ "--all", .flag = &targets.all },
		{ "--wait", .number = &wait, .max = WAIT_SECONDS_MAX },
		{ .name = NULL },
	};
	json_t *array;
	struct vms *vms;
	int r = vm_targets_parse(argc, argv, options, true, &targets);

	if (r)
		return r;
	named = targets.count > 0;
	vms = vm_inventory();
	if (!vms) {
		vm_targets_free(&targets);
		return CLI_FAILED;
	}
	r = vm_targets_load(vms, &targets);
	array = json ? json_array() : NULL;
	for (size_t i = 0; !r && i < targets.count; i++) {
		good &= probe_one(vms, targets.names[i], wait, named, array);
		fflush(stdout);
	}
	if (!r && json)
		r = cli_print_json(json_pack("{s:b, s:O}", "healthy", good,
			"machines", array));
	json_decref(array);
	vm_targets_free(&targets);
	vms_close(vms);
	return r ? r : good ? CLI_OK : CLI_FAILED;
}

/* ---- maintenance ---- */

static void tell(void *ctx, const struct vm_maintenance_item *item)
{
	if (item->state == VM_MAINTAINED_DONE)
		printf(_("%-20s healthy again after %.0f ms\n"), item->name,
			item->ms);
	else
		line(item->name, vm_maintained_name(item->state), &item->why);
	fflush(stdout);
}

static json_t *report(const struct vm_maintenance *m,
	const struct vm_refusal *refusal)
{
	json_t *array = json_array(), *object;

	for (size_t i = 0; i < m->count; i++)
		json_array_append_new(array, json_pack("{s:s, s:s, s:s?, s:f}",
			"name", m->items[i].name, "state",
			vm_maintained_name(m->items[i].state), "reason",
			m->items[i].why.text[0] ? m->items[i].why.text : NULL,
			"ms", m->items[i].ms));
	object = json_pack("{s:i, s:s?, s:o}", "domain", m->domain,
		"set", m->set, "machines", array);
	json_object_set_new(object, "zone", m->zone ?
		json_integer(m->zone) : json_null());
	if (object && refusal->code)
		json_object_set_new(object, "error", json_pack("{s:s, s:s}",
			"code", refusal->code, "message", refusal->why.text));
	return object;
}

static int maintain(struct vm_maintenance *m, bool json)
{
	/* Not in the middle of a machine; a second one ends us at once, and
	 * the machine is then on its way or off, as `coffer vm list` says. */
	struct sigaction act = { .sa_handler = interrupt,
		.sa_flags = SA_RESETHAND };
	struct vm_refusal refusal = { NULL, { "" } };
	struct vms *vms = vm_inventory();
	int r;

	if (!vms)
		return CLI_FAILED;
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	m->cancel = &interrupted;
	m->progress = json ? NULL : tell;
	r = vm_maintain(vms, m, &refusal) ? CLI_FAILED : CLI_OK;
	if (json)
		r |= cli_print_json(report(m, &refusal));
	else if (r)
		vm_refused(&refusal);
	vm_maintenance_free(m);
	vms_close(vms);
	return r;
}

int vm_cmd_maintenance(int argc, char **argv)
{
	struct vm_maintenance m = { .set = NULL };
	uint64_t domain = UINT64_MAX, zone = 0, wait = MAINTENANCE_WAIT;
	bool json = false;
	const struct vm_option options[] = {
		{ "--json", .flag = &json },
		{ "--set", .text = &m.set },
		{ "--zone", .number = &zone, .max = VMCONF_ZONES_MAX },
		{ "--domain", .number = &domain,
			.max = VMCONF_UPDATE_DOMAINS_MAX - 1 },
		{ "--wait", .number = &wait, .max = WAIT_SECONDS_MAX },
		{ .name = NULL },
	};
	size_t none;
	int r = vm_parse(argc, argv, options, NULL, 0, &none);

	if (!r && domain == UINT64_MAX)
		r = cli_usage(&cli_vm, "which update domain? --domain N");
	if (r)
		return r;
	m.domain = (int)domain;
	m.zone = (unsigned)zone;
	m.wait_ms = (unsigned)wait * 1000;
	return maintain(&m, json);
}
