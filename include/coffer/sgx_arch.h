/* SPDX-License-Identifier: MIT */
/*
 * The data structures of Intel SGX as software sees them: little endian,
 * byte exact.  Source: Intel SDM volume 3D, "Enclave data structures".
 * Freestanding: needs nothing but fixed-width integers, so that the model,
 * the cell, the enclave runtime, the host library and the tools share it.
 *
 * Offsets are checked by the static assertions at the end.
 */
#ifndef COFFER_SGX_ARCH_H
#define COFFER_SGX_ARCH_H

#include <stddef.h>
#include <stdint.h>

#define SGX_PAGE_SIZE 4096u
#define SGX_PAGE_SHIFT 12

/* ENCLS leaves (EAX). */
enum sgx_encls_leaf {
	SGX_ECREATE = 0x00, SGX_EADD = 0x01, SGX_EINIT = 0x02, SGX_EREMOVE = 0x03,
	SGX_EDBGRD = 0x04, SGX_EDBGWR = 0x05, SGX_EEXTEND = 0x06, SGX_ELDB = 0x07,
	SGX_ELDU = 0x08, SGX_EBLOCK = 0x09, SGX_EPA = 0x0a, SGX_EWB = 0x0b,
	SGX_ETRACK = 0x0c, SGX_EAUG = 0x0d, SGX_EMODPR = 0x0e, SGX_EMODT = 0x0f,
	SGX_ERDINFO = 0x10, SGX_ETRACKC = 0x11, SGX_ELDBC = 0x12,
	SGX_ELDUC = 0x13,
};

/* ENCLU leaves (EAX). */
enum sgx_enclu_leaf {
	SGX_EREPORT = 0, SGX_EGETKEY = 1, SGX_EENTER = 2, SGX_ERESUME = 3,
	SGX_EEXIT = 4, SGX_EACCEPT = 5, SGX_EMODPE = 6, SGX_EACCEPTCOPY = 7,
	SGX_EDECCSSA = 9,
};

/* Error codes that a leaf leaves in RAX (SDM 3D, table of error codes). */
enum sgx_error {
	SGX_SUCCESS = 0,
	SGX_INVALID_SIG_STRUCT = 1, SGX_INVALID_ATTRIBUTE = 2, SGX_BLKSTATE = 3,
	SGX_INVALID_MEASUREMENT = 4, SGX_NOTBLOCKABLE = 5, SGX_PG_INVLD = 6,
	SGX_EPC_PAGE_CONFLICT = 7, SGX_INVALID_SIGNATURE = 8,
	SGX_MAC_COMPARE_FAIL = 9, SGX_PAGE_NOT_BLOCKED = 10, SGX_NOT_TRACKED = 11,
	SGX_VA_SLOT_OCCUPIED = 12, SGX_CHILD_PRESENT = 13, SGX_ENCLAVE_ACT = 14,
	SGX_ENTRYEPOCH_LOCKED = 15, SGX_INVALID_EINITTOKEN = 16,
	SGX_PREV_TRK_INCMPL = 17, SGX_PG_IS_SECS = 18,
	SGX_PAGE_ATTRIBUTES_MISMATCH = 19, SGX_PAGE_NOT_MODIFIABLE = 20,
	SGX_PAGE_NOT_DEBUGGABLE = 21, SGX_INVALID_COUNTER = 25,
	SGX_PG_NONEPC = 26, SGX_TRACK_NOT_REQUIRED = 27,
	SGX_INVALID_REPORTMACSTRUCT = 28, SGX_INSUFFICIENT_ENTROPY = 29,
	SGX_EPC_NOT_READY = 30, SGX_NO_UPDATE = 31, SGX_INVALID_CPUSVN = 32,
	SGX_INVALID_ISVSVN = 64, SGX_UNMASKED_EVENT = 128,
	SGX_INVALID_KEYNAME = 256,
};

/* Page types (SECINFO.FLAGS bits 15:8, EPCM.PT). */
enum sgx_page_type {
	SGX_PT_SECS = 0, SGX_PT_TCS = 1, SGX_PT_REG = 2, SGX_PT_VA = 3,
	SGX_PT_TRIM = 4, SGX_PT_SS_FIRST = 5, SGX_PT_SS_REST = 6,
};

/* CPUID.12H.0:EAX. */
#define SGX_FEATURE_SGX1 0x001u
#define SGX_FEATURE_SGX2 0x002u /* EAUG, EMODPR, EMODT; EACCEPT, ... */
#define SGX_FEATURE_OVERSUB 0x040u /* ETRACKC, ERDINFO, ELDBC, ELDUC */
#define SGX_FEATURE_EDECCSSA 0x800u

