/* SPDX-License-Identifier: MIT */
/*
 * Groups of machines: what is read from the kernel's files, on prepared
 * folders; placing, ending, listing and removing in a real tree of cgroup v2,
 * where one can be written here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "vm/cgroup_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the kernel's files ---- */

static int find_in(const char *text, struct cgroup_mount *mount)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	int r;

	assert_non_null(file);
	r = cgroup_mount_find(file, mount);
	fclose(file);
	return r;
}

static void mounts(void **state)
{
	struct cgroup_mount mount;

	assert_int_equal(find_in(
		"22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
		"32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
		"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:5 "
		"master:1 - cgroup2 cgroup2 rw\n", &mount), 0);
	assert_string_equal(mount.mount, "/sys/fs/cgroup/unified");
	assert_string_equal(mount.root, "/");
	/* Not under /sys, of a part of the tree, with a blank in its name;
	 * a second one elsewhere changes nothing, one over it does. */
	assert_int_equal(find_in(
		"41 31 0:38 /box/a /my\\040groups rw - cgroup2 none rw\n"
		"42 31 0:38 / /run/other rw - cgroup2 none rw\n", &mount), 0);
	assert_string_equal(mount.mount, "/my groups");
	assert_string_equal(mount.root, "/box/a");
	assert_int_equal(find_in(
		"41 31 0:38 /a /cg rw - cgroup2 none rw\n"
		"42 31 0:38 /b /cg rw - cgroup2 none rw\n", &mount), 0);
	assert_string_equal(mount.root, "/b");
	assert_int_equal(find_in(
		"32 31 0:29 / /cgroup2 rw - cgroup cgroup2 rw\n", &mount),
		-ENOENT);
	assert_int_equal(find_in("41 31 0:38 - cgroup2 none rw\n", &mount),
		-ENOENT);
}

static void below(void **state)
{
	struct cgroup_mount all = { "/cg", "/" }, part = { "/cg", "/box/a" };
	char path[CGROUP_PATH_MAX], longest[CGROUP_PATH_MAX + 2];

	assert_int_equal(cgroup_below(&all, "/", path), 0);
	assert_string_equal(path, "/cg");
	assert_int_equal(cgroup_below(&all, "/x/y", path), 0);
	assert_string_equal(path, "/cg/x/y");
	assert_int_equal(cgroup_below(&part, "/box/a", path), 0);
	assert_string_equal(path, "/cg");
	assert_int_equal(cgroup_below(&part, "/box/a/b", path), 0);
	assert_string_equal(path, "/cg/b");
	assert_int_equal(cgroup_below(&part, "/box/ab", path), -ENOENT);
	assert_int_equal(cgroup_below(&part, "/", path), -ENOENT);
	assert_int_equal(cgroup_below(&all, "/../x", path), -ENOENT);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(cgroup_below(&all, longest, path), -ENAMETOOLONG);
}

static void names(void **state)
{
	static const char *const good[] = { "a", "my-vm", "a-b-c", "0", "---",
		("123456789-123456789-123456789-123456789-123456789-"
		"123456789-123") };
	char name[128], vm[64], id[9], other[9];

	cgroup_id("/", id);
	cgroup_id("/tmp", other);
	assert_int_equal(strlen(id), 8);
	assert_string_not_equal(id, other);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		cgroup_name(id, good[i], name, sizeof(name));
		assert_true(cgroup_name_vm(id, name, strlen(name), vm));
		assert_string_equal(vm, good[i]);
		assert_true(cgroup_name_any(name));
		/* Nothing that systemd would take for a step further down. */
		assert_null(strchr(name + strlen("coffer-") + 9, '-'));
		assert_false(cgroup_name_vm(other, name, strlen(name), vm));
	}
	assert_false(cgroup_name_any("coffer-0123456-a"));
	assert_false(cgroup_name_any("coffer-01234567-"));
	assert_false(cgroup_name_any("coffer-01234567-a-b"));
	assert_false(cgroup_name_any("coffer-01234567-A"));
	assert_false(cgroup_name_any("coffer.main"));
}

/* ---- prepared folders ---- */

static char top[] = "/tmp/coffer-cgroup-XXXXXX";

