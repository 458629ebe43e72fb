/* SPDX-License-Identifier: MIT */
/*
 * The verbs.  Those of the Linux SGX driver check what it checks, in its
 * order, and fail with its errnos (arch/x86/kernel/cpu/sgx/ioctl.c); the
 * reply's text is ours.
 */
#include "platform/platform.h"

#include "common/log.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_MASK (SGX_PAGE_SIZE - 1ull)
/* ATTRIBUTES that no special right is needed for (asm/sgx.h). */
#define UNPRIVILEGED (SGX_ATTR_DEBUG | SGX_ATTR_MODE64BIT | SGX_ATTR_KSS | \
	SGX_ATTR_AEXNOTIFY)
#define CPUID_SGX2 2u /* CPUID.12H.0:EAX */
#define EINIT_ATTEMPTS 20

/* One request being served. */
struct verb {
	struct platform *p;
	struct client *client;
	struct enclave *e; /* for verbs on an enclave */
	struct wire_header request;
	const uint8_t *payload;
	int fd; /* that came along, or -1 */
	struct why why;
	const void *out; /* payload of the reply */
	size_t out_size;
	bool later; /* a job will reply, or it was done */
};

static int dead(struct verb *v)
{
	return why_set(&v->why, -ENODEV, "%s", v->p->cpu.why.text);
}

/* --- connection --------------------------------------------------------- */

static int check_arena(struct verb *v, const struct wire_hello *hello)
{
	struct stat st;
	int seals;

	if (v->fd < 0)
		return hello->arena_va || hello->arena_size ?
			why_set(&v->why, -EINVAL, "an arena without its "
				"descriptor") : 0;
	if (!hello->arena_va || !hello->arena_size ||
	    (hello->arena_va | hello->arena_size) & PAGE_MASK ||
	    hello->arena_size > PLATFORM_ARENA_MAX ||
	    hello->arena_va + hello->arena_size < hello->arena_va)
		return why_set(&v->why, -EINVAL, "an arena at 0x%" PRIx64
			" of 0x%" PRIx64 " bytes", hello->arena_va,
			hello->arena_size);
	seals = fcntl(v->fd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(v->fd, &st) ||
	    st.st_size < 0 || (uint64_t)st.st_size < hello->arena_size)
		return why_set(&v->why, -EINVAL, "the arena is not a memfd "
			"of its size, sealed against shrinking");
	return 0;
}

static int do_hello(struct verb *v)
{
	static struct wire_info info;
	struct client *client = v->client;
	struct wire_hello hello;
	int r;

	memcpy(&hello, v->payload, sizeof(hello));
	if (client->greeted)
		return why_set(&v->why, -EINVAL, "a second hello");
	if (hello.abi != WIRE_ABI)
		return why_set(&v->why, -EPROTO, "cofferd speaks version %u "
			"of the protocol, the application version %u",
			WIRE_ABI, hello.abi);
	r = check_arena(v, &hello);
	if (r)
		return r;
	client->greeted = true;
	client->arena_fd = v->fd;
	v->fd = -1;
	client->arena_va = hello.arena_va;
	client->arena_size = hello.arena_size;
	/* Who cannot create only looks, and does not count as a user.  The
	 * time since the last user goes on. */
	if (client->arena_fd < 0 && !client->service) {
		client->service = true;
		v->p->applications--;
	}
	if (inventory_info(v->p, &info))
		return dead(v);
	v->out = &info;
	v->out_size = sizeof(info);
	return 0;
}

static int do_info(struct verb *v)
{
	static struct wire_info info;

	if (inventory_info(v->p, &info))
		return dead(v);
	v->out = &info;
	v->out_size = sizeof(info);
	return 0;
}

static int do_list(struct verb *v)
{
	static union {
		struct wire_listing listing;
		uint8_t bytes[sizeof(struct wire_listing) +
			WIRE_LIST_MAX * sizeof(struct wire_enclave)];
	} out;
	struct wire_list list;

	memcpy(&list, v->payload, sizeof(list));
	if (inventory_list(v->p, v->client, list.after, &out.listing))
		return dead(v);
	v->out = &out;
	v->out_size = sizeof(out.listing) +
		out.listing.count * sizeof(struct wire_enclave);
	return 0;
}

