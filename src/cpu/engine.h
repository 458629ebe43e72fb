/* SPDX-License-Identifier: MIT */
/*
 * What executes enclave code, behind one interface.  Engines own the bytes of
 * the EPC, the address spaces in which enclaves run, and their threads; they
 * know nothing of SGX's rules.  The model above decides; an engine obeys.
 *
 * The cell (engine_cell.c), a process per enclave, is the first engine; a
 * guest without a kernel is meant to be the second.  Nothing here hands out a
 * pointer to an EPC page, and no promise is made that one page's change holds
 * on return: it does when settled() says so.
 *
 * Spaces are named by numbers from 1 on, which the caller gives.  Calls on one
 * engine must not overlap, except wait, kick and threads_inside; the events
 * come on threads of the engine's own.
 */
#ifndef COFFER_CPU_ENGINE_H
#define COFFER_CPU_ENGINE_H

#include <coffer/sgx_arch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

/* What an engine can do here, for doctor and tests. */
enum engine_capability {
	ENGINE_SECRET_DATA = 1, /* data pages are safe from passive reading */
	ENGINE_SECRET_CODE = 2, /* executable pages too */
	ENGINE_SECRET_REGISTERS = 4,
	ENGINE_PTRACE_SLOT = 8, /* nobody else can attach */
	ENGINE_TRAPS_CPUID = 16,
	ENGINE_TRAPS_RDTSC = 32,
	ENGINE_TRAPS_SYSCALL = 64, /* SYSCALL is #UD, RCX and R11 lost */
	ENGINE_KEEPS_SYSCALL_REGS = 128,
};

/* An ENCLU leaf that needs the model, or a page that is not mapped. */
enum engine_answer { ENGINE_RESULT, ENGINE_FAULT, ENGINE_RETRY };
#define ENGINE_MAPS_MAX 8u
/* RBX: the address, RCX: error code, RDX: 1 if the last maps failed. */
#define ENGINE_ASK_PAGE UINT32_MAX
struct engine_map {
	uint32_t count; /* pages that lie side by side in memory */
	uint64_t va;
	uint64_t where; /* the engine's, see locate */
	uint8_t rwx;
};
struct engine_request {
	uint32_t space;
	uint32_t thread; /* its TCS index */
	uint16_t serial; /* counts what this thread asks */
	uint32_t leaf; /* of ENCLU, or ENGINE_ASK_PAGE */
	uint64_t rax, rbx, rcx, rdx; /* in; rax out */
	enum engine_answer answer; /* out, with all that follow */
	bool writes_flags, zf;
	uint32_t vector;
	uint64_t error_code, address;
	uint32_t maps; /* to make before the thread goes on */
	struct engine_map map[ENGINE_MAPS_MAX];
};

struct engine_events {
	/* On a thread of the engine's; the engine waits for the answer. */
	void (*enclu)(void *ctx, struct engine_request *);
	void (*page)(void *ctx, struct engine_request *);
	/* The thread's TCS was put out of use, and it shall enter. */
	void (*tcs)(void *ctx, struct engine_request *);
	/* After answers, while nothing is waiting; may take its time. */
	void (*idle)(void *ctx, uint32_t space);
	/* The space can run nothing any more. */
	void (*died)(void *ctx, uint32_t space, uint32_t wait_status);
	void *ctx;
};

/* One logical processor's fixed state, from its TCS. */
struct engine_tcs {
	uint64_t linaddr, ossa, oentry, ofsbase, ogsbase; /* absolute */
	uint32_t nssa, frames;
	uint64_t flags;
	bool entry_faults;
	uint32_t entry_vector;
	uint64_t entry_address;
};

struct engine_start {
	const struct engine_tcs *tcs;
	uint32_t tcs_count;
	uint32_t tcs_slots; /* threads, spare ones included */
	uint64_t gate_offset; /* mailboxes in the shared memory */
	uint64_t trampoline_va;
	uint64_t xfrm;
	uint32_t misc_select, ssa_frame_pages, xsave_size, mxcsr_mask;
	uint32_t sgx_features; /* CPUID leaf 12H, 0: EAX */
};

struct engine_space {
	uint32_t number;
	uint64_t base, size;
	int shared_fd; /* the host's memory; taken over */
	uint64_t shared_va, shared_size;
	bool debug;
};

struct engine_counters {
	uint64_t entries, aex, enclu;
	uint32_t inside;
	int pid;
};

struct engine_ops {
	const char *name;
	uint32_t (*capabilities)(struct engine *);

	/* Bytes of the EPC, by index; off + size <= 4096. */
	void (*epc_read)(struct engine *, uint32_t epc, uint32_t off, void *to,
		uint32_t size);
	void (*epc_write)(struct engine *, uint32_t epc, uint32_t off,
		const void *from, uint32_t size);
	void (*epc_zero)(struct engine *, uint32_t epc, uint32_t count);

