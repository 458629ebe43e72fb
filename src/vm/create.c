/* SPDX-License-Identifier: MIT */
/* Making machines: checked, placed, certified, put into place, started. */
#include "vm/order.h"

#include "common/paths.h"
#include "pki/manufacture.h"
#include "vm/place.h"
#include "vm/probe.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct making {
	struct vms *vms;
	const struct vm_order *wanted;
	struct order order;
	struct vmconf conf; /* what all of them have; its tags are ours */
	char (*names)[64];
	size_t count, steps, done;
	vm_progress progress;
	void *ctx;
	struct vm_refusal *refusal;
	struct why why;
};

static int failed(struct making *m, int r)
{
	return vm_refuse_why(m->refusal, r, &m->why);
}

static int invalid(struct making *m, int r)
{
	return vm_refuse(m->refusal, "InvalidParameter", r, "%s", m->why.text);
}

static void say(struct making *m, size_t i, const char *what)
{
	if (m->progress)
		m->progress(m->ctx, m->names[i], what, m->done, m->steps);
}

static bool stopped(struct making *m)
{
	return m->wanted->cancel && *m->wanted->cancel;
}

static int cancelled(struct making *m)
{
	return vm_refuse(m->refusal, "Conflict", -EINTR, "interrupted; "
		"nothing was made");
}

static bool is_started(const struct vm_order *o)
{
	return !o->stopped && !o->on_demand;
}

/* ---- checked without looking ---- */

static int name_all(struct making *m)
{
	const struct vm_order *o = m->wanted;
	int n;

	if (!paths_name_ok(o->name))
		return vm_refuse(m->refusal, "InvalidParameter", -EINVAL,
			"\"%.80s\" is no name of a virtual machine: 1 to %d of "
			"a-z, 0-9 and '-'", o->name, PATHS_NAME_MAX);
	if (o->count > ORDER_MACHINES_MAX)
		return vm_refuse(m->refusal, "InvalidParameter", -E2BIG,
			"at most %u machines are made at a time",
			ORDER_MACHINES_MAX);
	m->count = o->count ? o->count : 1;
	m->steps = m->count * (is_started(o) ? 3 : 2);
	m->names = calloc(m->count, sizeof(*m->names));
	if (!m->names)
		return failed(m, why_set(&m->why, -ENOMEM, "out of memory"));
	for (size_t i = 0; i < m->count; i++) {
		n = o->count ? snprintf(m->names[i], 64, "%s-%zu", o->name, i)
			: snprintf(m->names[i], 64, "%s", o->name);
		if (n > PATHS_NAME_MAX)
			return vm_refuse(m->refusal, "InvalidParameter",
				-ENAMETOOLONG, "the set's name is too long: "
				"with a number it has more than %d characters",
				PATHS_NAME_MAX);
	}
	return 0;
}

/* The file will be emptied. */
static int check_swap(struct making *m)
{
	const char *path = m->wanted->swap;
	struct stat st;
	int r = vmconf_set_swap(&m->conf, path, &m->why);

	if (r)
		return invalid(m, r);
	if (m->wanted->count)
		return vm_refuse(m->refusal, "InvalidParameter", -EINVAL,
			"the machines of a set cannot share a swap file");
	if (!lstat(path, &st) && (!S_ISREG(st.st_mode) || st.st_size))
		return vm_refuse(m->refusal, "InvalidParameter", -EEXIST,
			"%.200s is there and not an empty file; it would be "
			"overwritten", path);
	return 0;
}

static int configure(struct making *m)
{
	const struct vm_order *o = m->wanted;
	struct vmconf *conf = &m->conf;
	int r = 0;

	if (o->size)
		conf->size = o->size;
	conf->epc_pages = o->epc_pages ? o->epc_pages : conf->size->epc_pages;
	conf->ptrace_slot = o->ptrace_slot;
	conf->power = o->on_demand ? VMCONF_DEMAND : VMCONF_OFF;
	if (o->count)
		strcpy(conf->set, o->name);
	if (conf->epc_pages < VMCONF_EPC_MIN ||
	    conf->epc_pages > VMCONF_EPC_MAX)
		return vm_refuse(m->refusal, "InvalidParameter", -EINVAL,
			"a machine has %u to %u EPC pages", VMCONF_EPC_MIN,
			VMCONF_EPC_MAX);
	if (!o->count && o->zone_count > 1)
		return vm_refuse(m->refusal, "OperationNotAllowed", -EINVAL,
			"a machine is in one zone: sizes with SGX are not "
			"zone-redundant; --count N with --zones spreads a set "
			"of machines");
	if (o->probe)
		r = vm_probe_check(o->probe, &m->why);
	if (o->probe && !r)
		r = vmconf_set_probe(conf, o->probe, &m->why);
	for (size_t i = 0; !r && i < o->tag_count; i++)
		r = vmconf_set_tag(conf, o->tags[i].key, o->tags[i].value,
			&m->why);
	if (r)
		return invalid(m, r);
	return o->swap ? check_swap(m) : 0;
}

/* ---- ordered: the inventory's lock is held ---- */

