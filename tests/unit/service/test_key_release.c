/* SPDX-License-Identifier: MIT */
/*
 * The exchange behind coffer_key_release(), against the key service itself,
 * through a host that lies.
 */
#include "akv_world.h"

#include "enclave/key_release/exchange.h"
#include "enclave/key_release/unwrap.h"
#include "service/akv_wrap.h"
#include "service/jws.h"
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A host between the enclave and the world. */
struct host {
	struct world *world;
	/* Changes the text of an answer (malloc; may be replaced). */
	void (*change)(struct host *host, const char *url, char **text);
	unsigned requests;
	char *kept[4]; /* for replays */
	bool dead, no_quote;
};

static char reason[256];

static oe_result_t carry(void *context, const char *url, const void *body,
	size_t body_size, uint32_t *status, uint8_t *answer, size_t capacity,
	size_t *answer_size)
{
	struct host *host = context;
	json_t *json = NULL;
	char *text;

	host->requests++;
	if (host->dead) {
		*status = 0;
		*answer_size = (size_t)snprintf((char *)answer, capacity,
			"nobody there");
		return OE_OK;
	}
	assert_int_equal(strncmp(url, WORLD_URL, strlen(WORLD_URL)), 0);
	*status = world_admin(host->world, body ? "POST" : "GET",
		url + strlen(WORLD_URL), body ? json_loadb(body, body_size, 0,
		NULL) : NULL, &json);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (host->change)
		host->change(host, url, &text);
	*answer_size = strlen(text);
	assert_true(*answer_size <= capacity);
	memcpy(answer, text, *answer_size);
	free(text);
	return OE_OK;
}

static oe_result_t no_real_quote(void *context, const uint8_t data[64],
	uint8_t **quote, size_t *size)
{
	struct host *host = context;

	if (host->no_quote)
		return OE_UNEXPECTED;
	*quote = malloc(64);
	memcpy(*quote, data, 64);
	*size = 64;
	return OE_OK;
}

static int random_bytes(void *context, unsigned char *bytes, size_t size)
{
	return RAND_bytes(bytes, (int)size) == 1 ? 0 : -1;
}

static void pin_of(X509 *cert, uint8_t pin[COFFER_PIN_SIZE])
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	assert_true(n > 0);
	SHA256(der, (size_t)n, pin);
	OPENSSL_free(der);
}

/* The pin of the services' CA: tls/ca.pem. */
static void pin_of_ca(struct world *world, uint8_t pin[COFFER_PIN_SIZE])
{
	char path[128];
	FILE *file;
	X509 *cert;

	snprintf(path, sizeof(path), "%s/tls/ca.pem", world->folder);
	file = fopen(path, "r");
	assert_non_null(file);
	cert = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(cert);
	pin_of(cert, pin);
	X509_free(cert);
}

static struct coffer_key_request request_of(struct world *world)
{
	struct coffer_key_request request = {
		.attest_url = WORLD_URL, .vault_url = WORLD_URL "/",
		.name = "data-key", .reason = reason,
		.reason_size = sizeof(reason),
	};

	pin_of_ca(world, request.service_pin);
	pin_of(world->issuer_cert, request.attest_pin);
	return request;
}

static oe_result_t run(struct host *host,
	const struct coffer_key_request *request)
{
	struct exchange_ops ops = {.context = host, .http = carry,
		.quote = no_real_quote, .random = random_bytes};
	uint8_t *key = NULL;
	size_t size = 0;
	oe_result_t result = exchange_run(&ops, request, &key, &size);

	if (result) {
		assert_null(key);
		assert_true(*reason);
		return result;
	}
	assert_string_equal(reason, "");
	assert_int_equal(size, 32);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(key[i], i + 1);
	free(key);
	return OE_OK;
}

#define says(text) \
	do { \
		if (!strstr(reason, (text))) \
			fail_msg("the reason is \"%s\", without \"%s\"", \
				reason, (text)); \
	} while (0)