static int do_swap(struct verb *v)
{
	struct wire_swap out = { .file = v->p->cpu.swap_file };
	struct stat st;
	int fd = v->p->cpu.swap;

	if (fd < 0 || fstat(fd, &st))
		return why_set(&v->why, -ENOENT, "the processor has no swap "
			"store");
	out.size = (uint64_t)st.st_size;
	reply_with(v->client, &v->request, &out, sizeof(out), fd);
	v->later = true;
	return 0;
}

static int do_quoting(struct verb *v)
{
	int fd, r;

	/* Who waits for quotes uses the machine, without an arena too. */
	if (v->client->service && v->client->arena_fd < 0) {
		v->client->service = false;
		v->p->applications++;
	}
	r = quoting_connect(&v->p->quoting, v->client->pid, &fd, &v->why);
	if (r)
		return r;
	reply_with(v->client, &v->request, NULL, 0, fd);
	close(fd);
	v->later = true;
	return 0;
}

static int do_shutdown(struct verb *v)
{
	v->p->stop = true;
	why_set(&v->p->stop_why, 0, "the virtual machine %s was shut down",
		v->p->vm);
	return 0;
}

static int do_open(struct verb *v)
{
	struct enclave *e;

	if (v->client->enclaves >= PLATFORM_ENCLAVES_MAX)
		return why_set(&v->why, -EMFILE,
			"this process has %u enclaves open already",
			v->client->enclaves);
	e = enclave_new(v->p, v->client);
	if (!e)
		return why_set(&v->why, -ENOMEM, "out of memory");
	v->request.handle = e->handle;
	return 0;
}

/* --- the kernel's verbs ------------------------------------------------- */

static bool number_is_taken(const struct platform *p, uint64_t number)
{
	for (const struct enclave *e = p->enclaves; e; e = e->next)
		if (e->created && e->number == number)
			return true;
	return false;
}

static int do_create(struct verb *v)
{
	struct platform *p = v->p;
	struct enclave *e = v->e;
	struct door_create ask = { .h = { DOOR_CREATE, sizeof(ask) } };
	struct door_reply answer;
	int r;

	if (e->created)
		return why_set(&v->why, -EINVAL, "the enclave has been "
			"created before");
	if (v->client->arena_fd < 0)
		return why_set(&v->why, -EFAULT, "this client has no arena");
	memcpy(&ask.secs, v->payload + sizeof(struct sgx_enclave_create),
		sizeof(ask.secs));
	if (!ask.secs.size || ask.secs.size & (ask.secs.size - 1))
		return why_set(&v->why, -EINVAL, "SECS.SIZE 0x%" PRIx64
			" is not a power of two", ask.secs.size);
	ask.arena_va = v->client->arena_va;
	ask.arena_size = v->client->arena_size;
	if (processor_ask(&p->cpu, &ask, sizeof(ask), v->client->arena_fd,
		&answer, sizeof(answer)))
		return dead(v);
	r = processor_result(&answer, "ECREATE", -EIO, &v->why);
	if (r == -ENOMEM && answer.status == DOOR_FAILED)
		return why_set(&v->why, r, "the EPC is full, and nothing more "
			"can be evicted: 1 page is missing for a SECS; the "
			"virtual machine %s has %u pages for all its enclaves",
			p->vm, p->conf.epc_pages);
	if (r)
		return r;
	if (answer.count > UINT32_MAX || number_is_taken(p, answer.count)) {
		processor_wrong(&p->cpu);
		return dead(v);
	}
	e->number = (uint32_t)answer.count;
	e->base = ask.secs.base;
	e->size = ask.secs.size;
	e->attributes = ask.secs.attributes.flags;
	e->created = true;
	return 0;
}

static int check_range(struct verb *v, uint64_t offset, uint64_t length)
{
	if (offset & PAGE_MASK || !length || length & PAGE_MASK ||
	    offset + length < offset ||
	    offset + length - SGX_PAGE_SIZE >= v->e->size)
		return why_set(&v->why, -EINVAL, "offset 0x%" PRIx64
			" and length 0x%" PRIx64 " are no pages of the "
			"enclave", offset, length);
	return 0;
}

