/* SPDX-License-Identifier: MIT */
/* Policies: shown, set, reset, signed; who may; what lasts. */
#include "maa_world.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define AT "?api-version=2020-10-01"
#define SGX_POLICY "/policies/SgxEnclave" AT
#define SGX_RESET "/policies/SgxEnclave:reset" AT
#define PERMIT "version=1.0;authorizationrules{=>permit();};"
#define ISSUE PERMIT "issuancerules{=>issue(type=\"mine\",value=\"yes\");};"
#define DENY "version=1.0;authorizationrules{=>deny();};"
#define TEXT(claims, name) json_string_value(json_object_get(claims, name))

static json_t *admin(struct maa_world *world, const char *method,
	const char *target, const char *body)
{
	json_t *answer;
	unsigned status = world_admin(world, method, target, body, &answer);

	if (status != 200)
		fail_msg("%u: %s", status, json_dumps(answer, 0));
	return world_claims(world, answer, true, NULL);
}

static void refused(struct maa_world *world, const char *method,
	const char *target, const char *body, const char *code,
	const char *says)
{
	json_t *answer;

	assert_int_equal(world_admin(world, method, target, body, &answer),
		400);
	world_expect_error(answer, code, says);
}

/* The text of the policy that a type has now; and of a token. */
static char *text_in(const char *token)
{
	struct why why;
	struct jws jws;
	json_t *payload;
	uint8_t *text;
	size_t size;

	assert_non_null(token);
	assert_int_equal(jws_parse(token, strlen(token), &jws, &why), 0);
	payload = json_loadb(jws.payload, jws.payload_size, 0, NULL);
	assert_int_equal(base64url_decode(TEXT(payload, "AttestationPolicy"),
		strlen(TEXT(payload, "AttestationPolicy")), &text, &size), 0);
	json_decref(payload);
	jws_free(&jws);
	return (char *)text;
}

static void policy_is(struct maa_world *world, const char *target,
	const char *text)
{
	json_t *claims = admin(world, "GET", target, NULL);
	char *found = text_in(TEXT(claims, "x-ms-policy"));

	assert_string_equal(found, text);
	assert_string_equal(TEXT(claims, "iss"), WORLD_URL);
	free(found);
	json_decref(claims);
}

static json_t *attested(struct maa_world *world, const char *type)
{
	char target[128];
	json_t *answer;

	snprintf(target, sizeof(target), "/attest/%s" AT, type);
	if (world_attest(world, target, world_quote(world), &answer) != 200) {
		json_decref(answer);
		return NULL;
	}
	return world_claims(world, answer, true, NULL);
}

/* base64url of SHA-256 of a text. */
static void expect_hash(const char *found, const char *text)
{
	uint8_t digest[32];
	char *wanted;

	SHA256((const uint8_t *)text, strlen(text), digest);
	wanted = base64url_encode(digest, 32);
	assert_string_equal(found, wanted);
	free(wanted);
}

static void a_policy_is_set_shown_and_reset(void **state)
{
	struct maa_world *world = *state;
	char *token = world_policy(ISSUE, NULL, NULL, 0), *encoded;
	json_t *claims;

	policy_is(world, SGX_POLICY, maa_default_policy);
	claims = attested(world, "SgxEnclave");
	assert_null(TEXT(claims, "mine"));
	assert_non_null(TEXT(claims, "sgx-mrsigner"));
	json_decref(claims);

	claims = admin(world, "PUT", SGX_POLICY, token);
	assert_string_equal(TEXT(claims, "x-ms-policy-result"), "Updated");
	assert_string_equal(TEXT(claims, "x-ms-policy"), token);
	expect_hash(TEXT(claims, "x-ms-policy-token-hash"), token);
	assert_null(json_object_get(claims, "x-ms-policy-signer"));
	json_decref(claims);
	policy_is(world, SGX_POLICY, ISSUE);
	/* The other type has its own. */
	policy_is(world, "/policies/OpenEnclave" AT, maa_default_policy);

	claims = attested(world, "SgxEnclave");
	assert_string_equal(TEXT(claims, "mine"), "yes");
	assert_null(TEXT(claims, "sgx-mrsigner"));
	encoded = base64url_encode(ISSUE, strlen(ISSUE));
	expect_hash(TEXT(claims, "x-ms-policy-hash"), encoded);
	free(encoded);
	json_decref(claims);

	/* It lasts. */
	world_restart(world);
	policy_is(world, SGX_POLICY, ISSUE);

	claims = admin(world, "POST", SGX_RESET, "eyJhbGciOiJub25lIn0..");
	assert_string_equal(TEXT(claims, "x-ms-policy-result"), "Removed");
	json_decref(claims);
	policy_is(world, SGX_POLICY, maa_default_policy);
	world_restart(world);
	policy_is(world, SGX_POLICY, maa_default_policy);
	free(token);
}

