/* SPDX-License-Identifier: MIT */
/*
 * The driver interface over cofferd.  One connection per process, made at
 * the first create(); when the machine is lost its enclaves are lost with
 * it, and the next create() makes a new connection (and machine).
 *
 * Locks: g_lock guards the connection and the list of enclaves; a
 * connection's own lock is taken before g_enclaves_lock, never after.
 */
#include "driver.h"

#include "arena.h"
#include "common/paths.h"
#include "common/why.h"
#include "gate_host.h"
#include "range.h"
#include "vmlink.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#define STAGE_BYTES (1u << 20)
#define ZERO_BYTES (64u << 20) /* of one request */
#define CHANGE_BYTES (16u << 20) /* of one request */
#define PAGE SGX_PAGE_SIZE

struct connection {
	struct vmlink *link;
	unsigned users; /* enclaves, and one while it is the current one */
};

/* One per TCS: whether a thread is in enter().  Written by the visitor, read
 * by destroy(). */
struct visit {
	uint32_t here;
} __attribute__((aligned(64)));

struct drv_enclave {
	struct drv_enclave *next; /* under g_enclaves_lock */
	struct connection *connection;
	uint64_t handle;
	uint64_t base, size;
	/* Addresses: pages added, in EADD order, then those that may follow. */
	uint64_t *tcs;
	uint32_t tcs_count, tcs_room;
	bool lost; /* with why; set under g_enclaves_lock */
	struct why why;
	struct gate_mailbox *boxes; /* in the arena */
	struct gate_host *gate; /* NULL before INIT */
	struct visit *visits;
};

static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
static struct connection *g_connection; /* the current one */
static pthread_mutex_t g_enclaves_lock = PTHREAD_MUTEX_INITIALIZER;
static struct drv_enclave *g_enclaves;
static pthread_mutex_t g_stage_lock = PTHREAD_MUTEX_INITIALIZER;
static void *g_stage; /* STAGE_BYTES in the arena, kept */
static bool g_orphan; /* in the child of a fork */
static pthread_once_t g_once = PTHREAD_ONCE_INIT;

/* --- fork --------------------------------------------------------------- */

static void after_fork_child(void)
{
	g_orphan = true;
	if (g_connection)
		vmlink_orphan(g_connection->link);
}

static void once(void)
{
	pthread_atfork(NULL, NULL, after_fork_child);
}

static int orphaned(void)
{
	drv_set_error("this process is the child of a fork: the enclaves are "
		"its parent's; start a new program to use enclaves");
	return -ENODEV;
}

/* --- losing things ------------------------------------------------------ */

static void lose(struct drv_enclave *e, const char *text)
{
	if (e->lost)
		return;
	why_set(&e->why, 0, "%s", text);
	__atomic_store_n(&e->lost, true, __ATOMIC_SEQ_CST);
	if (e->gate)
		gate_host_dead(e->gate);
}

static void on_lost(void *context, uint64_t handle, const char *text)
{
	struct connection *c = context;

	pthread_mutex_lock(&g_enclaves_lock);
	for (struct drv_enclave *e = g_enclaves; e; e = e->next)
		if (e->connection == c && (!handle || e->handle == handle))
			lose(e, text);
	pthread_mutex_unlock(&g_enclaves_lock);
}

/* What gate_host asks once a second while it waits. */
static bool alive(void *context)
{
	struct drv_enclave *e = context;

	vmlink_look(e->connection->link);
	return !__atomic_load_n(&e->lost, __ATOMIC_SEQ_CST) &&
		vmlink_alive(e->connection->link);
}

/* The gate may know before cofferd's word about it has come. */
static int is_lost(struct drv_enclave *e)
{
	const struct timespec ms = { 0, 1000000 };

	for (int i = 0; i < 100 && alive(e); i++)
		nanosleep(&ms, NULL);
	pthread_mutex_lock(&g_enclaves_lock);
	drv_set_error("the enclave is lost: %s", e->lost ? e->why.text :
		why_words("its cell does not answer"));
	pthread_mutex_unlock(&g_enclaves_lock);
	return -ENODEV;
}

