/* SPDX-License-Identifier: MIT */
/* Memory and numbers: as the C functions without the oe_, and the same heap. */
#ifndef _OE_STDLIB_H
#define _OE_STDLIB_H

#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

#define OE_RAND_MAX 0x7fffffff
#define OE_EXIT_SUCCESS 0
#define OE_EXIT_FAILURE 1

void *oe_malloc(size_t size);
void oe_free(void *ptr);
void *oe_calloc(size_t nmemb, size_t size);
void *oe_realloc(void *ptr, size_t size);
void *oe_memalign(size_t alignment, size_t size);
/* 0, EINVAL or ENOMEM. */
int oe_posix_memalign(void **memptr, size_t alignment, size_t size);
size_t oe_malloc_usable_size(void *ptr);

int oe_atoi(const char *s);
long oe_strtol(const char *s, char **end, int base);
unsigned long oe_strtoul(const char *s, char **end, int base);
void oe_qsort(void *base, size_t count, size_t size,
	int (*compare)(const void *, const void *));
/* A pseudo-random number; for secrets use oe_random. */
int oe_rand(void);

/* Run when the enclave ends, last registered first; 0 or -1. */
int oe_atexit(void (*function)(void));
/* Abort the enclave. */
void oe_abort(void) OE_NO_RETURN;
void oe_exit(int status) OE_NO_RETURN;

OE_EXTERNC_END

#endif
