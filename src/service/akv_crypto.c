/* SPDX-License-Identifier: MIT */
/* Using a key without seeing it: encrypt, decrypt, wrapKey, unwrapKey, sign,
 * verify. */
#include "service/akv.h"

#include "service/akv_wrap.h"
#include "service/base64.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX 65536
#define VALUE_MAX 32768u
#define IV_MAX 16
#define TAG_SIZE 16
#define HASH_MAX 64
#define CURVE_BYTES_MAX 66

/* --- algorithms --------------------------------------------------------- */

enum cipher {
	RSA_OAEP,
	RSA_V15,
	AES_GCM,
	AES_CBC,
	AES_CBC_PAD,
	AES_KW,
	AES_KWP,
};

static const struct algorithm {
	const char *name;
	enum cipher cipher;
	size_t key_size; /* AES; 0: any */
	const EVP_MD *(*hash)(void); /* OAEP */
	const EVP_CIPHER *(*aes)(void); /* GCM, CBC */
} algorithms[] = {
	{"RSA-OAEP", RSA_OAEP, 0, EVP_sha1, NULL},
	{"RSA-OAEP-256", RSA_OAEP, 0, EVP_sha256, NULL},
	{"RSA1_5", RSA_V15, 0, NULL, NULL},
	{"A128GCM", AES_GCM, 16, NULL, EVP_aes_128_gcm},
	{"A192GCM", AES_GCM, 24, NULL, EVP_aes_192_gcm},
	{"A256GCM", AES_GCM, 32, NULL, EVP_aes_256_gcm},
	{"A128CBC", AES_CBC, 16, NULL, EVP_aes_128_cbc},
	{"A192CBC", AES_CBC, 24, NULL, EVP_aes_192_cbc},
	{"A256CBC", AES_CBC, 32, NULL, EVP_aes_256_cbc},
	{"A128CBCPAD", AES_CBC_PAD, 16, NULL, EVP_aes_128_cbc},
	{"A192CBCPAD", AES_CBC_PAD, 24, NULL, EVP_aes_192_cbc},
	{"A256CBCPAD", AES_CBC_PAD, 32, NULL, EVP_aes_256_cbc},
	{"A128KW", AES_KW, 16, NULL, NULL},
	{"A192KW", AES_KW, 24, NULL, NULL},
	{"A256KW", AES_KW, 32, NULL, NULL},
	{"CKM_AES_KEY_WRAP", AES_KW, 0, NULL, NULL},
	{"CKM_AES_KEY_WRAP_PAD", AES_KWP, 0, NULL, NULL},
};

