/* SPDX-License-Identifier: MIT */
/*
 * What executes enclave code, behind one interface.  Engines own the bytes of
 * the EPC, the address spaces in which enclaves run, and their threads; they
 * know nothing of SGX's rules.  The model above decides; an engine obeys.
 *
 * The cell (engine_cell.c), a process per enclave, is the first engine; a
 * guest without a kernel is meant to be the second.  Nothing here hands out a
 * pointer to an EPC page, and no promise is made that one page's change holds
 * on return: shootdown() makes all earlier ones effective.
 *
 * Calls on one engine must not overlap, except kick and threads_inside; the
 * events come on threads of the engine's own.
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

/* An ENCLU leaf that needs the model. */
struct engine_enclu {
	uint32_t leaf;
	uint64_t rax, rbx, rcx, rdx; /* in; rax out */
	bool fault; /* out */
	bool writes_flags, zf; /* out */
	uint32_t vector; /* out */
	uint64_t error_code, address; /* out */
};

struct engine_events {
	/* On a thread of the engine's, for the enclave of this SECS. */
	void (*enclu)(void *ctx, uint32_t secs, struct engine_enclu *);
	/* The space can run nothing any more. */
	void (*died)(void *ctx, uint32_t secs, uint32_t wait_status);
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
	uint64_t gate_offset; /* mailboxes in the shared memory */
	uint64_t trampoline_va;
	uint64_t xfrm;
	uint32_t misc_select, ssa_frame_pages, xsave_size, mxcsr_mask;
	uint32_t sgx_features; /* CPUID leaf 12H, 0: EAX */
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

	/* Storage for pages that will be at va of a space (or for a SECS,
	 * when there is no space yet: secs == epc).  -1: no memory. */
	int (*epc_place)(struct engine *, uint32_t epc, uint32_t count,
		uint32_t secs, uint64_t va, enum sgx_page_type type,
		uint8_t rwx);
	void (*epc_release)(struct engine *, uint32_t epc, uint32_t count);
	/* EPC index at va, or -1. */
	int64_t (*epc_at)(struct engine *, uint32_t secs, uint64_t va);

	/* -errno on failure; why gets the reason. */
	int (*space_create)(struct engine *, uint32_t secs, uint64_t base,
		uint64_t size);
	void (*space_destroy)(struct engine *, uint32_t secs);
	/* Shared with the host, at the same address.  Takes over fd. */
	int (*add_shared)(struct engine *, uint32_t secs, int fd, uint64_t va,
		uint64_t size);
	int (*start)(struct engine *, uint32_t secs,
		const struct engine_start *, char *why, size_t size);
	/* Ends every thread of the space and waits for that. */
	void (*stop)(struct engine *, uint32_t secs);
	void (*kick)(struct engine *, uint32_t secs);
	uint32_t (*threads_inside)(struct engine *, uint32_t secs);
	void (*counters)(struct engine *, uint32_t secs,
		struct engine_counters *);
	/* A shared-memory range of the space's host memory, for the source
	 * of EADD: NULL if it is not wholly inside. */
	const void *(*shared_source)(struct engine *, uint32_t secs,
		uint64_t offset, uint64_t size);
};

struct engine {
	const struct engine_ops *ops;
};

struct engine_config {
	uint32_t epc_pages;
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
