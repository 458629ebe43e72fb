/* SPDX-License-Identifier: MIT */
/* Attesting: tokens' shape, bound data, wrappings, drafts, and refusals. */
#include "maa_world.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define SGX "/attest/SgxEnclave?api-version=2022-08-01"
#define OE "/attest/OpenEnclave?api-version=2022-08-01"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static json_t *attested(struct maa_world *world, const char *target,
	json_t *body)
{
	json_t *answer;
	unsigned status = world_attest(world, target, body, &answer);

	if (status != 200)
		fail_msg("%u: %s", status, json_dumps(answer, 0));
	return world_claims(world, answer, true, NULL);
}

static void refused(struct maa_world *world, const char *target,
	json_t *body, const char *code, const char *says)
{
	json_t *answer;

	assert_int_equal(world_attest(world, target, body, &answer), 400);
	world_expect_error(answer, code, says);
}

/* The hash of a text does not count a NUL at its end; a quote's is over all
 * of it. */
static void expect_hash(const json_t *collateral, const char *name,
	const uint8_t *data, size_t size)
{
	uint8_t digest[32];
	char text[65];

	if (strcmp(name, "quotehash") && size && !data[size - 1])
		size--;
	SHA256(data, size, digest);
	for (size_t i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(json_string_value(json_object_get(collateral,
		name)), text);
}

static void hex_is(const json_t *claims, const char *name,
	const uint8_t *bytes, size_t size)
{
	const char *text = json_string_value(json_object_get(claims, name));
	char digits[3];

	assert_non_null(text);
	assert_int_equal(strlen(text), 2 * size);
	for (size_t i = 0; i < size; i++) {
		snprintf(digits, sizeof(digits), "%02x", bytes[i]);
		assert_memory_equal(text + 2 * i, digits, 2);
	}
}

/* Every claim, its type and its value, and none besides. */
static void a_token_has_the_shape_of_azure_s(void **state)
{
	static const char shape[] = "aas-ehd:s exp:i iat:i is-debuggable:b "
		"iss:s jti:s maa-attestationcollateral:o maa-ehd:s "
		"maa-policyHash:s nbf:i nonce:s policy_hash:s product-id:i "
		"rp_data:s sgx-mrenclave:s sgx-mrsigner:s svn:i tee:s ver:s "
		"x-coffer-advisories:a x-coffer-root:s x-coffer-tcb-status:s "
		"x-ms-attestation-type:s x-ms-policy-hash:s "
		"x-ms-sgx-collateral:o x-ms-sgx-config-id:s "
		"x-ms-sgx-config-svn:i x-ms-sgx-ehd:s "
		"x-ms-sgx-is-debuggable:b x-ms-sgx-isv-extended-product-id:s "
		"x-ms-sgx-isv-family-id:s x-ms-sgx-mrenclave:s "
		"x-ms-sgx-mrsigner:s x-ms-sgx-product-id:i "
		"x-ms-sgx-report-data:s x-ms-sgx-svn:i x-ms-ver:s ";
	struct maa_world *world = *state;
	struct sgx_report_body *body = &world->mint.body;
	const struct attest_collateral *c;
	json_t *request, *answer, *claims, *header, *sorted, *value;
	char found[2048] = "", *text;
	const char *name;
	size_t used = 0;

	body->attributes.flags |= SGX_ATTR_KSS;
	body->isv_prod_id = 4639;
	body->isv_svn = 513;
	body->config_svn = 3451;
	memset(body->config_id, 0xc5, 64);
	memset(body->isv_family_id, 0x1f, 16);
	memset(body->isv_ext_prod_id, 0x2e, 16);
	world_bind(world, "held data");
	c = &world->mint.collateral;
	request = world_quote(world);
	world_data(request, "runtimeData", "Binary", "held data");
	json_object_set_new(request, "nonce", json_string("n-1"));
	assert_int_equal(world_attest(world, SGX, request, &answer), 200);
	claims = world_claims(world, answer, true, &header);

	text = json_dumps(claims, JSON_SORT_KEYS);
	sorted = json_loads(text, 0, NULL);
	free(text);
	json_object_foreach(sorted, name, value)
		used += (size_t)snprintf(found + used, sizeof(found) - used,
			"%s:%s ", name, json_is_string(value) ? "s" :
			json_is_integer(value) ? "i" : json_is_boolean(value) ?
			"b" : json_is_object(value) ? "o" : "a");
	json_decref(sorted);
	assert_string_equal(found, shape);

	assert_string_equal(json_string_value(json_object_get(header, "alg")),
		"RS256");
	assert_string_equal(json_string_value(json_object_get(header, "typ")),
		"JWT");
	assert_string_equal(json_string_value(json_object_get(header, "jku")),
		WORLD_URL "/certs");
	assert_int_equal(json_object_size(header), 4);
	json_decref(header);

#define TEXT(name) json_string_value(json_object_get(claims, name))
#define NUMBER(name) json_integer_value(json_object_get(claims, name))
	assert_string_equal(TEXT("iss"), WORLD_URL);
	assert_int_equal(NUMBER("iat"), MINT_NOW);
	assert_int_equal(NUMBER("nbf"), MINT_NOW);
	assert_int_equal(NUMBER("exp"), MINT_NOW + 28800);
	assert_int_equal(strlen(TEXT("jti")), 64);
	assert_string_equal(TEXT("nonce"), "n-1");
	assert_string_equal(TEXT("x-ms-ver"), "1.0");
	assert_string_equal(TEXT("x-ms-attestation-type"), "sgx");
	assert_string_equal(TEXT("tee"), "sgx");
	assert_int_equal(NUMBER("x-ms-sgx-product-id"), 4639);
	assert_int_equal(NUMBER("product-id"), 4639);
	assert_int_equal(NUMBER("x-ms-sgx-svn"), 513);
	assert_int_equal(NUMBER("x-ms-sgx-config-svn"), 3451);
	assert_string_equal(TEXT("x-ms-sgx-ehd"), "aGVsZCBkYXRh");
	assert_string_equal(TEXT("maa-ehd"), "aGVsZCBkYXRh");
	assert_string_equal(TEXT("x-coffer-root"), "software");
	assert_string_equal(TEXT("x-coffer-tcb-status"), "UpToDate");
	hex_is(claims, "x-ms-sgx-mrenclave", body->mrenclave, 32);
	hex_is(claims, "sgx-mrsigner", body->mrsigner, 32);
	hex_is(claims, "x-ms-sgx-config-id", body->config_id, 64);
	hex_is(claims, "x-ms-sgx-report-data", body->report_data, 64);
	hex_is(claims, "x-ms-sgx-isv-family-id", body->isv_family_id, 16);
	value = json_object_get(claims, "x-ms-sgx-collateral");
	assert_int_equal(json_object_size(value), 7);
	assert_true(json_equal(value, json_object_get(claims,
		"maa-attestationcollateral")));
	expect_hash(value, "quotehash", world->mint.quote,
		world->mint.quote_size);
	expect_hash(value, "tcbinfohash", c->tcb_info.data, c->tcb_info.size);
	expect_hash(value, "tcbinfocertshash", c->tcb_info_chain.data,
		c->tcb_info_chain.size);
	expect_hash(value, "tcbinfocrlhash", c->root_crl.data,
		c->root_crl.size);
	expect_hash(value, "qeidhash", c->qe_identity.data,
		c->qe_identity.size);
	expect_hash(value, "qeidcertshash", c->qe_identity_chain.data,
		c->qe_identity_chain.size);
	expect_hash(value, "qeidcrlhash", c->root_crl.data,
		c->root_crl.size);
	json_decref(claims);
}

static void claims_of_kss_come_with_kss_only(void **state)
{
	struct maa_world *world = *state;
	json_t *claims;

	world->mint.body.attributes.flags &= ~SGX_ATTR_KSS;
	mint_make(&world->mint);
	claims = attested(world, SGX, world_quote(world));
	assert_null(json_object_get(claims, "x-ms-sgx-config-id"));
	assert_null(json_object_get(claims, "x-ms-sgx-isv-family-id"));
	assert_null(json_object_get(claims, "x-ms-sgx-ehd"));
	assert_null(json_object_get(claims, "x-ms-runtime"));
	assert_null(json_object_get(claims, "nonce"));
	json_decref(claims);
}

static void runtime_data_is_bound_to_the_quote(void **state)
{
	static const char data[] = "{\"keys\": [{\"kty\":\"RSA\"}], \"n\": 1}";
	struct maa_world *world = *state;
	json_t *body, *claims, *wanted = json_loads(data, 0, NULL);

	world_bind(world, data);
	body = world_quote(world);
	world_data(body, "runtimeData", "JSON", data);
	json_object_set_new(body, "nonce", json_integer(77));
	claims = attested(world, SGX, body);
	assert_true(json_equal(json_object_get(claims, "x-ms-runtime"),
		wanted));
	assert_int_equal(NUMBER("nonce"), 77);
	assert_null(json_object_get(claims, "x-ms-sgx-ehd"));
	json_decref(claims);
	json_decref(wanted);

	/* The same JSON in other words is other data. */
	body = world_quote(world);
	world_data(body, "runtimeData", "JSON",
		"{\"keys\":[{\"kty\":\"RSA\"}],\"n\":1}");
	refused(world, SGX, body, "InvalidParameter",
		"the SHA-256 of runtimeData is not what the quote's "
		"REPORTDATA begins with");
	body = world_quote(world);
	world_data(body, "runtimeData", "Binary", "");
	refused(world, SGX, body, "InvalidParameter", "REPORTDATA");
}

static void init_time_data_is_bound_to_the_configuration(void **state)
{
	struct maa_world *world = *state;
	struct sgx_report_body *enclave = &world->mint.body;
	json_t *body, *claims;

	enclave->attributes.flags |= SGX_ATTR_KSS;
	SHA256((const uint8_t *)"{\"a\":1}", 7, enclave->config_id);
	mint_make(&world->mint);
	body = world_quote(world);
	world_data(body, "initTimeData", "JSON", "{\"a\":1}");
	claims = attested(world, SGX, body);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(
		claims, "x-ms-inittime"), "a")), 1);
	json_decref(claims);

	body = world_quote(world);
	world_data(body, "initTimeData", "JSON", "{\"a\":2}");
	refused(world, SGX, body, "InvalidParameter", "CONFIGID");
	enclave->attributes.flags &= ~SGX_ATTR_KSS;
	mint_make(&world->mint);
	body = world_quote(world);
	world_data(body, "initTimeData", "JSON", "{\"a\":1}");
	refused(world, SGX, body, "InvalidParameter", "KSS");
}

