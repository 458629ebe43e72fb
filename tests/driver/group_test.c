/* SPDX-License-Identifier: MIT */
/*
 * A machine that is shared with a group (cofferd --group): three users who
 * are in it or not, and root.  Needs root, to be all of them.
 */
#include "client.h"

#include "common/place.h"
#include "common/vmstart.h"
#include "common/why.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWNER 61001u
#define GROUP 61000u
#define ANNE 61002u /* in the group, by her list of groups */
#define BERT 61003u /* in it, by his primary group */
#define CARL 61004u /* in neither way */

static pid_t g_cofferd;

/* --- who we are --------------------------------------------------------- */

static void become(uid_t uid)
{
	gid_t group = GROUP;

	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setgroups(uid == ANNE, &group), 0);
	assert_int_equal(setegid(uid == BERT ? GROUP : uid), 0);
	assert_int_equal(seteuid(uid), 0);
}

static void client_as(struct client *c, uid_t uid)
{
	become(uid);
	client_open(c);
	become(0);
}

/* --- the machine -------------------------------------------------------- */

static void copy(const char *from, const char *to)
{
	char line[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, line, sizeof(line))) > 0)
		assert_int_equal(write(out, line, (size_t)n), n);
	assert_int_equal(n, 0);
	assert_int_equal(fchmod(out, 0755), 0);
	close(in);
	close(out);
}

static void write_root(void)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/ca", g_world.state);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, OWNER, GROUP), 0);
	strcat(path, "/root.pem");
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("the root\n", f);
	assert_int_equal(fchown(fileno(f), OWNER, GROUP), 0);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	fclose(f);
}

static pid_t start(const char *program, const char *group, int *ready)
{
	gid_t gid = GROUP;
	int told[2];
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid) {
		if (setgroups(1, &gid) || setgid(GROUP) || setuid(OWNER) ||
		    dup2(told[1], 3) != 3)
			_exit(99);
		execl(program, program, "--group", group, "--idle", "never",
			"--ready", "3", NULL);
		_exit(98);
	}
	close(told[1]);
	*ready = told[0];
	return pid;
}

static int set_up(void **state)
{
	static const char *const programs[][2] = {
		{ "COFFERD", "cofferd" }, { "FAKE_CPU", "coffer-cpu" } };
	char folder[96], path[128], text[256];
	int ready;
	ssize_t n;

	if (geteuid())
		return 0;
	assert_int_equal(world_open(&g_world, OWNER), 0);
	assert_int_equal(chmod(g_world.folder, 0711), 0);
	snprintf(folder, sizeof(folder), "%s/bin", g_world.folder);
	assert_int_equal(mkdir(folder, 0755), 0);
	chmod(folder, 0755);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, programs[i][1]);
		copy(getenv(programs[i][0]), path);
	}
	write_root();
	setenv("COFFER_BINDIR", folder, 1);
	setenv("COFFER_EPC_PAGES", "4096", 1);
	snprintf(text, sizeof(text), "%u", OWNER);
	setenv("COFFER_RUNTIME_USER", text, 1);
	snprintf(path, sizeof(path), "%s/cofferd", folder);
	snprintf(text, sizeof(text), "%u", GROUP);
	g_cofferd = start(path, text, &ready);
	n = read(ready, text, sizeof(text) - 1);
	close(ready);
	text[n > 0 ? n : 0] = '\0';
	assert_string_equal(text, "ready\n");
	return 0;
}

static int tear_down(void **state)
{
	int status;

	if (geteuid())
		return 0;
	if (g_cofferd) {
		kill(g_cofferd, SIGTERM);
		waitpid(g_cofferd, &status, 0);
		g_cofferd = 0;
	}
	unsetenv("COFFER_EPC_PAGES");
	unsetenv("COFFER_RUNTIME_USER");
	return world_close(&g_world) ? -1 : 0;
}

#define ROOT_ONLY() do { if (geteuid()) skip(); } while (0)

/* --- who gets in -------------------------------------------------------- */

static void members_have_enclaves(void **state)
{
	struct client anne, bert;
	uint64_t before;

	ROOT_ONLY();
	client_as(&anne, ANNE);
	client_as(&bert, BERT);
	client_whole(&bert);
	before = epc_used(&bert);
	client_whole(&anne);
	assert_true(epc_used(&bert) > before);
	client_close(&anne);
	wait_epc(&bert, before);
	client_close(&bert);
}

static void mode_is(const char *name, mode_t mode)
{
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s", g_world.runtime, name);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_int_equal(st.st_uid, OWNER);
	if (mode & 070)
		assert_int_equal(st.st_gid, GROUP);
}

