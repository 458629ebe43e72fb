/* SPDX-License-Identifier: MIT */
#include "sgxs.h"
#include "common/crypto_openssl.h"
#include "common/why.h"
#include "image_priv.h"
#include "page_set.h"
#include "sgx/measure.h"

#include <errno.h>
#include <string.h>

#define TAG_ECREATE "ECREATE\0"
#define TAG_EADD "EADD\0\0\0\0"
#define TAG_EEXTEND "EEXTEND\0"
#define TAG_UNSIZED "UNSIZED\0"
#define TAG_UNMEASRD "UNMEASRD"
#define TAG_SIZE 8u
#define RECORD_SIZE 64u
#define SECINFO_SIZE 48u

static const uint8_t zeros[SGX_PAGE_SIZE];

struct stream {
	FILE *in;
	uint64_t position; /* of the record at hand, for messages */
	uint64_t size; /* of the enclave */
	struct page_set pages;
	struct sgx_measure measure;
	const struct sgx_sha256_ops *sha256;
	struct image_error *error;
};

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static bool is_zero(const uint8_t *p, size_t size)
{
	return !memcmp(p, zeros, size);
}

static enum image_result bad(struct stream *s, const char *what)
{
	return image_fail(s->error, IMAGE_INVALID_IMAGE, "at byte %llu: %s",
		(unsigned long long)s->position, why_words(what));
}

bool sgxs_is_stream(const void *first, size_t size)
{
	return size >= TAG_SIZE && (!memcmp(first, TAG_ECREATE, TAG_SIZE) ||
		!memcmp(first, TAG_UNSIZED, TAG_SIZE));
}

static enum image_result begin(struct stream *s, const uint8_t *r)
{
	const uint32_t frame = get32(r + 8);

	if (!memcmp(r, TAG_UNSIZED, TAG_SIZE))
		return bad(s, "the stream is UNSIZED: an enclave whose size is "
			"not settled has no measurement");
	if (memcmp(r, TAG_ECREATE, TAG_SIZE))
		return bad(s, "the stream does not begin with ECREATE");
	s->size = get64(r + 12);
	if (s->size < 2 * PAGE || s->size & (s->size - 1))
		return bad(s, "SIZE is not a power of two of at least 8192");
	if (!frame)
		return bad(s, "SSAFRAMESIZE is 0");
	if (!is_zero(r + 20, RECORD_SIZE - 20))
		return bad(s, "reserved bytes of ECREATE are not zero");
	sgx_measure_ecreate(&s->measure, s->sha256, frame, s->size);
	return IMAGE_OK;
}

static enum image_result eadd(struct stream *s, const uint8_t *r)
{
	const uint64_t offset = get64(r + 8), flags = get64(r + 16);
	const uint64_t type = (flags >> SGX_SECINFO_PT_SHIFT) & 0xff;

	if (offset % PAGE || offset >= s->size)
		return bad(s, "EADD of a page outside the enclave");
	if (flags & ~(SGX_SECINFO_RWX | 0xff00ull) ||
		!is_zero(r + 24, SECINFO_SIZE - 8) ||
		(type != SGX_PT_TCS && type != SGX_PT_REG))
		return bad(s, "EADD with a SECINFO that no processor accepts");
	if (type == SGX_PT_TCS && flags & SGX_SECINFO_RWX)
		return bad(s, "EADD records permissions for a TCS page");
	if (flags & SGX_SECINFO_W && !(flags & SGX_SECINFO_R))
		return bad(s, "EADD of a page that is writable, not readable");
	switch (page_set_add(&s->pages, offset / PAGE)) {
	case PAGE_SET_THERE:
		return bad(s, "EADD of a page that is there already");
	case PAGE_SET_NO_MEMORY:
		return image_fail(s->error, IMAGE_OUT_OF_MEMORY,
			"out of memory");
	case PAGE_SET_NEW:
		break;
	}
	sgx_measure_eadd(&s->measure, s->sha256, offset, flags, 1);
	return IMAGE_OK;
}

