/* SPDX-License-Identifier: MIT */
/*
 * Quotes: a REPORT for the quoting enclave, which the host carries there and
 * brings back signed.  What comes back is checked to be about this enclave;
 * whether its signature is worth anything is for verifiers.
 */
#ifndef COFFER_ENCLAVE_CORE_QUOTE_H
#define COFFER_ENCLAVE_CORE_QUOTE_H

#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

/* Quotes are at most so long, in bytes. */
#define CORE_QUOTE_MAX (10 * 1024)

/*
 * format: which kind is wanted, for the host.  out: room bytes, of which the
 * first *size receive the quote.  OE_OK; OE_UNSUPPORTED (the EDL imports no
 * attestation); OE_UNEXPECTED (the quote is none, or not of this REPORT); or
 * what the host said.
 */
oe_result_t core_quote(const oe_uuid_t *format, const uint8_t data[64],
	uint8_t *out, size_t room, size_t *size);

#endif
