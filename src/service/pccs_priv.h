/* SPDX-License-Identifier: MIT */
/*
 * What the pccs_*.c files know of each other.  Everything comes from the CA
 * of this state directory; nothing is fetched from anybody.
 */
#ifndef COFFER_SERVICE_PCCS_PRIV_H
#define COFFER_SERVICE_PCCS_PRIV_H

#include "pki/collateral.h"
#include "pki/manufacture.h"
#include "service/service.h"

#define PCCS_QEID_MAX 260u /* hexadecimal digits, as the original */
#define PCCS_EPPID_DIGITS 768u
#define PCCS_CHAIN_MAX 16384u /* bytes of a chain in PEM */

/* Statuses of the caching service that HTTP does not have. */
enum {
	PCCS_INTEGRITY = 460, /* another root than ours */
	PCCS_UNKNOWN = 461, /* no such platform */
	PCCS_NO_CERTIFICATE = 462, /* the platform has none that fits */
};

struct pccs {
	struct service *service;
	struct pki *pki;
};

extern const struct http_interface pccs_interface;

/* "v3" or "v4" of the path; 0: neither, and 404 was answered. */
unsigned pccs_version(struct http_request *, struct http_answer *);

/* Hexadecimal digits of exactly this many bytes. */
bool pccs_hex(const char *text, uint8_t *bytes, size_t size);
bool pccs_is_hex(const char *text, size_t digits);
/* In the request's memory; NULL: out of memory. */
char *pccs_to_hex(struct http_request *, const uint8_t *bytes, size_t size,
	bool upper);
/* Percent-encodes all but letters, digits and -._~, so that the LF at a
 * chain's end is %0A, which Intel's client needs. */
char *pccs_escape(struct http_request *, const char *text, size_t size);

/* Answers for a failure of the CA: missing says what a -ENOENT means. */
void pccs_fail(struct http_answer *, int error, const struct why *,
	unsigned missing);

/* Sets a header to an issuer chain.  False: it failed and was answered. */
bool pccs_chain_header(struct http_request *, struct http_answer *,
	enum pki_cert signer, const char *name);
/* How long clients may keep the answer. */
void pccs_cache_header(struct http_request *, struct http_answer *);

/* What a query says of TCB evaluation numbers: update=early|standard, or
 * tcbEvaluationDataNumber.  *number 0: the standard one.  False: answered. */
bool pccs_evaluation(struct http_request *, struct http_answer *,
	unsigned *number);

/* The same for both kinds of clients. */
void pccs_tcb(struct http_request *, struct http_answer *,
	unsigned api_version);
void pccs_qe_identity(struct http_request *, struct http_answer *,
	unsigned api_version);
/* uri: where the list is to be had; NULL or another: -EINVAL. */
int pccs_crl_by_uri(struct pccs *, const char *uri, struct pki_bytes *list,
	enum pki_cert *issuer, struct why *);

/* A platform by its QE_ID, or by an encrypted PPID that a tool has pushed.
 * Any text may be NULL.  -EINVAL, -ENOENT. */
int pccs_find(struct pccs *, const char *qeid, const char *eppid,
	struct pki_machine *, struct why *);

/* Does the query speak Azure's dialect?  Then GET pckcert is pccs_azure's. */
bool pccs_is_azure(const struct http_request *);
http_handler pccs_azure_pckcert;

int pccs_collateral_routes(struct http_server *, struct pccs *);
int pccs_certs_routes(struct http_server *, struct pccs *);
int pccs_admin_routes(struct http_server *, struct pccs *, struct why *);
int pccs_azure_routes(struct http_server *, struct pccs *);

#endif
