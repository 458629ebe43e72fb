/* SPDX-License-Identifier: MIT */
/* What ECREATE is given for an image, on this machine. */
#include "image_priv.h"

#include <cpuid.h>
#include <string.h>

uint64_t image_host_xfrm(void)
{
	uint32_t a, b, c, d, low, high;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return SGX_XFRM_LEGACY;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	(void)high;
	if ((low & (SGX_XFRM_LEGACY | SGX_XFRM_AVX)) ==
		(SGX_XFRM_LEGACY | SGX_XFRM_AVX))
		return SGX_XFRM_LEGACY | SGX_XFRM_AVX;
	return SGX_XFRM_LEGACY;
}

enum image_result image_secs(const struct image *image, bool debug,
	uint64_t xfrm, uint32_t misc, struct sgx_secs *secs,
	struct image_error *error)
{
	const oe_sgx_enclave_properties_t *p = &image->properties;

	if (debug && !(p->config.attributes & OE_SGX_FLAGS_DEBUG))
		return image_fail(error, IMAGE_DEBUG_DOWNGRADE,
			"the image was signed without the debug flag, but a "
			"debug enclave is asked for");
	memset(secs, 0, sizeof(*secs));
	secs->size = image->elrange_size;
	secs->ssa_frame_size = 1;
	secs->attributes.flags = p->config.attributes;
	if (!debug)
		secs->attributes.flags &= ~SGX_ATTR_DEBUG;
	secs->attributes.xfrm = xfrm;
	if (p->config.flags.capture_pf_gp_exceptions)
		secs->misc_select = misc & SGX_MISC_EXINFO;
	return IMAGE_OK;
}
