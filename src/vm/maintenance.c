/* SPDX-License-Identifier: MIT */
#include "vm/maintenance.h"

#include "common/events.h"
#include "common/paths.h"
#include "vm/vms_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

const char *vm_maintained_name(enum vm_maintained state)
{
	static const char *const names[] = { N_("not touched"),
		N_("skipped"), N_("restarting"), N_("healthy"),
		N_("failed") };

	return names[state];
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A descriptor, or a refusal.  The lock ends with the process. */
static int take_lock(struct vms *vms, struct vm_refusal *refusal)
{
	char path[PATH_MAX];
	struct why why;
	int fd, r = paths_join(path, sizeof(path), vms->machines,
		".maintenance", &why);

	if (r)
		return vm_refuse_why(refusal, r, &why);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return vm_refuse(refusal, "InternalError", -errno, "cannot "
			"open %s: %s", path, strerror(errno));
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	close(fd);
	return vm_refuse(refusal, "Conflict", -EBUSY, "the maintenance of an "
		"update domain is under way; wait for its end: one domain at "
		"a time");
}

static void say(struct vm_maintenance *m, size_t i, enum vm_maintained state)
{
	m->items[i].state = state;
	if (m->progress)
		m->progress(m->ctx, &m->items[i]);
}

static __attribute__((format(printf, 4, 5)))
void record(struct vms *vms, const char *name,
	const struct event_detail *details, const char *format, ...)
{
	char folder[PATH_MAX], text[300];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!vms_folder(vms, name, folder, NULL))
		events_add(folder, EVENTS_MAINTENANCE, details, "%s", text);
}

static int find(struct vms *vms, struct vm_maintenance *m,
	struct vm_refusal *refusal)
{
	struct vm_filter filter = { .set = m->set, .zone = m->zone,
		.update_domain = m->domain };
	struct vm_list list;
	struct why why;
	int r = vm_list(vms, &filter, false, &list, &why);

	if (r)
		return vm_refuse_why(refusal, r, &why);
	m->items = calloc(list.count + 1, sizeof(*m->items));
	if (!m->items) {
		vm_list_free(&list);
		return vm_refuse(refusal, "InternalError", -ENOMEM,
			"out of memory");
	}
	m->count = list.count;
	for (size_t i = 0; i < list.count; i++) {
		strcpy(m->items[i].name, list.items[i].name);
		/* One that has failed is brought back. */
		if (list.items[i].conf.power == VMCONF_ON &&
				!vm_is_damaged(&list.items[i]))
			continue;
		m->items[i].state = VM_MAINTAINED_SKIPPED;
		m->items[i].why = list.items[i].damage;
		if (!vm_is_damaged(&list.items[i]))
			why_set(&m->items[i].why, 0, "it is %s",
				why_words(vm_power_name(
				list.items[i].power)));
	}
	vm_list_free(&list);
	return m->count ? 0 : vm_refuse(refusal, "ResourceNotFound", -ENOENT,
		m->zone || m->set ?
		N_("update domain %d has no machine like this; `coffer vm "
		"list` says where machines are") :
		N_("update domain %d has no machine; `coffer vm list` says "
		"where machines are"), m->domain);
}

/* What is refused for one machine is its reason, and ends it all. */
static int maintain_one(struct vms *vms, struct vm_maintenance *m, size_t i)
{
	struct vm_maintenance_item *item = &m->items[i];
	struct vm_refusal refusal = { NULL, { "" } };
	struct vm_probe probe;
	double from = now_ms();
	int r;

	say(m, i, VM_MAINTAINED_RESTARTING);
	record(vms, item->name, (struct event_detail[]){
		{ "step", "restart", 0 },
		{ "update_domain", NULL, m->domain }, { NULL, NULL, 0 } },
		"update domain %d is maintained: the machine is restarted, its "
		"enclaves are lost", m->domain);
	r = vm_restart(vms, item->name, 0, &refusal);
	if (!r)
		r = vm_probe_wait(vms, item->name, m->wait_ms, m->cancel,
			&probe, &refusal);
	item->ms = now_ms() - from;
	if (r) {
		item->why = refusal.why;
	} else if (probe.health != VM_HEALTHY) {
		item->why = probe.why;
		r = -EIO;
	}
	record(vms, item->name, (struct event_detail[]){
		{ "step", r ? "unhealthy" : "healthy", 0 },
		{ "ms", NULL, (long long)item->ms },
		{ "reason", r ? item->why.text : "", 0 },
		{ NULL, NULL, 0 } }, r ? "it is not healthy after %.0f ms%s%s" :
		"it is healthy again after %.0f ms%s%s", item->ms, r ? ": " :
		"", r ? item->why.text : "");
	say(m, i, r ? VM_MAINTAINED_FAILED : VM_MAINTAINED_DONE);
	return r;
}

static int maintain(struct vms *vms, struct vm_maintenance *m,
	struct vm_refusal *refusal)
{
	for (size_t i = 0; i < m->count; i++) {
		int r;

		if (m->items[i].state == VM_MAINTAINED_SKIPPED) {
			say(m, i, VM_MAINTAINED_SKIPPED);
			continue;
		}
		if (m->cancel && *m->cancel)
			return vm_refuse(refusal, "Conflict", -EINTR,
				"interrupted before %s, which is as it was",
				m->items[i].name);
		r = maintain_one(vms, m, i);
		if (r)
			return vm_refuse(refusal, "InternalError", r,
				"%s did not come back: %s; no other machine "
				"of the domain was touched after it",
				m->items[i].name, m->items[i].why.text);
	}
	return 0;
}

int vm_maintain(struct vms *vms, struct vm_maintenance *m,
	struct vm_refusal *refusal)
{
	int r, lock = take_lock(vms, refusal);

	m->items = NULL;
	m->count = 0;
	if (lock < 0)
		return lock;
	r = find(vms, m, refusal);
	if (!r)
		r = maintain(vms, m, refusal);
	close(lock);
	return r;
}

void vm_maintenance_free(struct vm_maintenance *m)
{
	free(m->items);
	m->items = NULL;
	m->count = 0;
}
