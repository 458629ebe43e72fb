/* SPDX-License-Identifier: MIT */
/*
 * The gate: where a host thread meets the logical processor (a thread of the
 * cell) that executes one TCS.  One mailbox per TCS, in the arena, which the
 * host and the cell map at the same address; both sides, and any enclave
 * that shares the arena, can write it, so each side copies what it reads
 * once and believes nothing of it beyond what SGX lets a host or an enclave
 * say.
 *
 * One cache line carries a request one way and its answer the other way:
 *
 *   offset  size
 *        0     4  word   whose turn it is, and whether the other side sleeps
 *        4     4  what   enum gate_request or enum gate_answer
 *        8    56  reg    seven values, by request or answer
 *
 *   word         set by   meaning
 *   GATE_HOST    cell     idle or answered: the host's turn; cell spins
 *   GATE_HOST_Z  cell     the same, and the cell sleeps on the word
 *   GATE_CELL    host     a request: the cell's turn
 *   GATE_CELL_Z  host     the same, and the host sleeps on the word
 *   GATE_DEAD    anyone   the machine is gone; final
 *
 * A side hands over with an atomic exchange: the value that comes back tells
 * whether the other side sleeps and wants a FUTEX_WAKE.
 */
#ifndef COFFER_CELL_GATE_H
#define COFFER_CELL_GATE_H

#include <stdint.h>

#define GATE_HOST 0u
#define GATE_HOST_Z 1u
#define GATE_CELL 2u
#define GATE_CELL_Z 3u
#define GATE_DEAD 4u

enum gate_request {
	GATE_DO_EENTER = 2, /* reg: RDI RSI RDX R8 R9 RSP RBP */
	GATE_DO_ERESUME = 3,
	/* A page of host memory was fetched into the arena: map it, then
	 * ERESUME.  reg: page address, address of its slot in the arena, 1 if
	 * writable. */
	GATE_DO_MAP = 16,
	/* Forget a page mapped so.  reg: page address.  Answer: GATE_DID_IT. */
	GATE_DO_UNMAP = 17,
};

enum gate_answer {
	GATE_DID_EEXIT = 4, /* reg: RDI RSI RDX R8 R9 RSP RBP */
	/* An exception in enclave code; the AEX is done.  reg: vector, error
	 * code, address (for #PF, page granular inside ELRANGE, exact outside
	 * it, where the host may fetch the page and resume). */
	GATE_DID_FAULT = 32,
	/* EENTER or ERESUME itself faulted.  reg as above. */
	GATE_DID_NOT_ENTER = 33,
	GATE_DID_INTERRUPT = 34, /* AEX for no reason of the enclave's */
	GATE_DID_IT = 35,
	GATE_DID_REFUSE = 36, /* a request that cannot be granted */
};

struct gate_mailbox {
	uint32_t word;
	uint32_t what;
	uint64_t reg[7];
	/* Pad to four lines: neighbours do not share a prefetched pair, and
	 * the host keeps the call's arguments in the lines that follow. */
	uint64_t pad[24];
} __attribute__((aligned(256)));

#define GATE_STRIDE 256u
_Static_assert(sizeof(struct gate_mailbox) == GATE_STRIDE, "mailbox stride");

#define GATE_TRAMPOLINE_SIZE 65536u

/* How long to wait awake, in this order: pauses, then yields, then sleep.
 * Measured: this never collapsed with 1 to 8 threads on 2 cores; longer
 * spinning, and sleeping at once, did. */
#define GATE_SPIN_PAUSES 100
#define GATE_SPIN_YIELDS 50

#endif
