/* SPDX-License-Identifier: MIT */
/*
 * Enclave properties: the 1,960-byte object that every enclave image carries
 * in its section .oeinfo, and the macros with which a program defines it.
 *
 * offset size field
 *      0    4 header.size                      1960
 *      4    4 header.enclave_type              2 (SGX)
 *      8    8 header.size_settings.num_heap_pages
 *     16    8 header.size_settings.num_stack_pages   per thread
 *     24    8 header.size_settings.num_tcs           most 1024
 *     32    2 config.product_id                ISVPRODID
 *     34    2 config.security_version          ISVSVN
 *     36    4 config.flags
 *     40   16 config.family_id                 ISVFAMILYID, with KSS only
 *     56   16 config.extended_product_id       ISVEXTPRODID, with KSS only
 *     72    8 config.attributes                ATTRIBUTES.FLAGS
 *     80    8 config.xfrm
 *     88    8 config.start_address             zero-base enclaves only
 *     96   48 image_info                       written by loader and signer
 *    144 1808 sigstruct                        written by oesign
 *   1952    8 end_marker
 *
 * Included by enclave programs (through openenclave/enclave.h), by the host
 * library, the loader and the signer.
 */
#ifndef _OE_BITS_PROPERTIES_H
#define _OE_BITS_PROPERTIES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OE_SGX_FLAGS_DEBUG 0x0000000000000002ULL
#define OE_SGX_FLAGS_MODE64BIT 0x0000000000000004ULL
#define OE_SGX_FLAGS_KSS 0x0000000000000080ULL

#define OE_SGX_SIGSTRUCT_SIZE 1808
#define OE_SGX_MAX_TCS 1024
#define OE_INFO_SECTION_NAME ".oeinfo"
#define OE_SGX_PROPERTIES_END_MARKER 0xececececececececULL

/* What a host may choose per enclave without touching its code. */
typedef struct _oe_enclave_size_settings {
	uint64_t num_heap_pages;
	uint64_t num_stack_pages; /* of each thread */
	uint64_t num_tcs;
} oe_enclave_size_settings_t;

typedef struct _oe_enclave_properties_header {
	uint32_t size; /* bytes, of the whole object */
	uint32_t enclave_type; /* oe_enclave_type_t; 2 is SGX */
	oe_enclave_size_settings_t size_settings;
} oe_enclave_properties_header_t;

typedef struct _oe_sgx_enclave_flags {
	uint32_t capture_pf_gp_exceptions : 1; /* MISCSELECT.EXINFO wanted */
	uint32_t create_zero_base_enclave : 1; /* ELRANGE begins at 0 */
	uint32_t reserved : 30;
} oe_sgx_enclave_flags_t;

typedef struct _oe_sgx_enclave_config {
	uint16_t product_id;
	uint16_t security_version;
	oe_sgx_enclave_flags_t flags;
	uint8_t family_id[16];
	uint8_t extended_product_id[16];
	uint64_t attributes;
	uint64_t xfrm;
	uint64_t start_address;
} oe_sgx_enclave_config_t;

/* Offsets from the image's start; the loader fills them in before it
 * measures, so an enclave finds its own layout here. */
typedef struct _oe_sgx_enclave_image_info {
	uint64_t oeinfo_rva;
	uint64_t oeinfo_size;
	uint64_t reloc_rva;
	uint64_t reloc_size;
	uint64_t heap_rva;
	uint64_t enclave_size; /* ELRANGE, a power of two */
} oe_sgx_enclave_image_info_t;

typedef struct _oe_sgx_enclave_properties {
	oe_enclave_properties_header_t header;
	oe_sgx_enclave_config_t config;
	oe_sgx_enclave_image_info_t image_info;
	uint8_t sigstruct[OE_SGX_SIGSTRUCT_SIZE];
	uint64_t end_marker;
} oe_sgx_enclave_properties_t;

#ifdef __cplusplus
#define _OE_PROPERTIES_CHECK(cond) static_assert(cond, #cond)
#else
#define _OE_PROPERTIES_CHECK(cond) _Static_assert(cond, #cond)
#endif
_OE_PROPERTIES_CHECK(sizeof(oe_enclave_properties_header_t) == 32);
_OE_PROPERTIES_CHECK(sizeof(oe_sgx_enclave_config_t) == 64);
_OE_PROPERTIES_CHECK(offsetof(oe_sgx_enclave_properties_t, config) == 32);
_OE_PROPERTIES_CHECK(offsetof(oe_sgx_enclave_properties_t, image_info) == 96);
_OE_PROPERTIES_CHECK(offsetof(oe_sgx_enclave_properties_t, sigstruct) == 144);
_OE_PROPERTIES_CHECK(offsetof(oe_sgx_enclave_properties_t, end_marker) == 1952);
_OE_PROPERTIES_CHECK(sizeof(oe_sgx_enclave_properties_t) == 1960);
#undef _OE_PROPERTIES_CHECK

