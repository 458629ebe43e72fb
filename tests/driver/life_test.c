/* SPDX-License-Identifier: MIT */
/*
 * Who lives and dies with whom: applications, cofferd, its processor, and
 * what each leaves behind.
 */
#include "client.h"

#include "common/vmstart.h"
#include "common/why.h"
#include "host/arena.h"
#include "host/vmlink.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- helpers ------------------------------------------------------------ */

static bool exists(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/default/%s", g_world.runtime, name);
	return !access(path, F_OK);
}

static bool logged(const char *text)
{
	char path[128], line[512];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/vm/default/log", g_world.state);
	f = fopen(path, "r");
	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, text) != NULL;
	fclose(f);
	return found;
}

static void wait_gone(pid_t pid)
{
	if (!world_await_end(pid))
		fail_msg("process %d is still here", (int)pid);
}

/* A child with a connection and an enclave, that waits to be killed.  keep:
 * it has a child of its own that inherits the connection; *grandchild. */
static pid_t start_holder(bool keep, pid_t *grandchild)
{
	int told[2];
	pid_t pid, other = 0;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid) {
		struct client c;

		client_open(&c);
		client_whole(&c);
		if (keep) {
			other = fork();
			if (!other)
				for (;;)
					pause();
		}
		if (write(told[1], &other, sizeof(other)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(told[1]);
	assert_int_equal(read(told[0], &other, sizeof(other)), sizeof(other));
	close(told[0]);
	if (grandchild)
		*grandchild = other;
	return pid;
}

static void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* --- clients ------------------------------------------------------------ */

static void dead_client_loses_its_enclaves(void **state)
{
	struct client c;
	pid_t pid;

	client_open(&c);
	pid = start_holder(false, NULL);
	assert_int_equal(epc_used(&c), 3);
	kill_child(pid);
	wait_epc(&c, 0);
	assert_int_equal(cpu_used(), 0);
	assert_true(cpu_was_asked("DESTROY"));
	client_close(&c);
}

static void a_forked_child_does_not_keep_them(void **state)
{
	struct client c;
	pid_t pid, grandchild;

	client_open(&c);
	pid = start_holder(true, &grandchild);
	assert_int_equal(epc_used(&c), 3);
	kill_child(pid);
	/* It has become ours, lives, and still has the socket. */
	assert_int_equal(kill(grandchild, 0), 0);
	wait_epc(&c, 0);
	assert_int_equal(kill(grandchild, 0), 0);
	kill(grandchild, SIGKILL);
	waitpid(grandchild, NULL, 0);
	client_close(&c);
}

static void client_dies_while_pages_are_added(void **state)
{
	struct sgx_enclave_add_pages a = { .length = 2000 * 4096,
		.flags = SGX_PAGE_MEASURE | WIRE_PAGE_ZERO };
	struct sgx_secinfo secinfo;
	struct client c, d;
	uint64_t handle;

	client_open(&c);
	client_open(&d);
	handle = client_new(&d);
	memset(&secinfo, 0, sizeof(secinfo));
	secinfo.flags = SGX_SECINFO_REG | SGX_SECINFO_R;
	assert_int_equal(client_create(&d, handle, 16 << 20), 0);
	cpu_script("ADD 1 hold");
	client_send(&d, SGX_IOC_ENCLAVE_ADD_PAGES, handle, 1, &a, sizeof(a),
		&secinfo, sizeof(secinfo));
	cpu_held();
	client_close(&d);
	cpu_go();
	wait_epc(&c, 0);
	assert_int_equal(cpu_used(), 0);
	client_close(&c);
}

/* --- descriptors -------------------------------------------------------- */

static void nothing_leaks(void **state)
{
	struct client c, d;
	pid_t cofferd, cpu;
	long before[3], after[3];

	client_open(&c);
	cofferd = (pid_t)c.info.cofferd_pid;
	cpu = (pid_t)c.info.cpu_pid;
	for (int round = 0; round < 2; round++) {
		long *count = round ? after : before;

		for (int i = 0; i < (round ? 1000 : 20); i++) {
			client_open(&d);
			client_whole(&d);
			client_close(&d);
		}
		for (int i = 0; i < (round ? 200 : 20); i++) {
			uint64_t handle = client_whole(&c);

			assert_int_equal(client_simple(&c, WIRE_CLOSE,
				handle), 0);
		}
		wait_epc(&c, 0);
		/* A connection is closed after its enclaves. */
		for (int i = 0; round && i < 1000 && world_descriptors(cofferd)
			> before[0]; i++)
			world_nap(10);
		count[0] = world_descriptors(cofferd);
		count[1] = world_descriptors(cpu);
		count[2] = world_resident(cofferd);
	}
	assert_int_equal(cpu_used(), 0);
	if (before[0] < 0) { /* closed to us, as it should be to its user */
		print_message("the descriptors of cofferd cannot be seen\n");
	} else {
		assert_int_equal(after[0], before[0]);
		assert_int_equal(after[1], before[1]);
	}
	/* 1,200 enclaves later: not even half a KiB for each. */
	assert_true(after[2] <= before[2] + 600);
	client_close(&c);
}

/* --- the processor ------------------------------------------------------ */

static void dead_processor_is_told_to_all(void **state)
{
	struct wire_reply reply;
	struct client c, d;
	pid_t cofferd;

	client_open(&c);
	client_open(&d);
	client_whole(&c);
	cofferd = (pid_t)c.info.cofferd_pid;
	kill((pid_t)c.info.cpu_pid, SIGKILL);
	for (int i = 0; i < 2; i++) {
		struct client *one = i ? &d : &c;

		assert_true(client_receive(one, &reply, NULL, 0) > 0);
		assert_int_equal(reply.command, WIRE_EVENT);
		assert_int_equal(reply.handle, 0);
		assert_int_equal(reply.result, -ENODEV);
		assert_non_null(strstr(reply.text, "killed by signal 9"));
		assert_int_equal(client_receive(one, &reply, NULL, 0), 0);
	}
	wait_gone(cofferd);
	assert_false(exists("driver.sock"));
	client_close(&c);
	client_close(&d);
	/* The next application gets a new machine. */
	client_open(&c);
	assert_int_not_equal(c.info.cofferd_pid, cofferd);
	client_close(&c);
}

/* Whatever the processor does wrong while it is asked. */
static void pending_verb_gets_its_answer(const char *how, const char *says)
{
	struct sgx_enclave_add_pages a = { .length = 4096,
		.flags = WIRE_PAGE_ZERO };
	struct wire_reply reply;
	struct client c;
	uint64_t handle;
	char line[64];

	client_open(&c);
	handle = client_new(&c);
	assert_int_equal(client_create(&c, handle, 65536), 0);
	snprintf(line, sizeof(line), "ADD 0 %s", how);
	cpu_script(line);
	assert_int_equal(client_add(&c, handle, &a, SGX_SECINFO_REG |
		SGX_SECINFO_R), -ENODEV);
	assert_non_null(strstr(c.text, says));
	assert_true(client_receive(&c, &reply, NULL, 0) > 0);
	assert_int_equal(reply.command, WIRE_EVENT);
	assert_int_equal(client_receive(&c, &reply, NULL, 0), 0);
	wait_gone((pid_t)c.info.cofferd_pid);
	assert_false(exists("driver.sock"));
	client_close(&c);
}

static void processor_dies_with_a_verb(void **state)
{
	pending_verb_gets_its_answer("die", "ended with status 3");
}

static void processor_answers_too_short(void **state)
{
	pending_verb_gets_its_answer("short", "an answer that is none");
}

static void processor_answers_something_else(void **state)
{
	pending_verb_gets_its_answer("wrong", "an answer that is none");
}

static void processor_dies_while_a_verb_takes_turns(void **state)
{
	struct sgx_enclave_add_pages a = { .length = 2000 * 4096,
		.flags = SGX_PAGE_MEASURE | WIRE_PAGE_ZERO };
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_new(&c);
	assert_int_equal(client_create(&c, handle, 16 << 20), 0);
	cpu_script("ADD 3 die");
	assert_int_equal(client_add(&c, handle, &a, SGX_SECINFO_REG |
		SGX_SECINFO_R), -ENODEV);
	assert_int_equal(a.count, 3 * 256 * 4096);
	client_close(&c);
}

static void processor_that_does_not_start_is_an_error(void **state)
{
	struct why why = { "" };
	char path[160];

	snprintf(path, sizeof(path), "%s/bin/coffer-cpu", g_world.folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/bin/false", path), 0);
	assert_int_equal(vmstart_connect("default", &why), -ENODEV);
	assert_non_null(strstr(why.text, "ended with status 1"));
	assert_int_equal(unlink(path), 0);
	/* None at all: the search ends at PATH. */
	setenv("PATH", "/bin", 1);
	assert_true(vmstart_connect("default", &why) < 0);
	assert_non_null(strstr(why.text, "coffer-cpu"));
	assert_false(exists("driver.sock"));
}

static void lost_cell_is_told_to_its_owner(void **state)
{
	struct listing_page page;
	struct wire_list list = { 0 };
	struct wire_reply reply;
	struct client c, d;
	uint64_t handle;

	client_open(&c);
	client_open(&d);
	client_whole(&c);
	handle = client_whole(&c);
	cpu_script("KICK 0 celldied");
	assert_int_equal(client_simple(&c, WIRE_INTERRUPT, handle), 0);
	assert_true(client_receive(&c, &reply, NULL, 0) > 0);
	assert_int_equal(reply.command, WIRE_EVENT);
	assert_int_equal(reply.handle, handle);
	assert_int_equal(reply.result, -ENODEV);
	assert_string_equal(reply.text, "the cell was killed by signal 9");
	assert_int_equal(client_ask(&d, WIRE_LIST, NULL, &list, sizeof(list),
		NULL, 0, &page, sizeof(page)), 0);
	assert_int_equal(page.count, 2);
	assert_int_equal(page.item[0].state, WIRE_STATE_INITIALIZED);
	assert_int_equal(page.item[1].state, WIRE_STATE_LOST);
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), 0);
	assert_int_equal(epc_used(&d), 3);
	client_close(&c);
	client_close(&d);
}

/* Two events come, in either order the reason must be the one that counts. */
static void tampered_enclave_is_told_to_its_owner(void **state)
{
	struct listing_page page;
	struct wire_list list = { 0 };
	struct wire_reply reply;
	struct wire_info info;
	struct client c;
	uint64_t handle;

	client_open(&c);
	client_whole(&c);
	handle = client_whole(&c);
	cpu_script("KICK 0 tampered");
	assert_int_equal(client_simple(&c, WIRE_INTERRUPT, handle), 0);
	assert_true(client_receive(&c, &reply, NULL, 0) > 0);
	assert_int_equal(reply.command, WIRE_EVENT);
	assert_int_equal(reply.handle, handle);
	assert_int_equal(reply.result, -ENODEV);
	assert_non_null(strstr(reply.text, "the enclave is locked"));
	assert_non_null(strstr(reply.text, "0x600000005000"));
	assert_non_null(strstr(reply.text, "SGX_MAC_COMPARE_FAIL"));
	/* The next message is the reply to this, not another event. */
	assert_int_equal(client_ask(&c, WIRE_LIST, NULL, &list, sizeof(list),
		NULL, 0, &page, sizeof(page)), 0);
	assert_int_equal(page.item[0].state, WIRE_STATE_INITIALIZED);
	assert_int_equal(page.item[1].state, WIRE_STATE_TAMPERED);
	assert_int_equal(client_ask(&c, WIRE_INFO, NULL, NULL, 0, NULL, 0,
		&info, sizeof(info)), 0);
	assert_int_equal(info.tampered, 1);
	assert_true(logged("is lost: the enclave is locked"));
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), 0);
	client_close(&c);
}

