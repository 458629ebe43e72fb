/* SPDX-License-Identifier: MIT */
/*
 * The enclave side of Open Enclave.
 *
 * Source-compatible with the Open Enclave SDK's openenclave/enclave.h.
 * Enclaves link liboeenclave and liboecore (pkg-config oeenclave-gcc,
 * oeenclave-clang, …). Never include it together with openenclave/host.h.
 */
#ifndef _OE_ENCLAVE_H
#define _OE_ENCLAVE_H

#ifdef _OE_HOST_H
#error "openenclave/host.h and openenclave/enclave.h exclude each other"
#endif

#include <openenclave/bits/asym_keys.h>
#include <openenclave/bits/defs.h>
#include <openenclave/bits/evidence.h>
#include <openenclave/bits/exception.h>
#include <openenclave/bits/fs.h>
#include <openenclave/bits/module.h>
#include <openenclave/bits/properties.h>
#include <openenclave/bits/report.h>
#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/*
 * Have a function called for exceptions inside the enclave: before all
 * handlers that are there (is_first_handler) or after them. At most 64.
 *
 * Returns OE_OK, OE_INVALID_PARAMETER (NULL, or no address inside the
 * enclave), OE_FAILURE (registered already, or no place left).
 */
oe_result_t oe_add_vectored_exception_handler(bool is_first_handler,
	oe_vectored_exception_handler_t vectored_handler);

/*
 * Take a handler out again. Returns OE_OK, OE_INVALID_PARAMETER for NULL, or
 * OE_FAILURE when it is not registered.
 */
oe_result_t oe_remove_vectored_exception_handler(
	oe_vectored_exception_handler_t vectored_handler);

/*
 * Do all size bytes from p lie inside the enclave's address range (ELRANGE)?
 * False for NULL and for a range that wraps around the address space.
 * Constant time, no side effects; check a copy of a pointer that the host
 * can change, never the original.
 */
bool oe_is_within_enclave(const void *p, size_t size);

/*
 * Do all size bytes from p lie outside the enclave's address range? False
 * for NULL and for a range that wraps around the address space, so that
 * neither of the two functions accepts it.
 */
bool oe_is_outside_enclave(const void *p, size_t size);

/*
 * Memory of the host, by an ocall; what is in it is the host's to read and
 * change at any time. The result is aligned to 16 bytes and lies outside the
 * enclave, which is checked: an address inside aborts the enclave, a badly
 * aligned one is NULL. NULL when the host has no memory. Freed with
 * oe_host_free (NULL allowed); what is never freed stays with the host.
 */
void *oe_host_malloc(size_t size);
void *oe_host_realloc(void *ptr, size_t size);
void *oe_host_calloc(size_t nmemb, size_t size);
void oe_host_free(void *ptr);

/*
 * A copy in host memory of a text, at most n characters and a NUL. Freed
 * with oe_host_free; NULL when str is NULL or the host has no memory.
 */
char *oe_host_strndup(const char *str, size_t n);

/*
 * End the enclave, from anywhere in it: this thread leaves at once and never
 * comes back, calls that come in afterwards return OE_ENCLAVE_ABORTING or
 * OE_ENCLAVE_ABORTED. Nothing is written or freed. Does not return.
 */
void oe_abort(void) OE_NO_RETURN;

/* What a failed oe_assert does: print through the host, then oe_abort. */
void __oe_assert_fail(const char *expr, const char *file, int line,
	const char *func) OE_NO_RETURN;

/* Abort the enclave when cond is false; nothing under NDEBUG. */
#ifndef NDEBUG
#define oe_assert(EXPR)                                              \
	do {                                                         \
		if (!(EXPR))                                         \
			__oe_assert_fail(#EXPR, __FILE__, __LINE__,  \
				__func__);                           \
	} while (0)
#else
#define oe_assert(EXPR) ((void)0)
#endif

/*
 * The host's handle of this enclave, for handing back to the host; it is an
 * address outside the enclave and must not be followed.
 */
oe_enclave_t *oe_get_enclave(void);

/*
 * Fill size bytes at data with random bytes from the processor's RDRAND.
 * Returns OE_OK, or OE_FAILURE when the processor gave none in many tries.
 */
oe_result_t oe_random(void *data, size_t size);

