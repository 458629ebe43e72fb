/* SPDX-License-Identifier: MIT */
/*
 * Policies are kept as the tokens that brought them, and parsed once.  Who
 * reads one counts it; who replaces one leaves it to its readers.
 *
 * Policies need no signature (an administrator's token is enough) until
 * there are policy signers; then every change needs the signature of one of
 * them besides, and the last one cannot be removed.  The first ones come from
 * the file that maa.policy_signers names.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "service/hex.h"
#include "service/maa.h"

#define SIGNERS_MAX 32

struct maa_store {
	const struct service *service;
	/* Of everything below; held while the database is changed too. */
	pthread_mutex_t lock;
	struct maa_stored *current[MAA_TYPES];
	X509 *signers[SIGNERS_MAX];
	size_t signer_count;
};

static const char *const steps[] = {
	"CREATE TABLE maa_policy (type TEXT PRIMARY KEY, token TEXT NOT NULL,"
	" changed INTEGER NOT NULL);"
	"CREATE TABLE maa_policy_signer (thumbprint TEXT PRIMARY KEY,"
	" cert BLOB NOT NULL, added INTEGER NOT NULL);",
};

const char *maa_type_name(enum maa_type type)
{
	static const char *const names[] = { "SgxEnclave", "OpenEnclave" };

	return names[type];
}

bool maa_type_find(const char *name, enum maa_type *type)
{
	for (int i = 0; i < MAA_TYPES; i++)
		if (!strcasecmp(name, maa_type_name((enum maa_type)i))) {
			*type = (enum maa_type)i;
			return true;
		}
	return false;
}

static int failed(struct why *why, int r)
{
	return why_set(why, r < 0 ? r : -EIO, "the attestation service's "
		"database failed");
}

/* --- one policy ------------------------------------------------------------- */

void maa_stored_release(struct maa_stored *stored)
{
	if (!stored || __atomic_sub_fetch(&stored->references, 1,
			__ATOMIC_ACQ_REL))
		return;
	maa_policy_free(stored->policy);
	json_decref(stored->signer);
	free(stored->token);
	free(stored);
}

/* x-ms-policy-hash: of the policy's text in base64url. */
static bool hash_text(const char *text, size_t size,
	char hash[MAA_HASH_CHARS + 1])
{
	char *encoded = base64url_encode(text, size), *result;
	uint8_t digest[SHA256_DIGEST_LENGTH];

	if (!encoded)
		return false;
	SHA256((const uint8_t *)encoded, strlen(encoded), digest);
	free(encoded);
	result = base64url_encode(digest, sizeof(digest));
	if (result)
		memcpy(hash, result, MAA_HASH_CHARS + 1);
	free(result);
	return result;
}

struct maa_stored *maa_stored_new(const char *text, size_t size,
	const char *token, const json_t *signer, struct why *why)
{
	struct maa_stored *stored = calloc(1, sizeof(*stored));

	if (!stored) {
		why_set(why, -ENOMEM, "out of memory");
		return NULL;
	}
	stored->references = 1;
	stored->policy = maa_policy_new(text, size, why);
	stored->token = strdup(token ? token : "");
	stored->signer = json_incref((json_t *)signer);
	if (stored->policy && (!stored->token ||
			!hash_text(text, size, stored->hash))) {
		why_set(why, -ENOMEM, "out of memory");
		maa_policy_free(stored->policy);
		stored->policy = NULL;
	}
	if (stored->policy)
		return stored;
	maa_stored_release(stored);
	return NULL;
}

/* The policy's text from a token's payload: {"AttestationPolicy": base64url},
 * or the text itself, as Azure's examples of signed policies have it. */
static int policy_text(const struct jws *jws, uint8_t **text, size_t *size,
	struct why *why)
{
	json_t *payload = json_loadb(jws->payload, jws->payload_size,
		JSON_REJECT_DUPLICATES, NULL);
	const json_t *member = json_object_get(payload, "AttestationPolicy");
	int r = 0;

