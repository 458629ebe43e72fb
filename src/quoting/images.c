/* SPDX-License-Identifier: MIT */
#include "quoting/images.h"

#include "image/signer.h"
#include "pki/architectural.h"
#include <errno.h>
#include <string.h>

/* blobs.S */
extern const uint8_t quoting_pce_image[], quoting_pce_image_end[];
extern const uint8_t quoting_qe_image[], quoting_qe_image_end[];

static const struct {
	const char *name;
	const uint8_t *begin, *end;
	uint16_t prod_id, svn;
} images[] = {
	{ "PCE", quoting_pce_image, quoting_pce_image_end, ARCH_PCE_PROD_ID,
		ARCH_PCE_SVN },
	{ "QE", quoting_qe_image, quoting_qe_image_end, ARCH_QE_PROD_ID,
		ARCH_QE_SVN },
};

static enum image_result build(struct image *image, unsigned which,
	struct image_error *error)
{
	oe_sgx_enclave_properties_t p = *image_properties(image);
	enum image_result r;

	p.config.attributes = SGX_ATTR_MODE64BIT | SGX_ATTR_PROVISIONKEY;
	p.config.product_id = images[which].prod_id;
	p.config.security_version = images[which].svn;
	r = image_set_properties(image, &p, error);
	return r ? r : image_build(image, error);
}

static enum image_result sign_and_write(struct image *image, void *key,
	const char *path, struct image_error *error)
{
	oe_sgx_enclave_properties_t p = *image_properties(image);
	struct sgx_sigstruct sigstruct;
	uint8_t mrenclave[32];
	enum image_result r = image_measure(image, mrenclave, error);

	if (r)
		return r;
	sigstruct_prepare(image_properties(image), mrenclave,
		sigstruct_today(), &sigstruct);
	r = sigstruct_sign(&sigstruct, key, error);
	if (r)
		return r;
	memcpy(p.sigstruct, &sigstruct, sizeof(sigstruct));
	return image_write(image, &p, path, error);
}

int images_write(struct pki *pki, enum quoting_image which, const char *path,
	struct why *why)
{
	struct image_error error = { "" };
	struct image *image = NULL;
	enum image_result result;
	void *key;
	int r = pki_enclave_key(pki, &key, why);

	if (r)
		return r;
	result = image_open_memory(images[which].begin,
		(size_t)(images[which].end - images[which].begin), &image,
		&error);
	if (!result)
		result = build(image, which, &error);
	if (!result)
		result = sign_and_write(image, key, path, &error);
	image_close(image);
	if (result)
		return why_set(why, -EIO, "the image of the %s cannot be "
			"signed and written to %s: %s", images[which].name,
			path, error.text);
	return 0;
}