static void enclave_gets_the_key(void **state)
{
	struct host host = {.world = *state};
	struct coffer_key_request request = request_of(host.world);
	json_t *key;

	world_key(host.world, "data-key");
	assert_int_equal(run(&host, &request), OE_OK);
	assert_int_equal(host.requests, 3);
	/* One version, by name. */
	assert_int_equal(world_admin(host.world, "GET",
		"/keys/data-key?api-version=7.4", NULL, &key), 200);
	request.version = strrchr(json_string_value(json_object_get(
		json_object_get(key, "key"), "kid")), '/') + 1;
	assert_int_equal(run(&host, &request), OE_OK);
	request.version = "00000000000000000000000000000000";
	assert_int_equal(run(&host, &request), OE_CONSTRAINT_FAILED);
	json_decref(key);
}

static void refused_by_policy(void **state)
{
	struct host host = {.world = *state};
	struct world *world = host.world;
	struct coffer_key_request request = request_of(world);
	static const struct {
		const char *claim, *value, *reason;
	} rows[] = {
		{"x-ms-sgx-is-debuggable", "true", "is-debuggable is true"},
		{"x-ms-sgx-svn", "2", "x-ms-sgx-svn is 2"},
		{"x-ms-sgx-svn", "\"3\"", "x-ms-sgx-svn is \"3\""},
		{"x-ms-sgx-product-id", "8", "product-id is 8"},
		{"x-ms-sgx-mrsigner", "\"00\"", "mrsigner is \"00\""},
		{"x-ms-attestation-type", "\"tpm\"", "attestation-type"},
	};

	world_key(world, "data-key");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *good = json_deep_copy(json_object_get(world->claims,
			rows[i].claim));

		json_object_set_new(world->claims, rows[i].claim,
			json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
		assert_int_equal(run(&host, &request), OE_CONSTRAINT_FAILED);
		says(rows[i].reason);
		json_object_set_new(world->claims, rows[i].claim, good);
	}
	assert_int_equal(run(&host, &request), OE_OK);
}

static void refused_tokens(void **state)
{
	struct host host = {.world = *state};
	struct world *world = host.world;
	struct coffer_key_request request = request_of(world);

	world_key(world, "data-key");
	world->lifetime = -1;
	assert_int_equal(run(&host, &request), OE_CONSTRAINT_FAILED);
	says("ended");
	world->lifetime = 3600;
	world->issuer = "https://elsewhere.example";
	assert_int_equal(run(&host, &request), OE_CONSTRAINT_FAILED);
	says("not trusted here");
	world->issuer = NULL;
	world->keep_nonce = false;
	assert_int_equal(run(&host, &request), OE_VERIFY_FAILED);
	says("another nonce");
}

/* Member of an answer replaced by an earlier one's. */
static void replay_member(struct host *host, char **kept, const char *member,
	char **text)
{
	json_t *answer = json_loads(*text, 0, NULL);
	const char *value = json_string_value(json_object_get(answer,
		member));

	if (value && !*kept) {
		*kept = strdup(value);
	} else if (value) {
		json_object_set_new(answer, member, json_string(*kept));
		free(*text);
		*text = json_dumps(answer, JSON_COMPACT);
	}
	json_decref(answer);
}

static void replay_token(struct host *host, const char *url, char **text)
{
	replay_member(host, &host->kept[0], "token", text);
}

static void replay_answer(struct host *host, const char *url, char **text)
{
	replay_member(host, &host->kept[1], "value", text);
}

static void refuses_replays(void **state)
{
	struct host host = {.world = *state, .change = replay_token};
	struct coffer_key_request request = request_of(host.world);

	world_key(host.world, "data-key");
	assert_int_equal(run(&host, &request), OE_OK);
	assert_int_equal(run(&host, &request), OE_VERIFY_FAILED);
	says("token is not the answer to this request");
	host.change = replay_answer;
	assert_int_equal(run(&host, &request), OE_OK);
	assert_int_equal(run(&host, &request), OE_VERIFY_FAILED);
	says("another nonce");
	free(host.kept[0]);
	free(host.kept[1]);
}

/* Where of the answer's JWS the next bit is flipped; which member. */
static size_t flip_at;
static const char *flip_member;

static void flip(struct host *host, const char *url, char **text)
{
	json_t *answer = json_loads(*text, 0, NULL);
	const char *value = json_string_value(json_object_get(answer,
		flip_member));

	if (value) {
		char *copy = strdup(value);
		size_t at = flip_at % strlen(copy);

		copy[at] = copy[at] == 'A' ? 'B' : 'A';
		json_object_set_new(answer, flip_member, json_string(copy));
		free(copy);
		free(*text);
		*text = json_dumps(answer, JSON_COMPACT);
	}
	json_decref(answer);
}

