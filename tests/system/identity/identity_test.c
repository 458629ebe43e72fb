/* SPDX-License-Identifier: MIT */
/*
 * Identity: processor, signer and `coffer measure` agree on who an enclave
 * is; a changed image is nobody; and what one machine seals, another cannot
 * open.
 */
#include "scene.h"
#include "support/image_file.h"

#include <ctype.h>
#include <elf.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct {
	const char *host, *enclave;
} images[] = {
	{ IDENT_HOST, IDENT_ENCLAVE },
	{ HOSTILE_HOST, HOSTILE_ENCLAVE },
	{ PRYING_HOST, PRYING_ENCLAVE },
};

/* The first run of exactly 64 hexadecimal digits behind a word in what a
 * program prints. */
static bool digits(const char *text, const char *behind, char out[65])
{
	text = strstr(text, behind);
	while (text && *text) {
		size_t n = 0;

		while (isxdigit((unsigned char)text[n]))
			n++;
		if (n == 64) {
			for (size_t i = 0; i < 64; i++)
				out[i] = (char)tolower((unsigned char)text[i]);
			out[64] = 0;
			return true;
		}
		text += n ? n : 1;
	}
	return false;
}

static void output(char *const argv[], char *text, size_t size)
{
	char line[4096];
	struct peer p;

	text[0] = 0;
	assert_int_equal(peer_start(&p, argv, (uid_t)-1, NULL, -1), 0);
	while (peer_hear(&p, line, sizeof(line), SCENE_WAIT))
		snprintf(text + strlen(text), size - strlen(text), "%s\n", line);
	assert_int_equal(peer_end(&p, SCENE_WAIT), 0);
}

static void test_agreement(void **state)
{
	struct scene *s = *state;
	char seen[3][65];

	for (size_t i = 0; i < 3; i++) {
		char *dump[] = { OESIGN, "dump", "-e", (char *)images[i].enclave,
			NULL };
		char *measure[] = { COFFER, "measure", (char *)images[i].enclave,
			NULL };
		char text[16384], who[256], enclave[65], signer[65], other[65];
		struct peer p;

		scene_host(s, &p, images[i].host, images[i].enclave);
		scene_ask(&p, "who", who, sizeof(who), "who");
		scene_host_end(&p);
		assert_int_equal(strlen(who), 129);
		assert_true(digits(who, "", enclave));
		assert_true(digits(who + 65, "", signer));

		output(dump, text, sizeof(text));
		assert_true(digits(text, "mrenclave=", other));
		assert_string_equal(other, enclave);
		assert_true(digits(text, "mrsigner=", other));
		assert_string_equal(other, signer);

		output(measure, text, sizeof(text));
		assert_true(digits(text, "", other));
		assert_string_equal(other, enclave);
		print_message("  %s: MRENCLAVE %s\n", images[i].enclave, enclave);

		strcpy(seen[i], enclave);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(seen[i], seen[k]);
	}
	scene_end(s);
}

/* ---- changed images ---- */

struct image {
	uint8_t *bytes;
	size_t size;
	uint64_t oeinfo, oeinfo_size;
	uint64_t free[16][2]; /* ranges that the loader writes itself */
	unsigned frees;
};

/* Where the loader writes before it measures: image_info in .oeinfo, and the
 * variables that it fills in by name. */
static void find_free(struct image *m)
{
	static const char *const names[] = { "_enclave_rva", "_reloc_rva",
		"_reloc_size", "_tdata_rva", "_tdata_size", "_tdata_align",
		"_tbss_size", "_tbss_align", "_td_from_tcs_offset",
		"_module_info" };
	uint64_t symbols, symbols_size, strings, strings_size;

	m->free[0][0] = m->oeinfo + 96;
	m->free[0][1] = m->oeinfo + IMAGE_FILE_SIGSTRUCT;
	m->frees = 1;
	assert_int_equal(image_file_section(m->bytes, m->size, ".dynsym", &symbols,
		&symbols_size), 0);
	assert_int_equal(image_file_section(m->bytes, m->size, ".dynstr", &strings,
		&strings_size), 0);
	for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= symbols_size;
		at += sizeof(Elf64_Sym)) {
		Elf64_Sym symbol;
		uint64_t offset, length, base;
		uint32_t rights;

		memcpy(&symbol, m->bytes + symbols + at, sizeof(symbol));
		if (symbol.st_name >= strings_size)
			continue;
		for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
			if (strcmp((char *)m->bytes + strings + symbol.st_name,
				names[n]))
				continue;
			for (unsigned i = 0; !image_file_segment_at(m->bytes,
				m->size, i, &offset, &length, &rights, &base); i++) {
				if (symbol.st_value < base ||
					symbol.st_value >= base + length)
					continue;
				m->free[m->frees][0] = offset + symbol.st_value - base;
				m->free[m->frees][1] = m->free[m->frees][0] +
					(symbol.st_size ? symbol.st_size : 8);
				m->frees++;
			}
		}
	}
}

