/* SPDX-License-Identifier: MIT */
/*
 * Page lists and measurements, compared page by page with an independent
 * implementation, and the numbers that a loader asks for.
 */
#include "images.h"

#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const good[] = {"plain", "threads", "large", "kss",
	"zero_base", "no_tcs", "needs", "grows", "grows_not"};
#define GOOD_COUNT (sizeof(good) / sizeof(*good))

static FILE *run_tool(const char *image, const char *option)
{
	char command[9000];
	FILE *out;

	snprintf(command, sizeof(command), "python3 '%s' '%s' %s",
		measure_tool, image_path(image), option);
	out = popen(command, "r");
	assert_non_null(out);
	return out;
}

static void expect_line(FILE *from, const char *mine, const char *name)
{
	char line[200] = "";

	if (!fgets(line, sizeof(line), from))
		fail_msg("%s: a page too many: %s", name, mine);
	line[strcspn(line, "\n")] = 0;
	assert_string_equal(line, mine);
}

static void page_lists_agree(void **state)
{
	static const uint8_t zeros[4096];
	char mine[200], hash[65], line[200];
	uint8_t digest[32];

	for (size_t g = 0; g < GOOD_COUNT; g++) {
		struct image *image = open_built(good[g]);
		FILE *tool = run_tool(good[g], "--list");
		const struct image_run *runs;
		uint64_t pages = 0;
		size_t count;

		snprintf(mine, sizeof(mine), "size %llx",
			(unsigned long long)image_elrange_size(image));
		expect_line(tool, mine, good[g]);
		runs = image_runs(image, &count);
		for (size_t i = 0; i < count; i++) {
			for (uint64_t p = 0; p < runs[i].pages; p++) {
				const uint8_t *page = runs[i].data ?
					runs[i].data : zeros;

				if (runs[i].data && !runs[i].same_page)
					page += p * 4096;
				SHA256(page, 4096, digest);
				to_hex(digest, 32, hash);
				snprintf(mine, sizeof(mine), "%llx %llx %d %s",
					(unsigned long long)(runs[i].offset +
						p * 4096),
					(unsigned long long)
						runs[i].secinfo_flags,
					runs[i].measured, hash);
				expect_line(tool, mine, good[g]);
				pages++;
			}
		}
		assert_null(fgets(line, sizeof(line), tool));
		assert_int_equal(pclose(tool), 0);
		assert_int_equal(pages, image_added_pages(image));
		image_close(image);
	}
}

static void measurements_agree(void **state)
{
	char mine[65], seen[GOOD_COUNT][65];
	uint8_t mrenclave[32];

	for (size_t g = 0; g < GOOD_COUNT; g++) {
		struct image *image = open_built(good[g]);
		FILE *tool = run_tool(good[g], "");

		assert_int_equal(image_measure(image, mrenclave, NULL), 0);
		to_hex(mrenclave, 32, mine);
		expect_line(tool, mine, good[g]);
		assert_int_equal(pclose(tool), 0);
		strcpy(seen[g], mine);
		for (size_t i = 0; i < g; i++)
			assert_string_not_equal(seen[i], mine);
		image_close(image);
	}
}

static void runs_stay_inside(void **state)
{
	for (size_t g = 0; g < GOOD_COUNT; g++) {
		struct image *image = open_built(good[g]);
		const struct image_run *runs;
		const struct image_spare *spare;
		uint64_t end = image_start_offset(image);
		size_t count, spares;

		runs = image_runs(image, &count);
		spare = image_spares(image, &spares);
		assert_true(count > 0);
		for (size_t i = 0; i < count; i++) {
			assert_true(runs[i].pages > 0);
			assert_int_equal(runs[i].offset % 4096, 0);
			assert_int_equal((uintptr_t)runs[i].data % 4096, 0);
			assert_true(runs[i].offset >= end);
			end = runs[i].offset + runs[i].pages * 4096;
		}
		assert_true(end <= image_elrange_size(image));
		/* What is not added yet needs its addresses, too. */
		for (size_t i = 0; i < spares; i++) {
			uint64_t last = spare[i].offset + spare[i].pages * 4096;

			if (last > end)
				end = last;
		}
		assert_true(end > image_elrange_size(image) / 2 ||
			image_elrange_size(image) == 8192);
		image_close(image);
	}
}

