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
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define PAGE SGX_PAGE_SIZE
/* PAGEINFO and what it points at always come aligned through the door. */
#define ALIGNED 4096u

union request {
	struct door_header h;
	struct door_create create;
	struct door_add add;
	struct door_init init;
	struct door_pages pages;
	struct door_lepubkeyhash lepubkeyhash;
	struct door_enclave enclave;
};

union answer {
	struct door_reply r;
	struct door_hello_reply hello;
	struct door_stat_reply stat;
	struct door_machine_reply machine;
};

struct call {
	struct door *door;
	struct machine *m;
	struct engine *e;
	const union request *in;
	union answer *out;
	struct pager *p;
	int *fd; /* the descriptor that came along, or -1; taken if set -1 */
	int pass; /* the one that goes with the reply, or -1 */
	uint64_t waited; /* for the cell, in nanoseconds */
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

/* The enclave that a request names; or NULL with the reply made. */
static struct enclave *named(struct call *c, uint32_t number)
{
	struct enclave *e = enclave_of(c->p, number);

	if (e == NULL)
		failed(c, ENOENT, "there is no enclave %u", number);
	else if (e->closing && c->in->h.op != DOOR_DESTROY)
		failed(c, ENOENT, "enclave %u is being removed", number);
	else
		return e;
	return NULL;
}

static void do_hello(struct call *c)
{
	struct door_hello_reply *h = &c->out->hello;
	uint32_t capabilities = c->e->ops->capabilities(c->e);

	h->abi = DOOR_ABI;
	h->epc_pages = c->m->sgx.epc_pages;
	sgx_cpuid_12(&c->m->sgx, 0, h->cpuid_12_0);
	sgx_cpuid_12(&c->m->sgx, 1, h->cpuid_12_1);
	sgx_cpuid_12(&c->m->sgx, 2, h->cpuid_12_2);
	c->pass = swap_fd(c->p->swap);
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

/* Host memory may be shared only if nobody can pull it from under us, and if
 * touching it cannot fail: huge pages (MFD_HUGETLB) may not be there. */
static bool is_safe_arena(int fd, uint64_t va, uint64_t size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct statfs fs;
	struct stat st;

	return seals >= 0 && (seals & F_SEAL_SHRINK) != 0
		&& fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC
		&& fstat(fd, &st) == 0 && size != 0 && size % PAGE == 0
		&& va % PAGE == 0 && (uint64_t)st.st_size >= size
		&& va < 1ull << 47 && size < 1ull << 47;
}

/* ---- making ---- */

static void forget(struct call *c, struct enclave *e)
{
	enclave_remove(c->p, e, UINT64_MAX);
	enclave_free(c->p, e);
}

/* ECREATE in a free EPC page. */
static bool create_secs(struct call *c, struct enclave *e,
	const struct sgx_secs *secs)
{
	struct sgx_pageinfo info = { .srcpge = ALIGNED, .secinfo = ALIGNED };
	const struct sgx_secinfo secinfo = { 0 };
	struct sgx_outcome o;
	uint32_t epc;

	if (pager_room(c->p, e, SGX_PT_SECS, 0, 1) != 0
	    || frames_take(c->p, 1, &epc) == 0) {
		failed(c, ENOMEM, "ECREATE: the EPC is full and nothing can "
			"be evicted");
		return false;
	}
	o = sgx_ecreate(&c->m->sgx, ALIGNED, sgx_epc_address(epc), &info,
		&secinfo, secs);
	outcome(c, "ECREATE", &o);
	if (o.kind != SGX_OUTCOME_OK) {
		frames_give(c->p, epc, 1);
		return false;
	}
	e->secs = epc;
	e->debug = secs->attributes.flags & SGX_ATTR_DEBUG;
	c->p->frame[epc].enclave = (uint16_t)e->number;
	c->p->of_secs[epc] = (uint16_t)e->number;
	return true;
}

static void do_create(struct call *c)
{
	const struct door_create *q = &c->in->create;
	struct engine_space space = { .base = q->secs.base,
		.size = q->secs.size, .shared_va = q->arena_va,
		.shared_size = q->arena_size };
	struct enclave *e;
	int r;

	if (*c->fd < 0 || !is_safe_arena(*c->fd, q->arena_va,
			q->arena_size)) {
		failed(c, EINVAL, "ECREATE: host memory must be a memfd, "
			"sealed against shrinking and page aligned");
		return;
	}
	e = enclave_new(c->p, q->secs.base, q->secs.size);
	if (e == NULL) {
		failed(c, ENOMEM, "ECREATE: no room for an enclave of 0x%llx "
			"bytes; %u are there", (unsigned long long)q->secs.size,
			c->p->enclave_count);
		return;
	}
	if (!create_secs(c, e, &q->secs)) {
		enclave_free(c->p, e);
		return;
	}
	space.number = e->number;
	space.debug = e->debug;
	space.shared_fd = *c->fd;
	*c->fd = -1;
	r = c->e->ops->space_create(c->e, &space, c->out->r.text,
		sizeof(c->out->r.text));
	if (r != 0) {
		c->out->r.status = DOOR_FAILED;
		c->out->r.error = (uint32_t)-r;
		forget(c, e);
		return;
	}
	c->out->r.text[0] = '\0';
	c->out->r.count = e->number;
}

static bool remember_tcs(struct enclave *e, uint64_t linaddr, uint32_t count)
{
	if (count > DOOR_TCS_MAX - e->tcs_count)
		return false;
	if (e->tcs == NULL)
		e->tcs = malloc(DOOR_TCS_MAX * sizeof(*e->tcs));
	if (e->tcs == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++)
		e->tcs[e->tcs_count + i] = linaddr + (uint64_t)i * PAGE;
	return true;
}

/* How many pages from linaddr on are absent; at most count. */
static uint32_t absent(const struct enclave *e, uint64_t linaddr,
	uint32_t count)
{
	uint32_t n = 0;

	while (n < count) {
		const uint64_t *word = enclave_word(e, linaddr
			+ (uint64_t)n * PAGE);

		if (word != NULL && page_state(*word) != PAGE_ABSENT)
			break;
		n++;
	}
	return n;
}

/* A part of a run: as many pages as there is room for at once. */
#define ADD_AT_ONCE 256u
static bool add_some(struct call *c, struct enclave *e,
	struct sgx_eadd_run *run, uint32_t left, bool tcs)
{
	uint32_t want = left < ADD_AT_ONCE ? left : ADD_AT_ONCE, done = 0;
	enum sgx_page_type type = tcs ? SGX_PT_TCS : SGX_PT_REG;
	uint8_t rwx = run->secinfo_flags & SGX_SECINFO_RWX;
	struct sgx_outcome o;
	int r;

	/* A small EPC is filled in small steps. */
	if (want > c->m->sgx.epc_pages / 16)
		want = c->m->sgx.epc_pages / 16 + 1;
	r = pager_room(c->p, e, type, rwx, want);
	if (r == -EIO) {
		failed(c, EIO, "EADD: the enclave has ended");
		return false;
	}
	if (r != 0) {
		failed(c, -r, "EADD: the EPC of %u pages is full and nothing "
			"more can be evicted", c->m->sgx.epc_pages);
		return false;
	}
	run->secs = e->secs;
	run->count = frames_take(c->p, want, &run->epc);
	if (tcs && !remember_tcs(e, run->linaddr, run->count)) {
		frames_give(c->p, run->epc, run->count);
		failed(c, ENOMEM, "EADD: at most %u TCS pages", DOOR_TCS_MAX);
		return false;
	}
	o = sgx_eadd_run(&c->m->sgx, run, &done);
	enclave_note(c->p, e, run->linaddr, run->epc, done);
	/* The page that failed may be in the EPC, half measured. */
	for (uint32_t i = done; i < run->count; i++) {
		uint32_t gone;

		sgx_eremove_run(&c->m->sgx, run->epc + i, 1, &gone);
		frames_give(c->p, run->epc + i, 1);
	}
	if (tcs)
		e->tcs_count += done;
	c->out->r.count += done;
	run->linaddr += (uint64_t)done * PAGE;
	if (run->source != NULL)
		run->source = (const uint8_t *)run->source
			+ (uint64_t)done * PAGE;
	outcome(c, "EADD", &o);
	return o.kind == SGX_OUTCOME_OK;
}

static void do_add(struct call *c)
{
	const struct door_add *q = &c->in->add;
	struct enclave *e = named(c, q->enclave);
	struct sgx_eadd_run run = {
		.measure = q->measure != 0, .linaddr = q->linaddr,
		.secinfo_flags = q->secinfo_flags,
	};
	bool tcs = (q->secinfo_flags & 0xff00) == SGX_SECINFO_TCS;
	uint32_t count;

	if (e == NULL)
		return;
	if (q->count == 0 || q->count > DOOR_BATCH_MAX) {
		failed(c, EINVAL, "EADD: 1 to %u pages at a time",
			DOOR_BATCH_MAX);
		return;
	}
	count = absent(e, q->linaddr, q->count);
	if (count > 0 && q->source != DOOR_SOURCE_ZERO) {
		run.source = c->e->ops->shared_source(c->e, e->number,
			q->source, (uint64_t)q->count * PAGE);
		if (run.source == NULL || q->source % PAGE != 0) {
			failed(c, EFAULT, "EADD: the source pages do not lie "
				"in the memory shared with the host");
			return;
		}
	}
	while (c->out->r.count < count && add_some(c, e, &run,
		       count - (uint32_t)c->out->r.count, tcs))
		;
	if (count < q->count && c->out->r.count == count)
		failed(c, EBUSY, "EADD: page 0x%llx is there already",
			(unsigned long long)run.linaddr);
}

/* A cell's service thread may be waiting for the lock. */
static void unlocked(struct call *c, void (*end)(struct engine *, uint32_t),
	uint32_t number)
{
	pthread_mutex_unlock(&c->m->lock);
	end(c->e, number);
	pthread_mutex_lock(&c->m->lock);
}

static void start(struct call *c, struct enclave *e)
{
	const struct door_init *q = &c->in->init;
	static struct engine_tcs tcs[DOOR_TCS_MAX];
	struct engine_start start = {
		.gate_offset = q->gate_offset,
		.trampoline_va = q->trampoline_va,
	};
	int r;

	machine_describe(c->m, e, &start, tcs);
	/* The trampoline is a page of code, too. */
	r = pager_room(&c->m->pager, e, SGX_PT_REG,
		SGX_SECINFO_R | SGX_SECINFO_X, 1);
	if (r == 0)
		r = c->e->ops->start(c->e, e->number, &start, c->out->r.text,
			sizeof(c->out->r.text));
	if (r == 0) {
		e->initialised = true;
		r = machine_map_all(c->m, e);
	}
	if (r == 0) {
		c->out->r.text[0] = '\0';
		return;
	}
	c->out->r.status = DOOR_FAILED;
	c->out->r.error = (uint32_t)-r;
	/* Threads of the cell may run by now: the host had their mailboxes. */
	unlocked(c, c->e->ops->stop, e->number);
}

static void do_init(struct call *c)
{
	const struct door_init *q = &c->in->init;
	struct enclave *e = named(c, q->enclave);
	struct sgx_outcome o;

	if (e == NULL)
		return;
	if (q->gate_count < e->tcs_count || q->gate_count > DOOR_TCS_MAX
	    || q->trampoline_va % PAGE != 0
	    || q->trampoline_va >= 1ull << 47) {
		failed(c, EINVAL, "EINIT: %llu mailboxes for %u TCS pages",
			(unsigned long long)q->gate_count, e->tcs_count);
		return;
	}
	o = sgx_einit(&c->m->sgx, ALIGNED, sgx_epc_address(e->secs), ALIGNED,
		&q->sigstruct, &q->token, false);
	outcome(c, "EINIT", &o);
	if (o.kind != SGX_OUTCOME_OK)
		return;
	/* Spare mailboxes need names, too. */
	if (q->gate_count > 0 && !remember_tcs(e, 0, 0)) {
		failed(c, ENOMEM, "EINIT: no memory");
		return;
	}
	e->tcs_slots = (uint32_t)q->gate_count;
	start(c, e);
}

/* ---- the end ---- */

#define REMOVE_AT_ONCE 8192u
static void do_destroy(struct call *c)
{
	struct enclave *e = named(c, c->in->enclave.enclave);
	int64_t left;

	if (e == NULL)
		return;
	if (!e->closing) {
		e->closing = true;
		unlocked(c, c->e->ops->stop, e->number);
		pager_settle(c->p, e);
	}
	left = enclave_remove(c->p, e, REMOVE_AT_ONCE);
	if (left < 0) {
		failed(c, EIO, "EREMOVE was refused");
	} else if (left == 0) {
		/* It is stopped; and others take its memory under the lock. */
		c->e->ops->space_destroy(c->e, e->number);
		enclave_free(c->p, e);
	}
	c->out->r.count = left > 0 ? (uint64_t)left : 0;
}

/* ---- SGX2 ---- */

/* In one request; the driver gives the processor up after 30. */
#define PATIENCE_SECONDS 15u

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Waits until nothing is on its way to the cell, and no thread there is about
 * to map the page as it was.  False, with the reply made: a cell that lets
 * everybody wait is ended, unless a debugger may be holding it. */
static bool quiet(struct call *c, struct enclave *e, uint64_t linaddr)
{
	while (c->waited < PATIENCE_SECONDS * 1000000000ull) {
		int64_t epc = enclave_at(e, linaddr);
		uint64_t from;

		pager_settle(c->p, e);
		if (e->locked || (c->e->ops->settled(c->e, e->number)
			&& (epc < 0 || !frame_in_flight(c->p, (uint32_t)epc))))
			return true;
		c->e->ops->post(c->e, e->number, true);
		from = now();
		pager_pause(c->p);
		c->waited += now() - from;
	}
	if (!e->debug)
		c->e->ops->kill(c->e, e->number);
	failed(c, e->debug ? EBUSY : EIO, "the cell of enclave %u did not do "
		"what it was told within %u seconds%s", e->number,
		PATIENCE_SECONDS, e->debug ? "" : " and was ended");
	return false;
}

static struct sgx_outcome change(struct call *c, struct enclave *e,
	uint64_t linaddr)
{
	const struct door_pages *q = &c->in->pages;
	uint64_t rcx = sgx_epc_address((uint32_t)enclave_at(e, linaddr));
	struct sgx_secinfo secinfo = { 0 };
	struct sgx_outcome o;

	switch (q->h.op) {
	case DOOR_RESTRICT:
		secinfo.flags = q->value | SGX_SECINFO_REG;
		return sgx_emodpr(&c->m->sgx, ALIGNED, rcx, &secinfo);
	case DOOR_MODIFY:
		secinfo.flags = q->value << SGX_SECINFO_PT_SHIFT;
		return sgx_emodt(&c->m->sgx, ALIGNED, rcx, &secinfo);
	default:
		frame_move(c->p, (uint32_t)enclave_at(e, linaddr),
			FRAME_HELD);
		o = sgx_eremove(&c->m->sgx, rcx);
		if (o.kind == SGX_OUTCOME_OK)
			enclave_forget(c->p, e, linaddr);
		else
			frame_move(c->p, (uint32_t)enclave_at(e, linaddr),
				FRAME_ACTIVE);
		return o;
	}
}

/* Only what the enclave has agreed to: TRIM, and accepted. */
static bool may_remove(const struct call *c, const struct enclave *e,
	uint64_t linaddr)
{
	const struct sgx_epcm_entry *entry =
		&c->m->sgx.epcm[enclave_at(e, linaddr)];

	return entry->type == SGX_PT_TRIM
		&& !(entry->flags & SGX_EPCM_MODIFIED);
}

/* Pages that are changed between two waits: each needs room for an order. */
#define CHANGE_AT_ONCE 32u

/* Is the page where it can be changed at once, behind others whose orders are
 * gathered and not on their way? */
static bool at_hand(struct call *c, const struct enclave *e, uint64_t linaddr)
{
	const int64_t epc = enclave_at(e, linaddr);

	return epc >= 0 && !e->locked
		&& !frame_in_flight(c->p, (uint32_t)epc);
}

/* ETRACK for the pages changed so far, and the wait for every thread; true
 * unless it failed. */
static bool track_all(struct call *c, struct enclave *e, uint32_t *changed)
{
	struct sgx_outcome o = { .kind = SGX_OUTCOME_OK };
	bool done = true;

	if (*changed > 0 && c->in->h.op != DOOR_REMOVE) {
		o = sgx_etrack(&c->m->sgx, sgx_epc_address(e->secs));
		done = quiet(c, e, e->base);
	}
	*changed = 0;
	if (done)
		outcome(c, "ETRACK", &o);
	return done && o.kind == SGX_OUTCOME_OK;
}

/* Makes the page one that can be changed, after the wait for those that were:
 * resident, mapped nowhere else than before. */
static bool bring_page(struct call *c, struct enclave *e, uint64_t linaddr)
{
	int r;

	do {
		r = -ENOENT;
		if (enclave_word(e, linaddr) != NULL
		    && page_state(*enclave_word(e, linaddr)) != PAGE_ABSENT)
			r = pager_bring(c->p, e, linaddr);
		if (r == 0)
			r = pager_secs_in(c->p, e);
		if (r != 0) {
			failed(c, r == -ENOENT ? EFAULT : -r, "there is no "
				"page at 0x%llx", (unsigned long long)linaddr);
			return false;
		}
		if (!quiet(c, e, linaddr))
			return false;
	} while (enclave_at(e, linaddr) < 0); /* evicted meanwhile */
	return true;
}

/* changed: how many before it still wait for ETRACK. */
static bool change_page(struct call *c, struct enclave *e, uint64_t linaddr,
	uint32_t *changed)
{
	struct sgx_outcome o;

	if ((*changed == 0 || *changed == CHANGE_AT_ONCE
		    || !at_hand(c, e, linaddr))
	    && !(track_all(c, e, changed) && bring_page(c, e, linaddr)))
		return false;
	if (c->in->h.op == DOOR_REMOVE && !may_remove(c, e, linaddr)) {
		failed(c, EPERM, "the page at 0x%llx is no accepted TRIM page",
			(unsigned long long)linaddr);
		return false;
	}
	o = change(c, e, linaddr);
	*changed += o.kind == SGX_OUTCOME_OK;
	outcome(c, c->in->h.op == DOOR_RESTRICT ? "EMODPR"
		: c->in->h.op == DOOR_MODIFY ? "EMODT" : "EREMOVE", &o);
	return o.kind == SGX_OUTCOME_OK;
}

static void do_pages(struct call *c)
{
	const struct door_pages *q = &c->in->pages;
	struct enclave *e = named(c, q->enclave);
	uint32_t changed = 0;

	if (e == NULL)
		return;
	if (!e->initialised || q->count == 0 || q->count > DOOR_BATCH_MAX
	    || q->linaddr % PAGE != 0
	    || !(c->m->sgx.profile.features & SGX_FEATURE_SGX2)) {
		failed(c, EINVAL, "pages of an initialised enclave, on a "
			"machine with SGX2");
		return;
	}
	for (uint32_t i = 0; i < q->count && c->out->r.status == DOOR_OK
	     && change_page(c, e, q->linaddr + (uint64_t)i * PAGE, &changed);
	     i++)
		c->out->r.count++;
	track_all(c, e, &changed);
}

/* ---- the rest ---- */

static void do_lepubkeyhash(struct call *c)
{
	sgx_wrmsr_lepubkeyhash(&c->m->sgx, c->in->lepubkeyhash.hash);
}

static void do_kick(struct call *c)
{
	struct enclave *e = named(c, c->in->enclave.enclave);

	if (e != NULL)
		c->e->ops->kick(c->e, e->number);
}

static void do_stop(struct call *c)
{
	struct enclave *e = named(c, c->in->enclave.enclave);

	if (e != NULL)
		unlocked(c, c->e->ops->stop, e->number);
}

static void stat_identity(struct call *c, const struct enclave *e)
{
	struct door_stat_reply *s = &c->out->stat;
	struct sgx_secs secs;

	if (e->secs == NO_PAGE && pager_secs_in(c->p, (struct enclave *)e) != 0)
		return;
	c->e->ops->epc_read(c->e, e->secs, 0, &secs,
		offsetof(struct sgx_secs, reserved4));
	s->debug = (secs.attributes.flags & SGX_ATTR_DEBUG) != 0;
	/* Before EINIT the field holds no identity. */
	if (!(secs.attributes.flags & SGX_ATTR_INIT))
		return;
	memcpy(s->mrenclave, secs.mrenclave, sizeof(s->mrenclave));
	memcpy(s->mrsigner, secs.mrsigner, sizeof(s->mrsigner));
	s->isv_prod_id = secs.isv_prod_id;
	s->isv_svn = secs.isv_svn;
}

static void do_stat(struct call *c)
{
	struct door_stat_reply *s = &c->out->stat;
	struct enclave *e = named(c, c->in->enclave.enclave);
	struct engine_counters counters;

	if (e == NULL)
		return;
	c->e->ops->counters(c->e, e->number, &counters);
	s->cell_pid = e->initialised ? (uint32_t)counters.pid : 0;
	s->threads = counters.inside;
	s->entries = counters.entries;
	s->aex = counters.aex;
	s->enclu = counters.enclu;
	s->resident = e->resident + (e->secs != NO_PAGE);
	s->evicted = e->present - e->resident + (e->secs == NO_PAGE);
	for (uint32_t i = e->va_first; i != NO_PAGE; i = c->p->va[i].next)
		*(c->p->va[i].epc != NO_PAGE ? &s->resident : &s->evicted) += 1;
	s->page_ins = e->page_ins;
	s->page_outs = e->page_outs;
	s->faults = e->faults;
	s->added = e->added;
	s->tcs = e->tcs_count;
	s->tampered = e->locked;
	stat_identity(c, e);
}

static void do_machine(struct call *c)
{
	struct door_machine_reply *r = &c->out->machine;

	r->epc_pages = c->m->sgx.epc_pages;
	r->epc_used = c->m->sgx.epc_pages - c->p->free;
	r->va_pages = c->p->va_count;
	r->storage = c->e->ops->storage(c->e);
	r->swap_pages = swap_used(c->p->swap);
	r->page_ins = c->p->page_ins;
	r->page_outs = c->p->page_outs;
	r->tampered = c->p->tampered_count;
	r->enclaves = c->p->enclave_count;
}

static const struct {
	void (*run)(struct call *);
	size_t in, out;
} table[] = {
	[DOOR_HELLO] = { do_hello, sizeof(struct door_header),
		sizeof(struct door_hello_reply) },
	[DOOR_CREATE] = { do_create, sizeof(struct door_create),
		sizeof(struct door_reply) },
	[DOOR_ADD] = { do_add, sizeof(struct door_add),
		sizeof(struct door_reply) },
	[DOOR_INIT] = { do_init, sizeof(struct door_init),
		sizeof(struct door_reply) },
	[DOOR_DESTROY] = { do_destroy, sizeof(struct door_enclave),
		sizeof(struct door_reply) },
	[DOOR_WRMSR_LEPUBKEYHASH] = { do_lepubkeyhash,
		sizeof(struct door_lepubkeyhash), sizeof(struct door_reply) },
	[DOOR_KICK] = { do_kick, sizeof(struct door_enclave),
		sizeof(struct door_reply) },
	[DOOR_STOP] = { do_stop, sizeof(struct door_enclave),
		sizeof(struct door_reply) },
	[DOOR_STAT] = { do_stat, sizeof(struct door_enclave),
		sizeof(struct door_stat_reply) },
	[DOOR_MACHINE] = { do_machine, sizeof(struct door_header),
		sizeof(struct door_machine_reply) },
	[DOOR_RESTRICT] = { do_pages, sizeof(struct door_pages),
		sizeof(struct door_reply) },
	[DOOR_MODIFY] = { do_pages, sizeof(struct door_pages),
		sizeof(struct door_reply) },
	[DOOR_REMOVE] = { do_pages, sizeof(struct door_pages),
		sizeof(struct door_reply) },
};

static size_t answer_request(struct door *d, const union request *in,
	size_t size, int *fd, union answer *out, int *pass)
{
	struct call c = {
		.door = d, .m = d->machine, .e = d->machine->engine,
		.p = &d->machine->pager, .in = in, .out = out, .fd = fd,
		.pass = -1,
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
	*pass = c.pass;
	return table[in->h.op].out;
}

void door_serve(struct door *d)
{
	static union request in;
	static union answer out;

	for (;;) {
		unsigned fds = 1;
		int fd = -1, pass = -1;
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
			&fd, &out, &pass);
		if (fd >= 0)
			close(fd);
		if (msg_send(d->fd, &out, (size_t)n, &pass, pass >= 0, 0) != 0)
			return;
	}
}

/* A driver that does not read its events learns it at the next request. */
static void tell(struct door *d, const struct door_event *event)
{
	if (msg_send(d->events_fd, event, sizeof(*event), NULL, 0,
		    MSG_DONTWAIT) != 0)
		return;
}

void door_cell_died(struct door *d, uint32_t number, uint32_t wait_status)
{
	struct door_event event = {
		.kind = DOOR_EVENT_CELL_DIED, .enclave = number,
		.wait_status = wait_status,
	};

	snprintf(event.text, sizeof(event.text), "the enclave's cell ended "
		"(wait status 0x%x)", wait_status);
	tell(d, &event);
}

void door_tampered(struct door *d, uint32_t number, uint64_t linaddr,
	const char *why)
{
	struct door_event event = {
		.kind = DOOR_EVENT_TAMPERED, .enclave = number,
		.linaddr = linaddr,
	};

	snprintf(event.text, sizeof(event.text), "%s", why);
	tell(d, &event);
}
