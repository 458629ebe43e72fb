/* SPDX-License-Identifier: MIT */
/* What must be refused: older stores, forged records, hosts that lie, enclaves
 * that are not the right ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/store.h"
#include "story/cluster.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "ledger/state"
#define PATIENCE 120000u
#define REFUSED 3 /* exit status of the client */
#define OLD "older ledger than was seen before"
#define FORKED "ledger of another history"
#define FORGED "not sealed by an enclave"

static struct cluster g;
static const char *g_liar;
static char said[4096];

#define asked(memory, command, status) \
	do { \
		int got = cluster_ask(&g, memory, command, said, \
			sizeof(said)); \
		if (got != (status)) \
			fail_msg("%s: status %d, %s", command, got, said); \
	} while (0)
#define says(text) \
	do { \
		if (!strstr(said, text)) \
			fail_msg("\"%s\" does not say \"%s\"", said, text); \
	} while (0)

/* Clients know these members only. */
static void know(unsigned members)
{
	size_t n = 0;

	for (unsigned i = 0; i < CLUSTER_MEMBERS; i++)
		if (members & 1u << i)
			n += (size_t)snprintf(g.members + n,
				sizeof(g.members) - n, "%s%u", n ? "," : "",
				g.member[i].port);
}

/* These serve, and clients know them. */
static void serve(unsigned members)
{
	for (unsigned i = 0; i < CLUSTER_MEMBERS; i++)
		if (members & 1u << i)
			g.member[i].held = false;
	assert_true(cluster_wait(&g, PATIENCE));
	know(members);
}

/* The same, by new enclaves that know nothing; the others are ended. */
static void serve_anew(unsigned members)
{
	cluster_hold_members(&g, true);
	serve(members);
}

/* Member 0 gets a host that lies; clients know it alone. */
static void lie(void)
{
	g.member[0].held = true;
	process_stop(&g.member[0].process, 10000);
	g.host = g_liar;
	serve(1);
	g.host = NULL;
}

static void shell(const char *format)
{
	char command[512];

	snprintf(command, sizeof(command), "cd %s && %s", g.world.folder,
		format);
	assert_int_equal(system(command), 0);
}

/* --- an older store ------------------------------------------------------- */

static void snapshot_to(const char *what)
{
	char command[256];

	cluster_stop_stores(&g);
	snprintf(command, sizeof(command), "mkdir %s && cp -a store-[012] %s",
		what, what);
	shell(command);
}

static void restore_from(const char *what)
{
	char command[256];

	cluster_stop_stores(&g);
	snprintf(command, sizeof(command), "rm -rf store-[012] && cp -a "
		"%s/store-[012] .", what);
	shell(command);
	assert_true(cluster_start_stores(&g));
}

static void an_older_store_is_refused(void **state)
{
	serve(7);
	asked("ann", "deposit 1 100", 0);
	snapshot_to("before");
	assert_true(cluster_start_stores(&g));
	asked("ann", "deposit 1 10", 0);
	asked("ann", "deposit 1 1", 0);
	snapshot_to("after");
	restore_from("before");
	asked("ann", "read 1", REFUSED);
	says(OLD);
	/* By the member that has seen more, whoever asks. */
	know(1);
	asked(NULL, "read 1", REFUSED);
	says(OLD);
	/* By new ones, because the client has seen more. */
	serve_anew(7);
	asked("ann", "read 1", REFUSED);
	says(OLD);
	/* Where nobody has, nobody can know; when it has grown again it is
	 * still not the one that the first client knows. */
	asked("bob", "deposit 1 1000", 0);
	says("balance 1100 ");
	for (int i = 0; i < 3; i++)
		asked("bob", "read 1", 0);
	asked("ann", "read 1", REFUSED);
	says(FORKED);
	/* The right store is taken by new members, and the clients of the
	 * other one are refused. */
	restore_from("after");
	asked("ann", "read 1", REFUSED);
	serve_anew(7);
	asked("ann", "read 1", 0);
	says("balance 111 ");
	asked("bob", "read 1", REFUSED);
	says(FORKED);
}

/* --- records that are not the enclaves' ----------------------------------- */

static void put(struct store *s, const uint8_t *old, size_t old_size,
	const uint8_t *record, size_t size)
{
	uint8_t expected[32], digest[32];

	SHA256(old, old_size, expected);
	SHA256(record, size, digest);
	assert_int_equal(store_put(s, NAME, expected, record, size, digest),
		0);
}

