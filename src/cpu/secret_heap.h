/* SPDX-License-Identifier: MIT */
/* The allocator of coffer-cpu: malloc and its family, on secret memory. */
#ifndef COFFER_CPU_SECRET_HEAP_H
#define COFFER_CPU_SECRET_HEAP_H

#include <fcntl.h>
#include <stddef.h>

#define O_CLOEXEC_SECRET O_CLOEXEC

/* size bytes (a multiple of 4096) of memfd_secret, zeroed, unmapped with
 * munmap; NULL where the kernel or the limit on locked memory refuses. */
void *secret_map(size_t size);

#endif
