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
 *        0     4  word   whose turn it is: GATE_HOST or GATE_CELL
 *        4     4  what   enum gate_request or enum gate_answer
 *        8    56  reg    seven values, by request or answer
 *
 * The turn passes with a plain store behind the others: all stores to the
 * line then commit together when the line arrives.  (An atomic exchange waits
 * for the line first, and meanwhile the other side's next look takes it away
 * again: 100 ns.)  Only behind a fence does a side look at the second line,
 * which hardly ever changes:
 *
 *      128     4  cell_sleeps, set by the cell before it sleeps on word
 *      132     4  host_sleeps, set by the host before it sleeps on word
 *      136     4  dead, set by anyone when the machine is gone; final
 *
 * A sleeper sets its flag, and behind a fence looks at the word once more.
 */
#ifndef COFFER_CELL_GATE_H
#define COFFER_CELL_GATE_H

#include <stdint.h>

#define GATE_HOST 0u
#define GATE_CELL 2u

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
	uint64_t pad1[8]; /* lines are fetched in pairs */
	uint32_t cell_sleeps;
	uint32_t host_sleeps;
	uint32_t dead;
	uint32_t pad2[29];
} __attribute__((aligned(256)));

#define GATE_STRIDE 256u
_Static_assert(sizeof(struct gate_mailbox) == GATE_STRIDE, "mailbox stride");

#define GATE_TRAMPOLINE_SIZE 65536u

/* How long to wait awake, in this order: pauses, then yields, then sleep.
 * Measured: this never collapsed with 1 to 8 threads on 2 cores; longer
 * spinning, and sleeping at once, did. */
#define GATE_SPIN_PAUSES 100
#define GATE_SPIN_YIELDS 50

/* Everything stored before is seen by others before anything is loaded
 * after. */
static inline void gate_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Pass the turn. */
static inline void gate_pass(struct gate_mailbox *box, uint32_t to)
{
	__atomic_store_n(&box->word, to, __ATOMIC_RELEASE);
	gate_fence();
}

#endif
