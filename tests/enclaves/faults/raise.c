/* SPDX-License-Identifier: MIT */
/* One exception with every register full of what must come back. */
#include <coffer/sgx_arch.h>
#include <openenclave/enclave.h>
#include <stdlib.h>
#include <string.h>

#include "faults_t.h"
#include "plan.h"

#define MARK 0x0f0f0f0f0f0f0f0full
#define FLAGS_PLAIN 0x8d5ull /* CF PF AF ZF SF OF */
#define FLAG_DF 0x400ull
#define FLAG_AC 0x40000ull
#define FLAG_ID 0x200000ull
#define FLAGS_LOOKED_AT (FLAGS_PLAIN | FLAG_DF | FLAG_AC | FLAG_ID)
#define MXCSR 0x1f80u
#define MXCSR_ZE 4u /* the flag; its mask is 0x200 */
#define FSW_AT 2 /* in the FXSAVE image */
#define RED_ZONE 128
#define ROOM 32768

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

struct half {
	uint64_t r[16];
	uint64_t flags, target, stack, mxcsr;
	double x87; /* in: not 0, leave a division by zero pending */
	uint64_t rest[11];
};

/* The assembly knows this layout. */
struct block {
	struct half in, out;
	uint8_t ymm_in[16][32], ymm_out[16][32];
	uint8_t room[ROOM] __attribute__((aligned(64)));
	uint32_t fault, how;
	int wrong, handled;
};

_Thread_local struct block ft_block __attribute__((aligned(64)));

void ft_run(void);
extern const uint8_t ft_faults[], ft_back[];

static const struct plan {
	uint8_t length;
	uint8_t code; /* OE_EXCEPTION_* */
	uint16_t error;
} plans[FT_COUNT] = {
	[FT_DIVIDE] = { 2, OE_EXCEPTION_DIVIDE_BY_ZERO, 0 },
	[FT_UD2] = { 2, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_GP] = { 2, OE_EXCEPTION_ACCESS_VIOLATION, 0 },
	[FT_PF_WRITE] = { 2, OE_EXCEPTION_PAGE_FAULT, 0x8007 },
	[FT_PF_OUTSIDE] = { 2, OE_EXCEPTION_PAGE_FAULT, 4 },
	[FT_PF_FETCH] = { 0, OE_EXCEPTION_PAGE_FAULT, 0x8015 },
	[FT_AC] = { 2, OE_EXCEPTION_MISALIGNMENT, 0 },
	[FT_XM] = { 3, OE_EXCEPTION_SIMD_FLOAT_POINT, 0 },
	[FT_MF] = { 1, OE_EXCEPTION_X87_FLOAT_POINT, 0 },
	[FT_INT3] = { 1, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_INT_3] = { 2, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_INT_4] = { 2, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_INT_46] = { 2, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_CPUID] = { 2, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_CPUID_PREFIXED] = { 4, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_RDPMC] = { 2, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_IN] = { 1, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_OUT] = { 1, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_INS] = { 1, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_OUTS] = { 1, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_RETF] = { 1, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_IRET] = { 2, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_FAR_JUMP] = { 2, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_FAR_CALL] = { 2, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_LSS] = { 3, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_MOV_DS] = { 2, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_GETSEC] = { 2, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_VMFUNC] = { 3, OE_EXCEPTION_ILLEGAL_INSTRUCTION, 0 },
	[FT_HLT] = { 1, OE_EXCEPTION_ACCESS_VIOLATION, 0 },
	[FT_LGDT] = { 3, OE_EXCEPTION_ACCESS_VIOLATION, 0 },
};

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed ^ *seed >> 29;
}

/* The first thing that is wrong stays. */
static void expect(int ok, int number)
{
	if (!ok && !ft_block.wrong)
		ft_block.wrong = number;
}

/* A context's registers in the order of struct half. */
static void gather(const oe_context_t *c, uint64_t **r)
{
	const uint64_t *order[16] = {
		&c->rax, &c->rcx, &c->rdx, &c->rbx, &c->rsp, &c->rbp, &c->rsi,
		&c->rdi, &c->r8, &c->r9, &c->r10, &c->r11, &c->r12, &c->r13,
		&c->r14, &c->r15,
	};

	for (int i = 0; i < 16; i++)
		r[i] = (uint64_t *)order[i];
}

