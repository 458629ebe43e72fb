/* SPDX-License-Identifier: MIT */
/*
 * What vm.conf's power means to a driver: who may start it, when it ends, and
 * what holds the machine's lock.
 */
#include "client.h"

#include "common/vmconf.h"
#include "common/vmstart.h"
#include "common/why.h"
#include "host/arena.h"
#include "host/vmlink.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

static void configure(const char *power)
{
	char lines[64];

	snprintf(lines, sizeof(lines), "epc_pages=4096\npower=%s\n", power);
	assert_int_equal(world_configure(&g_world, (uid_t)-1, lines), 0);
}

/* As commands do it. */
static void rename_configure(const char *power)
{
	struct vmconf conf;
	char path[128];
	struct why why;

	snprintf(path, sizeof(path), "%s/vm/default/vm.conf", g_world.state);
	assert_int_equal(vmconf_read(path, &conf, &why), 0);
	conf.power = strcmp(power, "on") ? VMCONF_OFF : VMCONF_ON;
	assert_int_equal(vmconf_write(path, &conf, &why), 0);
	vmconf_free(&conf);
}

static bool runtime_is_empty(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/default", g_world.runtime);
	return access(path, F_OK) && errno == ENOENT;
}

static void refused(const char *power)
{
	struct vmlink *link = NULL;
	struct arena_info arena;
	struct why why = { "" };

	configure(power);
	assert_int_equal(vmstart_connect("default", &why), -EHOSTDOWN);
	assert_non_null(strstr(why.text, "`coffer vm start default`"));
	assert_int_equal(arena_get(&arena), 0);
	assert_int_equal(vmlink_open("default", &arena, NULL, NULL, &link,
		&why), -EHOSTDOWN);
	assert_int_equal(world_wait_empty(60000), 0);
	assert_true(runtime_is_empty());
}

static void stopped_machine_is_not_started_on_demand(void **state)
{
	struct client c;

	refused("off");
	refused("deallocated");
	configure("demand");
	client_open(&c);
	client_close(&c);
}

/* With no time to idle, one that runs on demand ends with its client. */
static void same_driver_stays(struct client *c)
{
	pid_t cofferd = (pid_t)c->info.cofferd_pid;

	for (int i = 0; i < 20; i++) {
		client_close(c);
		world_nap(20);
		client_open(c);
		assert_int_equal(c->info.cofferd_pid, cofferd);
	}
}

static void end(struct client *c)
{
	assert_int_equal(client_simple(c, WIRE_SHUTDOWN, 0), 0);
	client_close(c);
	assert_int_equal(world_wait_empty(60000), 0);
	assert_true(runtime_is_empty());
}

static void started_machine_does_not_end(void **state)
{
	struct client c;

	configure("on");
	client_open(&c);
	same_driver_stays(&c);
	end(&c);
}

static void started_while_it_ran_on_demand(void **state)
{
	struct client c;

	configure("demand");
	client_open(&c);
	rename_configure("on");
	same_driver_stays(&c);
	end(&c);
}

/* What vm.conf says is done, whoever wrote it and whatever became of him. */
static void stopped_by_its_settings(void **state)
{
	struct wire_reply reply;
	struct client c;

	configure("on");
	client_open(&c);
	client_whole(&c);
	rename_configure("off");
	assert_true(client_receive(&c, &reply, NULL, 0) > 0);
	assert_int_equal(reply.command, WIRE_EVENT);
	assert_int_equal(reply.handle, 0);
	assert_non_null(strstr(reply.text, "was stopped"));
	client_close(&c);
	assert_int_equal(world_wait_empty(60000), 0);
	assert_true(runtime_is_empty());
}

/* cofferd --start, as a unit of systemd has it; what it says when it is ready
 * or not. */
static void start_by_hand(char *text, size_t size)
{
	const char *program = getenv("COFFERD");
	int told[2];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid) {
		if (dup2(told[1], 3) != 3)
			_exit(99);
		execl(program, program, "--start", "--ready", "3", NULL);
		_exit(98);
	}
	close(told[1]);
	n = read(told[0], text, size - 1);
	close(told[0]);
	assert_true(n >= 0);
	text[n] = '\0';
}

static void started_by_hand_though_it_was_stopped(void **state)
{
	char text[256];
	struct client c;

	configure("off");
	start_by_hand(text, sizeof(text));
	assert_string_equal(text, "ready\n");
	/* It is on: for clients, and for the next driver. */
	client_open(&c);
	same_driver_stays(&c);
	end(&c);
	client_open(&c);
	end(&c);
	configure("deallocated");
	start_by_hand(text, sizeof(text));
	assert_string_equal(text, "stopped\n");
}

static enum vmconf_power recorded(void)
{
	enum vmconf_power power;
	struct vmconf conf;
	char path[128];
	struct why why;

	snprintf(path, sizeof(path), "%s/vm/default/vm.conf", g_world.state);
	assert_int_equal(vmconf_read(path, &conf, &why), 0);
	power = conf.power;
	vmconf_free(&conf);
	return power;
}

static void ended_by_signal(bool by_hand, enum vmconf_power before,
	enum vmconf_power after)
{
	char text[256];
	struct client c;

	if (by_hand) {
		start_by_hand(text, sizeof(text));
		assert_string_equal(text, "ready\n");
	}
	client_open(&c);
	assert_int_equal(recorded(), before);
	assert_int_equal(kill((pid_t)c.info.cofferd_pid, SIGTERM), 0);
	client_close(&c);
	assert_int_equal(world_wait_empty(60000), 0);
	assert_true(runtime_is_empty());
	assert_int_equal(recorded(), after);
}

/* As a unit is stopped.  The next start of it starts the machine again. */
static void who_started_by_hand_stops_by_signal(void **state)
{
	configure("off");
	ended_by_signal(true, VMCONF_ON, VMCONF_OFF);
	ended_by_signal(true, VMCONF_ON, VMCONF_OFF);
	configure("demand");
	ended_by_signal(true, VMCONF_ON, VMCONF_OFF);
	/* A driver that others started does not speak for them. */
	configure("on");
	ended_by_signal(false, VMCONF_ON, VMCONF_ON);
}

/* Nobody may start a second processor beside the first. */
static void lock_lasts_as_long_as_the_processor(void **state)
{
	struct client c;
	char path[128];
	int fd;

	configure("demand");
	client_open(&c);
	snprintf(path, sizeof(path), "%s/vm/default", g_world.state);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(kill((pid_t)c.info.cpu_pid, SIGSTOP), 0);
	assert_int_equal(kill((pid_t)c.info.cofferd_pid, SIGKILL), 0);
	for (int i = 0; world_find("cofferd") && i < 6000; i++)
		world_nap(10);
	assert_int_equal(world_find("cofferd"), 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	assert_int_equal(kill((pid_t)c.info.cpu_pid, SIGCONT), 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	close(fd);
	client_close(&c);
	assert_int_equal(world_wait_empty(60000), 0);
	/* What the dead driver left is in nobody's way. */
	client_open(&c);
	end(&c);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, world_set_up, \
	world_tear_down)
	const struct CMUnitTest tests[] = {
		CASE(stopped_machine_is_not_started_on_demand),
		CASE(started_machine_does_not_end),
		CASE(stopped_by_its_settings),
		CASE(started_while_it_ran_on_demand),
		CASE(started_by_hand_though_it_was_stopped),
		CASE(who_started_by_hand_stops_by_signal),
		CASE(lock_lasts_as_long_as_the_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
