/* SPDX-License-Identifier: MIT */
/* Base64, keys and tokens, against the examples of the RFCs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "service/jws.h"

/* RFC 7515, A.2 and A.3: the same payload under an RSA and an EC key. */
#define PAYLOAD "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6" \
	"Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
static const char rs256_token[] = "eyJhbGciOiJSUzI1NiJ9." PAYLOAD "."
	"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
	"AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
	"BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"
	"0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
	"hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"
	"p0igcN_IoypGlUPQGe77Rw";
static const char rs256_key[] = "{\"kty\":\"RSA\",\"n\":\""
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"
	"-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"
	"vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs"
	"LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"
	"G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"
	"PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}";
static const char es256_token[] = "eyJhbGciOiJFUzI1NiJ9." PAYLOAD "."
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
	"pmWQxfKTUJqPP3-Kg6NU1Q";
static const char es256_key[] = "{\"kty\":\"EC\",\"crv\":\"P-256\","
	"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\","
	"\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}";
/* RFC 7638, section 3.1. */
static const char thumb_key[] = "{\"kty\":\"RSA\",\"n\":\""
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86z"
	"wu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5Js"
	"GY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic"
	"AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
	"bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csF"
	"Cur-kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\","
	"\"kid\":\"2011-04-29\"}";

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

static EVP_PKEY *key_of(const char *text, bool with_private)
{
	json_t *jwk = parse(text);
	struct why why = { "" };
	EVP_PKEY *key = jwk_to_key(jwk, with_private, &why);

	if (!key)
		print_error("%s\n", why.text);
	assert_non_null(key);
	json_decref(jwk);
	return key;
}

static void base64_has_one_spelling_in_tokens(void **state)
{
	static const struct {
		const char *bytes, *url, *standard;
	} rows[] = {
		{ "", "", "" },
		{ "f", "Zg", "Zg==" },
		{ "fo", "Zm8", "Zm8=" },
		{ "foo", "Zm9v", "Zm9v" },
		{ "foob", "Zm9vYg", "Zm9vYg==" },
		{ "\xfb\xff\xbf", "-_-_", "+/+/" },
	};
	static const char *const bad[] = { "A", "Zh", "Zm9=", "Zg==", "Z g",
		"+/+/", "Zm9vY", "Zg\n", "====" };
	uint8_t *bytes;
	size_t size;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t n = strlen(rows[i].bytes);
		char *url = base64url_encode(rows[i].bytes, n);
		char *standard = base64_encode(rows[i].bytes, n);

		assert_string_equal(url, rows[i].url);
		assert_string_equal(standard, rows[i].standard);
		assert_int_equal(base64url_decode(url, strlen(url), &bytes,
						  &size), 0);
		assert_int_equal(size, n);
		assert_memory_equal(bytes, rows[i].bytes, n + 1);
		free(bytes);
		assert_int_equal(base64_decode_any(standard, strlen(standard),
						   &bytes, &size), 0);
		assert_int_equal(size, n);
		free(bytes);
		assert_int_equal(base64_decode_any(url, strlen(url), &bytes,
						   &size), 0);
		free(bytes);
		free(url);
		free(standard);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(base64url_decode(bad[i], strlen(bad[i]),
						  &bytes, &size), -EINVAL);
	assert_int_equal(base64_decode_any("Zg=g", 4, &bytes, &size), -EINVAL);
}

static void check_known(const char *token, const char *key_text)
{
	EVP_PKEY *key = key_of(key_text, false);
	size_t size = strlen(token);
	char *copy = strdup(token);
	struct why why;
	struct jws jws;

	assert_int_equal(jws_parse(token, size, &jws, &why), 0);
	assert_int_equal(jws_verify(&jws, key, &why), 0);
	assert_memory_equal(jws.payload, "{\"iss\":\"joe\",", 13);
	jws_free(&jws);
	/* No other text verifies. */
	for (size_t i = 0; i < size; i++) {
		copy[i] = copy[i] == 'A' ? 'B' : 'A';
		if (jws_parse(copy, size, &jws, &why) == 0) {
			assert_int_equal(jws_verify(&jws, key, &why),
					 -EKEYREJECTED);
			jws_free(&jws);
		}
		copy[i] = token[i];
	}
	for (size_t i = 0; i < size; i++)
		if (jws_parse(token, i, &jws, &why) == 0) {
			assert_int_equal(jws_verify(&jws, key, &why),
					 -EKEYREJECTED);
			jws_free(&jws);
		}
	free(copy);
	EVP_PKEY_free(key);
}