static void refuses_altered_answers(void **state)
{
	struct host host = {.world = *state, .change = flip};
	struct coffer_key_request request = request_of(host.world);

	world_key(host.world, "data-key");
	for (int i = 0; i < 6; i++) {
		oe_result_t result;

		flip_member = i % 2 ? "token" : "value";
		flip_at = (size_t)i * 397 + 3;
		result = run(&host, &request);
		assert_true(result == OE_VERIFY_FAILED ||
			result == OE_CONSTRAINT_FAILED);
	}
}

/* A host with a service of its own: all is well signed, by somebody else. */
static void refuses_other_services(void **state)
{
	struct host host = {.world = *state};
	struct coffer_key_request request = request_of(host.world);

	world_key(host.world, "data-key");
	request.service_pin[31] ^= 1;
	assert_int_equal(run(&host, &request), OE_VERIFY_FAILED);
	says("the released key is signed by somebody else");
	request.service_pin[31] ^= 1;
	request.attest_pin[0] ^= 1;
	assert_int_equal(run(&host, &request), OE_VERIFY_FAILED);
	says("the attestation token is signed by somebody else");
	memset(request.attest_pin, 0, sizeof(request.attest_pin));
	assert_int_equal(run(&host, &request), OE_VERIFY_FAILED);
	memset(request.service_pin, 0, sizeof(request.service_pin));
	assert_int_equal(run(&host, &request), OE_INVALID_PARAMETER);
}

/* The right service, another key of it: the host turns the request. */
static void other_key(struct host *host, const char *url, char **text)
{
	json_t *answer = NULL;

	if (!strstr(url, "/release"))
		return;
	/* What the enclave wanted went by; the answer is that of another. */
	assert_int_equal(world_admin(host->world, "POST",
		"/keys/other-key/release?api-version=7.4",
		json_pack("{s:s, s:s, s:s}", "target", host->kept[2],
			"nonce", host->kept[3], "enc",
			"RSA_AES_KEY_WRAP_256"), &answer), 200);
	free(*text);
	*text = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
}

static oe_result_t carry_and_note(void *context, const char *url,
	const void *body, size_t body_size, uint32_t *status, uint8_t *answer,
	size_t capacity, size_t *answer_size)
{
	struct host *host = context;

	if (strstr(url, "/release")) {
		json_t *sent = json_loadb(body, body_size, 0, NULL);

		host->kept[2] = strdup(json_string_value(json_object_get(
			sent, "target")));
		host->kept[3] = strdup(json_string_value(json_object_get(
			sent, "nonce")));
		json_decref(sent);
	}
	return carry(context, url, body, body_size, status, answer, capacity,
		answer_size);
}

static void refuses_another_key(void **state)
{
	struct host host = {.world = *state, .change = other_key};
	struct coffer_key_request request = request_of(host.world);
	struct exchange_ops ops = {.context = &host, .http = carry_and_note,
		.quote = no_real_quote, .random = random_bytes};
	uint8_t *key = NULL;
	size_t size;

	world_key(host.world, "data-key");
	world_key(host.world, "other-key");
	assert_int_equal(exchange_run(&ops, &request, &key, &size),
		OE_VERIFY_FAILED);
	says("not the one asked for");
	assert_null(key);
	free(host.kept[2]);
	free(host.kept[3]);
}

static void host_that_does_nothing(void **state)
{
	struct host host = {.world = *state, .dead = true};
	struct coffer_key_request request = request_of(host.world);

	assert_int_equal(run(&host, &request), OE_SERVICE_UNAVAILABLE);
	says("nobody there");
	host.dead = false;
	host.no_quote = true;
	assert_int_equal(run(&host, &request), OE_QUOTE_PROVIDER_CALL_ERROR);
	host.no_quote = false;
	request.name = "not/a/name";
	assert_int_equal(run(&host, &request), OE_INVALID_PARAMETER);
	request.name = "data-key";
	assert_int_equal(run(&host, &request), OE_CONSTRAINT_FAILED);
	says("404");
	request.vault_url = "ftp://x";
	assert_int_equal(run(&host, &request), OE_INVALID_PARAMETER);
}