static void put(const char *folder, const char *file, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void expect(const char *folder, const char *file, const char *text)
{
	char have[256];

	assert_int_equal(cgroup_read(folder, file, have, sizeof(have)), 0);
	assert_string_equal(have, text);
}

static char *fresh(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	assert_int_equal(mkdir(path, 0755), 0);
	return path;
}

static void limits(void **state)
{
	const struct cgroup_limits two = { 2, 16ull << 20 };
	struct cgroup_limits have, box, huge;
	struct cgroup_place applied = { .kind = CGROUP_FOLDER };
	char *folder = fresh("limits"), text[300];

	cgroup_box(&box);
	assert_true(box.vcpus >= 1 && box.memory > 0);
	put(folder, "cpu.max", "max 100000\n");
	put(folder, "memory.max", "max\n");
	put(folder, "memory.swap.max", "max\n");
	assert_int_equal(cgroup_limits_read(folder, &have), 0);
	assert_int_equal(have.vcpus, 0);
	assert_int_equal(have.memory, 0);
	assert_int_equal(cgroup_limits_write(folder, &two, &applied), 0);
	assert_true(applied.cpu && applied.memory);
	assert_string_equal(applied.path, folder);
	expect(folder, "cpu.max", "200000 100000");
	expect(folder, "memory.max", "16777216");
	expect(folder, "memory.swap.max", "0");
	assert_int_equal(cgroup_limits_read(folder, &have), 0);
	assert_int_equal(have.vcpus, 2);
	assert_int_equal(have.memory, 16u << 20);
	/* More than the box has: its swap is not closed to the machine. */
	huge = (struct cgroup_limits){ 48, box.memory + (1u << 30) };
	cgroup_limits_write(folder, &huge, &applied);
	assert_true(applied.cpu && applied.memory);
	expect(folder, "memory.swap.max", "max");
	/* Given up again. */
	huge = (struct cgroup_limits){ 0, 0 };
	cgroup_limits_write(folder, &huge, &applied);
	assert_false(applied.cpu || applied.memory);
	expect(folder, "cpu.max", "max 100000");
	expect(folder, "memory.max", "max");
	/* Somebody's half processor counts as one; what is not there is not
	 * applied, and nothing is made in its place. */
	put(folder, "cpu.max", "50000 100000\n");
	cgroup_limits_read(folder, &have);
	assert_int_equal(have.vcpus, 1);
	snprintf(text, sizeof(text), "%s/memory.max", folder);
	assert_int_equal(unlink(text), 0);
	cgroup_limits_write(folder, &two, &applied);
	assert_true(applied.cpu);
	assert_false(applied.memory);
	assert_int_equal(access(text, F_OK), -1);
	assert_int_equal(cgroup_limits_read("/nowhere", &have), -ENOENT);
}

static void numbers(void **state)
{
	char *folder = fresh("numbers");
	uint64_t value;

	put(folder, "memory.current", "4096\n");
	put(folder, "memory.max", "max\n");
	put(folder, "bad", "12x\n");
	put(folder, "cpu.stat", "usage_usec 77\nuser_usec 5\n");
	assert_int_equal(cgroup_number(folder, "memory.current", NULL,
		&value), 0);
	assert_int_equal(value, 4096);
	assert_int_equal(cgroup_number(folder, "memory.max", NULL, &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(cgroup_number(folder, "bad", NULL, &value), -EINVAL);
	assert_int_equal(cgroup_number(folder, "cpu.stat", "user_usec",
		&value), 0);
	assert_int_equal(value, 5);
	assert_int_equal(cgroup_number(folder, "cpu.stat", "usec", &value),
		-ENOENT);
	assert_int_equal(cgroup_number(folder, "none", NULL, &value), -ENOENT);
	put(folder, "list", "cpuset cpu io\n");
	assert_true(cgroup_lists(folder, "list", "cpu"));
	assert_false(cgroup_lists(folder, "list", "cpus"));
	assert_false(cgroup_lists(folder, "list", "memory"));
}

/* A folder with these control files, looked at as a place. */
static int look(const char *name, const char *controllers, const char *subtree,
	const char *procs, bool root, bool given, struct cgroup_world *world)
{
	char *folder = fresh(name);

	put(folder, "cgroup.controllers", controllers);
	put(folder, "cgroup.subtree_control", subtree);
	put(folder, "cgroup.procs", procs);
	if (!root)
		put(folder, "cgroup.type", "domain\n");
	memset(world, 0, sizeof(*world));
	strcpy(world->mount.mount, top);
	strcpy(world->mount.root, "/");
	strcpy(world->place.path, folder);
	return cgroup_folder_look(world, given);
}

static void places(void **state)
{
	struct cgroup_world world;
	struct cgroup_place *place = &world.place;
	char me[16];

	put(top, "cgroup.controllers", "cpu memory pids\n");
	snprintf(me, sizeof(me), "%d\n", (int)getpid());
	assert_int_equal(look("enabled", "cpu memory pids\n", "memory cpu\n",
		"1\n", false, false, &world), 1);
	assert_int_equal(place->kind, CGROUP_FOLDER);
	assert_true(place->cpu && place->memory);
	assert_string_equal(place->why.text, "");
	/* Others sit in it: nothing can be given to groups below. */
	assert_int_equal(look("crowded", "cpu memory\n", "\n", "1\n7\n",
		false, false, &world), 0);
	assert_int_equal(place->kind, CGROUP_NONE);
	assert_non_null(strstr(place->why.text, "processes in it"));
	/* We alone: we can step aside.  The root has no such rule. */
	assert_int_equal(look("alone", "cpu memory\n", "\n", me, false, false,
		&world), 1);
	assert_true(place->cpu && place->memory);
	assert_int_equal(look("root", "cpu memory\n", "\n", "1\n7\n", true,
		false, &world), 1);
	assert_true(place->cpu && place->memory);
	/* One of two. */
	assert_int_equal(look("half", "memory\n", "memory\n", "", false, false,
		&world), 1);
	assert_true(place->memory && !place->cpu);
	assert_non_null(strstr(place->why.text, "vCPUs cannot be limited"));
	assert_non_null(strstr(place->why.text, "+cpu"));
	/* None: only where somebody has named the folder. */
	assert_int_equal(look("bare", "pids\n", "\n", "", false, false,
		&world), 0);
	assert_int_equal(look("named", "pids\n", "\n", "", false, true,
		&world), 1);
	assert_false(place->cpu || place->memory);
	assert_non_null(strstr(place->why.text, "neither"));
	/* A box whose controllers are in v1. */
	put(top, "cgroup.controllers", "hugetlb\n");
	assert_int_equal(look("hybrid", "hugetlb\n", "\n", "", true, true,
		&world), 1);
	assert_non_null(strstr(place->why.text, "v1"));
}

static void no_place(void **state)
{
	struct cgroup_world world = { .looked = false };

	assert_int_equal(cgroup_folder_where(&world, top), 0);
	assert_non_null(strstr(world.place.why.text, "no folder of cgroup"));
	assert_int_equal(cgroup_folder_where(&world, "relative"), 0);
}

/* Controllers are turned on above the group, limits written in it. */
static void made(void **state)
{
	const struct cgroup_limits one = { 1, 1ull << 30 };
	struct cgroup_place applied = { .kind = CGROUP_FOLDER };
	char *folder = fresh("made"), group[300];
	struct why why;

	put(folder, "cgroup.controllers", "cpu\n");
	put(folder, "cgroup.subtree_control", "\n");
	put(folder, "cgroup.procs", "");
	snprintf(group, sizeof(group), "%s/machine", folder);
	assert_int_equal(mkdir(group, 0755), 0);
	put(group, "cpu.max", "max 100000\n");
	assert_int_equal(cgroup_folder_ops.make("machine", group, &one,
		&applied, &why), 0);
	expect(folder, "cgroup.subtree_control", "+cpu");
	expect(group, "cpu.max", "100000 100000");
	assert_true(applied.cpu);
	assert_false(applied.memory);
}

static int start(void **state)
{
	return mkdtemp(top) ? 0 : -1;
}

static int end(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

/* ---- a real tree ---- */

static char real_top[CGROUP_PATH_MAX + 32];

/* Once in a child: this process stays where it is. */
static bool real_tree(void)
{
	struct cgroup_mount mount;
	FILE *file = fopen("/proc/self/mountinfo", "r");
	char own[CGROUP_PATH_MAX];
	bool have = file && !cgroup_mount_find(file, &mount) &&
		!cgroup_of(&mount, 0, own, NULL);
	pid_t pid;
	int status;

	if (file)
		fclose(file);
	if (!have)
		return false;
	snprintf(real_top, sizeof(real_top), "%s/coffer-test-%d", own,
		(int)getpid());
	if (mkdir(real_top, 0755))
		return false;
	pid = fork();
	if (!pid)
		_exit(cgroup_write(real_top, "cgroup.procs", "0") ? 1 : 0);
	have = waitpid(pid, &status, 0) == pid && status == 0;
	if (!have)
		rmdir(real_top);
	return have;
}

static int real_start(void **state)
{
	if (!real_tree()) {
		real_top[0] = '\0';
		return 0;
	}
	setenv("COFFER_CGROUP", real_top, 1);
	return cgroup_use("/", NULL);
}

static int real_end(void **state)
{
	if (*real_top)
		cgroup_remove(real_top, NULL);
	return 0;
}

static void need_tree(void)
{
	if (*real_top)
		return;
	print_message("no group of cgroup v2 can be made here\n");
	skip();
}

static pid_t sleeper(bool stubborn)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (stubborn)
			signal(SIGTERM, SIG_IGN);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static int ended_by(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void count(void *ctx, const char *vm)
{
	unsigned *seen = ctx;

	seen[!strcmp(vm, "one") ? 0 : !strcmp(vm, "my-two") ? 1 : 2]++;
}

static void placed(void **state)
{
	const struct cgroup_limits limit = { 1, 1ull << 30 };
	struct cgroup_place applied;
	struct cgroup_state have;
	struct why why = { "" };
	unsigned seen[3] = { 0 };
	pid_t soft, hard;

	need_tree();
	assert_int_equal(cgroup_where()->kind, CGROUP_FOLDER);
	assert_int_equal(cgroup_look("one", &have, &why), -ENOENT);
	assert_int_equal(cgroup_make("one", &limit, &applied, &why), 0);
	assert_int_equal(cgroup_make("one", &limit, &applied, &why), 0);
	/* What is said to hold does. */
	assert_int_equal(cgroup_look("one", &have, &why), 0);
	assert_int_equal(have.limits.vcpus, applied.cpu ? 1 : 0);
	assert_true(have.limits.memory == (applied.memory ? 1ull << 30 : 0));
	assert_true(applied.cpu && applied.memory ? !*applied.why.text :
		*applied.why.text);
	assert_string_equal(have.path, applied.path);
	assert_int_equal(have.processes, 0);

	soft = sleeper(false);
	hard = sleeper(true);
	assert_false(cgroup_has("one", soft));
	assert_int_equal(cgroup_join("one", soft, &why), 0);
	assert_int_equal(cgroup_join("one", hard, &why), 0);
	assert_int_equal(cgroup_join("one", hard, &why), 0);
	assert_true(cgroup_has("one", soft));
	assert_false(cgroup_has("my-two", soft));
	assert_int_equal(cgroup_look("one", &have, &why), 0);
	assert_int_equal(have.processes, 2);
	/* A group that was not made is made by the first in it. */
	assert_int_equal(cgroup_join("my-two", soft, &why), 0);
	assert_false(cgroup_has("one", soft));
	assert_int_equal(cgroup_each(count, seen, &why), 0);
	assert_int_equal(seen[0], 1);
	assert_int_equal(seen[1], 1);
	assert_int_equal(seen[2], 0);

	assert_int_equal(cgroup_end("my-two", 60000, &why), 0);
	assert_int_equal(ended_by(soft), SIGTERM);
	assert_int_equal(cgroup_look("my-two", &have, &why), -ENOENT);
	assert_int_equal(cgroup_end("one", 50, &why), 0);
	assert_int_equal(ended_by(hard), SIGKILL);
	assert_int_equal(cgroup_end("one", 50, &why), 0);
	memset(seen, 0, sizeof(seen));
	assert_int_equal(cgroup_each(count, seen, &why), 0);
	assert_int_equal(seen[0] + seen[1] + seen[2], 0);
	assert_int_equal(cgroup_join("one", 0x3ffffffe, &why), -ESRCH);
	assert_int_equal(cgroup_join("One", getpid(), &why), -EINVAL);
	assert_int_equal(cgroup_end("one", 0, &why), 0);
}

/* Another state directory's machine of the same name is another. */
static void apart(void **state)
{
	struct why why = { "" };
	unsigned seen[3] = { 0 };
	pid_t pid;

	need_tree();
	pid = sleeper(false);
	assert_int_equal(cgroup_join("one", pid, &why), 0);
	assert_int_equal(cgroup_use("/tmp", &why), 0);
	assert_false(cgroup_has("one", pid));
	assert_int_equal(cgroup_each(count, seen, &why), 0);
	assert_int_equal(seen[0] + seen[1] + seen[2], 0);
	assert_int_equal(cgroup_end("one", 0, &why), 0);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(cgroup_use("/", &why), 0);
	assert_true(cgroup_has("one", pid));
	assert_int_equal(cgroup_end("one", 0, &why), 0);
	assert_int_equal(ended_by(pid), SIGKILL);
}

/* Groups that others made below a machine's are ended with it. */
static void nested(void **state)
{
	struct cgroup_state have;
	struct why why = { "" };
	char inner[CGROUP_PATH_MAX + 16], text[16];
	pid_t pid;

	need_tree();
	assert_int_equal(cgroup_make("one", &(struct cgroup_limits){ 1, 0 },
		NULL, &why), 0);
	assert_int_equal(cgroup_look("one", &have, &why), 0);
	snprintf(inner, sizeof(inner), "%s/a", have.path);
	assert_int_equal(mkdir(inner, 0755), 0);
	strcat(inner, "/b");
	assert_int_equal(mkdir(inner, 0755), 0);
	pid = sleeper(false);
	snprintf(text, sizeof(text), "%d", (int)pid);
	assert_int_equal(cgroup_write(inner, "cgroup.procs", text), 0);
	assert_true(cgroup_has("one", pid));
	assert_int_equal(cgroup_look("one", &have, &why), 0);
	assert_int_equal(have.processes, 1);
	assert_int_equal(cgroup_end("one", 0, &why), 0);
	assert_int_equal(ended_by(pid), SIGKILL);
	assert_int_equal(access(have.path, F_OK), -1);
}

/* Who ends the group that it is in is spared. */
static void spared(void **state)
{
	struct cgroup_state have;
	struct why why = { "" };
	pid_t pid, ender;
	int status;

	need_tree();
	pid = sleeper(true);
	assert_int_equal(cgroup_join("one", pid, &why), 0);
	ender = fork();
	assert_true(ender >= 0);
	if (!ender)
		_exit(cgroup_join("one", getpid(), &why) ||
			cgroup_end("one", 10, &why) ||
			cgroup_look("one", &have, &why) ||
			have.processes != 1 ? 1 : 0);
	assert_int_equal(ended_by(pid), SIGKILL);
	assert_int_equal(waitpid(ender, &status, 0), ender);
	assert_int_equal(status, 0);
	assert_int_equal(cgroup_look("one", &have, &why), 0);
	assert_int_equal(cgroup_end("one", 0, &why), 0);
	assert_int_equal(cgroup_look("one", &have, &why), -ENOENT);
}

/* A program that tells in which group it began, through a pipe. */
static void spawned(void **state)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c",
		(char *)"cat /proc/self/cgroup >&3", NULL };
	struct why why = { "" }, outside;
	char text[4096];
	ssize_t n, used = 0;
	int told[2];

	need_tree();
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	assert_int_equal(cgroup_spawn("one", "/bin/sh", argv, &told[1], 1,
		&outside, &why), 0);
	close(told[1]);
	assert_string_equal(outside.text, "");
	while ((n = read(told[0], text + used, sizeof(text) - 1 -
			(size_t)used)) > 0)
		used += n;
	close(told[0]);
	text[used] = '\0';
	assert_non_null(strstr(text, "/coffer-"));
	assert_non_null(strstr(text, "-one\n"));
	assert_int_equal(cgroup_end("one", 60000, &why), 0);
}

int main(void)
{
	const struct CMUnitTest files[] = {
		cmocka_unit_test(mounts),
		cmocka_unit_test(below),
		cmocka_unit_test(names),
		cmocka_unit_test(limits),
		cmocka_unit_test(numbers),
		cmocka_unit_test(places),
		cmocka_unit_test(no_place),
		cmocka_unit_test(made),
	};
	const struct CMUnitTest tree[] = {
		cmocka_unit_test(placed),
		cmocka_unit_test(apart),
		cmocka_unit_test(nested),
		cmocka_unit_test(spared),
		cmocka_unit_test(spawned),
	};
	int failed = cmocka_run_group_tests(files, start, end);

	return failed + cmocka_run_group_tests(tree, real_start, real_end);
}
