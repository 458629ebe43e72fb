/* SPDX-License-Identifier: MIT */
/* Machines on and off, their health and their maintenance, by the commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>

#include "support/peer.h"
#include "support/world.h"
#include "vm_look.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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

#define WAIT_MS 60000u

static struct world world;
static char said[16384]; /* by the last command, on both outputs */
static int held = -1; /* a machine's lock, when a test holds it */

/* ---- helpers ---- */

/* Runs `coffer ...`; its exit status. */
static __attribute__((format(printf, 1, 2))) int coffer(const char *format,
	...)
{
	char command[512] = COFFER " ";
	size_t used = strlen(command);
	va_list args;
	FILE *f;
	int status;

	va_start(args, format);
	vsnprintf(command + used, sizeof(command) - used - 8, format, args);
	va_end(args);
	strcat(command, " 2>&1");
	f = popen(command, "r");
	assert_non_null(f);
	said[fread(said, 1, sizeof(said) - 1, f)] = '\0';
	status = pclose(f);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define ok(...) do { \
	if (coffer(__VA_ARGS__)) \
		fail_msg("%s", said); \
} while (0)

static void says(const char *text)
{
	if (!strstr(said, text))
		fail_msg("\"%s\" is not in:\n%s", text, said);
}

static struct look look(void)
{
	struct look l;

	assert_true(look_list(&l));
	return l;
}

static int driver(const char *name)
{
	struct look l = look();

	for (size_t i = 0; i < l.count; i++)
		if (!strcmp(l.item[i].name, name))
			return l.item[i].driver;
	fail_msg("there is no %s", name);
	return 0;
}

static void await_power(const char *name, const char *power)
{
	unsigned long long until = world_clock() + WAIT_MS;

	while (world_clock() < until) {
		struct look l = look();

		for (size_t i = 0; i < l.count; i++)
			if (!strcmp(l.item[i].name, name) &&
			    !strcmp(l.item[i].power, power))
				return;
		world_nap(10);
	}
	look_tell(&world);
	fail_msg("%s does not become %s", name, power);
}

static void nothing_runs(void)
{
	assert_int_equal(world_wait_empty(0), 0);
}

static int setup(void **state)
{
	if (world_open(&world, (uid_t)-1))
		return -1;
	setenv("COFFER_CGROUP", "none", 1);
	return coffer("ca init") ? -1 : 0;
}

static void let_go(void)
{
	if (held >= 0)
		close(held);
	held = -1;
}

static int teardown(void **state)
{
	let_go(); /* of a test that has failed */
	coffer("vm stop --all");
	return world_close(&world) ? -1 : 0;
}

/* An application with an enclave in the machine. */
static void open_host(struct peer *host, const char *vm)
{
	char *argv[] = { IDENT_HOST, IDENT_ENCLAVE, NULL };

	setenv("COFFER_VM", vm, 1);
	assert_int_equal(peer_start(host, argv, (uid_t)-1, NULL, -1), 0);
	unsetenv("COFFER_VM");
	assert_true(peer_expect(host, "loaded", NULL, 0, WAIT_MS));
}

/* ---- power ---- */

static void a_stopped_machine_refuses(void **state)
{
	char *argv[] = { IDENT_HOST, IDENT_ENCLAVE, NULL };
	struct peer host;
	char line[256];

	ok("vm create one");
	look_one("one", "running");
	ok("vm stop one");
	nothing_runs(); /* it is gone when the command returns */
	look_one("one", "stopped");
	setenv("COFFER_VM", "one", 1);
	assert_int_equal(peer_start(&host, argv, (uid_t)-1, NULL, -1), 0);
	unsetenv("COFFER_VM");
	assert_true(peer_expect(&host, "failed", line, sizeof(line), WAIT_MS));
	assert_string_equal(line, "OE_SERVICE_UNAVAILABLE");
	assert_true(peer_end(&host, WAIT_MS) > 0);
	assert_int_equal(coffer("run --vm one -- /bin/true"), 1);
	says("`coffer vm start one`");
	ok("vm start one");
	look_one("one", "running");
	ok("vm start one"); /* being there already is no error */
	open_host(&host, "one");
	assert_int_equal(peer_end(&host, WAIT_MS), 0);
	ok("vm stop one --deallocate");
	look_one("one", "deallocated");
	ok("vm stop one");
	look_one("one", "deallocated");
	ok("vm start one");
	look_one("one", "running");
	ok("vm events one");
	says("created");
	says("started");
	says("stopped");
	says("deallocated");
}

static void several_at_a_time(void **state)
{
	struct look l;

	ok("vm create s --count 3");
	ok("vm create other");
	ok("vm stop --set s");
	l = look();
	assert_int_equal(l.count, 4);
	for (size_t i = 0; i < l.count; i++)
		assert_string_equal(l.item[i].power,
			strcmp(l.item[i].name, "other") ? "stopped" :
			"running");
	/* The rest is done, and the status says that not all was. */
	assert_int_equal(coffer("vm start s-0 nobody s-2 --json"), 1);
	says("\"ResourceNotFound\"");
	look_one("s-0", "running");
	look_one("s-1", "stopped");
	look_one("s-2", "running");
	ok("vm restart --all --json");
	says("\"power\": \"running\"");
	look_one("s-1", "running");
	assert_int_equal(coffer("vm stop"), 2);
	assert_int_equal(coffer("vm stop s-0 --all"), 2);
	assert_int_equal(coffer("vm stop --set nothing"), 1);
}

static void its_applications_are_told(void **state)
{
	struct peer host;
	char line[256];
	int before;

	ok("vm create one");
	open_host(&host, "one");
	before = driver("one");
	ok("vm restart one");
	assert_int_not_equal(driver("one"), before);
	peer_say(&host, "who");
	/* A word without an answer behind it. */
	assert_true(peer_expect(&host, "who", line, sizeof(line), WAIT_MS));
	assert_string_equal(line, "");
	peer_end(&host, WAIT_MS);
	open_host(&host, "one");
	assert_int_equal(peer_end(&host, WAIT_MS), 0);
}

static void killed(const char *name)
{
	pid_t pid = world_find(name);

	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	await_power("one", "failed");
	assert_int_equal(coffer("vm probe one"), 1);
	says("`coffer vm start one`");
	assert_int_equal(world_wait_empty(WAIT_MS), 0);
	ok("vm start one");
	look_one("one", "running");
	ok("vm probe one");
}

static void what_was_killed_has_failed(void **state)
{
	struct peer host;
	pid_t pid;

	ok("vm create one");
	killed("cofferd");
	killed("coffer-cpu");
	/* An application repairs it, too. */
	kill(world_find("cofferd"), SIGKILL);
	await_power("one", "failed");
	open_host(&host, "one");
	look_one("one", "running");
	assert_int_equal(peer_end(&host, WAIT_MS), 0);
	/* A processor that does not even hear of it goes with its driver. */
	pid = world_find("coffer-cpu");
	assert_int_equal(kill(pid, SIGSTOP), 0);
	kill(world_find("cofferd"), SIGKILL);
	assert_int_equal(world_wait_empty(WAIT_MS), 0);
}

/* ---- drivers that hang ---- */

static const char *conf_of(const char *name, char text[4096])
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/vm/%s/vm.conf", world.state, name);
	f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, 4095, f)] = '\0';
	fclose(f);
	return text;
}

