/* SPDX-License-Identifier: MIT */
/* Randomness comes from the processor, never from the host. */
#include "../core/core.h"
#include "inside.h"

#include <errno.h>
#include <openenclave/enclave.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

uint64_t libc_random64(void)
{
	uint64_t value;

	if (!core_random64(&value))
		oe_abort();
	return value;
}

static void fill(unsigned char *to, size_t size)
{
	uint64_t word;
	size_t n;

	for (; size; to += n, size -= n) {
		n = size < sizeof(word) ? size : sizeof(word);
		word = libc_random64();
		memcpy(to, &word, n);
	}
}

ssize_t getrandom(void *to, size_t size, unsigned flags)
{
	fill(to, size);
	return (ssize_t)size;
}

int getentropy(void *to, size_t size)
{
	if (size > 256) {
		errno = EIO;
		return -1;
	}
	fill(to, size);
	return 0;
}