/* --- connection --------------------------------------------------------- */

/* Under g_lock. */
static void put_connection(struct connection *c)
{
	if (--c->users)
		return;
	vmlink_close(c->link);
	free(c);
}

/* Under g_lock: a connection that works, one user more. */
static struct connection *get_connection(int *error, struct why *why)
{
	struct connection *c = g_connection;
	struct arena_info arena;
	const char *vm;

	if (c) {
		vmlink_look(c->link);
		if (vmlink_alive(c->link)) {
			c->users++;
			return c;
		}
		g_connection = NULL;
		put_connection(c);
	}
	*error = paths_vm_name(&vm, why);
	if (*error)
		return NULL;
	*error = arena_get(&arena);
	if (*error) {
		why_set(why, 0, "no memory for the region that is shared "
			"with enclaves");
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		*error = why_set(why, -ENOMEM, "out of memory");
		return NULL;
	}
	*error = vmlink_open(vm, &arena, on_lost, c, &c->link, why);
	if (*error) {
		free(c);
		return NULL;
	}
	c->users = 2;
	g_connection = c;
	return c;
}

static int verb(struct drv_enclave *e, struct vmlink_call *call)
{
	struct why why = { "" };
	int r;

	if (g_orphan)
		return orphaned();
	call->handle = e->handle;
	r = vmlink_do(e->connection->link, call, &why);
	if (r)
		drv_set_error("%s", why.text);
	return r;
}

/* --- ranges ------------------------------------------------------------- */

static int reserve(uint64_t size, uint64_t *base)
{
	return range_reserve(size, GATE_TRAMPOLINE_SIZE, base);
}

static void unreserve(uint64_t base, uint64_t size)
{
	range_release(base, size, GATE_TRAMPOLINE_SIZE);
}

/* --- life --------------------------------------------------------------- */

static void unlist(struct drv_enclave *e)
{
	struct drv_enclave **link = &g_enclaves;

	pthread_mutex_lock(&g_enclaves_lock);
	while (*link && *link != e)
		link = &(*link)->next;
	if (*link)
		*link = e->next;
	pthread_mutex_unlock(&g_enclaves_lock);
}

static void free_enclave(struct drv_enclave *e)
{
	unlist(e);
	if (e->connection) {
		pthread_mutex_lock(&g_lock);
		put_connection(e->connection);
		pthread_mutex_unlock(&g_lock);
	}
	free(e->visits);
	free(e->tcs);
	free(e);
}

static int connect_enclave(struct drv_enclave *e)
{
	struct vmlink_call call = { .command = WIRE_OPEN };
	struct why why = { "" };
	int r = 0;

	pthread_mutex_lock(&g_lock);
	e->connection = get_connection(&r, &why);
	pthread_mutex_unlock(&g_lock);
	if (!e->connection) {
		drv_set_error("%s", why.text);
		return r;
	}
	r = verb(e, &call);
	if (r)
		return r;
	e->handle = call.handle;
	pthread_mutex_lock(&g_enclaves_lock);
	e->next = g_enclaves;
	g_enclaves = e;
	pthread_mutex_unlock(&g_enclaves_lock);
	return 0;
}

static uint32_t misc_select(void)
{
	struct connection *c = NULL;
	struct why ignored;
	uint32_t bits = 0;
	int r;

	pthread_once(&g_once, once);
	if (g_orphan)
		return 0;
	pthread_mutex_lock(&g_lock);
	c = get_connection(&r, &ignored);
	if (c) {
		bits = vmlink_misc_select(c->link);
		put_connection(c);
	}
	pthread_mutex_unlock(&g_lock);
	return bits;
}

