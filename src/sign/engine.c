/* SPDX-License-Identifier: MIT */
/*
 * Keys that stay in a token or a remote service, through OpenSSL's engines.
 * OpenSSL 3 calls engines deprecated and still has them; a build without
 * them gives a clear error.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "oesign.h"

#include <openssl/opensslconf.h>
#include <stdio.h>

static enum image_result fail(struct image_error *error, const char *format,
	const char *what)
{
	snprintf(error->text, sizeof(error->text), format, what);
	return IMAGE_CRYPTO_ERROR;
}

#ifdef OPENSSL_NO_ENGINE

enum image_result sign_with_engine(struct sgx_sigstruct *sigstruct,
	const char *engine, const char *engine_path, const char *key_id,
	struct image_error *error)
{
	(void)sigstruct, (void)engine_path, (void)key_id;
	return fail(error, "cannot use engine %s: this OpenSSL was built "
		"without engines", engine);
}

#else
#include <openssl/engine.h>

/* A structural reference, or NULL. */
static ENGINE *find_engine(const char *id, const char *path)
{
	ENGINE *dynamic;

	ENGINE_load_builtin_engines();
	if (!path)
		return ENGINE_by_id(id);
	dynamic = ENGINE_by_id("dynamic");
	if (!dynamic)
		return NULL;
	if (!ENGINE_ctrl_cmd_string(dynamic, "SO_PATH", path, 0) ||
		!ENGINE_ctrl_cmd_string(dynamic, "ID", id, 0) ||
		!ENGINE_ctrl_cmd_string(dynamic, "LOAD", NULL, 0)) {
		ENGINE_free(dynamic);
		return NULL;
	}
	return dynamic;
}

enum image_result sign_with_engine(struct sgx_sigstruct *sigstruct,
	const char *id, const char *path, const char *key_id,
	struct image_error *error)
{
	ENGINE *engine = find_engine(id, path);
	enum image_result r;
	EVP_PKEY *key;

	if (!engine)
		return fail(error, path ? "engine %s cannot be loaded from the "
			"given path" : "there is no engine %s; give the path "
			"of its shared object with --load-path", id);
	if (!ENGINE_init(engine)) {
		ENGINE_free(engine);
		return fail(error, "engine %s does not start", id);
	}
	key = ENGINE_load_private_key(engine, key_id, NULL, NULL);
	if (key)
		r = sigstruct_sign(sigstruct, key, error);
	else
		r = fail(error, "the engine has no private key %s", key_id);
	EVP_PKEY_free(key);
	ENGINE_finish(engine);
	ENGINE_free(engine);
	return r;
}

#endif
