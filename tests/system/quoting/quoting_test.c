/* SPDX-License-Identifier: MIT */
/*
 * Quotes of a machine, from an application's REPORT to the verdict; machines
 * that verifiers must not like; and applications that do not behave.
 */
#include "scene.h"

#include "attest/quote.h"
#include "pki/architectural.h"
#include "pki/manufacture.h"
#include "pki/tcb.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

struct text {
	char line[512];
};

static void path_in(struct scene *s, struct text *path, const char *name)
{
	snprintf(path->line, sizeof(path->line), "%s/%s", s->world.folder,
		name);
}

/* A quote in a file; its size. */
static size_t take_quote(struct scene *s, struct peer *p, const char *name)
{
	struct text path, rest;
	size_t size = 0;
	int r = -1;

	path_in(s, &path, name);
	scene_ask(p, "quote", rest.line, sizeof(rest.line), "quote %s",
		path.line);
	if (sscanf(rest.line, "%d %zu", &r, &size) != 2 || r)
		fail_msg("no quote: %s", rest.line);
	return size;
}

static void expect_verdict(struct scene *s, struct peer *p, const char *name,
	const char *verdict)
{
	struct text path, rest, wanted;

	path_in(s, &path, name);
	snprintf(wanted.line, sizeof(wanted.line), "%s software ", verdict);
	scene_ask(p, "verdict", rest.line, sizeof(rest.line), "verify %s",
		path.line);
	if (strncmp(rest.line, wanted.line, strlen(wanted.line)))
		fail_msg("wanted %s: %s", verdict, rest.line);
}

static void read_file(struct scene *s, const char *name, uint8_t *bytes,
	size_t size)
{
	struct text path;
	FILE *in;

	path_in(s, &path, name);
	in = fopen(path.line, "rb");
	assert_non_null(in);
	assert_int_equal(fread(bytes, 1, size, in), size);
	fclose(in);
}

static void expect(struct peer *p, const char *line, int result)
{
	struct text word, rest;

	snprintf(word.line, sizeof(word.line), "%s", line);
	word.line[strcspn(word.line, " ")] = '\0';
	scene_ask(p, word.line, rest.line, sizeof(rest.line), "%s", line);
	if (atoi(rest.line) != result)
		fail_msg("%s: %s", line, rest.line);
}

static struct scene *begin(void **state, struct peer *p)
{
	struct scene *s = *state;

	scene_host(s, p, QUOTED_HOST, QUOTED_ENCLAVE);
	return s;
}

/* ---- good machines ---- */

static void quote_is_verified(void **state)
{
	uint8_t bytes[8192];
	struct attest_quote quote;
	struct pki_machine machine;
	struct pki *pki;
	struct peer p;
	struct scene *s = begin(state, &p);
	size_t size = take_quote(s, &p, "q");

	expect_verdict(s, &p, "q", "OK");
	read_file(s, "q", bytes, size);
	assert_int_equal(attest_quote_parse(bytes, size, &quote, NULL), 0);
	assert_int_equal(quote.size, size);
	assert_int_equal(quote.header.version, 3);
	assert_int_equal(quote.cert_type, ATTEST_CERT_PCK_CHAIN);
	assert_int_equal(quote.cert[quote.cert_size - 1], 0);
	assert_int_equal(quote.auth_size, 32);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(quote.auth[i], i);
	assert_int_equal(quote.qe_report.attributes.flags, 0x15);
	assert_int_equal(quote.body.isv_prod_id, 7);
	assert_int_equal(quote.body.isv_svn, 3);
	/* The registry of machines knows it by the same QE_ID. */
	assert_int_equal(pki_open(s->world.state, &pki, NULL), 0);
	assert_int_equal(pki_machine_find(pki, quote.header.user_data, &machine,
		NULL), 0);
	assert_string_equal(machine.name, "default");
	pki_close(pki);
	scene_host_end(&p);
	scene_end(s);
}

static void every_changed_byte_is_found(void **state)
{
	static const size_t places[] = { 0, 2, 8, 10, 12, 28, 48, 112, 176,
		306, 368, 436, 470, 500, 540, 564, 700, 884, 948, 990, 1014 };
	uint8_t bytes[8192];
	struct text path, rest;
	struct peer p;
	struct scene *s = begin(state, &p);
	size_t size = take_quote(s, &p, "q");

	read_file(s, "q", bytes, size);
	path_in(s, &path, "changed");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		FILE *out = fopen(path.line, "wb");

		bytes[places[i]] ^= 0x10;
		assert_int_equal(fwrite(bytes, 1, size, out), size);
		fclose(out);
		bytes[places[i]] ^= 0x10;
		scene_ask(&p, "verdict", rest.line, sizeof(rest.line),
			"verify %s", path.line);
		if (!strncmp(rest.line, "OK", 2))
			fail_msg("byte %zu may be changed", places[i]);
	}
	scene_host_end(&p);
	scene_end(s);
}

