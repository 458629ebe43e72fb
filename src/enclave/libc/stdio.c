/* SPDX-License-Identifier: MIT */
/*
 * How stdio's streams write: to the host's stdout and stderr, with one call
 * of the host for what is in the buffer and what comes with it.
 */
#include "inside.h"
#include "musl.h"

#include <errno.h>
#include <string.h>

#define JOINED 512

size_t __stdio_write(FILE *file, const unsigned char *data, size_t size);
size_t __stdout_write(FILE *file, const unsigned char *data, size_t size);

size_t __stdio_write(FILE *file, const unsigned char *data, size_t size)
{
	struct musl_file *f = (struct musl_file *)file;
	size_t held = (size_t)(f->wpos - f->wbase);
	unsigned char joined[JOINED];
	long error = 0;

	if (f->fd != 1 && f->fd != 2) {
		error = -EBADF;
	} else if (held && size && held + size <= JOINED) {
		memcpy(joined, f->wbase, held);
		memcpy(joined + held, data, size);
		error = libc_write_all(f->fd, joined, held + size);
	} else {
		if (held)
			error = libc_write_all(f->fd, f->wbase, held);
		if (!error && size)
			error = libc_write_all(f->fd, data, size);
	}
	if (error) {
		errno = (int)-error;
		f->wpos = f->wbase = f->wend = NULL;
		f->flags |= MUSL_F_ERR;
		return 0;
	}
	f->wend = f->buf + f->buf_size;
	f->wpos = f->wbase = f->buf;
	return size;
}

/* musl asks here whether stdout is a terminal and gives up line buffering if
 * not. Lines always go out at once: host and enclave write in turns. */
size_t __stdout_write(FILE *file, const unsigned char *data, size_t size)
{
	((struct musl_file *)file)->write = __stdio_write;
	return __stdio_write(file, data, size);
}