/* Exception vectors. */
enum sgx_vector {
	SGX_VECTOR_DE = 0, SGX_VECTOR_DB = 1, SGX_VECTOR_BP = 3,
	SGX_VECTOR_BR = 5, SGX_VECTOR_UD = 6, SGX_VECTOR_NM = 7,
	SGX_VECTOR_GP = 13, SGX_VECTOR_PF = 14, SGX_VECTOR_MF = 16,
	SGX_VECTOR_AC = 17, SGX_VECTOR_XM = 19,
};

/* #PF error code bits. */
#define SGX_PF_P 0x0001u
#define SGX_PF_W 0x0002u
#define SGX_PF_U 0x0004u
#define SGX_PF_ID 0x0010u
#define SGX_PF_SGX 0x8000u

/* ATTRIBUTES.FLAGS. */
#define SGX_ATTR_INIT 0x0001ull
#define SGX_ATTR_DEBUG 0x0002ull
#define SGX_ATTR_MODE64BIT 0x0004ull
#define SGX_ATTR_PROVISIONKEY 0x0010ull
#define SGX_ATTR_EINITTOKENKEY 0x0020ull
#define SGX_ATTR_CET 0x0040ull
#define SGX_ATTR_KSS 0x0080ull
#define SGX_ATTR_AEXNOTIFY 0x0400ull

#define SGX_MISC_EXINFO 0x00000001u

#define SGX_XFRM_LEGACY 0x0000000000000003ull
#define SGX_XFRM_AVX 0x0000000000000004ull
#define SGX_XFRM_MPX 0x0000000000000018ull
#define SGX_XFRM_AVX512 0x00000000000000e0ull

/* SECINFO.FLAGS. */
#define SGX_SECINFO_R 0x01ull
#define SGX_SECINFO_W 0x02ull
#define SGX_SECINFO_X 0x04ull
#define SGX_SECINFO_PENDING 0x08ull
#define SGX_SECINFO_MODIFIED 0x10ull
#define SGX_SECINFO_PR 0x20ull
#define SGX_SECINFO_RWX (SGX_SECINFO_R | SGX_SECINFO_W | SGX_SECINFO_X)
#define SGX_SECINFO_PT_SHIFT 8
#define SGX_SECINFO_TCS ((uint64_t)SGX_PT_TCS << SGX_SECINFO_PT_SHIFT)
#define SGX_SECINFO_REG ((uint64_t)SGX_PT_REG << SGX_SECINFO_PT_SHIFT)
#define SGX_SECINFO_TRIM ((uint64_t)SGX_PT_TRIM << SGX_SECINFO_PT_SHIFT)

/* TCS.FLAGS. */
#define SGX_TCS_DBGOPTIN 0x01ull
#define SGX_TCS_AEXNOTIFY 0x02ull
#define SGX_TCS_LIMIT 72u /* bytes that EDBGRD shows */

struct sgx_attributes {
	uint64_t flags;
	uint64_t xfrm;
};

struct sgx_pageinfo { /* 32 bytes, 32-aligned; addresses of the caller */
	uint64_t linaddr;
	uint64_t srcpge;
	uint64_t secinfo; /* or PCMD */
	uint64_t secs;
};

struct sgx_secinfo { /* 64 bytes, 64-aligned */
	uint64_t flags;
	uint8_t reserved[56];
};

struct sgx_pcmd { /* 128 bytes, 128-aligned: what EWB says of a page */
	struct sgx_secinfo secinfo;
	uint64_t enclave_id; /* the owner's, 0 for a VA page; not MACed */
	uint8_t reserved[40];
	uint8_t mac[16];
};

/* A VA page holds versions of evicted pages; 0 is an empty slot. */
#define SGX_VA_SLOT_SIZE 8u
#define SGX_VA_SLOTS (SGX_PAGE_SIZE / SGX_VA_SLOT_SIZE)

struct sgx_rdinfo { /* 32-aligned */
	uint64_t status;
	uint64_t flags; /* as SECINFO.FLAGS, and SGX_RDINFO_BLOCKED */
	uint64_t enclave_context;
};
#define SGX_RDINFO_CHLDPRESENT 0x1ull /* status */
#define SGX_RDINFO_VIRTCHLDPRESENT 0x2ull
#define SGX_RDINFO_BLOCKED 0x8000000000000000ull

