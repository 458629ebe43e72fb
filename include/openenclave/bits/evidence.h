/* SPDX-License-Identifier: MIT */
/*
 * Claims and policies: the vocabulary of attestation evidence.
 *
 * Names, values and layouts are those of the Open Enclave SDK.
 */
#ifndef _OE_BITS_EVIDENCE_H
#define _OE_BITS_EVIDENCE_H

#include <openenclave/bits/report.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/* One statement about an enclave: a name and a value of known type. */
typedef struct _oe_claim {
	/* NUL-terminated. */
	char *name;
	uint8_t *value;
	/* Bytes at value. */
	size_t value_size;
} oe_claim_t;

/* Claims that every format has: name, and type of the value. */
#define OE_CLAIM_ID_VERSION "id_version"             /* uint32_t */
#define OE_CLAIM_SECURITY_VERSION "security_version" /* uint32_t */
#define OE_CLAIM_ATTRIBUTES "attributes"   /* uint64_t, flags below */
#define OE_CLAIM_UNIQUE_ID "unique_id"     /* uint8_t[32] */
#define OE_CLAIM_SIGNER_ID "signer_id"     /* uint8_t[32] */
#define OE_CLAIM_PRODUCT_ID "product_id"   /* uint8_t[16] */
#define OE_CLAIM_FORMAT_UUID "format_uuid" /* oe_uuid_t */
#define OE_REQUIRED_CLAIMS_COUNT 7
/* The names above, in the order in which verifiers give them. */
extern const char *OE_REQUIRED_CLAIMS[OE_REQUIRED_CLAIMS_COUNT];

/* Claims that a format may have. */
#define OE_CLAIM_TCB_STATUS "tcb_status"         /* uint32_t */
#define OE_CLAIM_TCB_DATE "tcb_date"             /* oe_datetime_t */
#define OE_CLAIM_VALIDITY_FROM "validity_from"   /* oe_datetime_t */
#define OE_CLAIM_VALIDITY_UNTIL "validity_until" /* oe_datetime_t */
#define OE_CLAIM_UEID "ueid"                     /* uint8_t[33] */
#define OE_CLAIM_HARDWARE_MODEL "hardware_model" /* uint8_t[6] */
#define OE_OPTIONAL_CLAIMS_COUNT 6
extern const char *OE_OPTIONAL_CLAIMS[OE_OPTIONAL_CLAIMS_COUNT];

/* What oe_get_evidence was given to bind into the evidence; last, and only
 * where there was something. */
#define OE_CLAIM_CUSTOM_CLAIMS_BUFFER "custom_claims_buffer"

/* First byte of the ueid claim: what follows identifies the machine. */
#define OE_UEID_TYPE_RAND 0x01

/* Bits of the attributes claim. */
#define OE_EVIDENCE_ATTRIBUTES_SGX_DEBUG OE_REPORT_ATTRIBUTES_DEBUG
#define OE_EVIDENCE_ATTRIBUTES_SGX_REMOTE OE_REPORT_ATTRIBUTES_REMOTE
#define OE_EVIDENCE_ATTRIBUTES_RESERVED \
	(~(OE_EVIDENCE_ATTRIBUTES_SGX_DEBUG |  \
	   OE_EVIDENCE_ATTRIBUTES_SGX_REMOTE))

typedef enum _oe_policy_type {
	/* policy is an oe_datetime_t: verify as of that time. */
	OE_POLICY_ENDORSEMENTS_TIME = 1,
	/* policy is a baseline document: verify the platform against it. */
	OE_POLICY_ENDORSEMENTS_BASELINE = 2,
	/* policy is an int64_t; for TDX, which Coffer does not make. */
	OE_POLICY_TCB_BASELINE_DATE = 3,
	_OE_POLICY_TYPE_MAX = OE_ENUM_MAX,
} oe_policy_type_t;

/* What a verifier asks beyond the format's own rules. */
typedef struct _oe_policy {
	oe_policy_type_t type;
	void *policy;
	/* Bytes at policy. */
	size_t policy_size;
} oe_policy_t;

OE_EXTERNC_END

#endif
