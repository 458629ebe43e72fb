/* SPDX-License-Identifier: MIT */
/*
 * Private to the cell: a freestanding program that executes one enclave, one
 * thread per TCS.  Nothing in it is trusted by the processor or by the host,
 * and enclave code, which runs in the same address space, can overwrite its
 * data: what the cell does wrong harms its own enclave only.
 *
 * A thread's area (CELL_AREA_SIZE bytes, aligned so, index = TCS index):
 *
 *   0x0000  struct thread
 *   0x0400  XSAVE buffer for ERESUME (64-aligned)
 *   0x1000  stack of the gate, grows down from 0x3000
 *   0x3000  alternate signal stack, up to 0x10000: a dozen frames,
 *           for signals that others send while one is handled
 */
#ifndef COFFER_CELL_CELL_H
#define COFFER_CELL_CELL_H

#define AREA_XSAVE 0x400
#define AREA_XSAVE_SIZE 0xc00
#define AREA_STACK_TOP 0x3000
#define AREA_ALTSTACK 0x3000

/* Offsets in struct thread for assembly. */
#define T_RUNNING 0x00
#define T_LINE 0x08
#define T_STUB 0x10
#define T_FSBASE 0x18
#define T_GSBASE 0x20
#define T_RAX 0x28
#define T_RBX 0x30
#define T_RCX 0x38
#define T_RDX 0x40
#define T_RSI 0x48
#define T_RBP 0x50
#define T_R8 0x58
#define T_R9 0x60

#define SLOT_RDI 0
#define SLOT_RSP 8
#define SLOT_ENTRY 16
#define SLOT_SIZE 32
#define STUB_SIZE 32

/* Addresses of control.h, as plain numbers for assembly. */
#define CELL_TABLE_VA 0x2c0020000000
#define CELL_AREAS_VA 0x2c0010000000
#define CELL_AREA_SHIFT 16
#define CELL_TCS_COUNT_MAX 1024

#ifndef __ASSEMBLER__
#include "control.h"
#include "gate.h"
#include "ssa.h"
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

struct thread {
	uint32_t running; /* enum thread_running */
	uint32_t index;
	struct gate_mailbox *line;
	const void *stub;
	/* What EENTER loads. */
	uint64_t fsbase, gsbase;
	uint64_t rax, rbx, rcx, rdx, rsi, rbp, r8, r9;
	/* The TCS, as the cell keeps it. */
	uint32_t cssa;
	uint32_t nssa;
	uint32_t frames;
	uint32_t reserved;
	uint64_t ossa; /* address of frame 0 */
	const struct cell_tcs *tcs;
	struct cell_service *service;
	struct cell_counters *counters;
	uint32_t generation; /* of the TCS that the fields above are of */
	uint32_t out; /* 1: the TCS is evicted, see orders.c */
};

enum thread_running {
	THREAD_OUTSIDE = 0,
	THREAD_INSIDE = 1, /* between EENTER or ERESUME and EEXIT or AEX */
	THREAD_ENTERING = 2,
};