/* header, quote, tail as the named member. */
static json_t *wrapped(struct maa_world *world, const char *member,
	const void *header, size_t size, const char *tail)
{
	size_t all = size + world->mint.quote_size + strlen(tail);
	uint8_t *bytes = malloc(all);
	json_t *body;

	memcpy(bytes, header, size);
	memcpy(bytes + size, world->mint.quote, world->mint.quote_size);
	memcpy(bytes + size + world->mint.quote_size, tail, strlen(tail));
	body = world_bytes(member, bytes, all);
	free(bytes);
	return body;
}

static void report_header(struct maa_world *world, uint8_t header[16])
{
	const uint64_t size = world->mint.quote_size;
	const uint32_t words[2] = { 1, 2 };

	memcpy(header, words, 8);
	memcpy(header + 8, &size, 8);
}

static void evidence_header(uint8_t header[32], const uint8_t format[16],
	uint64_t size)
{
	memset(header, 0, 32);
	header[0] = 3;
	memcpy(header + 4, format, 16);
	memcpy(header + 24, &size, 8);
}

static void open_enclave_wraps_quotes(void **state)
{
	static const uint8_t ecdsa[16] = { 0xa3, 0xa2, 0x1e, 0x87, 0x1b, 0x4d,
		0x40, 0x14, 0xb7, 0x0a, 0xa1, 0x25, 0xd2, 0xfb, 0xcd, 0x8c };
	static const uint8_t report[16] = { 0xc8, 0x30, 0x34, 0x54, 0xd9, 0x23,
		0x4c, 0x2c, 0xa6, 0x91, 0xdf, 0x7d, 0xef, 0x46, 0x0a, 0x76 };
	static const uint8_t raw[16] = { 0x19, 0x23, 0xd9, 0x1e, 0x12, 0xd2,
		0x4c, 0x72, 0xb2, 0x20, 0x25, 0xcd, 0x8c, 0xae, 0xe8, 0x71 };
	static const uint8_t local[16] = { 9, 0x26 };
	struct maa_world *world = *state;
	uint8_t header[48];
	json_t *body, *claims;
	size_t size;

	world_bind(world, "claims");
	size = world->mint.quote_size;
	report_header(world, header);
	body = wrapped(world, "report", header, 16, "");
	world_data(body, "runtimeData", "Binary", "claims");
	claims = attested(world, OE, body);
	expect_hash(json_object_get(claims, "x-ms-sgx-collateral"),
		"quotehash", world->mint.quote, size);
	json_decref(claims);
	body = wrapped(world, "quote", header, 16, "");
	json_decref(attested(world, SGX, body));

	/* Custom claims follow the quote; its hash is without them. */
	evidence_header(header, ecdsa, size + 6);
	body = wrapped(world, "report", header, 32, "claims");
	world_data(body, "runtimeData", "Binary", "claims");
	claims = attested(world, OE, body);
	expect_hash(json_object_get(claims, "x-ms-sgx-collateral"),
		"quotehash", world->mint.quote, size);
	json_decref(claims);
	evidence_header(header, raw, size);
	json_decref(attested(world, OE, wrapped(world, "report", header, 32,
		"")));
	evidence_header(header, report, size + 16);
	report_header(world, header + 32);
	json_decref(attested(world, OE, wrapped(world, "report", header, 48,
		"")));

	refused(world, OE, wrapped(world, "report", header, 0, ""),
		"InvalidParameter", "goes to SgxEnclave");
	refused(world, OE, wrapped(world, "report", header, 48, "x"),
		"InvalidParameter", "another size");
	header[40] ^= 1;
	refused(world, OE, wrapped(world, "report", header, 48, ""),
		"InvalidParameter", "no report");
	evidence_header(header, local, size);
	refused(world, OE, wrapped(world, "report", header, 32, ""),
		"InvalidParameter", "of a format");
	evidence_header(header, raw, size);
	refused(world, SGX, wrapped(world, "quote", header, 32, ""),
		"InvalidParameter", "");
	report_header(world, header);
	header[4] = 1;
	refused(world, OE, wrapped(world, "report", header, 16, ""),
		"InvalidParameter", "no report");
}

