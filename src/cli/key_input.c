/* SPDX-License-Identifier: MIT */
/* Policies and keys that `coffer key` sends: from files and options. */
#include "key.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 65536

/* A whole file, "-" for the standard input; a NUL follows. */
static int read_file(const char *path, uint8_t **bytes, size_t *size)
{
	bool standard = !strcmp(path, "-");
	FILE *file = standard ? stdin : fopen(path, "re");
	uint8_t *text;

	if (!file)
		return cli_error("%s: %s", path, strerror(errno));
	text = calloc(1, FILE_MAX + 2);
	*size = text ? fread(text, 1, FILE_MAX + 1, file) : 0;
	if (!standard)
		fclose(file);
	if (!text || !*size || *size > FILE_MAX) {
		free(text);
		return cli_error("%s is empty, or larger than %d bytes", path,
			FILE_MAX);
	}
	*bytes = text;
	return CLI_OK;
}

/* --- policies ----------------------------------------------------------- */

static void want(json_t *conditions, const char *claim, const char *operator,
	json_t *value)
{
	json_array_append_new(conditions, json_pack("{s:s, s:o}", "claim",
		claim, operator, value));
}

static bool is_hash(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* Who signed it, which product, from which version on, in earnest. */
static int make_policy(const struct key_options *o,
	const struct key_service *service, char **text)
{
	json_t *all = json_array(), *policy;

	want(all, "x-ms-attestation-type", "equals", json_string("sgx"));
	if (!o->debuggable)
		want(all, "x-ms-sgx-is-debuggable", "equals", json_false());
	if (o->mrsigner)
		want(all, "x-ms-sgx-mrsigner", "equals",
			json_string(o->mrsigner));
	if (o->mrenclave)
		want(all, "x-ms-sgx-mrenclave", "equals",
			json_string(o->mrenclave));
	if (o->with_product)
		want(all, "x-ms-sgx-product-id", "equals",
			json_integer((json_int_t)o->product));
	if (o->with_svn)
		want(all, "x-ms-sgx-svn", "greaterOrEquals",
			json_integer((json_int_t)o->svn));
	policy = json_pack("{s:s, s:[{s:s, s:o}]}", "version", "1.0.0",
		"anyOf", "authority", o->authority ? o->authority :
		service->url, "allOf", all);
	*text = policy ? json_dumps(policy, JSON_INDENT(2)) : NULL;
	json_decref(policy);
	return *text ? CLI_OK : cli_error("out of memory");
}

int key_policy(const struct key_options *o, const struct key_service *service,
	json_t **policy)
{
	bool made = o->mrsigner || o->mrenclave || o->with_product ||
		o->with_svn;
	char *text = NULL, *data;
	size_t size;
	int r;

	*policy = NULL;
	if (o->policy_file && made)
		return cli_error("either --policy, or --mrsigner, "
			"--mrenclave, --product and --svn");
	if (!o->policy_file && !made)
		return o->immutable ? cli_error("--immutable is for a "
			"release policy, and there is none") : CLI_OK;
	if (made && !o->mrsigner && !o->mrenclave)
		return cli_error("a policy without --mrsigner or --mrenclave "
			"would release the key to everybody's enclaves");
	if ((o->mrsigner && !is_hash(o->mrsigner)) ||
			(o->mrenclave && !is_hash(o->mrenclave)))
		return cli_error("--mrsigner and --mrenclave take 64 lower-"
			"case hex digits; `coffer measure` prints them");
	r = made ? make_policy(o, service, &text) : read_file(o->policy_file,
		(uint8_t **)&text, &size);
	if (r)
		return r;
	data = key_base64url(text, strlen(text));
	free(text);
	*policy = data ? json_pack("{s:s, s:s, s:b}", "contentType",
		"application/json; charset=utf-8", "data", data, "immutable",
		o->immutable) : NULL;
	free(data);
	return *policy ? CLI_OK : cli_error("out of memory");
}

/* --- keys --------------------------------------------------------------- */

static int put_bytes(json_t *jwk, const char *name, const void *bytes,
	size_t size)
{
	char *text = key_base64url(bytes, size);
	int r = text ? json_object_set_new(jwk, name, json_string(text)) : -1;

	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	return r;
}

/* A number of the key; with width 0 as short as it is. */
static int put_number(json_t *jwk, const char *name, EVP_PKEY *key,
	const char *parameter, int width)
{
	BIGNUM *number = NULL;
	uint8_t bytes[1024];
	int n, r = -1;

	if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1)
		return -1;
	n = width ? width : BN_num_bytes(number);
	if ((size_t)n <= sizeof(bytes) && BN_bn2binpad(number, bytes, n) == n)
		r = put_bytes(jwk, name, bytes, (size_t)n);
	explicit_bzero(bytes, sizeof(bytes));
	BN_clear_free(number);
	return r;
}

static json_t *jwk_of_rsa(EVP_PKEY *key)
{
	static const char *const members[][2] = {
		{ "n", OSSL_PKEY_PARAM_RSA_N }, { "e", OSSL_PKEY_PARAM_RSA_E },
		{ "d", OSSL_PKEY_PARAM_RSA_D },
		{ "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
		{ "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },
		{ "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
		{ "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 },
		{ "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
	};
	json_t *jwk = json_pack("{s:s}", "kty", "RSA-HSM");

	for (size_t i = 0; jwk && i < sizeof(members) / sizeof(*members); i++)
		if (put_number(jwk, members[i][0], key, members[i][1], 0)) {
			json_decref(jwk);
			return NULL;
		}
	return jwk;
}

static json_t *jwk_of_ec(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key), width = (bits + 7) / 8;
	const char *curve = bits == 256 ? "P-256" : bits == 384 ? "P-384" :
		bits == 521 ? "P-521" : NULL;
	json_t *jwk = curve ? json_pack("{s:s, s:s}", "kty", "EC-HSM", "crv",
		curve) : NULL;

	if (jwk && (put_number(jwk, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, width)
			|| put_number(jwk, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y,
				width) ||
			put_number(jwk, "d", key, OSSL_PKEY_PARAM_PRIV_KEY,
				width))) {
		json_decref(jwk);
		return NULL;
	}
	return jwk;
}

static json_t *jwk_of_pem(const uint8_t *text, size_t size)
{
	BIO *bio = BIO_new_mem_buf(text, (int)size);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)
			    : NULL;
	json_t *jwk = NULL;

	BIO_free(bio);
	if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		jwk = jwk_of_rsa(key);
	else if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
		jwk = jwk_of_ec(key);
	EVP_PKEY_free(key);
	if (!jwk)
		cli_error("the file holds no private key of RSA or of the "
			"curves P-256, P-384, P-521");
	return jwk;
}

int key_from_file(const struct key_options *o, json_t **jwk)
{
	uint8_t *bytes;
	size_t size;
	int r = read_file(o->file, &bytes, &size);

	if (r)
		return r;
	if (size > 11 && !memcmp(bytes, "-----BEGIN ", 11)) {
		*jwk = jwk_of_pem(bytes, size);
	} else {
		*jwk = json_pack("{s:s}", "kty", "oct-HSM");
		if (*jwk && put_bytes(*jwk, "k", bytes, size)) {
			json_decref(*jwk);
			*jwk = NULL;
		}
	}
	explicit_bzero(bytes, size);
	free(bytes);
	if (*jwk && o->type)
		json_object_set_new(*jwk, "kty", json_string(o->type));
	return *jwk ? CLI_OK : CLI_FAILED;
}
