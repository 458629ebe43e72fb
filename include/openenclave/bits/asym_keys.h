/* SPDX-License-Identifier: MIT */
/*
 * Parameters of the key pairs that an enclave derives from its seal key.
 *
 * Layouts are those of the Open Enclave SDK, which generates this file from
 * edl/asym_keys.edl; the guards below are the generated ones, so that an EDL
 * which imports those types and this header agree on who defines them.
 */
#ifndef EDGER8R_ASYM_KEYS_ARGS_H
#define EDGER8R_ASYM_KEYS_ARGS_H

#include <openenclave/bits/types.h>

#ifndef EDGER8R_ENUM_OE_ASYMMETRIC_KEY_TYPE_T
#define EDGER8R_ENUM_OE_ASYMMETRIC_KEY_TYPE_T
typedef enum oe_asymmetric_key_type_t {
	/* NIST P-256. */
	OE_ASYMMETRIC_KEY_EC_SECP256P1 = 1,
	_OE_ASYMMETRIC_KEY_TYPE_MAX = OE_ENUM_MAX,
} oe_asymmetric_key_type_t;
#endif

#ifndef EDGER8R_ENUM_OE_ASYMMETRIC_KEY_FORMAT_T
#define EDGER8R_ENUM_OE_ASYMMETRIC_KEY_FORMAT_T
typedef enum oe_asymmetric_key_format_t {
	/* PEM text with its NUL. */
	OE_ASYMMETRIC_KEY_PEM = 1,
	_OE_ASYMMETRIC_KEY_FORMAT_MAX = OE_ENUM_MAX,
} oe_asymmetric_key_format_t;
#endif

#ifndef EDGER8R_STRUCT_OE_ASYMMETRIC_KEY_PARAMS_T
#define EDGER8R_STRUCT_OE_ASYMMETRIC_KEY_PARAMS_T
typedef struct oe_asymmetric_key_params_t {
	oe_asymmetric_key_type_t type;
	oe_asymmetric_key_format_t format;
	/* Bytes that make the key another one; may be NULL. */
	void *user_data;
	/* Their number. */
	size_t user_data_size;
} oe_asymmetric_key_params_t;
#endif

#endif