static void old_clients_say_it_in_other_words(void **state)
{
	static const char target[] =
		"/attest/SgxEnclave?api-version=2018-09-01-preview";
	struct maa_world *world = *state;
	json_t *body, *claims, *held;

	world_bind(world, "held");
	body = world_bytes("Quote", world->mint.quote,
		world->mint.quote_size);
	held = world_bytes("EnclaveHeldData", "held", 4);
	json_object_update(body, held);
	json_decref(held);
	claims = attested(world, target, body);
	assert_string_equal(TEXT("aas-ehd"), "aGVsZA");
	json_decref(claims);
	json_decref(attested(world,
		"/attest/sgxenclave?API-Version=2020-10-01",
		world_quote(world)));
	json_decref(attested(world,
		"/attest/SgxEnclave?api-version=2025-06-01",
		world_quote(world)));
	refused(world, target, world_quote(world), "InvalidParameter",
		"the body has no \"Quote\"");
	refused(world, "/attest/SgxEnclave?api-version=2019-01-01",
		world_quote(world), "InvalidParameter", "api-version");
	refused(world, "/attest/SgxEnclave", world_quote(world),
		"InvalidParameter", "api-version");
	refused(world, "/attest/SevSnpVm?api-version=2022-08-01",
		world_quote(world), "InvalidParameter", "attests SgxEnclave");
}

