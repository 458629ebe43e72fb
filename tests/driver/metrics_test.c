/* SPDX-License-Identifier: MIT */
/*
 * The numbers for who scrapes them, as curl gets them.
 */
#include "client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char g_page[1 << 20];

static const char *socket_path(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/default/metrics.sock",
		g_world.runtime);
	return path;
}

/* Runs curl with more arguments; what it prints is in g_page.  Its status. */
static int curl(const char *arguments)
{
	char line[512];
	size_t n;
	FILE *f;
	int status;

	snprintf(line, sizeof(line), "curl -sS --max-time 100 --unix-socket %s "
		"%s 2>&1", socket_path(), arguments);
	f = popen(line, "r");
	assert_non_null(f);
	n = fread(g_page, 1, sizeof(g_page) - 1, f);
	g_page[n] = '\0';
	status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The page as the checker sees it, in g_page. */
static void checked_page(void)
{
	char line[512], path[96];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/page", g_world.folder);
	snprintf(line, sizeof(line), "-f -o %s http://coffer/metrics", path);
	if (curl(line))
		fail_msg("%s", g_page);
	snprintf(line, sizeof(line), "python3 %s %s",
		getenv("PROMETHEUS_CHECK"), path);
	f = popen(line, "r");
	assert_non_null(f);
	n = fread(g_page, 1, sizeof(g_page) - 1, f);
	g_page[n] = '\0';
	if (pclose(f))
		fail_msg("%s", g_page);
}

static void has(const char *sample)
{
	char line[512];

	snprintf(line, sizeof(line), "\n%s\n", sample);
	if (!strstr(g_page, line))
		fail_msg("no \"%s\" in\n%s", sample, g_page);
}

static void page_is_prometheus_text(void **state)
{
	char sample[512];
	struct client c;

	client_open(&c);
	checked_page();
	has("coffer_machine_info{vm=\"default\",size=\"Standard_DC1s_v3\"} 1");
	has("coffer_epc_pages 4096");
	has("coffer_enclaves 0");
	assert_null(strstr(g_page, "coffer_enclave_resident_pages"));
	client_whole(&c);
	client_new(&c);
	checked_page();
	has("coffer_epc_used_pages 3");
	has("coffer_swap_pages 5");
	has("coffer_page_ins_total 111");
	has("coffer_page_outs_total 116");
	has("coffer_enclaves_tampered_total 0");
	has("coffer_enclaves 2");
	for (int i = 0; i < 3; i++) {
		static const char *const value[][2] = {
			{ "resident_pages", "3" }, { "evicted_pages", "5" },
			{ "page_ins_total", "11" } };

		snprintf(sample, sizeof(sample), "coffer_enclave_%s{id=\"1\","
			"mrenclave=\"ab%062d\",pid=\"%d\"} %s", value[i][0], 0,
			getpid(), value[i][1]);
		has(sample);
	}
	/* Nothing is known of one that is only open. */
	snprintf(sample, sizeof(sample), "coffer_enclave_resident_pages{"
		"id=\"2\",mrenclave=\"%064d\",pid=\"%d\"} 0", 0, getpid());
	has(sample);
	client_close(&c);
}

static void hundred_enclaves(void **state)
{
	struct client c;
	unsigned n = 0;

	client_open(&c);
	for (int i = 0; i < 100; i++)
		client_whole(&c);
	checked_page();
	for (char *at = g_page; (at = strstr(at, "_resident_pages{")); at++)
		n++;
	assert_int_equal(n, 100);
	client_close(&c);
}

static void other_requests_are_refused(void **state)
{
	struct client c;

	client_open(&c);
	assert_int_equal(curl("-o /dev/null -w '%{http_code}' "
		"http://coffer/"), 0);
	assert_string_equal(g_page, "404");
	curl("-o /dev/null -w '%{http_code}' http://coffer/metrics/../x");
	assert_string_equal(g_page, "404");
	curl("-o /dev/null -w '%{http_code}' -d body http://coffer/metrics");
	assert_string_equal(g_page, "405");
	curl("-I http://coffer/metrics");
	assert_non_null(strstr(g_page, "200 OK"));
	assert_non_null(strstr(g_page, "text/plain; version=0.0.4"));
	/* Twice on one connection. */
	assert_int_equal(curl("-o /dev/null -o /dev/null -w "
		"'%{num_connects}' http://coffer/metrics "
		"http://coffer/metrics"), 0);
	assert_string_equal(g_page, "10");
	client_close(&c);
}

static int connect_raw(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, socket_path());
	assert_int_equal(connect(fd, (void *)&address, sizeof(address)), 0);
	return fd;
}

/* Who connects and says nothing, or nonsense, holds nobody up, and what it
 * took is given back. */
static void bad_scrapers_harm_nobody(void **state)
{
	static const char junk[] = "\x16\x03\x01 GET GET\r\n\r\n\r\n";
	static char longer[100000];
	long before;
	struct client c;
	int fd[40];

	client_open(&c);
	epc_used(&c);
	before = world_descriptors((pid_t)c.info.cofferd_pid);
	memset(longer, 'x', sizeof(longer));
	for (int i = 0; i < 40; i++) {
		fd[i] = connect_raw();
		if (i % 3 == 1)
			send(fd[i], junk, sizeof(junk) - 1, MSG_NOSIGNAL);
		if (i % 3 == 2)
			send(fd[i], longer, sizeof(longer), MSG_NOSIGNAL |
				MSG_DONTWAIT);
		epc_used(&c);
	}
	for (int i = 0; i < 40; i++)
		close(fd[i]);
	checked_page();
	for (int i = 0; i < 4000 && before >= 0 && world_descriptors(
		(pid_t)c.info.cofferd_pid) != before; i++)
		world_nap(20);
	assert_int_equal(world_descriptors((pid_t)c.info.cofferd_pid),
		before);
	assert_int_equal(world_await("cofferd"), c.info.cofferd_pid);
	client_close(&c);
}

static void dead_processor_ends_the_scrape(void **state)
{
	struct client c;

	client_open(&c);
	cpu_script("MACHINE 0 die");
	curl("-o /dev/null -w '%{http_code}' http://coffer/metrics");
	/* The answer may or may not get out before cofferd ends; what curl
	 * got is at the end. */
	assert_true(strlen(g_page) >= 3);
	assert_string_not_equal(g_page + strlen(g_page) - 3, "200");
	client_close(&c);
}

/* A scraper does not keep the machine; nothing is left of the socket. */
static void machine_ends_under_a_scraper(void **state)
{
	struct stat st;
	struct client c;
	pid_t cofferd;
	int fd;

	client_open(&c);
	cofferd = (pid_t)c.info.cofferd_pid;
	assert_int_equal(stat(socket_path(), &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	fd = connect_raw();
	client_close(&c);
	assert_true(world_await_end(cofferd));
	assert_int_equal(access(socket_path(), F_OK), -1);
	close(fd);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, \
	world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(page_is_prometheus_text),
		IN_WORLD(hundred_enclaves),
		IN_WORLD(other_requests_are_refused),
		IN_WORLD(bad_scrapers_harm_nobody),
		IN_WORLD(dead_processor_ends_the_scrape),
		IN_WORLD(machine_ends_under_a_scraper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
