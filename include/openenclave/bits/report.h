/* SPDX-License-Identifier: MIT */
/*
 * Reports: what an enclave can prove about itself, and its parsed form.
 *
 * Values and layouts are those of the Open Enclave SDK.
 */
#ifndef _OE_BITS_REPORT_H
#define _OE_BITS_REPORT_H

#include <openenclave/bits/types.h>

/* oe_get_report: ask for a quote that another machine can verify. */
#define OE_REPORT_FLAGS_REMOTE_ATTESTATION 0x00000001

/* Bytes that the enclave can have bound into a report. */
#define OE_REPORT_DATA_SIZE 64
/* No report or quote is longer than this, in bytes. */
#define OE_MAX_REPORT_SIZE (10 * 1024)

#define OE_UNIQUE_ID_SIZE 32  /* MRENCLAVE */
#define OE_SIGNER_ID_SIZE 32  /* MRSIGNER */
#define OE_PRODUCT_ID_SIZE 16 /* ISVPRODID in the first two bytes */

/* oe_identity_t.attributes */
#define OE_REPORT_ATTRIBUTES_DEBUG 0x0000000000000001ULL
#define OE_REPORT_ATTRIBUTES_REMOTE 0x0000000000000002ULL
#define OE_REPORT_ATTRIBUTES_RESERVED \
	(~(OE_REPORT_ATTRIBUTES_DEBUG | OE_REPORT_ATTRIBUTES_REMOTE))

/* Who an enclave is. */
typedef struct _oe_identity {
	/* Version of this structure: 0. */
	uint32_t id_version;
	/* ISVSVN, the enclave's security version. */
	uint32_t security_version;
	/* OE_REPORT_ATTRIBUTES_* */
	uint64_t attributes;
	uint8_t unique_id[OE_UNIQUE_ID_SIZE];
	uint8_t signer_id[OE_SIGNER_ID_SIZE];
	uint8_t product_id[OE_PRODUCT_ID_SIZE];
} oe_identity_t;
OE_STATIC_ASSERT(sizeof(oe_identity_t) == 96);

/* A parsed report. Its two pointers point into the report it came from. */
typedef struct _oe_report {
	/* Size of this structure in bytes. */
	size_t size;
	oe_enclave_type_t type;
	/* Bytes at report_data: OE_REPORT_DATA_SIZE. */
	size_t report_data_size;
	/* Bytes at enclave_report. */
	size_t enclave_report_size;
	uint8_t *report_data;
	/* The SGX REPORT, or the report body in a quote. */
	uint8_t *enclave_report;
	oe_identity_t identity;
	/* What the last verification found, as oe_result_t. */
	uint32_t verification_result;
} oe_report_t;
OE_STATIC_ASSERT(sizeof(oe_report_t) == 152);
OE_STATIC_ASSERT(OE_OFFSETOF(oe_report_t, identity) == 48);

#endif
