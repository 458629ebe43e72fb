/* SPDX-License-Identifier: MIT */
/*
 * The processor's door: what cofferd, in the operating system's role, may
 * ask of coffer-cpu.  One SOCK_SEQPACKET socketpair; the driver writes one
 * request and reads one reply, in order; events come on a second socketpair
 * so that they never mix with replies.  Each request is one or a batch of
 * ENCLS leaves (or a machine-specific register write); the processor checks
 * each as silicon would and returns the architectural outcome as a value.
 *
 * Enclaves are named by small numbers that the processor gives out.  Which EPC
 * page holds what, and what is evicted, is the pager's business (pager.h),
 * which lives with the processor so that a page fault takes one hop; evicted
 * pages lie in the swap store, whose descriptor the driver gets at HELLO: it is
 * memory that nobody has to trust.  The driver passes descriptors of the host's
 * shared memory on without mapping them.
 *
 * coffer-cpu is started by cofferd as
 *   coffer-cpu --door FD --events FD --state DIR [--epc-pages N]
 *              [--profile dcsv2|dcsv3] [--swap FD] [--ptrace-slot] [--log FD]
 * DIR is the virtual machine's state directory; it holds the fuses, which
 * only coffer-cpu reads.  With --swap evicted pages go to that file instead of
 * a memory file.  End of file on the door ends the processor, its cells and
 * everything that they held.
 */
#ifndef COFFER_CPU_DOOR_H
#define COFFER_CPU_DOOR_H

#include <coffer/sgx_arch.h>
#include <stdint.h>

#define DOOR_ABI 2u
#define DOOR_BATCH_MAX 65536u /* pages in one request */
#define DOOR_TCS_MAX 1024u
#define DOOR_ENCLAVES_MAX 4096u /* at once */

enum door_op {
	DOOR_HELLO = 1, /* -> struct door_hello_reply, and a descriptor */
	DOOR_CREATE,    /* struct door_create; reply.count: its number */
	DOOR_ADD,       /* struct door_add: EADD, 16 EEXTEND if measured */
	DOOR_INIT,      /* struct door_init */
	DOOR_DESTROY,   /* struct door_enclave: stops it, removes some pages;
			 * reply.count pages are left, 0: it is gone */
	DOOR_WRMSR_LEPUBKEYHASH, /* struct door_lepubkeyhash */
	DOOR_KICK,      /* struct door_enclave: interrupt running threads */
	DOOR_STOP,      /* struct door_enclave: end the cell; no more entries */
	DOOR_STAT,      /* struct door_enclave -> struct door_stat_reply */
	DOOR_MACHINE,   /* -> struct door_machine_reply */
	/* SGX2, on initialised enclaves: struct door_pages.  reply.count: pages
	 * done.  Each is followed by ETRACK and the wait for it. */
	DOOR_RESTRICT,  /* EMODPR; value: permissions */
	DOOR_MODIFY,    /* EMODT; value: page type */
	DOOR_REMOVE,    /* EREMOVE of accepted TRIM pages */
};

/* How a request ended.  Faults carry vector and address; an ENCLS error code
 * is in error; DOOR_FAILED means that the request itself was malformed or
 * the machine is out of a resource, with errno in error. */
enum door_status { DOOR_OK = 0, DOOR_ERROR_CODE, DOOR_FAULT, DOOR_FAILED };

struct door_header {
	uint32_t op;
	uint32_t size; /* of the whole request, header included */
};

struct door_reply {
	uint32_t op; /* the request's */
	uint32_t status; /* enum door_status */
	uint32_t error; /* SGX error code, or errno with DOOR_FAILED */
	uint32_t vector; /* with DOOR_FAULT */
	uint64_t address; /* with DOOR_FAULT */
	uint64_t count; /* pages done, for batches; equal to asked if OK */
	char text[160]; /* why, for people; NUL terminated */
};

/* The descriptor that comes along is that of the swap store (swap.h), for
 * reading and writing; none when the store is a file of the driver's own. */
struct door_hello_reply {
	struct door_reply r;
	uint32_t abi;
	uint32_t epc_pages;
	uint32_t cpuid_12_0[4]; /* EAX EBX ECX EDX of CPUID leaf 12H, 0 */
	uint32_t cpuid_12_1[4];
	uint32_t cpuid_12_2[4];
	uint32_t pid; /* of coffer-cpu, for listings */
	uint32_t flags; /* DOOR_CPU_* */
};
#define DOOR_CPU_SECRET_STATE 1u /* state and stacks on memfd_secret */
#define DOOR_CPU_SECRET_EPC 2u /* EPC data pages on memfd_secret */
#define DOOR_CPU_PTRACE_SLOT 4u /* cells' ptrace slot is held */
#define DOOR_CPU_SEALED_TEXT 8u
#define DOOR_CPU_TRAPS_CPUID 16u /* CPUID in an enclave is #UD */
#define DOOR_CPU_TRAPS_RDTSC 32u /* so is RDTSC, on SGX1 machines */