static void a_changed_record_is_refused(void **state)
{
	static uint8_t good[1u << 17], bad[1u << 17];
	struct store *s = store_open(g.stores);
	size_t size;

	serve(7);
	asked("eve", "deposit 5 50", 0);
	assert_non_null(s);
	assert_int_equal(store_get(s, NAME, good, sizeof(good), &size), 0);
	memcpy(bad, good, size);
	bad[size / 2] ^= 1;
	put(s, good, size, bad, size);
	asked("eve", "read 5", REFUSED);
	says(FORGED);
	serve_anew(2);
	asked("eve", "read 5", REFUSED);
	says(FORGED);
	put(s, bad, size, good, size);
	asked("eve", "read 5", 0);
	says("balance 50 ");
	store_close(s);
}

/* --- hosts that lie ------------------------------------------------------- */

static void a_host_that_keeps_a_copy_is_found_out(void **state)
{
	serve(2);
	asked("cat", "deposit 7 70", 0);
	lie();
	asked("dan", "deposit 7 1", 0); /* in the copy only */
	says("balance 71 ");
	know(2);
	asked("dan", "read 7", REFUSED);
	says(OLD);
	asked("cat", "read 7", 0);
	says("balance 70 ");
	asked("cat", "deposit 7 5", 0);
	asked("dan", "read 7", REFUSED);
	says(FORKED);
}

static void a_host_that_reads_what_was_is_found_out(void **state)
{
	serve(2);
	asked("fay", "deposit 8 80", 0);
	lie();
	asked("gus", "read 8", 0); /* it has its copy */
	know(2);
	asked("fay", "deposit 8 8", 0);
	asked("fay", "deposit 8 2", 0);
	know(1);
	asked("fay", "read 8", REFUSED);
	says(OLD);
	know(1 | 2);
	asked("fay", "read 8", 0);
	says("balance 90 ");
	know(2);
	asked("gus", "read 8", REFUSED);
	says(FORKED);
}

/* --- enclaves that are not the right ones --------------------------------- */

static void gets_no_key(const char *conf, const char *signer, bool debug,
	const char *word)
{
	char *argv[CLUSTER_ARGUMENTS], image[160];

	snprintf(image, sizeof(image), "%s/other.signed", g.world.folder);
	assert_true(cluster_sign(&g, conf, signer, image));
	cluster_member_arguments(&g, 2, image, debug, argv);
	assert_int_equal(process_run(argv, said, sizeof(said), NULL, NULL),
		1);
	says("not opened");
	says(word);
}

static void other_enclaves_get_no_key(void **state)
{
	g.member[2].held = true;
	process_stop(&g.member[2].process, 10000);
	gets_no_key("member.conf", g.other_signer, false,
		"x-ms-sgx-mrsigner");
	gets_no_key("old.conf", g.signer, false, "x-ms-sgx-svn");
	gets_no_key("debug.conf", g.signer, true, "x-ms-sgx-is-debuggable");
}

static void a_client_wants_its_own_enclaves(void **state)
{
	char signer[65];

	serve(2);
	asked(NULL, "--patience 1 --svn 3 read 1", 1);
	says("an older version of the enclave");
	memcpy(signer, g.mrsigner, sizeof(signer));
	g.mrsigner[7] ^= 1;
	asked(NULL, "--patience 1 read 1", 1);
	says("somebody else signed");
	memcpy(g.mrsigner, signer, sizeof(signer));
	asked(NULL, "read 1", 0);
}

static int begin(void **state)
{
	return cluster_open(&g) && cluster_start_stores(&g) &&
		cluster_make_machines(&g) ? 0 : -1;
}

static int end(void **state)
{
	return cluster_close(&g) ? -1 : 0;
}

/*  failover-refusals BIN IMAGE CONFIGS SIGNER OTHER-SIGNER LIAR */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_older_store_is_refused),
		cmocka_unit_test(a_changed_record_is_refused),
		cmocka_unit_test(a_host_that_keeps_a_copy_is_found_out),
		cmocka_unit_test(a_host_that_reads_what_was_is_found_out),
		cmocka_unit_test(other_enclaves_get_no_key),
		cmocka_unit_test(a_client_wants_its_own_enclaves),
	};

	if (argc != 7)
		return 2;
	g.bin = argv[1];
	g.image = argv[2];
	g.configs = argv[3];
	g.signer = argv[4];
	g.other_signer = argv[5];
	g_liar = argv[6];
	return cmocka_run_group_tests(tests, begin, end);
}
