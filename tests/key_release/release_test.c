/* SPDX-License-Identifier: MIT */
/* An enclave attests, is given a key, and others are not. */
#include <openenclave/host.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "asks_u.h"
#include "host/services/client.h"
#include "support/world.h"
#include <coffer/key_release_host.h>
#include <jansson.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GOOD, OLD, DEBUG, STRANGER, OPENSSL, IMAGES };
static const char *image[IMAGES], *signing_key;

static pid_t service;
static char url[256];
static struct client owner;
static uint8_t service_pin[32], attest_pin[32], secret[32];

/* --- the service -------------------------------------------------------- */

static void start_service(void)
{
	char program[PATH_MAX];
	int out[2];
	FILE *file;

	snprintf(program, sizeof(program), "%s/coffer-serve",
		getenv("COFFER_BINDIR"));
	assert_int_equal(pipe(out), 0);
	service = fork();
	assert_true(service >= 0);
	if (!service) {
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execl(program, program, "--port", "0", "--quiet", NULL);
		_exit(127);
	}
	close(out[1]);
	file = fdopen(out[0], "r");
	assert_non_null(fgets(url, sizeof(url), file));
	url[strcspn(url, "\n")] = '\0';
	fclose(file);
}

static json_t *ask_service(const char *method, const char *path,
	json_t *body, unsigned wanted)
{
	char *text = body ? json_dumps(body, 0) : NULL, address[512];
	struct client_answer answer;
	struct why why = {""};
	json_t *json;

	snprintf(address, sizeof(address), "%s%s", url, path);
	if (client_ask(&owner, method, address, text, text ? strlen(text) : 0,
			1 << 20, &answer, &why))
		fail_msg("%s", why.text);
	if (answer.status != wanted)
		fail_msg("%s %s: %u, %s", method, path, answer.status,
			answer.body);
	json = json_loads(answer.body, 0, NULL);
	free(answer.body);
	free(text);
	json_decref(body);
	return json;
}

static void pin_of(X509 *cert, uint8_t pin[32])
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	assert_true(n > 0);
	SHA256(der, (size_t)n, pin);
	OPENSSL_free(der);
	X509_free(cert);
}

/* The services' CA, by file as an owner would; the issuer's certificate. */
static void find_pins(void)
{
	json_t *jwks = ask_service("GET", "/certs", NULL, 200);
	const char *x5c = json_string_value(json_array_get(json_object_get(
		json_array_get(json_object_get(jwks, "keys"), 0), "x5c"),
		0));
	unsigned char der[4096];
	const unsigned char *at = der;
	FILE *file = fopen(owner.ca, "r");
	int n;

	assert_non_null(file);
	pin_of(PEM_read_X509(file, NULL, NULL, NULL), service_pin);
	fclose(file);
	assert_non_null(x5c);
	assert_true(strlen(x5c) < sizeof(der));
	n = EVP_DecodeBlock(der, (const unsigned char *)x5c,
		(int)strlen(x5c));
	assert_true(n > 0);
	pin_of(d2i_X509(NULL, &at, n), attest_pin);
	json_decref(jwks);
}

static void hex_of(const uint8_t *bytes, size_t size, char *text)
{
	for (size_t i = 0; i < size; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
}

/* MRSIGNER of the key that signed the images. */
static void signer_of(const char *path, char text[65])
{
	FILE *file = fopen(path, "r");
	EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL)
			     : NULL;
	uint8_t modulus[384], digest[32];
	BIGNUM *n = NULL;

	assert_non_null(key);
	fclose(file);
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N,
		&n), 1);
	assert_int_equal(BN_bn2lebinpad(n, modulus, sizeof(modulus)), 384);
	SHA256(modulus, sizeof(modulus), digest);
	hex_of(digest, sizeof(digest), text);
	BN_free(n);
	EVP_PKEY_free(key);
}