static int create(const struct sgx_secs *secs, struct drv_enclave **out)
{
	struct sgx_enclave_create arg = { .src = (uintptr_t)secs };
	struct vmlink_call call = { .command = SGX_IOC_ENCLAVE_CREATE,
		.part = { &arg, secs }, .size = { sizeof(arg), sizeof(*secs) }
		};
	struct vmlink_call end = { .command = WIRE_CLOSE };
	struct drv_enclave *e;
	int r;

	pthread_once(&g_once, once);
	if (g_orphan)
		return orphaned();
	e = calloc(1, sizeof(*e));
	if (!e) {
		drv_set_error("out of memory");
		return -ENOMEM;
	}
	e->base = secs->base;
	e->size = secs->size;
	r = connect_enclave(e);
	if (r) {
		free_enclave(e);
		return r;
	}
	r = verb(e, &call);
	if (r) {
		struct why ignored;

		end.handle = e->handle;
		vmlink_do(e->connection->link, &end, &ignored);
		free_enclave(e);
		return r;
	}
	*out = e;
	return 0;
}

/* --- pages -------------------------------------------------------------- */

static int add_request(struct drv_enclave *e, uint64_t src, uint64_t offset,
	uint64_t length, uint64_t secinfo_flags, uint64_t flags)
{
	struct sgx_secinfo secinfo = { .flags = secinfo_flags };
	struct sgx_enclave_add_pages arg = { .src = src, .offset = offset,
		.length = length, .secinfo = (uintptr_t)&secinfo,
		.flags = flags };
	struct vmlink_call call = { .command = SGX_IOC_ENCLAVE_ADD_PAGES,
		.part = { &arg, &secinfo },
		.size = { sizeof(arg), sizeof(secinfo) },
		.out = &arg, .out_size = sizeof(arg) };

	return verb(e, &call);
}

static int stage_request(struct drv_enclave *e, const uint8_t *source,
	uint64_t offset, uint64_t length, uint64_t secinfo_flags,
	uint64_t flags)
{
	int r;

	pthread_mutex_lock(&g_stage_lock);
	if (!g_stage)
		g_stage = arena_alloc_pages(STAGE_BYTES / PAGE);
	if (g_stage) {
		memcpy(g_stage, source, length);
		r = add_request(e, (uintptr_t)g_stage, offset, length,
			secinfo_flags, flags);
	} else {
		drv_set_error("the region shared with enclaves is full");
		r = -ENOMEM;
	}
	pthread_mutex_unlock(&g_stage_lock);
	return r;
}

static bool note_tcs(struct drv_enclave *e, uint64_t offset, uint64_t length)
{
	uint64_t more = length / PAGE;
	uint64_t *grown;

	if (more > UINT32_MAX / 2 - e->tcs_count)
		return false;
	if (e->tcs_count + more > e->tcs_room) {
		uint32_t room = 2 * (e->tcs_count + (uint32_t)more);

		grown = realloc(e->tcs, room * sizeof(*grown));
		if (!grown)
			return false;
		e->tcs = grown;
		e->tcs_room = room;
	}
	for (uint64_t i = 0; i < more; i++)
		e->tcs[e->tcs_count++] = e->base + offset + i * PAGE;
	return true;
}

static int add_pages(struct drv_enclave *e, const void *source,
	uint64_t offset, uint64_t length, uint64_t secinfo_flags,
	bool measure)
{
	uint64_t flags = (measure ? SGX_PAGE_MEASURE : 0) |
		(source ? 0 : WIRE_PAGE_ZERO);
	uint64_t address = (uintptr_t)source, done = 0, n;
	/* A wrong alignment is cofferd's to refuse, before a byte is read. */
	bool odd = ((address | offset | length) & (PAGE - 1)) || !length;
	bool direct = !source || odd || arena_contains(source, length);
	int r = 0;

	if (g_orphan)
		return orphaned();
	if (odd)
		return add_request(e, address, offset, length, secinfo_flags,
			flags);
	for (; !r && done < length; done += n) {
		n = length - done;
		if (n > (direct ? ZERO_BYTES : STAGE_BYTES))
			n = direct ? ZERO_BYTES : STAGE_BYTES;
		if (direct)
			r = add_request(e, source ? address + done : 0,
				offset + done, n, secinfo_flags, flags);
		else
			r = stage_request(e, (const uint8_t *)source + done,
				offset + done, n, secinfo_flags, flags);
	}
	if (!r && secinfo_flags & SGX_SECINFO_TCS &&
	    !note_tcs(e, offset, length)) {
		drv_set_error("out of memory");
		return -ENOMEM;
	}
	return r;
}

