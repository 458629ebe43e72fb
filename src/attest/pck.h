/* SPDX-License-Identifier: MIT */
/*
 * What a PCK certificate says of its machine: Intel's SGX extension,
 * 1.2.840.113741.1.13.1, a list of OIDs with values.
 */
#ifndef COFFER_ATTEST_PCK_H
#define COFFER_ATTEST_PCK_H

#include "common/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attest_quote;

enum attest_ca {
	ATTEST_CA_PROCESSOR, /* "Intel SGX PCK Processor CA" */
	ATTEST_CA_PLATFORM, /* "Intel SGX PCK Platform CA" */
};

/* As in URLs: "processor" or "platform". */
const char *attest_ca_name(enum attest_ca ca);

struct attest_pck {
	uint8_t ppid[16];
	uint8_t components[16]; /* SVN of TCB component 1 ... 16 */
	uint16_t pcesvn;
	uint8_t cpusvn[16];
	uint16_t pceid;
	uint8_t fmspc[6];
	uint8_t sgx_type; /* 0 standard, 1 scalable, 2 with integrity */
	bool has_platform; /* the rest is there; only from the platform CA */
	uint8_t platform_instance_id[16];
	int8_t dynamic_platform, cached_keys, smt_enabled; /* -1: not said */
	enum attest_ca ca; /* by the issuer's name */
	uint8_t key[64]; /* the certificate's public key, x || y */
};

/* Reads the extension's value (the SEQUENCE, DER); ca and key stay as they
 * are.  0, or -EINVAL and why. */
int attest_pck_parse_extension(const uint8_t *der, size_t size,
	struct attest_pck *pck, struct why *why);

/*
 * Reads a PCK certificate: DER, or the first certificate of a PEM text
 * (NUL at its end or not).  Names and extension are checked, signatures are
 * not.  0; -EINVAL and why; -ENOMEM.
 */
int attest_pck_parse(const uint8_t *bytes, size_t size,
	struct attest_pck *pck, struct why *why);

/* The same for the certificate inside a quote: what to ask collateral for.
 * -ENOTSUP for a quote without certificate (types 1 to 3). */
int attest_pck_of_quote(const struct attest_quote *quote,
	struct attest_pck *pck, struct why *why);

#endif