	/* Storage for pages that will be at va of a space; space 0 and any va
	 * for pages that belong to none.  -1: no memory. */
	int (*epc_place)(struct engine *, uint32_t epc, uint32_t count,
		uint32_t space, uint64_t va, enum sgx_page_type type,
		uint8_t rwx);
	void (*epc_release)(struct engine *, uint32_t epc, uint32_t count);
	/* Moves a page to storage fit for other rights.  -1: no memory. */
	int (*epc_move)(struct engine *, uint32_t epc, uint8_t rwx);
	/* Would a mapping of the page where it lies have these rights, and no
	 * more?  Memory that code changed keeps W. */
	bool (*epc_fits)(struct engine *, uint32_t epc, uint8_t rwx);
	/* A page of code got its content: ready it for execution. */
	void (*epc_code)(struct engine *, uint32_t epc);

	/* Fills in where the first page lies, and returns how many of the
	 * count pages lie side by side; the caller's epc are ascending. */
	uint32_t (*locate)(struct engine *, struct engine_map *,
		const uint32_t *epc);

	/* Sees to it that so many pages can be placed.  0; -ENOSPC: the EPC's
	 * memory is used up; -EAGAIN: later, the space is behind; -EIO: it has
	 * ended; -ENOMEM. */
	int (*reserve)(struct engine *, uint32_t space, enum sgx_page_type,
		uint8_t rwx, uint32_t count);
	/* Memory goes back in pieces: the pages that lie in one piece with
	 * this one, itself included, at most max. */
	uint32_t (*piece)(struct engine *, uint32_t epc, uint32_t *other,
		uint32_t max);
	/* Gives a piece without pages back, once the space has let go of it.
	 * 1; 0: there is none; -EAGAIN: orders are on their way. */
	int (*give_back)(struct engine *, uint32_t space);
	/* Pages of memory taken, used or not. */
	uint64_t (*storage)(struct engine *);

	/* Orders to a running space, gathered in a batch.  False: the batch is
	 * full or on its way. */
	bool (*unmap)(struct engine *, uint32_t space, uint64_t va);
	bool (*map)(struct engine *, uint32_t space,
		const struct engine_map *);
	bool (*protect)(struct engine *, uint32_t space, uint64_t va,
		uint8_t rwx);
	bool (*tcs_out)(struct engine *, uint32_t space, uint32_t index);
	/* Sends the batch.  now: nobody there is known to look soon. */
	void (*post)(struct engine *, uint32_t space, bool now);
	/* Sends it and waits until it was done; for the start, and for tests:
	 * it keeps the lock.  0 or -errno. */
	int (*finish)(struct engine *, uint32_t space);
	/* Nothing is on its way: all earlier orders hold on every thread.
	 * That is ETRACK's end. */
	bool (*settled)(struct engine *, uint32_t space);
	/* Waits a little for that; without the machine's lock. */
	void (*wait)(struct engine *, uint32_t space);
	/* Was the last tcs_out of this TCS granted?  tcs_in ends that. */
	bool (*tcs_is_out)(struct engine *, uint32_t space, uint32_t index);
	void (*tcs_in)(struct engine *, uint32_t space, uint32_t index);
	/* The maps of this answer to this thread may not have been made yet. */
	bool (*in_flight)(struct engine *, uint32_t space, uint32_t thread,
		uint16_t serial);

	/* -errno on failure; why gets the reason. */
	int (*space_create)(struct engine *, const struct engine_space *,
		char *why, size_t size);
	void (*space_destroy)(struct engine *, uint32_t space);
	/* -errno: threads of the space may run all the same; stop it. */
	int (*start)(struct engine *, uint32_t space,
		const struct engine_start *, char *why, size_t size);
	/* A TCS that is new, or must not be entered any more. */
	void (*describe_tcs)(struct engine *, uint32_t space, uint32_t index,
		const struct engine_tcs *);
	/* Ends every thread of the space and waits for that. */
	void (*stop)(struct engine *, uint32_t space);
	/* The same, without waiting. */
	void (*kill)(struct engine *, uint32_t space);
	void (*kick)(struct engine *, uint32_t space);
	uint32_t (*threads_inside)(struct engine *, uint32_t space);
	void (*counters)(struct engine *, uint32_t space,
		struct engine_counters *);
	/* A shared-memory range of the space's host memory, for the source
	 * of EADD: NULL if it is not wholly inside. */
	const void *(*shared_source)(struct engine *, uint32_t space,
		uint64_t offset, uint64_t size);
};

struct engine {
	const struct engine_ops *ops;
};

struct engine_config {
	uint32_t epc_pages;
	uint32_t spaces_max;
	bool hold_ptrace_slot;
	struct engine_events events;
};

/* The cell engine; NULL with a reason.  Call from the main thread; then
 * engine_cell_keep() must run on it for the life of the process. */
struct engine *engine_cell_new(const struct engine_config *, char *why,
	size_t size);

/* Starts and reaps cells; does not return. */
_Noreturn void engine_cell_keep(struct engine *);

#endif
