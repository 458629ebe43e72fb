/* SPDX-License-Identifier: MIT */
#include "akv_world.h"

#include "service/jws.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KID "issuer-1"

static X509 *self_signed(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name;

	assert_non_null(cert);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	name = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		(const unsigned char *)WORLD_URL, -1, -1, 0);
	X509_set_issuer_name(cert, name);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	return cert;
}

/* --- the attestation service -------------------------------------------- */

static void certs(struct http_request *request, struct http_answer *answer)
{
	struct world *world = request->context;

	http_answer_json(answer, 200, json_pack("{s:[{s:s, s:s, s:s, s:o}]}",
		"keys", "kty", "RSA", "use", "sig", "kid", KID, "x5c",
		jwk_x5c_from(&world->issuer_cert, 1)));
}

char *world_token(struct world *world, json_t *runtime, const char *nonce)
{
	int64_t now = service_now(&world->service);
	json_t *header = json_pack("{s:s, s:s, s:s}", "alg", "RS256", "kid",
		KID, "typ", "JWT");
	json_t *claims = json_pack("{s:s, s:I, s:I, s:I, s:s, s:o}", "iss",
		world->issuer ? world->issuer : WORLD_URL, "iat",
		(json_int_t)now, "nbf", (json_int_t)now, "exp",
		(json_int_t)(now + world->lifetime), "jti", "token-1",
		"x-ms-runtime", runtime);
	char *text, *token;

	if (nonce)
		json_object_set_new(claims, "nonce", json_string(nonce));
	json_object_update(claims, world->claims);
	text = json_dumps(claims, JSON_COMPACT);
	token = jws_sign(header, text, strlen(text), world->issuer_key, NULL);
	assert_non_null(token);
	json_decref(header);
	json_decref(claims);
	free(text);
	return token;
}

static void attest(struct http_request *request, struct http_answer *answer)
{
	struct world *world = request->context;
	json_t *body = http_body_json(request, answer);
	const char *data, *nonce;
	uint8_t *runtime;
	size_t size;
	char *token;

	if (!body)
		return;
	assert_int_equal(json_unpack(body, "{s:{s:s}, s:s}", "runtimeData",
		"data", &data, "nonce", &nonce), 0);
	assert_int_equal(base64url_decode(data, strlen(data), &runtime,
		&size), 0);
	token = world_token(world, json_loadb((char *)runtime, size, 0, NULL),
		world->keep_nonce ? nonce : "another");
	free(runtime);
	http_answer_json(answer, 200, json_pack("{s:s}", "token", token));
	free(token);
}

/* --- the world ---------------------------------------------------------- */

static const struct http_interface interface = {.name = "test"};

/* One for all worlds: making keys takes longer than most tests. */
static EVP_PKEY *issuer;

int world_begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct why why = {""};

	assert_non_null(w);
	strcpy(w->folder, "/tmp/coffer-akv-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	w->config = config_new();
	w->service.config = w->config;
	strcpy(w->service.folder, w->folder);
	strcpy(w->service.url, WORLD_URL);
	w->lifetime = 3600;
	w->keep_nonce = true;
	if (db_open(&w->service.db, ":memory:", &why) ||
			service_token(w->folder, "admin.token",
				w->service.admin_token, &why) ||
			service_master_key(&w->service, &w->service.seal,
				&why))
		fail_msg("%s", why.text);
	w->server = http_server_new();
	if (akv_routes(w->server, &w->service, &why))
		fail_msg("%s", why.text);
	if (!issuer)
		issuer = EVP_RSA_gen(2048);
	EVP_PKEY_up_ref(issuer);
	w->issuer_key = issuer;
	w->issuer_cert = self_signed(w->issuer_key);
	assert_int_equal(http_route(w->server, &interface, w, "GET", "/certs",
		0, certs), 0);
	assert_int_equal(http_route(w->server, &interface, w, "POST",
		"/attest/SgxEnclave", 65536, attest), 0);
	w->claims = json_pack("{s:s, s:b, s:s, s:i, s:i}",
		"x-ms-attestation-type", "sgx", "x-ms-sgx-is-debuggable", 0,
		"x-ms-sgx-mrsigner", WORLD_SIGNER, "x-ms-sgx-product-id", 7,
		"x-ms-sgx-svn", 3);
	*state = w;
	return 0;
}

static int remove_one(const char *path, const struct stat *about, int kind,
	struct FTW *where)
{
	return remove(path);
}

int world_end(void **state)
{
	struct world *w = *state;

	akv_close();
	http_server_free(w->server);
	db_close(w->service.db);
	seal_at_rest_close(w->service.seal);
	config_free(w->config);
	EVP_PKEY_free(w->issuer_key);
	X509_free(w->issuer_cert);
	json_decref(w->claims);
	nftw(w->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

unsigned world_ask(struct world *world, const char *token, const char *method,
	const char *target, json_t *body, json_t **answer)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	char bearer[128];
	struct http_field headers[2];
	size_t count = 0;
	struct sockaddr_in here = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct http_exchange *exchange;
	struct http_view view;
	unsigned status;

	if (token) {
		snprintf(bearer, sizeof(bearer), "Bearer %s", token);
		headers[count++] = (struct http_field){"Authorization",
			bearer};
	}
	if (text)
		headers[count++] = (struct http_field){"Content-Type",
			"application/json"};
	exchange = http_dispatch(world->server, method, target, headers,
		count, text, text ? strlen(text) : 0,
		(struct sockaddr *)&here);
	assert_non_null(exchange);
	http_answer_view(http_exchange_answer(exchange), &view);
	status = view.status;
	if (answer)
		*answer = json_loadb((const char *)view.body, view.body_size,
			0, NULL);
	http_exchange_end(exchange);
	json_decref(body);
	free(text);
	return status;
}

unsigned world_admin(struct world *world, const char *method,
	const char *target, json_t *body, json_t **answer)
{
	return world_ask(world, world->service.admin_token, method, target,
		body, answer);
}

json_t *world_policy(const char *text)
{
	char *data = base64url_encode(text, strlen(text));
	json_t *policy = json_pack("{s:s, s:s}", "contentType",
		"application/json; charset=utf-8", "data", data);

	free(data);
	return policy;
}

void world_key(struct world *world, const char *name)
{
	uint8_t bytes[32];
	char target[128], *k;
	json_t *answer;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i + 1);
	k = base64url_encode(bytes, sizeof(bytes));
	snprintf(target, sizeof(target), "/keys/%s?api-version=7.4", name);
	assert_int_equal(world_admin(world, "PUT", target, json_pack(
		"{s:{s:s, s:s}, s:{s:b}, s:o}", "key", "kty", "oct-HSM", "k",
		k, "attributes", "exportable", 1, "release_policy",
		world_policy(WORLD_POLICY)), &answer), 200);
	json_decref(answer);
	free(k);
}
