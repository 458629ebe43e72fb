/* SPDX-License-Identifier: MIT */
/* Messages, extents, child processes. */
#include "tests.h"

#include "common/extents.h"
#include "common/msg.h"
#include "common/spawn.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
		fds), 0);
}

static void message_goes_over(void **state)
{
	char text[32];
	int s[2];

	pair(s);
	assert_int_equal(msg_send(s[0], "hello", 5, NULL, 0, 0), 0);
	assert_int_equal(msg_recv(s[1], text, sizeof(text), NULL, NULL, 0), 5);
	assert_memory_equal(text, "hello", 5);
	assert_int_equal(msg_recv(s[1], text, sizeof(text), NULL, NULL,
		MSG_DONTWAIT), -EAGAIN);
	assert_int_equal(msg_send(s[0], "", 0, NULL, 0, 0), -EINVAL);
	close(s[0]);
	assert_int_equal(msg_recv(s[1], text, sizeof(text), NULL, NULL, 0), 0);
	assert_int_equal(msg_send(s[1], "x", 1, NULL, 0, 0), -EPIPE);
	close(s[1]);
}

static void message_too_long_is_refused_whole(void **state)
{
	char text[8];
	int s[2];

	pair(s);
	assert_int_equal(msg_send(s[0], "0123456789", 10, NULL, 0, 0), 0);
	assert_int_equal(msg_send(s[0], "next", 4, NULL, 0, 0), 0);
	assert_int_equal(msg_recv(s[1], text, sizeof(text), NULL, NULL, 0),
		-EMSGSIZE);
	assert_int_equal(msg_recv(s[1], text, sizeof(text), NULL, NULL, 0),
		4);
	close(s[0]);
	close(s[1]);
}

static void descriptors_arrive_closed_on_exec(void **state)
{
	unsigned before = open_fds(), count = 2;
	int s[2], sent[2], got[2];
	struct stat a, b;
	char c;

	pair(s);
	assert_int_equal(pipe(sent), 0);
	assert_int_equal(msg_send(s[0], "x", 1, sent, 2, 0), 0);
	assert_int_equal(msg_recv(s[1], &c, 1, got, &count, 0), 1);
	assert_int_equal(count, 2);
	for (int i = 0; i < 2; i++) {
		assert_true(fcntl(got[i], F_GETFD) & FD_CLOEXEC);
		assert_int_equal(fstat(sent[i], &a) | fstat(got[i], &b), 0);
		assert_true(a.st_ino == b.st_ino);
		close(sent[i]);
		close(got[i]);
	}
	close(s[0]);
	close(s[1]);
	assert_int_equal(open_fds(), before);
}

static void surplus_descriptors_do_not_stay(void **state)
{
	unsigned before, count;
	int s[2], sent[4] = { 0, 0, 0, 0 }, got[4];
	char c[4];

	pair(s);
	before = open_fds();
	for (int round = 0; round < 50; round++) {
		/* More than expected. */
		assert_int_equal(msg_send(s[0], "x", 1, sent, 4, 0), 0);
		count = 1;
		assert_int_equal(msg_recv(s[1], c, 1, got, &count, 0),
			-EPROTO);
		assert_int_equal(count, 0);
		/* None expected. */
		assert_int_equal(msg_send(s[0], "x", 1, sent, 1, 0), 0);
		assert_int_equal(msg_recv(s[1], c, 1, NULL, NULL, 0),
			-EPROTO);
		/* With a message that is too long. */
		assert_int_equal(msg_send(s[0], "xxxxx", 5, sent, 1, 0), 0);
		count = 1;
		assert_int_equal(msg_recv(s[1], c, 4, got, &count, 0),
			-EMSGSIZE);
	}
	assert_int_equal(open_fds(), before);
	assert_int_equal(msg_send(s[0], "x", 1, sent, MSG_FDS_MAX + 1, 0),
		-EINVAL);
	close(s[0]);
	close(s[1]);
}

/* Far more descriptors than there is room for in the control buffer. */
static void a_flood_of_descriptors_does_not_stay(void **state)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(200 * sizeof(int))];
	} control;
	struct iovec part = { "x", 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *header;
	unsigned before, count = 2;
	int s[2], got[2];
	char c;

	pair(s);
	memset(&control, 0, sizeof(control));
	header = CMSG_FIRSTHDR(&m);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(200 * sizeof(int));
	before = open_fds();
	assert_int_equal(sendmsg(s[0], &m, 0), 1);
	assert_int_equal(msg_recv(s[1], &c, 1, got, &count, 0), -EPROTO);
	assert_int_equal(open_fds(), before);
	close(s[0]);
	close(s[1]);
}