static void the_rfc_tokens_verify_and_no_other(void **state)
{
	check_known(rs256_token, rs256_key);
	check_known(es256_token, es256_key);
}

static void a_key_takes_its_own_algorithms_only(void **state)
{
	EVP_PKEY *rsa = key_of(rs256_key, false);
	EVP_PKEY *ec = key_of(es256_key, false);
	struct why why;
	struct jws jws;

	assert_int_equal(jws_parse(rs256_token, strlen(rs256_token), &jws,
				   &why), 0);
	assert_int_equal(jws_verify(&jws, ec, &why), -EKEYREJECTED);
	assert_non_null(strstr(why.text, "does not go with"));
	jws_free(&jws);
	assert_int_equal(jws_parse("eyJhbGciOiJub25lIn0.e30.", 24, &jws, &why),
			 0);
	assert_true(jws_is_unsecured(&jws));
	assert_int_equal(jws_verify(&jws, rsa, &why), -EKEYREJECTED);
	jws_free(&jws);
	assert_int_equal(jws_parse("eyJhbGciOiJub25lIn0.e30.AAAA", 28, &jws,
				   &why), 0);
	assert_false(jws_is_unsecured(&jws));
	jws_free(&jws);
	assert_string_equal(jws_algorithm_of(rsa), "RS256");
	assert_string_equal(jws_algorithm_of(ec), "ES256");
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
}

static char *token_with_header(const char *header)
{
	char *first = base64url_encode(header, strlen(header));
	char *token;

	assert_true(asprintf(&token, "%s.e30.", first) > 0);
	free(first);
	return token;
}

static void odd_headers_are_refused(void **state)
{
	static const char *const headers[] = { "", "[]", "{}", "null",
		"{\"alg\":1}", "{\"alg\":\"none\",\"alg\":\"RS256\"}",
		"{\"alg\":\"none\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"none\",\"b64\":false}", "{\"alg\":\"none\"} x" };
	static const char *const texts[] = { "", ".", "..", "a.b",
		"e30.e30.e30.e30", "!.e30." };
	struct why why;
	struct jws jws;

	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		char *token = token_with_header(headers[i]);

		assert_int_equal(jws_parse(token, strlen(token), &jws, &why),
				 -EINVAL);
		free(token);
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(jws_parse(texts[i], strlen(texts[i]), &jws,
					   &why), -EINVAL);
}

static void sign_and_verify(EVP_PKEY *key, const char *algorithm)
{
	json_t *header = json_pack("{ss}", "alg", algorithm), *jwk;
	char *token;
	EVP_PKEY *public;
	struct why why;
	struct jws jws;

	assert_non_null(header);
	token = jws_sign(header, "hello\0x", 7, key, &why);
	assert_non_null(token);
	jwk = jwk_from_key(key, false);
	assert_null(json_object_get(jwk, "d"));
	public = jwk_to_key(jwk, true, &why);
	assert_non_null(public);
	assert_int_equal(jws_parse(token, strlen(token), &jws, &why), 0);
	assert_int_equal(jws_verify(&jws, public, &why), 0);
	assert_int_equal(jws.payload_size, 7);
	assert_memory_equal(jws.payload, "hello\0x", 8);
	jws_free(&jws);
	EVP_PKEY_free(public);
	json_decref(jwk);
	free(token);
	json_decref(header);
}

static void what_is_signed_verifies(void **state)
{
	static const char *const rsa_algorithms[] = { "RS256", "RS384",
		"RS512", "PS256", "PS384", "PS512" };
	static const char *const curves[][2] = { { "P-256", "ES256" },
		{ "P-384", "ES384" }, { "P-521", "ES512" } };
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	struct why why;

	assert_non_null(key);
	for (size_t i = 0; i < 6; i++)
		sign_and_verify(key, rsa_algorithms[i]);
	EVP_PKEY_free(key);
	for (size_t i = 0; i < 3; i++) {
		json_t *header = json_pack("{ss}", "alg",
					   curves[(i + 1) % 3][1]);

		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[i][0]);
		assert_non_null(key);
		sign_and_verify(key, curves[i][1]);
		assert_null(jws_sign(header, "", 0, key, &why));
		EVP_PKEY_free(key);
		json_decref(header);
	}
}

static void an_unsecured_token_has_no_key(void **state)
{
	json_t *header = json_pack("{ss}", "alg", "none");
	EVP_PKEY *key = key_of(es256_key, true);
	struct why why;
	char *token = jws_sign(header, "{}", 2, NULL, &why);

	assert_string_equal(token, "eyJhbGciOiJub25lIn0.e30.");
	free(token);
	assert_null(jws_sign(header, "{}", 2, key, &why));
	json_object_set_new(header, "alg", json_string("ES256"));
	assert_null(jws_sign(header, "{}", 2, NULL, &why));
	json_decref(header);
	EVP_PKEY_free(key);
}

