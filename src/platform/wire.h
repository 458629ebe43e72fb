/* SPDX-License-Identifier: MIT */
/*
 * What an application asks of cofferd: the Linux SGX driver's verbs and a
 * few of our own, over one SOCK_SEQPACKET unix socket per process,
 * <runtime>/<vm>/driver.sock.  docs/protocol-driver.md has the rules.
 *
 * A request is one message: wire_header, the command's struct, what that
 * struct's pointers point to.  For an ioctl of <asm/sgx.h> the command is
 * the ioctl's number and the struct is the ioctl's own.  A reply is one
 * message: wire_reply, then the struct where the ioctl is an _IOWR (written
 * back also on failure, as the kernel does), or the command's reply struct.
 * size is that of the whole message; tag is the requester's and comes back.
 * Little endian, as the machine.
 *
 *   request                      payload after the header          reply
 *   WIRE_HELLO                   wire_hello [+ arena memfd]        wire_info
 *   WIRE_OPEN                    -                                 handle
 *   SGX_IOC_ENCLAVE_CREATE       sgx_enclave_create, SECS          -
 *   SGX_IOC_ENCLAVE_ADD_PAGES    sgx_enclave_add_pages, SECINFO    struct
 *   SGX_IOC_ENCLAVE_PROVISION    sgx_enclave_provision             -
 *   WIRE_GATE                    wire_gate                         -
 *   SGX_IOC_ENCLAVE_INIT         sgx_enclave_init, SIGSTRUCT       -
 *   SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, _MODIFY_TYPES,
 *     _REMOVE_PAGES              their struct                      struct
 *   WIRE_INTERRUPT, WIRE_CLOSE   -                                 -
 *   WIRE_LIST                    wire_list                         wire_listing
 *   WIRE_INFO                    -                                 wire_info
 *   WIRE_SWAP                    -                                 wire_swap
 *   WIRE_QUOTING                 -                                 -
 *   WIRE_SHUTDOWN                -                                 -
 */
#ifndef COFFER_PLATFORM_WIRE_H
#define COFFER_PLATFORM_WIRE_H

#include <asm/sgx.h>
#include <coffer/sgx_arch.h>
#include <stdint.h>

#define WIRE_ABI 2u
#define WIRE_MESSAGE_MAX 8192u /* bytes of any message */
#define WIRE_TEXT_MAX 256u

enum wire_command {
	WIRE_HELLO = 0xc0ffe001u,
	WIRE_OPEN, /* as open(2) of /dev/sgx_enclave; reply.handle is new */
	WIRE_GATE, /* where hosts and threads meet; between CREATE and INIT */
	WIRE_CLOSE, /* removes the enclave and its pages; handle is gone */
	WIRE_INTERRUPT, /* every running thread of the enclave takes an AEX */
	WIRE_LIST, /* enclaves of all clients */
	WIRE_INFO,
	WIRE_SHUTDOWN, /* ends the machine with all its enclaves */
	/* From cofferd, unasked, tag 0: the enclave of handle is lost, or,
	 * with handle 0, the whole machine.  result and text say why. */
	WIRE_EVENT,
	/* Where evicted pages lie (cpu/swap.h): the reply brings a descriptor
	 * for reading and writing.  The pages are sealed; no enclave trusts
	 * this memory. */
	WIRE_SWAP,
	/* The reply brings one end of a connection to coffer-quoting
	 * (quoting/quoting.h), which is started if it does not run. */
	WIRE_QUOTING,
};

struct wire_header {
	uint32_t size;
	uint32_t command;
	uint64_t handle; /* of an enclave, or 0 */
	uint64_t tag;
};

struct wire_reply {
	uint32_t size;
	uint32_t command;
	uint64_t handle;
	uint64_t tag;
	int32_t result; /* 0 or a negative errno */
	uint32_t reserved;
	char text[WIRE_TEXT_MAX]; /* with a failure: why; NUL terminated */
};

/* The arena's descriptor comes with the message: a memfd of at least
 * arena_size bytes with F_SEAL_SHRINK.  Without a descriptor (and both fields
 * 0) the client can look, but not create. */
struct wire_hello {
	uint32_t abi;
	uint32_t reserved;
	uint64_t arena_va; /* page aligned */
	uint64_t arena_size;
};

/* In sgx_enclave_add_pages.flags, beside SGX_PAGE_MEASURE: pages of zeroes;
 * src is ignored.  Without it src is an address in the arena. */
#define WIRE_PAGE_ZERO (1ull << 63)