static int may_grow(struct drv_enclave *e, uint64_t offset, uint64_t length,
	bool tcs)
{
	if (!tcs || note_tcs(e, offset, length))
		return 0;
	drv_set_error("out of memory");
	return -ENOMEM;
}

/* --- dynamic memory ----------------------------------------------------- */

static uint32_t features(struct drv_enclave *e)
{
	return vmlink_features(e->connection->link);
}

/* The arguments of all three verbs: they begin alike, and where there is a
 * value, alike again. */
union change {
	struct sgx_enclave_restrict_permissions restriction;
	struct sgx_enclave_modify_types types;
	struct sgx_enclave_remove_pages removal;
};
_Static_assert(offsetof(struct sgx_enclave_restrict_permissions, permissions)
	== offsetof(struct sgx_enclave_modify_types, page_type)
	&& offsetof(struct sgx_enclave_restrict_permissions, count)
	== offsetof(struct sgx_enclave_modify_types, count)
	&& sizeof(struct sgx_enclave_restrict_permissions)
	== sizeof(struct sgx_enclave_modify_types), "one is the other");

/* A verb over a range, in parts that cofferd takes at once. */
static int change(struct drv_enclave *e, uint32_t command, uint64_t offset,
	uint64_t length, uint64_t value, uint64_t *done)
{
	bool removal = command == SGX_IOC_ENCLAVE_REMOVE_PAGES;
	int r = 0;

	for (*done = 0; !r && *done < length;) {
		uint64_t left = length - *done, count;
		uint64_t part = left < CHANGE_BYTES ? left : CHANGE_BYTES;
		union change arg;
		struct vmlink_call call = { .command = command,
			.part = { &arg }, .out = &arg };

		if (removal)
			arg.removal = (struct sgx_enclave_remove_pages){
				.offset = offset + *done, .length = part };
		else
			arg.types = (struct sgx_enclave_modify_types){
				.offset = offset + *done, .length = part,
				.page_type = value };
		call.size[0] = call.out_size = removal
			? sizeof(arg.removal) : sizeof(arg.types);
		r = verb(e, &call);
		count = removal ? arg.removal.count : arg.types.count;
		*done += count < left ? count : left;
		if (!r && !count)
			r = -EIO;
	}
	return r;
}

static int restrict_permissions(struct drv_enclave *e, uint64_t offset,
	uint64_t length, uint64_t value, uint64_t *done)
{
	return change(e, SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, offset, length,
		value, done);
}

static int modify_types(struct drv_enclave *e, uint64_t offset,
	uint64_t length, uint64_t value, uint64_t *done)
{
	return change(e, SGX_IOC_ENCLAVE_MODIFY_TYPES, offset, length, value,
		done);
}

static int remove_pages(struct drv_enclave *e, uint64_t offset,
	uint64_t length, uint64_t *done)
{
	return change(e, SGX_IOC_ENCLAVE_REMOVE_PAGES, offset, length, 0,
		done);
}

/* --- init --------------------------------------------------------------- */

static int provision(struct drv_enclave *e)
{
	struct sgx_enclave_provision arg = { .fd = WIRE_PROVISION_FD };
	struct vmlink_call call = { .command = SGX_IOC_ENCLAVE_PROVISION,
		.part = { &arg }, .size = { sizeof(arg) } };

	return verb(e, &call);
}

