/* SPDX-License-Identifier: MIT */
/*
 * liboehost inside: an enclave, and the slots in which threads visit it.
 *
 * A slot stands for a TCS.  A host thread that makes an ecall takes a free
 * slot and keeps it until its outermost ecall on that enclave ends; ecalls
 * that it makes meanwhile, from within ocalls, use the same slot.  Nothing
 * on this path takes a lock or makes a system call.
 *
 * Everything that the enclave says is untrusted, as everything that the host
 * says is to the enclave.
 */
#ifndef COFFER_HOST_OE_ENCLAVE_H
#define COFFER_HOST_OE_ENCLAVE_H

#include "../driver.h"

#include <coffer/call_abi.h>
#include <coffer/debug.h>
#include <openenclave/host.h>
#include <pthread.h>
#include <stdatomic.h>

struct image;

/* Host memory of a slot that the enclave reaches: one shared block. */
struct slot_shared {
	struct call_context context;
	uint8_t pad1[16];
	struct call_args args; /* of the ecall that runs in the slot */
	uint8_t pad2[72];
	uint8_t ocall_buffer[CALL_OCALL_BUFFER_SIZE];
};
_Static_assert(offsetof(struct slot_shared, args) == 128, "args");
_Static_assert(offsetof(struct slot_shared, ocall_buffer) == 256, "buffer");

struct slot {
	atomic_uint busy;
	uint32_t index; /* of the TCS, in EADD order */
	uint32_t depth; /* ecalls of the owner; the owner's */
	uint32_t dead; /* an exception could not be handled here */
	uint64_t tcs; /* linear address */
	struct slot_shared *shared;
	atomic_int event; /* THREAD_WAIT and THREAD_WAKE; futex */
} __attribute__((aligned(64)));

/* Memory of the host that the enclave asked for. */
struct owned_block {
	uint64_t address; /* 0: no block */
	uint64_t size;
};

struct owned {
	pthread_mutex_t lock;
	struct owned_block *entry;
	uint32_t room, count; /* room is a power of two */
	struct owned *next; /* of all tables, under owned.c's lock */
};

struct _oe_enclave {
	const struct drv_ops *drv;
	struct drv_enclave *machine;
	uint64_t serial; /* never used twice in a process */
	uint64_t base, size;
	char *path;
	bool debug;
	bool grows; /* room was made for it, and the machine has SGX2 */
	atomic_int lost; /* oe_result_t that every call gets, or 0 */
	const oe_ocall_func_t *ocalls;
	uint32_t ocall_count;
	uint32_t name_count;
	/* Local ids by global id, UINT32_MAX where there is none. */
	uint32_t *local_ids;
	struct owned owned;
	/* Threads: the first count slots are there; up to room may follow
	 * (threads.c). */
	atomic_uint slot_count;
	uint32_t slot_room;
	struct slot *slots;
	pthread_mutex_t growing;
	atomic_uint reserve; /* 1 + index of the slot to make others in, or 0 */
	struct coffer_debug_enclave *debugged; /* NULL: not announced */
};

/* ---- slot.c ---- */

/* The slot of the calling thread: the one it is in, or a free one.  OE_OK or
 * OE_OUT_OF_THREADS.  Each take needs a give. */
struct frame {
	struct frame *outer;
	struct _oe_enclave *enclave;
	struct slot *slot;
};
oe_result_t slot_take(struct _oe_enclave *, struct frame *);
void slot_give(struct frame *);
/* The innermost call that the calling thread is in; NULL: none. */
const struct frame *slot_frame(void);
/* By the address that an enclave knows it by; NULL if there is none. */
struct slot *slot_find(struct _oe_enclave *, uint64_t tcs);

/* ---- threads.c ---- */

/* The next slot, whose tcs is set; it counts from now on.  OE_OUT_OF_MEMORY:
 * it does not. */
oe_result_t threads_add(struct _oe_enclave *);

/* From now on the enclave is asked for more when all slots are taken (if
 * there is room), or no more. */
void threads_begin_growing(struct _oe_enclave *);
void threads_stop_growing(struct _oe_enclave *);