/* RFC 5649, section 6, both examples; and OpenSSL against our own. */
static void unwraps_what_others_wrap(void **state)
{
	static const uint8_t kek[24] = {
		0x58, 0x40, 0xdf, 0x6e, 0x29, 0xb0, 0x2a, 0xf1, 0xab, 0x49,
		0x3b, 0x70, 0x5b, 0xf1, 0x6e, 0xa1, 0xae, 0x83, 0x38, 0xf4,
		0xdc, 0xc1, 0x76, 0xa8,
	};
	static const uint8_t plain20[20] = {
		0xc3, 0x7b, 0x7e, 0x64, 0x92, 0x58, 0x43, 0x40, 0xbe, 0xd1,
		0x22, 0x07, 0x80, 0x89, 0x41, 0x15, 0x50, 0x68, 0xf7, 0x38,
	};
	static const uint8_t wrapped20[32] = {
		0x13, 0x8b, 0xde, 0xaa, 0x9b, 0x8f, 0xa7, 0xfc, 0x61, 0xf9,
		0x77, 0x42, 0xe7, 0x22, 0x48, 0xee, 0x5a, 0xe6, 0xae, 0x53,
		0x60, 0xd1, 0xae, 0x6a, 0x5f, 0x54, 0xf3, 0x73, 0xfa, 0x54,
		0x3b, 0x6a,
	};
	static const uint8_t plain7[7] = {
		0x46, 0x6f, 0x72, 0x50, 0x61, 0x73, 0x69,
	};
	static const uint8_t wrapped7[16] = {
		0xaf, 0xbe, 0xb0, 0xf0, 0x7d, 0xfb, 0xf5, 0x41, 0x92, 0x00,
		0xf2, 0xcc, 0xb5, 0x0b, 0xb2, 0x4f,
	};
	uint8_t material[100], *wrapped, *plain;
	size_t wrapped_size, size;

	assert_int_equal(unwrap_aes(kek, sizeof(kek), wrapped20,
		sizeof(wrapped20), &plain, &size), 0);
	assert_int_equal(size, sizeof(plain20));
	assert_memory_equal(plain, plain20, size);
	free(plain);
	assert_int_equal(unwrap_aes(kek, sizeof(kek), wrapped7,
		sizeof(wrapped7), &plain, &size), 0);
	assert_int_equal(size, sizeof(plain7));
	assert_memory_equal(plain, plain7, size);
	free(plain);
	RAND_bytes(material, sizeof(material));
	for (size_t n = 1; n <= sizeof(material); n++) {
		assert_int_equal(akv_aes_wrap(kek, sizeof(kek), true,
			material, n, &wrapped, &wrapped_size), 0);
		assert_int_equal(unwrap_aes(kek, sizeof(kek), wrapped,
			wrapped_size, &plain, &size), 0);
		assert_int_equal(size, n);
		assert_memory_equal(plain, material, n);
		free(plain);
		for (size_t i = 0; i < 8 * wrapped_size; i += 5) {
			wrapped[i / 8] ^= (uint8_t)(1u << i % 8);
			assert_int_not_equal(unwrap_aes(kek, sizeof(kek),
				wrapped, wrapped_size, &plain, &size), 0);
			wrapped[i / 8] ^= (uint8_t)(1u << i % 8);
		}
		assert_int_not_equal(unwrap_aes(kek, sizeof(kek), wrapped,
			wrapped_size - 8, &plain, &size), 0);
		OPENSSL_free(wrapped);
	}
}

int main(void)
{
#define IN_WORLD(test) \
	cmocka_unit_test_setup_teardown(test, world_begin, world_end)
	const struct CMUnitTest tests[] = {
		IN_WORLD(enclave_gets_the_key),
		IN_WORLD(refused_by_policy),
		IN_WORLD(refused_tokens),
		IN_WORLD(refuses_replays),
		IN_WORLD(refuses_altered_answers),
		IN_WORLD(refuses_other_services),
		IN_WORLD(refuses_another_key),
		IN_WORLD(host_that_does_nothing),
		cmocka_unit_test(unwraps_what_others_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
