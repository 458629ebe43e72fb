/* SPDX-License-Identifier: MIT */
#include "jwk.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"

struct member {
	const char *name;	/* in a JWK */
	const char *param;	/* OpenSSL's */
};

static const struct member rsa_public[] = {
	{ "n", OSSL_PKEY_PARAM_RSA_N },
	{ "e", OSSL_PKEY_PARAM_RSA_E },
};
static const struct member rsa_private[] = {
	{ "d", OSSL_PKEY_PARAM_RSA_D },
	{ "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
	{ "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },
	{ "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
	{ "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 },
	{ "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};

static const struct curve {
	const char *crv;
	const char *group;
	size_t size;		/* of a coordinate */
} curves[] = {
	{ "P-256", "prime256v1", 32 },
	{ "P-384", "secp384r1", 48 },
	{ "P-521", "secp521r1", 66 },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The number in a member; NULL if absent or malformed. */
static BIGNUM *number_read(const json_t *jwk, const char *name)
{
	const json_t *text = json_object_get(jwk, name);
	uint8_t *bytes;
	size_t size;
	BIGNUM *number;

	if (!json_is_string(text) ||
	    json_string_length(text) > (JWK_RSA_BITS_MOST / 8 + 2) * 4 / 3 + 4 ||
	    base64url_decode(json_string_value(text), json_string_length(text),
			     &bytes, &size) < 0)
		return NULL;
	number = BN_secure_new();
	if (number && !BN_bin2bn(bytes, (int)size, number)) {
		BN_clear_free(number);
		number = NULL;
	}
	OPENSSL_cleanse(bytes, size);
	free(bytes);
	return number;
}

static int number_write(json_t *jwk, const char *name, const BIGNUM *number,
			size_t size)
{
	uint8_t bytes[JWK_RSA_BITS_MOST / 8];
	char *text;
	int r;

	if (!size)
		size = (size_t)BN_num_bytes(number);
	if (size > sizeof(bytes) || BN_bn2binpad(number, bytes, (int)size) < 0)
		return -EINVAL;
	text = base64url_encode(bytes, size);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	r = text ? json_object_set_new(jwk, name, json_string(text)) : -1;
	if (text)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
	return r;
}

static EVP_PKEY *key_make(const char *type, OSSL_PARAM_BLD *build,
			  bool private)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY *key = NULL;

	if (!context || !params || EVP_PKEY_fromdata_init(context) <= 0 ||
	    EVP_PKEY_fromdata(context, &key, private ? EVP_PKEY_KEYPAIR :
			      EVP_PKEY_PUBLIC_KEY, params) <= 0)
		key = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* A key whose parts agree with each other, or none. */
static EVP_PKEY *key_check(EVP_PKEY *key, bool private)
{
	EVP_PKEY_CTX *context = NULL;

	if (!key)
		return NULL;
	context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (!context || EVP_PKEY_public_check(context) <= 0 ||
	    (private && EVP_PKEY_pairwise_check(context) <= 0)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	EVP_PKEY_CTX_free(context);
	return key;
}

static EVP_PKEY *rsa_read(const json_t *jwk, bool private, struct why *why)
{
	BIGNUM *numbers[COUNT(rsa_public) + COUNT(rsa_private)] = { NULL };
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	size_t n = 0;
	int bits;

	if (!build)
		goto out;
	for (size_t i = 0; i < COUNT(rsa_public); i++, n++) {
		numbers[n] = number_read(jwk, rsa_public[i].name);
		if (!numbers[n]) {
			why_set(why, -EINVAL, "the key's \"%s\" is missing or "
				"is not base64url", rsa_public[i].name);
			goto out;
		}
		if (!OSSL_PARAM_BLD_push_BN(build, rsa_public[i].param,
					    numbers[n]))
			goto out;
	}
	bits = BN_num_bits(numbers[0]);
	if (bits < JWK_RSA_BITS_LEAST || bits > JWK_RSA_BITS_MOST) {
		why_set(why, -EINVAL, "an RSA key of %d bits; %d to %d are "
			"taken", bits, JWK_RSA_BITS_LEAST, JWK_RSA_BITS_MOST);
		goto out;
	}
	if (BN_num_bits(numbers[1]) > 64 || !BN_is_odd(numbers[1]) ||
	    BN_is_one(numbers[1])) {
		why_set(why, -EINVAL, "the RSA key's \"e\" is not an odd "
			"number between 3 and 64 bits");
		goto out;
	}
	for (size_t i = 0; private && i < COUNT(rsa_private); i++, n++) {
		numbers[n] = number_read(jwk, rsa_private[i].name);
		if (!numbers[n]) {
			why_set(why, -EINVAL, "the private key's \"%s\" is "
				"missing or is not base64url",
				rsa_private[i].name);
			goto out;
		}
		if (!OSSL_PARAM_BLD_push_BN(build, rsa_private[i].param,
					    numbers[n]))
			goto out;
	}
	key = key_check(key_make("RSA", build, private), private);
	if (!key)
		why_set(why, -EINVAL, "the parts of the RSA key do not fit "
			"together");
out:
	for (size_t i = 0; i < COUNT(numbers); i++)
		BN_clear_free(numbers[i]);
	OSSL_PARAM_BLD_free(build);
	return key;
}

static EVP_PKEY *ec_read(const json_t *jwk, bool private, struct why *why)
{
	const char *crv = json_string_value(json_object_get(jwk, "crv"));
	const struct curve *curve = NULL;
	BIGNUM *x = NULL, *y = NULL, *d = NULL;
	OSSL_PARAM_BLD *build = NULL;
	EVP_PKEY *key = NULL;
	uint8_t point[1 + 2 * 66] = { 4 };

	for (size_t i = 0; crv && i < COUNT(curves); i++)
		if (strcmp(crv, curves[i].crv) == 0)
			curve = &curves[i];
	if (!curve) {
		why_set(why, -EINVAL, "the key's \"crv\" is none of P-256, "
			"P-384, P-521");
		return NULL;
	}
	x = number_read(jwk, "x");
	y = number_read(jwk, "y");
	if (private)
		d = number_read(jwk, "d");
	if (!x || !y || (private && !d) ||
	    BN_bn2binpad(x, point + 1, (int)curve->size) < 0 ||
	    BN_bn2binpad(y, point + 1 + curve->size, (int)curve->size) < 0) {
		why_set(why, -EINVAL, "a coordinate of the EC key is missing, "
			"is not base64url, or is too long");
		goto out;
	}
	build = OSSL_PARAM_BLD_new();
	if (!build ||
	    !OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
					     curve->group, 0) ||
	    !OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
					      point, 1 + 2 * curve->size) ||
	    (d && !OSSL_PARAM_BLD_push_BN_pad(build, OSSL_PKEY_PARAM_PRIV_KEY,
					      d, curve->size)))
		goto out;
	key = key_check(key_make("EC", build, private), private);
	if (!key)
		why_set(why, -EINVAL, "the EC key is no point of its curve, "
			"or its halves do not belong together");
out:
	OSSL_PARAM_BLD_free(build);
	BN_free(x);
	BN_free(y);
	BN_clear_free(d);
	return key;
}

EVP_PKEY *jwk_to_key(const json_t *jwk, bool with_private, struct why *why)
{
	const char *kty = json_string_value(json_object_get(jwk, "kty"));
	bool private = with_private && json_object_get(jwk, "d");

	why_set(why, -ENOMEM, "no memory for a key");
	if (kty && (strcmp(kty, "RSA") == 0 || strcmp(kty, "RSA-HSM") == 0))
		return rsa_read(jwk, private, why);
	if (kty && (strcmp(kty, "EC") == 0 || strcmp(kty, "EC-HSM") == 0))
		return ec_read(jwk, private, why);
	why_set(why, -EINVAL, "the key's \"kty\" is neither RSA nor EC");
	return NULL;
}

static int members_write(json_t *jwk, EVP_PKEY *key,
			 const struct member *members, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		BIGNUM *number = NULL;
		int r;

		if (!EVP_PKEY_get_bn_param(key, members[i].param, &number))
			return -1;
		r = number_write(jwk, members[i].name, number, 0);
		BN_clear_free(number);
		if (r < 0)
			return -1;
	}
	return 0;
}

static int ec_write(json_t *jwk, EVP_PKEY *key, bool with_private)
{
	static const struct member parts[] = {
		{ "x", OSSL_PKEY_PARAM_EC_PUB_X },
		{ "y", OSSL_PKEY_PARAM_EC_PUB_Y },
		{ "d", OSSL_PKEY_PARAM_PRIV_KEY },
	};
	const struct curve *curve = NULL;
	char group[64];

	if (!EVP_PKEY_get_group_name(key, group, sizeof(group), NULL))
		return -1;
	for (size_t i = 0; i < COUNT(curves); i++)
		if (strcmp(group, curves[i].group) == 0)
			curve = &curves[i];
	if (!curve ||
	    json_object_set_new(jwk, "kty", json_string("EC")) < 0 ||
	    json_object_set_new(jwk, "crv", json_string(curve->crv)) < 0)
		return -1;
	for (size_t i = 0; i < (with_private ? 3 : 2); i++) {
		BIGNUM *number = NULL;
		int r;

		if (!EVP_PKEY_get_bn_param(key, parts[i].param, &number))
			return -1;
		r = number_write(jwk, parts[i].name, number, curve->size);
		BN_clear_free(number);
		if (r < 0)
			return -1;
	}
	return 0;
}

json_t *jwk_from_key(EVP_PKEY *key, bool with_private)
{
	json_t *jwk = json_object();
	int r = -1;

	if (!jwk)
		return NULL;
	if (EVP_PKEY_is_a(key, "RSA") &&
	    json_object_set_new(jwk, "kty", json_string("RSA")) == 0) {
		r = members_write(jwk, key, rsa_public, COUNT(rsa_public));
		if (r == 0 && with_private)
			r = members_write(jwk, key, rsa_private,
					  COUNT(rsa_private));
	} else if (EVP_PKEY_is_a(key, "EC")) {
		r = ec_write(jwk, key, with_private);
	}
	if (r < 0) {
		json_decref(jwk);
		return NULL;
	}
	return jwk;
}

char *jwk_thumbprint(const json_t *jwk)
{
	static const char *const names[][4] = {
		{ "e", "kty", "n", NULL },
		{ "crv", "kty", "x", "y" },
	};
	const char *kty = json_string_value(json_object_get(jwk, "kty"));
	bool ec = kty && strcmp(kty, "EC") == 0;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	json_t *required = json_object();
	char *text = NULL, *print = NULL;

	if (!required || (!ec && !(kty && strcmp(kty, "RSA") == 0)))
		goto out;
	for (size_t i = 0; i < 4 && names[ec][i]; i++) {
		json_t *member = json_object_get(jwk, names[ec][i]);

		if (!json_is_string(member) ||
		    json_object_set(required, names[ec][i], member) < 0)
			goto out;
	}
	text = json_dumps(required, JSON_COMPACT | JSON_SORT_KEYS);
	if (!text)
		goto out;
	SHA256((const uint8_t *)text, strlen(text), digest);
	print = base64url_encode(digest, sizeof(digest));
out:
	free(text);
	json_decref(required);
	return print;
}

int jwk_x5c(const json_t *object, X509 *certs[JWK_CERTS_MOST],
	    struct why *why)
{
	const json_t *x5c = json_object_get(object, "x5c");
	size_t count = json_array_size(x5c);

	if (!x5c)
		return 0;
	if (!json_is_array(x5c) || count < 1 || count > JWK_CERTS_MOST)
		return why_set(why, -EINVAL, "\"x5c\" is not a list of 1 to "
			       "%d certificates", JWK_CERTS_MOST);
	for (size_t i = 0; i < count; i++) {
		const json_t *text = json_array_get(x5c, i);
		const uint8_t *at;
		uint8_t *der = NULL;
		size_t size = 0;

		certs[i] = NULL;
		if (json_is_string(text) &&
		    base64_decode_any(json_string_value(text),
				      json_string_length(text), &der,
				      &size) == 0 && size < 1 << 20) {
			at = der;
			certs[i] = d2i_X509(NULL, &at, (long)size);
			if (certs[i] && at != der + size) {
				X509_free(certs[i]);
				certs[i] = NULL;
			}
		}
		free(der);
		if (!certs[i]) {
			for (size_t j = 0; j < i; j++)
				X509_free(certs[j]);
			return why_set(why, -EINVAL, "certificate %zu of "
				       "\"x5c\" is not DER in base64", i + 1);
		}
	}
	return (int)count;
}

json_t *jwk_x5c_from(X509 *const *certs, size_t count)
{
	json_t *x5c = json_array();

	for (size_t i = 0; x5c && i < count; i++) {
		uint8_t *der = NULL;
		int size = i2d_X509(certs[i], &der);
		char *text = size > 0 ? base64_encode(der, (size_t)size) : NULL;

		OPENSSL_free(der);
		if (!text || json_array_append_new(x5c, json_string(text)) < 0) {
			json_decref(x5c);
			x5c = NULL;
		}
		free(text);
	}
	return x5c;
}

EVP_PKEY *jwk_public_key(const json_t *object, struct why *why)
{
	X509 *certs[JWK_CERTS_MOST];
	int count = jwk_x5c(object, certs, why);
	EVP_PKEY *key;

	if (count < 0)
		return NULL;
	if (count == 0)
		return jwk_to_key(object, false, why);
	key = X509_get_pubkey(certs[0]);
	for (int i = 0; i < count; i++)
		X509_free(certs[i]);
	if (!key)
		why_set(why, -EINVAL, "the first certificate's key cannot be "
			"used");
	return key;
}
