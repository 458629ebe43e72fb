/* SPDX-License-Identifier: MIT */
#include "platform/platform.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int inventory_info(struct platform *p, struct wire_info *info)
{
	const struct door_hello_reply *hello = &p->cpu.hello;
	struct door_header ask = { DOOR_MACHINE, sizeof(ask) };
	struct door_machine_reply m;

	if (processor_ask(&p->cpu, &ask, sizeof(ask), -1, &m.r, sizeof(m)))
		return -ENODEV;
	memset(info, 0, sizeof(*info));
	info->abi = WIRE_ABI;
	info->cpu_flags = hello->flags;
	memcpy(info->vm, p->vm, strlen(p->vm));
	memcpy(info->vm_size, p->conf.size->name, strlen(p->conf.size->name));
	info->epc_pages = p->conf.epc_pages;
	if (m.r.status == DOOR_OK) {
		info->epc_used = m.epc_used;
		info->va_pages = m.va_pages;
		info->storage = m.storage;
		info->swap_pages = m.swap_pages;
		info->page_ins = m.page_ins;
		info->page_outs = m.page_outs;
		info->tampered = m.tampered;
	}
	info->lost = p->lost;
	info->cofferd_pid = (uint32_t)getpid();
	info->cpu_pid = (uint32_t)p->cpu.pid;
	info->clients = p->client_count;
	for (struct enclave *e = p->enclaves; e; e = e->next)
		info->enclaves++;
	memcpy(info->cpuid_12_0, hello->cpuid_12_0, sizeof(info->cpuid_12_0));
	memcpy(info->cpuid_12_1, hello->cpuid_12_1, sizeof(info->cpuid_12_1));
	memcpy(info->cpuid_12_2, hello->cpuid_12_2, sizeof(info->cpuid_12_2));
	info->state_dev = p->state_dev;
	info->state_ino = p->state_ino;
	return 0;
}

static uint32_t state_of(const struct enclave *e)
{
	if (e->job.kind == JOB_REMOVE)
		return WIRE_STATE_CLOSING;
	if (e->tampered)
		return WIRE_STATE_TAMPERED;
	if (e->lost)
		return WIRE_STATE_LOST;
	if (e->initialized)
		return WIRE_STATE_INITIALIZED;
	return e->created ? WIRE_STATE_CREATED : WIRE_STATE_OPEN;
}

static void describe_running(const struct door_stat_reply *stat,
	struct wire_enclave *item)
{
	item->entries = stat->entries;
	item->aex = stat->aex;
	item->enclu = stat->enclu;
	item->cell_pid = stat->cell_pid;
	item->inside = stat->threads;
	item->threads = stat->tcs;
	item->isv_prod_id = stat->isv_prod_id;
	item->isv_svn = stat->isv_svn;
	memcpy(item->mrenclave, stat->mrenclave, sizeof(item->mrenclave));
	memcpy(item->mrsigner, stat->mrsigner, sizeof(item->mrsigner));
}

static int describe(struct platform *p, const struct enclave *e,
	struct wire_enclave *item)
{
	struct door_enclave ask = { .h = { DOOR_STAT, sizeof(ask) },
		.enclave = e->number };
	struct door_stat_reply stat;

	memset(item, 0, sizeof(*item));
	item->id = e->id;
	item->base = e->base;
	item->size = e->size;
	item->pid = e->pid;
	item->state = state_of(e);
	item->debug = !!(e->attributes & SGX_ATTR_DEBUG);
	item->threads = (uint32_t)e->tcs_pages;
	if (!e->created)
		return 0;
	item->number = e->number;
	if (processor_ask(&p->cpu, &ask, sizeof(ask), -1, &stat.r,
		sizeof(stat)))
		return -ENODEV;
	if (stat.r.status != DOOR_OK)
		return 0;
	item->resident = stat.resident;
	item->evicted = stat.evicted;
	item->page_ins = stat.page_ins;
	item->page_outs = stat.page_outs;
	item->faults = stat.faults;
	item->added = stat.added;
	if (e->initialized && e->job.kind != JOB_REMOVE)
		describe_running(&stat, item);
	return 0;
}

int inventory_list(struct platform *p, const struct client *client,
	uint64_t after, struct wire_listing *listing)
{
	listing->count = listing->more = 0;
	for (struct enclave *e = p->enclaves; e; e = e->next) {
		if (e->id <= after || (client &&
			client->role != ACCESS_OWNER &&
			e->uid != client->uid))
			continue;
		if (listing->count == WIRE_LIST_MAX) {
			listing->more = 1;
			break;
		}
		if (describe(p, e, &listing->item[listing->count]))
			return -ENODEV;
		listing->count++;
	}
	return 0;
}
