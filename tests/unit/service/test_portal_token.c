/* SPDX-License-Identifier: MIT */
/* The file of tokens: what is read from it, and what is none. */
#include "service/portal_token.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 1500

static char folder[64];
static uint64_t state_of_chance = 20261122;

static uint32_t chance(void)
{
	state_of_chance = state_of_chance * UINT64_C(6364136223846793005) + 1;
	return (uint32_t)(state_of_chance >> 33);
}

static int begin(void **state)
{
	strcpy(folder, "/tmp/coffer-token-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int drop(const char *path, const struct stat *status, int type,
	struct FTW *place)
{
	return remove(path);
}

static int end(void **state)
{
	return nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static void put(const void *bytes, size_t size)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/tokens", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static int get(struct portal_token_pair *pair)
{
	struct why why = { "" };
	int r = portal_token_read(folder, pair, &why);

	assert_true(!r || *why.text);
	return r;
}

/* The file's own form, of what was read from it. */
static size_t form(const struct portal_token_pair *pair, char *text,
	bool swapped)
{
	return (size_t)(swapped ? sprintf(text, "read-only %s\nread-write %s\n",
		pair->read, pair->write) : sprintf(text,
		"read-write %s\nread-only %s\n", pair->write, pair->read));
}

static void test_it_is_made_once(void **state)
{
	struct portal_token_pair first, again;

	assert_int_equal(get(&first), 0);
	assert_int_equal(strlen(first.write), SERVICE_TOKEN_CHARS);
	assert_int_equal(strlen(first.read), SERVICE_TOKEN_CHARS);
	assert_string_not_equal(first.write, first.read);
	assert_int_equal(get(&again), 0);
	assert_memory_equal(&first, &again, sizeof(first));
}

/* In either order, with or without the last line's end, and no otherwise. */
static void test_what_it_may_look_like(void **state)
{
	struct portal_token_pair pair, read;
	char good[256], text[600];
	size_t size;

	assert_int_equal(get(&pair), 0);
	size = form(&pair, good, true);
	put(good, size);
	assert_int_equal(get(&read), 0);
	assert_memory_equal(&read, &pair, sizeof(pair));
	size = form(&pair, good, false);
	put(good, size - 1);
	assert_int_equal(get(&read), 0);
	assert_memory_equal(&read, &pair, sizeof(pair));

	put(good, size + 1); /* with its NUL */
	assert_int_equal(get(&read), -EINVAL);
	for (size_t cut = 0; cut < size - 1; cut++) {
		put(good, cut);
		assert_int_equal(get(&read), -EINVAL);
	}
	static const char *const more[] = { "\n", " ", "x", "#\n",
		"read-only", "read-write ", "other x\n" };
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		put(text, (size_t)sprintf(text, "%s%s", good, more[i]));
		assert_int_equal(get(&read), -EINVAL);
		put(text, (size_t)sprintf(text, "%s%s", more[i], good));
		assert_int_equal(get(&read), -EINVAL);
	}
	put(text, (size_t)sprintf(text, "%s%s", good, good));
	assert_int_equal(get(&read), -EINVAL);
	/* Nothing is left of what was not good. */
	for (size_t i = 0; i < sizeof(read); i++)
		assert_int_equal(((const char *)&read)[i], 0);
}

/* Changed at random it is none, or says exactly what was read. */
static void test_noise(void **state)
{
	struct portal_token_pair pair, read;
	char good[256], bytes[600], back[256], other[256];
	size_t size, taken = 0;

	assert_int_equal(get(&pair), 0);
	size = form(&pair, good, false);
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t now = size;

		memcpy(bytes, good, size);
		if (round % 8 == 0)
			for (now = chance() % sizeof(bytes); round && now >
					size; now--)
				bytes[now - 1] = (char)chance();
		if (now > size)
			memset(bytes + size, '\n', now - size);
		for (unsigned flips = chance() % 3; now && flips; flips--)
			bytes[chance() % now] = round % 2 ? (char)chance() :
				"\n -_readwitonly0"[chance() % 16];
		put(bytes, now);
		if (get(&read))
			continue;
		taken++;
		form(&read, back, false);
		form(&read, other, true);
		if (now && bytes[now - 1] != '\n')
			bytes[now++] = '\n';
		if (now != strlen(back) || (memcmp(bytes, back, now) &&
				memcmp(bytes, other, now)))
			fail_msg("%.*s", (int)now, bytes);
	}
	assert_in_range(taken, 1, ROUNDS - 1);
}

static void test_renewing(void **state)
{
	struct portal_token_pair pair, fresh, read;
	struct why why = { "" };

	assert_int_equal(get(&pair), 0);
	assert_int_equal(portal_token_renew(folder, true, false, &fresh,
		&why), 0);
	assert_string_not_equal(fresh.write, pair.write);
	assert_string_equal(fresh.read, pair.read);
	assert_int_equal(get(&read), 0);
	assert_memory_equal(&read, &fresh, sizeof(read));
	/* A broken file is not made good by the way. */
	put("x", 1);
	assert_int_equal(portal_token_renew(folder, true, true, &fresh,
		&why), -EINVAL);
	assert_int_equal(get(&read), -EINVAL);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_it_is_made_once),
		EACH(test_what_it_may_look_like),
		EACH(test_noise),
		EACH(test_renewing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