static void keys_survive_the_round_trip(void **state)
{
	EVP_PKEY *keys[] = { key_of(es256_key, true),
		EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048) };
	struct why why;

	for (size_t i = 0; i < 2; i++) {
		json_t *jwk = jwk_from_key(keys[i], true), *again;
		EVP_PKEY *key = jwk_to_key(jwk, true, &why);

		assert_non_null(key);
		assert_int_equal(EVP_PKEY_eq(key, keys[i]), 1);
		again = jwk_from_key(key, true);
		assert_true(json_equal(jwk, again));
		json_decref(again);
		json_decref(jwk);
		EVP_PKEY_free(key);
		EVP_PKEY_free(keys[i]);
	}
}

static void broken_keys_are_refused(void **state)
{
	static const struct {
		const char *key, *member, *value;
	} rows[] = {
		{ es256_key, "kty", "oct" },
		{ es256_key, "crv", "P-255" },
		{ es256_key, "crv", "P-384" },
		{ es256_key, "x", "AAAA" },	/* not on the curve */
		{ es256_key, "y", "*" },
		{ es256_key, "d", "AQ" },	/* another key's half */
		{ rs256_key, "n", "AQAB" },
		{ rs256_key, "e", "AQ" },
		{ rs256_key, "e", "BA" },
		{ rs256_key, "e", "AQAAAAAAAAAAAAAB" },
		{ rs256_key, "kty", "EC" },
	};
	struct why why;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *jwk = parse(rows[i].key);

		json_object_set_new(jwk, rows[i].member,
				    json_string(rows[i].value));
		why.text[0] = '\0';
		assert_null(jwk_to_key(jwk, true, &why));
		assert_true(strlen(why.text) > 10);
		json_decref(jwk);
	}
}

static void the_thumbprint_is_the_rfc_s(void **state)
{
	json_t *jwk = parse(thumb_key);
	char *print = jwk_thumbprint(jwk);

	assert_string_equal(print,
			    "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	free(print);
	json_decref(jwk);
	jwk = parse("{\"kty\":\"oct\",\"k\":\"AAAA\"}");
	assert_null(jwk_thumbprint(jwk));
	json_decref(jwk);
}

static X509 *certificate(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);

	assert_true(X509_set_version(cert, 2));
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const uint8_t *)"x", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()));
	return cert;
}

static void certificates_travel_in_x5c(void **state)
{
	EVP_PKEY *key = key_of(es256_key, true), *read;
	X509 *cert = certificate(key), *certs[JWK_CERTS_MOST];
	json_t *jwk = json_object(), *x5c = jwk_x5c_from(&cert, 1), *bad;
	struct why why;

	assert_int_equal(jwk_x5c(jwk, certs, &why), 0);
	json_object_set_new(jwk, "x5c", x5c);
	assert_int_equal(jwk_x5c(jwk, certs, &why), 1);
	assert_int_equal(X509_cmp(certs[0], cert), 0);
	X509_free(certs[0]);
	read = jwk_public_key(jwk, &why);
	assert_int_equal(EVP_PKEY_eq(read, key), 1);
	EVP_PKEY_free(read);

	bad = json_pack("{s[ss]}", "x5c",
			json_string_value(json_array_get(x5c, 0)), "AAAA");
	assert_int_equal(jwk_x5c(bad, certs, &why), -EINVAL);
	json_object_set_new(bad, "x5c", json_array());
	assert_int_equal(jwk_x5c(bad, certs, &why), -EINVAL);
	json_object_set_new(bad, "x5c", json_string("AAAA"));
	assert_int_equal(jwk_x5c(bad, certs, &why), -EINVAL);
	json_decref(bad);
	json_decref(jwk);
	X509_free(cert);
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_has_one_spelling_in_tokens),
		cmocka_unit_test(the_rfc_tokens_verify_and_no_other),
		cmocka_unit_test(a_key_takes_its_own_algorithms_only),
		cmocka_unit_test(odd_headers_are_refused),
		cmocka_unit_test(what_is_signed_verifies),
		cmocka_unit_test(an_unsecured_token_has_no_key),
		cmocka_unit_test(keys_survive_the_round_trip),
		cmocka_unit_test(broken_keys_are_refused),
		cmocka_unit_test(the_thumbprint_is_the_rfc_s),
		cmocka_unit_test(certificates_travel_in_x5c),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
