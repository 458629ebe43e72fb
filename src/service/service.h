/* SPDX-License-Identifier: MIT */
/*
 * What the modules of coffer-serve share, and the modules themselves.
 *
 *   <state>/serve/            0700
 *     serve.conf              configuration, if the operator wrote one
 *     serve.db                SQLite, all modules (db.h)
 *     master.key              what secrets in serve.db are encrypted under,
 *                             unless the configuration has it elsewhere
 *                             (seal_at_rest.h)
 *     admin.token             bearer token of administrators, 0600
 *     user.token              token that pushes platforms (PCCS), 0600
 *     tokens                  of the portal (portal_token.h)
 *     subscription            what machines' paths begin with (arm.h)
 *     url                     where the running service is; gone when it ends
 *     tls/                    tls.h
 */
#ifndef COFFER_SERVICE_SERVICE_H
#define COFFER_SERVICE_SERVICE_H

#include "common/why.h"
#include "service/config.h"
#include "service/db.h"
#include "service/http.h"
#include "service/seal_at_rest.h"
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define SERVICE_TOKEN_CHARS 43 /* base64url of 32 random bytes */

struct service {
	char folder[PATH_MAX]; /* <state>/serve */
	const struct config *config;
	struct db *db;
	struct seal_at_rest *seal; /* for every secret in db */
	/* What clients call us, without a slash at the end; issuer of tokens:
	 * "https://localhost:8081".  From the configuration's url, else made
	 * of the port. */
	char url[256];
	char admin_token[SERVICE_TOKEN_CHARS + 1];
	char user_token[SERVICE_TOKEN_CHARS + 1];
	int64_t time; /* what service_now() says, in tests; 0: the system's */
};

/* The clock of everything that services date, unix seconds; modules use no
 * other. */
int64_t service_now(const struct service *);

/* Does the request carry the administrator's token, as Authorization: Bearer
 * or in the given further header (NULL: none)?  Compared in constant time. */
bool service_is_admin(const struct service *, const struct http_request *,
	const char *header);
bool service_is_user(const struct service *, const struct http_request *,
	const char *header);

/* Are two secrets alike?  In time that tells only their sizes. */
bool service_same(const char *a, const char *b);

/* Reads a token from a file of the folder, making it at first use.
 * -errno. */
int service_token(const char *folder, const char *name,
	char token[SERVICE_TOKEN_CHARS + 1], struct why *why);

/* Reads a small file of the folder that only its owner may read, or makes it
 * (0600, atomically) from what make() gives.  *bytes is the caller's (free,
 * after OPENSSL_cleanse when secret).  -errno. */
int service_secret_file(const char *folder, const char *name,
	int (*make)(void *context, uint8_t **bytes, size_t *size,
		struct why *why),
	void *context, uint8_t **bytes, size_t *size, struct why *why);

/* Writes one in the place of another, atomically. */
int service_secret_replace(const char *folder, const char *name,
	const uint8_t *bytes, size_t size, struct why *why);
/* A fresh one: 32 random bytes in base64url.  -EIO. */
int service_token_new(char token[SERVICE_TOKEN_CHARS + 1], struct why *why);

/* Opens the master key that the configuration names, with the passphrase in
 * the file that it names, if any.  -errno. */
int service_master_key(const struct service *, struct seal_at_rest **,
	struct why *why);
/* Encrypts the same master key under another passphrase, the first line of a
 * file; "-": under none. */
int service_new_passphrase(const struct service *,
	const char *passphrase_file, struct why *why);

/* One row per module in modules.c.  open may be NULL. */
struct service_module {
	const char *name;
	/* Registers routes; context is the module's own.  0 or a negative
	 * errno with the reason in why. */
	int (*routes)(struct http_server *, struct service *,
		struct why *why);
	void (*close)(void); /* after the last request; NULL: nothing */
};
/* Each module: int NAME_routes(…), void NAME_close(void), here. */
int maa_routes(struct http_server *, struct service *, struct why *);
void maa_close(void);
int pccs_routes(struct http_server *, struct service *, struct why *);
void pccs_close(void);
int akv_routes(struct http_server *, struct service *, struct why *);
void akv_close(void);
int portal_routes(struct http_server *, struct service *, struct why *why);
void portal_close(void);

extern const struct service_module service_modules[];
extern const size_t service_module_count;


#endif
