/* SPDX-License-Identifier: MIT */
#include "image_priv.h"
#include "common/crypto_openssl.h"
#include "sgx/measure.h"

static const uint8_t zero_page[SGX_PAGE_SIZE];

static void measure_run(struct sgx_measure *m,
	const struct sgx_sha256_ops *sha256, const struct image_run *run)
{
	if (!run->measured) {
		sgx_measure_eadd(m, sha256, run->offset, run->secinfo_flags,
			run->pages);
		return;
	}
	for (uint64_t i = 0; i < run->pages; i++) {
		const uint8_t *page = run->data ? run->data : zero_page;

		if (run->data && !run->same_page)
			page += i * PAGE;
		sgx_measure_page(m, sha256, run->offset + i * PAGE,
			run->secinfo_flags, page);
	}
}

enum image_result image_measure(const struct image *image,
	uint8_t mrenclave[32], struct image_error *error)
{
	const struct sgx_sha256_ops *sha256 = crypto_openssl_sha256();
	struct sgx_measure m;

	if (!image->runs)
		return image_fail(error, IMAGE_INVALID_PARAMETER,
			"the image is not laid out");
	sgx_measure_ecreate(&m, sha256, 1, image->elrange_size);
	for (size_t i = 0; i < image->run_count; i++)
		measure_run(&m, sha256, &image->runs[i]);
	sgx_measure_final(&m, sha256, mrenclave);
	return IMAGE_OK;
}