static bool is_free(const struct image *m, uint64_t at)
{
	for (unsigned i = 0; i < m->frees; i++)
		if (at >= m->free[i][0] && at < m->free[i][1])
			return true;
	return false;
}

/* Loads the image with one bit changed.  True if it was refused, with a text
 * for people (in why), by a host that ended in good order. */
static bool refused(struct scene *s, struct image *m, uint64_t at, int bit,
	char *why, size_t size)
{
	char path[128], line[2048], result[64] = "";
	char *argv[] = { IDENT_HOST, path, NULL };
	struct peer p;
	int status;

	snprintf(path, sizeof(path), "%s/changed.signed", s->world.folder);
	m->bytes[at] ^= (uint8_t)(1 << bit);
	assert_int_equal(image_file_write(path, m->bytes, m->size), 0);
	m->bytes[at] ^= (uint8_t)(1 << bit);
	assert_int_equal(peer_start(&p, argv, (uid_t)-1, s->world.folder, -1), 0);
	peer_say(&p, "end");
	close(p.to);
	p.to = -1;
	why[0] = 0;
	/* The library's log goes to the standard output. */
	while (peer_hear(&p, line, sizeof(line), SCENE_WAIT)) {
		if (sscanf(line, "failed OE_%60s", result) == 1)
			continue;
		snprintf(why + strlen(why), size - strlen(why), "%s\n", line);
	}
	status = peer_end(&p, SCENE_WAIT);
	if (result[0] && strncmp(why, "loaded", 6) && strlen(why) > 20 &&
		WIFEXITED(status) && WEXITSTATUS(status) == 1)
		return true;
	print_message("  byte %llx bit %d: result %s, status %x, text \"%s\"\n",
		(unsigned long long)at, bit, result, status, why);
	return false;
}

static void test_changed_pages(void **state)
{
	struct scene *s = *state;
	unsigned tried = 0, wrong = 0, measured = 0;
	struct image m = { 0 };
	uint64_t offset, length;
	uint32_t rights;
	struct peer anchor;
	char why[4096];

	m.bytes = image_file_read(IDENT_ENCLAVE, &m.size);
	assert_non_null(m.bytes);
	assert_int_equal(image_file_section(m.bytes, m.size, ".oeinfo", &m.oeinfo,
		&m.oeinfo_size), 0);
	find_free(&m);
	/* Keeps the machine up. */
	scene_host(s, &anchor, IDENT_HOST, IDENT_ENCLAVE);
	for (unsigned i = 0; !image_file_segment(m.bytes, m.size, i, &offset, &length,
		&rights); i++) {
		for (uint64_t page = 0; page < length; page += 4096) {
			uint64_t left = length - page < 4096 ? length - page : 4096;

			for (int k = 0; k < 4; k++) {
				uint64_t at = offset + page + (uint64_t)rand() % left;

				if (is_free(&m, at))
					continue;
				tried++;
				wrong += !refused(s, &m, at, rand() % 8, why,
					sizeof(why));
				measured += strstr(why, "INVALID_MEASUREMENT") != NULL;
			}
		}
	}
	print_message("  %u single bits changed in %u-byte image, %u accepted; %u "
		"errors name the measurement; the last:\n  %s\n", tried,
		(unsigned)m.size, wrong, measured, why);
	assert_int_equal(wrong, 0);
	assert_true(tried > 50);
	/* Others fail earlier, for what they break in the ELF structure. */
	assert_true(measured > tried / 2);
	free(m.bytes);
	scene_host_end(&anchor);
	scene_end(s);
}

