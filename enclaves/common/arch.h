/* SPDX-License-Identifier: MIT */
/*
 * What the two architectural enclaves do alike: who they are, whether a
 * REPORT is for them, private keys from the processor's keys.
 */
#ifndef COFFER_ENCLAVES_ARCH_H
#define COFFER_ENCLAVES_ARCH_H

#include "arch_result.h"
#include "curve.h"
#include "pki/architectural.h"

/* The REPORT body of the calling enclave itself. */
const struct sgx_report_body *arch_self(void);

/* What other enclaves need to make REPORTs for this one. */
void arch_target(struct sgx_targetinfo *target);

/* Was this REPORT, the caller's own copy, made for this enclave by an enclave
 * of this machine?  The REPORT key is kept for the next one. */
enum arch_result arch_check_report(const struct sgx_report *report);

/* The processor's key for a request; ARCH_TCB, ARCH_PRIVILEGE. */
enum arch_result arch_key(const struct sgx_keyrequest *request,
	uint8_t key[16]);

/* The private key that derives from the processor's key for a request, under
 * a label (pki/architectural.h). */
enum arch_result arch_private_key(const struct sgx_keyrequest *request,
	const char *label, struct curve_key **key);

void arch_wipe(void *secret, size_t size);

#endif