static void a_deny_takes_effect(void **state)
{
	struct maa_world *world = *state;
	char *token = world_policy(DENY, NULL, NULL, 0);

	json_decref(attested(world, "SgxEnclave"));
	json_decref(admin(world, "PUT", SGX_POLICY, token));
	assert_null(attested(world, "SgxEnclave"));
	json_decref(admin(world, "POST", SGX_RESET, "eyJhbGciOiJub25lIn0.."));
	json_decref(attested(world, "SgxEnclave"));
	free(token);
}

static void bad_policies_change_nothing(void **state)
{
	struct maa_world *world = *state;
	char *bad = world_policy("version=1.0;\n authorizationrules{=>pass();}",
		NULL, NULL, 0);
	char *odd = world_sign("{\"Policy\":\"AAAA\"}", NULL, NULL, 0);
	char *plain = world_sign("{\"AttestationPolicy\":\"" PERMIT "\"}",
		NULL, NULL, 0);

	refused(world, "PUT", SGX_POLICY, bad, "InvalidParameter",
		"line 2, column 23: permit, deny, add, issue or issueproperty "
		"is missing before pass");
	refused(world, "PUT", SGX_POLICY, odd, "InvalidParameter",
		"AttestationPolicy");
	refused(world, "PUT", SGX_POLICY, PERMIT, "InvalidParameter",
		"three parts");
	refused(world, "PUT", SGX_POLICY, "", "InvalidParameter",
		"three parts");
	refused(world, "PUT", "/policies/Tpm" AT, bad, "InvalidParameter",
		"SgxEnclave and OpenEnclave");
	refused(world, "GET", "/policies/SgxEnclave", NULL,
		"InvalidParameter", "api-version");
	policy_is(world, SGX_POLICY, maa_default_policy);
	/* As Azure's example of a signed policy has it. */
	json_decref(admin(world, "PUT", SGX_POLICY, plain));
	free(bad);
	free(odd);
	free(plain);
}

static void only_administrators_see_and_change_policies(void **state)
{
	static const struct {
		const char *method, *target;
	} rows[] = {
		{ "GET", SGX_POLICY }, { "PUT", SGX_POLICY },
		{ "POST", SGX_RESET }, { "GET", "/certificates" AT },
		{ "POST", "/certificates:add" AT },
		{ "POST", "/certificates:remove" AT },
	};
	static const char *const tokens[] = { NULL, "", "x",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	struct maa_world *world = *state;
	char *token = world_policy(DENY, NULL, NULL, 0);
	json_t *answer;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t j = 0; j < 4; j++) {
			assert_int_equal(world_send(world, tokens[j],
				rows[i].method, rows[i].target, "text/plain",
				token, *rows[i].method == 'G' ? 0 :
				strlen(token), &answer), 401);
			world_expect_error(answer, "Unauthorized",
				"administrator");
		}
	assert_int_equal(world_send(world, world->service.admin_token, "PUT",
		SGX_POLICY, "application/jose", token, strlen(token),
		&answer), 415);
	json_decref(answer);
	assert_int_equal(world_send(world, world->service.admin_token, "PUT",
		SGX_POLICY, "application/json", "{}", 2, &answer), 400);
	world_expect_error(answer, "InvalidParameter", "no string");
	policy_is(world, SGX_POLICY, maa_default_policy);
	free(token);
}

/* --- policy signers ------------------------------------------------------- */

struct signer {
	EVP_PKEY *key;
	X509 *cert;
};