static void *slot_alloc(void)
{
	return arena_alloc(PAGE);
}

/* The mailboxes and what waits at them.  What was made is in e. */
static struct gate_host *new_gate(struct drv_enclave *e)
{
	struct gate_host_config config = {
		.count = e->tcs_count, .tcs = e->tcs,
		.el_base = e->base, .el_size = e->size,
		.trampoline_va = e->base + e->size,
		.slot_alloc = slot_alloc, .slot_free = arena_free,
		.alive = alive, .context = e,
	};
	size_t bytes = (size_t)e->tcs_count * sizeof(*e->boxes);
	size_t pages = bytes ? (bytes + PAGE - 1) / PAGE : 1;
	struct arena_info arena;

	if (arena_get(&arena))
		return NULL;
	config.arena_va = arena.va;
	config.arena_size = arena.size;
	e->boxes = arena_alloc_pages(pages);
	e->visits = aligned_alloc(sizeof(*e->visits),
		(e->tcs_count + 1) * sizeof(*e->visits));
	if (!e->boxes || !e->visits)
		return NULL;
	memset(e->boxes, 0, pages * PAGE);
	memset(e->visits, 0, (e->tcs_count + 1) * sizeof(*e->visits));
	config.boxes = e->boxes;
	return gate_host_new(&config);
}

static void drop_gate(struct drv_enclave *e, struct gate_host *gate)
{
	gate_host_free(gate);
	arena_free(e->boxes);
	free(e->visits);
	e->boxes = NULL;
	e->visits = NULL;
}

static int init(struct drv_enclave *e, const struct sgx_sigstruct *sigstruct)
{
	struct sgx_enclave_init arg = { .sigstruct = (uintptr_t)sigstruct };
	struct vmlink_call call = { .command = SGX_IOC_ENCLAVE_INIT,
		.part = { &arg, sigstruct },
		.size = { sizeof(arg), sizeof(*sigstruct) } };
	struct wire_gate gate = { .count = e->tcs_count,
		.trampoline_va = e->base + e->size };
	struct vmlink_call gate_call = { .command = WIRE_GATE,
		.part = { &gate }, .size = { sizeof(gate) } };
	struct gate_host *host;
	int r;

	if (g_orphan)
		return orphaned();
	if (e->gate) /* cofferd knows the error and its words */
		return verb(e, &call);
	host = new_gate(e);
	if (!host) {
		drop_gate(e, NULL);
		drv_set_error("out of memory");
		return -ENOMEM;
	}
	gate.mailboxes = (uintptr_t)e->boxes;
	r = verb(e, &gate_call);
	if (!r)
		r = verb(e, &call);
	if (r) {
		drop_gate(e, host);
		return r;
	}
	pthread_mutex_lock(&g_enclaves_lock);
	e->gate = host;
	if (e->lost)
		gate_host_dead(host);
	pthread_mutex_unlock(&g_enclaves_lock);
	return 0;
}

/* --- visits ------------------------------------------------------------- */

static int enter(struct drv_enclave *e, struct drv_call *call)
{
	struct visit *visit;
	int r;

	if (__builtin_expect(g_orphan, 0))
		return orphaned();
	if (__builtin_expect(!e->gate, 0)) {
		drv_set_error("the enclave has not been initialized");
		return -EINVAL;
	}
	visit = &e->visits[call->tcs_index < e->tcs_count ? call->tcs_index :
		e->tcs_count];
	__atomic_store_n(&visit->here, 1, __ATOMIC_RELAXED);
	r = gate_host_enter(e->gate, call);
	__atomic_store_n(&visit->here, 0, __ATOMIC_RELEASE);
	if (__builtin_expect(r == -ENODEV, 0))
		return is_lost(e);
	if (__builtin_expect(r != 0, 0))
		drv_set_error("ENCLU function %u is neither EENTER nor "
			"ERESUME", call->function);
	return r;
}

