/* SPDX-License-Identifier: MIT */
/* How cofferd starts coffer-quoting, and hands clients to it. */
#include "client.h"

#include "common/msg.h"
#include "host/quoting.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int world_with_quoting(void **state)
{
	char path[192];
	const char *program = getenv("FAKE_QUOTING");

	if (world_set_up(state))
		return -1;
	snprintf(path, sizeof(path), "%s/bin/coffer-quoting", g_world.folder);
	return !program || symlink(program, path) ? -1 : 0;
}

static void quoting_script(const char *word)
{
	char path[192];
	FILE *out;

	snprintf(path, sizeof(path), "%s/vm/default/quoting", g_world.state);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(word, out);
	fclose(out);
}

/* WIRE_QUOTING; the result, and the descriptor in *fd. */
static int ask(struct client *c, int *fd)
{
	struct wire_header head = { .size = sizeof(head),
		.command = WIRE_QUOTING, .tag = 77 };
	struct wire_reply reply;
	unsigned fds = 1;

	*fd = -1;
	assert_int_equal(msg_send(c->fd, &head, sizeof(head), NULL, 0, 0), 0);
	assert_int_equal(msg_recv(c->fd, &reply, sizeof(reply), fd, &fds, 0),
		sizeof(reply));
	assert_int_equal(reply.command, WIRE_QUOTING);
	assert_int_equal(reply.tag, 77);
	assert_int_equal(fds, !reply.result);
	memcpy(c->text, reply.text, sizeof(c->text));
	if (!fds)
		*fd = -1;
	return reply.result;
}

static void client_is_introduced(void **state)
{
	struct client c;
	uint32_t pid;
	int fd;

	client_open(&c);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(ask(&c, &fd), 0);
		assert_int_equal(msg_recv(fd, &pid, sizeof(pid), NULL, NULL,
			0), sizeof(pid));
		assert_int_equal(pid, getpid());
		close(fd);
	}
	assert_true(world_await("coffer-quoting") > 0); /* one for all */
	client_close(&c);
}

static void killed_one_is_replaced(void **state)
{
	struct client c;
	uint32_t pid;
	pid_t first;
	int fd;

	client_open(&c);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(&c, &fd), 0);
		assert_int_equal(msg_recv(fd, &pid, sizeof(pid), NULL, NULL,
			0), sizeof(pid));
		close(fd);
		first = world_await("coffer-quoting");
		assert_true(first > 0);
		world_nap(1100); /* or it died too soon */
		kill(first, SIGKILL);
		/* Handed over just now, a client would be lost with it, and
		 * ask again. */
		assert_true(world_await_end(first));
	}
	client_close(&c);
}

static void crashing_one_is_not_started_in_a_loop(void **state)
{
	unsigned long long began;
	struct client c;
	uint32_t pid;
	char byte;
	int fd, refused;

	client_open(&c);
	quoting_script("die");
	/* Not within a second; if that went by, another try tells. */
	do {
		refused = 0;
		began = world_clock();
		assert_int_equal(ask(&c, &fd), 0);
		assert_int_equal(msg_recv(fd, &byte, 1, NULL, NULL, 0), 0);
		close(fd);
		while (world_find("coffer-quoting"))
			world_nap(1);
		while (refused < 3 && ask(&c, &fd) == -EAGAIN) {
			assert_non_null(strstr(c.text, "status 3"));
			refused++;
		}
		if (refused < 3) {
			close(fd);
			assert_true(world_clock() - began >= 1000);
			world_nap(1100);
		}
	} while (refused < 3);
	quoting_script("");
	world_nap(1100);
	assert_int_equal(ask(&c, &fd), 0);
	assert_int_equal(msg_recv(fd, &pid, sizeof(pid), NULL, NULL, 0),
		sizeof(pid));
	close(fd);
	client_close(&c);
}

/* cofferd waits for nobody: it says so when it cannot hand over. */
static void deaf_one_holds_nothing_up(void **state)
{
	struct client c;
	int fd[2000], count = 0, r = 0;

	client_open(&c);
	quoting_script("deaf");
	while (count < 2000 && !(r = ask(&c, &fd[count])))
		count++;
	while (count--)
		close(fd[count]);
	assert_int_not_equal(r, 0);
	assert_non_null(strstr(c.text, "coffer-quoting"));
	assert_int_equal(client_ask(&c, WIRE_INFO, NULL, NULL, 0, NULL, 0,
		&c.info, sizeof(c.info)), 0);
	client_close(&c);
}

/* liboehost's client gets an answer that is none: an error, never a read
 * beyond what came. */
static void host_takes_no_nonsense(void **state)
{
	static const uint8_t fmspc[6];
	struct quoting_collateral collateral;
	struct quoting_target target;
	char word[16];
	struct client c;
	struct why why;
	int r;

	client_open(&c);
	for (unsigned kind = 0; kind < 22; kind++) {
		if (kind > 11 && kind < 16)
			continue;
		snprintf(word, sizeof(word), "lie %u", kind);
		quoting_script(word);
		if (kind < 16) {
			r = quoting_target(&target, &why);
		} else {
			r = quoting_collateral(fmspc, QUOTING_CA_PROCESSOR, 4,
				&collateral, &why);
			assert_null(collateral.memory);
		}
		if (r != (kind == 10 ? -5 : -EPROTO))
			fail_msg("lie %u: %d %s", kind, r, why.text);
	}
	/* And the truth is still heard. */
	quoting_script("lie 15");
	assert_int_equal(quoting_target(&target, &why), 0);
	quoting_script("lie 31");
	assert_int_equal(quoting_collateral(fmspc, QUOTING_CA_PROCESSOR, 4,
		&collateral, &why), 0);
	assert_int_equal(collateral.view.qe_identity_chain.size, 8);
	quoting_collateral_free(&collateral);
	assert_null(collateral.memory);
	client_close(&c);
}

static void greeting_comes_first(void **state)
{
	struct client c = { .fd = -1 };
	struct client first;
	int fd;

	client_open(&first);
	c.fd = client_connect_only();
	assert_int_equal(ask(&c, &fd), -EPROTO);
	close(c.fd);
	client_close(&first);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, world_with_quoting, \
		world_tear_down)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(client_is_introduced),
		CASE(killed_one_is_replaced),
		CASE(crashing_one_is_not_started_in_a_loop),
		CASE(deaf_one_holds_nothing_up),
		CASE(host_takes_no_nonsense),
		CASE(greeting_comes_first),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
