/* SPDX-License-Identifier: MIT */
#include "oesign.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *load(const char *path, size_t *size)
{
	void *data = read_file(path, size);

	if (!data) {
		complain("%s: %s", path, strerror(errno));
		complain("Failed to load file: %s", path);
	}
	return data;
}

static bool sign_with_key_file(struct sgx_sigstruct *s, const char *path)
{
	struct image_error error = {""};
	enum image_result r;
	size_t size;
	void *pem;

	pem = load(path, &size);
	if (!pem)
		return false;
	r = sigstruct_sign_pem(s, pem, size, &error);
	OPENSSL_cleanse(pem, size);
	free(pem);
	if (!r)
		return true;
	complain("%s: %s", path, error.text);
	complain("oe_sgx_sign_enclave() failed: result=%s (%#x)",
		image_result_name(r), r);
	return false;
}

static bool sign_with_digest(struct sgx_sigstruct *s,
	const char *certificate_path, const char *signature_path)
{
	size_t certificate_size, signature_size;
	struct image_error error = {""};
	void *certificate, *signature;
	enum image_result r;
	bool good = false;

	certificate = load(certificate_path, &certificate_size);
	if (!certificate)
		return false;
	signature = load(signature_path, &signature_size);
	if (!signature) {
		free(certificate);
		return false;
	}
	r = sigstruct_attach(s, certificate, certificate_size, signature,
		signature_size, &error);
	if (!r) {
		good = true;
	} else if (r == IMAGE_VERIFY_FAILED) {
		complain("Digest signature cannot be validated against the "
			"specified enclave configuration using the provided "
			"certificate.");
	} else {
		complain("%s: %s", certificate_path, error.text);
		complain("oe_sgx_digest_sign_enclave() failed: result=%s (%#x)",
			image_result_name(r), r);
	}
	free(certificate);
	free(signature);
	return good;
}

static bool make_signature(struct sgx_sigstruct *s,
	const struct sign_options *o)
{
	struct image_error error = {""};
	enum image_result r;

	if (o->key_file)
		return sign_with_key_file(s, o->key_file);
	if (o->digest_signature)
		return sign_with_digest(s, o->certificate,
			o->digest_signature);
	r = sign_with_engine(s, o->engine, o->engine_path, o->key_id, &error);
	if (!r)
		return true;
	complain("%s", error.text);
	complain("oe_sgx_sign_enclave_from_engine() failed: result=%s (%#x)",
		image_result_name(r), r);
	return false;
}

static bool write_signed(const struct image *image,
	const struct sgx_sigstruct *s, const struct sign_options *o)
{
	oe_sgx_enclave_properties_t p = *image_properties(image);
	struct image_error error = {""};
	char *name = NULL;
	bool good;

	memcpy(p.sigstruct, s, sizeof(*s));
	if (!o->output && asprintf(&name, "%s.signed", o->image) < 0) {
		complain("out of memory");
		return false;
	}
	good = !image_write(image, &p, o->output ? o->output : name, &error);
	if (good)
		printf("Created %s\n", o->output ? o->output : name);
	else
		complain("%s", error.text);
	free(name);
	return good;
}

int command_sign(const struct sign_options *o)
{
	struct image_error error = {""};
	struct sgx_sigstruct s;
	struct image *image;
	bool good;

	if (!open_configured(o->image, o->conf, &image))
		return 1;
	good = prepare(image, &s) && make_signature(&s, o);
	/* Never hand out what a processor would refuse. */
	if (good && sigstruct_verify(&s, NULL, &error)) {
		complain("%s", error.text);
		good = false;
	}
	good = good && write_signed(image, &s, o);
	image_close(image);
	return good ? 0 : 1;
}
