/* SPDX-License-Identifier: MIT */
/* The allocator of coffer-cpu: malloc and its family, on secret memory. */
#ifndef COFFER_CPU_SECRET_HEAP_H
#define COFFER_CPU_SECRET_HEAP_H

#include <stddef.h>

/* size bytes (a multiple of 4096) of memfd_secret, zeroed, unmapped with
 * munmap; NULL where the kernel or the limit on locked memory refuses. */
void *secret_map(size_t size);

/* size bytes of ordinary memory, zeroed, of which only what is touched is
 * taken: for arrays with an entry per page.  NULL when there is none. */
void *sparse_map(size_t size);

#endif
