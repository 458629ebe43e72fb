/* SPDX-License-Identifier: MIT */
/* What coffer-serve stands on: configuration, records, certificates, rates. */
#include "service/config.h"
#include "service/db.h"
#include "service/rate.h"
#include "service/service.h"
#include "service/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char g_folder[64];

static int make_folder(void **state)
{
	strcpy(g_folder, "/tmp/coffer-unit-XXXXXX");
	return mkdtemp(g_folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", g_folder);
	return system(command);
}

static const char *in_folder(const char *name)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%s", g_folder, name);
	return path;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	FILE *file = fopen(in_folder(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(in_folder(name), mode);
}

/* --- configuration ------------------------------------------------------ */

static void test_config(void **state)
{
	struct config *config = config_new(), *again = config_new();
	struct why why = { "" };
	FILE *file;

	assert_int_equal(config_number(config, "port"), 8081);
	assert_false(config_yes(config, "http"));
	assert_string_equal(config_text(config, "listen"), "127.0.0.1");
	write_file("a.conf", "# a comment\n\n port = 99 \r\nhttp=yes\n"
		"tls_names = a.example, b.example", 0600);
	assert_int_equal(config_read(config, in_folder("a.conf"), &why), 0);
	assert_int_equal(config_number(config, "port"), 99);
	assert_true(config_yes(config, "http"));
	assert_string_equal(config_text(config, "tls_names"),
		"a.example, b.example");
	/* What is printed can be read. */
	file = fopen(in_folder("b.conf"), "w");
	config_print(config, file);
	fclose(file);
	assert_int_equal(config_read(again, in_folder("b.conf"), &why), 0);
	assert_int_equal(config_number(again, "port"), 99);
	assert_string_equal(config_text(again, "tls_names"),
		"a.example, b.example");
	assert_int_equal(config_read(again, in_folder("none"), &why),
		-ENOENT);
	config_free(again);
	config_free(config);
}

static void test_config_refusals(void **state)
{
	static const char *const bad[] = { "port=65536", "port=-1", "port=",
		"port=1x", "port= 1", "port=99999999999999999999", "http=true",
		"nothing=1", "port", "=1", "body_bytes_at_once=0" };
	struct config *config = config_new();
	char url[4 + 256 + 1] = "";
	struct why why = { "" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		why.text[0] = '\0';
		assert_int_equal(config_assign(config, bad[i], &why),
			-EINVAL);
		assert_true(why.text[0]);
	}
	assert_int_equal(config_number(config, "port"), 8081);
	/* An address that would be cut is none. */
	memset(url, 'a', sizeof(url) - 1);
	memcpy(url, "url=https://", 12);
	assert_int_equal(config_assign(config, url, &why), -EINVAL);
	url[4 + 255] = '\0';
	assert_int_equal(config_assign(config, url, &why), 0);
	write_file("c.conf", "port = 1\n\nlisten\n", 0600);
	assert_int_equal(config_read(config, in_folder("c.conf"), &why),
		-EINVAL);
	assert_non_null(strstr(why.text, "c.conf:3: "));
	config_free(config);
}

/* --- records ------------------------------------------------------------ */

static const char *const db_steps[] = {
	"CREATE TABLE t_thing (name TEXT PRIMARY KEY, size INTEGER, "
	"bytes BLOB) STRICT",
	"ALTER TABLE t_thing ADD COLUMN more TEXT",
};

static void test_db(void **state)
{
	struct why why = { "" };
	struct db_rows *rows;
	struct stat status;
	struct db *db;
	size_t size;

	assert_int_equal(db_open(&db, in_folder("x.db"), &why), 0);
	assert_int_equal(stat(in_folder("x.db"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(db_migrate(db, "t", db_steps, 1, &why), 0);
	assert_int_equal(db_run(db, "INSERT INTO t_thing VALUES (?, ?, ?)",
		"tib", "a", (int64_t)-7, "xyz", (size_t)3), 1);
	assert_int_equal(db_run(db, "INSERT INTO t_thing VALUES (?, ?, ?)",
		"tib", "a", (int64_t)1, NULL, (size_t)0), -EEXIST);
	assert_int_equal(db_run(db, "NONSENSE", ""), -EIO);
	db_close(db);
	/* Another time, another version. */
	assert_int_equal(db_open(&db, in_folder("x.db"), &why), 0);
	assert_int_equal(db_migrate(db, "t", db_steps, 2, &why), 0);
	rows = db_ask(db, "SELECT name, size, bytes, more FROM t_thing", "");
	assert_non_null(rows);
	assert_int_equal(db_next(rows), 1);
	assert_string_equal(db_text(rows, 0), "a");
	assert_int_equal(db_number(rows, 1), -7);
	assert_memory_equal(db_blob(rows, 2, &size), "xyz", 3);
	assert_int_equal(size, 3);
	assert_null(db_text(rows, 3));
	assert_int_equal(db_next(rows), 0);
	db_done(rows);
	assert_int_equal(db_migrate(db, "t", db_steps, 1, &why), -EPROTO);
	/* Not from a version that none is. */
	assert_int_equal(db_run(db, "UPDATE modules SET version = -1", ""),
		1);
	assert_int_equal(db_migrate(db, "t", db_steps, 2, &why), -EPROTO);
	db_close(db);
}

static void test_db_transactions(void **state)
{
	static const char *const broken[] = { "CREATE TABLE u_a (x)",
		"CREATE TABLE u_b (x); NONSENSE" };
	struct why why = { "" };
	struct db *db;

	assert_int_equal(db_open(&db, ":memory:", &why), 0);
	assert_int_equal(db_migrate(db, "t", db_steps, 2, &why), 0);
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(db_run(db, "INSERT INTO t_thing (name) VALUES ('x')",
		""), 1);
	db_rollback(db);
	assert_int_equal(db_run(db, "DELETE FROM t_thing", ""), 0);
	assert_int_equal(db_begin(db), 0);
	assert_int_equal(db_run(db, "INSERT INTO t_thing (name) VALUES ('x')",
		""), 1);
	assert_int_equal(db_commit(db), 0);
	assert_int_equal(db_run(db, "DELETE FROM t_thing", ""), 1);
	/* A step that fails leaves nothing of itself. */
	assert_int_equal(db_migrate(db, "u", broken, 2, &why), -EIO);
	assert_int_equal(db_run(db, "INSERT INTO u_b VALUES (1)", ""), -EIO);
	assert_int_equal(db_run(db, "INSERT INTO u_a VALUES (1)", ""), 1);
	db_close(db);
}

static void *add_rows(void *context)
{
	struct db *db = context;

	for (int i = 0; i < 200; i++) {
		if (db_begin(db))
			return "begin";
		if (db_run(db, "UPDATE t_thing SET size = size + 1", "") != 1)
			return "run";
		if (db_commit(db))
			return "commit";
	}
	return NULL;
}

static void test_db_threads(void **state)
{
	struct why why = { "" };
	pthread_t threads[4];
	struct db_rows *rows;
	struct db *db;
	void *bad;

	assert_int_equal(db_open(&db, ":memory:", &why), 0);
	assert_int_equal(db_migrate(db, "t", db_steps, 2, &why), 0);
	assert_int_equal(db_run(db, "INSERT INTO t_thing (name, size) VALUES "
		"('x', 0)", ""), 1);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_rows,
			db), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &bad);
		assert_null(bad);
	}
	rows = db_ask(db, "SELECT size FROM t_thing", "");
	assert_int_equal(db_next(rows), 1);
	assert_int_equal(db_number(rows, 0), 800);
	db_done(rows);
	db_close(db);
}

/* --- certificates and secrets ------------------------------------------- */

static X509 *certificate(const char *name, bool second)
{
	FILE *file = fopen(in_folder(name), "r");
	X509 *c;

	assert_non_null(file);
	c = PEM_read_X509(file, NULL, NULL, NULL);
	if (second) {
		X509_free(c);
		c = PEM_read_X509(file, NULL, NULL, NULL);
	}
	fclose(file);
	assert_non_null(c);
	return c;
}

static bool chain_ok(X509 *leaf, X509 *ca, int64_t now)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	bool ok;

	X509_STORE_add_cert(store, ca);
	X509_STORE_CTX_init(context, store, leaf, NULL);
	X509_STORE_CTX_set_time(context, 0, (time_t)now);
	X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
	ok = X509_verify_cert(context) == 1;
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	return ok;
}

static void test_tls(void **state)
{
	const int64_t now = 1800000000, day = 86400;
	struct why why = { "" };
	X509 *ca, *server, *other, *shown;
	char *key, *chain;

	assert_int_equal(tls_prepare(g_folder, "", now, &why), 0);
	ca = certificate("tls/ca.pem", false);
	server = certificate("tls/server.pem", false);
	shown = certificate("tls/server.pem", true);
	assert_int_equal(X509_cmp(ca, shown), 0);
	assert_true(chain_ok(server, ca, now));
	assert_true(chain_ok(server, ca, now + 396 * day));
	assert_false(chain_ok(server, ca, now + 398 * day));
	assert_int_equal(X509_check_host(server, "localhost", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(server, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_ip_asc(server, "::1", 0), 1);
	/* Kept, while it is good. */
	assert_int_equal(tls_prepare(g_folder, "", now + 300 * day, &why), 0);
	other = certificate("tls/server.pem", false);
	assert_int_equal(X509_cmp(server, other), 0);
	X509_free(other);
	/* Another name, or old age: a new one of the same CA. */
	assert_int_equal(tls_prepare(g_folder, "keys.example, 10.0.0.1",
		now, &why), 0);
	other = certificate("tls/server.pem", false);
	assert_int_not_equal(X509_cmp(server, other), 0);
	assert_true(chain_ok(other, ca, now));
	assert_int_equal(X509_check_host(other, "keys.example", 0, 0, NULL),
		1);
	assert_int_equal(X509_check_ip_asc(other, "10.0.0.1", 0), 1);
	X509_free(other);
	assert_int_equal(tls_prepare(g_folder, "", now + 390 * day, &why), 0);
	other = certificate("tls/server.pem", false);
	assert_true(chain_ok(other, ca, now + 500 * day));
	X509_free(other);
	assert_int_equal(tls_load(g_folder, &key, &chain, &why), 0);
	assert_non_null(strstr(key, "PRIVATE KEY"));
	OPENSSL_free(key);
	free(chain);
	assert_int_equal(tls_prepare(g_folder, "a;b", now, &why), -EINVAL);
	assert_int_equal(tls_prepare(g_folder, "a,DNS:b", now, &why),
		-EINVAL);
	/* A key that others can read is not used. */
	chmod(in_folder("tls/server.key"), 0644);
	assert_int_equal(tls_load(g_folder, &key, &chain, &why), -EPERM);
	assert_null(key);
	assert_null(chain);
	/* Nor is what was read of one when the rest is missing. */
	chmod(in_folder("tls/server.key"), 0600);
	assert_int_equal(unlink(in_folder("tls/server.pem")), 0);
	assert_int_equal(tls_load(g_folder, &key, &chain, &why), -EIO);
	assert_null(key);
	assert_null(chain);
	X509_free(ca);
	X509_free(server);
	X509_free(shown);
}

static void test_tokens(void **state)
{
	char first[SERVICE_TOKEN_CHARS + 1], again[SERVICE_TOKEN_CHARS + 1];
	struct why why = { "" };
	struct stat status;

	assert_int_equal(service_token(g_folder, "t", first, &why), 0);
	assert_int_equal(strlen(first), SERVICE_TOKEN_CHARS);
	assert_int_equal(stat(in_folder("t"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(service_token(g_folder, "t", again, &why), 0);
	assert_string_equal(first, again);
	assert_int_equal(service_token(g_folder, "u", again, &why), 0);
	assert_string_not_equal(first, again);
	chmod(in_folder("t"), 0640);
	assert_int_equal(service_token(g_folder, "t", again, &why), -EPERM);
	write_file("v", "short", 0600);
	assert_int_equal(service_token(g_folder, "v", again, &why), -EINVAL);
	assert_true(service_same("abc", "abc"));
	assert_false(service_same("abc", "abd"));
	assert_false(service_same("abc", "abcd"));
	assert_false(service_same("", "a"));
}

/* --- rates -------------------------------------------------------------- */

static unsigned allowed(struct rate *rate, const void *client, uint64_t ms,
	unsigned tries)
{
	unsigned count = 0;

	for (unsigned i = 0; i < tries; i++)
		count += rate_allow(rate, client, ms);
	return count;
}

static void test_rate(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr = { htonl(0x0a000001) } }, b = a, here = a;
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 }, neighbour;
	struct rate *rate = rate_new(10, false);

	b.sin_addr.s_addr = htonl(0x0a000002);
	here.sin_addr.s_addr = htonl(0x7f000001);
	six.sin6_addr.s6_addr[0] = 0x20;
	neighbour = six;
	neighbour.sin6_addr.s6_addr[15] = 9;
	assert_int_equal(allowed(rate, &a, 1000, 20), 10);
	assert_int_equal(allowed(rate, &b, 1000, 20), 10);
	assert_int_equal(allowed(rate, &a, 1500, 20), 5);
	assert_int_equal(allowed(rate, &a, 1400, 20), 0); /* clock went back */
	assert_int_equal(allowed(rate, &a, 100000, 20), 10);
	assert_int_equal(allowed(rate, &here, 1000, 20), 20);
	/* A /64 is one client. */
	assert_int_equal(allowed(rate, &six, 1000, 6), 6);
	assert_int_equal(allowed(rate, &neighbour, 1000, 6), 4);
	/* None has an IPv4 address's bucket: 10.0.0.9's, say. */
	memcpy(six.sin6_addr.s6_addr, "\x0a\0\0\x09\xff\xff\xff\xff", 8);
	a.sin_addr.s_addr = htonl(0x0a000009);
	assert_int_equal(allowed(rate, &six, 1000, 20), 10);
	assert_int_equal(allowed(rate, &a, 1000, 20), 10);
	rate_free(rate);
	rate = rate_new(10, true);
	assert_int_equal(allowed(rate, &here, 1000, 20), 10);
	rate_free(rate);
	rate = rate_new(0, true);
	assert_int_equal(allowed(rate, &a, 1000, 1000), 1000);
	rate_free(rate);
}

/* Many clients: none is locked out by the others. */
static void test_rate_many(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct rate *rate = rate_new(3, false);

	for (uint32_t i = 1; i < 50000; i++) {
		a.sin_addr.s_addr = htonl(0x0a000000 + i);
		assert_int_equal(allowed(rate, &a, 1000, 5), 3);
	}
	rate_free(rate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_config_refusals),
		cmocka_unit_test(test_db),
		cmocka_unit_test(test_db_transactions),
		cmocka_unit_test(test_db_threads),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_rate_many),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
