/* SPDX-License-Identifier: MIT */
/*
 * The key service: Azure Key Vault's interface for keys with secure key
 * release, api-version 7.3 and later.  This header is for its own files.
 *
 * Every route is a verb: a row with the permission it needs and a function
 * that does it.  akv_call.c checks the caller, the api-version and the names,
 * runs the verb, turns its result into an answer and writes the audit record;
 * an answer whose record cannot be written is not given.
 *
 * Who may do what: the bearer of <state>/serve/admin.token everything; the
 * bearer of <state>/serve/release.token only see a key's public side and have
 * it released.  A machine that runs enclaves needs no more than the latter.
 */
#ifndef COFFER_SERVICE_AKV_H
#define COFFER_SERVICE_AKV_H

#include "service/akv_store.h"
#include "service/service.h"

struct akv_signer;
struct akv_route;
struct akv_issuers;

struct akv {
	struct service *service;
	struct http_server *server;
	struct akv_store *store;
	struct akv_signer *signer; /* of released keys */
	struct akv_issuers *issuers; /* of tokens */
	struct akv_route *routes; /* freed when the service ends */
	char release_token[SERVICE_TOKEN_CHARS + 1];
};

struct akv_call {
	struct akv *akv;
	struct http_request *request;
	struct http_answer *answer;
	const char *api_version;
	const char *name; /* of the key, checked; "" where the route has none */
	const char *version; /* "" for the newest */
	const char *caller; /* "admin" or "release" */
	json_t *body; /* of the request; NULL where the verb reads none */
	/* For the audit and the error: */
	struct why why;
	char used_version[AKV_VERSION_SIZE + 1];
	json_t *details; /* more of it, no secret; owned by the call */
};

enum akv_permission {
	AKV_ADMIN, /* administrators only */
	AKV_RELEASE, /* and who may have keys released */
};

struct akv_verb {
	const char *operation; /* "create", for the audit */
	const char *method, *pattern;
	enum akv_permission permission;
	size_t body_max; /* 0: reads no body */
	bool quiet; /* leaves no audit record when it succeeds */
	/* Answers and gives 0, or gives a negative errno with the reason in
	 * call->why: -EINVAL 400, -EACCES 403, -ENOENT 404, -EEXIST and
	 * -EAGAIN 409, others 500. */
	int (*run)(struct akv_call *call);
};

/* Registers verbs; akv_verbs_free() after the last request. */
void akv_verbs_free(struct akv *akv);
int akv_verbs(struct akv *akv, const struct akv_verb *verbs, size_t count);

/* The verbs of each file. */
int akv_keys_verbs(struct akv *akv);
int akv_crypto_verbs(struct akv *akv);
int akv_release_verbs(struct akv *akv);
int akv_audit_verbs(struct akv *akv);

/* The record that the call names, and may be used by it: enabled, in time,
 * and with the operations (0: none needed).  -EACCES. */
int akv_call_record(struct akv_call *call, unsigned ops,
	struct akv_record *record);

/* A member of the body that is base64url: the caller's to free(), after
 * OPENSSL_cleanse.  -EINVAL in call->why; *bytes is NULL where it is not
 * there and need not be. */
int akv_call_bytes(struct akv_call *call, const char *name, bool needed,
	uint8_t **bytes, size_t *size);

/* --- bundles (akv_bundle.c): records as JSON ----------------------------- */

/* "https://host/keys/NAME/VERSION"; lives as long as the request. */
const char *akv_kid(struct akv_call *call, const struct akv_record *record);
json_t *akv_attributes(struct akv_call *call, const struct akv_record *record);
/* {"contentType", "data", "immutable"}; NULL without a policy. */
json_t *akv_release_policy(const struct akv_record *record);
/* {"key", "attributes", "tags", "release_policy"}, and what a deleted key has
 * besides. */
json_t *akv_bundle(struct akv_call *call, const struct akv_record *record);
/* {"kid", "attributes", "tags"} of listings. */
json_t *akv_item(struct akv_call *call, const struct akv_record *record);

/* Reads key_ops, attributes, tags and release_policy of a request's body into
 * a record: what is not there stays as it is.  fresh: a key that is being
 * made, else one that is being changed.  -EINVAL, -EACCES. */
int akv_bundle_read(struct akv_call *call, bool fresh,
	struct akv_record *record);

/* --- audit (akv_audit.c) -------------------------------------------------- */

int akv_audit_open(struct db *db, struct why *why);
/* One record: verdict "done", "refused" or "failed", reason may be NULL. */
int akv_audit_write(struct akv_call *call, const char *operation,
	const char *verdict, const char *reason);

/* At most count records older than the one with id before, newest first, of
 * one key or (name NULL) of all, as a new array; *next is what to go on
 * before, 0 at the end. */
int akv_audit_list(struct db *db, const char *name, int64_t before,
	unsigned count, json_t **list, int64_t *next, struct why *why);

/* --- the signer of released keys (akv_signer.c) --------------------------- */

/* Its RSA key is made at first use and kept sealed in the database; its
 * certificate is issued by the services' CA (tls.h). */
int akv_signer_open(struct service *service, struct akv_signer **signer,
	struct why *why);
void akv_signer_close(struct akv_signer *signer);
/* A JWS (compact) of a payload, the caller's to free(). */
char *akv_signer_sign(struct akv_signer *signer, const json_t *payload,
	struct why *why);
/* PEM of certificate and CA. */
const char *akv_signer_chain(const struct akv_signer *signer);

/* --- issuers of tokens (akv_issuer.c) -------------------------------------- */

/* This service itself and those of the configuration (akv.issuers). */
int akv_issuers_open(struct akv *akv, struct akv_issuers **issuers,
	struct why *why);
void akv_issuers_close(struct akv_issuers *issuers);
/* An akv_issuer_keys (akv_token.h); the context is the struct akv. */
int akv_issuers_keys(void *context, const char *issuer, json_t **jwks,
	struct why *why);

#endif
