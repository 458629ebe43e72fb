/* SPDX-License-Identifier: MIT */
/*
 * Requests of the driver, one at a time.  The driver is not trusted: sizes
 * are checked before a field is read, the model judges each leaf, and what
 * the driver cannot do on silicon it cannot do here.
 */
#include "door.h"
#include "common/msg.h"
#include "door_serve.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE SGX_PAGE_SIZE
/* PAGEINFO and what it points at always come aligned through the door. */
#define ALIGNED 4096u

union request {
	struct door_header h;
	struct door_ecreate ecreate;
	struct door_eadd eadd;
	struct door_einit einit;
	struct door_eremove eremove;
	struct door_lepubkeyhash lepubkeyhash;
	struct door_secs secs;
};

union answer {
	struct door_reply r;
	struct door_hello_reply hello;
	struct door_stat_reply stat;
};

struct call {
	struct door *door;
	struct machine *m;
	struct engine *e;
	const union request *in;
	union answer *out;
	int *fd; /* the descriptor that came along, or -1; taken if set -1 */
};

static void failed(struct call *c, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void failed(struct call *c, int error, const char *format, ...)
{
	struct door_reply *r = &c->out->r;
	va_list args;

	r->status = DOOR_FAILED;
	r->error = (uint32_t)error;
	va_start(args, format);
	vsnprintf(r->text, sizeof(r->text), format, args);
	va_end(args);
}

/* The outcome of a leaf, as values and in words. */
static void outcome(struct call *c, const char *leaf,
	const struct sgx_outcome *o)
{
	struct door_reply *r = &c->out->r;

	switch (o->kind) {
	case SGX_OUTCOME_OK:
		return;
	case SGX_OUTCOME_ERROR:
		r->status = DOOR_ERROR_CODE;
		r->error = o->rax;
		snprintf(r->text, sizeof(r->text), "%s: %s (%u)", leaf,
			sgx_error_name(o->rax), o->rax);
		return;
	case SGX_OUTCOME_FAULT:
		r->status = DOOR_FAULT;
		r->vector = o->vector;
		r->address = o->address;
		snprintf(r->text, sizeof(r->text), "%s: %s at 0x%llx", leaf,
			o->vector == SGX_VECTOR_PF ? "#PF" : "#GP",
			(unsigned long long)o->address);
		return;
	default:
		failed(c, ENOMEM, "%s: no memory for the page", leaf);
	}
}

static bool is_secs(struct call *c, uint32_t epc)
{
	const struct sgx_machine *m = &c->m->sgx;

	return epc < m->epc_pages && (m->epcm[epc].flags & SGX_EPCM_VALID)
		&& m->epcm[epc].type == SGX_PT_SECS;
}

static void do_hello(struct call *c)
{
	struct door_hello_reply *h = &c->out->hello;
	uint32_t capabilities = c->e->ops->capabilities(c->e);

	h->abi = DOOR_ABI;
	h->epc_pages = c->m->sgx.epc_pages;
	sgx_cpuid_12(&c->m->sgx, 0, h->cpuid_12_0);
	sgx_cpuid_12(&c->m->sgx, 1, h->cpuid_12_1);
	h->pid = (uint32_t)getpid();
	h->flags = c->door->flags
		| (capabilities & ENGINE_SECRET_DATA ? DOOR_CPU_SECRET_EPC : 0)
		| (capabilities & ENGINE_PTRACE_SLOT
			? DOOR_CPU_PTRACE_SLOT : 0)
		| (capabilities & ENGINE_TRAPS_CPUID ? DOOR_CPU_TRAPS_CPUID : 0)
		| (capabilities & ENGINE_TRAPS_RDTSC
		   && !(h->cpuid_12_0[0] & SGX_FEATURE_SGX2)
			? DOOR_CPU_TRAPS_RDTSC : 0);
}

/* Host memory may be shared only if nobody can pull it from under us. */
static bool is_safe_arena(int fd, uint64_t va, uint64_t size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	return seals >= 0 && (seals & F_SEAL_SHRINK) != 0
		&& fstat(fd, &st) == 0 && size != 0 && size % PAGE == 0
		&& va % PAGE == 0 && (uint64_t)st.st_size >= size
		&& va < 1ull << 47 && size < 1ull << 47;
}

static void do_ecreate(struct call *c)
{
	const struct door_ecreate *q = &c->in->ecreate;
	struct sgx_pageinfo info = { .srcpge = ALIGNED, .secinfo = ALIGNED };
	struct sgx_secinfo secinfo = { 0 };
	struct sgx_outcome o;
	int r;

	if (*c->fd < 0 || !is_safe_arena(*c->fd, q->arena_va,
			q->arena_size)) {
		failed(c, EINVAL, "ECREATE: host memory must be a memfd, "
			"sealed against shrinking and page aligned");
		return;
	}
	o = sgx_ecreate(&c->m->sgx, ALIGNED, sgx_epc_address(q->epc), &info,
		&secinfo, &q->secs);
	outcome(c, "ECREATE", &o);
	if (o.kind != SGX_OUTCOME_OK)
		return;
	r = c->e->ops->space_create(c->e, q->epc, q->secs.base, q->secs.size);
	if (r == 0) {
		r = c->e->ops->add_shared(c->e, q->epc, *c->fd, q->arena_va,
			q->arena_size);
		*c->fd = -1;
	}
	if (r != 0) {
		c->e->ops->space_destroy(c->e, q->epc);
		sgx_eremove(&c->m->sgx, sgx_epc_address(q->epc));
		failed(c, -r, "ECREATE: no address space of 0x%llx bytes: %s",
			(unsigned long long)q->secs.size, strerror(-r));
	}
}

static bool remember_tcs(struct call *c, uint32_t secs, uint32_t epc,
	uint32_t count)
{
	struct tcs_list *l = c->m->tcs[secs];

	if (l == NULL) {
		l = calloc(1, sizeof(*l));
		if (l == NULL)
			return false;
		c->m->tcs[secs] = l;
	}
	if (count > DOOR_TCS_MAX - l->count)
		return false;
	if (l->epc == NULL)
		l->epc = malloc(DOOR_TCS_MAX * sizeof(*l->epc));
	if (l->epc == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++)
		l->epc[l->count + i] = epc + i;
	return true;
}

static void do_eadd(struct call *c)
{
	const struct door_eadd *q = &c->in->eadd;
	struct sgx_eadd_run run = {
		.secs = q->secs_epc, .epc = q->epc, .count = q->count,
		.measure = q->measure != 0, .linaddr = q->linaddr,
		.secinfo_flags = q->secinfo_flags,
	};
	bool tcs = (q->secinfo_flags & 0xff00) == SGX_SECINFO_TCS;
	struct sgx_outcome o;
	uint32_t done = 0;

	if (q->count == 0 || q->count > DOOR_BATCH_MAX) {
		failed(c, EINVAL, "EADD: 1 to %u pages at a time",
			DOOR_BATCH_MAX);
		return;
	}
	if (!is_secs(c, q->secs_epc)) {
		failed(c, EINVAL, "EADD: EPC page %u is no SECS", q->secs_epc);
		return;
	}
	if (q->source != DOOR_SOURCE_ZERO) {
		run.source = c->e->ops->shared_source(c->e, q->secs_epc,
			q->source, (uint64_t)q->count * PAGE);
		if (run.source == NULL || q->source % PAGE != 0) {
			failed(c, EFAULT, "EADD: the source pages do not lie "
				"in the memory shared with the host");
			return;
		}
	}
	if (tcs && !remember_tcs(c, q->secs_epc, q->epc, q->count)) {
		failed(c, ENOMEM, "EADD: at most %u TCS pages", DOOR_TCS_MAX);
		return;
	}
	o = sgx_eadd_run(&c->m->sgx, &run, &done);
	if (tcs)
		c->m->tcs[q->secs_epc]->count += done;
	outcome(c, "EADD", &o);
	c->out->r.count = done;
}

static void do_einit(struct call *c)
{
	const struct door_einit *q = &c->in->einit;
	static struct engine_tcs tcs[DOOR_TCS_MAX];
	struct engine_start start = {
		.gate_offset = q->gate_offset,
		.trampoline_va = q->trampoline_va,
	};
	struct sgx_outcome o;
	int r;

	o = sgx_einit(&c->m->sgx, ALIGNED, sgx_epc_address(q->secs_epc),
		ALIGNED, &q->sigstruct, &q->token, false);
	outcome(c, "EINIT", &o);
	if (o.kind != SGX_OUTCOME_OK)
		return;
	machine_describe(c->m, q->secs_epc, &start, tcs);
	if (q->gate_count != start.tcs_count
	    || q->trampoline_va % PAGE != 0
	    || q->trampoline_va >= 1ull << 47) {
		failed(c, EINVAL, "EINIT: %llu mailboxes for %u TCS pages",
			(unsigned long long)q->gate_count, start.tcs_count);
		return;
	}
	r = c->e->ops->start(c->e, q->secs_epc, &start, c->out->r.text,
		sizeof(c->out->r.text));
	if (r != 0) {
		c->out->r.status = DOOR_FAILED;
		c->out->r.error = (uint32_t)-r;
	} else {
		c->out->r.text[0] = '\0';
	}
}

/* A SECS that is gone takes its address space and cell along. */
static void forget_enclave(struct call *c, uint32_t secs)
{
	struct tcs_list *l = c->m->tcs[secs];

	/* The cell's service thread may be waiting for the lock. */
	pthread_mutex_unlock(&c->m->lock);
	c->e->ops->space_destroy(c->e, secs);
	pthread_mutex_lock(&c->m->lock);
	if (l != NULL)
		free(l->epc);
	free(l);
	c->m->tcs[secs] = NULL;
}

static void do_eremove(struct call *c)
{
	const struct door_eremove *q = &c->in->eremove;
	struct sgx_outcome o = { .kind = SGX_OUTCOME_OK };
	uint32_t done = 0, total = 0;

	if (q->count == 0 || q->count > DOOR_BATCH_MAX) {
		failed(c, EINVAL, "EREMOVE: 1 to %u pages at a time",
			DOOR_BATCH_MAX);
		return;
	}
	/* Runs of child pages, SECS pages one by one. */
	while (total < q->count && o.kind == SGX_OUTCOME_OK) {
		uint32_t epc = q->epc + total, n = 0;
		bool secs = is_secs(c, epc);

		while (!secs && total + n < q->count && !is_secs(c, epc + n))
			n++;
		o = sgx_eremove_run(&c->m->sgx, epc, secs ? 1 : n, &done);
		total += done;
		if (secs && o.kind == SGX_OUTCOME_OK)
			forget_enclave(c, epc);
	}
	outcome(c, "EREMOVE", &o);
	c->out->r.count = total;
}

static void do_lepubkeyhash(struct call *c)
{
	sgx_wrmsr_lepubkeyhash(&c->m->sgx, c->in->lepubkeyhash.hash);
}

static void do_kick(struct call *c)
{
	if (!is_secs(c, c->in->secs.secs_epc))
		failed(c, EINVAL, "no enclave there");
	else
		c->e->ops->kick(c->e, c->in->secs.secs_epc);
}

static void do_stop(struct call *c)
{
	uint32_t secs = c->in->secs.secs_epc;

	if (!is_secs(c, secs)) {
		failed(c, EINVAL, "no enclave there");
		return;
	}
	pthread_mutex_unlock(&c->m->lock);
	c->e->ops->stop(c->e, secs);
	pthread_mutex_lock(&c->m->lock);
}

static void do_stat(struct call *c)
{
	struct door_stat_reply *s = &c->out->stat;
	struct engine_counters counters;
	struct sgx_secs secs;

	if (!is_secs(c, c->in->secs.secs_epc)) {
		failed(c, EINVAL, "no enclave there");
		return;
	}
	c->e->ops->epc_read(c->e, c->in->secs.secs_epc, 0, &secs,
		offsetof(struct sgx_secs, reserved4));
	c->e->ops->counters(c->e, c->in->secs.secs_epc, &counters);
	s->cell_pid = (uint32_t)counters.pid;
	s->threads = counters.inside;
	s->entries = counters.entries;
	s->aex = counters.aex;
	s->enclu = counters.enclu;
	memcpy(s->mrenclave, secs.mrenclave, sizeof(s->mrenclave));
	memcpy(s->mrsigner, secs.mrsigner, sizeof(s->mrsigner));
	s->isv_prod_id = secs.isv_prod_id;
	s->isv_svn = secs.isv_svn;
	s->debug = (secs.attributes.flags & SGX_ATTR_DEBUG) != 0;
	/* Before EINIT the field holds no identity. */
	if (!(secs.attributes.flags & SGX_ATTR_INIT))
		memset(s->mrenclave, 0, sizeof(s->mrenclave));
}

static const struct {
	void (*run)(struct call *);
	size_t in, out;
} table[] = {
	[DOOR_HELLO] = { do_hello, sizeof(struct door_header),
		sizeof(struct door_hello_reply) },
	[DOOR_ECREATE] = { do_ecreate, sizeof(struct door_ecreate),
		sizeof(struct door_reply) },
	[DOOR_EADD] = { do_eadd, sizeof(struct door_eadd),
		sizeof(struct door_reply) },
	[DOOR_EINIT] = { do_einit, sizeof(struct door_einit),
		sizeof(struct door_reply) },
	[DOOR_EREMOVE] = { do_eremove, sizeof(struct door_eremove),
		sizeof(struct door_reply) },
	[DOOR_WRMSR_LEPUBKEYHASH] = { do_lepubkeyhash,
		sizeof(struct door_lepubkeyhash), sizeof(struct door_reply) },
	[DOOR_KICK] = { do_kick, sizeof(struct door_secs),
		sizeof(struct door_reply) },
	[DOOR_STOP] = { do_stop, sizeof(struct door_secs),
		sizeof(struct door_reply) },
	[DOOR_STAT] = { do_stat, sizeof(struct door_secs),
		sizeof(struct door_stat_reply) },
};

static size_t answer_request(struct door *d, const union request *in,
	size_t size, int *fd, union answer *out)
{
	struct call c = {
		.door = d, .m = d->machine, .e = d->machine->engine,
		.in = in, .out = out, .fd = fd,
	};

	memset(out, 0, sizeof(*out));
	out->r.op = in->h.op;
	if (in->h.op == 0 || in->h.op >= sizeof(table) / sizeof(table[0])
	    || in->h.size != size || table[in->h.op].in != size) {
		failed(&c, EPROTO, "no such request: operation %u, %zu bytes",
			in->h.op, size);
		return sizeof(out->r);
	}
	pthread_mutex_lock(&d->machine->lock);
	table[in->h.op].run(&c);
	pthread_mutex_unlock(&d->machine->lock);
	return table[in->h.op].out;
}

void door_serve(struct door *d)
{
	static union request in;
	static union answer out;

	for (;;) {
		unsigned fds = 1;
		int fd = -1;
		ssize_t n = msg_recv(d->fd, &in, sizeof(in), &fd, &fds, 0);

		if (n == 0 || n == -ECONNRESET)
			return;
		if (n < (ssize_t)sizeof(in.h)) {
			if (n < 0 && n != -EMSGSIZE && n != -EPROTO)
				return;
			memset(&in.h, 0, sizeof(in.h));
		}
		if (n < 0 || fds == 0)
			fd = -1;
		n = (ssize_t)answer_request(d, &in, n < 0 ? 0 : (size_t)n,
			&fd, &out);
		if (fd >= 0)
			close(fd);
		if (msg_send(d->fd, &out, (size_t)n, NULL, 0, 0) != 0)
			return;
	}
}

void door_cell_died(struct door *d, uint32_t secs, uint32_t wait_status)
{
	struct door_event event = {
		.kind = DOOR_EVENT_CELL_DIED, .secs_epc = secs,
		.wait_status = wait_status,
	};

	snprintf(event.text, sizeof(event.text), "the enclave's cell ended "
		"(wait status 0x%x)", wait_status);
	/* A driver that does not read its events learns it at the next
	 * request. */
	if (msg_send(d->events_fd, &event, sizeof(event), NULL, 0,
		    MSG_DONTWAIT) != 0)
		return;
}
