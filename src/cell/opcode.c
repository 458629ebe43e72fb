/* SPDX-License-Identifier: MIT */
/*
 * Instructions that SGX makes #UD inside an enclave, and that user mode makes
 * something else, mostly #GP (SDM 3D, "Illegal instructions").  The bytes are
 * those at the address now; an enclave that changes its code meanwhile only
 * deceives itself.
 */
#include "cell.h"

#define OPCODE_LENGTH_MAX 15

static int byte_at(uint64_t rip)
{
	return cell_read_byte((const void *)rip);
}

static int is_prefix(int byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
	case 0x66: case 0x67: case 0xf0: case 0xf2: case 0xf3:
		return 1;
	default:
		return byte >= 0x40 && byte <= 0x4f; /* REX */
	}
}

static int reg_field(int modrm)
{
	return modrm >> 3 & 7;
}

/* 0F 00 and 0F 01: told apart by what follows. */
static int is_system_group(int opcode, int modrm, int may_read_tsc)
{
	int reg = reg_field(modrm);

	if (modrm < 0)
		return 0;
	if (opcode == 0x00)
		return reg == 0 || reg == 1; /* SLDT, STR */
	if (modrm < 0xc0)
		return reg == 0 || reg == 1 || reg == 4; /* SGDT SIDT SMSW */
	return reg == 4 || modrm == 0xc1 /* VMCALL */
		|| modrm == 0xd4 /* VMFUNC */
		|| (modrm == 0xf9 && !may_read_tsc); /* RDTSCP */
}

static int is_long_opcode(uint64_t rip)
{
	int may_read_tsc = (control->sgx_features & SGX_FEATURE_SGX2) != 0;
	int opcode = byte_at(rip);

	switch (opcode) {
	case 0x00: case 0x01:
		return is_system_group(opcode, byte_at(rip + 1),
			may_read_tsc);
	case 0x31: /* RDTSC */
		return !may_read_tsc;
	case 0x05: case 0x34: /* SYSCALL, SYSENTER */
	case 0x33: case 0x37: case 0xa2: /* RDPMC, GETSEC, CPUID */
	case 0xa1: case 0xa9: /* POP FS, GS */
	case 0xb2: case 0xb4: case 0xb5: /* LSS, LFS, LGS */
		return 1;
	default:
		return 0;
	}
}

int opcode_is_illegal(uint64_t rip)
{
	unsigned n = 0;
	int opcode;

	while (n < OPCODE_LENGTH_MAX - 1 && is_prefix(byte_at(rip + n)))
		n++;
	rip += n;
	opcode = byte_at(rip);
	switch (opcode) {
	case 0x0f:
		return is_long_opcode(rip + 1);
	case 0xff: /* far CALL and JMP */
		opcode = byte_at(rip + 1);
		return opcode >= 0 && opcode < 0xc0
			&& (reg_field(opcode) == 3 || reg_field(opcode) == 5);
	case 0x6c: case 0x6d: case 0x6e: case 0x6f: /* INS, OUTS */
	case 0xe4: case 0xe5: case 0xe6: case 0xe7: /* IN, OUT */
	case 0xec: case 0xed: case 0xee: case 0xef:
	case 0x8e: /* MOV to a segment register */
	case 0xca: case 0xcb: case 0xcd: case 0xcf: /* RETF, INT n, IRET */
		return 1;
	default:
		return 0;
	}
}

unsigned opcode_enclu_length(uint64_t rip)
{
	unsigned n = 0;

	for (; n < OPCODE_LENGTH_MAX - 2; n++) {
		int byte = byte_at(rip + n);

		if (byte == 0x0f)
			break;
		if (byte == 0x66 || byte == 0xf0 || byte == 0xf2
		    || byte == 0xf3 || !is_prefix(byte))
			return 0;
	}
	return byte_at(rip + n) == 0x0f && byte_at(rip + n + 1) == 0x01
		&& byte_at(rip + n + 2) == 0xd7 ? n + 3 : 0;
}

unsigned opcode_breakpoint_length(uint64_t behind)
{
	return byte_at(behind - 1) == 0xcc ? 1 : 2;
}
