/* SPDX-License-Identifier: MIT */
/* Descriptors. */
#include "ocalls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

struct packed_iov {
	uint64_t offset, size;
};

struct iovec *iov_unpack(void *buf, size_t size, size_t count)
{
	struct iovec *v;

	if (count > IOV_MAX || count > size / sizeof(struct packed_iov)) {
		errno = EINVAL;
		return NULL;
	}
	v = calloc(count ? count : 1, sizeof(*v));
	for (size_t i = 0; v && i < count; i++) {
		struct packed_iov piece;

		memcpy(&piece, (uint8_t *)buf + i * sizeof(piece),
		       sizeof(piece));
		if (!piece.offset)
			piece.size = 0;
		if (piece.offset > size || piece.size > size - piece.offset) {
			free(v);
			errno = EINVAL;
			return NULL;
		}
		v[i].iov_base = (uint8_t *)buf + piece.offset;
		v[i].iov_len = piece.size;
	}
	return v;
}

oe_host_fd_t oe_syscall_open_ocall(const char *pathname, int flags,
				   oe_mode_t mode)
{
	return open(pathname, flags, mode);
}

ssize_t oe_syscall_read_ocall(oe_host_fd_t fd, void *buf, size_t count)
{
	return read(host_fd(fd), buf, count);
}

ssize_t oe_syscall_write_ocall(oe_host_fd_t fd, const void *buf,
			       size_t count)
{
	return write(host_fd(fd), buf, count);
}

static ssize_t transfer(oe_host_fd_t fd, void *buf, int count, size_t size,
			ssize_t (*call)(int, const struct iovec *, int))
{
	struct iovec *v;
	ssize_t done;
	int err;

	if (count < 0) {
		errno = EINVAL;
		return -1;
	}
	if (!buf || !count)
		return 0;
	v = iov_unpack(buf, size, (size_t)count);
	if (!v)
		return -1;
	done = call(host_fd(fd), v, count);
	err = errno;
	free(v);
	errno = err;
	return done;
}

ssize_t oe_syscall_readv_ocall(oe_host_fd_t fd, void *iov_buf, int iovcnt,
			       size_t iov_buf_size)
{
	return transfer(fd, iov_buf, iovcnt, iov_buf_size, readv);
}

ssize_t oe_syscall_writev_ocall(oe_host_fd_t fd, const void *iov_buf,
				int iovcnt, size_t iov_buf_size)
{
	return transfer(fd, (void *)iov_buf, iovcnt, iov_buf_size, writev);
}

ssize_t oe_syscall_recvv_ocall(oe_host_fd_t fd, void *iov_buf, int iovcnt,
			       size_t iov_buf_size)
{
	return transfer(fd, iov_buf, iovcnt, iov_buf_size, readv);
}

ssize_t oe_syscall_sendv_ocall(oe_host_fd_t fd, const void *iov_buf,
			       int iovcnt, size_t iov_buf_size)
{
	return transfer(fd, (void *)iov_buf, iovcnt, iov_buf_size, writev);
}

oe_off_t oe_syscall_lseek_ocall(oe_host_fd_t fd, oe_off_t offset, int whence)
{
	return lseek(host_fd(fd), offset, whence);
}

ssize_t oe_syscall_pread_ocall(oe_host_fd_t fd, void *buf, size_t count,
			       oe_off_t offset)
{
	return pread(host_fd(fd), buf, count, offset);
}

ssize_t oe_syscall_pwrite_ocall(oe_host_fd_t fd, const void *buf,
				size_t count, oe_off_t offset)
{
	return pwrite(host_fd(fd), buf, count, offset);
}

int oe_syscall_close_ocall(oe_host_fd_t fd)
{
	return close(host_fd(fd));
}

int oe_syscall_flock_ocall(oe_host_fd_t fd, int operation)
{
	return flock(host_fd(fd), operation);
}

int oe_syscall_fsync_ocall(oe_host_fd_t fd)
{
	return fsync(host_fd(fd));
}

int oe_syscall_fdatasync_ocall(oe_host_fd_t fd)
{
	return fdatasync(host_fd(fd));
}

oe_host_fd_t oe_syscall_dup_ocall(oe_host_fd_t oldfd)
{
	return dup(host_fd(oldfd));
}

int oe_syscall_ftruncate_ocall(oe_host_fd_t fd, oe_off_t length)
{
	return ftruncate(host_fd(fd), length);
}

static int invalid(void)
{
	errno = EINVAL;
	return -1;
}

/* Only commands whose third argument is known: the kernel would read or
 * write anything else at an address of the enclave's choice. */
int oe_syscall_fcntl_ocall(oe_host_fd_t fd, int cmd, uint64_t arg,
			   uint64_t argsize, void *argout)
{
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_GETFD:
	case F_SETFD:
	case F_GETFL:
	case F_SETFL:
	case F_GETOWN:
	case F_SETOWN:
	case F_GETSIG:
	case F_SETSIG:
	case F_GETPIPE_SZ:
	case F_SETPIPE_SZ:
		return fcntl(host_fd(fd), cmd, (long)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		if (!argout || argsize < sizeof(struct flock))
			return invalid();
		return fcntl(host_fd(fd), cmd, argout);
	default:
		return invalid();
	}
}

int oe_syscall_ioctl_ocall(oe_host_fd_t fd, uint64_t request, uint64_t arg,
			   uint64_t argsize, void *argout)
{
	size_t needed;

	switch (request) {
	case FIONBIO:
	case FIONREAD:
		needed = sizeof(int);
		break;
	case TIOCGWINSZ:
		needed = sizeof(struct winsize);
		break;
	case FIOCLEX:
	case FIONCLEX:
		return ioctl(host_fd(fd), request);
	default:
		errno = ENOTTY;
		return -1;
	}
	if (!argout || argsize < needed)
		return invalid();
	return ioctl(host_fd(fd), request, argout);
}
