/* SPDX-License-Identifier: MIT */
/*
 * cofferd's state: one virtual machine, its clients, their enclaves.  One
 * thread owns it all.
 *
 * Which page of which enclave is where, the processor knows; here are handles,
 * the order of verbs, and who may do what.
 *
 * Invariants:
 *  1. An enclave that was created has a number at the door, which is that of no
 *     other enclave here.
 *  2. An enclave is on the machine's list, ascending by id.  It has an owner
 *     until it is being removed.
 *  3. An enclave with a job is on the job queue; it has at most one, and
 *     while it has, other verbs on it get -EBUSY.
 *  4. A client marked gone gets nothing more and is reaped by the loop.
 */
#ifndef COFFER_PLATFORM_PLATFORM_H
#define COFFER_PLATFORM_PLATFORM_H

#include "common/vmconf.h"
#include "platform/access.h"
#include "platform/metrics.h"
#include "platform/processor.h"
#include "platform/quoting.h"
#include "platform/wire.h"
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define PLATFORM_CLIENTS_MAX 256u /* processes */
#define PLATFORM_MEMBER_CLIENTS_MAX 64u /* of a user who is no owner */
#define PLATFORM_ENCLAVES_MAX 1024u /* of one client */
#define PLATFORM_ARENA_MAX (1ull << 40) /* bytes */

enum job_kind {
	JOB_NONE = 0,
	JOB_ADD,
	JOB_PAGES, /* one of the SGX2 verbs */
	JOB_REMOVE
};

/* What the SGX2 verbs' structs have in common. */
struct pages_job {
	uint32_t op; /* DOOR_RESTRICT, DOOR_MODIFY, DOOR_REMOVE */
	uint64_t offset, length, value;
	uint64_t result, count; /* out; count is the progress, in bytes */
};

/* A verb that takes several turns. */
struct job {
	enum job_kind kind;
	struct wire_header request; /* for the reply */
	bool quiet; /* JOB_REMOVE: nobody waits for a reply */
	uint64_t left; /* JOB_REMOVE: pages, as the processor says */
	uint32_t idle; /* JOB_REMOVE: turns that removed none */
	struct sgx_enclave_add_pages add; /* JOB_ADD; count is the progress */
	uint64_t secinfo_flags;
	struct pages_job pages;
};

struct enclave {
	struct enclave *next; /* on the machine's list */
	struct enclave *next_job;
	uint64_t id, handle;
	struct client *owner; /* NULL: died */
	uint32_t pid; /* of the owner, kept for listings */
	uid_t uid; /* the same */
	bool created, initialized;
	bool lost, tampered; /* its cell is gone; that was why */
	bool provision; /* may have ATTRIBUTES.PROVISIONKEY */
	bool gated;
	uint32_t number; /* at the door */
	uint64_t base, size, attributes;
	uint64_t gate_offset, gate_count, trampoline_va;
	uint64_t tcs_pages; /* added by ADD_PAGES */
	struct job job;
};

struct client {
	struct client *next;
	int fd, pidfd; /* pidfd may be -1 */
	uint32_t pid;
	uid_t uid;
	enum access_role role; /* never ACCESS_NONE */
	bool greeted, gone;
	bool service; /* coffer-quoting, or who only looks: it keeps no
		* machine running */
	int arena_fd; /* -1: none; never mapped here */
	uint64_t arena_va, arena_size;
	uint32_t enclaves;
	uint64_t next_handle;
};

struct platform {
	const char *vm;
	struct access access;
	char state[PATH_MAX], runtime[PATH_MAX];
	uint64_t state_dev, state_ino;
	int held; /* the state directory, locked; our processor has it too */
	struct vmconf conf;
	struct processor cpu;
	struct metrics *metrics; /* NULL: could not listen */
	struct quoting quoting;
	struct client *clients;
	uint32_t client_count;
	uint32_t applications; /* clients that are no service */
	struct enclave *enclaves;
	uint64_t next_id;
	uint64_t lost; /* enclaves, since power on */
	struct enclave *jobs, **jobs_end; /* queue */
	bool start; /* --start: who started us is who ends us */
	bool stop; /* end at the next turn */
	struct why stop_why;
};

/* --- reply.c ------------------------------------------------------------ */

/* Sends a reply; why may be NULL when result is 0.  A client that does not
 * read its replies is marked gone. */
void reply(struct client *client, const struct wire_header *request,
	int result, const struct why *why, const void *payload, size_t size);
/* The same with a descriptor, which stays the caller's. */
void reply_with(struct client *client, const struct wire_header *request,
	const void *payload, size_t size, int fd);
void reply_event(struct client *client, uint64_t handle, int result,
	const char *text);

/* --- enclave.c ---------------------------------------------------------- */

/* A new enclave of a client, with a new handle.  NULL when out of memory. */
struct enclave *enclave_new(struct platform *p, struct client *client);
struct enclave *enclave_find(struct platform *p, struct client *client,
	uint64_t handle);

/* Gives an enclave a job and queues it. */
void enclave_queue(struct platform *p, struct enclave *e,
	const struct job *job);
/* Its owner is dead, or the handle was closed: remove it.  request NULL:
 * nobody is told. */
void enclave_remove(struct platform *p, struct enclave *e,
	const struct wire_header *request);
/* One turn of the job at the head of the queue. */
void enclave_work(struct platform *p);
/* The reply to a job's verb. */
void enclave_reply(struct enclave *e, const struct job *job, int result,
	const struct why *why);
/* Frees what cofferd holds of an enclave, without asking the processor. */
void enclave_free(struct platform *p, struct enclave *e);

/* --- verbs.c ------------------------------------------------------------ */

/* Serves one message.  fd: a descriptor that came with it, or -1; it is
 * the callee's now. */
void verbs_serve(struct platform *p, struct client *client,
	const uint8_t *message, size_t size, int fd);

/* --- inventory.c -------------------------------------------------------- */

/* -ENODEV when the processor died. */
int inventory_info(struct platform *p, struct wire_info *info);
/* Fills at most WIRE_LIST_MAX items of what this client may see: all
 * enclaves (also with NULL), or those of its own user.  -ENODEV when the processor died. */
int inventory_list(struct platform *p, const struct client *client,
	uint64_t after, struct wire_listing *listing);

/* --- server.c ----------------------------------------------------------- */

/* Serves until a signal, a WIRE_SHUTDOWN, the processor's end or idle_ms
 * without a client, unless vm.conf says power=on.  Consumes listener; signals is a signalfd.  0, or
 * -ENODEV when the processor died. */
int server_run(struct platform *p, int listener, int signals, int lock,
	int idle_ms);

/* --- power.c ------------------------------------------------------------ */

/* A machine that vm.conf says is on is off from now on.  Waits up to two
 * seconds for the machine's lock (vm/vms_priv.h), and else leaves vm.conf to
 * whoever holds it. */
void power_record_off(struct platform *p);
/* The other way round, for one that is off or on demand; without the lock
 * after two seconds. */
int power_record_on(struct platform *p, struct why *why);

/* With the lock held: removes what is in the runtime directory. */
void server_remove_files(struct platform *p);

/* Does vm.conf allow a machine to run? */
static inline bool platform_wanted(const struct vmconf *conf)
{
	return conf->power == VMCONF_DEMAND || conf->power == VMCONF_ON;
}

#endif