/* In sgx_enclave_provision.fd.  The right that a descriptor of
 * /dev/sgx_provision proves comes here with the connection. */
#define WIRE_PROVISION_FD UINT64_MAX

struct wire_gate {
	uint64_t mailboxes; /* address in the arena, page aligned */
	/* At least as many as TCS pages were added, in that order; the rest is
	 * for pages that become TCS later, in the order of their EACCEPT. */
	uint64_t count;
	uint64_t trampoline_va; /* page aligned; see cell/gate.h */
};

struct wire_info {
	uint32_t abi;
	uint32_t cpu_flags; /* DOOR_CPU_* of cpu/door.h */
	char vm[64];
	char vm_size[32];
	/* Pages; used: by SECS, TCS, VA (va_pages of them), regular ones. */
	uint64_t epc_pages, epc_used, va_pages;
	uint64_t storage; /* pages of memory that the EPC takes for real */
	uint64_t swap_pages; /* evicted, in the swap store */
	/* Since power on: pages loaded (ELDU) and evicted (EWB); enclaves
	 * locked because an evicted page had been changed; enclaves lost. */
	uint64_t page_ins, page_outs, tampered, lost;
	uint32_t cofferd_pid, cpu_pid;
	uint32_t clients, enclaves;
	/* EAX EBX ECX EDX of CPUID leaf 12H, by sub-leaf. */
	uint32_t cpuid_12_0[4], cpuid_12_1[4], cpuid_12_2[4];
	/* Which state directory (st_dev, st_ino): another one may have a
	 * machine of the same name. */
	uint64_t state_dev, state_ino;
};

struct wire_swap {
	uint64_t size; /* bytes, at this moment */
	uint32_t file; /* 1: a file that the machine was given; 0: memory */
	uint32_t reserved;
};

enum wire_enclave_state {
	WIRE_STATE_OPEN = 0, /* no SECS yet */
	WIRE_STATE_CREATED, /* pages are being added */
	WIRE_STATE_INITIALIZED,
	WIRE_STATE_LOST, /* its cell has died */
	WIRE_STATE_CLOSING,
	WIRE_STATE_TAMPERED, /* an evicted page was changed: it is locked */
};

struct wire_list {
	uint64_t after; /* enclaves with a greater id; 0 at first */
};

struct wire_enclave {
	uint64_t id; /* unique while the machine runs */
	uint64_t base, size;
	uint64_t entries, aex, enclu; /* as its cell counts them */
	uint64_t resident; /* EPC pages: SECS, TCS, VA and regular ones */
	uint64_t evicted; /* pages in the swap store */
	/* Since CREATE: pages loaded, evicted; page faults that the processor
	 * answered; pages added by EAUG. */
	uint64_t page_ins, page_outs, faults, added;
	uint32_t pid; /* of the application */
	uint32_t cell_pid; /* or 0 */
	uint32_t state; /* enum wire_enclave_state */
	uint32_t debug;
	uint32_t threads; /* TCS pages */
	uint32_t inside; /* threads inside now */
	uint16_t isv_prod_id, isv_svn;
	uint32_t number; /* the processor's for it, as in cpu/swap.h */
	/* These and the product's numbers: zero before INIT. */
	uint8_t mrenclave[32];
	uint8_t mrsigner[32];
};

#define WIRE_LIST_MAX 32u
struct wire_listing {
	uint32_t count; /* of the items that follow, by ascending id */
	uint32_t more; /* 1: there are others after the last */
	struct wire_enclave item[];
};

#define WIRE_CHECK(condition) \
	_Static_assert(condition, "the wire format has changed")
WIRE_CHECK(sizeof(struct wire_header) == 24);
WIRE_CHECK(sizeof(struct wire_reply) == 32 + WIRE_TEXT_MAX);
WIRE_CHECK(sizeof(struct wire_hello) == 24);
WIRE_CHECK(sizeof(struct wire_gate) == 24);
WIRE_CHECK(sizeof(struct wire_info) == 256);
WIRE_CHECK(sizeof(struct wire_swap) == 16);
WIRE_CHECK(sizeof(struct wire_enclave) == 192);
WIRE_CHECK(sizeof(struct wire_header) + sizeof(struct sgx_enclave_create) +
	sizeof(struct sgx_secs) <= WIRE_MESSAGE_MAX);
WIRE_CHECK(sizeof(struct wire_reply) + sizeof(struct wire_listing) +
	WIRE_LIST_MAX * sizeof(struct wire_enclave) <= WIRE_MESSAGE_MAX);
#undef WIRE_CHECK

#endif
