/* SPDX-License-Identifier: MIT */
/*
 * The host's side of the system EDL files: what it does for an enclave, and
 * what it does not do for one that names things that are not its own.
 */
#include "ocalls.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/ocalls-XXXXXX";
static char path[64], other[64];

static int set_up(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	unlink(other);
	return rmdir(folder);
}

static void files(void **state)
{
	oe_host_fd_t fd = oe_syscall_open_ocall(path, O_CREAT | O_RDWR, 0600);
	struct oe_stat_t st;
	struct flock lock = { .l_type = F_WRLCK };
	oe_host_fd_t twin;
	char text[16] = "";

	assert_true(fd >= 0);
	assert_int_equal(oe_syscall_write_ocall(fd, "0123456789", 10), 10);
	assert_int_equal(oe_syscall_pwrite_ocall(fd, "ab", 2, 4), 2);
	assert_int_equal(oe_syscall_lseek_ocall(fd, 2, SEEK_SET), 2);
	assert_int_equal(oe_syscall_read_ocall(fd, text, 4), 4);
	assert_string_equal(text, "23ab");
	assert_int_equal(oe_syscall_pread_ocall(fd, text, 3, 7), 3);
	assert_memory_equal(text, "789", 3);
	assert_int_equal(oe_syscall_fsync_ocall(fd), 0);
	assert_int_equal(oe_syscall_fdatasync_ocall(fd), 0);
	assert_int_equal(oe_syscall_flock_ocall(fd, 2), 0);
	assert_int_equal(oe_syscall_ftruncate_ocall(fd, 5), 0);
	memset(&st, 0xff, sizeof(st));
	assert_int_equal(oe_syscall_fstat_ocall(fd, &st), 0);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_uid, getuid());
	assert_int_equal(oe_syscall_truncate_ocall(path, 3), 0);
	assert_int_equal(oe_syscall_stat_ocall(path, &st), 0);
	assert_int_equal(st.st_size, 3);
	assert_true(st.st_mtim.tv_sec > 1000000000);

	twin = oe_syscall_dup_ocall(fd);
	assert_true(twin > fd);
	assert_int_equal(oe_syscall_fcntl_ocall(twin, F_GETFL, 0, 0, NULL) &
			 O_ACCMODE, O_RDWR);
	assert_int_equal(oe_syscall_fcntl_ocall(fd, F_SETLK, 0, sizeof(lock),
						&lock), 0);
	assert_int_equal(oe_syscall_close_ocall(twin), 0);
	assert_int_equal(oe_syscall_close_ocall(fd), 0);
	assert_int_equal(oe_syscall_close_ocall(fd), -1);
	assert_int_equal(errno, EBADF);
}

static void no_descriptor(void **state)
{
	/* 2^32 is not descriptor 0. */
	static const oe_host_fd_t wrong[] = { -1, 1ll << 32, INT64_MIN,
					      INT64_MAX };
	char byte;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		errno = 0;
		assert_int_equal(oe_syscall_read_ocall(wrong[i], &byte, 1),
				 -1);
		assert_int_equal(errno, EBADF);
		assert_int_equal(oe_syscall_close_ocall(wrong[i]), -1);
		assert_int_equal(oe_syscall_dup_ocall(wrong[i]), -1);
	}
}