/* Visits end soon after gate_host_dead().  One that does not is stuck in
 * its own process; then what it uses is left to it. */
static bool wait_for_visits(struct drv_enclave *e)
{
	const struct timespec ms = { 0, 1000000 };

	for (int tries = 0; tries < 10000; tries++) {
		uint32_t i = 0;

		while (i <= e->tcs_count && !__atomic_load_n(
			&e->visits[i].here, __ATOMIC_ACQUIRE))
			i++;
		if (i > e->tcs_count)
			return true;
		if (tries < 100)
			sched_yield();
		else
			nanosleep(&ms, NULL);
	}
	return false;
}

static void destroy(struct drv_enclave *e)
{
	struct vmlink_call call = { .command = WIRE_CLOSE };
	uint64_t base = e->base, size = e->size;
	bool quiet = true;

	/* In the child of a fork everything else is the parent's, the
	 * mailboxes, which both have, above all. */
	if (!g_orphan) {
		pthread_mutex_lock(&g_enclaves_lock);
		lose(e, why_words("it was destroyed"));
		pthread_mutex_unlock(&g_enclaves_lock);
		verb(e, &call);
		if (e->gate)
			quiet = wait_for_visits(e);
		if (quiet && e->gate)
			drop_gate(e, e->gate);
		if (quiet)
			free_enclave(e);
		else
			unlist(e);
	}
	unreserve(base, size);
}

/* --- for debuggers ------------------------------------------------------ */

/* From the driver's list, behind the enclave of this id: this process's
 * enclaves have its pid and their base.  0: it is not there. */
static pid_t cell_behind(struct drv_enclave *e, uint64_t *id)
{
	union {
		struct wire_listing head;
		uint8_t bytes[sizeof(struct wire_listing) +
			WIRE_LIST_MAX * sizeof(struct wire_enclave)];
	} list;
	struct wire_list request = { .after = *id };
	struct why why = { "" };

	do {
		struct vmlink_call call = { .command = WIRE_LIST,
			.part = { &request }, .size = { sizeof(request) },
			.out = &list, .out_size = sizeof(list),
			.shorter = true };

		if (g_orphan || vmlink_do(e->connection->link, &call, &why) ||
		    call.out_size != sizeof(list.head) + list.head.count *
				sizeof(struct wire_enclave))
			return 0;
		for (uint32_t i = 0; i < list.head.count; i++) {
			const struct wire_enclave *item = &list.head.item[i];

			request.after = item->id;
			if (item->pid != (uint32_t)getpid() ||
			    item->base != e->base || !item->cell_pid)
				continue;
			*id = item->id;
			return (pid_t)item->cell_pid;
		}
	} while (list.head.more && list.head.count);
	return 0;
}

/* The newest come last, so it begins behind the last one found.  But threads
 * may ask in another order, and a new machine counts from 1 again. */
static pid_t cell(struct drv_enclave *e)
{
	static uint64_t newest;
	uint64_t id = __atomic_load_n(&newest, __ATOMIC_RELAXED);
	pid_t pid = cell_behind(e, &id);

	if (!pid && id) {
		id = 0;
		pid = cell_behind(e, &id);
	}
	if (pid)
		__atomic_store_n(&newest, id, __ATOMIC_RELAXED);
	return pid;
}

const struct drv_ops drv_cofferd = {
	.name = "cofferd",
	.reserve = reserve,
	.unreserve = unreserve,
	.misc_select = misc_select,
	.create = create,
	.add_pages = add_pages,
	.may_grow = may_grow,
	.provision = provision,
	.init = init,
	.enter = enter,
	.features = features,
	.restrict_permissions = restrict_permissions,
	.modify_types = modify_types,
	.remove_pages = remove_pages,
	.destroy = destroy,
	.cell = cell,
	.shared_alloc = arena_alloc,
	.shared_free = arena_free,
};