struct sgx_secs {
	uint64_t size; /* bytes, power of two, >= 8192 */
	uint64_t base; /* aligned to size */
	uint32_t ssa_frame_size; /* pages */
	uint32_t misc_select;
	uint64_t cet_leg_bitmap_offset; /* reserved without CET */
	uint8_t cet_attributes;
	uint8_t reserved1[15];
	struct sgx_attributes attributes;
	uint8_t mrenclave[32];
	uint8_t reserved2[32];
	uint8_t mrsigner[32];
	uint8_t reserved3[32];
	uint8_t config_id[64];
	uint16_t isv_prod_id;
	uint16_t isv_svn;
	uint16_t config_svn;
	uint8_t reserved4[3834];
};

struct sgx_tcs {
	uint64_t state;
	uint64_t flags;
	uint64_t ossa; /* byte offset from BASEADDR, page aligned */
	uint32_t cssa;
	uint32_t nssa;
	uint64_t oentry;
	uint64_t aep;
	uint64_t ofsbase;
	uint64_t ogsbase;
	uint32_t fslimit;
	uint32_t gslimit;
	uint8_t reserved[4024];
};

struct sgx_gprsgx { /* last 184 bytes of an SSA frame */
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rflags, rip, ursp, urbp;
	uint32_t exit_info;
	uint8_t reserved[3];
	uint8_t aexnotify;
	uint64_t fsbase, gsbase;
};

#define SGX_GPRSGX_AEXNOTIFY 0x01u /* in aexnotify */

#define SGX_EXITINFO_VALID 0x80000000u
#define SGX_EXITINFO_TYPE_HARDWARE 3u
#define SGX_EXITINFO_TYPE_SOFTWARE 6u
#define SGX_EXITINFO(vector, type) \
	(SGX_EXITINFO_VALID | ((uint32_t)(type) << 8) | (uint32_t)(vector))

struct sgx_exinfo { /* MISC region, immediately below GPRSGX */
	uint64_t maddr;
	uint32_t errcd;
	uint32_t reserved;
};

struct sgx_sigstruct { /* 1808 bytes */
	uint8_t header[16];
	uint32_t vendor;
	uint32_t date; /* BCD yyyymmdd */
	uint8_t header2[16];
	uint32_t swdefined;
	uint8_t reserved1[84];
	uint8_t modulus[384]; /* little endian, as all big numbers here */
	uint32_t exponent;
	uint8_t signature[384];
	uint32_t misc_select;
	uint32_t misc_mask;
	uint8_t cet_attributes;
	uint8_t cet_attributes_mask;
	uint8_t reserved2[2];
	uint8_t isv_family_id[16];
	struct sgx_attributes attributes;
	struct sgx_attributes attributes_mask;
	uint8_t enclave_hash[32];
	uint8_t reserved3[16];
	uint8_t isv_ext_prod_id[16];
	uint16_t isv_prod_id;
	uint16_t isv_svn;
	uint8_t reserved4[12];
	uint8_t q1[384];
	uint8_t q2[384];
} __attribute__((packed));

#define SGX_SIGSTRUCT_HEADER \
	{ 6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0 }
#define SGX_SIGSTRUCT_HEADER2 \
	{ 1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1, 0, 0, 0 }
/* The signed bytes are the two ranges [0, 128) and [900, 1028). */
#define SGX_SIGSTRUCT_PART1_SIZE 128u
#define SGX_SIGSTRUCT_PART2_OFFSET 900u
#define SGX_SIGSTRUCT_PART2_SIZE 128u

struct sgx_einittoken { /* 304 bytes, 512-aligned; the first 192 are MACed */
	uint32_t valid;
	uint8_t reserved1[44];
	struct sgx_attributes attributes;
	uint8_t mrenclave[32];
	uint8_t reserved2[32];
	uint8_t mrsigner[32];
	uint8_t reserved3[32];
	uint8_t cpusvn_le[16];
	uint16_t isv_prod_id_le;
	uint16_t isv_svn_le;
	uint8_t cet_masked_attributes_le;
	uint8_t reserved4[23];
	uint32_t masked_misc_select_le;
	struct sgx_attributes masked_attributes_le;
	uint8_t key_id[32];
	uint8_t mac[16];
};

struct sgx_report_body { /* 384 bytes */
	uint8_t cpusvn[16];
	uint32_t misc_select;
	uint8_t cet_attributes;
	uint8_t reserved1[11];
	uint8_t isv_ext_prod_id[16];
	struct sgx_attributes attributes;
	uint8_t mrenclave[32];
	uint8_t reserved2[32];
	uint8_t mrsigner[32];
	uint8_t reserved3[32];
	uint8_t config_id[64];
	uint16_t isv_prod_id;
	uint16_t isv_svn;
	uint16_t config_svn;
	uint8_t reserved4[42];
	uint8_t isv_family_id[16];
	uint8_t report_data[64];
};

