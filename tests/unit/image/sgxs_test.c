/* SPDX-License-Identifier: MIT */
/* SGXS streams, and measure_file, which takes them and images alike. */
#include "images.h"
#include "image/measure_file.h"
#include "image/sgxs.h"

#include <openssl/sha.h>
#include <unistd.h>

struct stream {
	uint8_t bytes[4096];
	size_t size;
};

static void put(struct stream *s, const char tag[8], uint64_t a, uint64_t b)
{
	uint8_t *r = s->bytes + s->size;

	memset(r, 0, 64);
	memcpy(r, tag, 8);
	memcpy(r + 8, &a, 8);
	memcpy(r + 16, &b, 8);
	s->size += 64;
}

static void put_create(struct stream *s, const char tag[8], uint64_t size)
{
	const uint32_t frame = 1;

	put(s, tag, 0, 0);
	memcpy(s->bytes + s->size - 56, &frame, 4);
	memcpy(s->bytes + s->size - 52, &size, 8);
}

static void put_data(struct stream *s, uint8_t value)
{
	memset(s->bytes + s->size, value, 256);
	s->size += 256;
}

static enum image_result measure(const struct stream *s, uint8_t value[32],
	struct image_error *error)
{
	FILE *in = fmemopen((void *)(uintptr_t)s->bytes, s->size ? s->size : 1,
		"rb");
	enum image_result r;

	assert_non_null(in);
	if (!s->size)
		assert_int_not_equal(fgetc(in), EOF);
	r = sgxs_measure(in, value, error);
	fclose(in);
	return r;
}

static struct stream good_stream(void)
{
	struct stream s = {.size = 0};

	put_create(&s, "ECREATE\0", 16384);
	put(&s, "EADD\0\0\0\0", 0x1000, SGX_SECINFO_REG | 3);
	put(&s, "EEXTEND\0", 0x1000, 0);
	put_data(&s, 7);
	put(&s, "EEXTEND\0", 0x1f00, 0);
	put_data(&s, 8);
	return s;
}

static void a_stream_hashes_to_itself(void **state)
{
	struct stream s = good_stream();
	uint8_t mine[32], plain[32];
	size_t measured;

	assert_int_equal(measure(&s, mine, NULL), 0);
	SHA256(s.bytes, s.size, plain);
	assert_memory_equal(mine, plain, 32);

	/* What is loaded and not measured does not count. */
	measured = s.size;
	put(&s, "UNMEASRD", 0x1100, 0);
	put_data(&s, 9);
	assert_int_equal(measure(&s, mine, NULL), 0);
	SHA256(s.bytes, measured, plain);
	assert_memory_equal(mine, plain, 32);
}

#define REFUSED(change, wanted)                                          \
	do {                                                           \
		struct image_error error = {""};                       \
		struct stream s = good_stream();                       \
		uint8_t value[32];                                     \
		change;                                                \
		assert_int_equal(measure(&s, value, &error),           \
			IMAGE_INVALID_IMAGE);                          \
		if (!strstr(error.text, wanted))                         \
			fail_msg("'%s' has no '%s'", error.text, wanted); \
	} while (0)