/* A driver that hears nothing; its pid. */
static pid_t hang(const char *name)
{
	pid_t pid = driver(name);

	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	return pid;
}

/* `coffer ...` beside us; what it says is heard line by line. */
static void begin(struct peer *command, const char *arguments)
{
	char line[256];
	char *argv[] = { "/bin/sh", "-c", line, NULL };

	snprintf(line, sizeof(line), "exec %s %s 2>&1", COFFER, arguments);
	assert_int_equal(peer_start(command, argv, (uid_t)-1, NULL, -1), 0);
}

static void who_stops_a_hung_one_is_told_and_may_go(void **state)
{
	struct peer stop;
	char line[4096];

	ok("vm create one");
	ok("vm create two");
	hang("one");
	begin(&stop, "vm stop --all");
	assert_true(peer_hear(&stop, line, sizeof(line), WAIT_MS));
	assert_non_null(strstr(line, "one takes long to end"));
	assert_non_null(strstr(line, "--force"));
	/* The other is not kept waiting. */
	assert_true(peer_hear(&stop, line, sizeof(line), WAIT_MS));
	assert_string_equal(line, "two is stopped");
	assert_int_equal(kill(stop.pid, SIGINT), 0);
	assert_true(peer_hear(&stop, line, sizeof(line), WAIT_MS));
	assert_non_null(strstr(line, "Conflict: interrupted; one was told"));
	assert_int_equal(WEXITSTATUS(peer_end(&stop, WAIT_MS)), 1);
	assert_non_null(strstr(conf_of("one", line), "power=off"));
	ok("vm stop one --force");
	look_one("one", "stopped");
	nothing_runs();
	ok("vm events one");
	says("killed");
	ok("vm start one");
	hang("one");
	/* Deleting waits less, as nobody will miss it. */
	ok("vm delete one --force");
	nothing_runs();
}