/* Nothing is stored, so a second life must have the same keys. */
static void killed_service_comes_back_the_same(void **state)
{
	uint8_t before[8192], after[8192];
	struct peer p;
	struct scene *s = begin(state, &p);
	size_t size = take_quote(s, &p, "q");
	pid_t first = scene_pid("coffer-quoting");

	read_file(s, "q", before, size);
	kill(first, SIGKILL);
	assert_true(scene_gone(first, SCENE_WAIT) >= 0);
	assert_int_equal(take_quote(s, &p, "q"), size);
	assert_int_not_equal(scene_pid("coffer-quoting"), first);
	read_file(s, "q", after, size);
	assert_memory_equal(before + 500, after + 500, 64); /* key */
	assert_memory_equal(before + 28, after + 28, 20); /* QE_ID */
	expect_verdict(s, &p, "q", "OK");
	scene_host_end(&p);
	scene_end(s);
}

static void many_threads_get_quotes(void **state)
{
	struct peer p;
	struct scene *s = begin(state, &p);

	expect(&p, "many 8 50", 400);
	scene_host_end(&p);
	scene_end(s);
}

/* Its own connection to cofferd does not keep a machine running. */
static void idle_machine_ends(void **state)
{
	struct peer p;
	struct scene *s = begin(state, &p);
	pid_t pid;

	take_quote(s, &p, "q");
	pid = scene_pid("coffer-quoting");
	scene_host_end(&p);
	assert_true(scene_gone(pid, SCENE_WAIT) >= 0);
	assert_int_equal(world_wait_empty(SCENE_WAIT), 0);
	scene_end(s);
}

/* ---- machines that are not up to date ---- */

static void have_status(struct scene *s, enum pki_tcb_status status)
{
	uint8_t cpusvn[16];
	struct why why = { "" };
	struct pki *pki;

	pki_tcb_cpusvn(status, cpusvn);
	assert_int_equal(pki_open(s->world.state, &pki, NULL), 0);
	if (pki_tcb_set(pki, "default", cpusvn, ARCH_PCE_SVN, &why))
		fail_msg("%s", why.text);
	pki_close(pki);
}

static void each_status_is_seen(void **state)
{
	static const struct {
		enum pki_tcb_status status;
		const char *verdict;
	} table[] = {
		{ PKI_TCB_SW_HARDENING_NEEDED, "TCB_SW_HARDENING_NEEDED" },
		{ PKI_TCB_CONFIGURATION_NEEDED, "TCB_CONFIGURATION_NEEDED" },
		{ PKI_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
			"TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED" },
		{ PKI_TCB_OUT_OF_DATE, "TCB_OUT_OF_DATE" },
		{ PKI_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
			"TCB_OUT_OF_DATE_CONFIGURATION_NEEDED" },
		{ PKI_TCB_NONE, "TCB_NOT_SUPPORTED" },
		{ PKI_TCB_REVOKED, "TCB_REVOKED" },
		{ PKI_TCB_UP_TO_DATE, "OK" },
	};
	struct peer p;
	struct scene *s = begin(state, &p);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		scene_host_end(&p);
		assert_int_equal(world_wait_empty(SCENE_WAIT), 0);
		have_status(s, table[i].status);
		scene_host(s, &p, QUOTED_HOST, QUOTED_ENCLAVE);
		take_quote(s, &p, "q");
		expect_verdict(s, &p, "q", table[i].verdict);
	}
	scene_host_end(&p);
	scene_end(s);
}

static void revoked_machine_quotes_and_is_refused(void **state)
{
	struct why why = { "" };
	unsigned count = 0;
	struct pki *pki;
	struct peer p;
	struct scene *s = begin(state, &p);

	take_quote(s, &p, "q");
	expect_verdict(s, &p, "q", "OK");
	assert_int_equal(pki_open(s->world.state, &pki, NULL), 0);
	if (pki_revoke(pki, "default", &count, &why))
		fail_msg("%s", why.text);
	assert_true(count > 0);
	pki_close(pki);
	take_quote(s, &p, "q");
	expect_verdict(s, &p, "q", "PCK_REVOKED");
	scene_host_end(&p);
	scene_end(s);
}

/* ---- what is missing or damaged ---- */

static void damaged_image_is_explained(void **state)
{
	struct text path, rest;
	struct peer p;
	struct scene *s = begin(state, &p);

	/* Where its image is to be written stands something else. */
	path_in(s, &path, "state/vm/default/qe.signed");
	assert_int_equal(mkdir(path.line, 0700), 0);
	path_in(s, &path, "q");
	scene_ask(&p, "quote", rest.line, sizeof(rest.line), "quote %s",
		path.line);
	assert_int_equal(atoi(rest.line), -ENODEV);
	assert_non_null(strstr(rest.line, "qe.signed"));
	assert_non_null(strstr(rest.line, "does not start"));
	/* Put right, it works with the next request that starts it. */
	path_in(s, &path, "state/vm/default/qe.signed");
	assert_int_equal(remove(path.line), 0);
	world_nap(2000);
	take_quote(s, &p, "q");
	expect_verdict(s, &p, "q", "OK");
	scene_host_end(&p);
	scene_end(s);
}

