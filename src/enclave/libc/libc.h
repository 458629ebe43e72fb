/* SPDX-License-Identifier: MIT */
/*
 * Between the trusted runtime (src/enclave/core) and the enclave's C library
 * (this folder: musl, and what stands in for a kernel under it).
 *
 * The first half is what core calls, the second what the library calls.
 *
 * musl finds its struct pthread at FS:0, the thread data page. The first
 * OE_LIBC_TD_SIZE bytes of that page are therefore the library's, but for
 *   offset 0     the page's own address; core sets it, musl reads it
 *   offset 8     musl's dtv, unused in a static program: core's
 *   offset 0x28  the stack protector's canary; core sets it
 * and OE_LIBC_TSD_SIZE bytes from OE_LIBC_TSD_OFFSET on hold the values of
 * pthread keys. The rest of the page is core's. A fresh page is zero.
 */
#ifndef COFFER_ENCLAVE_LIBC_H
#define COFFER_ENCLAVE_LIBC_H

#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

#define OE_LIBC_TD_SIZE 256
#define OE_LIBC_TSD_OFFSET 3072
#define OE_LIBC_TSD_SIZE 1024

/* ---- what core calls ---- */

/*
 * Once, in OE_ECALL_INIT_ENCLAVE, on the first thread, after this thread's
 * oe_libc_thread_init and after oe_allocator_init, before init_array: from
 * then on all of libc works.
 */
oe_result_t oe_libc_initialize(void);

/*
 * The crypto library's start (liboecryptombedtls), after the one above. An
 * enclave without a crypto library gets an empty one from liboelibc.
 */
oe_result_t oe_crypto_initialize(void);

/*
 * When a thread enters at depth 0, before its code: td is the page at FS:0
 * with offsets 0 and 0x28 set; what the library had there is made new. tid
 * is a number from 1 on that no other TCS has, the same at each entry of one
 * TCS. Calls no function of the host.
 */
void oe_libc_thread_init(void *td, int tid);

/*
 * When the thread leaves depth 0, after thread-local destructors of C++:
 * runs the destructors of its pthread keys and takes it off the list of
 * threads. Nothing of libc may be called afterwards.
 */
void oe_libc_thread_exit(void *td);

/*
 * OE_ECALL_CALL_AT_EXIT_FUNCTIONS: runs what atexit registered, in reverse
 * order, and writes out stdio's buffers. A second call finds nothing to do.
 */
void oe_libc_run_atexit(void);

/*
 * A `syscall` instruction (0F 05) was met in enclave code. The first pass of
 * the exception handling, having checked that RIP is inside the enclave and
 * that the two bytes are 0F 05, sets in the saved state
 *	RCX = RIP + 2, R11 = RFLAGS, RIP = &oe_libc_syscall_shim
 * (which is what the instruction itself does to RCX and R11) and continues.
 * The shim runs as ordinary code on the enclave's stack: it leaves the red
 * zone alone, keeps all registers but RAX, RCX and R11, x87 and SSE state
 * included, calls oe_syscall and goes on at RCX. Not a C function.
 */
extern const char oe_libc_syscall_shim[];

/*
 * What a kernel would do for system call n of x86-64 Linux: the result, or a
 * negative errno; -ENOSYS for all that an enclave has not. The list of what
 * is served is in syscall.c.
 */
long oe_syscall(long n, long a, long b, long c, long d, long e, long f);

/* ---- what the library needs from core ---- */

/*
 * Sleep until another thread calls oe_thread_wake with this thread's td, or
 * return at once if that happened since the last wait (one wake is
 * remembered; more are one). May also return for no reason: the host is not
 * trusted to sleep. timeout_ns: the most nanoseconds to sleep, or
 * UINT64_MAX; a host that knows no timeouts returns at any time.
 */
void oe_thread_wait(uint64_t timeout_ns);
void oe_thread_wake(void *td);

/* Write all size bytes (inside the enclave) to the host's stdout (device 1)
 * or stderr (2). OE_OK or why it failed. */
oe_result_t oe_host_write_all(int device, const void *data, size_t size);

/* Nanoseconds since 1970 as the host tells them; 0 when it does not. The
 * resolution is the host's: with a host of the original SDK milliseconds. */
uint64_t oe_host_time_ns(void);

/* RDRAND: false when the processor gave nothing in ten tries. */
bool oe_rdrand64(uint64_t *value);

/* The heap's bounds: page aligned, end not included. */
void *oe_heap_start(void);
void *oe_heap_end(void);

#endif
