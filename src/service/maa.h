/* SPDX-License-Identifier: MIT */
/*
 * The attestation service, with the interface of Azure Attestation for SGX
 * enclaves.  This header is for its own files; docs/attestation-service.md
 * says what is as Azure has it and what is not.
 *
 * A request goes through maa_request (what was asked), maa_evidence (is the
 * quote genuine, and is the data bound to it), maa_policy (may it have a
 * token, with which claims) and maa_token (the token).
 */
#ifndef COFFER_SERVICE_MAA_H
#define COFFER_SERVICE_MAA_H

#include "attest/verify.h"
#include "service/jws.h"
#include "service/maa_policy.h"
#include "service/service.h"

#define MAA_HASH_CHARS 43 /* base64url of 32 bytes */
#define MAA_TOKEN_SECONDS 28800 /* eight hours, as Azure's */

/* Attestation types that have a policy. */
enum maa_type { MAA_SGX_ENCLAVE, MAA_OPEN_ENCLAVE, MAA_TYPES };
const char *maa_type_name(enum maa_type type);
/* In any case; false: it is not served. */
bool maa_type_find(const char *name, enum maa_type *type);

/* --- what signs tokens (maa_signer.c) -------------------------------------- */

struct maa_signer;

/* The RSA key is made at first use and kept sealed in the database; so is its
 * certificate, self-signed for the service's URL. */
int maa_signer_open(const struct service *service, struct maa_signer **signer,
	struct why *why);
void maa_signer_close(struct maa_signer *signer);
/* A token with jku, kid and typ in its header; the caller's to free(). */
char *maa_signer_sign(const struct maa_signer *signer, const json_t *claims,
	struct why *why);
/* {"keys":[…]}, a new reference. */
json_t *maa_signer_jwks(const struct maa_signer *signer);
/* iss, iat, nbf, exp, jti: what every token begins with. */
json_t *maa_claims_new(const struct service *service);

/* --- policies and who may sign them (maa_store.c) --------------------------- */

/* A type's policy at one time.  Never changes; counted. */
struct maa_stored {
	int references; /* atomic */
	struct maa_policy *policy;
	char *token; /* the JWS that brought it */
	char hash[MAA_HASH_CHARS + 1]; /* x-ms-policy-hash */
	json_t *signer; /* JWK of who signed it, or NULL */
};

struct maa_store;

int maa_store_open(const struct service *service, struct maa_store **store,
	struct why *why);
void maa_store_close(struct maa_store *store);

struct maa_stored *maa_store_get(struct maa_store *store, enum maa_type type);
void maa_stored_release(struct maa_stored *stored);

/* Replaces a policy by what a token brings, or resets it to the default;
 * *stored: the new one, to be released.  -EINVAL: token or policy is wrong,
 * -EACCES: it must be signed, and is not by whom it should. */
int maa_store_put(struct maa_store *store, enum maa_type type,
	const char *token, size_t size, struct maa_stored **stored,
	struct why *why);
int maa_store_reset(struct maa_store *store, enum maa_type type,
	const char *token, size_t size, struct maa_stored **stored,
	struct why *why);

/* Certificates that may sign policies, as {"keys":[…]}; empty: policies need
 * no signature.  A new reference. */
json_t *maa_store_signers(struct maa_store *store);
/* Adds or removes what a token, signed by one of them, names.  *thumbprint:
 * hex SHA-1 of the certificate, as the interface wants it. */
int maa_store_change_signer(struct maa_store *store, const char *token,
	size_t size, bool add, char thumbprint[41], struct why *why);

/* A policy from its text: hash and parsed policy.  The caller releases. */
struct maa_stored *maa_stored_new(const char *text, size_t size,
	const char *token, const json_t *signer, struct why *why);

/* The text that a type has until somebody sets another (maa_default.c). */
extern const char maa_default_policy[];

/* --- evidence (maa_evidence.c) ---------------------------------------------- */

