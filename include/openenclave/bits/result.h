/* SPDX-License-Identifier: MIT */
/*
 * oe_result_t, the result of nearly every Open Enclave function.
 *
 * The values cross the boundary between host and enclave and are those of
 * the Open Enclave SDK; 51 is unused there and here.
 */
#ifndef _OE_BITS_RESULT_H
#define _OE_BITS_RESULT_H

#include <openenclave/bits/defs.h>

OE_EXTERNC_BEGIN

typedef enum _oe_result {
	/* The call did what it says. */
	OE_OK = 0,
	/* It failed, and no other code says why. */
	OE_FAILURE = 1,
	/* The caller's buffer is too small; the needed size was stored. */
	OE_BUFFER_TOO_SMALL = 2,
	/* A parameter is out of its allowed range. */
	OE_INVALID_PARAMETER = 3,
	/* An ecall was made from within an ocall of the same thread. */
	OE_REENTRANT_ECALL = 4,
	/* No memory. */
	OE_OUT_OF_MEMORY = 5,
	/* Every TCS of the enclave is in use by another thread. */
	OE_OUT_OF_THREADS = 6,
	/* Something happened that should never happen. */
	OE_UNEXPECTED = 7,
	/* A signature, hash or proof did not verify. */
	OE_VERIFY_FAILED = 8,
	/* Nothing has that name, number or value. */
	OE_NOT_FOUND = 9,
	/* A size computation would overflow. */
	OE_INTEGER_OVERFLOW = 10,
	/* An enclave's public key was not found. */
	OE_PUBLIC_KEY_NOT_FOUND = 11,
	/* An index or address is outside its range. */
	OE_OUT_OF_BOUNDS = 12,
	/* Source and destination of a copy overlap. */
	OE_OVERLAPPED_COPY = 13,
	/* A condition that the call depends on does not hold. */
	OE_CONSTRAINT_FAILED = 14,
	/* An ioctl failed. */
	OE_IOCTL_FAILED = 15,
	/* The operation, or this form of it, is not offered. */
	OE_UNSUPPORTED = 16,
	/* A file or stream could not be read. */
	OE_READ_FAILED = 17,
	/* A service that is needed does not run or does not answer. */
	OE_SERVICE_UNAVAILABLE = 18,
	/* The enclave is aborting; calls into it are refused. */
	OE_ENCLAVE_ABORTING = 19,
	/* The enclave has aborted; calls into it are refused. */
	OE_ENCLAVE_ABORTED = 20,
	/* The platform or its driver reported an error. */
	OE_PLATFORM_ERROR = 21,
	/* The CPU security version is invalid or too high. */
	OE_INVALID_CPUSVN = 22,
	/* The enclave's security version is invalid or too high. */
	OE_INVALID_ISVSVN = 23,
	/* The key name is invalid. */
	OE_INVALID_KEYNAME = 24,
	/* Debug was asked for an enclave that is signed for no debugging. */
	OE_DEBUG_DOWNGRADE = 25,
	/* A report or quote is malformed. */
	OE_REPORT_PARSE_ERROR = 26,
	/* A certificate chain is missing. */
	OE_MISSING_CERTIFICATE_CHAIN = 27,
	/* The object is in use. */
	OE_BUSY = 28,
	/* The caller does not own the object. */
	OE_NOT_OWNER = 29,
	/* A certificate's SGX extensions are malformed or missing. */
	OE_INVALID_SGX_CERTIFICATE_EXTENSIONS = 30,
	/* Heap memory was still allocated at the end. */
	OE_MEMORY_LEAK = 31,
	/* An address is not aligned as it must be. */
	OE_BAD_ALIGNMENT = 32,
	/* JSON text is malformed. */
	OE_JSON_INFO_PARSE_ERROR = 33,
	/* The platform's TCB level is not acceptable. */
	OE_TCB_LEVEL_INVALID = 34,
	/* The quote provider library could not be loaded. */
	OE_QUOTE_PROVIDER_LOAD_ERROR = 35,
	/* A call of the quote provider library failed. */
	OE_QUOTE_PROVIDER_CALL_ERROR = 36,
	/* Revocation data is malformed or does not fit. */
	OE_INVALID_REVOCATION_INFO = 37,
	/* A date or time is malformed or out of range. */
	OE_INVALID_UTC_DATE_TIME = 38,
	/* The quoting enclave's identity data is malformed. */
	OE_INVALID_QE_IDENTITY_INFO = 39,
	/* Endorsements are malformed. */
	OE_INVALID_ENDORSEMENT = 40,
	/* The enclave image is none that can be loaded. */
	OE_UNSUPPORTED_ENCLAVE_IMAGE = 41,
	/* A certificate revocation list has expired. */
	OE_VERIFY_CRL_EXPIRED = 42,
	/* A certificate revocation list is missing. */
	OE_VERIFY_CRL_MISSING = 43,
	/* A certificate is revoked. */
	OE_VERIFY_REVOKED = 44,
	/* Endorsements have no common validity period. */
	OE_VERIFY_FAILED_TO_FIND_VALIDITY_PERIOD = 45,
	/* A cryptographic operation failed. */
	OE_CRYPTO_ERROR = 46,
	/* A report is not as long as it says. */
	OE_INCORRECT_REPORT_SIZE = 47,
	/* A quote could not be verified. */
	OE_QUOTE_VERIFICATION_ERROR = 48,
	/* The quoting enclave's identity did not verify. */
	OE_QUOTE_ENCLAVE_IDENTITY_VERIFICATION_FAILED = 49,
	/* The quoting enclave's unique id is not the expected one. */
	OE_QUOTE_ENCLAVE_IDENTITY_UNIQUEID_MISMATCH = 50,
	/* A message authentication code did not match. */
	OE_VERIFY_FAILED_AES_CMAC_MISMATCH = 52,
	/* No worker took a switchless ocall; it needs a normal call. */
	OE_CONTEXT_SWITCHLESS_OCALL_MISSED = 53,
	/* A thread could not be created. */
	OE_THREAD_CREATE_ERROR = 54,
	/* A thread could not be joined. */
	OE_THREAD_JOIN_ERROR = 55,
	/* The object is there already. */
	OE_ALREADY_EXISTS = 56,
	/* It was initialised already. */
	OE_ALREADY_INITIALIZED = 57,
	/* The hash in a quote is not that of the data. */
	OE_QUOTE_HASH_MISMATCH = 58,
	/* The signing key is no RSA-3072 key with exponent 3. */
	OE_INVALID_SGX_SIGNING_KEY = 59,
	/* A file is no image of the expected form. */
	OE_INVALID_IMAGE = 60,
	/* The quote library could not be loaded. */
	OE_QUOTE_LIBRARY_LOAD_ERROR = 61,
	/* A call of the quote library failed. */
	OE_SGX_QUOTE_LIBRARY_ERROR = 62,
	__OE_RESULT_MAX = OE_ENUM_MAX,
} oe_result_t;

/*
 * The name of a result code, as "OE_OUT_OF_MEMORY"; "UNKNOWN" for a value
 * that is none. The text is constant and never freed. Works on both sides.
 */
const char *oe_result_str(oe_result_t result);

OE_EXTERNC_END

#endif
