/* SPDX-License-Identifier: MIT */
/* What sign and digest do first, alike: their digests must agree. */
#include "conf.h"
#include "oesign.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *program_name = "oesign";

void complain(const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "%s ERROR: ", program_name);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void *read_file(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rbe");
	size_t room = 4096, have = 0;
	char *data = NULL, *larger;

	if (!in)
		return NULL;
	do {
		larger = realloc(data, room *= 2);
		if (!larger)
			break;
		data = larger;
		have += fread(data + have, 1, room - have, in);
	} while (have == room);
	if (!larger || ferror(in)) {
		int e = errno;

		free(data);
		data = NULL;
		errno = e;
	}
	fclose(in);
	*size = have;
	return data;
}

/* The rules of conf_apply surprise those who used OE_SET_ENCLAVE_SGX2. */
static void mention_losses(const oe_sgx_enclave_properties_t *had,
	const oe_sgx_enclave_properties_t *has)
{
	if (had->config.attributes & ~has->config.attributes &
		OE_SGX_FLAGS_KSS)
		fprintf(stderr, "%s: note: the image asks for KSS; without "
			"FamilyID or ExtendedProductID in a configuration file "
			"it is signed without\n", program_name);
	if (had->config.flags.capture_pf_gp_exceptions &&
		!has->config.flags.capture_pf_gp_exceptions)
		fprintf(stderr, "%s: note: the image asks to capture #PF and "
			"#GP; without CapturePFGPExceptions in a configuration "
			"file it is signed without\n", program_name);
	if (had->config.flags.create_zero_base_enclave &&
		!has->config.flags.create_zero_base_enclave)
		fprintf(stderr, "%s: note: the image asks for base 0; without "
			"CreateZeroBaseEnclave in a configuration file it is "
			"signed without\n", program_name);
}

static bool configure(struct image *image, const struct conf *conf)
{
	oe_sgx_enclave_properties_t p = *image_properties(image);
	struct image_growth growth = image_growth(image);
	struct image_error error;

	conf_apply(conf, &p);
	mention_losses(image_properties(image), &p);
	/* A signature made before says nothing about what is made now. */
	memset(p.sigstruct, 0, sizeof(p.sigstruct));
	if (image_check_properties(&p, &error)) {
		complain("Invalid enclave property value: %s", error.text);
		return false;
	}
	conf_apply_growth(conf, &growth);
	if (image_set_properties(image, &p, &error) ||
		image_set_growth(image, &growth, &error)) {
		complain("%s", error.text);
		return false;
	}
	return true;
}

bool open_configured(const char *path, const char *conf_path,
	struct image **image)
{
	struct image_error error = {""};
	struct conf conf = {0};
	enum image_result r;
	char text[1024];

	*image = NULL;
	if (conf_path && conf_read_file(conf_path, &conf, text, sizeof(text))) {
		complain("%s", text);
		complain("Failed to load configuration file: %s", conf_path);
		return false;
	}
	r = image_open(path, image, &error);
	if (r) {
		complain("%s", error.text);
		complain("Failed to load enclave: %s: result=%s (%#x)", path,
			image_result_name(r), r);
		return false;
	}
	if (!image_has_build_id(*image))
		fprintf(stderr, "%s: note: the image has no build id; "
			"debuggers will not find its symbols\n", program_name);
	if (configure(*image, &conf)) {
		r = image_build(*image, &error);
		if (!r)
			return true;
		complain("%s", error.text);
		complain("oe_sgx_build_enclave(): result=%s (%#x)",
			image_result_name(r), r);
	}
	image_close(*image);
	*image = NULL;
	return false;
}

bool prepare(const struct image *image, struct sgx_sigstruct *out)
{
	struct image_error error;
	uint8_t mrenclave[32];

	if (image_measure(image, mrenclave, &error)) {
		complain("%s", error.text);
		return false;
	}
	sigstruct_prepare(image_properties(image), mrenclave,
		sigstruct_today(), out);
	return true;
}
