/* SPDX-License-Identifier: MIT */
/*
 * What verification may say.  Names and order of the checks follow Intel's
 * quote verification library, so that its users find their way.
 */
#ifndef COFFER_ATTEST_STATUS_H
#define COFFER_ATTEST_STATUS_H

#include <stdbool.h>
#include <stdint.h>

/* Constant (without ATTEST_), severity, words. */
#define ATTEST_STATUS_LIST(_) \
	_(OK, GOOD, "the quote is genuine and its machine is up to date") \
	/* The machine's level: the quote is genuine, the relying party \
	 * decides whether that is enough. */ \
	_(TCB_SW_HARDENING_NEEDED, WARNING, \
		"the machine's enclaves need hardening in software") \
	_(TCB_CONFIGURATION_NEEDED, WARNING, \
		"the machine needs another configuration") \
	_(TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED, WARNING, \
		"the machine needs another configuration, its enclaves " \
		"hardening in software") \
	_(TCB_OUT_OF_DATE, WARNING, "the machine is out of date") \
	_(TCB_OUT_OF_DATE_CONFIGURATION_NEEDED, WARNING, \
		"the machine is out of date and needs another " \
		"configuration") \
	/* Dates (unless ATTEST_ALLOW_EXPIRED makes them remarks). */ \
	_(PCK_CERT_CHAIN_EXPIRED, EXPIRY, \
		"a certificate of the PCK chain has expired") \
	_(SIGNING_CERT_CHAIN_EXPIRED, EXPIRY, \
		"a certificate that signs collateral has expired") \
	_(CRL_EXPIRED, EXPIRY, "a revocation list has expired") \
	_(TCB_INFO_EXPIRED, EXPIRY, "the TCB info has expired") \
	_(QE_IDENTITY_EXPIRED, EXPIRY, "the QE identity has expired") \
	_(NOT_YET_VALID, EXPIRY, \
		"something was issued after the time of the check") \
	/* Refused. */ \
	_(TCB_REVOKED, REFUSED, "the machine's TCB is revoked") \
	_(TCB_NOT_SUPPORTED, REFUSED, \
		"the machine is below every level of the TCB info") \
	_(TCB_UNRECOGNIZED_STATUS, REFUSED, \
		"the TCB info has a status that nobody knows") \
	_(DEBUG_REFUSED, REFUSED, "a debug enclave, which policy refuses") \
	_(UNSUPPORTED_QUOTE_FORMAT, REFUSED, \
		"not a quote of a kind that can be verified") \
	_(UNSUPPORTED_CERT_DATA, REFUSED, \
		"the quote brings no PCK certificate chain") \
	_(PCK_CERT_CHAIN_INVALID, REFUSED, \
		"the PCK chain is not three well-formed certificates") \
	_(ROOT_CA_INVALID, REFUSED, "the root certificate is not one") \
	_(INTERMEDIATE_CA_INVALID, REFUSED, \
		"the intermediate certificate is not one, or not by the root") \
	_(INTERMEDIATE_CA_REVOKED, REFUSED, \
		"the intermediate certificate is revoked") \
	_(PCK_CERT_INVALID, REFUSED, \
		"the PCK certificate is not one, or not by the intermediate") \
	_(PCK_REVOKED, REFUSED, "the machine's PCK certificate is revoked") \
	_(ROOT_UNTRUSTED, REFUSED, "the root is none that is trusted here") \
	_(CRL_INVALID, REFUSED, "a revocation list cannot be read") \
	_(CRL_UNKNOWN_ISSUER, REFUSED, \
		"a revocation list is not by the authority it is for") \
	_(CRL_INVALID_SIGNATURE, REFUSED, \
		"a revocation list's signature is wrong") \
	_(SIGNING_CERT_CHAIN_INVALID, REFUSED, \
		"the chain that signs collateral is not signer and root") \
	_(SIGNING_CERT_REVOKED, REFUSED, \
		"the certificate that signs collateral is revoked") \
	_(TCB_INFO_INVALID, REFUSED, "the TCB info cannot be read") \
	_(TCB_INFO_INVALID_SIGNATURE, REFUSED, \
		"the TCB info's signature is wrong") \
	_(TCB_INFO_MISMATCH, REFUSED, \
		"the TCB info is for another kind of machine") \
	_(QE_IDENTITY_INVALID, REFUSED, "the QE identity cannot be read") \
	_(QE_IDENTITY_INVALID_SIGNATURE, REFUSED, \
		"the QE identity's signature is wrong") \
	_(QE_REPORT_INVALID_SIGNATURE, REFUSED, \
		"the machine's PCK did not sign the quoting enclave's report") \
	_(QE_REPORT_INVALID_DATA, REFUSED, \
		"the quoting enclave's report is not about the attestation " \
		"key") \
	_(QE_IDENTITY_MISMATCH, REFUSED, \
		"the quote was made by another enclave than the quoting " \
		"enclave") \
	_(QE_SVN_NOT_SUPPORTED, REFUSED, \
		"the quoting enclave is below every level of its identity") \
	_(QUOTE_INVALID_SIGNATURE, REFUSED, "the quote's signature is wrong")

enum attest_status {
#define ATTEST_STATUS_ENUM(name, severity, words) ATTEST_##name,
	ATTEST_STATUS_LIST(ATTEST_STATUS_ENUM)
#undef ATTEST_STATUS_ENUM
	ATTEST_STATUSES
};

enum attest_severity {
	ATTEST_GOOD,
	ATTEST_WARNING, /* genuine; the level is for the relying party */
	ATTEST_EXPIRY, /* genuine, judged by stale (or future) collateral */
	ATTEST_REFUSED, /* nothing in the quote is to be believed */
};

const char *attest_status_name(enum attest_status status); /* "OK", ... */
const char *attest_status_words(enum attest_status status);
enum attest_severity attest_status_severity(enum attest_status status);

/* Of a level, numbered as Open Enclave's oe_sgx_tcb_status_t. */
enum attest_tcb_status {
	ATTEST_LEVEL_UP_TO_DATE = 0,
	ATTEST_LEVEL_OUT_OF_DATE = 1,
	ATTEST_LEVEL_REVOKED = 2,
	ATTEST_LEVEL_CONFIGURATION_NEEDED = 3,
	ATTEST_LEVEL_OUT_OF_DATE_CONFIGURATION_NEEDED = 4,
	ATTEST_LEVEL_SW_HARDENING_NEEDED = 5,
	ATTEST_LEVEL_CONFIGURATION_AND_SW_HARDENING_NEEDED = 6,
	ATTEST_LEVEL_UNKNOWN = -1, /* none reached, none found */
};

/* As in collateral: "UpToDate", "OutOfDate", ...; "Unknown". */
const char *attest_level_name(enum attest_tcb_status level);

/* A level by its name; ATTEST_LEVEL_UNKNOWN if it is none. */
enum attest_tcb_status attest_level_parse(const char *name);

/* What a machine of level platform with a quoting enclave of level qe is. */
enum attest_tcb_status attest_level_converge(enum attest_tcb_status platform,
	enum attest_tcb_status qe);

/* The status that says so. */
enum attest_status attest_level_status(enum attest_tcb_status level);

#endif