static void check_record(const oe_exception_record_t *record,
	const struct plan *plan)
{
	const struct block *b = &ft_block;
	uint64_t at = b->fault == FT_PF_FETCH ? b->in.r[RCX] : b->in.target;
	uint64_t touched = plan->code == OE_EXCEPTION_PAGE_FAULT
		? b->in.r[RCX] : 0;

	if ((b->how & FT_COARSE) && b->fault != FT_PF_OUTSIDE)
		touched &= ~4095ull;
	expect(record->code == plan->code, 1);
	expect(record->flags == OE_EXCEPTION_FLAGS_HARDWARE, 2);
	expect(record->address == at && record->context->rip == at, 3);
	expect(record->error_code == plan->error, 4);
	expect(record->faulting_address == touched, 5);
}

/* Everything as it was, then a mark on every register. */
static uint64_t handler(oe_exception_record_t *record)
{
	struct block *b = &ft_block;
	const struct plan *plan = &plans[b->fault];
	oe_context_t *c = record->context;
	uint64_t *r[16];
	uint16_t fsw;
	int twice = 0;

	b->handled++;
	check_record(record, plan);
	gather(c, r);
	for (int i = 0; i < 16; i++)
		expect(*r[i] == b->in.r[i], 100 + i);
	expect((c->flags & FLAGS_LOOKED_AT) == (b->in.flags & FLAGS_LOOKED_AT),
		6);
	expect(c->mxcsr == (b->fault == FT_XM ? b->in.mxcsr | MXCSR_ZE
		: b->in.mxcsr), 7);
	for (int i = 0; i < 16; i++)
		expect(!memcmp(c->basic_xstate.blob + 160 + 16 * i,
			b->ymm_in[i], 16), 120 + i);
	memcpy(&fsw, c->basic_xstate.blob + FSW_AT, sizeof(fsw));
	if (b->fault == FT_MF) {
		expect((fsw & 0x84) == 0x84, 8); /* ES and ZE */
		fsw &= (uint16_t)~0x80ff;
		memcpy(c->basic_xstate.blob + FSW_AT, &fsw, sizeof(fsw));
	}
	if (b->how & FT_OCALL) {
		ft_host_double(&twice, 21);
		expect(twice == 42, 9);
	}
	for (int i = 0; i < 16; i++)
		if (i != RSP)
			*r[i] ^= MARK;
	c->basic_xstate.blob[160 + 16 * 3] ^= 0xff;
	c->mxcsr = MXCSR | 1;
	if (b->fault == FT_AC)
		c->flags &= ~FLAG_AC;
	c->rip = plan->length ? c->rip + plan->length : (uint64_t)ft_back;
	return OE_EXCEPTION_CONTINUE_EXECUTION;
}

static uint64_t *heap;

static void special_registers(struct block *b, uint64_t seed)
{
	uint64_t zeroes = (uint64_t)b->room + ROOM - 1024;

	switch (b->fault) {
	case FT_DIVIDE:
		b->in.r[RCX] &= 0xffffffff00000000ull;
		break;
	case FT_GP:
		b->in.r[RCX] = 0x8000000000000000ull | seed >> 8;
		break;
	case FT_PF_WRITE:
		b->in.r[RCX] = (uint64_t)ft_faults + (seed & 0xff) * 4;
		break;
	case FT_PF_OUTSIDE:
		b->in.r[RCX] = 0x1000 + (seed & 0x3ff) * 4;
		break;
	case FT_PF_FETCH:
		b->in.r[RCX] = (uint64_t)heap + (seed & 0xff);
		break;
	case FT_AC:
		b->in.r[RCX] = zeroes + 1 + (seed & 1);
		b->in.flags |= FLAG_AC;
		break;
	case FT_XM:
		memset(b->ymm_in[1], 0, 16);
		for (int i = 0; i < 4; i++) /* 1.5 / 0 */
			memcpy(b->ymm_in[0] + 4 * i, "\0\0\xc0\x3f", 4);
		b->in.mxcsr = MXCSR & ~0x200u;
		break;
	case FT_MF:
		b->in.x87 = 1;
		break;
	case FT_CPUID:
	case FT_CPUID_PREFIXED:
		b->in.r[RAX] = 0x12345;
		break;
	case FT_FAR_JUMP:
	case FT_FAR_CALL:
	case FT_LSS:
		/* Selector 3: none. */
		b->in.r[RCX] = zeroes;
		b->room[ROOM - 1024 + 4] = 0x10;
		break;
	case FT_MOV_DS:
		b->in.r[RCX] = (b->in.r[RCX] & ~0xffffull) | 0x10;
		break;
	}
}