static int check_secinfo(struct verb *v, const struct sgx_secinfo *secinfo)
{
	static const uint8_t zero[sizeof(secinfo->reserved)];
	uint64_t rights = secinfo->flags & SGX_SECINFO_RWX;
	uint64_t type = secinfo->flags & ~SGX_SECINFO_RWX;
	const char *wrong = NULL;

	if (type != SGX_SECINFO_REG && type != SGX_SECINFO_TCS)
		wrong = "neither a regular page nor a TCS";
	else if (rights & SGX_SECINFO_W && !(rights & SGX_SECINFO_R))
		wrong = "W without R";
	else if (type == SGX_SECINFO_TCS && rights)
		wrong = "a TCS with R, W or X";
	else if (memcmp(secinfo->reserved, zero, sizeof(zero)))
		wrong = "reserved bytes are not zero";
	if (wrong)
		return why_set(&v->why, -EINVAL, "SECINFO 0x%" PRIx64 ": %s",
			secinfo->flags, wrong);
	return 0;
}

static int do_add_pages(struct verb *v)
{
	struct enclave *e = v->e;
	struct job job = { .kind = JOB_ADD, .request = v->request };
	static struct sgx_enclave_add_pages out;
	struct sgx_secinfo secinfo;
	int r;

	memcpy(&job.add, v->payload, sizeof(job.add));
	memcpy(&secinfo, v->payload + sizeof(job.add), sizeof(secinfo));
	out = job.add;
	v->out = &out;
	v->out_size = sizeof(out);
	if (!e->created || e->initialized)
		return why_set(&v->why, -EINVAL, e->created ?
			"pages cannot be added after INIT" :
			"the enclave has not been created");
	if (!(job.add.flags & WIRE_PAGE_ZERO) && job.add.src & PAGE_MASK)
		return why_set(&v->why, -EINVAL, "the source is not page "
			"aligned");
	r = check_range(v, job.add.offset, job.add.length);
	if (!r)
		r = check_secinfo(v, &secinfo);
	if (r)
		return r;
	job.add.count = 0;
	job.secinfo_flags = secinfo.flags;
	v->later = true;
	enclave_queue(v->p, e, &job);
	return 0;
}

static int do_provision(struct verb *v)
{
	struct sgx_enclave_provision provision;

	memcpy(&provision, v->payload, sizeof(provision));
	if (provision.fd != WIRE_PROVISION_FD)
		return why_set(&v->why, -EINVAL, "a descriptor that is not "
			"the provisioning device");
	v->e->provision = true;
	return 0;
}

static int do_gate(struct verb *v)
{
	struct enclave *e = v->e;
	struct client *client = v->client;
	struct wire_gate gate;
	uint64_t offset;

	memcpy(&gate, v->payload, sizeof(gate));
	if (!e->created || e->initialized)
		return why_set(&v->why, -EINVAL, "a gate belongs between "
			"CREATE and INIT");
	offset = gate.mailboxes - client->arena_va;
	if (gate.mailboxes < client->arena_va ||
	    offset >= client->arena_size || gate.mailboxes & PAGE_MASK ||
	    gate.count > DOOR_TCS_MAX || gate.trampoline_va & PAGE_MASK)
		return why_set(&v->why, -EINVAL, "mailboxes at 0x%" PRIx64
			", %" PRIu64 " of them, trampolines at 0x%" PRIx64,
			gate.mailboxes, gate.count, gate.trampoline_va);
	e->gate_offset = offset;
	e->gate_count = gate.count;
	e->trampoline_va = gate.trampoline_va;
	e->gated = true;
	return 0;
}