static int check_free(struct making *m, struct place_map *map)
{
	char path[PATH_MAX];
	int r;

	for (size_t i = 0; i < m->count; i++) {
		r = vms_folder(m->vms, m->names[i], path, &m->why);
		if (r)
			return failed(m, r);
		if (place_item(map, m->names[i]) || !access(path, F_OK))
			return vm_refuse(m->refusal, "Conflict", -EEXIST,
				"there is a virtual machine %s already; "
				"choose another name, or `coffer vm delete "
				"%s` first", m->names[i], m->names[i]);
	}
	for (size_t i = 0; m->conf.set[0] && i < map->count; i++)
		if (!strcmp(map->items[i].set, m->conf.set))
			return vm_refuse(m->refusal, "Conflict", -EEXIST,
				"there is a set %s already; choose another "
				"name, or `coffer vm delete --set %s` first",
				m->conf.set, m->conf.set);
	return 0;
}

static int check_room(struct making *m, struct place_map *map)
{
	const struct vm_order *o = m->wanted;
	int r = 0;

	for (size_t i = 0; !r && i < o->zone_count; i++)
		r = place_zone_ok(map, m->conf.size, o->zones[i], m->refusal);
	return r ? r : place_quota(map, m->conf.size, (unsigned)m->count,
		NULL, m->refusal);
}

/* "{n}" in the probe of a set is the machine's number in it. */
static void number_probe(char *probe, size_t number)
{
	char digits[24], *at = strstr(probe, "{n}");
	size_t size = (size_t)snprintf(digits, sizeof(digits), "%zu", number);

	if (!at || size > 3)
		return;
	memmove(at + size, at + 3, strlen(at + 3) + 1);
	memcpy(at, digits, size);
}

static int place_all(struct making *m, struct place_map *map)
{
	const struct vm_order *o = m->wanted;
	struct vmconf conf;
	int r = 0;

	m->conf.created = time(NULL);
	for (size_t i = 0; !r && i < m->count; i++) {
		conf = m->conf;
		number_probe(conf.probe, i);
		/* Without zones asked for, it goes over all with room. */
		if (o->zone_count)
			conf.zone = (uint16_t)o->zones[i % o->zone_count];
		r = place_choose(map, m->names[i], &conf, m->refusal);
		if (r)
			break;
		r = order_add(m->vms, &m->order, m->names[i], &conf, &m->why);
		if (r)
			failed(m, r);
	}
	return r;
}

static int order_all(struct making *m)
{
	struct place_map map;
	int r, lock = vms_lock(m->vms, &m->why);

	if (lock < 0)
		return failed(m, lock);
	r = place_load(m->vms, &map, &m->why);
	if (r) {
		close(lock);
		return failed(m, r);
	}
	r = check_free(m, &map);
	if (!r)
		r = check_room(m, &map);
	if (!r && (r = order_begin(m->vms, &m->order, &m->why)))
		failed(m, r);
	if (!r) {
		r = place_all(m, &map);
		if (r && order_undo(m->vms, &m->order, &m->why))
			failed(m, r);
	}
	place_free(&map);
	close(lock);
	return r;
}

/* ---- made ---- */

static int certify_all(struct making *m)
{
	char name[NAME_MAX + 1];
	struct pki *pki;
	int r = vms_pki(m->vms, &pki, &m->why);

	if (r)
		return failed(m, r);
	for (size_t i = 0; !r && i < m->count; i++) {
		if (stopped(m))
			return cancelled(m);
		say(m, i, N_("certifying"));
		order_new_name(&m->order, m->names[i], name);
		r = pki_machine_ensure(pki, name, &m->why);
		m->done++;
	}
	return !r ? 0 : stopped(m) ? cancelled(m) : failed(m, r);
}

static int put_all(struct making *m)
{
	int r = 0, lock = vms_lock(m->vms, &m->why);

	if (lock < 0)
		return failed(m, lock);
	for (size_t i = 0; !r && i < m->count; i++) {
		say(m, i, N_("placing"));
		r = order_put(m->vms, &m->order, m->names[i], &m->why);
		m->done++;
	}
	close(lock);
	if (r == -EEXIST)
		return vm_refuse(m->refusal, "Conflict", r, "%s; nothing was "
			"made", m->why.text);
	return r ? failed(m, r) : 0;
}

static int start_all(struct making *m)
{
	int r = 0;

	for (size_t i = 0; !r && i < m->count; i++) {
		if (stopped(m))
			return cancelled(m);
		say(m, i, N_("starting"));
		r = vm_start(m->vms, m->names[i], m->refusal);
		m->done++;
	}
	return r && stopped(m) ? cancelled(m) : r;
}

static int make(struct making *m)
{
	int r = order_all(m);

	if (r)
		return r;
	r = certify_all(m);
	if (!r)
		r = put_all(m);
	if (!r && is_started(m->wanted))
		r = start_all(m);
	if (!r) {
		order_end(m->vms, &m->order);
		return 0;
	}
	/* What cannot be taken back now is taken back by the next command. */
	order_undo(m->vms, &m->order, NULL);
	return r;
}

int vm_create(struct vms *vms, const struct vm_order *wanted,
	vm_progress progress, void *ctx, struct vm_refusal *refusal)
{
	struct making m = { .vms = vms, .wanted = wanted,
		.progress = progress, .ctx = ctx, .refusal = refusal };
	int r;

	vmconf_default(&m.conf);
	r = name_all(&m);
	if (!r)
		r = configure(&m);
	if (!r)
		r = make(&m);
	vmconf_free(&m.conf);
	free(m.names);
	return r;
}