	if (!json_is_string(member)) {
		r = why_set(why, -EINVAL, "the token's payload is not "
			"{\"AttestationPolicy\": …}");
	} else if (base64_decode_any(json_string_value(member),
			json_string_length(member), text, size)) {
		*size = json_string_length(member);
		*text = (uint8_t *)strdup(json_string_value(member));
		r = *text ? 0 : why_set(why, -ENOMEM, "out of memory");
	}
	json_decref(payload);
	return r;
}

/* The JWK of a token's signer: what its header says of the key. */
static json_t *signer_of(const struct jws *jws)
{
	json_t *jwk = json_object_get(jws->header, "jwk");
	json_t *x5c = json_object_get(jws->header, "x5c");
	struct why why;
	EVP_PKEY *key;

	if (!x5c && jwk)
		return json_incref(jwk);
	if (!x5c && !(x5c = json_object_get(jwk, "x5c")))
		return NULL;
	key = jwk_public_key(json_object_get(jws->header, "x5c") ?
		jws->header : jwk, &why);
	jwk = json_pack("{ssssso}", "kty", key && EVP_PKEY_is_a(key, "EC") ?
		"EC" : "RSA", "alg", jws->algorithm, "x5c",
		json_deep_copy(x5c));
	EVP_PKEY_free(key);
	return jwk;
}

/* --- who may sign ------------------------------------------------------------ */

/* Is a chain's leaf one of the signers, or issued below one? */
static bool chain_trusted(struct maa_store *store, X509 *const *certs,
	int count)
{
	X509_STORE *anchors = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	bool good = anchors && context && others;

	for (size_t i = 0; good && i < store->signer_count; i++)
		good = X509_STORE_add_cert(anchors, store->signers[i]);
	for (int i = 1; good && i < count; i++)
		good = sk_X509_push(others, certs[i]);
	if (good && X509_STORE_CTX_init(context, anchors, certs[0], others)) {
		X509_STORE_CTX_set_flags(context, X509_V_FLAG_PARTIAL_CHAIN);
		X509_STORE_CTX_set_time(context, 0,
			(time_t)service_now(store->service));
		good = X509_verify_cert(context) == 1;
	} else {
		good = false;
	}
	sk_X509_free(others);
	X509_STORE_CTX_free(context);
	X509_STORE_free(anchors);
	ERR_clear_error();
	return good;
}

static bool key_trusted(struct maa_store *store, EVP_PKEY *key)
{
	for (size_t i = 0; i < store->signer_count; i++)
		if (EVP_PKEY_eq(X509_get0_pubkey(store->signers[i]), key) ==
				1)
			return true;
	return false;
}

/* Is a token signed as it has to be?  Under lock.  What is signed has to
 * verify even where no signature is asked for. */
static int check_signature(struct maa_store *store, const struct jws *jws,
	struct why *why)
{
	const json_t *jwk = json_object_get(jws->header, "jwk");
	const json_t *object = json_object_get(jws->header, "x5c") ?
		jws->header : jwk;
	X509 *certs[JWK_CERTS_MOST];
	EVP_PKEY *key;
	int count, r;
	bool trusted;

	if (jws_is_unsecured(jws))
		return store->signer_count ? why_set(why, -EACCES, "this "
			"service takes policies only with the signature of "
			"one of its policy signers") : 0;
	if (!json_is_object(object))
		return why_set(why, -EINVAL, "the token's header has neither "
			"\"x5c\" nor \"jwk\"");
	key = jwk_public_key(object, why);
	if (!key)
		return -EINVAL;
	r = jws_verify(jws, key, why) ? -EACCES : 0;
	if (!r && store->signer_count) {
		count = jwk_x5c(object, certs, why);
		trusted = count > 0 ? chain_trusted(store, certs, count) :
			key_trusted(store, key);
		for (int i = 0; i < count; i++)
			X509_free(certs[i]);
		if (!trusted)
			r = why_set(why, -EACCES, "the token is signed, but "
				"by none of the policy signers");
	}
	EVP_PKEY_free(key);
	return r;
}

static void thumbprint_of(X509 *cert, char text[41])
{
	uint8_t digest[SHA_DIGEST_LENGTH];
	unsigned size = sizeof(digest);

	memset(digest, 0, sizeof(digest));
	X509_digest(cert, EVP_sha1(), digest, &size);
	hex_write(digest, sizeof(digest), text);
}

