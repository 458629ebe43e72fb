/* SPDX-License-Identifier: MIT */
#ifndef SEAL_TEST_H
#define SEAL_TEST_H

#include <openenclave/host.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "seal_u.h"

enum image {
	USUAL, /* product 1, security version 2, OpenSSL */
	MBEDTLS, /* the same identity, but for MRENCLAVE */
	OLDER, /* security version 1 */
	NEWER, /* security version 3 */
	PRODUCT, /* product 2 */
	KSS, /* with a family */
	SIGNER, /* another signer */
	IMAGES
};

/* Types of oe_seal_setting_t (sgx/seal.h), as hosts do not have them. */
enum {
	POLICY = 0, CONTEXT = 1, IV = 2, KEYNAME = 0x8000, ISVSVN, CETMASK,
	CPUSVN, FLAGSMASK, XFRMMASK, MISCMASK, CONFIGSVN
};
#define VALUE(TYPE, N) { .type = TYPE, .value = N }

#define HEADER 560
#define MOST 4096

struct blob {
	size_t size;
	uint8_t bytes[MOST];
};

/* Parts of the header. */
#define AT_CPUSVN 8
#define AT_KEYID 40
#define AT_CONFIGSVN 76
#define AT_CIPHERTEXT_SIZE 512
#define AT_RESERVED 516
#define AT_TOTAL_SIZE 528
#define AT_IV 532
#define AT_TAG 544

extern const char text[]; /* what is sealed */
#define TEXT_SIZE 37u

/* A new enclave; and one with these flags. */
oe_enclave_t *start(enum image);
oe_enclave_t *start_with(enum image, uint32_t flags);
void stop(oe_enclave_t *);

oe_result_t seal_with(oe_enclave_t *, const struct sl_setting *, size_t count,
	struct blob *);
void seal_by(oe_enclave_t *, int policy, struct blob *);
/* Opens it; OE_OK only for the text above. */
oe_result_t open_by(oe_enclave_t *, const struct blob *);

/* blobs.c */
void test_format(void **state);
void test_bits(void **state);
void test_forged(void **state);
void test_additional_data(void **state);
void test_sizes(void **state);
void test_from_outside(void **state);
/* settings.c */
void test_settings(void **state);
void test_versions(void **state);
void test_kss(void **state);
/* keys.c */
void test_keys(void **state);
void test_key_errors(void **state);
void test_keys_of_host(void **state);

#endif
