/* SPDX-License-Identifier: MIT */
/*
 * What coffer-cpu tells a cell, and what a cell asks of coffer-cpu: one
 * shared memory region per cell.  The cell, and so its enclave, can write
 * anything here, and the processor copies and checks every value that it reads
 * back.
 *
 * A cell is started at ECREATE and takes its storage while its enclave is
 * built; at EINIT the order CELL_START has it bring up its threads and seal
 * itself.
 *
 *   chunks   storage, a file of memory each, is offered by number; whoever in
 *            the cell executes orders takes what was offered by CELL_TAKE, a
 *            system call that the processor answers with a descriptor, maps it
 *            at its window and closes the descriptor.  Pages of an enclave are
 *            mapped by duplicating a part of the window (mremap with an old
 *            size of zero), so no descriptor is needed later.
 *   orders   what the processor wants of the cell's mappings: one batch at a
 *            time, executed by the janitor thread, or by a thread that just
 *            had its page fault answered.
 *   service  what a thread wants of the processor: a leaf, or a page.
 */
#ifndef COFFER_CELL_CONTROL_H
#define COFFER_CELL_CONTROL_H

#include <stdint.h>

#define CELL_ABI 2u
#define CELL_TCS_MAX 1024u
#define CELL_ORDERS_MAX 64u
#define CELL_CHUNKS_MAX 256u /* offered and not yet taken */
#define CELL_MAPS_MAX 8u /* in one answer */

/* The cell's image is linked at CELL_IMAGE and ends below CELL_IMAGE_END;
 * everything else that is the cell's own lies in [CELL_PRIVATE,
 * CELL_PRIVATE_END), where ordinary programs have nothing. */
#define CELL_IMAGE 0x10000ull
#define CELL_IMAGE_END 0x400000ull
#define CELL_PRIVATE 0x2c0000000000ull
#define CELL_CONTROL CELL_PRIVATE
#define CELL_AREAS (CELL_PRIVATE + 0x10000000ull)
#define CELL_AREA_SIZE 0x10000ull
#define CELL_TABLE (CELL_PRIVATE + 0x20000000ull)
#define CELL_WINDOW (CELL_PRIVATE + 0x1000000000ull)
#define CELL_PRIVATE_END (CELL_PRIVATE + 0x8000000000ull)

/* Descriptors at exec; all are closed at CELL_START. */
#define CELL_FD_CONTROL 3
#define CELL_FD_ARENA 4
#define CELL_FD_TEXT 5 /* the cell's own text, sealed */
#define CELL_FD_STATE 6 /* memfd_secret for data, stacks, thread areas */
#define CELL_FD_SOCKET 7 /* takes the filter's listener; then closed */
#define CELL_FD_COUNT 8

/* A system call that the cell has no other use for; the processor, which
 * listens on the cell's filter, returns a descriptor from it. */
#define CELL_TAKE 111 /* getpgrp, which no sandbox refuses */

/* At the start of the cell's text. */
struct cell_info {
	uint64_t magic; /* CELL_INFO_MAGIC */
	uint64_t exit_entry; /* where a patched EEXIT goes */
	uint64_t text_end; /* address; the text starts at CELL_IMAGE */
	uint64_t reserved;
};
#define CELL_INFO_MAGIC 0x314c4c4543464f43ull

enum cell_state {
	CELL_STARTING = 0,
	CELL_BUILDING = 1, /* takes chunks and orders */
	CELL_READY = 2, /* sealed, its threads wait for the host */
	CELL_FAILED = 3,
};

struct cell_chunk {
	uint64_t home; /* address in the window */
	uint64_t length;
	uint32_t prot; /* PROT_* */
	uint32_t reserved;
};

enum cell_action {
	CELL_START = 1, /* nothing else in the batch */
	CELL_MAP, /* va, home, length, prot */
	CELL_UNMAP, /* va, length */
	CELL_PROTECT, /* va, length, prot */
	CELL_DROP, /* home, length: give up a chunk */
	/* prot: TCS index.  Out of use while evicted: refused with result 1
	 * if a thread is inside. */
	CELL_TCS_OUT,
};

struct cell_order {
	uint32_t action;
	uint32_t prot;
	uint64_t va, home, length;
	uint32_t result; /* out: 0, 1 refused, or errno */
	uint32_t reserved;
};