static void a_draft_gives_a_token_that_nobody_signed(void **state)
{
	static const char draft[] = "version=1.2;authorizationrules{"
		"[type==\"x-coffer-root\",value==\"software\"]=>permit();};"
		"issuancerules{c:[type==\"x-ms-sgx-collateral\"]=>issue("
		"type=\"quotehash\",value=JsonToClaimValue(JmesPath(c.value,"
		"\"quotehash\")));=>issue(type=\"l\",value=1);"
		"=>issue(type=\"l\",value=\"x\");};";
	struct maa_world *world = *state;
	json_t *body = world_quote(world), *answer, *claims, *header;

	json_object_set_new(body, "draftPolicyForAttestation",
		json_string(draft));
	assert_int_equal(world_attest(world, SGX, body, &answer), 200);
	claims = world_claims(world, answer, false, &header);
	assert_string_equal(json_string_value(json_object_get(header, "alg")),
		"none");
	expect_hash(claims, "quotehash", world->mint.quote,
		world->mint.quote_size);
	answer = json_loads("[1,\"x\"]", 0, NULL);
	assert_true(json_equal(json_object_get(claims, "l"), answer));
	json_decref(answer);
	assert_null(json_object_get(claims, "is-debuggable"));
	json_decref(header);
	json_decref(claims);

	body = world_quote(world);
	json_object_set_new(body, "draftPolicyForAttestation",
		json_string("version=1.0;\nauthorizationrules{ permit(); };"));
	refused(world, SGX, body, "InvalidParameter",
		"draftPolicyForAttestation: line 2, column 27");
}