static void tcs_are_described(void **state)
{
	struct image *image = open_built("zero_base");
	const uint64_t start = 0x40000;
	const struct image_run *runs;
	size_t count, found = 0;

	assert_true(image_zero_base(image));
	assert_int_equal(image_start_offset(image), start);
	assert_int_equal(image_tcs_count(image), 2);
	assert_int_equal(image_entry_offset(image),
		start + image_entry(image));
	runs = image_runs(image, &count);
	for (size_t i = 0; i < count; i++) {
		const struct sgx_tcs *tcs = runs[i].data;

		if (runs[i].secinfo_flags != SGX_SECINFO_TCS)
			continue;
		assert_int_equal(runs[i].pages, 1);
		assert_int_equal(runs[i].offset,
			image_tcs_offset(image, found++));
		assert_int_equal(tcs->ossa, runs[i].offset + 4096);
		assert_int_equal(tcs->nssa, 2);
		assert_int_equal(tcs->oentry, image_entry_offset(image));
		assert_int_equal(tcs->ofsbase, runs[i].offset + 4 * 4096);
		assert_int_equal(tcs->ogsbase, tcs->ofsbase);
		assert_int_equal(tcs->fslimit, UINT32_MAX);
		assert_int_equal(tcs->flags, 0);
	}
	assert_int_equal(found, 2);
	image_close(image);
}

/* Addresses for the most, pages for the least. */
static void growth_is_laid_out(void **state)
{
	struct image *image = open_built("grows");
	const struct image_growth growth = image_growth(image);
	const struct image_spare *spare;
	const struct image_run *runs;
	uint64_t heap = 0, thread;
	size_t count, spares;

	assert_int_equal(growth.max_heap_pages, 5000);
	assert_int_equal(growth.max_tcs, 5);
	assert_int_equal(image_tcs_count(image), 2);
	assert_int_equal(image_tcs_most(image), 5);
	runs = image_runs(image, &count);
	for (size_t i = 0; i < count; i++)
		if (!runs[i].measured)
			heap = runs[i].offset;
	spare = image_spares(image, &spares);
	assert_int_equal(spares, 1 + 3 * 4);
	assert_int_equal(spare[0].offset, heap + 20 * 4096);
	assert_int_equal(spare[0].pages, 4980);
	assert_false(spare[0].tcs);
	/* guard, 5 of stack, guard, TCS */
	assert_int_equal(image_tcs_offset(image, 0),
		heap + (5000 + 7) * 4096);
	thread = image_tcs_offset(image, 1) - image_tcs_offset(image, 0);
	for (size_t i = 2; i < 5; i++) {
		const struct image_spare *s = &spare[1 + 4 * (i - 2)];
		uint64_t tcs = image_tcs_offset(image, i);

		assert_int_equal(tcs - image_tcs_offset(image, i - 1), thread);
		assert_int_equal(s[0].offset, tcs - 6 * 4096);
		assert_int_equal(s[0].pages, 5);
		assert_int_equal(s[1].offset, tcs);
		assert_int_equal(s[1].pages, 1);
		assert_true(s[1].tcs);
		assert_int_equal(s[2].offset, tcs + 4096);
		assert_int_equal(s[2].pages, 2);
		assert_int_equal(s[3].offset, tcs + 4 * 4096);
		assert_int_equal(s[3].offset + s[3].pages * 4096,
			tcs - 7 * 4096 + thread);
	}
	/* No page of it is added. */
	for (size_t i = 0; i < count; i++)
		for (size_t s = 0; s < spares; s++)
			assert_true(runs[i].offset + runs[i].pages * 4096 <=
				spare[s].offset || runs[i].offset >=
				spare[s].offset + spare[s].pages * 4096);
	image_close(image);

	image = open_built("threads");
	assert_null(image_spares(image, &spares));
	assert_int_equal(spares, 0);
	assert_int_equal(image_tcs_most(image), 3);
	image_close(image);
	/* The section alone changes nothing about addresses. */
	image = open_built("grows_not");
	assert_null(image_spares(image, &spares));
	assert_int_equal(image_tcs_most(image), 3);
	image_close(image);
}

