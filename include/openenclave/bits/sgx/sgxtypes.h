/* SPDX-License-Identifier: MIT */
/*
 * Structures of the processor that cross between enclave and host, under
 * the names of the Open Enclave SDK. Layouts: Intel SDM, volume 3D, tables
 * of REPORT and TARGETINFO.
 */
#ifndef _OE_BITS_SGX_SGXTYPES_H
#define _OE_BITS_SGX_SGXTYPES_H

#include <openenclave/bits/defs.h>
#include <openenclave/bits/types.h>

#define SGX_CPUSVN_SIZE 16
#define SGX_HASH_SIZE 32
#define SGX_CONFIG_ID_SIZE 64
#define SGX_KEYID_SIZE 32
#define SGX_MAC_SIZE 16

/* Bits of ATTRIBUTES and MISCSELECT that seal keys depend on, unless the
 * program says otherwise. */
#define OE_SEALKEY_DEFAULT_FLAGSMASK 0xff0000000000000bull
#define OE_SEALKEY_DEFAULT_XFRMMASK 0x0ull
#define OE_SEALKEY_DEFAULT_MISCMASK 0xf0000000u

OE_PACK_BEGIN

typedef struct _sgx_attributes {
	uint64_t flags;
	uint64_t xfrm;
} sgx_attributes_t;

typedef struct _sgx_report_data {
	uint8_t field[64];
} sgx_report_data_t;

typedef struct _sgx_report_body {
	uint8_t cpusvn[SGX_CPUSVN_SIZE];
	uint32_t miscselect;
	uint8_t reserved1[12];
	uint8_t isvextprodid[16];
	sgx_attributes_t attributes;
	uint8_t mrenclave[SGX_HASH_SIZE];
	uint8_t reserved2[32];
	uint8_t mrsigner[SGX_HASH_SIZE];
	uint8_t reserved3[32];
	uint8_t configid[SGX_CONFIG_ID_SIZE];
	uint16_t isvprodid;
	uint16_t isvsvn;
	uint16_t configsvn;
	uint8_t reserved4[42];
	uint8_t isvfamilyid[16];
	sgx_report_data_t report_data;
} sgx_report_body_t;

/* What EREPORT writes. */
typedef struct _sgx_report {
	sgx_report_body_t body;
	uint8_t keyid[SGX_KEYID_SIZE];
	/* AES-128-CMAC over body. */
	uint8_t mac[SGX_MAC_SIZE];
} sgx_report_t;

/* For which enclave EREPORT makes the MAC. */
typedef struct _sgx_target_info {
	uint8_t mrenclave[SGX_HASH_SIZE];
	sgx_attributes_t attributes;
	uint8_t cet_attributes;
	uint8_t reserved1;
	uint16_t config_svn;
	uint32_t misc_select;
	uint8_t reserved2[8];
	uint8_t config_id[SGX_CONFIG_ID_SIZE];
	uint8_t reserved3[384];
} sgx_target_info_t;

OE_PACK_END

OE_STATIC_ASSERT(sizeof(sgx_report_body_t) == 384);
OE_STATIC_ASSERT(OE_OFFSETOF(sgx_report_body_t, report_data) == 320);
OE_STATIC_ASSERT(sizeof(sgx_report_t) == 432);
OE_STATIC_ASSERT(OE_OFFSETOF(sgx_target_info_t, config_id) == 64);
OE_STATIC_ASSERT(sizeof(sgx_target_info_t) == 512);

#endif
