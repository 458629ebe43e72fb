/* SPDX-License-Identifier: MIT */
/* How far an enclave may grow: the section of coffer/growth.h. */
#include "image_priv.h"

#include <coffer/growth.h>
#include <stddef.h>
#include <string.h>

static bool has_section(const struct image *image)
{
	return image->main.growth_rva && image->main.growth_file_offset;
}

enum image_result image_read_growth(struct image *image,
	struct image_error *error)
{
	const struct module *m = &image->main;
	struct coffer_growth growth;

	if (!has_section(image))
		return IMAGE_OK;
	if (!image_is_loaded(m, m->growth_rva, m->growth_file_offset,
		sizeof(growth)))
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"the section %s is too short, or its bytes are not "
			"those that are loaded", COFFER_GROWTH_SECTION);
	memcpy(&growth, m->bytes + m->growth_rva, sizeof(growth));
	if (growth.size != sizeof(growth) || growth.reserved)
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"the section %s is of another version",
			COFFER_GROWTH_SECTION);
	image->growth.max_heap_pages = growth.max_heap_pages;
	image->growth.max_tcs = growth.max_tcs;
	return IMAGE_OK;
}

struct image_growth image_growth(const struct image *image)
{
	return image->growth;
}

enum image_result image_set_growth(struct image *image,
	const struct image_growth *growth, struct image_error *error)
{
	if (image->built)
		return image_fail(error, IMAGE_INVALID_PARAMETER,
			"the image is laid out already");
	if (!has_section(image)) {
		if (!growth->max_heap_pages && !growth->max_tcs)
			return IMAGE_OK;
		return image_fail(error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"the image has no section %s: the runtime that it was "
			"linked with cannot grow", COFFER_GROWTH_SECTION);
	}
	image->growth = *growth;
	image_growth_put(image, image->main.bytes + image->main.growth_rva);
	return IMAGE_OK;
}

enum image_result image_check_growth(const struct image *image,
	struct image_error *error)
{
	const oe_enclave_size_settings_t *least =
		&image->properties.header.size_settings;
	const struct image_growth *most = &image->growth;
	const char *field = NULL;

	if (most->max_heap_pages &&
		most->max_heap_pages < least->num_heap_pages)
		field = "max_heap_pages";
	else if (most->max_tcs && (most->max_tcs < least->num_tcs ||
		most->max_tcs > OE_SGX_MAX_TCS))
		field = "max_tcs";
	if (field)
		return image_fail(error, IMAGE_FAILURE,
			"Invalid enclave property value: growth.%s", field);
	return IMAGE_OK;
}

void image_growth_put(const struct image *image, void *to)
{
	const struct coffer_growth growth = {
		.size = sizeof(growth),
		.max_heap_pages = image->growth.max_heap_pages,
		.max_tcs = image->growth.max_tcs,
	};

	if (has_section(image))
		memcpy(to, &growth, sizeof(growth));
}