/* Written, read again and measured alike; another growth, another enclave. */
static void growth_is_signed(void **state)
{
	const struct image_growth more = { 6000, 9 }, none = { 0, 0 };
	const struct image_growth wrong[] = { { 19, 0 }, { 0, 1 }, { 0, 1025 },
		{ 1ull << 52, 0 } };
	char path[] = "/tmp/image-test-XXXXXX";
	uint8_t before[32], after[32], plain[32];
	struct image_error error;
	struct image_growth read;
	struct image *image;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	image = open_built("grows");
	assert_int_equal(image_measure(image, plain, NULL), 0);
	assert_int_equal(image_set_growth(image, &more, NULL),
		IMAGE_INVALID_PARAMETER);
	image_close(image);
	image = open_image("grows");
	assert_int_equal(image_set_growth(image, &more, NULL), 0);
	assert_int_equal(image_build(image, NULL), 0);
	assert_int_equal(image_measure(image, before, NULL), 0);
	assert_memory_not_equal(plain, before, 32);
	assert_int_equal(image_write(image, image_properties(image), path,
		NULL), 0);
	image_close(image);

	assert_int_equal(image_open(path, &image, NULL), 0);
	read = image_growth(image);
	assert_memory_equal(&read, &more, sizeof(read));
	assert_int_equal(image_build(image, NULL), 0);
	assert_int_equal(image_measure(image, after, NULL), 0);
	assert_memory_equal(before, after, 32);
	image_close(image);
	unlink(path);

	for (size_t i = 0; i < 4; i++) {
		image = open_image("grows");
		assert_int_equal(image_set_growth(image, &wrong[i], NULL), 0);
		assert_int_equal(image_build(image, &error), IMAGE_FAILURE);
		image_close(image);
	}
	/* An image of another runtime. */
	image = open_image("plain");
	assert_int_equal(image_set_growth(image, &none, NULL), 0);
	assert_int_equal(image_set_growth(image, &more, &error),
		IMAGE_UNSUPPORTED_ENCLAVE_IMAGE);
	assert_non_null(strstr(error.text, ".coffer.growth"));
	image_close(image);
}

static void heap_is_one_run(void **state)
{
	struct image *image = open_image("plain");
	oe_sgx_enclave_properties_t p = *image_properties(image);
	const struct image_run *runs;
	size_t count, heaps = 0;

	p.header.size_settings.num_heap_pages = 16384;
	assert_int_equal(image_set_properties(image, &p, NULL), 0);
	assert_int_equal(image_build(image, NULL), 0);
	runs = image_runs(image, &count);
	for (size_t i = 0; i < count; i++) {
		if (runs[i].measured)
			continue;
		heaps++;
		assert_int_equal(runs[i].pages, 16384);
		assert_null(runs[i].data);
	}
	assert_int_equal(heaps, 1);
	assert_int_equal(image_set_properties(image, &p, NULL),
		IMAGE_INVALID_PARAMETER);
	assert_int_equal(image_build(image, NULL), IMAGE_INVALID_PARAMETER);
	image_close(image);
}

static void secs_is_filled(void **state)
{
	struct image *image = open_built("kss");
	struct image_error error;
	struct sgx_secs secs;

	assert_int_equal(image_secs(image, true, 7, 1, &secs, NULL), 0);
	assert_int_equal(secs.size, image_elrange_size(image));
	assert_int_equal(secs.base, 0);
	assert_int_equal(secs.ssa_frame_size, 1);
	assert_int_equal(secs.attributes.flags,
		SGX_ATTR_DEBUG | SGX_ATTR_MODE64BIT | SGX_ATTR_KSS);
	assert_int_equal(secs.attributes.xfrm, 7);
	assert_int_equal(secs.misc_select, SGX_MISC_EXINFO);
	/* Not debug, and a machine without EXINFO. */
	assert_int_equal(image_secs(image, false, 3, 0, &secs, NULL), 0);
	assert_int_equal(secs.attributes.flags,
		SGX_ATTR_MODE64BIT | SGX_ATTR_KSS);
	assert_int_equal(secs.misc_select, 0);
	image_close(image);

	image = open_built("large");
	assert_int_equal(image_secs(image, true, 3, 1, &secs, &error),
		IMAGE_DEBUG_DOWNGRADE);
	assert_non_null(strstr(error.text, "without the debug flag"));
	assert_int_equal(image_secs(image, false, 3, 1, &secs, NULL), 0);
	assert_int_equal(secs.misc_select, 0);
	image_close(image);
	assert_true(image_host_xfrm() == 3 || image_host_xfrm() == 7);
}

