/* SPDX-License-Identifier: MIT */
/*
 * Sockets. struct oe_sockaddr is Linux's struct sockaddr, and flags and
 * options are Linux's numbers.
 */
#include "ocalls.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

int oe_syscall_close_socket_ocall(oe_host_fd_t sockfd)
{
	return close(host_fd(sockfd));
}

oe_host_fd_t oe_syscall_socket_ocall(int domain, int type, int protocol)
{
	return socket(domain, type, protocol);
}

int oe_syscall_shutdown_sockets_device_ocall(oe_host_fd_t sockfd)
{
	return shutdown(host_fd(sockfd), SHUT_RDWR);
}

int oe_syscall_socketpair_ocall(int domain, int type, int protocol,
				oe_host_fd_t sv[2])
{
	int pair[2], result = socketpair(domain, type, protocol, pair);

	if (!result && sv) {
		sv[0] = pair[0];
		sv[1] = pair[1];
	}
	return result;
}

int oe_syscall_connect_ocall(oe_host_fd_t sockfd,
			     const struct oe_sockaddr *addr,
			     oe_socklen_t addrlen)
{
	return connect(host_fd(sockfd), (const struct sockaddr *)addr,
		       addrlen);
}

/* What the kernel said the size is, for a buffer that may be absent. */
static void report(oe_socklen_t *out, const void *addr, socklen_t size)
{
	if (out)
		*out = addr ? size : 0;
}

oe_host_fd_t oe_syscall_accept_ocall(oe_host_fd_t sockfd,
				     struct oe_sockaddr *addr,
				     oe_socklen_t addrlen_in,
				     oe_socklen_t *addrlen_out)
{
	socklen_t size = addrlen_in;
	int fd = accept(host_fd(sockfd), (struct sockaddr *)addr,
			addr ? &size : NULL);

	if (fd >= 0)
		report(addrlen_out, addr, size);
	return fd;
}

int oe_syscall_bind_ocall(oe_host_fd_t sockfd,
			  const struct oe_sockaddr *addr,
			  oe_socklen_t addrlen)
{
	return bind(host_fd(sockfd), (const struct sockaddr *)addr, addrlen);
}

int oe_syscall_listen_ocall(oe_host_fd_t sockfd, int backlog)
{
	return listen(host_fd(sockfd), backlog);
}

static ssize_t message(oe_host_fd_t fd, struct msghdr *m, void *iov_buf,
		       size_t iov_count, size_t iov_size, int flags,
		       bool send)
{
	ssize_t done;
	int err;

	m->msg_iov = iov_buf ? iov_unpack(iov_buf, iov_size, iov_count)
			     : NULL;
	m->msg_iovlen = m->msg_iov ? iov_count : 0;
	if (iov_buf && !m->msg_iov)
		return -1;
	done = send ? sendmsg(host_fd(fd), m, flags)
		    : recvmsg(host_fd(fd), m, flags);
	err = errno;
	free(m->msg_iov);
	errno = err;
	return done;
}

ssize_t oe_syscall_recvmsg_ocall(oe_host_fd_t sockfd, void *msg_name,
				 oe_socklen_t msg_namelen,
				 oe_socklen_t *msg_namelen_out,
				 void *msg_iov_buf, size_t msg_iovlen,
				 size_t msg_iov_buf_size, void *msg_control,
				 size_t msg_controllen,
				 size_t *msg_controllen_out, int flags)
{
	struct msghdr m = {
		.msg_name = msg_name,
		.msg_namelen = msg_name ? msg_namelen : 0,
		.msg_control = msg_control,
		.msg_controllen = msg_control ? msg_controllen : 0,
	};
	ssize_t done = message(sockfd, &m, msg_iov_buf, msg_iovlen,
			       msg_iov_buf_size, flags, false);

	if (done >= 0 && msg_namelen_out)
		*msg_namelen_out = m.msg_namelen;
	if (done >= 0 && msg_controllen_out)
		*msg_controllen_out = m.msg_controllen;
	return done;
}

