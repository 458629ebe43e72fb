/* SPDX-License-Identifier: MIT */
/* Names, directories, vm.conf, the log. */
#include "tests.h"

#include "common/log.h"
#include "common/paths.h"
#include "common/fuses.h"
#include "common/vmconf.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char g_folder[64];

static int make_folder(void **state)
{
	strcpy(g_folder, "/tmp/coffer-unit-XXXXXX");
	return mkdtemp(g_folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", g_folder);
	return system(command);
}

static const char *in_folder(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", g_folder, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(in_folder(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void names(void **state)
{
	char longest[66];

	memset(longest, 'a', sizeof(longest));
	longest[63] = '\0';
	assert_true(paths_name_ok("default"));
	assert_true(paths_name_ok("a-1"));
	assert_true(paths_name_ok(longest));
	longest[63] = 'a';
	longest[64] = '\0';
	assert_false(paths_name_ok(longest));
	assert_false(paths_name_ok(NULL));
	assert_false(paths_name_ok(""));
	assert_false(paths_name_ok("A"));
	assert_false(paths_name_ok("a_b"));
	assert_false(paths_name_ok(".."));
	assert_false(paths_name_ok("a/b"));
	assert_false(paths_name_ok("a\n"));
	assert_false(paths_name_ok("\xc3\xa4"));
}

static void vm_name_from_the_environment(void **state)
{
	const char *name;
	struct why why;

	unsetenv("COFFER_VM");
	assert_int_equal(paths_vm_name(&name, &why), 0);
	assert_string_equal(name, "default");
	setenv("COFFER_VM", "other-1", 1);
	assert_int_equal(paths_vm_name(&name, &why), 0);
	assert_string_equal(name, "other-1");
	setenv("COFFER_VM", "../../etc", 1);
	assert_int_equal(paths_vm_name(&name, &why), -EINVAL);
	assert_non_null(strstr(why.text, "../../etc"));
	unsetenv("COFFER_VM");
}

static void directories_from_the_environment(void **state)
{
	char path[PATH_MAX], want[64];
	struct why why;

	setenv("COFFER_STATE_DIR", "/s", 1);
	assert_int_equal(paths_vm_state("v", path, sizeof(path), &why), 0);
	assert_string_equal(path, "/s/vm/v");
	assert_int_equal(paths_vm_state("../v", path, sizeof(path), &why),
		-EINVAL);
	setenv("COFFER_STATE_DIR", "relative", 1);
	assert_int_equal(paths_state(path, sizeof(path), &why), -EINVAL);
	unsetenv("COFFER_STATE_DIR");
	setenv("XDG_STATE_HOME", "/x", 1);
	assert_int_equal(paths_state(path, sizeof(path), &why), 0);
	assert_string_equal(path, "/x/coffer");
	unsetenv("XDG_STATE_HOME");
	setenv("HOME", "/home/h", 1);
	assert_int_equal(paths_state(path, sizeof(path), &why), 0);
	assert_string_equal(path, "/home/h/.local/state/coffer");

	setenv("COFFER_RUNTIME_DIR", "/r", 1);
	assert_int_equal(paths_vm_runtime("v", path, sizeof(path), &why), 0);
	assert_string_equal(path, "/r/v");
	unsetenv("COFFER_RUNTIME_DIR");
	setenv("XDG_RUNTIME_DIR", g_folder, 1);
	assert_int_equal(paths_runtime(path, sizeof(path), &why), 0);
	assert_string_equal(path, in_folder("coffer"));
	/* Left over from a session that has ended. */
	setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
	snprintf(want, sizeof(want), "/tmp/coffer-%u", (unsigned)geteuid());
	assert_int_equal(paths_runtime(path, sizeof(path), &why), 0);
	assert_string_equal(path, want);
	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(paths_join(path, 4, "/ab", "c", &why),
		-ENAMETOOLONG);
}

static void socket_path_has_a_limit(void **state)
{
	struct sockaddr_un address;
	char runtime[200];
	struct why why;
	size_t most = sizeof(address.sun_path) - 1 - strlen("/driver.sock");

	memset(runtime, 'r', sizeof(runtime));
	runtime[most] = '\0';
	assert_int_equal(paths_socket(runtime, &address, &why), 0);
	assert_int_equal(strlen(address.sun_path),
		sizeof(address.sun_path) - 1);
	runtime[most] = 'r';
	runtime[most + 1] = '\0';
	assert_int_equal(paths_socket(runtime, &address, &why),
		-ENAMETOOLONG);
	assert_non_null(strstr(why.text, "COFFER_RUNTIME_DIR"));
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void directories_are_made_private(void **state)
{
	struct why why;

	umask(022);
	assert_int_equal(paths_make(in_folder("a/b/c"), true, &why), 0);
	assert_int_equal(mode_of(in_folder("a")), 0700);
	assert_int_equal(mode_of(in_folder("a/b/c")), 0700);
	assert_int_equal(paths_make(in_folder("a/b/c/"), true, &why), 0);
	assert_int_equal(paths_make("a/b", true, &why), -EINVAL);
}

static void open_directories_are_refused(void **state)
{
	struct why why;

	assert_int_equal(mkdir(in_folder("open"), 0755), 0);
	assert_int_equal(paths_make(in_folder("open"), false, &why), 0);
	assert_int_equal(paths_make(in_folder("open"), true, &why), -EPERM);
	assert_int_equal(chmod(in_folder("open"), 0777), 0);
	assert_int_equal(paths_make(in_folder("open"), false, &why), -EPERM);
	assert_non_null(strstr(why.text, "open to others"));
	assert_int_equal(mode_of(in_folder("open")), 0777);
}

static void links_and_files_are_refused(void **state)
{
	char target[PATH_MAX];
	struct why why;

	strcpy(target, in_folder("target"));
	assert_int_equal(mkdir(target, 0700), 0);
	assert_int_equal(symlink(target, in_folder("link")), 0);
	assert_int_equal(paths_make(in_folder("link"), true, &why), -EPERM);
	assert_int_equal(paths_make(in_folder("link/"), true, &why), -EPERM);
	put("file", "");
	assert_true(paths_make(in_folder("file"), true, &why) < 0);
	assert_true(paths_make(in_folder("file/below"), true, &why) < 0);
}

static void directories_of_others_are_refused(void **state)
{
	struct why why;

	if (geteuid())
		skip();
	assert_int_equal(mkdir(in_folder("other"), 0700), 0);
	assert_int_equal(chown(in_folder("other"), 12345, 12345), 0);
	assert_int_equal(paths_make(in_folder("other"), true, &why), -EPERM);
	assert_non_null(strstr(why.text, "12345"));
}

static void sizes_are_those_on_sale(void **state)
{
	size_t count;
	const struct vmconf_size *sizes = vmconf_sizes(&count);

	assert_int_equal(count, 20);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(vmconf_size_find(sizes[i].name), &sizes[i]);
		assert_true(sizes[i].epc_pages <= VMCONF_EPC_MAX);
	}
	assert_int_equal(vmconf_size_find("Standard_DC1s_v2")->epc_pages,
		28 * 256);
	assert_int_equal(vmconf_size_find("Standard_DC8_v2")->epc_pages,
		168 * 256);
	assert_int_equal(vmconf_size_find("standard_dc1s_v3")->epc_pages,
		1048576);
	assert_int_equal(vmconf_size_find("Standard_DC48ds_v3")->epc_pages,
		256u * 262144u);
	assert_null(vmconf_size_find("Standard_DC8s_v2"));
}

static void conf_round_trip(void **state)
{
	struct vmconf a, b;
	struct why why;

	vmconf_default(&a);
	assert_string_equal(a.size->name, "Standard_DC1s_v3");
	a.size = vmconf_size_find("Standard_DC4s_v2");
	a.epc_pages = 77;
	a.ptrace_slot = true;
	a.cpusvn[0] = 0;
	a.cpusvn[15] = 0xf9;
	assert_int_equal(vmconf_set_swap(&a, "/a folder/swap=1", &why), 0);
	assert_int_equal(vmconf_write(in_folder("vm.conf"), &a, &why), 0);
	assert_int_equal(mode_of(in_folder("vm.conf")), 0600);
	assert_int_equal(access(in_folder("vm.conf.new"), F_OK), -1);
	assert_int_equal(vmconf_read(in_folder("vm.conf"), &b, &why), 0);
	assert_ptr_equal(b.size, a.size);
	assert_int_equal(b.epc_pages, 77);
	assert_true(b.ptrace_slot);
	assert_memory_equal(b.cpusvn, a.cpusvn, 16);
	assert_string_equal(b.swap, "/a folder/swap=1");
	assert_int_equal(b.power, VMCONF_DEMAND);
	assert_int_equal(b.zone, 0);
	assert_int_equal(b.update_domain, -1);
	assert_int_equal(b.host, -1);
	assert_int_equal(b.tag_count, 0);
}

static void conf_of_placed_machines(void **state)
{
	struct vmconf a, b;
	struct why why;

	vmconf_default(&a);
	a.power = VMCONF_DEALLOCATED;
	a.zone = 3;
	a.update_domain = 9;
	a.host = 0;
	strcpy(a.set, "web");
	a.created = 1700000000;
	assert_int_equal(vmconf_set_probe(&a, "http://[::1]/up?a=b", &why), 0);
	assert_int_equal(vmconf_set_tag(&a, "env", "a=b c", &why), 0);
	assert_int_equal(vmconf_set_tag(&a, "gone", "1", &why), 0);
	assert_int_equal(vmconf_set_tag(&a, "Owner.1", "", &why), 0);
	assert_int_equal(vmconf_set_tag(&a, "GONE", NULL, &why), 0);
	assert_int_equal(vmconf_write(in_folder("vm.conf"), &a, &why), 0);
	assert_int_equal(vmconf_read(in_folder("vm.conf"), &b, &why), 0);
	assert_int_equal(b.power, VMCONF_DEALLOCATED);
	assert_int_equal(b.zone, 3);
	assert_int_equal(b.update_domain, 9);
	assert_int_equal(b.host, 0);
	assert_string_equal(b.set, "web");
	assert_int_equal(b.created, 1700000000);
	assert_string_equal(b.probe, "http://[::1]/up?a=b");
	assert_int_equal(b.tag_count, 2);
	assert_string_equal(vmconf_tag(&b, "ENV"), "a=b c");
	assert_string_equal(vmconf_tag(&b, "owner.1"), "");
	assert_null(vmconf_tag(&b, "gone"));
	vmconf_free(&a);
	vmconf_free(&b);
	assert_int_equal(b.tag_count, 0);
}

static void conf_tags_are_bounded(void **state)
{
	char key[VMCONF_TAG_KEY_MAX + 2], value[VMCONF_TAG_VALUE_MAX + 2];
	struct vmconf a, b;
	struct why why;

	vmconf_default(&a);
	memset(key, 'k', sizeof(key));
	memset(value, 'v', sizeof(value));
	key[VMCONF_TAG_KEY_MAX + 1] = value[VMCONF_TAG_VALUE_MAX + 1] = '\0';
	assert_int_equal(vmconf_set_tag(&a, key, "", &why), -EINVAL);
	assert_int_equal(vmconf_set_tag(&a, "k", value, &why), -EINVAL);
	assert_int_equal(vmconf_set_tag(&a, "", "v", &why), -EINVAL);
	assert_int_equal(vmconf_set_tag(&a, "a=b", "v", &why), -EINVAL);
	assert_int_equal(vmconf_set_tag(&a, "a\nb", "v", &why), -EINVAL);
	assert_int_equal(vmconf_set_tag(&a, "a", "v\npower=on", &why),
		-EINVAL);
	assert_int_equal(vmconf_set_probe(&a, "x\npower=on", &why), -EINVAL);
	key[VMCONF_TAG_KEY_MAX] = value[VMCONF_TAG_VALUE_MAX] = '\0';
	/* The most and the longest fit into a file. */
	for (unsigned i = 0; i < VMCONF_TAGS_MAX; i++) {
		snprintf(key, sizeof(key), "%0*u", (int)VMCONF_TAG_KEY_MAX, i);
		assert_int_equal(vmconf_set_tag(&a, key, value, &why), 0);
	}
	assert_int_equal(vmconf_set_tag(&a, "more", "v", &why), -E2BIG);
	assert_int_equal(vmconf_set_tag(&a, key, "again", &why), 0);
	assert_int_equal(vmconf_write(in_folder("vm.conf"), &a, &why), 0);
	assert_int_equal(vmconf_read(in_folder("vm.conf"), &b, &why), 0);
	assert_int_equal(b.tag_count, VMCONF_TAGS_MAX);
	assert_string_equal(vmconf_tag(&b, key), "again");
	vmconf_free(&a);
	vmconf_free(&b);
}

static void conf_swap_paths(void **state)
{
	char path[VMCONF_SWAP_MAX + 1];
	struct vmconf c;
	struct why why;

	vmconf_default(&c);
	assert_string_equal(c.swap, "");
	assert_int_equal(vmconf_set_swap(&c, "swap", &why), -EINVAL);
	assert_int_equal(vmconf_set_swap(&c, "", &why), -EINVAL);
	/* A second line would be another key. */
	assert_int_equal(vmconf_set_swap(&c, "/a\nptrace_slot=1", &why),
		-EINVAL);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[VMCONF_SWAP_MAX] = '\0';
	assert_int_equal(vmconf_set_swap(&c, path, &why), -ENAMETOOLONG);
	assert_string_equal(c.swap, "");
	path[VMCONF_SWAP_MAX - 1] = '\0';
	assert_int_equal(vmconf_set_swap(&c, path, &why), 0);
	assert_int_equal(vmconf_write(in_folder("vm.conf"), &c, &why), 0);
	vmconf_default(&c);
	assert_int_equal(vmconf_read(in_folder("vm.conf"), &c, &why), 0);
	assert_string_equal(c.swap, path);
}

static void conf_defaults_and_comments(void **state)
{
	static const uint8_t up_to_date[16] = VMCONF_CPUSVN_DEFAULT;
	struct vmconf c;

	put("vm.conf", "# mine\n\nsize=Standard_DC2s_v2");
	assert_int_equal(vmconf_read(in_folder("vm.conf"), &c, NULL), 0);
	assert_int_equal(c.epc_pages, 56 * 256);
	assert_memory_equal(c.cpusvn, up_to_date, 16);
	assert_false(c.ptrace_slot);
	assert_string_equal(c.swap, "");
}

static void conf_errors_name_file_and_line(void **state)
{
	static const char *const bad[][2] = {
		{ "size=Standard_DC1s_v3\nwhat=1\n", ":2: unknown key" },
		{ "size=Standard_DC9\n", ":1: \"Standard_DC9\" is no size" },
		{ "\n\nepc_pages\n", ":3: no key=value" },
		{ "epc_pages=15\n", "15" },
		{ "epc_pages=67108865\n", "67108865" },
		{ "epc_pages=-20\n", "-20" },
		{ "epc_pages=20x\n", "20x" },
		{ "epc_pages=99999999999999999999999\n", "99999" },
		{ "ptrace_slot=yes\n", "0 or 1" },
		{ "cpusvn=0102\n", "32 hexadecimal digits" },
		{ "cpusvn=0102030405060708090a0b0c0d0e0fgg\n", "is no CPUSVN" },
		{ "cpusvn=0102030405060708090a0b0c0d0e0f1011\n", "is no CPUSVN" },
		{ "swap=relative\n", "absolute" },
		{ "swap=\n", "absolute" },
		{ "swap=/a\nswap=/a\n", ":2: \"swap\" twice" },
		{ "epc_pages=20\nepc_pages=20\n", ":2: \"epc_pages\" twice" },
		{ "power=maybe\n", "demand, on, off or deallocated" },
		{ "zone=4\n", "up to 3" }, { "zone=-1\n", "-1" },
		{ "update_domain=10\n", "up to 9" },
		{ "host=1000\n", "up to 999" },
		{ "set=No\n", "is no set's name" },
		{ "created=soon\n", "soon" },
		{ "tag.=x\n", "is no tag's name" },
		{ "tag.a=x\ntag.A=y\n", ":2: \"tag.A\" twice" },
	};
	struct vmconf c;
	struct why why;

	vmconf_default(&c);
	c.epc_pages = 1234;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put("vm.conf", bad[i][0]);
		assert_int_equal(vmconf_read(in_folder("vm.conf"), &c, &why),
			-EINVAL);
		assert_non_null(strstr(why.text, bad[i][1]));
		assert_non_null(strstr(why.text, "vm.conf"));
		assert_int_equal(c.epc_pages, 1234);
	}
	assert_int_equal(vmconf_read(in_folder("nonesuch"), &c, &why),
		-ENOENT);
}

/* ---- fuses ---- */

static void fuses_are_made_and_kept(void **state)
{
	static const uint8_t zero[64];
	uint8_t root[32] = { 1, 2, 3 }, read[32];
	struct sgx_fuses a, b;
	bool changed;

	unlink(in_folder("fuses"));
	assert_int_equal(fuses_load(g_folder, &a, NULL), 0);
	assert_int_equal(mode_of(in_folder("fuses")), 0600);
	assert_memory_not_equal(&a, zero, 64);
	assert_memory_equal(a.ca_root_hash, zero, 32);
	assert_false(fuses_root(g_folder, read));
	/* a root comes to what is there */
	assert_int_equal(fuses_set_root(g_folder, root, &changed, NULL), 0);
	assert_true(changed);
	assert_true(fuses_root(g_folder, read));
	assert_memory_equal(read, root, 32);
	assert_int_equal(mode_of(in_folder("fuses")), 0600);
	assert_int_equal(fuses_load(g_folder, &b, NULL), 0);
	assert_memory_equal(&a, &b, 64);
	assert_memory_equal(b.ca_root_hash, root, 32);
	assert_int_equal(fuses_set_root(g_folder, root, &changed, NULL), 0);
	assert_false(changed);
	root[31] = 9;
	assert_int_equal(fuses_set_root(g_folder, root, &changed, NULL), 0);
	assert_true(changed);
	assert_int_equal(fuses_load(g_folder, &b, NULL), 0);
	assert_memory_equal(&a, &b, 64);
	assert_memory_equal(b.ca_root_hash, root, 32);
	/* all at once */
	unlink(in_folder("fuses"));
	assert_int_equal(fuses_set_root(g_folder, root, &changed, NULL), 0);
	assert_true(changed);
	assert_int_equal(fuses_load(g_folder, &b, NULL), 0);
	assert_memory_not_equal(&a, &b, 64);
	assert_memory_equal(b.ca_root_hash, root, 32);
}

static void fuses_damaged_or_open(void **state)
{
	struct sgx_fuses f;
	struct why why;

	unlink(in_folder("fuses"));
	assert_int_equal(fuses_load(g_folder, &f, NULL), 0);
	chmod(in_folder("fuses"), 0640);
	assert_int_equal(fuses_load(g_folder, &f, &why), -EPERM);
	assert_int_equal(fuses_set_root(g_folder, f.root, NULL, &why), -EPERM);
	chmod(in_folder("fuses"), 0600);
	assert_int_equal(truncate(in_folder("fuses"), 65), 0);
	assert_int_equal(fuses_load(g_folder, &f, &why), -EINVAL);
	assert_non_null(strstr(why.text, "64 or 96"));
	assert_int_equal(truncate(in_folder("fuses"), 0), 0);
	assert_int_equal(fuses_set_root(g_folder, f.root, NULL, &why), -EINVAL);
	unlink(in_folder("fuses"));
}

static void conf_too_large_or_binary(void **state)
{
	struct vmconf c;
	FILE *f = fopen(in_folder("vm.conf"), "w");

	assert_non_null(f);
	for (int i = 0; i < 70000; i++)
		fputc('\n', f);
	fclose(f);
	assert_int_equal(vmconf_read(in_folder("vm.conf"), &c, NULL), -EINVAL);
	f = fopen(in_folder("vm.conf"), "w");
	fwrite("ptrace_slot=1\0\n", 1, 15, f);
	fclose(f);
	assert_int_equal(vmconf_read(in_folder("vm.conf"), &c, NULL), -EINVAL);
}

static void conf_that_cannot_be_written_leaves_the_old(void **state)
{
	struct vmconf c;
	struct why why;

	vmconf_default(&c);
	put("vm.conf", "epc_pages=99\n");
	/* The new file's name is taken by a directory. */
	assert_int_equal(mkdir(in_folder("vm.conf.new"), 0700), 0);
	assert_true(vmconf_write(in_folder("vm.conf"), &c, &why) < 0);
	assert_int_equal(vmconf_read(in_folder("vm.conf"), &c, &why), 0);
	assert_int_equal(c.epc_pages, 99);
}

/* `coffer run` may make the same machine twice at a time. */
static void conf_is_whole_whoever_writes(void **state)
{
	struct vmconf c;
	struct why why = { "" };
	int status, ended = 0;

	vmconf_default(&c);
	assert_int_equal(vmconf_write(in_folder("vm.conf"), &c, &why), 0);
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid)
			continue;
		for (unsigned n = 0; n < 100; n++) {
			c.epc_pages = i % 2 ? 16 : VMCONF_EPC_MAX - n;
			snprintf(c.swap, sizeof(c.swap), "/%0*d", i * 250 + 1,
				0);
			if (vmconf_write(in_folder("vm.conf"), &c, NULL))
				_exit(1);
		}
		_exit(0);
	}
	while (ended < 4) {
		if (vmconf_read(in_folder("vm.conf"), &c, &why))
			fail_msg("%s", why.text);
		vmconf_free(&c);
		if (waitpid(-1, &status, WNOHANG) <= 0)
			continue;
		ended++;
		assert_int_equal(status, 0);
	}
	assert_int_equal(access(in_folder("vm.conf.new"), F_OK), -1);
}

