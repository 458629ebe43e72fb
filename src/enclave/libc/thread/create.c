/* SPDX-License-Identifier: MIT */
/*
 * Threads come from the host, each on a TCS: an enclave cannot make any.
 * What is left of musl's thread creation is the lock on its ring of threads.
 */
#include "../inside.h"

#include <errno.h>
#include <openenclave/enclave.h>
#include <pthread.h>
#include <threads.h>

int __pthread_create(pthread_t *restrict, const pthread_attr_t *restrict,
	void *(*)(void *), void *restrict);
void __pthread_exit(void *) __attribute__((noreturn));
int __pthread_join(pthread_t, void **);
struct __ptcb;
void __do_cleanup_push(struct __ptcb *);
void __do_cleanup_pop(struct __ptcb *);
void __tl_lock(void);
void __tl_unlock(void);
void __tl_sync(pthread_t);
void __lock(volatile int *);
void __unlock(volatile int *);

extern volatile int __thread_list_lock;
volatile int __thread_list_lock;

int __pthread_create(pthread_t *restrict thread,
	const pthread_attr_t *restrict attributes, void *(*start)(void *),
	void *restrict argument)
{
	return ENOSYS;
}

/* There is nobody to join it and no way back into its caller. */
void __pthread_exit(void *result)
{
	oe_abort();
}

int __pthread_join(pthread_t thread, void **result)
{
	return ESRCH;
}

int pthread_tryjoin_np(pthread_t thread, void **result)
{
	return ESRCH;
}

int pthread_timedjoin_np(pthread_t thread, void **result,
	const struct timespec *at)
{
	return ESRCH;
}

int pthread_detach(pthread_t thread)
{
	return ESRCH;
}

int thrd_detach(thrd_t thread)
{
	return thrd_error;
}

int pthread_cancel(pthread_t thread)
{
	return ENOSYS;
}

void __do_cleanup_push(struct __ptcb *handler)
{
}

void __do_cleanup_pop(struct __ptcb *handler)
{
}

void __tl_lock(void)
{
	__lock(&__thread_list_lock);
}

void __tl_unlock(void)
{
	__unlock(&__thread_list_lock);
}

void __tl_sync(pthread_t thread)
{
	__tl_lock();
	__tl_unlock();
}

extern __typeof(__pthread_create) pthread_create
	__attribute__((weak, alias("__pthread_create")));
extern __typeof(__pthread_exit) pthread_exit
	__attribute__((weak, alias("__pthread_exit")));
extern __typeof(__pthread_join) pthread_join
	__attribute__((weak, alias("__pthread_join")));
