/* SPDX-License-Identifier: MIT */
/* A machine at a look, as JSON; what happened to it. */
#include "service/portal_live.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rates to a tenth: more is noise. */
static json_t *tenth(double rate)
{
	return json_real(round(rate * 10) / 10);
}

static const char *power_of(const struct live_machine *m)
{
	return m->silent ? "failed" : vm_power_name(m->vm.power);
}

static void set_number(json_t *object, const char *name, int64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

json_t *live_machine_json(const struct live_machine *m)
{
	const struct vmconf *conf = &m->vm.conf;
	json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, "
		"s:o}", "name", m->vm.name, "group", arm_group(&m->vm),
		"size", vm_is_damaged(&m->vm) ? "" : conf->size->name, "set",
		conf->set, "power",
		power_of(m), "page_ins", tenth(m->page_ins), "page_outs",
		tenth(m->page_outs), "calls", tenth(m->calls), "aex",
		tenth(m->aex));

	json_object_set_new(out, "damage", json_string(m->vm.damage.text));
	set_number(out, "zone", conf->zone);
	set_number(out, "update_domain", conf->update_domain);
	set_number(out, "host", conf->host);
	set_number(out, "epc_pages", conf->epc_pages);
	set_number(out, "epc_used", (int64_t)m->info.epc_used);
	set_number(out, "swap_pages", (int64_t)m->info.swap_pages);
	set_number(out, "enclaves", m->info.enclaves);
	set_number(out, "clients", m->info.clients);
	set_number(out, "tampered", (int64_t)m->info.tampered);
	set_number(out, "lost", (int64_t)m->info.lost);
	return out;
}

static json_t *enclave_json(const struct wire_enclave *e,
	const struct rates *r)
{
	json_t *out = json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o, s:o, s:o}", "state", machine_state_name(e->state),
		"debug", e->debug != 0, "mrenclave", portal_hex(e->mrenclave,
		32), "mrsigner", portal_hex(e->mrsigner, 32), "base",
		json_sprintf("0x%" PRIx64, (uint64_t)e->base), "page_ins",
		tenth(r->page_ins), "page_outs", tenth(r->page_outs),
		"faults", tenth(r->faults), "calls", tenth(r->calls), "aex",
		tenth(r->aex), "totals", json_object());
	json_t *totals = json_object_get(out, "totals");

	set_number(out, "id", (int64_t)e->id);
	set_number(out, "pid", e->pid);
	set_number(out, "cell_pid", e->cell_pid);
	set_number(out, "size", (int64_t)e->size);
	set_number(out, "threads", e->threads);
	set_number(out, "inside", e->inside);
	set_number(out, "isv_prod_id", e->isv_prod_id);
	set_number(out, "isv_svn", e->isv_svn);
	set_number(out, "resident", (int64_t)e->resident);
	set_number(out, "evicted", (int64_t)e->evicted);
	set_number(totals, "page_ins", (int64_t)e->page_ins);
	set_number(totals, "page_outs", (int64_t)e->page_outs);
	set_number(totals, "faults", (int64_t)e->faults);
	set_number(totals, "added", (int64_t)e->added);
	set_number(totals, "entries", (int64_t)e->entries);
	set_number(totals, "aex", (int64_t)e->aex);
	return out;
}

json_t *live_detail_json(const struct live_machine *m)
{
	const struct vmconf *conf = &m->vm.conf;
	json_t *out = live_machine_json(m), *tags = json_object();
	json_t *enclaves = json_array();

	for (size_t i = 0; i < conf->tag_count; i++)
		json_object_set_new(tags, conf->tags[i].key,
			json_string(conf->tags[i].value));
	for (size_t i = 0; i < m->count; i++)
		json_array_append_new(enclaves, enclave_json(&m->enclaves[i],
			&m->rates[i]));
	json_object_set_new(out, "tags", tags);
	json_object_set_new(out, "swap", json_string(conf->swap));
	json_object_set_new(out, "probe", json_string(conf->probe));
	set_number(out, "vcpus", conf->size->vcpus);
	set_number(out, "memory_gib", conf->size->memory_gib);
	set_number(out, "created", m->vm.created);
	set_number(out, "driver_pid", m->info.cofferd_pid);
	set_number(out, "processor_pid", m->info.cpu_pid);
	set_number(out, "va_pages", (int64_t)m->info.va_pages);
	json_object_set_new(out, "enclave_list", enclaves);
	return out;
}

