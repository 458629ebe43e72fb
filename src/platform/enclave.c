/* SPDX-License-Identifier: MIT */
/*
 * Enclaves as the driver knows them, and the verbs on them that take several
 * turns: adding pages and removing them.  Turns of different enclaves
 * alternate, so that a large one does not hold up the others.
 */
#include "platform/platform.h"

#include "common/log.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Pages of one turn: 1 to 5 ms of the processor's work each. */
#define TURN_MEASURED 256u
#define TURN_COPIED 512u
#define TURN_ZERO 8192u
#define TURN_REMOVED 8192u

_Static_assert(TURN_ZERO <= DOOR_BATCH_MAX && TURN_REMOVED <= DOOR_BATCH_MAX,
	"a turn fits a request");

struct enclave *enclave_new(struct platform *p, struct client *client)
{
	struct enclave *e = calloc(1, sizeof(*e)), **link = &p->enclaves;

	if (!e)
		return NULL;
	e->id = ++p->next_id;
	e->handle = ++client->next_handle;
	e->owner = client;
	e->pid = client->pid;
	client->enclaves++;
	while (*link)
		link = &(*link)->next;
	*link = e;
	return e;
}

struct enclave *enclave_find(struct platform *p, struct client *client,
	uint64_t handle)
{
	for (struct enclave *e = p->enclaves; e; e = e->next)
		if (e->owner == client && e->handle == handle)
			return e;
	return NULL;
}

void enclave_free(struct platform *p, struct enclave *e)
{
	struct enclave **link = &p->enclaves;

	while (*link != e)
		link = &(*link)->next;
	*link = e->next;
	if (e->owner)
		e->owner->enclaves--;
	free(e->run);
	free(e);
}

