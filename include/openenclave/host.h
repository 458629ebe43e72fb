/* SPDX-License-Identifier: MIT */
/*
 * The host side of Open Enclave: make enclaves, call them, end them.
 *
 * Source-compatible with the Open Enclave SDK's openenclave/host.h. Programs
 * link liboehost (pkg-config oehost-gcc, oehost-clang, …). Never include it
 * together with openenclave/enclave.h.
 */
#ifndef _OE_HOST_H
#define _OE_HOST_H

#ifdef _OE_ENCLAVE_H
#error "openenclave/enclave.h and openenclave/host.h exclude each other"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openenclave/bits/asym_keys.h>
#include <openenclave/bits/defs.h>
#include <openenclave/bits/evidence.h>
#include <openenclave/bits/exception.h>
#include <openenclave/bits/report.h>
#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/* Flags of oe_create_enclave. */

/* Run with SGX's DEBUG attribute; the image must be signed for it. */
#define OE_ENCLAVE_FLAG_DEBUG 0x00000001u
/*
 * Ask for simulation. Accepted so that programs run unchanged; Coffer runs
 * the enclave isolated and measured all the same.
 */
#define OE_ENCLAVE_FLAG_SIMULATE 0x00000002u
/* Set by the library itself when a setting needs SGX's KSS attribute. */
#define OE_ENCLAVE_FLAG_SGX_KSS 0x00000004u
/* DEBUG if the image is signed for debugging, else not. */
#define OE_ENCLAVE_FLAG_DEBUG_AUTO 0x00000010u
/* Any of these bits is refused with OE_INVALID_PARAMETER. */
#define OE_ENCLAVE_FLAG_RESERVED                              \
	(~(OE_ENCLAVE_FLAG_DEBUG | OE_ENCLAVE_FLAG_SIMULATE | \
	   OE_ENCLAVE_FLAG_DEBUG_AUTO))

/* Which member of oe_enclave_setting_t.u is meant. */
typedef enum _oe_enclave_setting_type {
	OE_ENCLAVE_SETTING_CONTEXT_SWITCHLESS = 0xdc73a628,
	OE_SGX_ENCLAVE_CONFIG_DATA = 0x78b5b41d,
	__OE_ENCLAVE_SETTING_TYPE_MAX = OE_ENUM_MAX,
} oe_enclave_setting_type_t;

/* Worker threads for calls marked transition_using_threads in the EDL. */
typedef struct _oe_enclave_setting_context_switchless {
	/* Threads in the host that serve ocalls. */
	size_t max_host_workers;
	/* Threads in the enclave that serve ecalls; each takes a TCS. */
	size_t max_enclave_workers;
} oe_enclave_setting_context_switchless_t;

/* SECS.CONFIGID and CONFIGSVN (SGX with KSS): 67 bytes, padded to 68. */
typedef struct _oe_sgx_enclave_setting_config_data {
	uint8_t config_id[64];
	uint16_t config_svn;
	/* Go on without them where the image or machine has no KSS. */
	bool ignore_if_unsupported;
} oe_sgx_enclave_setting_config_data_t;

typedef struct _oe_enclave_setting {
	oe_enclave_setting_type_t setting_type;
	/* Read during oe_create_enclave only; stays the caller's. */
	union {
		const oe_enclave_setting_context_switchless_t
			*context_switchless_setting;
		const oe_sgx_enclave_setting_config_data_t *config_data;
	} u;
} oe_enclave_setting_t;
OE_STATIC_ASSERT(sizeof(oe_enclave_setting_t) == 16);

/*
 * A function of the host that an enclave calls, as oeedger8r generates it:
 * unpacks in (in_size bytes), calls the program's function, packs its
 * results into out (out_size bytes) and stores the number of bytes written.
 */
typedef void (*oe_ocall_func_t)(const uint8_t *input_buffer,
	size_t input_buffer_size, uint8_t *output_buffer,
	size_t output_buffer_size, size_t *output_bytes_written);

/* An entry of the generated table of ecalls. */
typedef struct _oe_ecall_info_t {
	/* The ecall's name in the EDL; constant. */
	const char *name;
} oe_ecall_info_t;