static int keep_signer(struct maa_store *store, X509 *cert, struct why *why)
{
	char thumbprint[41];
	unsigned char *der = NULL;
	int n, r;

	if (store->signer_count == SIGNERS_MAX)
		return why_set(why, -EINVAL, "there are %d policy signers, "
			"more are not taken", SIGNERS_MAX);
	thumbprint_of(cert, thumbprint);
	n = i2d_X509(cert, &der);
	if (n <= 0)
		return why_set(why, -EINVAL, "a certificate cannot be kept");
	r = db_run(store->service->db, "INSERT OR IGNORE INTO "
		"maa_policy_signer VALUES (?, ?, ?)", "tbi", thumbprint,
		(const void *)der, (size_t)n,
		service_now(store->service));
	OPENSSL_free(der);
	if (r < 0)
		return failed(why, r);
	X509_up_ref(cert);
	store->signers[store->signer_count++] = cert;
	return 0;
}

/* Which signer a certificate is; signer_count: none. */
static size_t find_signer(const struct maa_store *store, const X509 *cert)
{
	size_t i = 0;

	while (i < store->signer_count && X509_cmp(store->signers[i], cert))
		i++;
	return i;
}

static int drop_signer(struct maa_store *store, size_t i,
	const char *thumbprint, struct why *why)
{
	int r;

	if (store->signer_count == 1)
		return why_set(why, -EINVAL, "the last policy signer cannot "
			"be removed");
	r = db_run(store->service->db, "DELETE FROM maa_policy_signer WHERE "
		"thumbprint = ?", "t", thumbprint);
	if (r < 0)
		return failed(why, r);
	X509_free(store->signers[i]);
	store->signers[i] = store->signers[--store->signer_count];
	return 0;
}

/* The certificate that a change names. */
static X509 *named_cert(const struct jws *jws, struct why *why)
{
	json_t *payload = json_loadb(jws->payload, jws->payload_size,
		JSON_REJECT_DUPLICATES, NULL);
	const json_t *jwk = json_object_get(payload, "policyCertificate");
	X509 *certs[JWK_CERTS_MOST];
	int count;

	if (!jwk)
		jwk = json_object_get(payload, "maa-policyCertificate");
	count = jwk_x5c(jwk, certs, why);
	if (!count)
		why_set(why, -EINVAL, "the token's payload is not "
			"{\"policyCertificate\": {\"kty\": …, \"x5c\": …}}");
	json_decref(payload);
	for (int i = 1; i < count; i++)
		X509_free(certs[i]);
	return count > 0 ? certs[0] : NULL;
}

int maa_store_change_signer(struct maa_store *store, const char *token,
	size_t size, bool add, char thumbprint[41], struct why *why)
{
	X509 *cert = NULL;
	struct jws jws;
	size_t i;
	int r = jws_parse(token, size, &jws, why);

	if (r)
		return r;
	pthread_mutex_lock(&store->lock);
	if (!store->signer_count)
		r = why_set(why, -EINVAL, "this service has no policy "
			"signers: maa.policy_signers names the first ones");
	if (!r)
		r = check_signature(store, &jws, why);
	if (!r && !(cert = named_cert(&jws, why)))
		r = -EINVAL;
	if (!r) {
		thumbprint_of(cert, thumbprint);
		i = find_signer(store, cert);
		if (add && i == store->signer_count)
			r = keep_signer(store, cert, why);
		if (!add && i < store->signer_count)
			r = drop_signer(store, i, thumbprint, why);
	}
	pthread_mutex_unlock(&store->lock);
	X509_free(cert);
	jws_free(&jws);
	return r;
}