/* The first run that ends beyond page. */
static uint32_t run_at(const struct enclave *e, uint64_t page)
{
	uint32_t low = 0, high = e->runs;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (e->run[middle].page + e->run[middle].count <= page)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t enclave_span(const struct enclave *e, uint64_t page, uint64_t count,
	bool *present)
{
	uint32_t i = run_at(e, page);
	uint64_t n = count;

	*present = i < e->runs && e->run[i].page <= page;
	if (*present)
		n = e->run[i].page + e->run[i].count - page;
	else if (i < e->runs)
		n = e->run[i].page - page;
	return n < count ? n : count;
}

int enclave_note(struct enclave *e, uint64_t page, uint64_t count,
	uint32_t epc, bool tcs)
{
	uint32_t i = run_at(e, page);
	struct page_run *before = i ? &e->run[i - 1] : NULL;

	if (before && before->page + before->count == page &&
	    before->epc + before->count == epc && before->tcs == tcs) {
		before->count += count;
	} else {
		if (e->runs == e->room) {
			uint32_t room = e->room ? e->room * 2 : 16;
			struct page_run *grown = realloc(e->run,
				room * sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			e->run = grown;
			e->room = room;
		}
		memmove(&e->run[i + 1], &e->run[i],
			(e->runs - i) * sizeof(*e->run));
		e->run[i] = (struct page_run){ page, count, epc, tcs };
		e->runs++;
	}
	e->pages += count;
	if (tcs)
		e->tcs_pages += count;
	return 0;
}

void enclave_queue(struct platform *p, struct enclave *e,
	const struct job *job)
{
	e->job = *job;
	e->next_job = NULL;
	*p->jobs_end = e;
	p->jobs_end = &e->next_job;
}

static void unqueue(struct platform *p, struct enclave *e)
{
	struct enclave **link = &p->jobs;

	while (*link != e)
		link = &(*link)->next_job;
	*link = e->next_job;
	if (p->jobs_end == &e->next_job)
		p->jobs_end = link;
}

void enclave_remove(struct platform *p, struct enclave *e,
	const struct wire_header *request)
{
	struct job job = { .kind = JOB_REMOVE, .quiet = !request };

	/* Another job is given up between two of its turns. */
	if (e->job.kind == JOB_REMOVE) {
		e->job.quiet = e->job.quiet || !request;
		return;
	}
	if (e->job.kind)
		unqueue(p, e);
	if (request)
		job.request = *request;
	enclave_queue(p, e, &job);
}

static void give_epc(struct platform *p, uint64_t first, uint64_t count)
{
	if (count && extents_give(&p->epc, first, count)) {
		log_error("%" PRIu64 " EPC pages from %" PRIu64 " are lost",
			count, first);
		p->epc_lost += count;
	}
}

/* EREMOVE of consecutive pages.  Those that the processor keeps are lost,
 * as a kernel loses them.  0 or -ENODEV. */
static int remove_pages(struct platform *p, uint32_t epc, uint32_t count)
{
	struct door_eremove ask = {
		.h = { DOOR_EREMOVE, sizeof(ask) }, .epc = epc,
		.count = count };
	struct door_reply answer;
	struct why why;
	uint64_t done = count;

	if (processor_ask(&p->cpu, &ask, sizeof(ask), -1, &answer,
		sizeof(answer)))
		return -ENODEV;
	if (processor_result(&answer, "EREMOVE", -EIO, &why)) {
		done = answer.count < count ? answer.count : count;
		p->epc_lost += count - done;
		log_error("%u EPC pages from %u are lost: %s",
			(unsigned)(count - done), epc + (unsigned)done,
			why.text);
	}
	give_epc(p, epc, done);
	return 0;
}

static int stop(struct platform *p, struct enclave *e)
{
	struct door_secs ask = { .h = { DOOR_STOP, sizeof(ask) },
		.secs_epc = e->secs_epc };
	struct door_reply answer;
	struct why why;

	if (processor_ask(&p->cpu, &ask, sizeof(ask), -1, &answer,
		sizeof(answer)))
		return -ENODEV;
	if (processor_result(&answer, "stop", -EIO, &why))
		log_error("enclave %" PRIu64 ": %s", e->id, why.text);
	return 0;
}

/* One turn.  1: done; 0: more to do; -ENODEV. */
static int remove_turn(struct platform *p, struct enclave *e)
{
	struct page_run *last;
	uint64_t count;

	if (!e->created)
		return 1;
	if (!e->job.stopped) {
		e->job.stopped = true;
		if (stop(p, e))
			return -ENODEV;
	}
	if (!e->runs) {
		if (remove_pages(p, e->secs_epc, 1))
			return -ENODEV;
		return 1;
	}
	last = &e->run[e->runs - 1];
	count = last->count < TURN_REMOVED ? last->count : TURN_REMOVED;
	last->count -= count;
	e->pages -= count;
	if (remove_pages(p, last->epc + (uint32_t)last->count,
		(uint32_t)count))
		return -ENODEV;
	if (!last->count)
		e->runs--;
	return 0;
}

static uint64_t turn_pages(const struct job *job)
{
	if (job->add.flags & SGX_PAGE_MEASURE)
		return TURN_MEASURED;
	return job->add.flags & WIRE_PAGE_ZERO ? TURN_ZERO : TURN_COPIED;
}

/* One EADD request.  *done pages were added. */
static int add_pages(struct platform *p, struct enclave *e, uint64_t page,
	uint64_t count, uint64_t source, uint64_t *done, struct why *why)
{
	struct job *job = &e->job;
	struct door_eadd ask = {
		.h = { DOOR_EADD, sizeof(ask) },
		.secs_epc = e->secs_epc,
		.measure = !!(job->add.flags & SGX_PAGE_MEASURE),
		.linaddr = e->base + page * SGX_PAGE_SIZE,
		.secinfo_flags = job->secinfo_flags,
		.source = source,
	};
	struct door_reply answer;
	uint64_t epc;
	bool tcs = (job->secinfo_flags & SGX_SECINFO_TCS) != 0;
	int r;

	*done = 0;
	count = extents_take_some(&p->epc, count, &epc);
	ask.epc = (uint32_t)epc;
	ask.count = (uint32_t)count;
	if (processor_ask(&p->cpu, &ask, sizeof(ask), -1, &answer,
		sizeof(answer)))
		return why_set(why, -ENODEV, "%s", p->cpu.why.text);
	r = processor_result(&answer, "EADD", -EIO, why);
	*done = r ? answer.count : count;
	if (*done > count)
		*done = count;
	if (*done && enclave_note(e, page, *done, ask.epc, tcs)) {
		if (remove_pages(p, ask.epc, (uint32_t)*done))
			return why_set(why, -ENODEV, "%s", p->cpu.why.text);
		give_epc(p, epc + *done, count - *done);
		*done = 0;
		return why_set(why, -ENOMEM, "out of memory");
	}
	if (r) {
		/* The page that failed may be in the EPC, half measured. */
		if (remove_pages(p, ask.epc + (uint32_t)*done, 1))
			return why_set(why, -ENODEV, "%s", p->cpu.why.text);
		give_epc(p, epc + *done + 1, count - *done - 1);
	}
	return r;
}

/* One turn.  1: done; 0: more to do; or a negative errno.  The checks of a
 * page are in the Linux driver's order: a free EPC page, the page absent,
 * the source readable. */
static int add_turn(struct platform *p, struct enclave *e, struct why *why)
{
	struct sgx_enclave_add_pages *add = &e->job.add;
	struct client *client = e->owner;
	uint64_t page = (add->offset + add->count) / SGX_PAGE_SIZE;
	uint64_t left = (add->length - add->count) / SGX_PAGE_SIZE;
	uint64_t limit = turn_pages(&e->job), source = DOOR_SOURCE_ZERO;
	uint64_t count, done;
	bool present;
	int r;

	if (!p->epc.free)
		return why_set(why, -ENOMEM, "the EPC is full: %" PRIu64
			" pages (%" PRIu64 " KiB) are missing; the virtual "
			"machine %s has %u pages for all its enclaves", left,
			left * 4, p->vm, p->conf.epc_pages);
	count = enclave_span(e, page, left < limit ? left : limit, &present);
	if (present)
		return why_set(why, -EBUSY, "page 0x%" PRIx64
			" of the enclave is there already",
			page * SGX_PAGE_SIZE);
	if (!(add->flags & WIRE_PAGE_ZERO)) {
		uint64_t at = add->src + add->count;
		uint64_t room;

		source = at - client->arena_va;
		if (at < client->arena_va || source >= client->arena_size)
			return why_set(why, -EFAULT, "source page 0x%" PRIx64
				" is not in the arena", at);
		room = (client->arena_size - source) / SGX_PAGE_SIZE;
		if (count > room)
			count = room;
	}
	r = add_pages(p, e, page, count, source, &done, why);
	add->count += done * SGX_PAGE_SIZE;
	return r ? r : add->count == add->length;
}

void enclave_work(struct platform *p)
{
	struct enclave *e = p->jobs;
	struct job job;
	struct why why;
	int r;

	if (!e)
		return;
	unqueue(p, e);
	r = e->job.kind == JOB_ADD ? add_turn(p, e, &why) :
		remove_turn(p, e);
	if (r == -ENODEV && e->job.kind == JOB_REMOVE)
		why_set(&why, r, "%s", p->cpu.why.text);
	job = e->job;
	if (!r) {
		enclave_queue(p, e, &job);
		return;
	}
	e->job.kind = JOB_NONE;
	if (r > 0)
		r = 0;
	if (job.kind == JOB_ADD) {
		reply(e->owner, &job.request, r, &why, &job.add,
			sizeof(job.add));
		return;
	}
	if (!job.quiet)
		reply(e->owner, &job.request, r, &why, NULL, 0);
	enclave_free(p, e);
}
