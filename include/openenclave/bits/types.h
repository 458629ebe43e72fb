/* SPDX-License-Identifier: MIT */
/*
 * Types that the enclave side and the host side share.
 *
 * Values and layouts are those of the Open Enclave SDK.
 */
#ifndef _OE_BITS_TYPES_H
#define _OE_BITS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <openenclave/bits/defs.h>

/* Limits of the basic types, for code that uses no C library header. */
#define OE_SCHAR_MIN (-128)
#define OE_SCHAR_MAX 127
#define OE_UCHAR_MAX 255
#define OE_CHAR_MIN (-128)
#define OE_CHAR_MAX 127
#define OE_CHAR_BIT 8
#define OE_SHRT_MIN (-32768)
#define OE_SHRT_MAX 32767
#define OE_USHRT_MAX 65535
#define OE_INT_MAX 0x7fffffff
#define OE_INT_MIN (-OE_INT_MAX - 1)
#define OE_UINT_MAX 0xffffffffU
#define OE_LONG_MAX 0x7fffffffffffffffL
#define OE_LONG_MIN (-OE_LONG_MAX - 1)
#define OE_ULONG_MAX 0xffffffffffffffffUL
#define OE_LLONG_MAX 0x7fffffffffffffffLL
#define OE_LLONG_MIN (-OE_LLONG_MAX - 1)
#define OE_ULLONG_MAX 0xffffffffffffffffULL
#define OE_INT8_MIN (-128)
#define OE_INT8_MAX 127
#define OE_UINT8_MAX 255
#define OE_INT16_MIN (-32768)
#define OE_INT16_MAX 32767
#define OE_UINT16_MAX 65535
#define OE_INT32_MAX 0x7fffffff
#define OE_INT32_MIN (-OE_INT32_MAX - 1)
#define OE_UINT32_MAX 0xffffffffU
#define OE_INT64_MAX 0x7fffffffffffffffL
#define OE_INT64_MIN (-OE_INT64_MAX - 1)
#define OE_UINT64_MAX 0xffffffffffffffffUL
#define OE_SIZE_MAX OE_UINT64_MAX
#define OE_SSIZE_MAX OE_INT64_MAX

/* The machine that an enclave is made for; Coffer makes SGX enclaves. */
typedef enum _oe_enclave_type {
	/* What fits the machine: SGX here. */
	OE_ENCLAVE_TYPE_AUTO = 1,
	OE_ENCLAVE_TYPE_SGX = 2,
	/* Known by name, refused with OE_UNSUPPORTED. */
	OE_ENCLAVE_TYPE_OPTEE = 3,
	__OE_ENCLAVE_TYPE_MAX = OE_ENUM_MAX,
} oe_enclave_type_t;

/*
 * An enclave, as its host sees it. Made by oe_create_enclave, freed by
 * oe_terminate_enclave. Inside the enclave the pointer is a name to hand
 * back to the host and is never followed.
 */
typedef struct _oe_enclave oe_enclave_t;

/* Who can derive the same seal key again. */
typedef enum _oe_seal_policy {
	/* Only the same enclave: the key depends on MRENCLAVE. */
	OE_SEAL_POLICY_UNIQUE = 1,
	/* All enclaves of one signer and product id: it depends on MRSIGNER. */
	OE_SEAL_POLICY_PRODUCT = 2,
	_OE_SEAL_POLICY_MAX = OE_ENUM_MAX,
} oe_seal_policy_t;

/* A date and time to the second, in UTC; 24 bytes. */
typedef struct _oe_datetime {
	uint32_t year;    /* in full, as 2024 */
	uint32_t month;   /* 1 to 12 */
	uint32_t day;     /* 1 to 31 */
	uint32_t hours;   /* 0 to 23 */
	uint32_t minutes; /* 0 to 59 */
	uint32_t seconds; /* 0 to 59 */
} oe_datetime_t;
OE_STATIC_ASSERT(sizeof(oe_datetime_t) == 24);

/* A universally unique identifier, in the order in which it is written. */
#define OE_UUID_SIZE 16
typedef struct _oe_uuid_t {
	uint8_t b[OE_UUID_SIZE];
} oe_uuid_t;

#endif
