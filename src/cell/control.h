/* SPDX-License-Identifier: MIT */
/*
 * What coffer-cpu tells a cell, and what a cell asks of coffer-cpu: one
 * shared memory region per cell.  coffer-cpu fills it before the cell starts;
 * from then on the cell, and so its enclave, can write anything here, and the
 * processor copies and checks every value that it reads back.
 */
#ifndef COFFER_CELL_CONTROL_H
#define COFFER_CELL_CONTROL_H

#include <stdint.h>

#define CELL_ABI 1u
#define CELL_TCS_MAX 1024u

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
#define CELL_PRIVATE_END (CELL_PRIVATE + 0x1000000000ull)

/* Descriptors at exec. */
#define CELL_FD_CONTROL 3
#define CELL_FD_ARENA 4
#define CELL_FD_SECRET 5 /* EPC pages on memfd_secret */
#define CELL_FD_PLAIN 6 /* EPC pages beyond the secret budget */
#define CELL_FD_CODE 7 /* executable EPC pages, read-only descriptor */
#define CELL_FD_CODE_W 8 /* writable and executable EPC pages */
#define CELL_FD_TEXT 9 /* the cell's own text, sealed */
#define CELL_FD_STATE 10 /* memfd_secret for data, stacks, thread areas */
#define CELL_FD_COUNT 11

/* At the start of the cell's text. */
struct cell_info {
	uint64_t magic; /* CELL_INFO_MAGIC */
	uint64_t exit_entry; /* where a patched EEXIT goes */
	uint64_t text_end; /* address; the text starts at CELL_IMAGE */
	uint64_t reserved;
};
#define CELL_INFO_MAGIC 0x314c4c4543464f43ull

enum cell_state {
	CELL_STARTING = 0, CELL_READY = 1, CELL_FAILED = 2,
};

struct cell_map {
	uint64_t va;
	uint64_t offset; /* bytes in the file */
	uint64_t length;
	uint32_t fd; /* CELL_FD_* */
	uint32_t prot; /* PROT_* */
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
};

enum cell_service_state {
	CELL_SERVICE_IDLE = 0, CELL_SERVICE_ASKED = 1, CELL_SERVICE_DONE = 2,
};

enum cell_service_kind { CELL_SERVICE_RESULT = 0, CELL_SERVICE_FAULT = 1 };

/* An ENCLU leaf that needs the processor: EREPORT, EGETKEY. */
struct cell_service {
	uint32_t state; /* futex */
	uint32_t leaf;
	uint64_t rax, rbx, rcx, rdx; /* in; rax out */
	uint32_t kind; /* out */
	uint32_t zf; /* out: RFLAGS.ZF; the other status flags are cleared */
	uint32_t flags_changed; /* out */
	uint32_t vector; /* out, for a fault */
	uint64_t error_code, address;
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
	uint32_t tcs_count;
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
	uint32_t reserved;
	uint64_t text_size; /* bytes of the sealed text file */
	uint64_t control_size; /* bytes of this region */
	uint32_t map_count;
	uint32_t doorbell __attribute__((aligned(64))); /* futex, cell to cpu */
	uint32_t cpu_naps; /* 1 while the processor sleeps on the doorbell */
	struct cell_tcs tcs[CELL_TCS_MAX];
	struct cell_service service[CELL_TCS_MAX];
	struct cell_counters counters[CELL_TCS_MAX];
	struct cell_map map[]; /* map_count */
};

#endif