/*
 * A report of this enclave, for another enclave of the same machine or,
 * as a quote, for anyone.
 *
 * flags: 0 (a local report) or OE_REPORT_FLAGS_REMOTE_ATTESTATION; for the
 * latter the enclave's EDL imports openenclave/edl/sgx/attestation.edl.
 * report_data: up to 64 bytes bound into it, zero-padded; NULL with size 0.
 * opt_params: the target's 512-byte information (oe_get_target_info), or
 * NULL with size 0 for a report that nobody in particular can check, and for
 * quotes.
 * report_buffer: receives the report, freed with oe_free_report.
 *
 * Returns OE_OK; OE_INVALID_PARAMETER; OE_OUT_OF_MEMORY; for quotes also what
 * oe_get_evidence (openenclave/attestation/attester.h) returns.
 */
oe_result_t oe_get_report_v2(uint32_t flags, const uint8_t *report_data,
	size_t report_data_size, const void *opt_params,
	size_t opt_params_size, uint8_t **report_buffer,
	size_t *report_buffer_size);
#define oe_get_report oe_get_report_v2

/* Free what oe_get_report gave; NULL allowed. */
void oe_free_report(uint8_t *report_buffer);

/*
 * What another enclave needs to make a report for the enclave that report
 * comes from: SGX's TARGETINFO, 512 bytes, freed with oe_free_target_info.
 * Returns OE_OK, OE_INVALID_PARAMETER, OE_REPORT_PARSE_ERROR or
 * OE_OUT_OF_MEMORY.
 */
oe_result_t oe_get_target_info_v2(const uint8_t *report, size_t report_size,
	void **target_info_buffer, size_t *target_info_size);
#define oe_get_target_info oe_get_target_info_v2

/* Free what oe_get_target_info gave; NULL allowed. */
void oe_free_target_info(void *target_info);

/*
 * Take a report apart without checking who made it. The pointers in
 * parsed_report point into report. Returns OE_OK, OE_INVALID_PARAMETER,
 * OE_REPORT_PARSE_ERROR or OE_INCORRECT_REPORT_SIZE.
 */
oe_result_t oe_parse_report(const uint8_t *report, size_t report_size,
	oe_report_t *parsed_report);

/*
 * Check that a local report was made for this enclave by an enclave of the
 * same machine (REPORT key and CMAC), or that a quote comes from a machine
 * with a root that is believed (coffer/attest.h), and take it apart
 * (parsed_report may be NULL). Returns OE_OK,
 * OE_VERIFY_FAILED_AES_CMAC_MISMATCH, OE_INVALID_PARAMETER,
 * OE_REPORT_PARSE_ERROR, OE_INCORRECT_REPORT_SIZE, and for quotes what
 * oe_verify_evidence (openenclave/attestation/verifier.h) returns.
 */
oe_result_t oe_verify_report(const uint8_t *report, size_t report_size,
	oe_report_t *parsed_report);

/*
 * A self-signed X.509 certificate of a key pair, in DER, with a quote whose
 * report data is the SHA-256 of the public key's PEM text: for TLS.
 * openenclave/attestation/attester.h has the newer form.
 *
 * subject_name: as "CN=Open Enclave SDK,O=OESDK TLS,C=US"; NULL is this one.
 * private_key, public_key: PEM; sizes count the NUL.
 * output_cert: freed with oe_free_attestation_certificate.
 *
 * Returns what oe_get_report returns; OE_FAILURE when the keys are none or
 * do not belong together; OE_CRYPTO_ERROR.
 */
oe_result_t oe_generate_attestation_certificate(
	const unsigned char *subject_name, uint8_t *private_key,
	size_t private_key_size, uint8_t *public_key, size_t public_key_size,
	uint8_t **output_cert, size_t *output_cert_size);

/*
 * The same for a time of the caller's choice: texts of 14 digits, as
 * "20190501000000"; both NULL for the usual one (to the end of 2050).
 */
oe_result_t oe_generate_attestation_certificate_v2(
	const unsigned char *subject_name, uint8_t *private_key,
	size_t private_key_size, uint8_t *public_key, size_t public_key_size,
	const char *date_not_valid_before, const char *date_not_valid_after,
	uint8_t **output_cert, size_t *output_cert_size);

/* NULL allowed. */
void oe_free_attestation_certificate(uint8_t *cert);