static void conf_salvaged(void **state)
{
	struct vmconf c;

	put("vm.conf", "size=Standard_DC8s_v3\nzone=9\nzone=2\nhost=-1\n"
		"update_domain=x\nset=web\ntag.a=b\njunk\nepc_pages=3");
	assert_int_equal(vmconf_read(in_folder("vm.conf"), &c, NULL), -EINVAL);
	vmconf_salvage(in_folder("vm.conf"), &c);
	assert_string_equal(c.size->name, "Standard_DC8s_v3");
	assert_int_equal(c.epc_pages, c.size->epc_pages);
	assert_int_equal(c.zone, 2);
	assert_int_equal(c.host, -1);
	assert_int_equal(c.update_domain, -1);
	assert_string_equal(c.set, "web");
	assert_string_equal(vmconf_tag(&c, "a"), "b");
	vmconf_free(&c);
	put("vm.conf", "");
	assert_int_equal(vmconf_read(in_folder("vm.conf"), &c, NULL), -EINVAL);
	vmconf_salvage(in_folder("nonesuch"), &c);
	assert_string_equal(c.size->name, VMCONF_SIZE_DEFAULT);
	vmconf_free(&c);
}

static void log_lines_stay_lines(void **state)
{
	char text[4096];
	size_t size, lines = 0;
	int fd;
	FILE *f;

	fd = open(in_folder("log"), O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(fd >= 0);
	log_error("before it is open");
	log_open("unit", fd, LOG_LEVEL_INFO);
	log_error("first %s", "one\nforged: line");
	log_debug("not this one");
	log_info("%01000d", 5);
	log_open("unit", -1, LOG_LEVEL_INFO);
	log_error("nor this");
	close(fd);
	f = fopen(in_folder("log"), "r");
	assert_non_null(f);
	size = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[size] = '\0';
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, 2);
	assert_true(size < 800 && text[size - 1] == '\n');
	assert_non_null(strstr(text, "error: first one forged: line\n"));
	assert_null(strstr(text, "not this"));
}