static int check_sigstruct(struct verb *v, const struct sgx_sigstruct *sig)
{
	const uint32_t *c0 = v->p->cpu.hello.cpuid_12_0;
	const uint32_t *c1 = v->p->cpu.hello.cpuid_12_1;
	uint64_t allowed = UNPRIVILEGED |
		(v->e->provision ? SGX_ATTR_PROVISIONKEY : 0);
	uint64_t flags = c1[0] | (uint64_t)c1[1] << 32;
	uint64_t xfrm = c1[2] | (uint64_t)c1[3] << 32;

	if (sig->vendor != 0 && sig->vendor != 0x8086)
		return why_set(&v->why, -EINVAL, "SIGSTRUCT.VENDOR 0x%x is "
			"neither 0 nor 0x8086", sig->vendor);
	if (v->e->attributes & ~allowed)
		return why_set(&v->why, -EACCES, "ATTRIBUTES 0x%" PRIx64
			" need a right that was not given (PROVISION)",
			v->e->attributes & ~allowed);
	if (sig->attributes.flags & sig->attributes_mask.flags & ~flags)
		return why_set(&v->why, -EINVAL, "SIGSTRUCT demands "
			"ATTRIBUTES 0x%" PRIx64 " that this machine lacks",
			sig->attributes.flags & sig->attributes_mask.flags &
			~flags);
	if (sig->misc_select & sig->misc_mask & ~c0[1])
		return why_set(&v->why, -EINVAL, "SIGSTRUCT demands "
			"MISCSELECT 0x%x that this machine lacks",
			sig->misc_select & sig->misc_mask & ~c0[1]);
	if (sig->attributes.xfrm & sig->attributes_mask.xfrm & ~xfrm)
		return why_set(&v->why, -EINVAL, "SIGSTRUCT demands XFRM 0x%"
			PRIx64 " that this machine lacks",
			sig->attributes.xfrm & sig->attributes_mask.xfrm &
			~xfrm);
	return 0;
}

static int do_init(struct verb *v)
{
	struct platform *p = v->p;
	struct enclave *e = v->e;
	struct door_init ask = { .h = { DOOR_INIT, sizeof(ask) } };
	struct door_lepubkeyhash hash = {
		.h = { DOOR_WRMSR_LEPUBKEYHASH, sizeof(hash) } };
	struct door_reply answer;
	int r, attempts = 0;

	if (!e->created || e->initialized)
		return why_set(&v->why, -EINVAL, e->created ?
			"the enclave has been initialized before" :
			"the enclave has not been created");
	memcpy(&ask.sigstruct, v->payload + sizeof(struct sgx_enclave_init),
		sizeof(ask.sigstruct));
	r = check_sigstruct(v, &ask.sigstruct);
	if (r)
		return r;
	if (!e->gated || e->gate_count < e->tcs_pages)
		return why_set(&v->why, -EINVAL, "%" PRIu64 " TCS pages, but "
			"mailboxes for %" PRIu64, e->tcs_pages,
			e->gated ? e->gate_count : 0);
	SHA256(ask.sigstruct.modulus, sizeof(ask.sigstruct.modulus),
		hash.hash);
	if (processor_ask(&p->cpu, &hash, sizeof(hash), -1, &answer,
		sizeof(answer)))
		return dead(v);
	r = processor_result(&answer, "WRMSR", -EIO, &v->why);
	if (r)
		return r;
	ask.enclave = e->number;
	ask.gate_offset = e->gate_offset;
	ask.gate_count = e->gate_count;
	ask.trampoline_va = e->trampoline_va;
	do {
		if (processor_ask(&p->cpu, &ask, sizeof(ask), -1, &answer,
			sizeof(answer)))
			return dead(v);
	} while (answer.status == DOOR_ERROR_CODE &&
		answer.error == SGX_UNMASKED_EVENT &&
		++attempts < EINIT_ATTEMPTS);
	r = processor_result(&answer, "EINIT", -EPERM, &v->why);
	if (!r)
		e->initialized = true;
	return r;
}

/* --- SGX2 --------------------------------------------------------------- */

static int check_sgx2(struct verb *v)
{
	if (!(v->p->cpu.hello.cpuid_12_0[0] & CPUID_SGX2))
		return why_set(&v->why, -ENODEV, "the virtual machine %s (%s) "
			"has no SGX2", v->p->vm, v->p->conf.size->name);
	if (!v->e->initialized)
		return why_set(&v->why, -EINVAL, "the enclave has not been "
			"initialized");
	return 0;
}

/* What the SGX2 verbs have in common: size bytes of payload that come back, a
 * range, and a machine that can. */
static int check_change(struct verb *v, uint64_t offset, uint64_t length,
	size_t size)
{
	int r;

	v->out = v->payload;
	v->out_size = size;
	r = check_sgx2(v);
	return r ? r : check_range(v, offset, length);
}

static int not_zero(struct verb *v)
{
	return why_set(&v->why, -EINVAL, "result and count must be zero");
}