/* A machine with other fuses than those that were certified. */
static void certificate_of_another_key_is_noticed(void **state)
{
	struct text path, rest;
	struct peer p;
	struct scene *s = begin(state, &p);
	FILE *fuses;
	int byte;

	take_quote(s, &p, "q");
	scene_host_end(&p);
	assert_int_equal(world_wait_empty(SCENE_WAIT), 0);
	path_in(s, &path, "state/vm/default/fuses");
	fuses = fopen(path.line, "r+b");
	assert_non_null(fuses);
	byte = fgetc(fuses);
	rewind(fuses);
	fputc(byte ^ 1, fuses);
	assert_int_equal(fclose(fuses), 0);
	scene_host(s, &p, QUOTED_HOST, QUOTED_ENCLAVE);
	path_in(s, &path, "q");
	scene_ask(&p, "quote", rest.line, sizeof(rest.line), "quote %s",
		path.line);
	assert_int_equal(atoi(rest.line), -ENODEV);
	assert_non_null(strstr(rest.line, "fuses"));
	scene_host_end(&p);
	scene_end(s);
}

/* ---- applications that do not behave ---- */

static void only_reports_for_the_quoting_enclave(void **state)
{
	struct text line;
	struct peer p;
	struct scene *s = begin(state, &p);

	/* Body, KEYID, MAC. */
	for (unsigned bit = 3; bit < 432 * 8; bit += 177) {
		snprintf(line.line, sizeof(line.line), "flip %u", bit);
		expect(&p, line.line, -EBADMSG);
	}
	expect(&p, "elsewhere", -EBADMSG);
	take_quote(s, &p, "q");
	scene_host_end(&p);
	scene_end(s);
}

/* raw COMMAND TAG SIZE PAYLOAD, where SIZE is what the header says. */
static void nonsense_is_refused(void **state)
{
	static const char *const wrong[] = { "raw 0 1 16 0", "raw 99 1 16 0",
		"raw 1 1 17 1", "raw 1 1 448 432", "raw 2 1 16 0",
		"raw 2 1 447 431", "raw 2 1 449 433", "raw 3 1 23 7" };
	static const char *const rude[] = { "raw 1 0 16 0", "raw 1 1 15 0",
		"raw 1 1 4294967295 0", "raw 2 1 16 432", "raw 2 1 448 0",
		"raw 1 1 4096 4080", "raw 2 1 8000 7984" };
	struct text rest;
	struct peer p;
	struct scene *s = begin(state, &p);
	pid_t pid;

	take_quote(s, &p, "q");
	pid = scene_pid("coffer-quoting");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		expect(&p, wrong[i], -EINVAL);
	/* A REPORT of zeroes, collateral of a CPU that is not there. */
	expect(&p, "raw 2 1 448 432", -EBADMSG);
	expect(&p, "raw 3 1 24 8", -EINVAL);
	for (size_t i = 0; i < sizeof(rude) / sizeof(rude[0]); i++) {
		scene_ask(&p, "raw", rest.line, sizeof(rest.line), "%s",
			rude[i]);
		assert_string_equal(rest.line, "closed");
	}
	take_quote(s, &p, "q");
	assert_int_equal(scene_pid("coffer-quoting"), pid);
	scene_host_end(&p);
	scene_end(s);
}

static void one_process_cannot_take_all_places(void **state)
{
	struct text rest;
	struct peer p, other;
	struct scene *s = begin(state, &p);

	scene_host(s, &other, QUOTED_HOST, QUOTED_ENCLAVE);
	take_quote(s, &p, "q");
	/* One of the eight is the quote's. */
	scene_ask(&p, "flood", rest.line, sizeof(rest.line), "flood 40");
	assert_string_equal(rest.line, "7 33 0");
	take_quote(s, &other, "q");
	take_quote(s, &p, "q");
	scene_host_end(&other);
	scene_host_end(&p);
	scene_end(s);
}

static void who_does_not_listen_holds_nobody_up(void **state)
{
	struct text rest;
	struct peer p;
	struct scene *s = begin(state, &p);

	scene_ask(&p, "deaf", rest.line, sizeof(rest.line), "deaf");
	assert_memory_equal(rest.line, "0 1", 3);
	scene_host_end(&p);
	scene_end(s);
}

static void architectural_enclaves_trust_no_host(void **state)
{
	struct text rest;
	struct peer p;
	struct scene *s = begin(state, &p);

	take_quote(s, &p, "q");
	scene_ask(&p, "abuse", rest.line, sizeof(rest.line), "abuse");
	assert_string_equal(rest.line, "nothing");
	scene_host_end(&p);
	scene_end(s);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(quote_is_verified),
		CASE(every_changed_byte_is_found),
		CASE(killed_service_comes_back_the_same),
		CASE(many_threads_get_quotes),
		CASE(idle_machine_ends),
		CASE(each_status_is_seen),
		CASE(revoked_machine_quotes_and_is_refused),
		CASE(damaged_image_is_explained),
		CASE(certificate_of_another_key_is_noticed),
		CASE(only_reports_for_the_quoting_enclave),
		CASE(nonsense_is_refused),
		CASE(one_process_cannot_take_all_places),
		CASE(who_does_not_listen_holds_nobody_up),
		CASE(architectural_enclaves_trust_no_host),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