/* A cell that ends because its enclave is being removed is no news. */
static void ordinary_ends_are_not_logged(void **state)
{
	struct wire_reply reply;
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_whole(&c);
	cpu_script("DESTROY 0 celldied");
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), 0);
	epc_used(&c);
	world_nap(20);
	epc_used(&c);
	assert_int_equal(recv(c.fd, &reply, sizeof(reply), MSG_DONTWAIT), -1);
	/* Nor one that ends because its host said at the mailboxes that it is
	 * over, before it said so to the driver. */
	handle = client_whole(&c);
	cpu_script("KICK 0 cellended");
	assert_int_equal(client_simple(&c, WIRE_INTERRUPT, handle), 0);
	assert_true(client_receive(&c, &reply, NULL, 0) > 0);
	assert_int_equal(reply.command, WIRE_EVENT);
	assert_int_equal(reply.handle, handle);
	assert_int_equal(client_simple(&c, WIRE_CLOSE, handle), 0);
	assert_false(logged("lost"));
	client_close(&c);
}

/* News of a cell's end may come when its number is another enclave's. */
static void late_news_of_a_cell_hits_nobody_else(void **state)
{
	struct wire_reply reply;
	struct client c;
	uint64_t handle;

	client_open(&c);
	handle = client_whole(&c);
	cpu_script("KICK 0 celldied 1");
	assert_int_equal(client_simple(&c, WIRE_INTERRUPT, handle), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(client_simple(&c, WIRE_INTERRUPT, handle), 0);
		world_nap(20);
	}
	assert_int_equal(recv(c.fd, &reply, sizeof(reply), MSG_DONTWAIT), -1);
	client_close(&c);
}