static void a_set_restarts_one_after_another(void **state)
{
	struct peer restart;
	char line[512], expected[64];
	int others[2];
	pid_t first;

	ok("vm create s --count 3");
	others[0] = driver("s-1");
	others[1] = driver("s-2");
	first = hang("s-0");
	begin(&restart, "vm restart --set s");
	assert_true(peer_hear(&restart, line, sizeof(line), WAIT_MS));
	assert_non_null(strstr(line, "s-0 takes long to end"));
	assert_int_equal(kill(others[0], 0), 0);
	assert_int_equal(kill(others[1], 0), 0);
	assert_int_equal(kill(first, SIGCONT), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(peer_hear(&restart, line, sizeof(line), WAIT_MS));
		snprintf(expected, sizeof(expected), "s-%d is running again",
			i);
		assert_string_equal(line, expected);
	}
	assert_int_equal(peer_end(&restart, WAIT_MS), 0);
	assert_int_not_equal(driver("s-1"), others[0]);
	assert_int_not_equal(driver("s-2"), others[1]);
}

/* Its queue of connections is full, too. */
static void a_hung_one_is_killed_in_the_end(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fds[128], count = 0;

	ok("vm create one");
	hang("one");
	snprintf(address.sun_path, sizeof(address.sun_path),
		"%.80s/one/driver.sock", world.runtime);
	for (; count < 128; count++) {
		fds[count] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
			SOCK_CLOEXEC, 0);
		if (connect(fds[count], (struct sockaddr *)&address,
				sizeof(address)))
			break;
	}
	assert_true(count < 128);
	ok("vm restart one");
	says("one takes long to end");
	says("one is running again");
	for (int i = 0; i <= count; i++)
		close(fds[i]);
	look_one("one", "running");
	ok("vm events one");
	says("was killed");
}

/* An application that asks in the middle of a restart hears nothing of it. */
static void applications_wait_for_a_restart(void **state)
{
	char *argv[] = { IDENT_HOST, IDENT_ENCLAVE, NULL };
	unsigned long long until = world_clock() + WAIT_MS;
	char text[4096], path[160];
	struct peer host, restart;
	pid_t pid;

	ok("vm create one");
	pid = hang("one");
	begin(&restart, "vm restart one");
	while (!strstr(conf_of("one", text), "power=off") &&
			world_clock() < until)
		world_nap(5);
	setenv("COFFER_VM", "one", 1);
	assert_int_equal(peer_start(&host, argv, (uid_t)-1, NULL, -1), 0);
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_true(peer_expect(&host, "loaded", NULL, 0, WAIT_MS));
	assert_int_equal(peer_end(&host, WAIT_MS), 0);
	assert_int_equal(peer_end(&restart, WAIT_MS), 0);

	/* The same with nothing left but the command's lock. */
	ok("vm stop one");
	snprintf(path, sizeof(path), "%s/vm/one/lock", world.state);
	held = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(held, LOCK_EX), 0);
	assert_int_equal(peer_start(&host, argv, (uid_t)-1, NULL, -1), 0);
	begin(&restart, "run --vm one -- /bin/echo ran");
	assert_false(peer_hear(&host, text, sizeof(text), 500));
	/* As turning it on does. */
	assert_int_equal(system("sed -i s/power=off/power=on/ "
		"$COFFER_STATE_DIR/vm/one/vm.conf"), 0);
	let_go();
	assert_true(peer_expect(&host, "loaded", NULL, 0, WAIT_MS));
	assert_int_equal(peer_end(&host, WAIT_MS), 0);
	assert_true(peer_expect(&restart, "ran", NULL, 0, WAIT_MS));
	assert_int_equal(peer_end(&restart, WAIT_MS), 0);
	unsetenv("COFFER_VM");
}

/* ---- damaged ---- */