static void names(void **state)
{
	struct oe_dirent entry;
	uint64_t dir, again;
	int seen = 0, result;
	char sub[80];

	snprintf(sub, sizeof(sub), "%s/sub", folder);
	assert_int_equal(oe_syscall_mkdir_ocall(sub, 0700), 0);
	assert_int_equal(oe_syscall_access_ocall(path, F_OK), 0);
	assert_int_equal(oe_syscall_link_ocall(path, other), 0);
	dir = oe_syscall_opendir_ocall(folder);
	assert_true(dir);
	while (!(result = oe_syscall_readdir_ocall(dir, &entry))) {
		seen += !strcmp(entry.d_name, "file");
		seen += 10 * !strcmp(entry.d_name, "other");
		seen += 100 * !strcmp(entry.d_name, "sub");
	}
	assert_int_equal(result, 1);
	assert_int_equal(seen, 111);
	oe_syscall_rewinddir_ocall(dir);
	assert_int_equal(oe_syscall_readdir_ocall(dir, &entry), 0);
	assert_int_equal(oe_syscall_closedir_ocall(dir), 0);
	assert_int_equal(oe_syscall_unlink_ocall(other), 0);
	assert_int_equal(oe_syscall_rename_ocall(path, other), 0);
	assert_int_equal(oe_syscall_access_ocall(path, F_OK), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(oe_syscall_rename_ocall(other, path), 0);
	assert_int_equal(oe_syscall_rmdir_ocall(sub), 0);
	assert_int_equal(oe_syscall_opendir_ocall(sub), 0);

	/* A number that means nothing any more, or never did. */
	again = oe_syscall_opendir_ocall(folder);
	assert_true(again && again != dir);
	assert_int_equal(oe_syscall_readdir_ocall(dir, &entry), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(oe_syscall_closedir_ocall(dir), -1);
	assert_int_equal(oe_syscall_closedir_ocall(0), -1);
	assert_int_equal(oe_syscall_closedir_ocall((uint64_t)&entry), -1);
	assert_int_equal(oe_syscall_getaddrinfo_close_ocall(again), -1);
	oe_syscall_rewinddir_ocall(dir);
	assert_int_equal(oe_syscall_closedir_ocall(again), 0);
}

struct packed {
	uint64_t offset, size;
};

static void vectors(void **state)
{
	struct {
		struct packed v[3];
		char data[8];
	} out = { { { 48, 3 }, { 0, 99 }, { 52, 2 } }, "abcdefg" }, in = out;
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(oe_syscall_writev_ocall(fd[1], &out, 3, sizeof(out)),
			 5);
	memset(in.data, 0, sizeof(in.data));
	assert_int_equal(oe_syscall_readv_ocall(fd[0], &in, 3, sizeof(in)),
			 5);
	assert_memory_equal(in.data, "abc\0ef\0", 8);
	/* The entries came back as they were. */
	assert_memory_equal(in.v, out.v, sizeof(in.v));
	assert_int_equal(oe_syscall_writev_ocall(fd[1], NULL, 0, 0), 0);
	close(fd[0]);
	close(fd[1]);
}

static void wrong_vectors(void **state)
{
	static const struct packed wrong[] = {
		{ 57, 0 }, { 56, 1 }, { 48, 9 }, { 48, UINT64_MAX },
		{ UINT64_MAX, 1 }, { UINT64_MAX, UINT64_MAX },
	};
	struct {
		struct packed v[3];
		char data[8];
	} buf = { { { 48, 1 }, { 48, 1 }, { 48, 1 } }, "" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		buf.v[2] = wrong[i];
		errno = 0;
		assert_null(iov_unpack(&buf, sizeof(buf), 3));
		assert_int_equal(errno, EINVAL);
	}
	assert_null(iov_unpack(&buf, 47, 3));
	assert_null(iov_unpack(&buf, sizeof(buf), SIZE_MAX));
	assert_int_equal(oe_syscall_writev_ocall(1, &buf, -1, sizeof(buf)),
			 -1);
	assert_int_equal(errno, EINVAL);
}

/* The kernel would follow the argument of these. */
static void wrong_commands(void **state)
{
	char small[4];

	assert_int_equal(oe_syscall_fcntl_ocall(0, F_GETLK,
						(uint64_t)&small, 0, NULL),
			 -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(oe_syscall_fcntl_ocall(0, F_GETLK, 0, sizeof(small),
						small), -1);
	assert_int_equal(oe_syscall_fcntl_ocall(0, F_GETOWN_EX,
						(uint64_t)&small, 0, NULL),
			 -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(oe_syscall_ioctl_ocall(0, TIOCSTI, (uint64_t)&small,
						4, small), -1);
	assert_int_equal(errno, ENOTTY);
	assert_int_equal(oe_syscall_ioctl_ocall(0, TIOCGWINSZ, 0, 4, small),
			 -1);
	assert_int_equal(errno, EINVAL);
}

static void sockets(void **state)
{
	struct {
		struct packed v[2];
		char data[8];
	} buf = { { { 32, 4 }, { 36, 2 } }, "message" }, in = buf;
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct sockaddr_in got;
	oe_host_fd_t sv[2] = { -1, -1 }, server, client, peer;
	oe_socklen_t size = 0, name_size = 9;
	size_t control_size = 9;
	int value = 0, one = 1;
	char text[8] = "";

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(oe_syscall_socketpair_ocall(AF_UNIX, SOCK_STREAM, 0,
						     sv), 0);
	assert_int_equal(oe_syscall_sendmsg_ocall(sv[0], NULL, 0, &buf, 2,
						  sizeof(buf), NULL, 0, 0),
			 6);
	memset(in.data, 0, 8);
	assert_int_equal(oe_syscall_recvmsg_ocall(
		sv[1], NULL, 0, &name_size, &in, 2, sizeof(in), NULL, 0,
		&control_size, 0), 6);
	assert_string_equal(in.data, "messag");
	assert_int_equal(name_size, 0);
	assert_int_equal(control_size, 0);
	buf.v[1].size = 1000;
	assert_int_equal(oe_syscall_sendmsg_ocall(sv[0], NULL, 0, &buf, 2,
						  sizeof(buf), NULL, 0, 0),
			 -1);
	assert_int_equal(oe_syscall_send_ocall(sv[0], "xyz", 3, 0), 3);
	assert_int_equal(oe_syscall_ioctl_ocall(sv[1], FIONREAD, 0, 4,
						&value), 0);
	assert_int_equal(value, 3);
	assert_int_equal(oe_syscall_recv_ocall(sv[1], text, 8, 0), 3);
	assert_string_equal(text, "xyz");
	assert_int_equal(oe_syscall_shutdown_ocall(sv[0], SHUT_WR), 0);
	assert_int_equal(oe_syscall_recv_ocall(sv[1], text, 8, 0), 0);
	assert_int_equal(oe_syscall_close_socket_ocall(sv[0]), 0);
	assert_int_equal(oe_syscall_close_socket_ocall(sv[1]), 0);

	server = oe_syscall_socket_ocall(AF_INET, SOCK_STREAM, 0);
	client = oe_syscall_socket_ocall(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(oe_syscall_setsockopt_ocall(
		server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(oe_syscall_getsockopt_ocall(
		server, SOL_SOCKET, SO_TYPE, &value, sizeof(value), &size),
		0);
	assert_int_equal(size, 4);
	assert_int_equal(value, SOCK_STREAM);
	assert_int_equal(oe_syscall_bind_ocall(
		server, (struct oe_sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(oe_syscall_listen_ocall(server, 1), 0);
	assert_int_equal(oe_syscall_getsockname_ocall(
		server, (struct oe_sockaddr *)&address, sizeof(address),
		&size), 0);
	assert_int_equal(size, sizeof(address));
	assert_int_equal(oe_syscall_connect_ocall(
		client, (struct oe_sockaddr *)&address, sizeof(address)), 0);
	peer = oe_syscall_accept_ocall(server, (struct oe_sockaddr *)&got,
				       sizeof(got), &size);
	assert_true(peer >= 0);
	assert_int_equal(got.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	memset(&got, 0, sizeof(got));
	assert_int_equal(oe_syscall_getpeername_ocall(
		client, (struct oe_sockaddr *)&got, sizeof(got), &size), 0);
	assert_int_equal(got.sin_port, address.sin_port);
	assert_int_equal(oe_syscall_sendto_ocall(client, "hi", 2, 0, NULL, 0),
			 2);
	assert_int_equal(oe_syscall_recvfrom_ocall(peer, text, 8, 0, NULL, 0,
						   &size), 2);
	assert_int_equal(size, 0);
	oe_syscall_close_socket_ocall(peer);
	oe_syscall_close_socket_ocall(client);
	oe_syscall_close_socket_ocall(server);
}

static void resolver(void **state)
{
	struct oe_addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct sockaddr_in got;
	oe_socklen_t address_size = 0;
	int flags, family = 0, type = 0, protocol;
	uint64_t handle = 0;
	size_t name_size;
	char host[32], service[16];

	assert_int_equal(oe_syscall_getaddrinfo_open_ocall(
		"127.0.0.1", "443", &hints, &handle), 0);
	assert_true(handle);
	/* Too small a buffer says what is needed, and loses nothing. */
	assert_int_equal(oe_syscall_getaddrinfo_read_ocall(
		handle, &flags, &family, &type, &protocol, 0, &address_size,
		NULL, 0, &name_size, NULL), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(address_size, sizeof(got));
	assert_int_equal(oe_syscall_getaddrinfo_read_ocall(
		handle, &flags, &family, &type, &protocol, sizeof(got),
		&address_size, (struct oe_sockaddr *)&got, 0, &name_size,
		NULL), 0);
	assert_int_equal(family, AF_INET);
	assert_int_equal(type, SOCK_STREAM);
	assert_int_equal(got.sin_port, htons(443));
	assert_int_equal(oe_syscall_getaddrinfo_read_ocall(
		handle, &flags, &family, &type, &protocol, sizeof(got),
		&address_size, (struct oe_sockaddr *)&got, 0, &name_size,
		NULL), 1);
	assert_int_equal(oe_syscall_closedir_ocall(handle), -1);
	assert_int_equal(oe_syscall_getaddrinfo_close_ocall(handle), 0);
	assert_int_equal(oe_syscall_getaddrinfo_close_ocall(handle), -1);
	assert_int_equal(oe_syscall_getnameinfo_ocall(
		(struct oe_sockaddr *)&got, sizeof(got), host, sizeof(host),
		service, sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV),
		0);
	assert_string_equal(host, "127.0.0.1");
	assert_string_equal(service, "443");
	assert_int_not_equal(oe_syscall_getaddrinfo_open_ocall(
		"not a number", NULL, &hints, &handle), 0);
}

static void *wake_later(void *unused)
{
	usleep(50000);
	assert_int_equal(oe_syscall_epoll_wake_ocall(), 0);
	return NULL;
}

static void waiting(void **state)
{
	struct oe_epoll_event e = { .events = EPOLLIN }, got[4];
	struct oe_host_pollfd p[2] = { { 0 } };
	struct oe_timespec nap = { 0, 1000000 }, left = { 5, 5 };
	oe_host_fd_t epfd = oe_syscall_epoll_create1_ocall(0);
	pthread_t thread;
	int fd[2];

	e.data.u64 = 0x1122334455667788;
	assert_int_equal(pipe(fd), 0);
	assert_true(epfd >= 0);
	assert_int_equal(oe_syscall_epoll_ctl_ocall(epfd, EPOLL_CTL_ADD,
						    fd[0], &e), 0);
	assert_int_equal(oe_syscall_epoll_wait_ocall(epfd, got, 4, 0), 0);
	p[0].fd = fd[0];
	p[0].events = POLLIN;
	p[1].fd = 1ll << 33;
	assert_int_equal(oe_syscall_poll_ocall(p, 2, 0), 0);
	assert_int_equal(write(fd[1], "x", 1), 1);
	assert_int_equal(oe_syscall_poll_ocall(p, 2, 1000), 1);
	assert_int_equal(p[0].revents, POLLIN);
	assert_int_equal(p[1].revents, 0);
	assert_int_equal(oe_syscall_poll_ocall(NULL, 1000000, 0), -1);
	assert_int_equal(oe_syscall_epoll_wait_ocall(epfd, got, 4, 1000), 1);
	assert_true(got[0].data.u64 == 0x1122334455667788);
	assert_int_equal(oe_syscall_epoll_ctl_ocall(epfd, EPOLL_CTL_DEL,
						    fd[0], NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, wake_later, NULL), 0);
	assert_int_equal(oe_syscall_epoll_wait_ocall(epfd, got, 4, 60000),
			 -1);
	assert_int_equal(errno, EINTR);
	pthread_join(thread, NULL);
	assert_int_equal(oe_syscall_epoll_wait_ocall(epfd, got, 4, 0), 0);
	assert_int_equal(oe_syscall_epoll_wait_ocall(epfd, got, 0, 0), -1);
	assert_int_equal(oe_syscall_epoll_close_ocall(epfd), 0);
	close(fd[0]);
	close(fd[1]);

	assert_int_equal(oe_syscall_nanosleep_ocall(&nap, &left), 0);
	assert_int_equal(left.tv_sec, 0);
	assert_int_equal(oe_syscall_clock_nanosleep_ocall(
		CLOCK_MONOTONIC, 0, &nap, NULL), 0);
	nap.tv_nsec = -1;
	assert_int_equal(oe_syscall_nanosleep_ocall(&nap, NULL), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(oe_syscall_clock_nanosleep_ocall(
		CLOCK_MONOTONIC, 0, &nap, NULL), EINVAL);
	assert_int_equal(oe_syscall_nanosleep_ocall(NULL, NULL), -1);
}

static void process(void **state)
{
	unsigned int groups[1];
	struct oe_utsname u;

	assert_int_equal(oe_syscall_getpid_ocall(), getpid());
	assert_int_equal(oe_syscall_getppid_ocall(), getppid());
	assert_int_equal(oe_syscall_getpgrp_ocall(), getpgrp());
	assert_int_equal(oe_syscall_getpgid_ocall(0), getpgrp());
	assert_int_equal(oe_syscall_getuid_ocall(), getuid());
	assert_int_equal(oe_syscall_geteuid_ocall(), geteuid());
	assert_int_equal(oe_syscall_getgid_ocall(), getgid());
	assert_int_equal(oe_syscall_getegid_ocall(), getegid());
	assert_int_equal(oe_syscall_kill_ocall(getpid(), 0), 0);
	assert_true(oe_syscall_getgroups_ocall(0, NULL) >= 0);
	assert_int_equal(oe_syscall_getgroups_ocall(SIZE_MAX, groups), -1);
	assert_int_equal(oe_syscall_getgroups_ocall(1, NULL), -1);
	assert_int_equal(oe_syscall_uname_ocall(&u), 0);
	assert_string_equal(u.sysname, "Linux");
	assert_int_equal(oe_syscall_uname_ocall(NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(no_descriptor),
		cmocka_unit_test(names),
		cmocka_unit_test(vectors),
		cmocka_unit_test(wrong_vectors),
		cmocka_unit_test(wrong_commands),
		cmocka_unit_test(sockets),
		cmocka_unit_test(resolver),
		cmocka_unit_test(waiting),
		cmocka_unit_test(process),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