static char *base64url(const void *bytes, size_t size)
{
	char *text = malloc(size * 2 + 8);

	EVP_EncodeBlock((unsigned char *)text, bytes, (int)size);
	for (char *c = text; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	text[strcspn(text, "=")] = '\0';
	return text;
}

static void put_key(const char *name)
{
	char signer[65], path[128], *policy, *data, *k;
	json_t *object;

	signer_of(signing_key, signer);
	object = json_pack("{s:s, s:[{s:s, s:[{s:s, s:b}, {s:s, s:s}, "
		"{s:s, s:i}, {s:s, s:i}]}]}", "version", "1.0.0", "anyOf",
		"authority", url, "allOf",
		"claim", "x-ms-sgx-is-debuggable", "equals", 0,
		"claim", "x-ms-sgx-mrsigner", "equals", signer,
		"claim", "x-ms-sgx-product-id", "equals", 7,
		"claim", "x-ms-sgx-svn", "greaterOrEquals", 3);
	policy = json_dumps(object, 0);
	json_decref(object);
	data = base64url(policy, strlen(policy));
	k = base64url(secret, sizeof(secret));
	snprintf(path, sizeof(path), "/keys/%s?api-version=7.4", name);
	json_decref(ask_service("PUT", path, json_pack(
		"{s:{s:s, s:s}, s:{s:b}, s:{s:s}}", "key", "kty", "oct-HSM",
		"k", k, "attributes", "exportable", 1, "release_policy",
		"data", data), 200));
	free(policy);
	free(data);
	free(k);
}

static int begin(void **state)
{
	struct why why = {""};

	start_service();
	if (client_open(&owner, NULL, NULL, "admin.token", &why))
		fail_msg("%s", why.text);
	RAND_bytes(secret, sizeof(secret));
	find_pins();
	put_key("data-key");
	return 0;
}

static int end(void **state)
{
	client_close(&owner);
	kill(service, SIGTERM);
	waitpid(service, NULL, 0);
	return 0;
}

/* --- enclaves ----------------------------------------------------------- */

static char reason[256];
static uint8_t digest[32];
static size_t key_size;

static oe_result_t ask(int which, const char *name)
{
	uint32_t flags = which == DEBUG ? OE_ENCLAVE_FLAG_DEBUG : 0;
	oe_enclave_t *enclave = NULL;
	oe_result_t created = oe_create_asks_enclave(image[which],
		OE_ENCLAVE_TYPE_SGX, flags, NULL, 0, &enclave);
	oe_result_t answer = OE_UNEXPECTED, called;

	if (created)
		fail_msg("%s: %s", image[which], oe_result_str(created));
	memset(digest, 0, sizeof(digest));
	called = ask_key(enclave, &answer, url, url, name, "", service_pin,
		attest_pin, digest, &key_size, reason);
	oe_terminate_enclave(enclave);
	if (called)
		fail_msg("ask_key: %s", oe_result_str(called));
	if (answer)
		printf("  %s: %s\n", oe_result_str(answer), reason);
	return answer;
}

#define says(text) \
	do { \
		if (!strstr(reason, (text))) \
			fail_msg("the reason is \"%s\", without \"%s\"", \
				reason, (text)); \
	} while (0)

static void gets_it(int which)
{
	uint8_t wanted[32];
	oe_result_t result = ask(which, "data-key");

	if (result) {
		fail_msg("%s: %s", oe_result_str(result), reason);
	}
	assert_int_equal(key_size, sizeof(secret));
	SHA256(secret, sizeof(secret), wanted);
	assert_memory_equal(digest, wanted, sizeof(wanted));
}

static void the_right_enclave_gets_it(void **state)
{
	gets_it(GOOD);
}

static void whatever_library_it_links(void **state)
{
	gets_it(OPENSSL);
}

static void others_do_not(void **state)
{
	assert_int_equal(ask(DEBUG, "data-key"), OE_CONSTRAINT_FAILED);
	says("x-ms-sgx-is-debuggable is true");
	assert_int_equal(ask(OLD, "data-key"), OE_CONSTRAINT_FAILED);
	says("x-ms-sgx-svn is 2");
	assert_int_equal(ask(STRANGER, "data-key"), OE_CONSTRAINT_FAILED);
	says("x-ms-sgx-mrsigner");
	assert_int_equal(ask(GOOD, "no-such-key"), OE_CONSTRAINT_FAILED);
	says("404");
}

static void pins_are_held(void **state)
{
	service_pin[0] ^= 1;
	assert_int_equal(ask(GOOD, "data-key"), OE_VERIFY_FAILED);
	says("the released key is signed by somebody else");
	service_pin[0] ^= 1;
	attest_pin[0] ^= 1;
	assert_int_equal(ask(GOOD, "data-key"), OE_VERIFY_FAILED);
	says("the attestation token is signed by somebody else");
	attest_pin[0] ^= 1;
}

static void no_service_no_key(void **state)
{
	char kept[sizeof(url)];

	strcpy(kept, url);
	strcpy(url, "https://localhost:1");
	assert_int_equal(ask(GOOD, "data-key"), OE_SERVICE_UNAVAILABLE);
	strcpy(url, kept);
	/* A host without a token that the key service knows. */
	assert_int_equal(coffer_http_setup(NULL, image[GOOD]), 0);
	assert_int_equal(ask(GOOD, "data-key"), OE_SERVICE_UNAVAILABLE);
	assert_int_equal(coffer_http_setup(NULL, NULL), 0);
}

/* Who asked, and what came of it, is in the books. */
/* What the host can write while the enclave reads it is not taken, nor does a
 * key's address go there. */
static void nothing_of_the_host_s(void **state)
{
	static char outside[64] = "https://localhost:1";
	oe_result_t answer, called;
	oe_enclave_t *enclave = NULL;

	assert_int_equal(oe_create_asks_enclave(image[GOOD],
		OE_ENCLAVE_TYPE_SGX, 0, NULL, 0, &enclave), OE_OK);
	for (uint32_t which = 0; which < 6; which++) {
		if (which == 2)
			strcpy(outside, "data-key");
		answer = OE_UNEXPECTED;
		called = ask_outside(enclave, &answer, outside, which);
		if (called || answer != OE_INVALID_PARAMETER)
			fail_msg("%u: %s, %s", which, oe_result_str(called),
				oe_result_str(answer));
	}
	oe_terminate_enclave(enclave);
}

static void audit_tells(void **state)
{
	json_t *log = ask_service("GET",
		"/coffer/keys/audit?api-version=7.4&name=data-key", NULL,
		200), *row;
	unsigned done = 0, refused = 0;
	char *text = json_dumps(log, JSON_COMPACT), *k;
	size_t i;

	json_array_foreach(json_object_get(log, "value"), i, row) {
		const char *verdict = json_string_value(json_object_get(row,
			"verdict"));

		if (strcmp(json_string_value(json_object_get(row,
				"operation")), "release"))
			continue;
		assert_string_equal(json_string_value(json_object_get(row,
			"caller")), "release");
		done += !strcmp(verdict, "done");
		refused += !strcmp(verdict, "refused");
	}
	assert_true(done >= 1);
	assert_true(refused >= 3);
	k = base64url(secret, sizeof(secret));
	assert_null(strstr(text, k));
	free(k);
	free(text);
	json_decref(log);
}

static int run(struct world *world)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_enclave_gets_it),
		cmocka_unit_test(whatever_library_it_links),
		cmocka_unit_test(others_do_not),
		cmocka_unit_test(pins_are_held),
		cmocka_unit_test(no_service_no_key),
		cmocka_unit_test(nothing_of_the_host_s),
		cmocka_unit_test(audit_tells),
	};

	return cmocka_run_group_tests(tests, begin, end);
}

/* In a child: a process that has asked for quotes keeps its machine awake. */
int main(int argc, char **argv)
{
	if (argc != IMAGES + 2)
		return 2;
	for (int i = 0; i < IMAGES; i++)
		image[i] = argv[1 + i];
	signing_key = argv[1 + IMAGES];
	return world_run(NULL, run);
}