static void prepare(struct block *b, uint64_t seed)
{
	uint64_t rsp = (uint64_t)b->room + ROOM - 4096;

	memset(b->room, 0, ROOM);
	memset(&b->in, 0, sizeof(b->in));
	memset(&b->out, 0x5a, sizeof(b->out));
	for (int i = 0; i < 16; i++)
		b->in.r[i] = next(&seed);
	for (int i = 0; i < 16; i++)
		for (int k = 0; k < 32; k++)
			b->ymm_in[i][k] = (uint8_t)(next(&seed) >> 24);
	b->in.flags = 2 | (next(&seed) & (FLAGS_PLAIN | FLAG_ID));
	if (b->how & FT_DF_FLAG)
		b->in.flags |= FLAG_DF;
	if (b->how & FT_AC_FLAG)
		b->in.flags |= FLAG_AC;
	if (b->how & FT_ODD_STACK)
		rsp += 1 + seed % 15;
	b->in.r[RSP] = rsp;
	b->in.mxcsr = MXCSR;
	b->in.target = (uint64_t)ft_faults + 16 * b->fault;
	special_registers(b, next(&seed));
	for (int i = 1; i <= RED_ZONE; i++)
		*(uint8_t *)(rsp - (uint64_t)i) = (uint8_t)(i * 7);
}

static void check_after(struct block *b)
{
	uint64_t flags = b->in.flags;

	if (b->fault == FT_AC)
		flags &= ~FLAG_AC;
	expect(b->handled == 1, 10);
	for (int i = 0; i < 16; i++)
		expect(b->out.r[i] == (i == RSP ? b->in.r[i]
			: b->in.r[i] ^ MARK), 200 + i);
	expect((b->out.flags & FLAGS_LOOKED_AT) == (flags & FLAGS_LOOKED_AT),
		11);
	expect((uint32_t)b->out.mxcsr == (MXCSR | 1), 12);
	b->ymm_in[3][0] ^= 0xff;
	for (int i = 0; i < 16; i++)
		expect(!memcmp(b->ymm_in[i], b->ymm_out[i], 32), 220 + i);
	expect(b->fault == FT_MF || b->out.x87 == 3.14159265358979323846, 13);
	for (int i = 1; i <= RED_ZONE; i++)
		expect(*(uint8_t *)(b->in.r[RSP] - (uint64_t)i)
			== (uint8_t)(i * 7), 14);
}

int ft_raise(uint32_t fault, uint64_t seed, uint32_t how)
{
	struct block *b = &ft_block;
	oe_result_t result;

	if (fault >= FT_COUNT)
		return -1;
	if (!heap)
		heap = malloc(4096);
	/* Another thread may have been first. */
	result = oe_add_vectored_exception_handler(false, handler);
	if (result && result != OE_FAILURE)
		return -2;
	b->fault = fault;
	b->how = how;
	b->wrong = b->handled = 0;
	prepare(b, seed);
	ft_run();
	check_after(b);
	return b->wrong;
}

/* From the runtime: EREPORT. */
void core_ereport(const void *target, const uint8_t *data, void *report);

int ft_has_exinfo(void)
{
	struct sgx_report report;

	core_ereport(NULL, NULL, &report);
	return report.body.misc_select & SGX_MISC_EXINFO ? 1 : 0;
}

int ft_unhandled(uint32_t fault)
{
	struct block *b = &ft_block;

	b->fault = fault;
	b->how = 0;
	prepare(b, 1);
	if (fault == FT_STACK_SEGMENT) {
		b->in.r[RSP] = 0x8000000000000000ull;
		b->in.target = (uint64_t)ft_faults + 16 * fault;
	}
	ft_run();
	return 0;
}