static const struct algorithm *find_algorithm(const char *name)
{
	for (size_t i = 0; name &&
			i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if (!strcmp(algorithms[i].name, name))
			return &algorithms[i];
	return NULL;
}

static bool fits(const struct algorithm *algorithm, const struct akv_key *key)
{
	if (algorithm->cipher == RSA_OAEP || algorithm->cipher == RSA_V15)
		return key->kind == AKV_RSA;
	return key->kind == AKV_OCT && (algorithm->key_size ?
		algorithm->key_size == key->oct_size : key->oct_size == 16 ||
		key->oct_size == 24 || key->oct_size == 32);
}

/* --- encrypting --------------------------------------------------------- */

struct operands {
	uint8_t *value, *iv, *aad, *tag;
	size_t value_size, iv_size, aad_size, tag_size;
};

static void operands_wipe(struct operands *o)
{
	if (o->value)
		OPENSSL_cleanse(o->value, o->value_size);
	free(o->value);
	free(o->iv);
	free(o->aad);
	free(o->tag);
}

static int operands_read(struct akv_call *call, struct operands *o)
{
	int r = akv_call_bytes(call, "value", true, &o->value,
		&o->value_size);

	if (!r)
		r = akv_call_bytes(call, "iv", false, &o->iv, &o->iv_size);
	if (!r)
		r = akv_call_bytes(call, "aad", false, &o->aad, &o->aad_size);
	if (!r)
		r = akv_call_bytes(call, "tag", false, &o->tag, &o->tag_size);
	if (!r && o->value_size > VALUE_MAX)
		r = why_set(&call->why, -EINVAL, "\"value\" has at most %u "
			"bytes", VALUE_MAX);
	return r;
}

/* GCM and CBC.  Encrypting with GCM makes iv and tag; CBC takes an iv. */
static int aes(const struct algorithm *algorithm, bool encrypt,
	const struct akv_key *key, struct operands *o, uint8_t **out,
	size_t *out_size)
{
	bool gcm = algorithm->cipher == AES_GCM;
	size_t iv_size = gcm ? 12 : 16, room = o->value_size + 32;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t *bytes = OPENSSL_malloc(room);
	int n = 0, last = 0, r = -EINVAL;

	if (gcm && encrypt) {
		free(o->iv);
		free(o->tag);
		o->iv = malloc(iv_size);
		o->tag = malloc(TAG_SIZE);
		o->iv_size = iv_size;
		o->tag_size = TAG_SIZE;
		if (o->iv && RAND_bytes(o->iv, (int)iv_size) != 1)
			goto out;
	}
	if (!context || !bytes || !o->iv || o->iv_size != iv_size ||
			(gcm && (!o->tag || o->tag_size != TAG_SIZE)) ||
			EVP_CipherInit_ex(context, algorithm->aes(), NULL,
				key->oct, o->iv, encrypt) != 1)
		goto out;
	EVP_CIPHER_CTX_set_padding(context,
		algorithm->cipher == AES_CBC_PAD);
	if (gcm && !encrypt && EVP_CIPHER_CTX_ctrl(context,
			EVP_CTRL_GCM_SET_TAG, TAG_SIZE, o->tag) != 1)
		goto out;
	if (gcm && o->aad_size && EVP_CipherUpdate(context, NULL, &n, o->aad,
			(int)o->aad_size) != 1)
		goto out;
	n = 0;
	if ((o->value_size && EVP_CipherUpdate(context, bytes, &n, o->value,
			(int)o->value_size) != 1) ||
			EVP_CipherFinal_ex(context, bytes + n, &last) != 1)
		goto out;
	if (gcm && encrypt && EVP_CIPHER_CTX_ctrl(context,
			EVP_CTRL_GCM_GET_TAG, TAG_SIZE, o->tag) != 1)
		goto out;
	*out = bytes;
	*out_size = (size_t)n + (size_t)last;
	bytes = NULL;
	r = 0;
out:
	OPENSSL_clear_free(bytes, room);
	EVP_CIPHER_CTX_free(context);
	return r;
}

static int apply(const struct algorithm *algorithm, bool encrypt,
	const struct akv_key *key, struct operands *o, uint8_t **out,
	size_t *out_size)
{
	bool padded = algorithm->cipher == AES_KWP;

	switch (algorithm->cipher) {
	case RSA_OAEP:
	case RSA_V15:
		return akv_rsa(key->pair, encrypt, algorithm->hash ?
			algorithm->hash() : NULL, o->value, o->value_size,
			out, out_size);
	case AES_GCM:
	case AES_CBC:
	case AES_CBC_PAD:
		return aes(algorithm, encrypt, key, o, out, out_size);
	case AES_KW:
	case AES_KWP:
		return encrypt ? akv_aes_wrap(key->oct, key->oct_size, padded,
				o->value, o->value_size, out, out_size)
			: akv_aes_unwrap(key->oct, key->oct_size, padded,
				o->value, o->value_size, out, out_size);
	}
	return -EINVAL;
}

static void put_bytes(json_t *object, const char *name, const uint8_t *bytes,
	size_t size)
{
	char *text = base64url_encode(bytes, size);

	if (!text)
		return;
	json_object_set_new(object, name, json_string(text));
	OPENSSL_cleanse(text, strlen(text));
	free(text);
}

static int encipher(struct akv_call *call, unsigned op, bool encrypt)
{
	const char *name = json_string_value(
		json_object_get(call->body, "alg"));
	const struct algorithm *algorithm = find_algorithm(name);
	bool wrapping = op == AKV_OP_WRAP || op == AKV_OP_UNWRAP;
	struct operands o = {0};
	struct akv_record record;
	struct akv_key key;
	uint8_t *out = NULL;
	size_t size = 0;
	json_t *answer;
	int r;

	if (!algorithm || (!wrapping && algorithm->cipher >= AES_KW))
		return why_set(&call->why, -EINVAL,
			"\"alg\" is unknown, or not for this operation");
	r = akv_call_record(call, op, &record);
	if (r)
		return r;
	r = operands_read(call, &o);
	if (!r)
		r = akv_store_key(call->akv->store, &record, &key, &call->why);
	if (r)
		goto out;
	if (!fits(algorithm, &key))
		r = why_set(&call->why, -EINVAL,
			"the key is not one for %s", algorithm->name);
	/* One sentence for whatever was wrong with the bytes. */
	else if (apply(algorithm, encrypt, &key, &o, &out, &size))
		r = why_set(&call->why, -EINVAL, "%s does not take these "
			"bytes", algorithm->name);
	akv_key_wipe(&key);
	if (r)
		goto out;
	answer = json_pack("{s:s}", "kid", akv_kid(call, &record));
	put_bytes(answer, "value", out, size);
	if (encrypt && algorithm->cipher == AES_GCM) {
		put_bytes(answer, "iv", o.iv, o.iv_size);
		put_bytes(answer, "tag", o.tag, o.tag_size);
		if (o.aad_size)
			put_bytes(answer, "aad", o.aad, o.aad_size);
	}
	OPENSSL_clear_free(out, size);
	http_answer_json(call->answer, 200, answer);
out:
	operands_wipe(&o);
	akv_record_wipe(&record);
	return r;
}

static int encrypt_value(struct akv_call *call)
{
	return encipher(call, AKV_OP_ENCRYPT, true);
}

static int decrypt_value(struct akv_call *call)
{
	return encipher(call, AKV_OP_DECRYPT, false);
}

static int wrap_key(struct akv_call *call)
{
	return encipher(call, AKV_OP_WRAP, true);
}

static int unwrap_key(struct akv_call *call)
{
	return encipher(call, AKV_OP_UNWRAP, false);
}

/* --- signing ------------------------------------------------------------ */

static const struct signing {
	const char *name;
	enum akv_kind kind;
	bool pss;
	const EVP_MD *(*hash)(void);
	size_t coordinate; /* bytes of r and of s */
	const char *curve;
} signings[] = {
	{"RS256", AKV_RSA, false, EVP_sha256, 0, NULL},
	{"RS384", AKV_RSA, false, EVP_sha384, 0, NULL},
	{"RS512", AKV_RSA, false, EVP_sha512, 0, NULL},
	{"PS256", AKV_RSA, true, EVP_sha256, 0, NULL},
	{"PS384", AKV_RSA, true, EVP_sha384, 0, NULL},
	{"PS512", AKV_RSA, true, EVP_sha512, 0, NULL},
	{"ES256", AKV_EC, false, EVP_sha256, 32, "P-256"},
	{"ES384", AKV_EC, false, EVP_sha384, 48, "P-384"},
	{"ES512", AKV_EC, false, EVP_sha512, 66, "P-521"},
};

static const struct signing *find_signing(const char *name)
{
	for (size_t i = 0; name && i < sizeof(signings) / sizeof(*signings);
			i++)
		if (!strcmp(signings[i].name, name))
			return &signings[i];
	return NULL;
}

static EVP_PKEY_CTX *signing_context(const struct signing *signing,
	EVP_PKEY *pair, bool sign)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pair, NULL);

	if (context && (sign ? EVP_PKEY_sign_init(context)
			     : EVP_PKEY_verify_init(context)) == 1 &&
			EVP_PKEY_CTX_set_signature_md(context,
				signing->hash()) == 1 &&
			(signing->kind != AKV_RSA ||
			 EVP_PKEY_CTX_set_rsa_padding(context, signing->pss ?
				RSA_PKCS1_PSS_PADDING :
				RSA_PKCS1_PADDING) == 1) &&
			(!signing->pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(
				context, RSA_PSS_SALTLEN_DIGEST) == 1))
		return context;
	EVP_PKEY_CTX_free(context);
	return NULL;
}

