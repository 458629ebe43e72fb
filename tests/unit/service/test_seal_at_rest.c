/* SPDX-License-Identifier: MIT */
/* Secrets on disk: what opens them, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "service/seal_at_rest.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/coffer-at-rest-XXXXXX";
static char path[sizeof(folder) + 16];

static int begin(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/master.key", folder);
	return 0;
}

static int end(void **state)
{
	unlink(path);
	return rmdir(folder);
}

static int fresh(void **state)
{
	unlink(path);
	return 0;
}

static struct seal_at_rest *opened(const char *passphrase)
{
	struct seal_at_rest *seal = NULL;
	struct why why = {""};

	if (seal_at_rest_open(path, passphrase, &seal, &why))
		fail_msg("%s", why.text);
	return seal;
}

static void goes_round(void **state)
{
	static const size_t sizes[] = {0, 1, 31, 4096, SEAL_AT_REST_MAX};
	struct seal_at_rest *seal = opened(NULL);
	uint8_t *plain = calloc(1, SEAL_AT_REST_MAX + 1), *blob, *back;
	size_t blob_size, size;

	assert_non_null(plain);
	for (size_t i = 0; i < SEAL_AT_REST_MAX; i++)
		plain[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		assert_int_equal(seal_at_rest_seal(seal, "row 1", plain,
			sizes[i], &blob, &blob_size, NULL), 0);
		assert_int_equal(blob_size, sizes[i] + SEAL_AT_REST_OVERHEAD);
		if (sizes[i] >= 31)
			assert_null(memmem(blob, blob_size, plain, 16));
		assert_int_equal(seal_at_rest_unseal(seal, "row 1", blob,
			blob_size, &back, &size, NULL), 0);
		assert_int_equal(size, sizes[i]);
		assert_memory_equal(back, plain, size);
		assert_int_equal(seal_at_rest_unseal(seal, "row 2", blob,
			blob_size, &back, &size, NULL), -EBADMSG);
		seal_at_rest_wipe(back, size);
		free(blob);
	}
	assert_int_equal(seal_at_rest_seal(seal, "row 1", plain,
		SEAL_AT_REST_MAX + 1, &blob, &blob_size, NULL), -EINVAL);
	free(plain);
	seal_at_rest_close(seal);
}

static void each_bit_counts(void **state)
{
	struct seal_at_rest *seal = opened(NULL);
	uint8_t *blob, *back;
	size_t blob_size, size;

	assert_int_equal(seal_at_rest_seal(seal, "x", "secret", 6, &blob,
		&blob_size, NULL), 0);
	for (size_t bit = 0; bit < 8 * blob_size; bit++) {
		blob[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(seal_at_rest_unseal(seal, "x", blob,
			blob_size, &back, &size, NULL), -EBADMSG);
		blob[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n < blob_size; n++)
		assert_int_equal(seal_at_rest_unseal(seal, "x", blob, n,
			&back, &size, NULL), -EBADMSG);
	assert_int_equal(seal_at_rest_unseal(seal, "x", blob, blob_size,
		&back, &size, NULL), 0);
	seal_at_rest_wipe(back, size);
	free(blob);
	seal_at_rest_close(seal);
}

static void file_is_private_and_stays(void **state)
{
	struct seal_at_rest *first = opened(NULL), *again = opened(NULL);
	struct seal_at_rest *none = NULL;
	struct stat about;

	assert_string_equal(seal_at_rest_id(first), seal_at_rest_id(again));
	assert_int_equal(strlen(seal_at_rest_id(first)), 16);
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	seal_at_rest_close(first);
	seal_at_rest_close(again);

	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(seal_at_rest_open(path, NULL, &none, NULL), -EPERM);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 40), 0);
	assert_int_equal(seal_at_rest_open(path, NULL, &none, NULL),
		-EBADMSG);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(seal_at_rest_open(path, NULL, &none, NULL),
		-EBADMSG);
	assert_null(none);
}

static void another_key_opens_nothing(void **state)
{
	struct seal_at_rest *first = opened(NULL), *second;
	uint8_t *blob, *back;
	size_t blob_size, size;

	assert_int_equal(seal_at_rest_seal(first, "x", "secret", 6, &blob,
		&blob_size, NULL), 0);
	assert_int_equal(unlink(path), 0);
	second = opened(NULL);
	assert_string_not_equal(seal_at_rest_id(first),
		seal_at_rest_id(second));
	assert_int_equal(seal_at_rest_unseal(second, "x", blob, blob_size,
		&back, &size, NULL), -EBADMSG);
	free(blob);
	seal_at_rest_close(first);
	seal_at_rest_close(second);
}

static void passphrase_is_needed(void **state)
{
	struct seal_at_rest *seal = opened("correct horse"), *none = NULL;
	char text[4097] = "", id[17];
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_null(strstr(text, "\"key\""));
	assert_non_null(strstr(text, "scrypt"));
	strcpy(id, seal_at_rest_id(seal));
	assert_int_equal(seal_at_rest_open(path, "correct horsf", &none,
		NULL), -EACCES);
	assert_int_equal(seal_at_rest_open(path, NULL, &none, NULL),
		-EACCES);
	assert_int_equal(seal_at_rest_open(path, "", &none, NULL), -EINVAL);

	/* Another passphrase, then none; the key stays. */
	assert_int_equal(seal_at_rest_rewrap(seal, path, "other", NULL), 0);
	seal_at_rest_close(seal);
	assert_int_equal(seal_at_rest_open(path, "correct horse", &none,
		NULL), -EACCES);
	seal = opened("other");
	assert_string_equal(seal_at_rest_id(seal), id);
	assert_int_equal(seal_at_rest_rewrap(seal, path, NULL, NULL), 0);
	seal_at_rest_close(seal);
	assert_int_equal(seal_at_rest_open(path, "other", &none, NULL),
		-EACCES);
	seal = opened(NULL);
	assert_string_equal(seal_at_rest_id(seal), id);
	seal_at_rest_close(seal);
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(goes_round, fresh),
		cmocka_unit_test_setup(each_bit_counts, fresh),
		cmocka_unit_test_setup(file_is_private_and_stays, fresh),
		cmocka_unit_test_setup(another_key_opens_nothing, fresh),
		cmocka_unit_test_setup(passphrase_is_needed, fresh),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