static void files_are_open_to_the_group_alone(void **state)
{
	struct stat st;

	ROOT_ONLY();
	mode_is("", 0750);
	mode_is("/default", 0750);
	mode_is("/default/driver.sock", 0660);
	mode_is("/default/metrics.sock", 0700);
	mode_is("/default/lock", 0600);
	assert_int_equal(stat(g_world.state, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void a_stranger_cannot_reach_it(void **state)
{
	struct why why = { "" };
	int fd;

	ROOT_ONLY();
	become(CARL);
	fd = vmstart_connect("default", &why);
	become(0);
	assert_int_equal(fd, -EACCES);
	assert_non_null(strstr(why.text, "members of its group"));
}

/* With every file open to all, so that cofferd alone decides. */
static void open_all(void)
{
	static const char *const names[] = { "", "/default",
		"/default/driver.sock", "/default/metrics.sock" };
	char path[160];

	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", g_world.runtime,
			names[i]);
		assert_int_equal(chmod(path, i < 2 ? 0755 : 0666), 0);
	}
}

static void a_stranger_is_turned_away(void **state)
{
	struct client carl = { .arena_fd = -1 }, anne;
	struct wire_hello hello = { .abi = WIRE_ABI };
	struct {
		struct wire_header h;
		struct wire_hello hello;
	} message = { { sizeof(message), WIRE_HELLO, 0, 7 }, hello };
	struct wire_reply reply;
	struct why why = { "" };

	ROOT_ONLY();
	open_all();
	become(CARL);
	carl.fd = vmstart_connect("default", &why);
	become(0);
	assert_true(carl.fd >= 0);
	/* It may be closed already. */
	send(carl.fd, &message, sizeof(message), MSG_NOSIGNAL);
	assert_int_equal(client_receive(&carl, &reply, NULL, 0), 0);
	close(carl.fd);
	client_as(&anne, ANNE);
	client_close(&anne);
}

static size_t ask_metrics(uid_t uid, char *text, size_t size)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t got = 0;
	ssize_t n;

	snprintf(address.sun_path, sizeof(address.sun_path),
		"%s/default/metrics.sock", g_world.runtime);
	become(uid);
	assert_int_equal(connect(fd, (void *)&address, sizeof(address)), 0);
	become(0);
	send(fd, request, strlen(request), MSG_NOSIGNAL);
	while (got < size && (n = read(fd, text + got, size - got)) > 0)
		got += (size_t)n;
	close(fd);
	return got;
}

static void metrics_are_the_owners(void **state)
{
	char text[4096];

	ROOT_ONLY();
	open_all();
	assert_int_equal(ask_metrics(ANNE, text, sizeof(text)), 0);
	assert_int_equal(ask_metrics(CARL, text, sizeof(text)), 0);
	assert_true(ask_metrics(0, text, sizeof(text)) > 0);
	assert_true(ask_metrics(OWNER, text, sizeof(text)) > 0);
}

/* --- what they may do --------------------------------------------------- */

static void members_cannot_end_it_or_see_its_swap(void **state)
{
	struct sgx_enclave_provision arg = { WIRE_PROVISION_FD };
	struct client anne, root;
	uint64_t handle;
	int status;

	ROOT_ONLY();
	client_as(&anne, ANNE);
	handle = client_new(&anne);
	assert_int_equal(client_simple(&anne, WIRE_SHUTDOWN, 0), -EACCES);
	assert_int_equal(client_simple(&anne, WIRE_SWAP, 0), -EACCES);
	assert_int_equal(client_ask(&anne, SGX_IOC_ENCLAVE_PROVISION, &handle,
		&arg, sizeof(arg), NULL, 0, NULL, 0), -EACCES);
	assert_non_null(strstr(anne.text, "root and the user who runs"));
	client_whole(&anne);
	client_as(&root, 0);
	assert_int_equal(client_simple(&root, WIRE_SHUTDOWN, 0), 0);
	assert_int_equal(waitpid(g_cofferd, &status, 0), g_cofferd);
	assert_int_equal(status, 0);
	g_cofferd = 0;
	client_close(&root);
	client_close(&anne);
}

static unsigned listed(struct client *c)
{
	struct listing_page page;
	struct wire_list list = { 0 };

	assert_int_equal(client_ask(c, WIRE_LIST, NULL, &list, sizeof(list),
		NULL, 0, &page, sizeof(page)), 0);
	return page.count;
}