/* Writing a signature into the file must not change what it signs. */
static void signature_is_not_measured(void **state)
{
	char path[] = "/tmp/image-test-XXXXXX";
	uint8_t before[32], after[32];
	oe_sgx_enclave_properties_t p;
	struct stat was, is;
	struct image *image;
	size_t size[2];
	uint8_t *file[2];
	size_t differ = 0;
	int fd;

	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	image = open_built("threads");
	assert_int_equal(image_measure(image, before, NULL), 0);
	p = *image_properties(image);
	memset(p.sigstruct, 0x5a, sizeof(p.sigstruct));
	assert_int_equal(image_write(image, &p, path, NULL), 0);
	image_close(image);

	assert_int_equal(image_open(path, &image, NULL), 0);
	assert_int_equal(image_build(image, NULL), 0);
	assert_int_equal(image_measure(image, after, NULL), 0);
	image_close(image);
	assert_memory_equal(before, after, 32);

	file[0] = read_whole(image_path("threads"), &size[0]);
	file[1] = read_whole(path, &size[1]);
	assert_int_equal(size[0], size[1]);
	for (size_t i = 0; i < size[0]; i++)
		differ += file[0][i] != file[1][i];
	assert_int_equal(differ, sizeof(p.sigstruct));
	free(file[0]);
	free(file[1]);
	assert_int_equal(stat(image_path("threads"), &was), 0);
	assert_int_equal(stat(path, &is), 0);
	assert_int_equal(was.st_mode, is.st_mode);
	unlink(path);
}

/* A flipped bit in any loaded page shows, but where the loader writes. */
static void every_page_is_measured(void **state)
{
	struct image *image = open_built("needs");
	const struct image_run *runs;
	uint8_t whole[32], now[32];
	size_t count, flipped = 0;

	assert_int_equal(image_measure(image, whole, NULL), 0);
	runs = image_runs(image, &count);
	for (size_t i = 0; i < count; i++) {
		if (!runs[i].data)
			continue;
		for (uint64_t p = 0; p < (runs[i].same_page ? 1 :
			runs[i].pages); p++) {
			/* The image owns these bytes; a test may. */
			uint8_t *at = (uint8_t *)(uintptr_t)runs[i].data +
				p * 4096 + (p * 977 + i * 131) % 4096;

			*at ^= (uint8_t)(1 << (i % 8));
			assert_int_equal(image_measure(image, now, NULL), 0);
			assert_memory_not_equal(whole, now, 32);
			*at ^= (uint8_t)(1 << (i % 8));
			flipped++;
		}
	}
	assert_true(flipped > 10);
	assert_int_equal(image_measure(image, now, NULL), 0);
	assert_memory_equal(whole, now, 32);
	image_close(image);
}

static void symbols_are_found(void **state)
{
	struct image *image = open_image("needs");
	uint64_t address = 0, offset, size;
	const char *path;

	assert_true(image_find_symbol(image, "_start", &address));
	assert_int_equal(address, image_entry(image));
	assert_string_equal(image_symbol_at(image, address), "_start");
	assert_false(image_find_symbol(image, "no_such_symbol", &address));
	assert_false(image_find_symbol(image, "other_value", &address));
	assert_true(image_has_build_id(image));
	assert_true(image_submodule(image, &path, &offset, &size));
	assert_non_null(strstr(path, "/libother.so"));
	assert_true(offset > 0 && offset % 4096 == 0);
	assert_true(size > 0 && size % 4096 == 0);
	image_close(image);
	image = open_image("plain");
	assert_false(image_submodule(image, &path, &offset, &size));
	image_close(image);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_lists_agree),
		cmocka_unit_test(measurements_agree),
		cmocka_unit_test(runs_stay_inside),
		cmocka_unit_test(tcs_are_described),
		cmocka_unit_test(heap_is_one_run),
		cmocka_unit_test(growth_is_laid_out),
		cmocka_unit_test(growth_is_signed),
		cmocka_unit_test(secs_is_filled),
		cmocka_unit_test(signature_is_not_measured),
		cmocka_unit_test(every_page_is_measured),
		cmocka_unit_test(symbols_are_found),
	};

	if (images_main(argc, argv))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