/* The object that the macros below define. */
extern volatile const oe_sgx_enclave_properties_t oe_enclave_properties_sgx;

#define _OE_PROPERTIES_STRIP(...) __VA_ARGS__
#define _OE_PROPERTIES_BOOL(x, bit) ((x) ? (bit) : 0ULL)

/*
 * Define the properties of an SGX enclave; once per enclave, at file scope,
 * with constant arguments.
 *
 * EXTENDED_PRODUCT_ID and FAMILY_ID are brace lists of up to 16 bytes in
 * parentheses, ({0x47, 0x11, ...}); they must be zero without REQUIRE_KSS.
 * ENCLAVE_START_ADDRESS is used with CREATE_ZERO_BASE_ENCLAVE only.
 */
#define OE_SET_ENCLAVE_SGX2(PRODUCT_ID, SECURITY_VERSION,                      \
	EXTENDED_PRODUCT_ID, FAMILY_ID, ALLOW_DEBUG, CAPTURE_PF_GP_EXCEPTIONS, \
	REQUIRE_KSS, CREATE_ZERO_BASE_ENCLAVE, ENCLAVE_START_ADDRESS,          \
	HEAP_PAGE_COUNT, STACK_PAGE_COUNT, TCS_COUNT)                          \
	_OE_PROPERTIES_OBJECT = {                                              \
		.header = {                                                    \
			.size = sizeof(oe_sgx_enclave_properties_t),           \
			.enclave_type = 2,                                     \
			.size_settings = {                                     \
				.num_heap_pages = (HEAP_PAGE_COUNT),           \
				.num_stack_pages = (STACK_PAGE_COUNT),         \
				.num_tcs = (TCS_COUNT),                        \
			},                                                     \
		},                                                             \
		.config = {                                                    \
			.product_id = (PRODUCT_ID),                            \
			.security_version = (SECURITY_VERSION),                \
			.flags = {                                             \
				.capture_pf_gp_exceptions =                    \
					(CAPTURE_PF_GP_EXCEPTIONS) ? 1 : 0,    \
				.create_zero_base_enclave =                    \
					(CREATE_ZERO_BASE_ENCLAVE) ? 1 : 0,    \
				.reserved = 0,                                 \
			},                                                     \
			.family_id = _OE_PROPERTIES_STRIP FAMILY_ID,           \
			.extended_product_id =                                 \
				_OE_PROPERTIES_STRIP EXTENDED_PRODUCT_ID,      \
			.attributes = OE_SGX_FLAGS_MODE64BIT |                 \
				_OE_PROPERTIES_BOOL(ALLOW_DEBUG,               \
					OE_SGX_FLAGS_DEBUG) |                  \
				_OE_PROPERTIES_BOOL(REQUIRE_KSS,               \
					OE_SGX_FLAGS_KSS),                     \
			.xfrm = 0,                                             \
			.start_address = (CREATE_ZERO_BASE_ENCLAVE) ?          \
				(ENCLAVE_START_ADDRESS) : 0,                   \
		},                                                             \
		.image_info = {0, 0, 0, 0, 0, 0},                              \
		.sigstruct = {0},                                              \
		.end_marker = OE_SGX_PROPERTIES_END_MARKER,                    \
	}

#define _OE_PROPERTIES_OBJECT                                                  \
	__attribute__((section(OE_INFO_SECTION_NAME), used,                    \
		visibility("default"))) volatile const                         \
		oe_sgx_enclave_properties_t oe_enclave_properties_sgx

#define OE_SET_ENCLAVE_SGX(PRODUCT_ID, SECURITY_VERSION, ALLOW_DEBUG,          \
	HEAP_PAGE_COUNT, STACK_PAGE_COUNT, TCS_COUNT)                          \
	OE_SET_ENCLAVE_SGX2(PRODUCT_ID, SECURITY_VERSION, ({0}), ({0}),        \
		ALLOW_DEBUG, 0, 0, 0, 0, HEAP_PAGE_COUNT, STACK_PAGE_COUNT,    \
		TCS_COUNT)

/* OP-TEE enclaves do not exist here: the macro is accepted and defines
 * nothing. */
#define OE_SET_ENCLAVE_OPTEE(UUID, HEAP_SIZE, STACK_SIZE, FLAGS, VERSION,      \
	DESCRIPTION)

#ifdef __cplusplus
}
#endif

#endif