static void a_policy_decides(void **state)
{
	static const struct {
		const char *policy, *says;
	} rows[] = {
		{ "version=1.0;authorizationrules{};",
		  "no rule of the policy permits it" },
		{ "version=1.0;authorizationrules{=>permit();\n[type=="
		  "\"x-ms-sgx-is-debuggable\",value==false]=>deny();};",
		  "the policy denies it (line 2)" },
		{ "version=1.0;authorizationrules{[type==\"$svn\",value>"
		  "60000]=>permit();};", "no rule" },
		{ "version=1.0;authorizationrules{=>permit();};issuancerules{"
		  "=>issue(type=\"x-ms-sgx-mrsigner\",value=\"00\");};",
		  "the service's own claim" },
		{ "version=1.0;authorizationrules{=>permit();};issuancerules{"
		  "=>issue(type=\"maa-ehd\",value=\"00\");};",
		  "the service's own claim" },
		{ "version=1.2;authorizationrules{[type==\"x-ms-sgx-svn\","
		  "value==JsonToClaimValue(\"x\")]=>permit();};", "no JSON" },
		{ "version=1.1;configurationrules{=>issueproperty(type="
		  "\"x-ms-sgx-tcbidentifier\",value=\"best\");};"
		  "authorizationrules{=>permit();};",
		  "x-ms-sgx-tcbidentifier" },
	};
	struct maa_world *world = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *body = world_quote(world);

		json_object_set_new(body, "draftPolicyForAttestation",
			json_string(rows[i].policy));
		refused(world, SGX, body, "PolicyEvaluationError",
			rows[i].says);
	}
}

static void a_baseline_can_be_asked_for(void **state)
{
	static const struct {
		const char *value;
		unsigned status;
	} rows[] = { { "\"azuredefault\"", 200 }, { "\"17\"", 200 },
		{ "17", 200 }, { "\"18\"", 400 }, { "18", 400 } };
	struct maa_world *world = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *body = world_quote(world), *answer;
		char text[256];

		snprintf(text, sizeof(text), "version=1.1;configurationrules{"
			"=>issueproperty(type=\"x-ms-sgx-tcbidentifier\","
			"value=%s);};authorizationrules{=>permit();};",
			rows[i].value);
		json_object_set_new(body, "draftPolicyForAttestation",
			json_string(text));
		assert_int_equal(world_attest(world, SGX, body, &answer),
			rows[i].status);
		json_decref(answer);
	}
}

