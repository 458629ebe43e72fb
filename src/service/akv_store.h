/* SPDX-License-Identifier: MIT */
/*
 * The key service's records: versions of named keys, in the services'
 * database, their material sealed (seal_at_rest.h).
 *
 * The seal's label is a digest of everything about a version that decides who
 * may use it and how: name, version, type, operations, times, exportability,
 * release policy.  Who can write the database but has no master key can take
 * keys away, but cannot turn a key's policy into another one: its material
 * does not open any more.
 *
 * Functions give 0 or a negative errno with the reason in why (may be NULL):
 * -ENOENT no such key, -EEXIST, -EBADMSG (sealed otherwise), -EIO.
 */
#ifndef COFFER_SERVICE_AKV_STORE_H
#define COFFER_SERVICE_AKV_STORE_H

#include "service/akv_key.h"
#include "service/db.h"
#include "service/seal_at_rest.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define AKV_NAME_MAX 127u
#define AKV_VERSION_SIZE 32u /* hex digits */
#define AKV_NEVER INT64_MIN /* a time that is not set */

struct akv_store; /* used by many threads */

struct akv_record {
	char name[AKV_NAME_MAX + 1];
	char version[AKV_VERSION_SIZE + 1];
	enum akv_kind kind;
	bool hsm;
	unsigned ops; /* enum akv_op */
	bool enabled, exportable;
	int64_t not_before, expires; /* or AKV_NEVER */
	int64_t created, updated;
	int64_t deleted; /* or AKV_NEVER */
	char *policy; /* release policy as it came, or NULL; owned */
	char *policy_type; /* its content type; owned */
	bool immutable; /* the policy */
	json_t *tags; /* object; owned */
	json_t *public_key; /* akv_key_public(); owned */
	int64_t row; /* its place in listings */
};

void akv_record_wipe(struct akv_record *record);

/* 1 to 127 of a-z, A-Z, 0-9 and '-'. */
bool akv_name_ok(const char *name);

/* db and seal stay the caller's and must live longer. */
int akv_store_open(struct db *db, struct seal_at_rest *seal,
	struct akv_store **store, struct why *why);
void akv_store_close(struct akv_store *store);

/* Adds a version; fills in version, public_key, created and updated (now).
 * -EEXIST while a deleted key has the name. */
int akv_store_add(struct akv_store *store, struct akv_record *record,
	const struct akv_key *key, int64_t now, struct why *why);

/* A version, or the newest where version is NULL or "".  deleted: among
 * deleted keys. */
int akv_store_get(struct akv_store *store, const char *name,
	const char *version, bool deleted, struct akv_record *record,
	struct why *why);

/* The material of a record from akv_store_get(); akv_key_wipe() it.  -EBADMSG
 * also when the record's public key is not its public half. */
int akv_store_key(struct akv_store *store, const struct akv_record *record,
	struct akv_key *key, struct why *why);
/* The same for who needs the record alone, and shows its public key. */
int akv_store_check(struct akv_store *store, const struct akv_record *record,
	struct why *why);

/* Writes what changed: old as it was read, changed with the same name and
 * version.  -EAGAIN when somebody else changed it since. */
int akv_store_update(struct akv_store *store, const struct akv_record *old,
	struct akv_record *changed, int64_t now, struct why *why);

enum akv_listing {
	AKV_KEYS, /* the newest version of each key */
	AKV_VERSIONS, /* of one name */
	AKV_DELETED, /* the newest version of each deleted key */
};

/* Calls each() with at most count records behind row after, in order; each()
 * gives false to stop. */
int akv_store_list(struct akv_store *store, enum akv_listing what,
	const char *name, int64_t after, unsigned count,
	bool (*each)(void *context, const struct akv_record *record),
	void *context, struct why *why);

/* All versions of a name: out of sight, back, gone for good. */
int akv_store_delete(struct akv_store *store, const char *name, int64_t now,
	struct why *why);
int akv_store_recover(struct akv_store *store, const char *name,
	struct why *why);
int akv_store_purge(struct akv_store *store, const char *name,
	struct why *why);

#endif
