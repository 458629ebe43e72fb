/* SPDX-License-Identifier: MIT */
/*
 * An OpenSSL engine for tests: the key "NAME" is the PEM file NAME in the
 * folder that the environment variable TEST_ENGINE_KEYS names.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/engine.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static EVP_PKEY *load(ENGINE *engine, const char *name, UI_METHOD *ui,
	void *data)
{
	const char *folder = getenv("TEST_ENGINE_KEYS");
	EVP_PKEY *key = NULL;
	char path[4096];
	FILE *in;

	(void)engine, (void)ui, (void)data;
	if (!folder || strchr(name, '/'))
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	in = fopen(path, "r");
	if (in) {
		key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
		fclose(in);
	}
	return key;
}

static int bind(ENGINE *engine, const char *id)
{
	if (id && strcmp(id, "test_engine"))
		return 0;
	return ENGINE_set_id(engine, "test_engine") &&
		ENGINE_set_name(engine, "keys in a folder") &&
		ENGINE_set_load_privkey_function(engine, load);
}

extern int bind_engine(ENGINE *e, const char *id, const dynamic_fns *fns);
extern unsigned long v_check(unsigned long v);
IMPLEMENT_DYNAMIC_BIND_FN(bind)
IMPLEMENT_DYNAMIC_CHECK_FN()
