/* SPDX-License-Identifier: MIT */
/*
 * The processor's door: what cofferd, in the operating system's role, may
 * ask of coffer-cpu.  One SOCK_SEQPACKET socketpair; the driver writes one
 * request and reads one reply, in order; events come on a second socketpair
 * so that they never mix with replies.  Each request is one or a batch of
 * ENCLS leaves (or a machine-specific register write); the processor checks
 * each as silicon would and returns the architectural outcome as a value.
 *
 * The driver chooses EPC pages by index, as a kernel does by address; it
 * passes descriptors of the host's shared memory on without mapping them.
 *
 * coffer-cpu is started by cofferd as
 *   coffer-cpu --door FD --events FD --state DIR [--epc-pages N]
 *              [--ptrace-slot] [--log FD]
 * DIR is the virtual machine's state directory; it holds the fuses, which
 * only coffer-cpu reads.  End of file on the door ends the processor, its
 * cells and everything that they held.
 */
#ifndef COFFER_CPU_DOOR_H
#define COFFER_CPU_DOOR_H

#include <coffer/sgx_arch.h>
#include <stdint.h>

#define DOOR_ABI 1u
#define DOOR_BATCH_MAX 65536u /* pages in one EADD or EREMOVE request */
#define DOOR_TCS_MAX 1024u

enum door_op {
	DOOR_HELLO = 1, /* -> struct door_hello_reply */
	DOOR_ECREATE,   /* struct door_ecreate */
	DOOR_EADD,      /* struct door_eadd: EADD, and 16 EEXTEND if measured */
	DOOR_EINIT,     /* struct door_einit */
	DOOR_EREMOVE,   /* struct door_eremove */
	DOOR_WRMSR_LEPUBKEYHASH, /* struct door_lepubkeyhash */
	DOOR_KICK,      /* struct door_secs: interrupt every running thread */
	DOOR_STOP,      /* struct door_secs: end the cell; no more entries */
	DOOR_STAT,      /* struct door_secs -> struct door_stat_reply */
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

struct door_hello_reply {
	struct door_reply r;
	uint32_t abi;
	uint32_t epc_pages;
	uint32_t cpuid_12_0[4]; /* EAX EBX ECX EDX of CPUID leaf 12H, 0 */
	uint32_t cpuid_12_1[4];
	uint32_t pid; /* of coffer-cpu, for listings */
	uint32_t flags; /* DOOR_CPU_* */
};
#define DOOR_CPU_SECRET_STATE 1u /* state and stacks on memfd_secret */
#define DOOR_CPU_SECRET_EPC 2u /* EPC data pages on memfd_secret */
#define DOOR_CPU_PTRACE_SLOT 4u /* cells' ptrace slot is held */
#define DOOR_CPU_SEALED_TEXT 8u
#define DOOR_CPU_TRAPS_CPUID 16u /* CPUID in an enclave is #UD */
#define DOOR_CPU_TRAPS_RDTSC 32u /* so is RDTSC, on SGX1 machines */

/* Descriptor passed: the host's arena memfd, sealed against shrinking. */
struct door_ecreate {
	struct door_header h;
	uint32_t epc; /* page that becomes the SECS */
	uint32_t reserved;
	uint64_t arena_va; /* the same address in the host and in the cell */
	uint64_t arena_size;
	struct sgx_secs secs;
};

/* No descriptor: the source pages lie in the arena given at ECREATE. */
#define DOOR_SOURCE_ZERO UINT64_MAX
struct door_eadd {
	struct door_header h;
	uint32_t secs_epc;
	uint32_t epc; /* first of count consecutive EPC pages */
	uint32_t count;
	uint32_t measure; /* 1: EEXTEND all 16 chunks of each page */
	uint64_t linaddr; /* of the first page; the others follow */
	uint64_t secinfo_flags;
	uint64_t source; /* offset in the arena, or DOOR_SOURCE_ZERO */
};

/* Where the enclave's threads meet the host: see cell/gate.h. */
struct door_einit {
	struct door_header h;
	uint32_t secs_epc;
	uint32_t reserved;
	uint64_t gate_offset; /* of the mailboxes in the arena, page aligned */
	uint64_t gate_count; /* mailboxes: the TCS pages in EADD order */
	uint64_t trampoline_va; /* 64 KiB reserved within 1 GiB of ELRANGE */
	struct sgx_sigstruct sigstruct;
	struct sgx_einittoken token;
};

struct door_eremove {
	struct door_header h;
	uint32_t epc; /* first */
	uint32_t count;
};

struct door_lepubkeyhash {
	struct door_header h;
	uint8_t hash[32];
};

struct door_secs {
	struct door_header h;
	uint32_t secs_epc;
	uint32_t reserved;
};

struct door_stat_reply {
	struct door_reply r;
	uint32_t cell_pid; /* 0 before EINIT and after the end */
	uint32_t threads; /* logical processors inside now */
	uint64_t entries, aex, enclu; /* since EINIT, as the cell counts them */
	uint8_t mrenclave[32];
	uint8_t mrsigner[32];
	uint16_t isv_prod_id, isv_svn;
	uint32_t debug;
};

/* Events, on their own socket. */
enum door_event_kind { DOOR_EVENT_CELL_DIED = 1 };
struct door_event {
	uint32_t kind;
	uint32_t secs_epc;
	uint32_t wait_status; /* as wait(2) gives it */
	uint32_t reserved;
	char text[160];
};

#endif
