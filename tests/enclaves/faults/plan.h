/* SPDX-License-Identifier: MIT */
/* What the enclave of the exception tests can be told to do. */
#ifndef COFFER_TESTS_FAULTS_PLAN_H
#define COFFER_TESTS_FAULTS_PLAN_H

enum fault {
	FT_DIVIDE, FT_UD2, FT_GP, FT_PF_WRITE, FT_PF_OUTSIDE, FT_PF_FETCH,
	FT_AC, FT_XM, FT_MF, FT_INT3, FT_INT_3, FT_INT_4, FT_INT_46, FT_CPUID,
	FT_CPUID_PREFIXED, FT_RDPMC, FT_IN, FT_OUT, FT_INS, FT_OUTS, FT_RETF,
	FT_IRET, FT_FAR_JUMP, FT_FAR_CALL, FT_LSS, FT_MOV_DS, FT_GETSEC,
	FT_VMFUNC, FT_HLT, FT_LGDT, FT_COUNT,
	FT_STACK_SEGMENT = FT_COUNT, /* #SS: nothing that EXITINFO reports */
};

/* How, together. */
#define FT_ODD_STACK 1u /* RSP is no multiple of anything */
#define FT_AC_FLAG 2u
#define FT_DF_FLAG 4u
#define FT_OCALL 8u /* the handler calls the host */
#define FT_ALL 16u
/* No EXINFO: addresses in ELRANGE are those of pages. */
#define FT_COARSE 16u

#endif