json_t *maa_store_signers(struct maa_store *store)
{
	json_t *keys = json_array();

	pthread_mutex_lock(&store->lock);
	for (size_t i = 0; keys && i < store->signer_count; i++) {
		EVP_PKEY *key = X509_get0_pubkey(store->signers[i]);
		const char *algorithm = jws_algorithm_of(key);

		json_array_append_new(keys, json_pack("{ssssss*so}", "kty",
			EVP_PKEY_is_a(key, "EC") ? "EC" : "RSA", "use", "sig",
			"alg", algorithm, "x5c",
			jwk_x5c_from(&store->signers[i], 1)));
	}
	pthread_mutex_unlock(&store->lock);
	return json_pack("{so}", "keys", keys);
}

/* --- the policies ------------------------------------------------------------- */

static struct maa_stored *default_new(struct why *why)
{
	char *text = base64url_encode(maa_default_policy,
		strlen(maa_default_policy));
	json_t *header = json_pack("{ss}", "alg", "none");
	json_t *payload = json_pack("{ss*}", "AttestationPolicy", text);
	char *body = payload ? json_dumps(payload, JSON_COMPACT) : NULL;
	char *token = body && header ? jws_sign(header, body, strlen(body),
		NULL, why) : NULL;
	struct maa_stored *stored = token ? maa_stored_new(
		maa_default_policy, strlen(maa_default_policy), token, NULL,
		why) : NULL;

	json_decref(header);
	json_decref(payload);
	free(text);
	free(body);
	free(token);
	return stored;
}

/* A policy from the token that brings it. */
static struct maa_stored *from_token(const char *token,
	const struct jws *jws, struct why *why)
{
	struct maa_stored *stored;
	json_t *signer = NULL;
	uint8_t *text = NULL;
	size_t size;

	if (policy_text(jws, &text, &size, why))
		return NULL;
	if (!jws_is_unsecured(jws))
		signer = signer_of(jws);
	stored = maa_stored_new((const char *)text, size, token, signer, why);
	json_decref(signer);
	free(text);
	return stored;
}

struct maa_stored *maa_store_get(struct maa_store *store, enum maa_type type)
{
	struct maa_stored *stored;

	pthread_mutex_lock(&store->lock);
	stored = store->current[type];
	__atomic_add_fetch(&stored->references, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&store->lock);
	return stored;
}

/* Under lock: stored, which has been written down, is in force. */
static void put_in_force(struct maa_store *store, enum maa_type type,
	struct maa_stored *stored)
{
	maa_stored_release(store->current[type]);
	store->current[type] = stored;
}

static int change(struct maa_store *store, enum maa_type type,
	const char *token, size_t size, bool reset,
	struct maa_stored **result, struct why *why)
{
	struct maa_stored *stored = NULL;
	char *copy = strndup(token, size);
	struct jws jws;
	int r = copy ? jws_parse(copy, strlen(copy), &jws, why) :
		why_set(why, -ENOMEM, "out of memory");

	if (r) {
		free(copy);
		return r;
	}
	pthread_mutex_lock(&store->lock);
	r = check_signature(store, &jws, why);
	if (!r) {
		stored = reset ? default_new(why) :
			from_token(copy, &jws, why);
		r = stored ? 0 : -EINVAL;
	}
	if (!r && reset)
		r = db_run(store->service->db, "DELETE FROM maa_policy WHERE "
			"type = ?", "t", maa_type_name(type));
	else if (!r)
		r = db_run(store->service->db, "INSERT OR REPLACE INTO "
			"maa_policy VALUES (?, ?, ?)", "tti",
			maa_type_name(type), copy,
			service_now(store->service));
	if (r < 0 && stored) {
		maa_stored_release(stored);
		failed(why, r);
	} else if (r >= 0) {
		stored->references++;
		put_in_force(store, type, stored);
		*result = stored;
		r = 0;
	}
	pthread_mutex_unlock(&store->lock);
	jws_free(&jws);
	free(copy);
	return r;
}

int maa_store_put(struct maa_store *store, enum maa_type type,
	const char *token, size_t size, struct maa_stored **stored,
	struct why *why)
{
	return change(store, type, token, size, false, stored, why);
}

int maa_store_reset(struct maa_store *store, enum maa_type type,
	const char *token, size_t size, struct maa_stored **stored,
	struct why *why)
{
	return change(store, type, token, size, true, stored, why);
}

/* --- opening ------------------------------------------------------------------ */