/* A certificate for a new key, by issuer or by itself. */
static struct signer signer_new(const char *type, const struct signer *issuer,
	const char *name)
{
	struct signer signer = { .key = strcmp(type, "RSA") ?
		EVP_PKEY_Q_keygen(NULL, NULL, "EC", type) :
		EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048) };
	time_t now = MINT_NOW;
	X509_EXTENSION *ca;
	X509_NAME *subject;

	signer.cert = X509_new();
	X509_set_version(signer.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(signer.cert), 1);
	X509_time_adj_ex(X509_getm_notBefore(signer.cert), -1, 0, &now);
	X509_time_adj_ex(X509_getm_notAfter(signer.cert), 30, 0, &now);
	subject = X509_get_subject_name(signer.cert);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
		(const uint8_t *)name, -1, -1, 0);
	X509_set_issuer_name(signer.cert, issuer ?
		X509_get_subject_name(issuer->cert) : subject);
	ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
		issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
	X509_add_ext(signer.cert, ca, -1);
	X509_EXTENSION_free(ca);
	X509_set_pubkey(signer.cert, signer.key);
	assert_true(X509_sign(signer.cert, issuer ? issuer->key : signer.key,
		EVP_sha256()) > 0);
	return signer;
}

static void signer_free(struct signer *signer)
{
	EVP_PKEY_free(signer->key);
	X509_free(signer->cert);
}

