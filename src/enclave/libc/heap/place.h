/* SPDX-License-Identifier: MIT */
/*
 * What the allocator needs from where it runs: inside an enclave, or, with
 * HEAP_HOSTED, in an ordinary process that tests it.
 */
#ifndef COFFER_ENCLAVE_HEAP_PLACE_H
#define COFFER_ENCLAVE_HEAP_PLACE_H

#include <stddef.h>
#include <stdint.h>

#ifdef HEAP_HOSTED

#include <pthread.h>

typedef pthread_mutex_t place_lock;

static inline void place_acquire(place_lock *lock)
{
	pthread_mutex_lock(lock);
}

static inline void place_release(place_lock *lock)
{
	pthread_mutex_unlock(lock);
}

void **place_thread_slot(void);
uint64_t place_random(void);
char *place_limit(char *end);
size_t place_commit(char *at, size_t size);
void place_give_back(char *at, size_t size);

#else

#include "../../core/core.h"
#include "../inside.h"
#include "../musl.h"

typedef volatile int place_lock;

void __lock(volatile int *);
void __unlock(volatile int *);

static inline void place_acquire(place_lock *lock)
{
	__lock(lock);
}

static inline void place_release(place_lock *lock)
{
	__unlock(lock);
}

/* A pointer of this thread's own, NULL at first. */
static inline void **place_thread_slot(void)
{
	return &musl_self()->heap_cache;
}

/* 64 random bits. */
static inline uint64_t place_random(void)
{
	return libc_random64();
}

/* How far a heap may grow that ends there now; page aligned, as all below. */
static inline char *place_limit(char *end)
{
	char *start = (char *)core_heap_base();

	return end == start + core_heap_size() ? start + core_heap_room()
		: end;
}

/* Memory behind the heap's end: how many bytes of it are there now. */
static inline size_t place_commit(char *at, size_t size)
{
	return core_commit(at, size);
}

static inline void place_give_back(char *at, size_t size)
{
	core_release(at, size);
}

#endif
#endif
