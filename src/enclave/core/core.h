/* SPDX-License-Identifier: MIT */
/*
 * What the trusted runtime offers to the rest of the enclave's libraries,
 * beyond <openenclave/enclave.h> and what libc/libc.h asks of it.  Nothing
 * here trusts the host: what it says is copied once and checked.
 */
#ifndef COFFER_ENCLAVE_CORE_H
#define COFFER_ENCLAVE_CORE_H

#include <openenclave/bits/result.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Places (after the first entry). ---- */

uint8_t *core_image_base(void);
uint8_t *core_heap_base(void);
size_t core_heap_size(void); /* bytes, from the signed properties */
size_t core_heap_room(void); /* bytes that it may grow to, signed as well */

/* The calling thread's stack: the bytes from low up to high. */
void core_stack(uint8_t **low, uint8_t **high);

/* Address of this thread's TCS, the number that hosts know threads by. */
uint64_t core_thread_id(void);

/* ---- Calls to the host. ---- */

/* function is of enum call_function; *out, if not NULL, is the host's word.
 * The enclave's status when it is aborting, OE_UNEXPECTED when no call is
 * in progress or the host answered something else. */
oe_result_t core_ocall(uint32_t function, uint64_t argument, uint64_t *out);

/* Host memory of this thread for one ocall, 16-byte aligned, NULL if the
 * host gives none.  Release with core_ocall_buffer_free, in any order. */
void *core_ocall_buffer(size_t size);
void core_ocall_buffer_free(void *buffer);

/* write(2) and read(2) on the host's descriptors 0, 1 and 2 alone: bytes, or
 * a negative errno.  At most 16 KiB at once. */
int64_t core_host_write(int fd, const void *data, size_t size);
int64_t core_host_read(int fd, void *data, size_t size);

/* clock: 0 real time, 1 monotonic.  The host's word, within the bounds of
 * the type; not to be trusted.  0 or a negative errno. */
int core_host_clock(int clock, int64_t *seconds, int64_t *nanoseconds);
int core_host_sleep(uint64_t nanoseconds);

/* A line for the host's log; level is oe_log_level_t's value (1 fatal ..
 * 5 verbose).  Cut at 500 bytes. */
void core_log(int level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- Memory that comes and goes (SGX2). ---- */

/* Whether the host says that the processor can. */
bool core_has_sgx2(void);

/* Makes pages of the heap's room, which nobody uses, readable and writable:
 * how many bytes, from the start on, are.  Their content is unknown. */
size_t core_commit(void *address, size_t size);

/* Gives such pages back, as far as the host takes them. */
void core_release(void *address, size_t size);

/* ---- Spinlocks. ---- */

typedef volatile uint32_t core_spinlock; /* 0 is free */
void core_spin_lock(core_spinlock *lock);
void core_spin_unlock(core_spinlock *lock);

/* ---- The processor. ---- */

/* RDRAND with retries.  False, and 0, if the processor gives none. */
bool core_random64(uint64_t *value);

struct sgx_keyrequest;
struct sgx_report;
struct sgx_targetinfo;

/* EGETKEY: 0 or the SGX error code. */
uint32_t core_egetkey(const struct sgx_keyrequest *request, uint8_t key[16]);
/* seal_key.c: the request for this enclave's seal key by policy
 * (SGX_KEYPOLICY_...), KEYID zero. */
void core_seal_request(uint16_t policy, struct sgx_keyrequest *request);
/* EREPORT.  target NULL: for nobody (zeros).  data NULL: zeros. */
void core_ereport(const struct sgx_targetinfo *target, const uint8_t *data,
	struct sgx_report *report);

/* One of the six cached CPUID leaves (0, 1, 4, 7, 80000000H, 80000001H);
 * false for others. */
bool core_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

#endif