static void first_signer(struct maa_world *world, const struct signer *signer)
{
	char path[128];
	struct why why;
	FILE *file;

	snprintf(path, sizeof(path), "%s/signers.pem", world->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(PEM_write_X509(file, signer->cert));
	fclose(file);
	assert_int_equal(config_set(world->config, "maa.policy_signers", path,
		&why), 0);
	world_restart(world);
}

static char *change_of(const struct signer *named, const char *member,
	const struct signer *by)
{
	json_t *payload = json_pack("{s{ssso}}", member, "kty", "RSA", "x5c",
		jwk_x5c_from(&named->cert, 1));
	char *text = json_dumps(payload, 0), *token;

	token = world_sign(text, by->key, &by->cert, 1);
	json_decref(payload);
	free(text);
	return token;
}

static size_t signers(struct maa_world *world)
{
	json_t *claims = admin(world, "GET", "/certificates" AT, NULL);
	size_t count = json_array_size(json_object_get(json_object_get(claims,
		"x-ms-policy-certificates"), "keys"));

	json_decref(claims);
	return count;
}

static void signed_policies_need_no_signers(void **state)
{
	struct maa_world *world = *state;
	struct signer one = signer_new("RSA", NULL, "one");
	struct signer other = signer_new("RSA", NULL, "other");
	char *good = world_policy(ISSUE, one.key, &one.cert, 1);
	char *bad = world_policy(ISSUE, one.key, &other.cert, 1);
	char *bare = world_policy(ISSUE, one.key, NULL, 0);
	json_t *claims, *jwk;

	assert_int_equal(signers(world), 0);
	claims = admin(world, "PUT", SGX_POLICY, good);
	jwk = json_object_get(claims, "x-ms-policy-signer");
	assert_string_equal(TEXT(jwk, "kty"), "RSA");
	assert_int_equal(json_array_size(json_object_get(jwk, "x5c")), 1);
	json_decref(claims);
	claims = attested(world, "SgxEnclave");
	jwk = json_object_get(json_object_get(claims, "x-ms-policy-signer"),
		"jwk");
	assert_string_equal(TEXT(jwk, "kty"), "RSA");
	json_decref(claims);
	/* What is signed has to verify all the same. */
	refused(world, "PUT", SGX_POLICY, bad, "InvalidOperation",
		"does not verify");
	refused(world, "PUT", SGX_POLICY, bare, "InvalidParameter", "x5c");
	free(good);
	good = change_of(&one, "policyCertificate", &one);
	refused(world, "POST", "/certificates:add" AT, good,
		"InvalidParameter", "no policy signers");
	free(good);
	free(bad);
	free(bare);
	signer_free(&one);
	signer_free(&other);
}

static void with_signers_policies_need_their_signature(void **state)
{
	struct maa_world *world = *state;
	struct signer one = signer_new("RSA", NULL, "one");
	struct signer other = signer_new("P-256", NULL, "other");
	struct signer below = signer_new("P-384", &one, "below");
	struct signer forged = signer_new("P-384", &other, "below");
	X509 *chain[] = { below.cert, one.cert };
	X509 *wrong_chain[] = { forged.cert, one.cert };
	char *by_one = world_policy(ISSUE, one.key, &one.cert, 1);
	char *by_other = world_policy(DENY, other.key, &other.cert, 1);
	char *by_below = world_policy(PERMIT, below.key, chain, 2);
	char *by_forged = world_policy(DENY, forged.key, wrong_chain, 2);
	char *unsigned_one = world_policy(DENY, NULL, NULL, 0);
	char *reset = world_sign("{}", one.key, &one.cert, 1);

	first_signer(world, &one);
	assert_int_equal(signers(world), 1);
	refused(world, "PUT", SGX_POLICY, unsigned_one, "InvalidOperation",
		"only with the signature");
	refused(world, "PUT", SGX_POLICY, by_other, "InvalidOperation",
		"by none of the policy signers");
	refused(world, "PUT", SGX_POLICY, by_forged, "InvalidOperation",
		"by none of the policy signers");
	policy_is(world, SGX_POLICY, maa_default_policy);
	json_decref(admin(world, "PUT", SGX_POLICY, by_one));
	policy_is(world, SGX_POLICY, ISSUE);
	json_decref(admin(world, "PUT", SGX_POLICY, by_below));
	policy_is(world, SGX_POLICY, PERMIT);
	refused(world, "POST", SGX_RESET, "eyJhbGciOiJub25lIn0..",
		"InvalidOperation", "only with the signature");
	json_decref(admin(world, "POST", SGX_RESET, reset));
	policy_is(world, SGX_POLICY, maa_default_policy);
	/* A signer whose certificate is over signs no more. */
	world->service.time += 31 * MINT_DAY;
	refused(world, "PUT", SGX_POLICY, by_one, "InvalidOperation",
		"by none of the policy signers");
	free(by_one);
	free(by_other);
	free(by_below);
	free(by_forged);
	free(unsigned_one);
	free(reset);
	signer_free(&one);
	signer_free(&other);
	signer_free(&below);
	signer_free(&forged);
}

static void signers_are_added_and_removed_by_signers(void **state)
{
	struct maa_world *world = *state;
	struct signer one = signer_new("RSA", NULL, "one");
	struct signer two = signer_new("P-256", NULL, "two");
	char *add_by_two = change_of(&two, "policyCertificate", &two);
	char *add = change_of(&two, "policyCertificate", &one);
	char *add_old = change_of(&two, "maa-policyCertificate", &one);
	char *remove_one = change_of(&one, "policyCertificate", &two);
	char *remove_two = change_of(&two, "policyCertificate", &two);
	char *empty = world_sign("{}", one.key, &one.cert, 1);
	json_t *claims;

	first_signer(world, &one);
	refused(world, "POST", "/certificates:add" AT, add_by_two,
		"InvalidOperation", "by none of the policy signers");
	refused(world, "POST", "/certificates:add" AT, empty,
		"InvalidParameter", "policyCertificate");
	claims = admin(world, "POST", "/certificates:add" AT, add);
	assert_string_equal(TEXT(claims, "x-ms-policycertificates-result"),
		"IsPresent");
	assert_int_equal(strlen(TEXT(claims, "x-ms-certificate-thumbprint")),
		40);
	json_decref(claims);
	assert_int_equal(signers(world), 2);
	json_decref(admin(world, "POST", "/certificates:add" AT, add_old));
	assert_int_equal(signers(world), 2);

	claims = admin(world, "POST", "/certificates:remove" AT, remove_one);
	assert_string_equal(TEXT(claims, "x-ms-policycertificates-result"),
		"IsAbsent");
	json_decref(claims);
	assert_int_equal(signers(world), 1);
	/* Not even the file brings it back. */
	world_restart(world);
	assert_int_equal(signers(world), 1);
	refused(world, "POST", "/certificates:add" AT, add,
		"InvalidOperation", "by none of the policy signers");
	refused(world, "POST", "/certificates:remove" AT, remove_two,
		"InvalidParameter", "the last policy signer cannot be removed");
	free(add_by_two);
	free(add);
	free(add_old);
	free(remove_one);
	free(remove_two);
	free(empty);
	signer_free(&one);
	signer_free(&two);
}

/* A file of first signers counts as a whole: what is left of a start that
 * failed must not be taken for all of them. */
static void first_signers_are_all_or_none(void **state)
{
	struct maa_world *world = *state;
	struct maa_store *store = NULL;
	struct signer signer;
	struct why why = { "" };
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/many.pem", world->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 33; i++) { /* one more than there may be */
		signer = signer_new("P-256", NULL, "many");
		assert_true(PEM_write_X509(file, signer.cert));
		signer_free(&signer);
	}
	fclose(file);
	assert_int_equal(config_set(world->config, "maa.policy_signers", path,
		&why), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(maa_store_open(&world->service, &store,
			&why), -EINVAL);
	/* One that cannot be read is no end of the file. */
	file = fopen(path, "w");
	assert_non_null(file);
	signer = signer_new("P-256", NULL, "one");
	assert_true(PEM_write_X509(file, signer.cert));
	fputs("-----BEGIN CERTIFICATE-----\nAAAA\n"
		"-----END CERTIFICATE-----\n", file);
	fclose(file);
	for (int i = 0; i < 2; i++)
		assert_int_equal(maa_store_open(&world->service, &store,
			&why), -EINVAL);
	signer_free(&signer);
}

static void the_key_lasts_and_its_certificate_is_renewed(void **state)
{
	struct maa_world *world = *state;
	json_t *before, *after;

	assert_int_equal(world_send(world, NULL, "GET", "/certs", NULL, NULL,
		0, &before), 200);
	world_restart(world);
	assert_int_equal(world_send(world, NULL, "GET", "/certs", NULL, NULL,
		0, &after), 200);
	assert_true(json_equal(before, after));
	json_decref(after);
	world->service.time += 3600 * MINT_DAY;
	world_restart(world);
	assert_int_equal(world_send(world, NULL, "GET", "/certs", NULL, NULL,
		0, &after), 200);
	assert_false(json_equal(before, after));
	assert_string_equal(TEXT(json_array_get(json_object_get(after,
		"keys"), 0), "n"), TEXT(json_array_get(json_object_get(before,
		"keys"), 0), "n"));
	json_decref(before);
	json_decref(after);
}

/* Who can write the database, and has no master key, gets no tokens of his
 * own believed: clients look into x5c. */
static void another_keys_certificate_is_not_published(void **state)
{
	struct maa_world *world = *state;
	struct signer thief = signer_new("RSA", NULL, WORLD_URL);
	uint8_t *der = NULL;
	json_t *answer, *jwk;
	EVP_PKEY *shown, *members;
	time_t now = MINT_NOW;
	struct why why;
	int size;

	X509_time_adj_ex(X509_getm_notAfter(thief.cert), 3650, 0, &now);
	assert_true(X509_sign(thief.cert, thief.key, EVP_sha256()) > 0);
	size = i2d_X509(thief.cert, &der);
	assert_true(size > 0);
	assert_int_equal(db_run(world->service.db, "UPDATE maa_signer SET "
		"cert = ?", "b", (const void *)der, (size_t)size), 1);
	world_restart(world);
	assert_int_equal(world_send(world, NULL, "GET", "/certs", NULL, NULL,
		0, &answer), 200);
	jwk = json_array_get(json_object_get(answer, "keys"), 0);
	shown = jwk_public_key(jwk, &why);
	assert_non_null(shown);
	assert_int_equal(EVP_PKEY_eq(shown, thief.key), 0);
	members = jwk_to_key(jwk, false, &why);
	assert_int_equal(EVP_PKEY_eq(shown, members), 1);
	json_decref(attested(world, "SgxEnclave"));
	EVP_PKEY_free(shown);
	EVP_PKEY_free(members);
	json_decref(answer);
	OPENSSL_free(der);
	signer_free(&thief);
}

static void metadata_lead_to_the_keys(void **state)
{
	struct maa_world *world = *state;
	json_t *answer;

	assert_int_equal(world_send(world, NULL, "GET",
		"/.well-known/openid-configuration", NULL, NULL, 0, &answer),
		200);
	assert_string_equal(TEXT(answer, "issuer"), WORLD_URL);
	assert_string_equal(TEXT(answer, "jwks_uri"), WORLD_URL "/certs");
	assert_string_equal(json_string_value(json_array_get(json_object_get(
		answer, "id_token_signing_alg_values_supported"), 0)),
		"RS256");
	assert_true(json_array_size(json_object_get(answer,
		"claims_supported")) > 20);
	json_decref(answer);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)
	const struct CMUnitTest tests[] = {
		T(a_policy_is_set_shown_and_reset),
		T(a_deny_takes_effect),
		T(bad_policies_change_nothing),
		T(only_administrators_see_and_change_policies),
		T(signed_policies_need_no_signers),
		T(with_signers_policies_need_their_signature),
		T(signers_are_added_and_removed_by_signers),
		T(first_signers_are_all_or_none),
		T(the_key_lasts_and_its_certificate_is_renewed),
		T(another_keys_certificate_is_not_published),
		T(metadata_lead_to_the_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
