/* SPDX-License-Identifier: MIT */
/*
 * Enclaves as the driver knows them, and the verbs on them that take several
 * turns: those on ranges of pages, and removing the enclave.  Turns of
 * different enclaves alternate, so that a large one does not hold up the
 * others.
 */
#include "platform/platform.h"

#include "common/log.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Pages of one turn: a few ms of the processor's work each, also when every
 * page has to be evicted or loaded. */
#define TURN_MEASURED 256u
#define TURN_COPIED 512u
#define TURN_ZERO 2048u
#define TURN_SGX2 256u
/* Turns of DOOR_DESTROY that may pass without a page less. */
#define IDLE_TURNS_MAX 1000u

_Static_assert(TURN_ZERO <= DOOR_BATCH_MAX, "a turn fits a request");

struct enclave *enclave_new(struct platform *p, struct client *client)
{
	struct enclave *e = calloc(1, sizeof(*e)), **link = &p->enclaves;

	if (!e)
		return NULL;
	e->id = ++p->next_id;
	e->handle = ++client->next_handle;
	e->owner = client;
	e->pid = client->pid;
	e->uid = client->uid;
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
	free(e);
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
	struct job job = { .kind = JOB_REMOVE, .quiet = !request,
		.left = UINT64_MAX };

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

static const char *const pages_leaf[] = { [DOOR_RESTRICT] = "EMODPR",
	[DOOR_MODIFY] = "EMODT", [DOOR_REMOVE] = "EREMOVE" };

/* One turn of removing.  1: done; 0: more to do; -ENODEV. */
static int remove_turn(struct platform *p, struct enclave *e)
{
	struct door_enclave ask = { .h = { DOOR_DESTROY, sizeof(ask) },
		.enclave = e->number };
	struct job *job = &e->job;
	struct door_reply answer;
	struct why why;

	if (!e->created)
		return 1;
	if (processor_ask(&p->cpu, &ask, sizeof(ask), -1, &answer,
		sizeof(answer)))
		return -ENODEV;
	if (processor_result(&answer, "EREMOVE", -EIO, &why)) {
		/* What the processor keeps is lost, as a kernel loses it. */
		log_error("pages of enclave %" PRIu64 " are lost: %s", e->id,
			why.text);
		return 1;
	}
	job->idle = answer.count < job->left ? 0 : job->idle + 1;
	job->left = answer.count;
	if (job->left && job->idle < IDLE_TURNS_MAX)
		return 0;
	if (job->left)
		log_error("%" PRIu64 " pages of enclave %" PRIu64 " are lost: "
			"the processor removes none of them", job->left,
			e->id);
	return 1;
}

static uint64_t turn_pages(const struct job *job)
{
	if (job->add.flags & SGX_PAGE_MEASURE)
		return TURN_MEASURED;
	return job->add.flags & WIRE_PAGE_ZERO ? TURN_ZERO : TURN_COPIED;
}

/* Offset in the arena of the next source page; *count pages, or what is in
 * the arena.  Beyond it: one page at its impossible offset, because whether
 * a page is there already comes first. */
static uint64_t source_of(const struct enclave *e, uint64_t *count)
{
	const struct sgx_enclave_add_pages *add = &e->job.add;
	uint64_t size = e->owner->arena_size;
	uint64_t source = add->src + add->count - e->owner->arena_va;
	uint64_t room = source < size ? (size - source) / SGX_PAGE_SIZE : 1;

	if (*count > room)
		*count = room;
	return source;
}

static int add_failed(struct platform *p, struct enclave *e, int r,
	struct why *why)
{
	const struct sgx_enclave_add_pages *add = &e->job.add;
	uint64_t left = (add->length - add->count) / SGX_PAGE_SIZE;
	uint64_t page = add->offset + add->count;
	uint64_t source = add->src + add->count;