json_t *live_total_json(struct live_machine *const *machines, size_t count)
{
	double page_ins = 0, page_outs = 0, calls = 0, aex = 0;
	int64_t running = 0, epc = 0, used = 0, swap = 0, enclaves = 0,
		tampered = 0;
	json_t *out;

	for (size_t i = 0; i < count; i++) {
		const struct live_machine *m = machines[i];

		page_ins += m->page_ins;
		page_outs += m->page_outs;
		calls += m->calls;
		aex += m->aex;
		if (m->vm.power == VM_POWER_RUNNING) {
			running++;
			epc += m->vm.conf.epc_pages;
		}
		used += (int64_t)m->info.epc_used;
		swap += (int64_t)m->info.swap_pages;
		enclaves += m->info.enclaves;
		tampered += (int64_t)m->info.tampered;
	}
	out = json_pack("{s:o, s:o, s:o, s:o}", "page_ins", tenth(page_ins),
		"page_outs", tenth(page_outs), "calls", tenth(calls), "aex",
		tenth(aex));
	set_number(out, "machines", (int64_t)count);
	set_number(out, "running", running);
	set_number(out, "epc_pages", epc);
	set_number(out, "epc_used", used);
	set_number(out, "swap_pages", swap);
	set_number(out, "enclaves", enclaves);
	set_number(out, "tampered", tampered);
	return out;
}

/* --- what happened ------------------------------------------------------ */

/* "inode-offset", as an answer gave it. */
static bool read_at(const char *text, struct vm_events_at *at)
{
	char *end;

	memset(at, 0, sizeof(*at));
	if (!text || !*text)
		return true;
	if (*text < '0' || *text > '9')
		return false;
	at->inode = strtoull(text, &end, 10);
	if (*end != '-' || end[1] < '0' || end[1] > '9')
		return false;
	at->offset = strtoull(end + 1, &end, 10);
	return !*end;
}

/* Each line an object; what is none is left out. */
static json_t *lines(const char *text)
{
	json_t *list = json_array();
	size_t size;

	for (; *text; text += size + (text[size] == '\n')) {
		const char *why;
		json_t *line;

		size = strcspn(text, "\n");
		line = http_json_parse(text, size, &why);
		if (json_is_object(line))
			json_array_append(list, line);
		json_decref(line);
	}
	return list;
}

static int events(struct portal_call *call)
{
	struct arm *arm = call->portal->arm;
	struct vm_refusal refusal = { NULL, { "" } };
	struct vm_events_at at;
	struct vms *vms;
	char *text;
	int r;

	if (!read_at(http_query(call->request, "after"), &at))
		return why_set(&call->why, -EINVAL, "after is what the answer "
			"before gave");
	r = arm_vms_take(arm, &vms, &call->why);
	if (r)
		return r;
	r = vm_events(vms, http_parameter(call->request, "name"), &at, &text,
		&refusal);
	arm_vms_give(arm, vms);
	if (r) {
		arm_refuse(call, &refusal);
		return 0;
	}
	http_answer_json(call->answer, 200, json_pack("{s:o, s:o}", "after",
		json_sprintf("%" PRIu64 "-%" PRIu64, at.inode, at.offset),
		"events", lines(text)));
	free(text);
	return 0;
}

static const struct portal_verb verbs[] = {
	{ "GET", "/portal/machines/{name}/events", PORTAL_READ, 0, events },
};

int portal_machine_verbs(struct portal *portal)
{
	return portal_verbs(portal, verbs, 1);
}