#define THREAD_AT(field, offset) \
	_Static_assert(offsetof(struct thread, field) == (offset), #field)
THREAD_AT(running, T_RUNNING);
THREAD_AT(line, T_LINE);
THREAD_AT(stub, T_STUB);
THREAD_AT(fsbase, T_FSBASE);
THREAD_AT(gsbase, T_GSBASE);
THREAD_AT(rax, T_RAX);
THREAD_AT(rbx, T_RBX);
THREAD_AT(rcx, T_RCX);
THREAD_AT(rdx, T_RDX);
THREAD_AT(rsi, T_RSI);
THREAD_AT(rbp, T_RBP);
THREAD_AT(r8, T_R8);
THREAD_AT(r9, T_R9);
_Static_assert(sizeof(struct thread) <= AREA_XSAVE, "struct thread is too big");

_Static_assert(CELL_TABLE_VA == CELL_TABLE && CELL_AREAS_VA == CELL_AREAS
	&& 1ull << CELL_AREA_SHIFT == CELL_AREA_SIZE
	&& CELL_TCS_COUNT_MAX == CELL_TCS_MAX, "assembly and C disagree");

struct gate_slot {
	uint64_t rdi, rsp, entry, reserved;
};

extern struct gate_slot gate_slots[CELL_TCS_COUNT_MAX]; /* RDI, RSP, entry */
extern const char cell_text_start[], cell_text_end[];
extern char cell_data_start[], cell_data_end[];
extern const char gate_stubs[], gate_stubs_end[];
extern const char gate_exit_entry[], gate_trap_enclu[];
extern const char cell_read_fault[], cell_read_fixup[];
extern const char cell_xrstor_fault[], cell_xrstor_fixup[];
extern const char cell_syscall_return[]; /* after the syscall instruction */
extern const char cell_sigreturn_return[]; /* after that of the restorer */
extern uint64_t gate_el_base, gate_el_pages;

#define control ((struct cell_control *)CELL_CONTROL)

/* asm.S */
long cell_syscall(long nr, long a, long b, long c, long d, long e, long f);
long cell_clone(unsigned long flags, void *stack, void (*fn)(struct thread *),
	struct thread *arg);
_Noreturn void gate_enter(struct thread *); /* registers, then the enclave */
_Noreturn void gate_resume(const struct sgx_regs *, const void *xsave);
/* Byte at p, or -1 if it cannot be read. */
int cell_read_byte(const void *p);
/* XRSTOR of every component from a 64-aligned area: 0, or -1 after #GP. */
int cell_try_xrstor(const void *xsave);
_Noreturn void cell_switch_stack(struct thread *, void (*fn)(struct thread *));
void cell_restorer(void);
void cell_signal(int sig, siginfo_t *info, void *context);

/* gate.c */
_Noreturn void gate_loop(struct thread *);
_Noreturn void gate_eenter(struct thread *); /* with the mailbox's registers */
_Noreturn void gate_exited(struct thread *);
_Noreturn void gate_answer(struct thread *, uint32_t what, uint64_t a,
	uint64_t b, uint64_t c);

/* EENTER's and ERESUME's look at the TCS; answers the host itself if it cannot
 * be entered. */
void thread_enter(struct thread *t);

#define SIGNAL_KICK SIGURG
/* Signals that interrupt, not those that report exceptions, are blocked while
 * the handler runs, so that kicks do not pile up on its stack. */
#define KICK_MASK (1ull << (SIGNAL_KICK - 1))

/* aex.c: store the state in the SSA and answer the host.  regs and xsave are
 * those of the interrupted enclave code. */
_Noreturn void aex(struct thread *, const struct sgx_regs *regs,
	const void *xsave, const struct sgx_event *);

/* resume.c: ERESUME; answers the host itself when it faults. */
_Noreturn void gate_eresume(struct thread *);

/* enclu.c: a trapped ENCLU of this many bytes.  Continues the enclave, or
 * answers the host. */
_Noreturn void enclu_execute(struct thread *, struct sgx_regs *regs,
	const void *xsave, unsigned length);

/* opcode.c: is the instruction at rip one that SGX makes #UD? */
int opcode_is_illegal(uint64_t rip);
/* Length of the ENCLU at rip, prefixes that it ignores included, or 0. */
unsigned opcode_enclu_length(uint64_t rip);
/* Length of the INT3 or INT 3 that ends where this address is. */
unsigned opcode_breakpoint_length(uint64_t behind);

/* code_map.c: code of enclaves that may be debugged.  keep: 1 if the chunk's
 * descriptor was taken over; map: 1 if the order was executed; close_others:
 * every descriptor but those kept, 0 or -errno. */
int code_keep(const struct cell_chunk *, long fd);
int code_map(const struct cell_order *);
void code_drop(uint64_t home);
long code_close_others(void);

/* filter.c: the first filter lets the processor answer CELL_TAKE and nothing
 * else; its listener is returned, or -errno. */
long filter_listen(void);
/* The final one, on all threads. 0 or -errno */
long filter_install(void);

/* orders.c */
void doorbell_ring(void);
void orders_look(void); /* executes what is there */
/* Executes some of the orders that are there, unless somebody is at it; how
 * many.  Takes no storage. */
uint32_t orders_some(uint32_t most);
void orders_serve(void); /* for ever, or until the order to start */
long order_map(const struct cell_order *); /* negative: failed */

/* ask.c: asks the processor and waits; the answer is in t->service.  0 if the
 * maps that came with it could not be made. */
int ask_processor(struct thread *t, uint32_t leaf,
	const struct sgx_regs *regs);
/* A page fault in ELRANGE: 1 when the access can be tried again, 0 when it
 * faults as *event then says. */
int ask_page(struct thread *t, uint64_t address, uint32_t error,
	struct sgx_event *event);
/* 1: the TCS is back; 0: entering faults as t->service says. */
int ask_tcs(struct thread *t);

/* main.c: takes over the TCS as it is now described. */
void thread_sit(struct thread *t);

/* host_page.c: maps or forgets a fetched page of host memory. */
long host_page_map(uint64_t page, uint64_t slot, int writable);
long host_page_unmap(uint64_t page);

/* Something is wrong here; the exit status says what. */
enum cell_death {
	CELL_DIED_STARTING = 70,
	CELL_DIED_STORAGE = 71, /* what was offered cannot be taken */
	CELL_DIED_FRAMES = 72, /* an AEX without a frame of the SSA */
	CELL_DIED_NO_FRAME = 73, /* the frame's page cannot be brought */
	CELL_DIED_MEMORY = 74, /* SIGBUS */
	CELL_DIED_FAULT = 75, /* a fault in the cell's own code */
};
_Noreturn void cell_die(enum cell_death why);
/* The host has said that it is over: exit status 0. */
_Noreturn void cell_end(void);

static inline struct thread *cell_thread_here(void)
{
	return (struct thread *)((uintptr_t)__builtin_frame_address(0)
		& ~(CELL_AREA_SIZE - 1));
}

static inline struct thread *cell_thread(uint32_t index)
{
	return (struct thread *)(CELL_AREAS + index * CELL_AREA_SIZE);
}

/* All flags of user mode off. */
static inline void cell_clear_flags(void)
{
	__asm__ volatile("pushq $2\n\tpopfq" : : : "memory", "cc");
}

static inline int in_enclave(uint64_t address)
{
	return address - control->el_base < control->el_size;
}
#endif
#endif