static void machines_below_the_baseline_get_none(void **state)
{
	static const struct {
		const char *status;
		bool attested, with_option;
	} rows[] = {
		{ "UpToDate", true, true },
		{ "SWHardeningNeeded", true, true },
		{ "ConfigurationNeeded", true, true },
		{ "ConfigurationAndSWHardeningNeeded", true, true },
		{ "OutOfDate", false, true },
		{ "OutOfDateConfigurationNeeded", false, true },
		{ "Revoked", false, false },
	};
	struct maa_world *world = *state;
	struct why why;

	for (int option = 0; option < 2; option++) {
		assert_int_equal(config_set(world->config,
			"maa.accept_out_of_date", option ? "yes" : "no",
			&why), 0);
		for (size_t i = 0; i < COUNT(rows); i++) {
			json_t *claims;

			world->mint.tcb_info.level[0].status = rows[i].status;
			mint_make(&world->mint);
			if (option ? !rows[i].with_option :
					!rows[i].attested) {
				refused(world, SGX, world_quote(world),
					"InvalidParameter", "");
				continue;
			}
			claims = attested(world, SGX, world_quote(world));
			assert_string_equal(TEXT("x-coffer-tcb-status"),
				rows[i].status);
			json_decref(claims);
		}
	}
}

static void no_bit_of_a_quote_can_be_changed(void **state)
{
	struct maa_world *world = *state;
	uint8_t *quote = world->mint.quote;
	json_t *answer;

	json_decref(attested(world, SGX, world_quote(world)));
	/* What nobody signs and nothing depends on: QE SVN, PCE SVN and user
	 * data are signed too, so that is nothing up to here. */
	for (size_t i = 0; i < 1012; i++) {
		quote[i] ^= (uint8_t)(1 << i % 8);
		if (world_attest(world, SGX, world_quote(world), &answer) !=
				400)
			fail_msg("byte %zu", i);
		json_decref(answer);
		quote[i] ^= (uint8_t)(1 << i % 8);
	}
	json_decref(attested(world, SGX, world_quote(world)));
}

static void strangers_machines_are_refused(void **state)
{
	struct maa_world *world = *state;
	json_t *body;

	world->service.time = MINT_NOW + 20 * 365 * (int64_t)MINT_DAY;
	refused(world, SGX, world_quote(world), "InvalidParameter",
		"expired");
	world->service.time = MINT_NOW;
	memset(&world->maa->source.roots, 0,
		sizeof(world->maa->source.roots));
	refused(world, SGX, world_quote(world), "InvalidParameter",
		"the root is none that is trusted here");
	world->maa->source.roots = world->mint.roots;
	body = world_quote(world);
	world->mint.machine.fmspc[0] ^= 1;
	refused(world, SGX, body, "InvalidParameter",
		"there is no collateral for this machine");
}