/* Descriptor passed: the host's arena memfd, sealed against shrinking, not of
 * huge pages.  ELRANGE and the arena meet neither each other nor what is the
 * cell's own (cell/control.h): EINVAL. */
struct door_create {
	struct door_header h;
	uint64_t arena_va; /* the same address in the host and in the cell */
	uint64_t arena_size;
	struct sgx_secs secs;
};

/* No descriptor: the source pages lie in the arena given at CREATE.
 * DOOR_FAILED with EBUSY: a page is there already; ENOMEM: the EPC is full and
 * nothing can be evicted; EFAULT: the source is not in the arena.  Looked at in
 * this order. */
#define DOOR_SOURCE_ZERO UINT64_MAX
struct door_add {
	struct door_header h;
	uint32_t enclave;
	uint32_t count;
	uint32_t measure; /* 1: EEXTEND all 16 chunks of each page */
	uint32_t reserved;
	uint64_t linaddr; /* of the first page; the others follow */
	uint64_t secinfo_flags;
	uint64_t source; /* offset in the arena, or DOOR_SOURCE_ZERO */
};

/* Where the enclave's threads meet the host: see cell/gate.h. */
struct door_init {
	struct door_header h;
	uint32_t enclave;
	uint32_t reserved;
	uint64_t gate_offset; /* of the mailboxes in the arena, page aligned */
	/* Mailboxes: the TCS pages in EADD order, then spare ones for TCS pages
	 * made later (EMODT), in the order in which they are accepted. */
	uint64_t gate_count;
	/* 64 KiB reserved within 1 GiB of ELRANGE, and beside it, the arena
	 * and the cell's own. */
	uint64_t trampoline_va;
	struct sgx_sigstruct sigstruct;
	struct sgx_einittoken token;
};

/* The checks of a page are the Linux driver's, DOOR_FAILED with its errno: EFAULT
 * for a page that is not there, EINVAL for a type that the leaf does not take,
 * EPERM to remove what is no accepted TRIM page.  A cell that does not let go
 * of a page in time is ended: EIO (with DEBUG it is left alone: EBUSY). */
struct door_pages {
	struct door_header h;
	uint32_t enclave;
	uint32_t count; /* pages */
	uint64_t linaddr;
	uint64_t value;
};

struct door_lepubkeyhash {
	struct door_header h;
	uint8_t hash[32];
};

struct door_enclave {
	struct door_header h;
	uint32_t enclave;
	uint32_t reserved;
};

/* Counters run since ECREATE. */
struct door_stat_reply {
	struct door_reply r;
	uint32_t cell_pid; /* 0 before INIT and after the end */
	uint32_t threads; /* logical processors inside now */
	uint64_t entries, aex, enclu; /* as the cell counts them */
	uint64_t resident; /* EPC pages: SECS, TCS, VA and regular ones */
	uint64_t evicted; /* pages in the swap store */
	uint64_t page_ins, page_outs; /* ELDU, EWB */
	uint64_t faults; /* page faults that the pager answered */
	uint64_t added; /* EAUG */
	uint8_t mrenclave[32];
	uint8_t mrsigner[32];
	uint16_t isv_prod_id, isv_svn;
	uint32_t debug;
	uint32_t tcs; /* TCS pages */
	uint32_t tampered; /* 1: locked, see door_event */
};

struct door_machine_reply {
	struct door_reply r;
	uint64_t epc_pages, epc_used; /* used: by SECS, TCS, VA, regular */
	uint64_t va_pages; /* of epc_used */
	uint64_t storage; /* pages of memory behind the EPC, taken for real */
	uint64_t swap_pages; /* in the swap store */
	uint64_t page_ins, page_outs;
	uint64_t tampered; /* enclaves locked since power on */
	uint32_t enclaves;
	uint32_t reserved;
};

/* Events, on their own socket. */
enum door_event_kind {
	DOOR_EVENT_CELL_DIED = 1,
	/* An evicted page failed its check.  The enclave is locked: its cell
	 * has ended, what is left of it can only be removed. */
	DOOR_EVENT_TAMPERED = 2,
};
struct door_event {
	uint32_t kind;
	uint32_t enclave;
	uint32_t wait_status; /* as wait(2) gives it */
	uint32_t reserved;
	uint64_t linaddr; /* TAMPERED: of the page */
	char text[160];
};

#endif
