/* SPDX-License-Identifier: MIT */
/*
 * Code and data that are encrypted in the image: what the file shows, what
 * the enclave needs to run them, what a wrong key, a changed image and a
 * missing unlock end in, on machines with and without SGX2.
 */
#include <coffer/protected_code.h>
#include <openenclave/host.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "locked_u.h"
#include "support/world.h"

#define KEY COFFER_PROTECTED_KEY_SIZE
#define SECONDS 900

static const char *oesign, *plain, *signing_key, *conf;
static char folder[64];
static bool sgx2;
static uint8_t key[KEY];

/* --- files ---------------------------------------------------------------- */

static const char *in_folder(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static uint8_t *load(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rbe");
	struct stat st;
	uint8_t *data;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	*size = (size_t)st.st_size;
	data = malloc(*size);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *size, f), *size);
	fclose(f);
	return data;
}

static void store(const char *path, const void *data, size_t size)
{
	FILE *f = fopen(path, "wbe");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static bool has(const uint8_t *data, size_t size, const char *text)
{
	return memmem(data, size, text, strlen(text)) != NULL;
}

/* oesign with these arguments; its exit status. */
static int sign_tool(const char *first, ...)
{
	const char *argv[16] = { oesign, first };
	int status = -1;
	va_list ap;
	pid_t child;

	va_start(ap, first);
	for (size_t i = 2; i < 15; i++) {
		argv[i] = va_arg(ap, const char *);
		if (!argv[i])
			break;
	}
	va_end(ap);
	child = fork();
	if (!child) {
		int out = open(in_folder("said"), O_WRONLY | O_CREAT | O_TRUNC,
			0600);

		dup2(out, 1);
		dup2(out, 2);
		execv(oesign, (char **)argv);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool said(const char *text)
{
	size_t size;
	uint8_t *data = load(in_folder("said"), &size);
	bool found = has(data, size, text);

	free(data);
	return found;
}

static void sign(const char *image, const char *out)
{
	assert_int_equal(sign_tool("sign", "-e", image, "-c", conf, "-k",
		signing_key, "-o", out, NULL), 0);
}

/* --- enclaves ------------------------------------------------------------- */

static oe_enclave_t *create(const char *path)
{
	oe_enclave_t *made = NULL;

	alarm(SECONDS);
	assert_int_equal(oe_create_locked_enclave(path, OE_ENCLAVE_TYPE_AUTO,
		OE_ENCLAVE_FLAG_DEBUG, NULL, 0, &made), OE_OK);
	return made;
}

static void end(oe_enclave_t *enclave)
{
	oe_terminate_enclave(enclave);
	alarm(0);
}

static int unlock(oe_enclave_t *enclave, const uint8_t *with, size_t size)
{
	int result = -1;

	assert_int_equal(lk_unlock(enclave, &result, with, size), OE_OK);
	return result;
}

static int expected(int x)
{
	int sum = 0;

	for (int i = 1; i <= x; i++)
		sum += i * i ^ 0x5a5a;
	return sum;
}

static void check_works(oe_enclave_t *enclave)
{
	char text[64];
	int result = 0;

	assert_int_equal(lk_secret(enclave, &result, 100), OE_OK);
	assert_int_equal(result, expected(100));
	assert_int_equal(lk_words(enclave, text, 0), OE_OK);
	assert_string_equal(text, "the marker of what is hidden");
	assert_int_equal(lk_words(enclave, text, 1), OE_OK);
	assert_string_equal(text, "another one, by a pointer");
}

static void check_alive(oe_enclave_t *enclave)
{
	int result = 0;

	assert_int_equal(lk_clear(enclave, &result, 41), OE_OK);
	assert_int_equal(result, 42);
}

/* --- cases ---------------------------------------------------------------- */

static void a_plain_image(void **state)
{
	oe_enclave_t *enclave;
	int writable = -1;

	(void)state;
	sign(plain, in_folder("plain.signed"));
	enclave = create(in_folder("plain.signed"));
	check_works(enclave);
	assert_int_equal(unlock(enclave, key, KEY), OE_NOT_FOUND);
	assert_int_equal(lk_write(enclave, &writable), OE_OK);
	assert_int_equal(writable, 0);
	end(enclave);
}

static void what_the_file_shows(void **state)
{
	size_t before_size, after_size;
	uint8_t *before = load(plain, &before_size);
	uint8_t *after = load(in_folder("locked"), &after_size);
	const char *hidden[] = { "the marker of what is hidden",
		"another one, by a pointer", "secret_rule" };

	(void)state;
	assert_int_equal(before_size, after_size);
	for (size_t i = 0; i < 3; i++) {
		assert_true(has(before, before_size, hidden[i]));
		assert_false(has(after, after_size, hidden[i]));
	}
	assert_null(memmem(after, after_size, key, KEY));
	free(before);
	free(after);
}

static void the_right_key(void **state)
{
	oe_enclave_t *enclave = create(in_folder("locked.signed"));
	int writable = -1;

	(void)state;
	check_alive(enclave);
	assert_int_equal(unlock(enclave, key, KEY), OE_OK);
	check_works(enclave);
	assert_int_equal(unlock(enclave, key, KEY), OE_OK);
	check_works(enclave);
	assert_int_equal(lk_write(enclave, &writable), OE_OK);
	assert_int_equal(writable, !sgx2);
	check_works(enclave);
	end(enclave);
}

static void wrong_keys(void **state)
{
	oe_enclave_t *enclave = create(in_folder("locked.signed"));
	uint8_t wrong[KEY + 1] = { 0 };

	(void)state;
	for (unsigned bit = 0; bit < 8 * KEY; bit += 7) {
		memcpy(wrong, key, KEY);
		wrong[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(unlock(enclave, wrong, KEY),
			OE_VERIFY_FAILED);
	}
	memcpy(wrong, key, KEY);
	assert_int_equal(unlock(enclave, wrong, KEY + 1),
		OE_INVALID_PARAMETER);
	assert_int_equal(unlock(enclave, wrong, 0), OE_INVALID_PARAMETER);
	assert_int_equal(unlock(enclave, key, KEY), OE_OK);
	check_works(enclave);
	assert_int_equal(unlock(enclave, wrong + 1, KEY), OE_VERIFY_FAILED);
	check_works(enclave);
	end(enclave);
}

/* Its bytes are no instructions: the enclave ends, or what it computes is not
 * what the code would have; never is it the right result. */
static void called_while_locked(void **state)
{
	oe_enclave_t *enclave = create(in_folder("locked.signed"));
	int result = 0;

	(void)state;
	if (lk_secret(enclave, &result, 100) == OE_OK)
		assert_int_not_equal(result, expected(100));
	end(enclave);
}

static void changed_before_it_was_signed(void **state)
{
	size_t size, at = 0;
	uint8_t *image = load(in_folder("locked"), &size);
	struct coffer_protected_table table = { 0 };
	oe_enclave_t *enclave;

	(void)state;
	/* The table is found by its size and version. */
	for (; at + sizeof(table) <= size; at += 8) {
		memcpy(&table, image + at, sizeof(table));
		if (table.size == sizeof(table) && table.version == 1
				&& table.count && table.count <= 8)
			break;
	}
	assert_true(at + sizeof(table) <= size);
	assert_int_equal(table.count, 2);
	for (uint32_t i = 0; i < table.count; i++) {
		table.range[i].tag[3] ^= 0x10;
		memcpy(image + at, &table, sizeof(table));
		store(in_folder("changed"), image, size);
		sign(in_folder("changed"), in_folder("changed.signed"));
		enclave = create(in_folder("changed.signed"));
		assert_int_equal(unlock(enclave, key, KEY), OE_VERIFY_FAILED);
		/* And stays so. */
		assert_int_equal(unlock(enclave, key, KEY), OE_VERIFY_FAILED);
		check_alive(enclave);
		end(enclave);
		table.range[i].tag[3] ^= 0x10;
	}
	free(image);
}

static void what_the_tool_refuses(void **state)
{
	char out[128];
	struct stat st;

	(void)state;
	snprintf(out, sizeof(out), "%s", in_folder("out"));
	unlink(out);
	assert_int_equal(sign_tool("protect", "-e", plain, "-o", out, NULL),
		1);
	assert_int_equal(sign_tool("protect", "-e", plain, "-k",
		in_folder("nowhere"), "-o", out, NULL), 1);
	store(in_folder("short"), key, KEY - 1);
	assert_int_equal(sign_tool("protect", "-e", plain, "-k",
		in_folder("short"), "-o", out, NULL), 1);
	assert_true(said("32 bytes"));
	/* Never over a key. */
	assert_int_equal(sign_tool("protect", "-e", plain, "-K",
		in_folder("key"), "-o", out, NULL), 1);
	assert_int_equal(sign_tool("protect", "-e", in_folder("locked"), "-k",
		in_folder("key"), "-o", out, NULL), 1);
	assert_true(said("protected already"));
	assert_int_equal(sign_tool("protect", "-e", in_folder("plain.signed"),
		"-k", in_folder("key"), "-o", out, NULL), 1);
	assert_true(said("is signed"));
	assert_int_equal(sign_tool("protect", "-e", plain, "-k",
		in_folder("key"), "-s", ".nothing", "-o", out, NULL), 1);
	assert_true(said("nothing to encrypt"));
	for (size_t i = 0; i < 4; i++) {
		static const char *const needed[] = { ".text", ".data",
			".dynsym", ".oeinfo" };

		assert_int_equal(sign_tool("protect", "-e", plain, "-k",
			in_folder("key"), "-s", needed[i], "-o", out, NULL), 1);
		assert_true(said("cannot be encrypted"));
	}
	assert_int_equal(stat(out, &st), -1);
	/* A new key is a file of its own, closed to others. */
	assert_int_equal(sign_tool("protect", "-e", plain, "-K",
		in_folder("new"), "-o", out, NULL), 0);
	assert_int_equal(stat(in_folder("new"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, KEY);
}

/* --- machines ------------------------------------------------------------- */

static int prepare(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KEY; i++)
		key[i] = (uint8_t)(i * 29 + 7);
	store(in_folder("key"), key, KEY);
	return sign_tool("protect", "-e", plain, "-k", in_folder("key"), "-o",
			in_folder("locked"), NULL)
		|| sign_tool("sign", "-e", in_folder("locked"), "-c", conf,
			"-k", signing_key, "-o", in_folder("locked.signed"),
			NULL);
}

static int run_all(struct world *world)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_image),
		cmocka_unit_test(what_the_file_shows),
		cmocka_unit_test(the_right_key),
		cmocka_unit_test(wrong_keys),
		cmocka_unit_test(called_while_locked),
		cmocka_unit_test(changed_before_it_was_signed),
		cmocka_unit_test(what_the_tool_refuses),
	};

	snprintf(folder, sizeof(folder), "%s", world->folder);
	return cmocka_run_group_tests_name(sgx2 ? "protected code, SGX2"
		: "protected code, SGX1", tests, prepare, NULL);
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	oesign = argv[1];
	plain = argv[2];
	signing_key = argv[3];
	conf = argv[4];
	if (world_run("size=Standard_DC1s_v2\n", run_all))
		return 1;
	sgx2 = true;
	return world_run("size=Standard_DC1s_v3\n", run_all);
}
