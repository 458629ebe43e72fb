/* SPDX-License-Identifier: MIT */
/*
 * Configuration files of oesign: lines NAME=VALUE that override an image's
 * properties.  The separator is a run of '=', spaces and tabs; '#' begins a
 * comment line; numbers are decimal; each name may appear once.
 */
#ifndef COFFER_CONF_H
#define COFFER_CONF_H

#include "image/image.h"

#include <openenclave/bits/properties.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum conf_key {
	CONF_DEBUG,
	CONF_NUM_HEAP_PAGES,
	CONF_NUM_STACK_PAGES,
	CONF_NUM_TCS,
	CONF_PRODUCT_ID,
	CONF_SECURITY_VERSION,
	CONF_FAMILY_ID,
	CONF_EXTENDED_PRODUCT_ID,
	CONF_CAPTURE_PF_GP_EXCEPTIONS,
	CONF_CREATE_ZERO_BASE_ENCLAVE,
	CONF_START_ADDRESS,
	CONF_MAX_HEAP_PAGES,
	CONF_MAX_TCS,
	CONF_KEY_COUNT
};

struct conf {
	bool has[CONF_KEY_COUNT];
	uint64_t number[CONF_KEY_COUNT];
	uint8_t family_id[16], extended_product_id[16];
};

/* Reads a stream; `name` is for messages.  0, or -1 with "name(line): ..."
 * in err.  *out may then hold settings from before the error. */
int conf_read(FILE *in, const char *name, struct conf *out, char *err,
	size_t errsize);

/* The same for a file. */
int conf_read_file(const char *path, struct conf *out, char *err,
	size_t errsize);

/* Merges the settings into properties, by the rules of other OE signers:
 * settings that are there override; KSS and both ids follow FamilyID and
 * ExtendedProductID alone, and the flags CapturePFGPExceptions and
 * CreateZeroBaseEnclave their settings alone, whatever the image had.
 * Properties without a header get one. */
void conf_apply(const struct conf *conf, oe_sgx_enclave_properties_t *p);

/* Settings that are there override what the image has. */
void conf_apply_growth(const struct conf *conf, struct image_growth *growth);

#endif