/* DER of an ECDSA signature into r and s side by side. */
static bool flatten(const uint8_t *der, size_t size, size_t coordinate,
	uint8_t *out)
{
	const unsigned char *at = der;
	ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &at, (long)size);
	bool ok = parsed && BN_bn2binpad(ECDSA_SIG_get0_r(parsed), out,
			(int)coordinate) > 0 &&
		BN_bn2binpad(ECDSA_SIG_get0_s(parsed), out + coordinate,
			(int)coordinate) > 0;

	ECDSA_SIG_free(parsed);
	return ok;
}

static unsigned char *unflatten(const uint8_t *bytes, size_t coordinate,
	size_t *size)
{
	ECDSA_SIG *parsed = ECDSA_SIG_new();
	BIGNUM *a = BN_bin2bn(bytes, (int)coordinate, NULL);
	BIGNUM *b = BN_bin2bn(bytes + coordinate, (int)coordinate, NULL);
	unsigned char *der = NULL;
	int n = -1;

	if (parsed && a && b && ECDSA_SIG_set0(parsed, a, b) == 1) {
		a = b = NULL;
		n = i2d_ECDSA_SIG(parsed, &der);
	}
	BN_free(a);
	BN_free(b);
	ECDSA_SIG_free(parsed);
	*size = n > 0 ? (size_t)n : 0;
	return der;
}