struct sgx_report { /* 432 bytes, 512-aligned as an operand */
	struct sgx_report_body body;
	uint8_t key_id[32];
	uint8_t mac[16]; /* AES-128-CMAC over body */
};

struct sgx_targetinfo { /* 512 bytes, 512-aligned */
	uint8_t mrenclave[32];
	struct sgx_attributes attributes;
	uint8_t cet_attributes;
	uint8_t reserved1[1];
	uint16_t config_svn;
	uint32_t misc_select;
	uint8_t reserved2[8];
	uint8_t config_id[64];
	uint8_t reserved3[384];
};

enum sgx_keyname {
	SGX_KEYNAME_EINITTOKEN = 0, SGX_KEYNAME_PROVISION = 1,
	SGX_KEYNAME_PROVISION_SEAL = 2, SGX_KEYNAME_REPORT = 3,
	SGX_KEYNAME_SEAL = 4,
};

/* A KEYNAME that no silicon has: there EGETKEY gives SGX_INVALID_KEYNAME.  A
 * processor of Coffer's that was manufactured answers with the first 16 bytes
 * of SHA-256 of its CA's public root key (x and y, big endian), to every
 * enclave and whatever else the request says.  So an enclave that trusts this
 * root only by this answer never trusts it on silicon. */
#define COFFER_KEYNAME_ROOT 0xc0feu

#define SGX_KEYPOLICY_MRENCLAVE 0x0001u
#define SGX_KEYPOLICY_MRSIGNER 0x0002u
#define SGX_KEYPOLICY_NOISVPRODID 0x0004u
#define SGX_KEYPOLICY_CONFIGID 0x0008u
#define SGX_KEYPOLICY_ISVFAMILYID 0x0010u
#define SGX_KEYPOLICY_ISVEXTPRODID 0x0020u

struct sgx_keyrequest { /* 512 bytes, 512-aligned */
	uint16_t key_name;
	uint16_t key_policy;
	uint16_t isv_svn;
	uint8_t cet_attributes_mask;
	uint8_t reserved1;
	uint8_t cpusvn[16];
	struct sgx_attributes attributes_mask;
	uint8_t key_id[32];
	uint32_t misc_mask;
	uint16_t config_svn;
	uint8_t reserved2[434];
};

#define SGX_CHECK(type, size) \
	_Static_assert(sizeof(type) == (size), #type " has the wrong size")
#define SGX_CHECK_AT(type, field, offset) \
	_Static_assert(offsetof(type, field) == (offset), #field " is misplaced")
#ifndef __cplusplus
SGX_CHECK(struct sgx_pageinfo, 32);
SGX_CHECK(struct sgx_secinfo, 64);
SGX_CHECK(struct sgx_pcmd, 128);
SGX_CHECK_AT(struct sgx_pcmd, enclave_id, 64);
SGX_CHECK_AT(struct sgx_pcmd, mac, 112);
SGX_CHECK(struct sgx_rdinfo, 24);
SGX_CHECK(struct sgx_secs, 4096);
SGX_CHECK_AT(struct sgx_secs, attributes, 48);
SGX_CHECK_AT(struct sgx_secs, config_id, 192);
SGX_CHECK_AT(struct sgx_secs, config_svn, 260);
SGX_CHECK(struct sgx_tcs, 4096);
SGX_CHECK_AT(struct sgx_tcs, oentry, 32);
SGX_CHECK_AT(struct sgx_tcs, ogsbase, 56);
SGX_CHECK(struct sgx_gprsgx, 184);
SGX_CHECK_AT(struct sgx_gprsgx, exit_info, 160);
SGX_CHECK_AT(struct sgx_gprsgx, aexnotify, 167);
SGX_CHECK(struct sgx_exinfo, 16);
SGX_CHECK(struct sgx_sigstruct, 1808);
SGX_CHECK_AT(struct sgx_sigstruct, misc_select, 900);
SGX_CHECK_AT(struct sgx_sigstruct, enclave_hash, 960);
SGX_CHECK_AT(struct sgx_sigstruct, isv_svn, 1026);
SGX_CHECK(struct sgx_einittoken, 304);
SGX_CHECK_AT(struct sgx_einittoken, key_id, 256);
SGX_CHECK(struct sgx_report_body, 384);
SGX_CHECK_AT(struct sgx_report_body, isv_family_id, 304);
SGX_CHECK(struct sgx_report, 432);
SGX_CHECK(struct sgx_targetinfo, 512);
SGX_CHECK(struct sgx_keyrequest, 512);
#endif
#undef SGX_CHECK
#undef SGX_CHECK_AT

#endif