static void extents_give_what_they_have(void **state)
{
	struct extents e;
	uint64_t first;

	assert_int_equal(extents_init(&e, 10, 100), 0);
	assert_int_equal(e.free, 100);
	assert_int_equal(extents_take(&e, 30, &first), 0);
	assert_int_equal(first, 10);
	assert_int_equal(extents_take(&e, 71, &first), -ENOSPC);
	assert_int_equal(extents_take(&e, 0, &first), -EINVAL);
	assert_int_equal(extents_take_some(&e, 71, &first), 70);
	assert_int_equal(first, 40);
	assert_int_equal(extents_take_some(&e, 1, &first), 0);
	assert_int_equal(e.free, 0);
	assert_int_equal(extents_give(&e, 20, 10), 0);
	assert_int_equal(extents_give(&e, 40, 10), 0);
	assert_int_equal(e.runs, 2);
	assert_int_equal(extents_give(&e, 30, 10), 0);
	assert_int_equal(e.runs, 1);
	assert_int_equal(e.run[0].first, 20);
	assert_int_equal(e.free, 30);
	extents_destroy(&e);
}

static void extents_refuse_what_is_free(void **state)
{
	struct extents e;

	assert_int_equal(extents_init(&e, 0, 10), 0);
	assert_int_equal(extents_give(&e, 9, 2), -EINVAL);
	assert_int_equal(extents_give(&e, 0, 1), -EINVAL);
	assert_int_equal(extents_give(&e, 5, 0), -EINVAL);
	assert_int_equal(extents_give(&e, UINT64_MAX, 2), -EINVAL);
	assert_int_equal(extents_give(&e, 12, 2), 0);
	assert_int_equal(extents_give(&e, 11, 2), -EINVAL);
	assert_int_equal(extents_give(&e, 13, 1), -EINVAL);
	assert_int_equal(e.free, 12);
	extents_destroy(&e);
}

/* Against a plain map of what is taken. */
static void extents_against_a_map(void **state)
{
	enum { N = 512, HELD = 64 };
	struct { uint64_t first, count; } held[HELD] = { { 0, 0 } };
	static uint8_t taken[N];
	struct extents e;
	unsigned seed = 7, sum;

	assert_int_equal(extents_init(&e, 0, N), 0);
	for (int step = 0; step < 20000; step++) {
		unsigned i = (unsigned)rand_r(&seed) % HELD;
		uint64_t want = 1 + (unsigned)rand_r(&seed) % 40;

		if (held[i].count) {
			assert_int_equal(extents_give(&e, held[i].first,
				held[i].count), 0);
			memset(taken + held[i].first, 0, held[i].count);
			held[i].count = 0;
			continue;
		}
		held[i].count = extents_take_some(&e, want, &held[i].first);
		assert_true(held[i].count <= want);
		for (uint64_t n = 0; n < held[i].count; n++)
			assert_int_equal(taken[held[i].first + n]++, 0);
		sum = 0;
		for (unsigned n = 0; n < N; n++)
			sum += taken[n];
		assert_int_equal(e.free, N - sum);
		assert_true(held[i].count || sum == N);
	}
	extents_destroy(&e);
}