/*
 * Load, measure and start an enclave. Programs call the generated
 * oe_create_<edl>_enclave, which adds the four table arguments.
 *
 * path: the image (ELF), signed or, with the debug flag, unsigned.
 * type: OE_ENCLAVE_TYPE_AUTO or OE_ENCLAVE_TYPE_SGX.
 * settings: setting_count entries; NULL exactly when the count is 0.
 * ocall_table, ecall_name_table: stay the caller's and must outlive the
 * enclave.
 * enclave: on success receives the enclave, which oe_terminate_enclave
 * frees; on failure NULL.
 *
 * Returns OE_OK; OE_INVALID_PARAMETER (an argument, a reserved flag);
 * OE_NOT_FOUND (no such file); OE_UNSUPPORTED_ENCLAVE_IMAGE, OE_INVALID_IMAGE
 * (what the file holds); OE_DEBUG_DOWNGRADE (debug wanted, image not signed
 * for it); OE_OUT_OF_MEMORY (host memory or EPC);
 * OE_PLATFORM_ERROR (the processor refused the enclave, as for a wrong
 * signature or measurement); OE_SERVICE_UNAVAILABLE (no machine);
 * or what the enclave's own start-up returned.
 */
oe_result_t oe_create_enclave(const char *path, oe_enclave_type_t type,
	uint32_t flags, const oe_enclave_setting_t *settings,
	uint32_t setting_count, const oe_ocall_func_t *ocall_table,
	uint32_t ocall_count, const oe_ecall_info_t *ecall_name_table,
	uint32_t ecall_count, oe_enclave_t **enclave);

/*
 * End an enclave: its atexit functions and destructors run, then its memory
 * is wiped and given back and the handle freed. No thread may be inside.
 *
 * Returns OE_OK, OE_INVALID_PARAMETER for NULL, OE_MEMORY_LEAK when the
 * enclave uses the debugging allocator and left memory allocated (the
 * enclave is gone all the same), or why the enclave's last call failed.
 */
oe_result_t oe_terminate_enclave(oe_enclave_t *enclave);

/*
 * A report of an enclave (flags 0: a local one,
 * OE_REPORT_FLAGS_REMOTE_ATTESTATION: a quote), made by the enclave.
 * opt_params: the target's information (512 bytes, oe_get_target_info), or
 * NULL with size 0. Freed with oe_free_report. The enclave's EDL must import
 * openenclave/edl/sgx/attestation.edl.
 *
 * Returns OE_OK; OE_INVALID_PARAMETER; OE_UNSUPPORTED where the enclave does
 * not import it; for quotes also what oe_get_evidence
 * (openenclave/attestation/attester.h) returns.
 */
oe_result_t oe_get_report_v2(oe_enclave_t *enclave, uint32_t flags,
	const void *opt_params, size_t opt_params_size,
	uint8_t **report_buffer, size_t *report_buffer_size);
#define oe_get_report oe_get_report_v2
void oe_free_report(uint8_t *report_buffer);

/* As in openenclave/enclave.h. */
oe_result_t oe_get_target_info_v2(const uint8_t *report, size_t report_size,
	void **target_info_buffer, size_t *target_info_size);
#define oe_get_target_info oe_get_target_info_v2
void oe_free_target_info(void *target_info);
oe_result_t oe_parse_report(const uint8_t *report, size_t report_size,
	oe_report_t *parsed_report);

/*
 * Have enclave check a local report that was made for it; its EDL must import
 * openenclave/edl/attestation.edl. A quote is checked here, as
 * oe_verify_evidence does (openenclave/attestation/verifier.h); enclave may
 * be NULL. parsed_report may be NULL.
 */
oe_result_t oe_verify_report(oe_enclave_t *enclave, const uint8_t *report,
	size_t report_size, oe_report_t *parsed_report);

/*
 * The public half of a key pair that derives from the enclave's seal key:
 * as oe_get_public_key_by_policy and oe_get_public_key of
 * openenclave/enclave.h. The enclave's EDL must import
 * openenclave/edl/keys.edl, else OE_UNSUPPORTED. The host could say anything:
 * others learn from evidence whose key it is.
 */
oe_result_t oe_get_public_key_by_policy(oe_enclave_t *enclave,
	oe_seal_policy_t seal_policy,
	const oe_asymmetric_key_params_t *key_params, uint8_t **key_buffer,
	size_t *key_buffer_size, uint8_t **key_info, size_t *key_info_size);
oe_result_t oe_get_public_key(oe_enclave_t *enclave,
	const oe_asymmetric_key_params_t *key_params, const uint8_t *key_info,
	size_t key_info_size, uint8_t **key_buffer, size_t *key_buffer_size);

/* Wipe and free both; each may be NULL. */
void oe_free_key(uint8_t *key_buffer, size_t key_buffer_size,
	uint8_t *key_info, size_t key_info_size);

OE_EXTERNC_END

#endif