static int start_pages(struct verb *v, const struct pages_job *pages)
{
	struct job job = { .kind = JOB_PAGES, .request = v->request,
		.pages = *pages };

	v->later = true;
	enclave_queue(v->p, v->e, &job);
	return 0;
}

static int do_restrict(struct verb *v)
{
	struct sgx_enclave_restrict_permissions arg;
	int r;

	memcpy(&arg, v->payload, sizeof(arg));
	r = check_change(v, arg.offset, arg.length, sizeof(arg));
	if (r)
		return r;
	if (arg.permissions & ~(uint64_t)SGX_SECINFO_RWX ||
	    (arg.permissions & SGX_SECINFO_W &&
	     !(arg.permissions & SGX_SECINFO_R)))
		return why_set(&v->why, -EINVAL, "permissions 0x%" PRIx64
			" are none: R, W and X, no W without R",
			(uint64_t)arg.permissions);
	if (arg.result || arg.count)
		return not_zero(v);
	return start_pages(v, &(struct pages_job){ .op = DOOR_RESTRICT,
		.offset = arg.offset, .length = arg.length,
		.value = arg.permissions });
}

static int do_modify(struct verb *v)
{
	struct sgx_enclave_modify_types arg;
	int r;

	memcpy(&arg, v->payload, sizeof(arg));
	r = check_change(v, arg.offset, arg.length, sizeof(arg));
	if (r)
		return r;
	if (arg.page_type > 0xff)
		return why_set(&v->why, -EINVAL, "page type 0x%" PRIx64,
			(uint64_t)arg.page_type);
	if (arg.result || arg.count)
		return not_zero(v);
	if (arg.page_type != SGX_PT_TCS &&
	    arg.page_type != SGX_PT_TRIM)
		return why_set(&v->why, -EINVAL, "pages become TCS or TRIM, "
			"not type %" PRIu64, (uint64_t)arg.page_type);
	return start_pages(v, &(struct pages_job){ .op = DOOR_MODIFY,
		.offset = arg.offset, .length = arg.length,
		.value = arg.page_type });
}

static int do_remove(struct verb *v)
{
	struct sgx_enclave_remove_pages arg;
	int r;

	memcpy(&arg, v->payload, sizeof(arg));
	r = check_change(v, arg.offset, arg.length, sizeof(arg));
	if (r)
		return r;
	if (arg.count)
		return not_zero(v);
	return start_pages(v, &(struct pages_job){ .op = DOOR_REMOVE,
		.offset = arg.offset, .length = arg.length });
}

/* --- ours --------------------------------------------------------------- */

static int do_close(struct verb *v)
{
	v->later = true;
	enclave_remove(v->p, v->e, &v->request);
	return 0;
}

static int do_interrupt(struct verb *v)
{
	struct door_enclave ask = { .h = { DOOR_KICK, sizeof(ask) },
		.enclave = v->e->number };
	struct door_reply answer;

	if (!v->e->initialized)
		return why_set(&v->why, -EINVAL, "the enclave has not been "
			"initialized");
	if (processor_ask(&v->p->cpu, &ask, sizeof(ask), -1, &answer,
		sizeof(answer)))
		return dead(v);
	return processor_result(&answer, "interrupt", -EIO, &v->why);
}

/* --- dispatch ----------------------------------------------------------- */

enum needs {
	NEEDS_GREETING = 1, /* HELLO was done */
	NEEDS_ENCLAVE = 2,
	NEEDS_IDLE = 4, /* no job on the enclave */
	TAKES_FD = 8,
	NEEDS_OWNER = 16, /* of the machine (access.h) */
};
#define NEEDS_VERB (NEEDS_GREETING | NEEDS_ENCLAVE | NEEDS_IDLE)