static void child_gets_its_descriptors_and_no_others(void **state)
{
	char *argv[] = { "sh", "-c", "read a <&3; echo \"$a\" >&4; "
		"echo noise >&2; ls /proc/self/fd | tr '\\n' ' ' >&4; exit 7",
		NULL };
	int in[2], out[2], extra = open("/dev/null", O_RDWR), status;
	char text[128] = "";
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(in) | pipe(out), 0);
	assert_int_equal(write(in[1], "word\n", 5), 5);
	pid = spawn_child("/bin/sh", argv, (int[]){ in[0], out[1] }, 2, -1);
	assert_true(pid > 0);
	close(out[1]);
	while ((n = read(out[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
	/* 5 is ls's own look at its directory. */
	assert_string_equal(text, "word\n0 1 2 3 4 5 ");
	close(in[0]);
	close(in[1]);
	close(out[0]);
	close(extra);
}

static void child_that_cannot_be_run(void **state)
{
	char *argv[] = { "none", NULL };
	int status;
	pid_t pid = spawn_child("/nonexistent/none", argv, NULL, 0, -1);

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 127);
	assert_int_equal(spawn_child("/bin/true", argv, NULL,
		SPAWN_FDS_MAX + 1, -1), -EINVAL);
}

static void count_signal(int number)
{
	abort();
}

/* The caller sees no child and no SIGCHLD; the new process leads a session
 * of its own and no signal is blocked or ignored. */
static void detached_is_nobodys_child(void **state)
{
	char *argv[] = { "sh", "-c", "cut -d' ' -f1,4,6 /proc/$$/stat >&3; "
		"pwd >&3; exec grep -E 'Sig(Blk|Ign)' /proc/self/status >&3",
		NULL };
	struct sigaction before, action = { .sa_handler = count_signal };
	unsigned long pid, parent, session, blocked = 1, ignored = 1;
	char text[256] = "", *line;
	struct pollfd wait;
	size_t used = 0;
	sigset_t mask, old;
	int out[2];
	ssize_t n;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	sigaction(SIGCHLD, &action, &before);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, &old);
	assert_int_equal(spawn_detached("/bin/sh", argv, &out[1], 1), 0);
	close(out[1]);
	wait = (struct pollfd){ out[0], POLLIN, 0 };
	while (poll(&wait, 1, 60000) > 0 && (n = read(out[0], text + used,
		sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	sigaction(SIGCHLD, &before, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_int_equal(sscanf(text, "%lu %lu %lu", &pid, &parent, &session),
		3);
	assert_true(parent != (unsigned long)getpid());
	assert_true(session != (unsigned long)getsid(0));
	line = strstr(text, "SigBlk:");
	assert_non_null(line);
	sscanf(line, "SigBlk: %lx", &blocked);
	line = strstr(text, "SigIgn:");
	assert_non_null(line);
	sscanf(line, "SigIgn: %lx", &ignored);
	assert_int_equal(blocked, 0);
	/* The C library keeps signals 32 and 33 to itself. */
	assert_int_equal(ignored & ~(3ul << 31), 0);
	assert_non_null(strstr(text, "\n/\n"));
	close(out[0]);
}

static void programs_are_found_where_told(void **state)
{
	char folder[] = "/tmp/coffer-unit-XXXXXX", path[PATH_MAX], want[64];
	struct why why;
	FILE *f;

	assert_non_null(mkdtemp(folder));
	snprintf(want, sizeof(want), "%s/coffer-nonesuch", folder);
	setenv("COFFER_BINDIR", folder, 1);
	assert_int_equal(spawn_find("coffer-nonesuch", path, sizeof(path),
		&why), -ENOENT);
	assert_non_null(strstr(why.text, "coffer-nonesuch"));
	f = fopen(want, "w");
	assert_non_null(f);
	fclose(f);
	/* A file that is no program does not count. */
	assert_int_equal(spawn_find("coffer-nonesuch", path, sizeof(path),
		NULL), -ENOENT);
	chmod(want, 0700);
	assert_int_equal(spawn_find("coffer-nonesuch", path, sizeof(path),
		&why), 0);
	assert_string_equal(path, want);
	/* Beside this program. */
	unsetenv("COFFER_BINDIR");
	assert_int_equal(spawn_find("unit-common", path, sizeof(path), &why),
		0);
	assert_int_equal(spawn_find("sh", path, sizeof(path), &why), 0);
	unlink(want);
	rmdir(folder);
}

static void reasons_end_with_whole_characters(void **state)
{
	static const char *const characters[] = { "e", "\u00e9", "\u20ac",
		"\U0001f510" };
	char text[1024];
	struct why why;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		size_t size = strlen(characters[i]), room = sizeof(why.text) - 1;

		assert_int_equal(size, i + 1);
		for (size_t before = 0; before < 4; before++) {
			memset(text, '-', before);
			text[before] = '\0';
			while (strlen(text) < room + 16)
				strcat(text, characters[i]);
			why_set(&why, 0, "%s", text);
			assert_int_equal(strlen(why.text),
				room - (room - before) % size);
			assert_memory_equal(why.text, text, strlen(why.text));
			/* What fits is not touched. */
			text[before + 3 * size] = '\0';
			why_set(&why, 0, "%s", text);
			assert_string_equal(why.text, text);
		}
	}
}

const struct CMUnitTest common_tests[] = {
	cmocka_unit_test(message_goes_over),
	cmocka_unit_test(message_too_long_is_refused_whole),
	cmocka_unit_test(descriptors_arrive_closed_on_exec),
	cmocka_unit_test(surplus_descriptors_do_not_stay),
	cmocka_unit_test(a_flood_of_descriptors_does_not_stay),
	cmocka_unit_test(extents_give_what_they_have),
	cmocka_unit_test(extents_refuse_what_is_free),
	cmocka_unit_test(extents_against_a_map),
	cmocka_unit_test(child_gets_its_descriptors_and_no_others),
	cmocka_unit_test(child_that_cannot_be_run),
	cmocka_unit_test(detached_is_nobodys_child),
	cmocka_unit_test(programs_are_found_where_told),
	cmocka_unit_test(reasons_end_with_whole_characters),
};
const size_t common_tests_count =
	sizeof(common_tests) / sizeof(common_tests[0]);