static int load_policy(struct maa_store *store, enum maa_type type,
	struct why *why)
{
	struct db_rows *rows = db_ask(store->service->db, "SELECT token FROM "
		"maa_policy WHERE type = ?", "t", maa_type_name(type));
	struct maa_stored *stored = NULL;
	const char *token;
	struct jws jws;
	int r = rows ? db_next(rows) : -EIO;

	if (r > 0) {
		token = db_text(rows, 0);
		if (token && !jws_parse(token, strlen(token), &jws, why)) {
			stored = from_token(token, &jws, why);
			jws_free(&jws);
		}
	} else if (!r) {
		stored = default_new(why);
	} else {
		failed(why, r);
	}
	db_done(rows);
	store->current[type] = stored;
	return stored ? 0 : r < 0 ? r : -EINVAL;
}

static int load_signers(struct maa_store *store, struct why *why)
{
	struct db_rows *rows = db_ask(store->service->db, "SELECT cert FROM "
		"maa_policy_signer ORDER BY added, thumbprint", "");
	int r = rows ? 0 : -EIO;

	while (!r && (r = db_next(rows)) > 0) {
		size_t size;
		const unsigned char *at = db_blob(rows, 0, &size);
		X509 *cert = at ? d2i_X509(NULL, &at, (long)size) : NULL;

		r = cert && store->signer_count < SIGNERS_MAX ? 0 : -EBADMSG;
		if (!r)
			store->signers[store->signer_count++] = cert;
		else
			X509_free(cert);
	}
	db_done(rows);
	return r < 0 ? failed(why, r) : 0;
}

static int read_signers(struct maa_store *store, BIO *file, const char *path,
	struct why *why)
{
	X509 *cert;
	int r = 0;

	ERR_clear_error();
	while (!r && (cert = PEM_read_bio_X509(file, NULL, NULL, NULL))) {
		if (find_signer(store, cert) == store->signer_count)
			r = keep_signer(store, cert, why);
		X509_free(cert);
	}
	/* At the end there is no further beginning. */
	if (!r && ERR_GET_REASON(ERR_peek_last_error()) !=
			PEM_R_NO_START_LINE)
		r = why_set(why, -EINVAL, "maa.policy_signers: %.200s has a "
			"certificate that cannot be read", path);
	ERR_clear_error();
	return r;
}

/* The first signers, from a file of PEM certificates: all of them or none. */
static int first_signers(struct maa_store *store, struct why *why)
{
	const char *path = config_text(store->service->config,
		"maa.policy_signers");
	BIO *file;
	int r;

	if (!*path || store->signer_count)
		return 0;
	r = db_begin(store->service->db);
	if (r)
		return failed(why, r);
	file = BIO_new_file(path, "r");
	r = file ? read_signers(store, file, path, why) : 0;
	BIO_free(file);
	ERR_clear_error();
	if (!r && !store->signer_count)
		r = why_set(why, -EINVAL, "maa.policy_signers: %.200s has no "
			"certificate in PEM", path);
	if (r) {
		db_rollback(store->service->db);
		return r;
	}
	r = db_commit(store->service->db);
	return r ? failed(why, r) : 0;
}

int maa_store_open(const struct service *service, struct maa_store **store,
	struct why *why)
{
	struct maa_store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return why_set(why, -ENOMEM, "out of memory");
	s->service = service;
	pthread_mutex_init(&s->lock, NULL);
	r = db_migrate(service->db, "maa_store", steps, 1, why);
	if (!r)
		r = load_signers(s, why);
	if (!r)
		r = first_signers(s, why);
	for (int i = 0; !r && i < MAA_TYPES; i++)
		r = load_policy(s, (enum maa_type)i, why);
	if (r) {
		maa_store_close(s);
		return r;
	}
	*store = s;
	return 0;
}

void maa_store_close(struct maa_store *store)
{
	if (!store)
		return;
	for (int i = 0; i < MAA_TYPES; i++)
		maa_stored_release(store->current[i]);
	for (size_t i = 0; i < store->signer_count; i++)
		X509_free(store->signers[i]);
	pthread_mutex_destroy(&store->lock);
	free(store);
}