static enum image_result chunk(struct stream *s, const uint8_t *r,
	bool measured)
{
	const uint64_t offset = get64(r + 8);
	uint8_t data[SGX_CHUNK_SIZE];

	if (!is_zero(r + 16, SECINFO_SIZE))
		return bad(s, "reserved bytes of a chunk are not zero");
	if (offset % SGX_CHUNK_SIZE || offset >= s->size)
		return bad(s, "a chunk outside the enclave");
	if (!page_set_has(&s->pages, offset / PAGE))
		return bad(s, "a chunk in a page that was not added");
	if (fread(data, 1, sizeof(data), s->in) != sizeof(data))
		return bad(s, "the stream ends within a chunk");
	s->position += sizeof(data);
	if (measured)
		sgx_measure_eextend(&s->measure, s->sha256, offset, data);
	return IMAGE_OK;
}

static enum image_result record(struct stream *s, const uint8_t *r)
{
	if (!memcmp(r, TAG_EADD, TAG_SIZE))
		return eadd(s, r);
	if (!memcmp(r, TAG_EEXTEND, TAG_SIZE))
		return chunk(s, r, true);
	if (!memcmp(r, TAG_UNMEASRD, TAG_SIZE))
		return chunk(s, r, false);
	if (sgxs_is_stream(r, RECORD_SIZE))
		return bad(s, "a second ECREATE");
	return bad(s, "an unknown record");
}

enum image_result sgxs_measure(FILE *in, uint8_t mrenclave[32],
	struct image_error *error)
{
	struct stream s = {.in = in, .error = error,
		.sha256 = crypto_openssl_sha256()};
	enum image_result result = IMAGE_OK;
	uint8_t r[RECORD_SIZE];
	bool first = true;
	size_t n;

	while (!result && (n = fread(r, 1, sizeof(r), in)) > 0) {
		if (n < sizeof(r))
			result = bad(&s, "the stream ends within a record");
		else
			result = first ? begin(&s, r) : record(&s, r);
		first = false;
		s.position += n;
	}
	if (!result && ferror(in))
		result = image_fail(error, IMAGE_FAILURE, "cannot read: %s",
			strerror(errno));
	if (!result && first)
		result = bad(&s, "the stream is empty");
	if (!result)
		sgx_measure_final(&s.measure, s.sha256, mrenclave);
	page_set_free(&s.pages);
	return result;
}

static void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static bool put_record(FILE *out, const char *tag, uint64_t a, uint64_t b)
{
	uint8_t r[RECORD_SIZE] = {0};

	memcpy(r, tag, TAG_SIZE);
	put64(r + 8, a);
	put64(r + 16, b);
	return fwrite(r, sizeof(r), 1, out) == 1;
}

static bool put_page(FILE *out, const struct image_run *run, uint64_t offset,
	const uint8_t *page)
{
	if (!put_record(out, TAG_EADD, offset, run->secinfo_flags))
		return false;
	if (!run->measured && is_zero(page, SGX_PAGE_SIZE))
		return true;
	for (uint64_t at = 0; at < PAGE; at += SGX_CHUNK_SIZE)
		if (!put_record(out, run->measured ? TAG_EEXTEND : TAG_UNMEASRD,
			offset + at, 0) ||
			fwrite(page + at, SGX_CHUNK_SIZE, 1, out) != 1)
			return false;
	return true;
}

static bool put_run(FILE *out, const struct image_run *run)
{
	for (uint64_t i = 0; i < run->pages; i++) {
		const uint8_t *page = run->data ? run->data : zeros;

		if (run->data && !run->same_page)
			page += i * PAGE;
		if (!put_page(out, run, run->offset + i * PAGE, page))
			return false;
	}
	return true;
}

enum image_result sgxs_write(const struct image *image, FILE *out,
	struct image_error *error)
{
	uint8_t r[RECORD_SIZE] = TAG_ECREATE;
	bool good;

	if (!image->runs)
		return image_fail(error, IMAGE_INVALID_PARAMETER,
			"the image is not laid out");
	r[8] = 1; /* SSAFRAMESIZE */
	put64(r + 12, image->elrange_size);
	good = fwrite(r, sizeof(r), 1, out) == 1;
	for (size_t i = 0; good && i < image->run_count; i++)
		good = put_run(out, &image->runs[i]);
	if (good)
		good = !fflush(out);
	if (!good)
		return image_fail(error, IMAGE_FAILURE, "cannot write: %s",
			strerror(errno));
	return IMAGE_OK;
}
