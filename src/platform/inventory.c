/* SPDX-License-Identifier: MIT */
#include "platform/platform.h"

#include <string.h>
#include <unistd.h>

void inventory_info(struct platform *p, struct wire_info *info)
{
	const struct door_hello_reply *hello = &p->cpu.hello;

	memset(info, 0, sizeof(*info));
	info->abi = WIRE_ABI;
	info->cpu_flags = hello->flags;
	memcpy(info->vm, p->vm, strlen(p->vm));
	memcpy(info->vm_size, p->conf.size->name, strlen(p->conf.size->name));
	info->epc_pages = p->conf.epc_pages;
	info->epc_used = platform_epc_used(p);
	info->cofferd_pid = (uint32_t)getpid();
	info->cpu_pid = (uint32_t)p->cpu.pid;
	info->clients = p->client_count;
	for (struct enclave *e = p->enclaves; e; e = e->next)
		info->enclaves++;
	memcpy(info->cpuid_12_0, hello->cpuid_12_0, sizeof(info->cpuid_12_0));
	memcpy(info->cpuid_12_1, hello->cpuid_12_1, sizeof(info->cpuid_12_1));
	info->state_dev = p->state_dev;
	info->state_ino = p->state_ino;
}

static uint32_t state_of(const struct enclave *e)
{
	if (e->job.kind == JOB_REMOVE)
		return WIRE_STATE_CLOSING;
	if (e->lost)
		return WIRE_STATE_LOST;
	if (e->initialized)
		return WIRE_STATE_INITIALIZED;
	return e->created ? WIRE_STATE_CREATED : WIRE_STATE_OPEN;
}

static int describe(struct platform *p, const struct enclave *e,
	struct wire_enclave *item)
{
	struct door_secs ask = { .h = { DOOR_STAT, sizeof(ask) },
		.secs_epc = e->secs_epc };
	struct door_stat_reply stat;

	memset(item, 0, sizeof(*item));
	item->id = e->id;
	item->base = e->base;
	item->size = e->size;
	item->epc_pages = e->pages + e->created;
	item->pid = e->pid;
	item->state = state_of(e);
	item->debug = !!(e->attributes & SGX_ATTR_DEBUG);
	item->threads = (uint32_t)e->tcs_pages;
	if (!e->initialized || e->job.kind == JOB_REMOVE)
		return 0;
	if (processor_ask(&p->cpu, &ask, sizeof(ask), -1, &stat.r,
		sizeof(stat)))
		return -1;
	if (stat.r.status != DOOR_OK)
		return 0;
	item->entries = stat.entries;
	item->aex = stat.aex;
	item->enclu = stat.enclu;
	item->cell_pid = stat.cell_pid;
	item->inside = stat.threads;
	item->isv_prod_id = stat.isv_prod_id;
	item->isv_svn = stat.isv_svn;
	memcpy(item->mrenclave, stat.mrenclave, sizeof(item->mrenclave));
	memcpy(item->mrsigner, stat.mrsigner, sizeof(item->mrsigner));
	return 0;
}

int inventory_list(struct platform *p, uint64_t after,
	struct wire_listing *listing)
{
	listing->count = listing->more = 0;
	for (struct enclave *e = p->enclaves; e; e = e->next) {
		if (e->id <= after)
			continue;
		if (listing->count == WIRE_LIST_MAX) {
			listing->more = 1;
			break;
		}
		if (describe(p, e, &listing->item[listing->count]))
			return -1;
		listing->count++;
	}
	return 0;
}