#define WITH_FOLDER(test) \
	cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

const struct CMUnitTest files_tests[] = {
	cmocka_unit_test(names),
	cmocka_unit_test(vm_name_from_the_environment),
	WITH_FOLDER(directories_from_the_environment),
	cmocka_unit_test(socket_path_has_a_limit),
	WITH_FOLDER(directories_are_made_private),
	WITH_FOLDER(open_directories_are_refused),
	WITH_FOLDER(links_and_files_are_refused),
	WITH_FOLDER(directories_of_others_are_refused),
	cmocka_unit_test(sizes_are_those_on_sale),
	WITH_FOLDER(conf_round_trip),
	WITH_FOLDER(conf_of_placed_machines),
	WITH_FOLDER(conf_tags_are_bounded),
	WITH_FOLDER(conf_swap_paths),
	WITH_FOLDER(conf_defaults_and_comments),
	WITH_FOLDER(conf_errors_name_file_and_line),
	WITH_FOLDER(fuses_are_made_and_kept),
	WITH_FOLDER(fuses_damaged_or_open),
	WITH_FOLDER(conf_too_large_or_binary),
	WITH_FOLDER(conf_that_cannot_be_written_leaves_the_old),
	WITH_FOLDER(conf_is_whole_whoever_writes),
	WITH_FOLDER(conf_salvaged),
	WITH_FOLDER(log_lines_stay_lines),
};
const size_t files_tests_count = sizeof(files_tests) / sizeof(files_tests[0]);