/* What an attest request says, taken apart.  Points into the request. */
struct maa_asked {
	enum maa_type type;
	uint8_t *evidence; /* as sent */
	size_t evidence_size;
	uint8_t *runtime, *init; /* NULL: none */
	size_t runtime_size, init_size;
	json_t *runtime_json, *init_json; /* objects, when they are JSON */
	const char *draft; /* policy */
	size_t draft_size;
	const json_t *nonce; /* string or number, or NULL */
};

int maa_asked_read(struct http_request *request, const json_t *body,
	enum maa_type type, const char *version, struct maa_asked *asked,
	struct why *why);
void maa_asked_free(struct maa_asked *asked);

/* What a token says about what was judged, and by what: hex SHA-256. */
enum { MAA_HASHES = 7, MAA_HASH_QUOTE = 3 };
struct maa_hashes {
	char hex[MAA_HASHES][65]; /* in the order of maa_hash_names */
};
extern const char *const maa_hash_names[MAA_HASHES];

/* All but the quote's.  0 or -EIO. */
int maa_hash_collateral(const struct attest_collateral *collateral,
	struct maa_hashes *hashes);

/* Where collateral comes from: the CA of this state directory, or a test. */
struct maa_collateral {
	struct attest_collateral view;
	struct maa_hashes hashes; /* of it: maa_hash_collateral() */
	void *owned;
};
struct maa_source {
	/* evaluation: a TCB evaluation data number, 0 for the standard.
	 * -ENOENT: there is none for such a machine or number. */
	int (*get)(void *context, const struct attest_pck *machine,
		unsigned evaluation, struct maa_collateral *collateral,
		struct why *why);
	void (*put)(void *context, struct maa_collateral *collateral);
	void *context;
	struct attest_roots roots;
};

/* The CA's (maa_collateral.c). */
int maa_source_open(struct maa_source *source, struct why *why);
void maa_source_close(struct maa_source *source);

struct maa_evidence {
	const uint8_t *quote; /* within what was sent */
	size_t quote_size;
	struct attest_verdict verdict;
	struct maa_hashes hashes;
};

/* Is the evidence genuine, its machine good enough, and is the data bound to
 * it?  cache: of the calling thread.  0, -EINVAL with why. */
int maa_evidence_check(const struct service *service,
	const struct maa_source *source, struct attest_cache *cache,
	const struct maa_asked *asked, unsigned evaluation,
	struct maa_evidence *evidence, struct why *why);

/* The quote in a report or in evidence of Open Enclave's: *at and *size are
 * narrowed to it.  What begins otherwise stays as it is.  -EINVAL. */
int maa_unwrap(const uint8_t **at, size_t *size, struct why *why);

/* --- claims (maa_token.c) ---------------------------------------------------- */

/* What a policy may look at; texts are made in pool. */
int maa_claims_make(const struct maa_asked *asked,
	const struct maa_evidence *evidence, const struct maa_stored *stored,
	struct pool *pool, struct maa_claims *claims, struct why *why);

/* What the token says; new reference. */
json_t *maa_token_claims(const struct service *service,
	const struct maa_asked *asked, const struct maa_evidence *evidence,
	const struct maa_stored *stored, const struct maa_claims *issued);

/* --- routes ------------------------------------------------------------------ */

struct maa {
	struct service *service;
	struct maa_signer *signer;
	struct maa_store *store;
	struct maa_source source;
};

extern const struct http_interface maa_interface;

/* False: the api-version is none of ours, and that was answered. */
const char *maa_version(struct http_request *, struct http_answer *);
/* False: the caller is no administrator, and that was answered. */
bool maa_administers(struct http_request *, struct http_answer *);
/* {"token": …} of claims, signed; takes the reference. */
void maa_answer_token(struct http_answer *, const struct maa *,
	json_t *claims);
/* 400, 401 or 500 for a negative errno. */
void maa_fail(struct http_answer *, int error, const struct why *);

/* Registers everything.  The source stays the caller's, to be closed after
 * maa_free(). */
int maa_open(struct http_server *, struct service *,
	const struct maa_source *source, struct maa **maa, struct why *);
void maa_free(struct maa *maa);
int maa_attest_routes(struct http_server *, struct maa *);
int maa_admin_routes(struct http_server *, struct maa *);

#endif