/* --- cofferd ------------------------------------------------------------ */

static void idle_machine_ends_and_leaves_nothing(void **state)
{
	struct client c;
	pid_t cofferd, cpu;
	char path[128];
	unsigned long long left;
	bool same;

	setenv("COFFER_IDLE_SECONDS", "1", 1);
	client_open(&c);
	assert_true(exists("driver.sock"));
	/* A connected client keeps it, for longer than it would idle. */
	world_nap(1500);
	epc_used(&c);
	/* For a second it waits for the next; who could not come in that time
	 * tries again. */
	do {
		cofferd = (pid_t)c.info.cofferd_pid;
		left = world_clock();
		client_close(&c);
		world_nap(300);
		client_open(&c);
		same = (pid_t)c.info.cofferd_pid == cofferd;
	} while (!same && world_clock() - left >= 1000);
	assert_true(same);
	cpu = (pid_t)c.info.cpu_pid;
	client_close(&c);
	wait_gone(cofferd);
	wait_gone(cpu);
	snprintf(path, sizeof(path), "%s/default", g_world.runtime);
	assert_int_equal(access(path, F_OK), -1);
}

static void cofferd_whose_directory_was_removed_ends(void **state)
{
	char path[128];
	struct client c, d;
	pid_t cofferd;

	setenv("COFFER_IDLE_SECONDS", "1", 1);
	client_open(&c);
	cofferd = (pid_t)c.info.cofferd_pid;
	snprintf(path, sizeof(path), "%s/default/driver.sock",
		g_world.runtime);
	assert_int_equal(unlink(path), 0);
	strcpy(strrchr(path, '/'), "/metrics.sock");
	assert_int_equal(unlink(path), 0);
	strcpy(strrchr(path, '/'), "/lock");
	assert_int_equal(unlink(path), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(rmdir(path), 0);
	epc_used(&c); /* who is connected is served */
	client_close(&c);
	wait_gone(cofferd);
	assert_int_equal(access(path, F_OK), -1);
	/* Nor does it harm who came to the same place later. */
	client_open(&c);
	cofferd = (pid_t)c.info.cofferd_pid;
	strcat(path, "/lock");
	assert_int_equal(unlink(path), 0);
	fclose(fopen(path, "w"));
	client_close(&c);
	wait_gone(cofferd);
	assert_true(exists("lock"));
	client_open(&d);
	client_close(&d);
}

static void killed_cofferd_leaves_no_processor(void **state)
{
	struct client c;
	struct wire_reply reply;
	pid_t cofferd, cpu;

	client_open(&c);
	cofferd = (pid_t)c.info.cofferd_pid;
	cpu = (pid_t)c.info.cpu_pid;
	kill(cofferd, SIGKILL);
	assert_int_equal(client_receive(&c, &reply, NULL, 0), 0);
	wait_gone(cofferd);
	wait_gone(cpu);
	/* Its socket is still there, and is replaced. */
	assert_true(exists("driver.sock"));
	client_close(&c);
	client_open(&c);
	assert_int_not_equal(c.info.cofferd_pid, cofferd);
	client_close(&c);
}

static void terminated_cofferd_says_so_and_cleans_up(void **state)
{
	struct client c;
	struct wire_reply reply;
	pid_t cofferd;

	client_open(&c);
	client_whole(&c);
	cofferd = (pid_t)c.info.cofferd_pid;
	kill(cofferd, SIGTERM);
	assert_true(client_receive(&c, &reply, NULL, 0) > 0);
	assert_int_equal(reply.command, WIRE_EVENT);
	assert_non_null(strstr(reply.text, "signal 15"));
	assert_int_equal(client_receive(&c, &reply, NULL, 0), 0);
	wait_gone(cofferd);
	assert_false(exists("driver.sock"));
	assert_false(exists("lock"));
	client_close(&c);
}

static void shutdown_verb(void **state)
{
	struct client c;
	pid_t cofferd;

	client_open(&c);
	cofferd = (pid_t)c.info.cofferd_pid;
	assert_int_equal(client_simple(&c, WIRE_SHUTDOWN, 0), 0);
	wait_gone(cofferd);
	assert_false(exists("driver.sock"));
	client_close(&c);
}

static void many_start_it_at_once(void **state)
{
	enum { N = 12 };
	int go[2], told[2], stay[2];
	uint32_t first = 0;
	pid_t pid[N];

	setenv("COFFER_IDLE_SECONDS", "1", 1);
	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(stay), 0);
	for (int i = 0; i < N; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			struct client c;
			char byte;

			close(go[1]);
			close(stay[1]);
			if (read(go[0], &byte, 1) < 0)
				_exit(1);
			client_open(&c);
			if (write(told[1], &c.info.cofferd_pid, 4) != 4)
				_exit(1);
			/* A client until all have been. */
			_exit(read(stay[0], &byte, 1) != 0);
		}
	}
	close(go[0]);
	close(go[1]); /* go */
	for (int i = 0; i < N; i++) {
		uint32_t cofferd;

		assert_int_equal(read(told[0], &cofferd, 4), 4);
		if (!first)
			first = cofferd;
		assert_int_equal(cofferd, first);
	}
	close(stay[0]);
	close(stay[1]);
	for (int i = 0; i < N; i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	close(told[0]);
	close(told[1]);
}