static char *make_signature(const struct signing *signing, EVP_PKEY *pair,
	const uint8_t *digest, size_t digest_size)
{
	EVP_PKEY_CTX *context = signing_context(signing, pair, true);
	size_t size = (size_t)EVP_PKEY_get_size(pair);
	uint8_t *bytes = malloc(size), flat[2 * CURVE_BYTES_MAX];
	char *text = NULL;

	if (context && bytes && EVP_PKEY_sign(context, bytes, &size, digest,
			digest_size) == 1) {
		if (!signing->coordinate)
			text = base64url_encode(bytes, size);
		else if (flatten(bytes, size, signing->coordinate, flat))
			text = base64url_encode(flat,
				2 * signing->coordinate);
	}
	free(bytes);
	EVP_PKEY_CTX_free(context);
	return text;
}

static bool check_signature(const struct signing *signing, EVP_PKEY *pair,
	const uint8_t *digest, size_t digest_size, const uint8_t *signature,
	size_t size)
{
	EVP_PKEY_CTX *context = signing_context(signing, pair, false);
	unsigned char *der = NULL;
	bool ok;

	if (signing->coordinate && size == 2 * signing->coordinate) {
		der = unflatten(signature, signing->coordinate, &size);
		signature = der;
	} else if (signing->coordinate) {
		signature = NULL;
	}
	ok = context && signature && EVP_PKEY_verify(context, signature, size,
		digest, digest_size) == 1;
	OPENSSL_free(der);
	EVP_PKEY_CTX_free(context);
	return ok;
}

/* The key for a signing algorithm, and the digest in a member of the body. */
static int begin_signing(struct akv_call *call, unsigned op,
	const char *member, const struct signing **signing,
	struct akv_record *record, struct akv_key *key, uint8_t **digest,
	size_t *digest_size)
{
	const char *curve;
	int r;

	*signing = find_signing(json_string_value(
		json_object_get(call->body, "alg")));
	if (!*signing)
		return why_set(&call->why, -EINVAL, "\"alg\" must be RS256, "
			"PS256, ES256 or one of their larger kin");
	r = akv_call_bytes(call, member, true, digest, digest_size);
	if (!r && *digest_size != (size_t)EVP_MD_get_size((*signing)->hash()))
		r = why_set(&call->why, -EINVAL, "\"%s\" must be a digest of "
			"%d bytes", member,
			EVP_MD_get_size((*signing)->hash()));
	if (!r)
		r = akv_call_record(call, op, record);
	if (r)
		return r;
	curve = json_string_value(json_object_get(record->public_key, "crv"));
	if (record->kind != (*signing)->kind || ((*signing)->curve &&
			(!curve || strcmp(curve, (*signing)->curve))))
		r = why_set(&call->why, -EINVAL, "the key is not one for %s",
			(*signing)->name);
	else
		r = akv_store_key(call->akv->store, record, key, &call->why);
	if (r)
		akv_record_wipe(record);
	return r;
}

static int sign(struct akv_call *call)
{
	const struct signing *signing;
	struct akv_record record;
	struct akv_key key;
	uint8_t *digest = NULL;
	size_t digest_size;
	char *text;
	int r = begin_signing(call, AKV_OP_SIGN, "value", &signing, &record,
		&key, &digest, &digest_size);

	if (!r) {
		text = make_signature(signing, key.pair, digest, digest_size);
		http_answer_json(call->answer, 200, text ? json_pack(
			"{s:s, s:s}", "kid", akv_kid(call, &record), "value",
			text) : NULL);
		free(text);
		akv_key_wipe(&key);
		akv_record_wipe(&record);
	}
	free(digest);
	return r;
}

static int verify(struct akv_call *call)
{
	const struct signing *signing;
	struct akv_record record;
	struct akv_key key;
	uint8_t *digest = NULL, *signature = NULL;
	size_t digest_size, size;
	int r = akv_call_bytes(call, "value", true, &signature, &size);

	if (!r)
		r = begin_signing(call, AKV_OP_VERIFY, "digest", &signing,
			&record, &key, &digest, &digest_size);
	if (!r) {
		http_answer_json(call->answer, 200, json_pack("{s:b}",
			"value", check_signature(signing, key.pair, digest,
				digest_size, signature, size)));
		akv_key_wipe(&key);
		akv_record_wipe(&record);
	}
	free(signature);
	free(digest);
	return r;
}

#define USE(operation, path, run) \
	{operation, "POST", "/keys/{name}/{version}/" path, AKV_ADMIN, \
		BODY_MAX, false, run}

static const struct akv_verb verbs[] = {
	USE("encrypt", "encrypt", encrypt_value),
	USE("decrypt", "decrypt", decrypt_value),
	USE("wrapKey", "wrapkey", wrap_key),
	USE("unwrapKey", "unwrapkey", unwrap_key),
	USE("sign", "sign", sign),
	USE("verify", "verify", verify),
};

int akv_crypto_verbs(struct akv *akv)
{
	return akv_verbs(akv, verbs, sizeof(verbs) / sizeof(*verbs));
}