static void a_damaged_one_keeps_nobody_from_the_others(void **state)
{
	struct look l;

	ok("vm create one");
	ok("vm create two");
	assert_int_equal(system("echo nonsense >> "
		"$COFFER_STATE_DIR/vm/one/vm.conf"), 0);
	ok("vm list");
	says("vm.conf:");
	says("no key=value");
	ok("vm list --json");
	says("\"OperationNotAllowed\"");
	l = look();
	assert_int_equal(l.count, 2);
	assert_string_equal(l.item[0].power, "failed");
	assert_string_equal(l.item[1].power, "running");
	ok("vm show one");
	says("coffer vm delete one");
	assert_int_equal(coffer("vm restart --all"), 1);
	says("two is running again");
	says("OperationNotAllowed");
	assert_int_equal(coffer("vm probe"), 1);
	says("two                  healthy");
	assert_int_equal(coffer("vm tcb show"), 1);
	says("UpToDate");
	ok("ca show");
	assert_int_equal(coffer("shell one"), 1);
	assert_int_equal(coffer("run --vm one -- /bin/true"), 1);
	says("no key=value");
	assert_int_equal(coffer("vm delete one"), 1);
	says("--force");
	ok("vm delete one --force");
	ok("vm stop two");
	nothing_runs();
	assert_int_equal(look().count, 1);
}

/* ---- health ---- */

static void program(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", text);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0700), 0);
}

static void probes(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[128];

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size),
		0);
	ok("vm create tcp --probe tcp://127.0.0.1:%u",
		ntohs(address.sin_port));
	ok("vm probe tcp");
	close(fd);
	assert_int_equal(coffer("vm probe tcp"), 1);
	says("unhealthy");

	snprintf(path, sizeof(path), "%s/probe", world.folder);
	program(path, "test \"$1\" = exec || exit 2; echo why >&2; "
		"exit 3");
	ok("vm create exec --probe exec:%s", path);
	assert_int_equal(coffer("vm probe exec"), 1);
	says("status 3: why");
	program(path, "test \"$1\" = exec");
	ok("vm probe exec --wait 60 --json");
	says("\"healthy\": true");
	assert_int_equal(coffer("vm probe"), 1); /* tcp still is not */
	ok("vm stop tcp");
	ok("vm probe");
	says("off");
	assert_int_equal(coffer("vm probe tcp"), 1);
	assert_int_equal(coffer("vm create bad --probe gopher://x"), 1);
	says("InvalidParameter");
}

/* ---- maintenance ---- */

static void one_domain_after_another(void **state)
{
	int before[3], lock;
	char path[128];

	/* Ten update domains: the eleventh machine is with the first. */
	snprintf(path, sizeof(path), "%s/probe", world.folder);
	program(path, "! test -e \"$0.$1\"");
	ok("vm create m --count 11 --stopped --probe exec:%s", path);
	ok("vm start m-0 m-1 m-10");
	before[0] = driver("m-0");
	before[1] = driver("m-1");
	before[2] = driver("m-10");

	snprintf(path, sizeof(path), "%s/probe.m-0", world.folder);
	program(path, "");
	assert_int_equal(coffer("vm maintenance --domain 0 --set m --wait 0"),
		1);
	says("m-0 did not come back");
	assert_int_not_equal(driver("m-0"), before[0]);
	assert_int_equal(driver("m-1"), before[1]);
	assert_int_equal(driver("m-10"), before[2]);

	assert_int_equal(unlink(path), 0);
	ok("vm maintenance --domain 0 --wait 60 --json");
	says("\"healthy\"");
	assert_int_equal(driver("m-1"), before[1]);
	assert_int_not_equal(driver("m-10"), before[2]);
	ok("vm events m-10");
	says("update domain 0 is maintained");

	snprintf(path, sizeof(path), "%s/vm/.maintenance", world.state);
	lock = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(coffer("vm maintenance --domain 1"), 1);
	says("Conflict");
	close(lock);
	ok("vm maintenance --domain 1");
	assert_int_not_equal(driver("m-1"), before[1]);
	ok("vm maintenance --domain 2");
	says("skipped");
	assert_int_equal(coffer("vm maintenance --domain 2 --set none"), 1);
	says("ResourceNotFound");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_stopped_machine_refuses),
		CASE(several_at_a_time),
		CASE(its_applications_are_told),
		CASE(what_was_killed_has_failed),
		CASE(who_stops_a_hung_one_is_told_and_may_go),
		CASE(a_set_restarts_one_after_another),
		CASE(a_hung_one_is_killed_in_the_end),
		CASE(applications_wait_for_a_restart),
		CASE(a_damaged_one_keeps_nobody_from_the_others),
		CASE(probes),
		CASE(one_domain_after_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
