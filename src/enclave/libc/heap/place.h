/* SPDX-License-Identifier: MIT */
/*
 * What the allocator needs from where it runs: inside an enclave here, in an
 * ordinary process for its tests, which bring a place.h of their own.
 */
#ifndef COFFER_ENCLAVE_HEAP_PLACE_H
#define COFFER_ENCLAVE_HEAP_PLACE_H

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

#endif