/* Applications that come and go around the end of an idle machine. */
static void arriving_while_it_ends(void **state)
{
	struct client c;

	for (int i = 0; i < 60; i++) {
		struct vmlink *link;
		struct why why = { "" };
		struct arena_info arena;

		assert_int_equal(arena_get(&arena), 0);
		if (vmlink_open("default", &arena, NULL, NULL, &link, &why))
			fail_msg("%s", why.text);
		vmlink_close(link);
		world_nap((unsigned)i % 4);
	}
	client_open(&c);
	client_close(&c);
}

static void whoever_starts_it_may_die(void **state)
{
	struct client c;
	pid_t pid;
	char path[128];
	int fd;

	/* Killed with the lock held. */
	snprintf(path, sizeof(path), "%s/default", g_world.runtime);
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/lock");
	pid = fork();
	if (!pid) {
		fd = open(path, O_RDWR | O_CREAT, 0600);
		flock(fd, LOCK_EX);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	client_open(&c);
	client_close(&c);
}

static void other_state_directory_is_another_machine(void **state)
{
	struct vmlink *link;
	struct arena_info arena;
	struct why why = { "" };
	struct client c;
	char other[128];

	client_open(&c);
	snprintf(other, sizeof(other), "%s/state2", g_world.folder);
	setenv("COFFER_STATE_DIR", other, 1);
	assert_int_equal(arena_get(&arena), 0);
	assert_int_equal(vmlink_open("default", &arena, NULL, NULL, &link,
		&why), -EEXIST);
	assert_non_null(strstr(why.text, "COFFER_RUNTIME_DIR"));
	client_close(&c);
}

static int run(char *const argv[], char *text, size_t size)
{
	int out[2], status;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (!pid) {
		dup2(out[1], 1);
		dup2(out[1], 2);
		execv(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	while ((n = read(out[0], text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void second_cofferd_is_refused(void **state)
{
	char *argv[] = { getenv("COFFERD"), "--foreground", NULL };
	struct client c, d;
	char text[1024];

	client_open(&c);
	assert_int_equal(run(argv, text, sizeof(text)), 1);
	assert_non_null(strstr(text, "in use by another cofferd"));
	epc_used(&c);
	/* What belongs to the first is there still: others find it. */
	assert_true(exists("driver.sock"));
	assert_true(exists("metrics.sock"));
	assert_true(exists("lock"));
	client_open(&d);
	assert_int_equal(d.info.cofferd_pid, c.info.cofferd_pid);
	client_close(&d);
	client_close(&c);
}

static void command_line(void **state)
{
	static const struct {
		char *option, *value;
		int status;
		const char *says;
	} cases[] = {
		{ "--help", NULL, 0, "Usage: cofferd" },
		{ "--version", NULL, 0, "cofferd (Coffer) " },
		{ "--vm", "../x", 2, "no name of a virtual machine" },
		{ "--epc-pages", "3", 2, "no number of EPC pages" },
		{ "--idle", "soon", 2, "--idle \"soon\"" },
		{ "--size", "Standard_A1", 2, "no size" },
		{ "--what", NULL, 2, "--what" },
		{ "--state", "relative", 1, "absolute path" },
		{ "more", NULL, 2, "what is \"more\"" },
	};
	char text[4096];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *argv[] = { getenv("COFFERD"), cases[i].option,
			cases[i].value, NULL };

		assert_int_equal(run(argv, text, sizeof(text)),
			cases[i].status);
		if (!strstr(text, cases[i].says))
			fail_msg("%s: %s", cases[i].option, text);
	}
	setenv("COFFER_IDLE_SECONDS", "x", 1);
	char *argv[] = { getenv("COFFERD"), NULL };

	assert_int_equal(run(argv, text, sizeof(text)), 2);
	assert_non_null(strstr(text, "COFFER_IDLE_SECONDS"));
}

static void machine_keeps_what_it_was_made_with(void **state)
{
	char *argv[] = { getenv("COFFERD"), "--epc-pages", "500", NULL };
	struct client c;
	char text[1024];
	pid_t cofferd;

	client_open(&c);
	cofferd = (pid_t)c.info.cofferd_pid;
	assert_int_equal(client_simple(&c, WIRE_SHUTDOWN, 0), 0);
	client_close(&c);
	wait_gone(cofferd);
	setenv("COFFER_EPC_PAGES", "77", 1);
	assert_int_equal(run(argv, text, sizeof(text)), 1);
	assert_non_null(strstr(text, "has 4096 EPC pages"));
	client_open(&c);
	assert_int_equal(c.info.epc_pages, 4096);
	client_close(&c);
}

static void state_is_private(void **state)
{
	char path[160];
	struct client c;
	struct stat st;

	umask(0);
	client_open(&c);
	snprintf(path, sizeof(path), "%s/vm/default", g_world.state);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	strcat(path, "/vm.conf");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "%s/default/driver.sock",
		g_world.runtime);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
	client_close(&c);
	umask(022);
}

static unsigned lines_logged(const char *text)
{
	char path[128], line[512];
	unsigned count = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/vm/default/log", g_world.state);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		count += strstr(line, text) != NULL;
	fclose(f);
	return count;
}

static void rude_clients_do_not_fill_the_log(void **state)
{
	unsigned lines;
	struct client c;
	char byte = 0;

	client_open(&c);
	for (int i = 0; i < 200; i++) {
		int fd = client_connect_only();

		assert_int_equal(send(fd, &byte, 1, 0), 1);
		assert_int_equal(recv(fd, &byte, 1, 0), 0);
		close(fd);
	}
	lines = lines_logged("does not keep to the protocol");
	assert_in_range(lines, 1, 100);
	client_close(&c);
}

static void other_users_are_turned_away(void **state)
{
	char path[128];
	struct client c;
	struct wire_reply reply;
	int told[2];
	size_t got = 99;
	pid_t pid;

	if (geteuid())
		skip();
	client_open(&c);
	/* With every door but the last one open. */
	snprintf(path, sizeof(path), "%s/default/driver.sock",
		g_world.runtime);
	chmod(path, 0666);
	*strrchr(path, '/') = '\0';
	chmod(path, 0755);
	chmod(g_world.runtime, 0755);
	chmod(g_world.folder, 0755);
	strcat(path, "/driver.sock");
	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid) {
		struct sockaddr_un address = { .sun_family = AF_UNIX };
		struct client other = { .arena_fd = -1 };

		strcpy(address.sun_path, path);
		if (setgid(12345) || setuid(12345))
			_exit(1);
		other.fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		if (connect(other.fd, (void *)&address, sizeof(address)))
			_exit(2);
		got = client_receive(&other, &reply, NULL, 0);
		_exit(write(told[1], &got, sizeof(got)) < 0);
	}
	assert_int_equal(read(told[0], &got, sizeof(got)), sizeof(got));
	assert_int_equal(got, 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(told[0]);
	close(told[1]);
	chmod(g_world.runtime, 0700);
	epc_used(&c);
	client_close(&c);
}

static void cofferd_is_hardened(void **state)
{
	char path[64], line[256];
	unsigned seen = 0;
	struct client c;
	FILE *f;

	client_open(&c);
	snprintf(path, sizeof(path), "/proc/%u/status", c.info.cofferd_pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "NoNewPrivs:", 11)) {
			assert_int_equal(atoi(line + 11), 1);
			seen |= 1;
		}
	}
	fclose(f);
	snprintf(path, sizeof(path), "/proc/%u/limits", c.info.cofferd_pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "Max core file size", 18)) {
			assert_int_equal(atoi(line + 18), 0);
			seen |= 2;
		}
	}
	fclose(f);
	assert_int_equal(seen, 3);
	client_close(&c);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, \
	world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(dead_client_loses_its_enclaves),
		IN_WORLD(a_forked_child_does_not_keep_them),
		IN_WORLD(client_dies_while_pages_are_added),
		IN_WORLD(nothing_leaks),
		IN_WORLD(dead_processor_is_told_to_all),
		IN_WORLD(processor_dies_with_a_verb),
		IN_WORLD(processor_answers_too_short),
		IN_WORLD(processor_answers_something_else),
		IN_WORLD(processor_dies_while_a_verb_takes_turns),
		IN_WORLD(processor_that_does_not_start_is_an_error),
		IN_WORLD(lost_cell_is_told_to_its_owner),
		IN_WORLD(tampered_enclave_is_told_to_its_owner),
		IN_WORLD(ordinary_ends_are_not_logged),
		IN_WORLD(late_news_of_a_cell_hits_nobody_else),
		IN_WORLD(idle_machine_ends_and_leaves_nothing),
		IN_WORLD(cofferd_whose_directory_was_removed_ends),
		IN_WORLD(killed_cofferd_leaves_no_processor),
		IN_WORLD(terminated_cofferd_says_so_and_cleans_up),
		IN_WORLD(shutdown_verb),
		IN_WORLD(many_start_it_at_once),
		IN_WORLD(arriving_while_it_ends),
		IN_WORLD(whoever_starts_it_may_die),
		IN_WORLD(other_state_directory_is_another_machine),
		IN_WORLD(second_cofferd_is_refused),
		IN_WORLD(command_line),
		IN_WORLD(machine_keeps_what_it_was_made_with),
		IN_WORLD(state_is_private),
		IN_WORLD(rude_clients_do_not_fill_the_log),
		IN_WORLD(other_users_are_turned_away),
		IN_WORLD(cofferd_is_hardened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
