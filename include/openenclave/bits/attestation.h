/* SPDX-License-Identifier: MIT */
/*
 * Endorsements: what a verifier needs beside a quote, in one block.
 *
 *   offset  size
 *        0     4  version, 1
 *        4     4  enclave_type, 2 (SGX)
 *        8     4  buffer_size: bytes from offset 16 on
 *       12     4  num_elements, 9
 *       16    36  where each element begins, from the end of this table
 *       52     …  the elements, in the order of oe_sgx_endorsements_fields_t
 *
 * Little endian. Names, values and layout are those of the Open Enclave SDK.
 */
#ifndef _OE_BITS_ATTESTATION_H
#define _OE_BITS_ATTESTATION_H

#include <openenclave/bits/defs.h>
#include <openenclave/bits/types.h>

/* No endorsements are longer, in bytes. */
#define OE_ATTESTATION_ENDORSEMENT_MAX_SIZE (200 * 1024)
#define OE_ATTESTATION_ENDORSEMENT_VERSION 1
/* Version of SGX's elements: the first of them. */
#define OE_SGX_ENDORSEMENTS_VERSION 1
#define OE_SGX_ENDORSEMENTS_CRL_COUNT 2

typedef struct _oe_endorsements_t {
	uint32_t version;
	uint32_t enclave_type;
	uint32_t buffer_size;
	uint32_t num_elements;
	/* The table, then the elements. */
	uint8_t buffer[];
} oe_endorsements_t;

/* The elements. Texts and CRLs end in a NUL that is counted. */
typedef enum _oe_sgx_endorsements_fields_t {
	OE_SGX_ENDORSEMENT_FIELD_VERSION = 0, /* uint32_t */
	OE_SGX_ENDORSEMENT_FIELD_TCB_INFO = 1,
	OE_SGX_ENDORSEMENT_FIELD_TCB_ISSUER_CHAIN = 2,
	OE_SGX_ENDORSEMENT_FIELD_CRL_PCK_CERT = 3,
	OE_SGX_ENDORSEMENT_FIELD_CRL_PCK_PROC_CA = 4,
	OE_SGX_ENDORSEMENT_FIELD_CRL_ISSUER_CHAIN_PCK_CERT = 5,
	OE_SGX_ENDORSEMENT_FIELD_QE_ID_INFO = 6,
	OE_SGX_ENDORSEMENT_FIELD_QE_ID_ISSUER_CHAIN = 7,
	OE_SGX_ENDORSEMENT_FIELD_CREATION_DATETIME = 8, /* 21 bytes */
	OE_SGX_ENDORSEMENT_COUNT = 9,
} oe_sgx_endorsements_fields_t;

#endif