static void odd_bodies_are_refused(void **state)
{
	static const struct {
		const char *body, *says;
		unsigned status;
	} rows[] = {
		{ "", "", 400 },
		{ "{", "", 400 },
		{ "[]", "no JSON object", 400 },
		{ "{}", "the body has no \"quote\"", 400 },
		{ "{\"quote\":5}", "\"quote\" is no string", 400 },
		{ "{\"quote\":\"*\"}", "\"quote\" is not base64url", 400 },
		{ "{\"quote\":\"\"}", "0 bytes are no evidence", 400 },
		{ "{\"quote\":\"AAAAAAAAAAAAAAAAAAAAAAAA\"}", "", 400 },
		{ "{\"quote\":\"AA\",\"quote\":\"AA\"}", "", 400 },
		{ "{\"quote\":\"AAAA\",\"runtimeData\":1}",
		  "\"runtimeData\" is no object", 400 },
		{ "{\"quote\":\"AAAA\",\"runtimeData\":{}}",
		  "\"runtimeData\" has no \"data\"", 400 },
		{ "{\"quote\":\"AAAA\",\"runtimeData\":{\"data\":\"AA\","
		  "\"dataType\":\"XML\"}}", "neither Binary nor JSON", 400 },
		{ "{\"quote\":\"AAAA\",\"runtimeData\":{\"data\":\"W10\","
		  "\"dataType\":\"JSON\"}}", "no JSON object", 400 },
		{ "{\"quote\":\"AAAA\",\"runtimeData\":{\"data\":\"e30g_w\","
		  "\"dataType\":\"JSON\"}}", "no JSON object", 400 },
		{ "{\"quote\":\"AAAA\",\"nonce\":[]}", "\"nonce\"", 400 },
		{ "{\"quote\":\"AAAA\",\"draftPolicyForAttestation\":7}",
		  "is no string", 400 },
	};
	struct maa_world *world = *state;
	json_t *answer;

	for (size_t i = 0; i < COUNT(rows); i++) {
		unsigned status = world_send(world, NULL, "POST", SGX,
			"application/json", rows[i].body,
			strlen(rows[i].body), &answer);

		if (status != rows[i].status)
			fail_msg("%s: %u", rows[i].body, status);
		if (*rows[i].says)
			world_expect_error(answer, "InvalidParameter",
				rows[i].says);
		else
			json_decref(answer);
	}
	assert_int_equal(world_send(world, NULL, "POST", SGX, "text/plain",
		"{}", 2, &answer), 415);
	json_decref(answer);
}

/* Cut anywhere, or with bytes changed: an error of the interface's form, or
 * (where the change means nothing) a token; never anything else. */
static void broken_requests_have_sound_answers(void **state)
{
	static const char draft[] = "version=1.2;authorizationrules{=>permit("
		");};issuancerules{c:[type==\"x-ms-runtime\"]=>issue(type="
		"\"k\",value=JmesPath(c.value,\"keys[*].kty | [0]\"));};";
	struct maa_world *world = *state;
	uint32_t random = 20260101;
	json_t *body, *answer;
	char *text, *copy;
	size_t size;

	world_bind(world, "{\"keys\":[{\"kty\":\"RSA\"}]}");
	body = world_quote(world);
	world_data(body, "runtimeData", "JSON",
		"{\"keys\":[{\"kty\":\"RSA\"}]}");
	json_object_set_new(body, "draftPolicyForAttestation",
		json_string(draft));
	text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	size = strlen(text);
	copy = malloc(size + 1);
	for (size_t i = 0; i < 2 * size; i++) {
		unsigned status;
		size_t length = i < size ? i : size;

		memcpy(copy, text, size + 1);
		for (size_t n = 0; i >= size && n < 1 + i % 3; n++) {
			random = random * 1664525 + 1013904223;
			copy[(random >> 8) % size] = (char)(random >> 24);
		}
		status = world_send(world, NULL, "POST", SGX,
			"application/json", copy, length, &answer);
		if (status == 200) {
			assert_true(i >= size);
			assert_true(json_is_string(json_object_get(answer,
				"token")));
		} else if (status != 400 || !json_is_string(json_object_get(
				json_object_get(answer, "error"), "code"))) {
			fail_msg("%zu: %u", i, status);
		}
		json_decref(answer);
	}
	free(text);
	free(copy);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)
	const struct CMUnitTest tests[] = {
		T(a_token_has_the_shape_of_azure_s),
		T(claims_of_kss_come_with_kss_only),
		T(runtime_data_is_bound_to_the_quote),
		T(init_time_data_is_bound_to_the_configuration),
		T(open_enclave_wraps_quotes),
		T(old_clients_say_it_in_other_words),
		T(a_draft_gives_a_token_that_nobody_signed),
		T(a_policy_decides),
		T(a_baseline_can_be_asked_for),
		T(machines_below_the_baseline_get_none),
		T(no_bit_of_a_quote_can_be_changed),
		T(strangers_machines_are_refused),
		T(odd_bodies_are_refused),
		T(broken_requests_have_sound_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