static void test_changed_signature(void **state)
{
	struct scene *s = *state;
	struct image m = { 0 };
	unsigned wrong = 0;
	struct peer anchor;
	char why[4096];

	m.bytes = image_file_read(IDENT_ENCLAVE, &m.size);
	assert_non_null(m.bytes);
	assert_int_equal(image_file_section(m.bytes, m.size, ".oeinfo", &m.oeinfo,
		&m.oeinfo_size), 0);
	scene_host(s, &anchor, IDENT_HOST, IDENT_ENCLAVE);
	/* The signature itself, then the whole SIGSTRUCT. */
	for (uint64_t i = 0; i < 384; i += 24)
		wrong += !refused(s, &m, m.oeinfo + IMAGE_FILE_SIGSTRUCT +
			IMAGE_FILE_SIGNATURE + i, rand() % 8, why, sizeof(why));
	print_message("  signature: %s\n", why);
	assert_non_null(strstr(why, "SIGNATURE"));
	for (uint64_t i = 0; i < IMAGE_FILE_SIGSTRUCT_SIZE; i += 29)
		wrong += !refused(s, &m, m.oeinfo + IMAGE_FILE_SIGSTRUCT + i,
			rand() % 8, why, sizeof(why));
	assert_int_equal(wrong, 0);
	free(m.bytes);
	scene_host_end(&anchor);
	scene_end(s);
}

/* ---- sealing ---- */

static int ask_number(struct peer *p, const char *word, const char *format,
	const char *path)
{
	char rest[64], command[512];

	snprintf(command, sizeof(command), format, path);
	scene_ask(p, word, rest, sizeof(rest), "%s", command);
	return atoi(rest);
}

static void test_seal(void **state)
{
	static const char *const seal[] = { "seal 1 %s", "seal 2 %s" };
	struct scene *s = *state;
	char file[2][128];
	struct peer p;

	scene_host(s, &p, IDENT_HOST, IDENT_ENCLAVE);
	for (int i = 0; i < 2; i++) {
		snprintf(file[i], sizeof(file[i]), "%s/sealed-%d", s->world.folder, i);
		assert_int_equal(ask_number(&p, "sealed", seal[i], file[i]), 0);
		assert_int_equal(ask_number(&p, "opened", "open %s", file[i]), 0);
	}
	scene_host_end(&p);

	/* The same machine, after all of its processes have ended. */
	assert_int_equal(world_wait_empty(WORLD_PATIENCE), 0);
	scene_host(s, &p, IDENT_HOST, IDENT_ENCLAVE);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ask_number(&p, "opened", "open %s", file[i]), 0);
	scene_host_end(&p);

	/* Another machine on the same computer. */
	setenv("COFFER_VM", "other", 1);
	scene_host(s, &p, IDENT_HOST, IDENT_ENCLAVE);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ask_number(&p, "opened", "open %s", file[i]), -2);
	assert_int_equal(ask_number(&p, "sealed", seal[1], file[1]), 0);
	assert_int_equal(ask_number(&p, "opened", "open %s", file[1]), 0);
	scene_host_end(&p);

	unsetenv("COFFER_VM");
	scene_host(s, &p, IDENT_HOST, IDENT_ENCLAVE);
	assert_int_equal(ask_number(&p, "opened", "open %s", file[0]), 0);
	assert_int_equal(ask_number(&p, "opened", "open %s", file[1]), -2);
	scene_host_end(&p);
	scene_end(s);
}

/* Another enclave of the same signer opens what was sealed for the signer,
 * and not what was sealed for the first enclave alone. */
static void test_seal_policies(void **state)
{
	struct scene *s = *state;
	char file[2][128];
	struct peer p;

	scene_host(s, &p, IDENT_HOST, IDENT_ENCLAVE);
	for (int i = 0; i < 2; i++) {
		snprintf(file[i], sizeof(file[i]), "%s/sealed-%d", s->world.folder, i);
		assert_int_equal(ask_number(&p, "sealed", i ? "seal 2 %s" :
			"seal 1 %s", file[i]), 0);
	}
	scene_host_end(&p);
	scene_host(s, &p, IDENT_HOST, IDENT_SISTER);
	assert_int_equal(ask_number(&p, "opened", "open %s", file[0]), -2);
	assert_int_equal(ask_number(&p, "opened", "open %s", file[1]), 0);
	scene_host_end(&p);
	scene_host(s, &p, IDENT_HOST, IDENT_STRANGER);
	assert_int_equal(ask_number(&p, "opened", "open %s", file[0]), 0);
	assert_int_equal(ask_number(&p, "opened", "open %s", file[1]), -2);
	scene_host_end(&p);
	scene_end(s);
}

/* An argument names the cases to run, with * and ?. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_agreement, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_changed_pages, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_changed_signature, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_seal, scene_setup,
			scene_teardown),
		cmocka_unit_test_setup_teardown(test_seal_policies, scene_setup,
			scene_teardown),
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	srand(20261121);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
