/* SPDX-License-Identifier: MIT */
/*
 * Whose machine a name means, rule by rule, in a mount namespace with a /run
 * of its own (needs root); and what a service manager is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>

#include "common/notify.h"
#include "common/place.h"
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSTEM 61001u
#define GROUP 61000u
#define MEMBER 61002u
#define STRANGER 61003u

static char g_home[] = "/run/home-XXXXXX";
static bool g_root;

static int set_up_run(void **state)
{
	g_root = !geteuid() && !unshare(CLONE_NEWNS) &&
		!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
		!mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") &&
		!mkdir("/run/coffer", 0750) &&
		!chown("/run/coffer", SYSTEM, GROUP) && mkdtemp(g_home) &&
		!chmod(g_home, 0755);
	if (!g_root)
		print_message("needs root and a mount namespace: rules that "
			"look at /run/coffer are not tried\n");
	return 0;
}

static int fresh(void **state)
{
	unsetenv("COFFER_RUNTIME_DIR");
	unsetenv("COFFER_STATE_DIR");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("XDG_STATE_HOME");
	setenv("HOME", g_home, 1);
	setenv("COFFER_RUNTIME_USER", "61001", 1);
	if (g_root) {
		chown("/run/coffer", SYSTEM, GROUP);
		chmod("/run/coffer", 0750);
	}
	return 0;
}

static struct place find_as(uid_t uid)
{
	gid_t group = GROUP;
	struct why why = { "" };
	struct place place;
	int r;

	assert_int_equal(setgroups(uid == MEMBER, &group), 0);
	assert_int_equal(setegid(uid), 0);
	assert_int_equal(seteuid(uid), 0);
	r = place_find("web", &place, &why);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	if (r)
		fail_msg("%s", why.text);
	return place;
}

static void is_systems(uid_t uid)
{
	struct place place = find_as(uid);

	assert_false(place.ours);
	assert_int_equal(place.owner, SYSTEM);
	assert_string_equal(place.runtime, "/run/coffer/web");
}

static void is_own(uid_t uid)
{
	struct place place = find_as(uid);

	assert_true(place.ours);
	assert_int_equal(place.owner, uid);
}

static void members_mean_the_systems(void **state)
{
	if (!g_root)
		skip();
	is_systems(MEMBER);
	is_own(STRANGER);
	is_own(0);
	is_own(SYSTEM);
}

static void own_machines_come_first(void **state)
{
	char path[128];
	FILE *f;

	if (!g_root)
		skip();
	snprintf(path, sizeof(path), "%s/vm", g_home);
	setenv("COFFER_STATE_DIR", g_home, 1);
	assert_int_equal(mkdir(path, 0755), 0);
	strcat(path, "/web");
	assert_int_equal(mkdir(path, 0755), 0);
	is_own(MEMBER); /* by COFFER_STATE_DIR */
	unsetenv("COFFER_STATE_DIR");
	setenv("XDG_STATE_HOME", g_home, 1);
	is_systems(MEMBER); /* no vm.conf there */
	snprintf(path, sizeof(path), "%s/coffer", g_home);
	assert_int_equal(mkdir(path, 0755), 0);
	strcat(path, "/vm");
	assert_int_equal(mkdir(path, 0755), 0);
	strcat(path, "/web");
	assert_int_equal(mkdir(path, 0755), 0);
	is_systems(MEMBER);
	strcat(path, "/vm.conf");
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	is_own(MEMBER);
	assert_int_equal(unlink(path), 0);
	is_systems(MEMBER);
}

static void the_environment_wins(void **state)
{
	struct place place;
	char path[96];

	if (!g_root)
		skip();
	snprintf(path, sizeof(path), "%s/run", g_home);
	mkdir(path, 0700);
	chown(path, MEMBER, MEMBER);
	setenv("COFFER_RUNTIME_DIR", path, 1);
	place = find_as(MEMBER);
	assert_true(place.ours);
	assert_string_equal(place.base, path);
	/* Root and others reach the system's by saying so. */
	setenv("COFFER_RUNTIME_DIR", "/run/coffer", 1);
	is_systems(0);
	is_systems(MEMBER);
	is_systems(STRANGER);
	/* A directory of just anybody is not the system's. */
	setenv("COFFER_RUNTIME_DIR", path, 1);
	is_own(STRANGER);
	setenv("COFFER_RUNTIME_USER", "61002", 1);
	assert_false(find_as(STRANGER).ours);
	setenv("COFFER_RUNTIME_USER", "61002x", 1);
	is_own(STRANGER);
}

static void only_a_closed_directory_of_the_user_counts(void **state)
{
	if (!g_root)
		skip();
	chmod("/run/coffer", 0770);
	is_own(MEMBER);
	chmod("/run/coffer", 0752);
	is_own(MEMBER);
	chmod("/run/coffer", 0710);
	is_own(MEMBER);
	chmod("/run/coffer", 0750);
	chown("/run/coffer", STRANGER, GROUP);
	is_own(MEMBER);
	unsetenv("COFFER_RUNTIME_USER");
	is_own(MEMBER);
}

/* --- the service manager ------------------------------------------------ */

static int listen_at(const char *name, socklen_t length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, length);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (void *)&address, (socklen_t)(offsetof(
		struct sockaddr_un, sun_path) + length)), 0);
	return fd;
}

static void heard(int fd, const char *text)
{
	char got[64] = "";

	assert_int_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT),
		strlen(text));
	assert_string_equal(got, text);
	close(fd);
}

static void the_manager_is_told(void **state)
{
	char path[] = "/tmp/coffer-notify-XXXXXX", name[96];
	int fd;

	unsetenv("NOTIFY_SOCKET");
	notify_take();
	notify_say("READY=1"); /* to nobody */
	assert_non_null(mkdtemp(path));
	snprintf(name, sizeof(name), "%s/socket", path);
	fd = listen_at(name, (socklen_t)strlen(name) + 1);
	setenv("NOTIFY_SOCKET", name, 1);
	notify_take();
	assert_null(getenv("NOTIFY_SOCKET"));
	notify_say("READY=1");
	heard(fd, "READY=1");
	unlink(name);
	rmdir(path);
	snprintf(name, sizeof(name), "@coffer-notify-%d", getpid());
	setenv("NOTIFY_SOCKET", name, 1);
	notify_take();
	*name = '\0';
	fd = listen_at(name, (socklen_t)strlen(name + 1) + 1);
	notify_say("STOPPING=1");
	heard(fd, "STOPPING=1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(members_mean_the_systems, fresh),
		cmocka_unit_test_setup(own_machines_come_first, fresh),
		cmocka_unit_test_setup(the_environment_wins, fresh),
		cmocka_unit_test_setup(
			only_a_closed_directory_of_the_user_counts, fresh),
		cmocka_unit_test_setup(the_manager_is_told, fresh),
	};

	return cmocka_run_group_tests(tests, set_up_run, NULL);
}