/* A caller's own check of who made a certificate. */
typedef oe_result_t (*oe_identity_verify_callback_t)(oe_identity_t *identity,
	void *arg);

/*
 * Verify a certificate of oe_generate_attestation_certificate; then
 * enclave_identity_callback, unless NULL, has a say.
 *
 * Returns OE_OK, OE_INVALID_PARAMETER, OE_FAILURE (no report in it),
 * OE_VERIFY_FAILED (signature, other key, or the callback refused), and what
 * oe_verify_report returns.
 */
oe_result_t oe_verify_attestation_certificate(uint8_t *cert_in_der,
	size_t cert_in_der_len,
	oe_identity_verify_callback_t enclave_identity_callback, void *arg);

/*
 * A key that only this enclave (OE_SEAL_POLICY_UNIQUE) or enclaves of its
 * signer and product (OE_SEAL_POLICY_PRODUCT) can get, on this machine.
 *
 * key_buffer: receives 16 bytes. key_info: receives the 512-byte KEYREQUEST
 * that gives the same key again (no secret; store it); both may be wanted or
 * not (key_info NULL). Freed with oe_free_seal_key.
 *
 * Returns OE_OK, OE_INVALID_PARAMETER, OE_OUT_OF_MEMORY or OE_UNEXPECTED.
 */
oe_result_t oe_get_seal_key_by_policy_v2(oe_seal_policy_t seal_policy,
	uint8_t **key_buffer, size_t *key_buffer_size, uint8_t **key_info,
	size_t *key_info_size);
#define oe_get_seal_key_by_policy oe_get_seal_key_by_policy_v2

/*
 * The key that a stored key_info (512 bytes) stands for; 16 bytes, freed
 * with oe_free_seal_key.
 *
 * Returns OE_OK; OE_INVALID_PARAMETER (size, reserved bits, attributes);
 * OE_INVALID_CPUSVN, OE_INVALID_ISVSVN (newer than this machine or enclave);
 * OE_INVALID_KEYNAME; OE_OUT_OF_MEMORY; OE_UNEXPECTED.
 */
oe_result_t oe_get_seal_key_v2(const uint8_t *key_info, size_t key_info_size,
	uint8_t **key_buffer, size_t *key_buffer_size);
#define oe_get_seal_key oe_get_seal_key_v2

/* Wipe and free both; each may be NULL. */
void oe_free_seal_key(uint8_t *key_buffer, uint8_t *key_info);

/*
 * A key pair that derives from the seal key of the policy and from
 * key_params->user_data: the same each time for whoever gets the same seal
 * key. Needs a crypto library.
 *
 * key_buffer: receives PEM text, key_buffer_size its size with the NUL.
 * key_info: as for seal keys; may be NULL. Freed with oe_free_key.
 *
 * Returns OE_OK; OE_INVALID_PARAMETER (also for other types and formats);
 * OE_UNSUPPORTED without a crypto library; OE_OUT_OF_MEMORY;
 * OE_CRYPTO_ERROR; and what oe_get_seal_key_by_policy returns.
 */
oe_result_t oe_get_public_key_by_policy(oe_seal_policy_t seal_policy,
	const oe_asymmetric_key_params_t *key_params, uint8_t **key_buffer,
	size_t *key_buffer_size, uint8_t **key_info, size_t *key_info_size);
oe_result_t oe_get_private_key_by_policy(oe_seal_policy_t seal_policy,
	const oe_asymmetric_key_params_t *key_params, uint8_t **key_buffer,
	size_t *key_buffer_size, uint8_t **key_info, size_t *key_info_size);

/* The key pair that a stored key_info stands for, with the same user data;
 * also returns what oe_get_seal_key returns. */
oe_result_t oe_get_public_key(const oe_asymmetric_key_params_t *key_params,
	const uint8_t *key_info, size_t key_info_size, uint8_t **key_buffer,
	size_t *key_buffer_size);
oe_result_t oe_get_private_key(const oe_asymmetric_key_params_t *key_params,
	const uint8_t *key_info, size_t key_info_size, uint8_t **key_buffer,
	size_t *key_buffer_size);

/* Wipe and free both; each may be NULL. */
void oe_free_key(uint8_t *key_buffer, size_t key_buffer_size,
	uint8_t *key_info, size_t key_info_size);

OE_EXTERNC_END

#endif