static void members_see_their_own_enclaves(void **state)
{
	struct client anne, other, bert, root;

	ROOT_ONLY();
	client_as(&anne, ANNE);
	client_as(&other, ANNE);
	client_as(&bert, BERT);
	client_as(&root, 0);
	client_whole(&anne);
	client_whole(&other);
	client_whole(&bert);
	assert_int_equal(listed(&anne), 2);
	assert_int_equal(listed(&bert), 1);
	assert_int_equal(listed(&root), 3);
	client_close(&anne);
	client_close(&other);
	client_close(&bert);
	client_close(&root);
}

#define MOST 64 /* connections of one member */

static void one_member_does_not_take_all_places(void **state)
{
	static struct client many[MOST];
	struct client one = { .arena_fd = -1 }, bert;
	struct wire_reply reply;
	struct why why = { "" };

	ROOT_ONLY();
	for (int i = 0; i < MOST; i++)
		client_as(&many[i], ANNE);
	become(ANNE);
	one.fd = vmstart_connect("default", &why);
	become(0);
	assert_true(one.fd >= 0);
	assert_true(client_receive(&one, &reply, NULL, 0) > 0);
	assert_int_equal(reply.command, WIRE_EVENT);
	assert_int_equal(reply.result, -EUSERS);
	assert_non_null(strstr(reply.text, "of this user"));
	client_as(&bert, BERT);
	client_close(&bert);
	close(one.fd);
	for (int i = 0; i < MOST; i++)
		client_close(&many[i]);
}

/* --- what they find ----------------------------------------------------- */

static void members_find_the_root(void **state)
{
	char path[PATH_MAX], text[64] = "";
	struct place place;
	struct why why = { "" };
	FILE *f;

	ROOT_ONLY();
	become(ANNE);
	assert_int_equal(place_find("default", &place, &why), 0);
	assert_false(place.ours);
	assert_int_equal(place.owner, OWNER);
	assert_int_equal(place_root(&place, path, sizeof(path), &why), 0);
	f = fopen(path, "r");
	become(0);
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "the root\n");
	mode_is("/root.pem", 0644);
}

static void a_missing_machine_is_not_started(void **state)
{
	struct why why = { "" };
	int fd;

	ROOT_ONLY();
	become(ANNE);
	fd = vmstart_connect("another", &why);
	become(0);
	assert_int_equal(fd, -ENOENT);
	assert_non_null(strstr(why.text, "systemctl start coffer-vm@another"));
}

/* Somebody else listens in the owner's place. */
static void another_server_is_not_believed(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct why why = { "" };

	if (geteuid())
		close(listener);
	ROOT_ONLY();
	snprintf(address.sun_path, sizeof(address.sun_path),
		"%s/default/driver.sock", g_world.runtime);
	assert_int_equal(unlink(address.sun_path), 0);
	assert_int_equal(bind(listener, (void *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(chmod(address.sun_path, 0666), 0);
	become(ANNE);
	fd = vmstart_connect("default", &why);
	become(0);
	assert_int_equal(fd, -EPERM);
	assert_non_null(strstr(why.text, "a process of user 0 serves"));
	close(listener);
}

static void it_shares_with_groups_of_its_own_alone(void **state)
{
	static const char *const wrong[] = { "61999", "no-such-group", "-1" };
	char path[128], text[256];
	int ready, status;
	pid_t pid;
	ssize_t n;

	ROOT_ONLY();
	snprintf(path, sizeof(path), "%s/bin/cofferd", g_world.folder);
	for (int i = 0; i < 3; i++) {
		pid = start(path, wrong[i], &ready);
		n = read(ready, text, sizeof(text) - 1);
		close(ready);
		assert_true(n > 0);
		text[n] = '\0';
		assert_non_null(strstr(text, i ? "there is no group" :
			"must be in the group"));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(WEXITSTATUS(status), 1);
	}
}

#define SHARED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHARED(members_have_enclaves),
		SHARED(files_are_open_to_the_group_alone),
		SHARED(a_stranger_cannot_reach_it),
		SHARED(a_stranger_is_turned_away),
		SHARED(metrics_are_the_owners),
		SHARED(members_cannot_end_it_or_see_its_swap),
		SHARED(members_see_their_own_enclaves),
		SHARED(one_member_does_not_take_all_places),
		SHARED(members_find_the_root),
		SHARED(a_missing_machine_is_not_started),
		SHARED(another_server_is_not_believed),
		SHARED(it_shares_with_groups_of_its_own_alone),
	};

	if (geteuid()) {
		fprintf(stderr, "needs root, to be three other users\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
