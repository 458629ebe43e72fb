/* SPDX-License-Identifier: MIT */
/*
 * Where evicted pages lie: who gets at the store, and what may be one.
 */
#include "client.h"

#include "common/why.h"
#include "cpu/swap.h"
#include "common/vmstart.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* The descriptor that comes with the reply, or -1. */
static int swap_store(struct client *c, struct wire_swap *swap)
{
	uint8_t message[WIRE_MESSAGE_MAX];
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { message, sizeof(message) };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct wire_reply reply;
	struct cmsghdr *header;
	int fd = -1;

	client_send(c, WIRE_SWAP, 0, 5, NULL, 0, NULL, 0);
	assert_int_equal(recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC),
		sizeof(reply) + sizeof(*swap));
	memcpy(&reply, message, sizeof(reply));
	assert_int_equal(reply.command, WIRE_SWAP);
	assert_int_equal(reply.tag, 5);
	assert_int_equal(reply.result, 0);
	memcpy(swap, message + sizeof(reply), sizeof(*swap));
	header = CMSG_FIRSTHDR(&m);
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(int));
	return fd;
}

static void swap_store_is_handed_out(void **state)
{
	struct wire_swap swap;
	struct client c;
	int fd;

	client_open(&c);
	fd = swap_store(&c, &swap);
	assert_true(fd >= 0);
	assert_int_equal(swap.size, 3 * SWAP_GROUP_SIZE);
	assert_int_equal(swap.file, 0);
	assert_int_equal(pwrite(fd, "x", 1, 4096), 1);
	close(fd);
	client_close(&c);
}

static void swap_file_is_the_machines_own(void **state)
{
	char path[128], conf[192];
	struct wire_swap swap;
	struct stat st, same;
	struct client c;
	int fd;

	snprintf(path, sizeof(path), "%s/swap", g_world.folder);
	snprintf(conf, sizeof(conf), "epc_pages=64\nswap=%s\n", path);
	assert_int_equal(world_configure(&g_world, (uid_t)-1, conf), 0);
	client_open(&c);
	fd = swap_store(&c, &swap);
	assert_int_equal(swap.file, 1);
	assert_int_equal(swap.size, 0);
	assert_int_equal(pwrite(fd, "x", 1, 4096), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(fstat(fd, &same), 0);
	assert_int_equal(st.st_ino, same.st_ino);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 4097);
	assert_int_equal(client_simple(&c, WIRE_SHUTDOWN, 0), 0);
	client_close(&c);
	/* What was evicted cannot be loaded any more: it goes. */
	for (int i = 0; i < 9000 && !stat(path, &st) && st.st_size; i++)
		world_nap(10);
	assert_int_equal(st.st_size, 0);
	close(fd);
}

static void refused_swap_file(const char *path, const char *says)
{
	char conf[192];
	struct why why = { "" };

	snprintf(conf, sizeof(conf), "swap=%s\n", path);
	assert_int_equal(world_configure(&g_world, (uid_t)-1, conf), 0);
	assert_true(vmstart_connect("default", &why) < 0);
	if (!strstr(why.text, says))
		fail_msg("\"%s\" does not say \"%s\"", why.text, says);
}

static void other_files_are_no_swap_file(void **state)
{
	char path[128], other[128], text[8] = "";
	int fd;

	refused_swap_file("swap", "absolute path");
	refused_swap_file("/nowhere/swap", "No such file");
	snprintf(path, sizeof(path), "%s/swap", g_world.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	refused_swap_file(path, "cannot open");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused_swap_file(path, "no regular file");
	assert_int_equal(unlink(path), 0);
	snprintf(other, sizeof(other), "%s/other", g_world.folder);
	assert_int_equal(symlink(other, path), 0);
	refused_swap_file(path, "cannot open");
	assert_int_equal(unlink(path), 0);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(write(fd, "precious", 8), 8);
	assert_int_equal(fchmod(fd, 0644), 0);
	refused_swap_file(path, "open to others");
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(link(path, other), 0);
	refused_swap_file(path, "more than one name");
	assert_int_equal(unlink(other), 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	refused_swap_file(path, "another virtual machine");
	/* Nothing of it was touched. */
	assert_int_equal(pread(fd, text, 8, 0), 8);
	assert_memory_equal(text, "precious", 8);
	close(fd);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, \
	world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(swap_store_is_handed_out),
		IN_WORLD(swap_file_is_the_machines_own),
		IN_WORLD(other_files_are_no_swap_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
