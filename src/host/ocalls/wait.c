/* SPDX-License-Identifier: MIT */
/* Waiting for descriptors and for time. */
#include "ocalls.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 1024u

/*
 * One descriptor that is in every epoll set; oe_syscall_epoll_wake_ocall
 * makes one wait of the process end with EINTR.
 */
static int wake_fd = -1;

static void make_wake_fd(void)
{
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
}

static int wake(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_wake_fd);
	if (wake_fd < 0)
		errno = EMFILE;
	return wake_fd;
}

/* Tells its event from the enclave's; one of the enclave's that is equal is
 * passed on too, as the descriptor has nothing to read then. */
#define WAKE_MARK 0x57414b4557414b45ull

oe_host_fd_t oe_syscall_epoll_create1_ocall(int flags)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = WAKE_MARK };
	int fd, epfd, err;

	fd = wake();
	epfd = fd < 0 ? -1 : epoll_create1(flags);
	if (epfd < 0)
		return -1;
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &e) < 0) {
		err = errno;
		close(epfd);
		errno = err;
		return -1;
	}
	return epfd;
}

int oe_syscall_epoll_wait_ocall(int64_t epfd, struct oe_epoll_event *events,
				unsigned int maxevents, int timeout)
{
	struct epoll_event *have;
	int count, kept = 0, err;
	bool woken = false;

	if (!events || !maxevents) {
		errno = EINVAL;
		return -1;
	}
	if (maxevents > EVENTS_AT_ONCE)
		maxevents = EVENTS_AT_ONCE;
	have = calloc(maxevents, sizeof(*have));
	if (!have)
		return -1;
	count = epoll_wait(host_fd(epfd), have, (int)maxevents, timeout);
	err = errno;
	for (int i = 0; i < count; i++) {
		uint64_t token;

		if (have[i].data.u64 == WAKE_MARK &&
		    read(wake_fd, &token, sizeof(token)) == sizeof(token)) {
			woken = true;
			continue;
		}
		events[kept].events = have[i].events;
		events[kept++].data.u64 = have[i].data.u64;
	}
	free(have);
	errno = err;
	if (woken && !kept) {
		errno = EINTR;
		return -1;
	}
	return count < 0 ? -1 : kept;
}

int oe_syscall_epoll_wake_ocall(void)
{
	uint64_t one = 1;
	int fd = wake();

	return fd >= 0 && write(fd, &one, sizeof(one)) == sizeof(one) ? 0 : -1;
}

int oe_syscall_epoll_ctl_ocall(int64_t epfd, int op, int64_t fd,
			       struct oe_epoll_event *event)
{
	struct epoll_event e = { 0 };

	if (event) {
		e.events = event->events;
		e.data.u64 = event->data.u64;
	}
	if (host_fd(fd) == wake_fd) {
		errno = EBADF;
		return -1;
	}
	return epoll_ctl(host_fd(epfd), op, host_fd(fd), event ? &e : NULL);
}

int oe_syscall_epoll_close_ocall(oe_host_fd_t epfd)
{
	return close(host_fd(epfd));
}

int oe_syscall_poll_ocall(struct oe_host_pollfd *host_fds, oe_nfds_t nfds,
			  int timeout)
{
	struct pollfd *fds;
	int result, err;

	if (nfds > 65536 || (nfds && !host_fds)) {
		errno = EINVAL;
		return -1;
	}
	fds = calloc(nfds ? nfds : 1, sizeof(*fds));
	if (!fds)
		return -1;
	for (oe_nfds_t i = 0; i < nfds; i++) {
		fds[i].fd = host_fd(host_fds[i].fd);
		fds[i].events = host_fds[i].events;
	}
	result = poll(fds, nfds, timeout);
	err = errno;
	for (oe_nfds_t i = 0; i < nfds; i++)
		host_fds[i].revents = fds[i].revents;
	free(fds);
	errno = err;
	return result;
}

static int nap(clockid_t clock, int flags, const struct oe_timespec *req,
	       struct oe_timespec *rem)
{
	struct timespec want, left = { 0 };
	int err;

	if (!req) {
		errno = EFAULT;
		return -1;
	}
	want.tv_sec = req->tv_sec;
	want.tv_nsec = req->tv_nsec;
	err = clock_nanosleep(clock, flags, &want, &left);
	if (rem) {
		rem->tv_sec = left.tv_sec;
		rem->tv_nsec = left.tv_nsec;
	}
	if (err)
		errno = err;
	return err;
}

int oe_syscall_nanosleep_ocall(struct oe_timespec *req,
			       struct oe_timespec *rem)
{
	return nap(CLOCK_REALTIME, 0, req, rem) ? -1 : 0;
}

/* The error is the result, as clock_nanosleep has it. */
int oe_syscall_clock_nanosleep_ocall(oe_clockid_t clockid, int flag,
				     struct oe_timespec *req,
				     struct oe_timespec *rem)
{
	return nap(clockid, flag, req, rem);
}