static void bad_streams_are_refused(void **state)
{
	REFUSED(s.size = 0, "the stream is empty");
	REFUSED(s.size = 63, "ends within a record");
	REFUSED(s.size -= 1, "ends within a chunk");
	REFUSED(s.bytes[0] = 'x', "does not begin with ECREATE");
	REFUSED(memcpy(s.bytes, "UNSIZED\0", 8), "UNSIZED");
	REFUSED(s.bytes[8] = 0, "SSAFRAMESIZE is 0");
	REFUSED(s.bytes[12] = 1, "SIZE is not a power of two");
	REFUSED((s.bytes[13] = 0x10, s.bytes[12] = 0), "SIZE is not a power");
	REFUSED(s.bytes[63] = 1, "reserved bytes of ECREATE");
	REFUSED(put_create(&s, "ECREATE\0", 16384), "a second ECREATE");
	REFUSED(put(&s, "ENOTHING", 0, 0), "unknown record");
	REFUSED(put(&s, "EADD\0\0\0\0", 0x1000, SGX_SECINFO_REG | 3),
		"there already");
	REFUSED(put(&s, "EADD\0\0\0\0", 0x2001, SGX_SECINFO_REG),
		"outside the enclave");
	REFUSED(put(&s, "EADD\0\0\0\0", 16384, SGX_SECINFO_REG),
		"outside the enclave");
	REFUSED(put(&s, "EADD\0\0\0\0", 0x2000, 0), "SECINFO");
	REFUSED(put(&s, "EADD\0\0\0\0", 0x2000, SGX_SECINFO_REG | 8),
		"SECINFO");
	REFUSED((put(&s, "EADD\0\0\0\0", 0x2000, SGX_SECINFO_REG),
		s.bytes[s.size - 1] = 1), "SECINFO");
	REFUSED(put(&s, "EADD\0\0\0\0", 0x2000, SGX_SECINFO_TCS | 1),
		"permissions for a TCS");
	REFUSED(put(&s, "EADD\0\0\0\0", 0x2000, SGX_SECINFO_REG | 2),
		"writable, not readable");
	REFUSED((put(&s, "EEXTEND\0", 0x1180, 0), put_data(&s, 0)),
		"outside the enclave");
	REFUSED((put(&s, "EEXTEND\0", 1ull << 40, 0), put_data(&s, 0)),
		"outside the enclave");
	REFUSED((put(&s, "EEXTEND\0", 0x2000, 0), put_data(&s, 0)),
		"not added");
	REFUSED((put(&s, "UNMEASRD", 0x2000, 0), put_data(&s, 0)),
		"not added");
	REFUSED((put(&s, "EEXTEND\0", 0x1000, 1), put_data(&s, 0)),
		"reserved bytes of a chunk");
	REFUSED(s.bytes[128 + 63] = 1, "at byte 128: reserved");
}

static void many_pages_fit(void **state)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&bytes, &size);
	struct stream s = {.size = 0};
	uint8_t value[32], plain[32];
	FILE *in;

	put_create(&s, "ECREATE\0", 1ull << 30);
	fwrite(s.bytes, 1, s.size, out);
	for (uint64_t i = 100000; i-- > 0;) {
		s.size = 0;
		put(&s, "EADD\0\0\0\0", i * 8192, SGX_SECINFO_REG | 3);
		fwrite(s.bytes, 1, s.size, out);
	}
	fclose(out);
	in = fmemopen(bytes, size, "rb");
	assert_int_equal(sgxs_measure(in, value, NULL), 0);
	fclose(in);
	SHA256((uint8_t *)bytes, size, plain);
	assert_memory_equal(value, plain, 32);
	free(bytes);
}

static void images_become_streams(void **state)
{
	static const char *const names[] = {"plain", "threads", "large",
		"needs"};
	char path[] = "/tmp/sgxs-test-XXXXXX";
	uint8_t image[32], stream[32], plain[32];
	char text[300] = "";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t size;
		void *bytes;

		if (measure_file(image_path(names[i]), image, text,
			sizeof(text)) ||
			measure_file_to_sgxs(image_path(names[i]), path, text,
				sizeof(text)) ||
			measure_file(path, stream, text, sizeof(text)))
			fail_msg("%s", text);
		assert_memory_equal(image, stream, 32);
		bytes = read_whole(path, &size);
		SHA256(bytes, size, plain);
		assert_memory_equal(image, plain, 32);
		free(bytes);
	}
	unlink(path);
}

static void measure_file_explains(void **state)
{
	uint8_t value[32];
	char text[300];

	assert_int_equal(measure_file("/nonexistent", value, text,
		sizeof(text)), -1);
	assert_string_equal(text, "/nonexistent: No such file or directory");
	assert_int_equal(measure_file("/tmp", value, text, sizeof(text)), -1);
	assert_string_equal(text, "/tmp: Is a directory");
	assert_int_equal(measure_file("/dev/null", value, text, sizeof(text)),
		-1);
	assert_string_equal(text, "/dev/null: not a regular file");
	assert_int_equal(measure_file(image_path("unset"), value, text,
		sizeof(text)), -1);
	assert_non_null(strstr(text, "Invalid enclave property value"));
	assert_int_equal(measure_file("/nonexistent", value, NULL, 0), -1);
	assert_int_equal(measure_file_to_sgxs(image_path("plain"),
		"/nonexistent/out", text, sizeof(text)), -1);
	assert_non_null(strstr(text, "/nonexistent/out"));
	assert_int_equal(measure_file_to_sgxs(image_path("plain"), "/dev/full",
		text, sizeof(text)), -1);
	assert_non_null(strstr(text, "No space left"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_hashes_to_itself),
		cmocka_unit_test(bad_streams_are_refused),
		cmocka_unit_test(many_pages_fit),
		cmocka_unit_test(images_become_streams),
		cmocka_unit_test(measure_file_explains),
	};

	if (images_main(argc, argv))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