ssize_t oe_syscall_sendmsg_ocall(oe_host_fd_t sockfd, const void *msg_name,
				 oe_socklen_t msg_namelen, void *msg_iov_buf,
				 size_t msg_iovlen, size_t msg_iov_buf_size,
				 const void *msg_control,
				 size_t msg_controllen, int flags)
{
	struct msghdr m = {
		.msg_name = (void *)msg_name,
		.msg_namelen = msg_name ? msg_namelen : 0,
		.msg_control = (void *)msg_control,
		.msg_controllen = msg_control ? msg_controllen : 0,
	};

	return message(sockfd, &m, msg_iov_buf, msg_iovlen, msg_iov_buf_size,
		       flags, true);
}

ssize_t oe_syscall_recv_ocall(oe_host_fd_t sockfd, void *buf, size_t len,
			      int flags)
{
	return recv(host_fd(sockfd), buf, len, flags);
}

ssize_t oe_syscall_recvfrom_ocall(oe_host_fd_t sockfd, void *buf, size_t len,
				  int flags, struct oe_sockaddr *src_addr,
				  oe_socklen_t addrlen_in,
				  oe_socklen_t *addrlen_out)
{
	socklen_t size = addrlen_in;
	ssize_t done = recvfrom(host_fd(sockfd), buf, len, flags,
				(struct sockaddr *)src_addr,
				src_addr ? &size : NULL);

	if (done >= 0)
		report(addrlen_out, src_addr, size);
	return done;
}

ssize_t oe_syscall_send_ocall(oe_host_fd_t sockfd, const void *buf,
			      size_t len, int flags)
{
	return send(host_fd(sockfd), buf, len, flags);
}

ssize_t oe_syscall_sendto_ocall(oe_host_fd_t sockfd, const void *buf,
				size_t len, int flags,
				const struct oe_sockaddr *dest_addr,
				oe_socklen_t addrlen)
{
	return sendto(host_fd(sockfd), buf, len, flags,
		      (const struct sockaddr *)dest_addr,
		      dest_addr ? addrlen : 0);
}

int oe_syscall_shutdown_ocall(oe_host_fd_t sockfd, int how)
{
	return shutdown(host_fd(sockfd), how);
}

int oe_syscall_setsockopt_ocall(oe_host_fd_t sockfd, int level, int optname,
				const void *optval, oe_socklen_t optlen)
{
	return setsockopt(host_fd(sockfd), level, optname, optval, optlen);
}

int oe_syscall_getsockopt_ocall(oe_host_fd_t sockfd, int level, int optname,
				void *optval, oe_socklen_t optlen_in,
				oe_socklen_t *optlen_out)
{
	socklen_t size = optval ? optlen_in : 0;
	int result = getsockopt(host_fd(sockfd), level, optname, optval,
				&size);

	if (!result)
		report(optlen_out, optval, size);
	return result;
}

int oe_syscall_getsockname_ocall(oe_host_fd_t sockfd,
				 struct oe_sockaddr *addr,
				 oe_socklen_t addrlen_in,
				 oe_socklen_t *addrlen_out)
{
	socklen_t size = addr ? addrlen_in : 0;
	int result = getsockname(host_fd(sockfd), (struct sockaddr *)addr,
				 &size);

	if (!result)
		report(addrlen_out, addr, size);
	return result;
}

int oe_syscall_getpeername_ocall(oe_host_fd_t sockfd,
				 struct oe_sockaddr *addr,
				 oe_socklen_t addrlen_in,
				 oe_socklen_t *addrlen_out)
{
	socklen_t size = addr ? addrlen_in : 0;
	int result = getpeername(host_fd(sockfd), (struct sockaddr *)addr,
				 &size);

	if (!result)
		report(addrlen_out, addr, size);
	return result;
}