/* All slots but the reserve are taken: takes one all the same, and has the
 * enclave make another first.  NULL: there is none. */
struct slot *threads_take_reserve(struct _oe_enclave *,
	struct slot *(*free_one)(struct _oe_enclave *));

/* ---- call.c ---- */

/* One call of the low level: function of enum call_function, value as the
 * enclave gave it.  OE_OK when the enclave answered. */
oe_result_t enclave_call(struct _oe_enclave *, struct slot *,
	uint32_t function, uint64_t argument, uint64_t *value);
/* The same in a slot of its own choosing. */
oe_result_t enclave_visit(struct _oe_enclave *, uint32_t function,
	uint64_t argument, uint64_t *value);

/* ---- ocall.c ---- */

/* Serves one ocall: the transport's result, and the value to answer. */
oe_result_t ocall_serve(struct _oe_enclave *, struct slot *,
	uint32_t function, uint64_t argument, uint64_t *value);

/* What generated code calls for openenclave/edl/memory.edl and sgx/thread.edl,
 * for the enclave that the calling thread is in. */
void *oe_realloc_ocall(void *address, size_t size);
void oe_sgx_thread_wake_wait_ocall(oe_enclave_t *enclave, uint64_t waiter_tcs,
	uint64_t self_tcs);

/* Ends every wait of the enclave's threads, now and from now on; after
 * `lost` is set. */
void ocall_wake_all(struct _oe_enclave *);

/* ---- pages.c ---- */

/* CALL_PAGES: the host's part when the enclave's memory changes. */
oe_result_t ocall_pages(struct _oe_enclave *, uint64_t argument);

/* ---- names.c ---- */

/* Local ids of an enclave's ecalls; false when out of memory. */
bool names_register(struct _oe_enclave *, const oe_ecall_info_t *, uint32_t);
/* Fills a wrapper's id at its first use. */
oe_result_t names_global(uint64_t *global_id, const char *name);

/* ---- log.c ---- */

/* OE's levels. */
enum { HOST_FATAL = 1, HOST_ERROR, HOST_WARNING, HOST_INFO, HOST_VERBOSE };
bool host_log_wanted(int level);
void host_log(int level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A line that an enclave wrote; not terminated. */
void host_log_enclave(int level, const char *text, size_t size);

/* ---- shared.c ---- */

/* The argument structure in front of a block of oe_host_shared_malloc, if
 * this thread took it last; else NULL. */
struct call_args *shared_args_of(const void *in);
/* May an enclave name this range?  Only what it can reach without us. */
bool shared_reachable(const struct _oe_enclave *, uint64_t address,
	uint64_t size);

/* ---- owned.c ---- */

/* False when out of memory. */
bool owned_add(struct owned *, uint64_t address, uint64_t size);
/* False if there is no such block; *size is what it was added with. */
bool owned_remove(struct owned *, uint64_t address, uint64_t *size);
void owned_begin(struct owned *);
void owned_end(struct owned *); /* its blocks live on */
/* Removes a block from whatever table has it; false if none does. */
bool owned_forget(uint64_t address);
/* A quick no for most addresses. */
bool owned_may_have(uint64_t address);

/* ---- debug.c ---- */

/* Tell a debugger of an enclave with the DEBUG attribute: that it is there,
 * before its first call; that it will end; that a thread is stuck.  Others
 * are passed over. */
void debug_created(struct _oe_enclave *);
void debug_ending(struct _oe_enclave *);
void debug_fault(struct _oe_enclave *, uint64_t tcs, uint32_t vector,
	uint64_t address);

/* ---- free.c ---- */

/* The C library's free(3), which ours stands in front of. */
void host_free(void *);

/* Copies what the enclave put into memory that it asked for to memory for
 * free(3), and gives the first back.  OE_UNEXPECTED if it is not such. */
oe_result_t shared_take(struct _oe_enclave *, void *from, size_t size,
	uint8_t **out, size_t *out_size);

/* ---- services.c ---- */

void services_cpuid(struct call_cpuid_table *);
/* What generated code calls for openenclave/edl/sgx/cpu.edl. */
oe_result_t oe_sgx_get_cpuid_table_ocall(void *buffer, size_t size);

#endif