static const struct row {
	uint32_t command;
	uint32_t size; /* of the payload, exactly */
	unsigned needs;
	int (*serve)(struct verb *);
} rows[] = {
	{ WIRE_HELLO, sizeof(struct wire_hello), TAKES_FD, do_hello },
	{ WIRE_OPEN, 0, NEEDS_GREETING, do_open },
	{ SGX_IOC_ENCLAVE_CREATE, sizeof(struct sgx_enclave_create) +
		sizeof(struct sgx_secs), NEEDS_VERB, do_create },
	{ SGX_IOC_ENCLAVE_ADD_PAGES, sizeof(struct sgx_enclave_add_pages) +
		sizeof(struct sgx_secinfo), NEEDS_VERB, do_add_pages },
	{ SGX_IOC_ENCLAVE_PROVISION, sizeof(struct sgx_enclave_provision),
		NEEDS_VERB | NEEDS_OWNER, do_provision },
	{ WIRE_GATE, sizeof(struct wire_gate), NEEDS_VERB, do_gate },
	{ SGX_IOC_ENCLAVE_INIT, sizeof(struct sgx_enclave_init) +
		sizeof(struct sgx_sigstruct), NEEDS_VERB, do_init },
	{ SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS,
		sizeof(struct sgx_enclave_restrict_permissions), NEEDS_VERB,
		do_restrict },
	{ SGX_IOC_ENCLAVE_MODIFY_TYPES,
		sizeof(struct sgx_enclave_modify_types), NEEDS_VERB,
		do_modify },
	{ SGX_IOC_ENCLAVE_REMOVE_PAGES,
		sizeof(struct sgx_enclave_remove_pages), NEEDS_VERB,
		do_remove },
	{ WIRE_CLOSE, 0, NEEDS_VERB, do_close },
	{ WIRE_INTERRUPT, 0, NEEDS_GREETING | NEEDS_ENCLAVE, do_interrupt },
	{ WIRE_LIST, sizeof(struct wire_list), NEEDS_GREETING, do_list },
	{ WIRE_INFO, 0, NEEDS_GREETING, do_info },
	{ WIRE_SWAP, 0, NEEDS_GREETING | NEEDS_OWNER, do_swap },
	{ WIRE_QUOTING, 0, NEEDS_GREETING, do_quoting },
	{ WIRE_SHUTDOWN, 0, NEEDS_GREETING | NEEDS_OWNER, do_shutdown },
};

static int serve(struct verb *v)
{
	const struct row *row = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].command == v->request.command)
			row = &rows[i];
	if (!row)
		return why_set(&v->why, -ENOTTY, "cofferd has no command 0x%x",
			v->request.command);
	if (v->request.size - sizeof(v->request) != row->size)
		return why_set(&v->why, -EINVAL, "command 0x%x with %zu bytes "
			"instead of %u", row->command,
			v->request.size - sizeof(v->request), row->size);
	if (v->fd >= 0 && !(row->needs & TAKES_FD))
		return why_set(&v->why, -EINVAL, "command 0x%x with a "
			"descriptor", row->command);
	if (row->needs & NEEDS_GREETING && !v->client->greeted)
		return why_set(&v->why, -EPROTO, "no hello before the first "
			"command");
	if (row->needs & NEEDS_OWNER && v->client->role != ACCESS_OWNER)
		return why_set(&v->why, -EACCES, "command 0x%x is for root and "
			"the user who runs the virtual machine %s",
			row->command, v->p->vm);
	if (row->needs & NEEDS_ENCLAVE) {
		v->e = enclave_find(v->p, v->client, v->request.handle);
		if (!v->e)
			return why_set(&v->why, -EBADF, "no enclave has "
				"handle %" PRIu64, v->request.handle);
		if (row->needs & NEEDS_IDLE && v->e->job.kind)
			return why_set(&v->why, -EBUSY, "another verb on "
				"this enclave is still running");
	}
	return row->serve(v);
}

void verbs_serve(struct platform *p, struct client *client,
	const uint8_t *message, size_t size, int fd)
{
	struct verb v = { .p = p, .client = client, .fd = fd };
	int r;

	if (size >= sizeof(v.request))
		memcpy(&v.request, message, sizeof(v.request));
	if (size < sizeof(v.request) || v.request.size != size) {
		log_peer("client %u does not keep to the protocol: dropped",
			client->pid);
		client->gone = true;
	} else {
		v.payload = message + sizeof(v.request);
		r = serve(&v);
		if (r)
			log_debug("client %u, command 0x%x: %s (%d)",
				client->pid, v.request.command, v.why.text, r);
		if (!v.later)
			reply(client, &v.request, r, &v.why, v.out,
				v.out_size);
	}
	if (v.fd >= 0)
		close(v.fd);
}