	if (r == -ENOMEM)
		why_set(why, r, "the EPC is full, and nothing more can be "
			"evicted: %" PRIu64 " pages (%" PRIu64 " KiB) are "
			"missing; the virtual machine %s has %u pages for all "
			"its enclaves", left, left * 4, p->vm,
			p->conf.epc_pages);
	else if (r == -EBUSY)
		why_set(why, r, "page 0x%" PRIx64 " of the enclave is there "
			"already", page);
	else if (r == -EFAULT)
		why_set(why, r, "source page 0x%" PRIx64 " is not in the "
			"arena", source);
	return r;
}

/* One turn of ADD_PAGES.  1: done; 0: more to do; or a negative errno. */
static int add_turn(struct platform *p, struct enclave *e, struct why *why)
{
	struct sgx_enclave_add_pages *add = &e->job.add;
	uint64_t count = (add->length - add->count) / SGX_PAGE_SIZE;
	struct door_add ask = {
		.h = { DOOR_ADD, sizeof(ask) },
		.enclave = e->number,
		.measure = !!(add->flags & SGX_PAGE_MEASURE),
		.linaddr = e->base + add->offset + add->count,
		.secinfo_flags = e->job.secinfo_flags,
		.source = DOOR_SOURCE_ZERO,
	};
	struct door_reply answer;
	uint64_t done;
	int r;

	if (count > turn_pages(&e->job))
		count = turn_pages(&e->job);
	if (!(add->flags & WIRE_PAGE_ZERO))
		ask.source = source_of(e, &count);
	ask.count = (uint32_t)count;
	if (processor_ask(&p->cpu, &ask, sizeof(ask), -1, &answer,
		sizeof(answer)))
		return why_set(why, -ENODEV, "%s", p->cpu.why.text);
	r = processor_result(&answer, "EADD", -EIO, why);
	done = !r || answer.count > count ? count : answer.count;
	add->count += done * SGX_PAGE_SIZE;
	if (e->job.secinfo_flags & SGX_SECINFO_TCS)
		e->tcs_pages += done;
	return r ? add_failed(p, e, r, why) : add->count == add->length;
}

/* What the Linux driver makes of a leaf that did not do its page. */
static int pages_failed(struct pages_job *job, const struct door_reply *answer,
	struct why *why)
{
	int failure = job->op == DOOR_REMOVE ? -EPERM : -EFAULT;
	int r = processor_result(answer, pages_leaf[job->op], failure, why);

	if (answer->status == DOOR_ERROR_CODE)
		job->result = answer->error;
	return answer->status == DOOR_FAULT ? -EFAULT : r;
}

/* One turn of an SGX2 verb.  1: done; 0: more to do; or a negative errno. */
static int pages_turn(struct platform *p, struct enclave *e, struct why *why)
{
	struct pages_job *job = &e->job.pages;
	uint64_t count = (job->length - job->count) / SGX_PAGE_SIZE;
	struct door_pages ask = {
		.h = { job->op, sizeof(ask) },
		.enclave = e->number,
		.linaddr = e->base + job->offset + job->count,
		.value = job->value,
	};
	struct door_reply answer;

	if (count > TURN_SGX2)
		count = TURN_SGX2;
	ask.count = (uint32_t)count;
	if (processor_ask(&p->cpu, &ask, sizeof(ask), -1, &answer,
		sizeof(answer)))
		return why_set(why, -ENODEV, "%s", p->cpu.why.text);
	if (answer.status != DOOR_OK && answer.count < count)
		count = answer.count;
	job->count += count * SGX_PAGE_SIZE;
	if (answer.status != DOOR_OK)
		return pages_failed(job, &answer, why);
	return job->count == job->length;
}

static void reply_pages(struct enclave *e, const struct job *job, int result,
	const struct why *why)
{
	const struct pages_job *pages = &job->pages;
	/* MODIFY_TYPES has the same layout. */
	struct sgx_enclave_restrict_permissions out = { pages->offset,
		pages->length, pages->value, pages->result, pages->count };
	struct sgx_enclave_remove_pages removed = { pages->offset,
		pages->length, pages->count };

	if (pages->op == DOOR_REMOVE)
		reply(e->owner, &job->request, result, why, &removed,
			sizeof(removed));
	else
		reply(e->owner, &job->request, result, why, &out,
			sizeof(out));
}

void enclave_reply(struct enclave *e, const struct job *job, int result,
	const struct why *why)
{
	if (!e->owner || job->quiet)
		return;
	if (job->kind == JOB_ADD)
		reply(e->owner, &job->request, result, why, &job->add,
			sizeof(job->add));
	else if (job->kind == JOB_PAGES)
		reply_pages(e, job, result, why);
	else
		reply(e->owner, &job->request, result, why, NULL, 0);
}

static int turn(struct platform *p, struct enclave *e, struct why *why)
{
	int r;

	if (e->job.kind == JOB_ADD)
		return add_turn(p, e, why);
	if (e->job.kind == JOB_PAGES)
		return pages_turn(p, e, why);
	r = remove_turn(p, e);
	return r < 0 ? why_set(why, r, "%s", p->cpu.why.text) : r;
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
	r = turn(p, e, &why);
	job = e->job;
	if (!r) {
		enclave_queue(p, e, &job);
		return;
	}
	e->job.kind = JOB_NONE;
	enclave_reply(e, &job, r > 0 ? 0 : r, &why);
	if (job.kind == JOB_REMOVE)
		enclave_free(p, e);
}