enum cell_order_state {
	CELL_ORDER_IDLE = 0, CELL_ORDER_POSTED = 1, CELL_ORDER_TAKEN = 2,
	CELL_ORDER_DONE = 3,
};

struct cell_tcs {
	uint64_t linaddr;
	uint64_t ossa, oentry, ofsbase, ogsbase; /* absolute addresses */
	uint32_t nssa; /* frames */
	uint32_t frames; /* leading frames that EENTER may use (checked) */
	uint32_t entry_vector; /* entry always faults so, if entry_faults */
	uint32_t entry_faults;
	uint64_t entry_address;
	uint64_t flags; /* TCS.FLAGS */
	uint32_t generation; /* changes when the others do */
	uint32_t reserved;
};

enum cell_service_state {
	CELL_SERVICE_IDLE = 0, CELL_SERVICE_ASKED = 1, CELL_SERVICE_DONE = 2,
};

enum cell_service_kind {
	CELL_SERVICE_RESULT = 0, CELL_SERVICE_FAULT = 1,
	/* The page can be used now: do the maps, then try again. */
	CELL_SERVICE_RETRY = 2,
};

/* What a thread asks: an ENCLU leaf that needs the processor, or one of
 * these. */
/* RBX: an address in ELRANGE that faulted; RCX: the error code, SGX_PF_*;
 * RDX: 1 when the maps of the last answer could not be made. */
#define CELL_ASK_PAGE 0x10000u
/* The TCS of this thread was evicted and shall be used. */
#define CELL_ASK_TCS 0x10001u

struct cell_service {
	uint32_t state; /* futex */
	uint32_t leaf;
	uint64_t rax, rbx, rcx, rdx; /* in; rax out */
	uint32_t kind; /* out */
	uint32_t zf; /* out: RFLAGS.ZF; the other status flags are cleared */
	uint32_t flags_changed; /* out */
	uint32_t vector; /* out, for a fault */
	uint64_t error_code, address;
	uint32_t maps; /* out */
	uint32_t cell_naps; /* 1 while the thread sleeps on state */
	struct cell_order map[CELL_MAPS_MAX]; /* out: CELL_MAP each */
} __attribute__((aligned(128)));

struct cell_counters {
	uint64_t entries, aex, enclu;
	uint32_t inside; /* 1 while enclave code runs */
	uint32_t tid; /* of the cell's thread */
} __attribute__((aligned(64)));

struct cell_control {
	uint32_t abi;
	uint32_t state; /* futex: enum cell_state, written by the cell */
	uint32_t error; /* errno of the step that failed */
	uint32_t error_step;
	uint32_t cpu_pid;
	uint32_t reserved;
	uint64_t el_base, el_size;
	uint64_t arena_va, arena_size;
	uint64_t gate_va;
	uint64_t trampoline_va;
	uint64_t xfrm;
	uint32_t misc_select;
	uint32_t ssa_frame_size; /* bytes */
	uint32_t xsave_size; /* bytes of XSAVE area for xfrm */
	uint32_t mxcsr_mask;
	uint32_t sgx_features; /* CPUID leaf 12H, 0: EAX (SGX_FEATURE_*) */
	uint64_t text_size; /* bytes of the sealed text file */
	uint32_t debug; /* 1: the enclave may be debugged */
	uint32_t tcs_slots; /* threads, spare ones included; at CELL_START */
	uint32_t doorbell __attribute__((aligned(64))); /* futex, cell to cpu */
	uint32_t cpu_naps; /* 1 while the processor sleeps on the doorbell */
	uint32_t order_state __attribute__((aligned(64))); /* futex */
	uint32_t order_count;
	uint32_t janitor_bell; /* futex: the janitor shall look */
	uint32_t chunks_offered; /* counts up; chunk[n % CELL_CHUNKS_MAX] */
	uint32_t chunks_taken; /* the cell's count */
	struct cell_order order[CELL_ORDERS_MAX];
	struct cell_chunk chunk[CELL_CHUNKS_MAX];
	struct cell_tcs tcs[CELL_TCS_MAX];
	struct cell_service service[CELL_TCS_MAX];
	struct cell_counters counters[CELL_TCS_MAX];
};
#define CELL_CONTROL_SIZE ((sizeof(struct cell_control) + 4095) & ~4095ull)

#endif
