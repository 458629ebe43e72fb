/* SPDX-License-Identifier: MIT */
/* Threads of the host that meet inside. */
#include "check.h"
#include "libc_t.h"

#include <errno.h>
#include <openenclave/enclave.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static mtx_t c11;
static sem_t sem;
static int counter, recursive_counter, c11_counter, sem_counter, turn;
static int readers_saw_writer, writers_in, once_runs, key_ends;
static pthread_mutex_t recursive;
static __thread int mine;

static void __attribute__((constructor)) set_up(void)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&recursive, &a);
	mtx_init(&c11, mtx_plain);
	sem_init(&sem, 0, 1);
}

static uint64_t step(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

int lc_churn(uint64_t seed, int rounds)
{
	struct {
		unsigned char *at;
		size_t size;
	} piece[64] = { 0 };
	uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;

	for (int i = 0; i < rounds; i++) {
		unsigned k = step(&state) % 64;

		if (piece[k].at) {
			for (size_t n = 0; n < piece[k].size; n++)
				CHECK(piece[k].at[n] == (unsigned char)seed);
			free(piece[k].at);
			piece[k].at = NULL;
			continue;
		}
		piece[k].size = step(&state) % (i & 15 ? 300 : 9000);
		piece[k].at = malloc(piece[k].size);
		CHECK(piece[k].at);
		memset(piece[k].at, (int)seed, piece[k].size);
	}
	for (int k = 0; k < 64; k++)
		free(piece[k].at);
	return 0;
}

int lc_count(int rounds)
{
	mine = rounds;
	for (int i = 0; i < rounds; i++) {
		CHECK(!pthread_mutex_lock(&mutex));
		counter++;
		CHECK(!pthread_mutex_unlock(&mutex));
		CHECK(!pthread_mutex_lock(&recursive));
		CHECK(!pthread_mutex_lock(&recursive));
		recursive_counter++;
		CHECK(!pthread_mutex_unlock(&recursive));
		CHECK(!pthread_mutex_unlock(&recursive));
		CHECK(pthread_mutex_unlock(&recursive) == EPERM);
		CHECK(mtx_lock(&c11) == thrd_success);
		c11_counter++;
		CHECK(mtx_unlock(&c11) == thrd_success);
		CHECK(!sem_wait(&sem));
		sem_counter++;
		CHECK(!sem_post(&sem));
		mine--;
	}
	CHECK(!mine);
	return 0;
}

int lc_counted(void)
{
	int n = counter;

	if (recursive_counter != n || c11_counter != n || sem_counter != n)
		return -1;
	counter = recursive_counter = c11_counter = sem_counter = 0;
	return n;
}

/* Two or more threads pass a turn around: who is 0, 1, ... of 4. */
int lc_pass(int who, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		CHECK(!pthread_mutex_lock(&mutex));
		while (turn != who)
			CHECK(!pthread_cond_wait(&turned, &mutex));
		turn = (who + 1) % 4;
		CHECK(!pthread_cond_broadcast(&turned));
		CHECK(!pthread_mutex_unlock(&mutex));
	}
	return 0;
}

static void run_once(void)
{
	struct timespec wait = { .tv_nsec = 10000000 };

	nanosleep(&wait, NULL);
	once_runs++;
}

int lc_once(int count)
{
	CHECK(!pthread_once(&once, run_once));
	CHECK(once_runs == 1);
	return 0;
}

int lc_readers(int writer, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		if (writer) {
			CHECK(!pthread_rwlock_wrlock(&rwlock));
			CHECK(!__atomic_fetch_add(&writers_in, 1,
				__ATOMIC_SEQ_CST));
			__atomic_sub_fetch(&writers_in, 1, __ATOMIC_SEQ_CST);
		} else {
			CHECK(!pthread_rwlock_rdlock(&rwlock));
			readers_saw_writer |= writers_in;
		}
		CHECK(!pthread_rwlock_unlock(&rwlock));
	}
	CHECK(!readers_saw_writer);
	return 0;
}

/* Nobody begins a round before all have ended the one before. */
int lc_barrier(int count, int rounds)
{
	static pthread_barrier_t *barrier;
	static int ready, in_round, first;
	int me = __atomic_fetch_add(&first, 1, __ATOMIC_SEQ_CST);
	int serial = 0;

	if (!me) {
		barrier = malloc(sizeof(*barrier));
		CHECK(barrier &&
			!pthread_barrier_init(barrier, NULL, (unsigned)count));
		__atomic_store_n(&ready, 1, __ATOMIC_SEQ_CST);
	}
	while (!__atomic_load_n(&ready, __ATOMIC_SEQ_CST))
		sched_yield();
	for (int i = 1; i <= rounds; i++) {
		int n = __atomic_add_fetch(&in_round, 1, __ATOMIC_SEQ_CST);

		CHECK(n > (i - 1) * count && n <= i * count);
		serial = pthread_barrier_wait(barrier);
		CHECK(!serial || serial == PTHREAD_BARRIER_SERIAL_THREAD);
	}
	if (serial) {
		CHECK(!pthread_barrier_destroy(barrier));
		memset(barrier, 0xff, sizeof(*barrier));
		free(barrier);
		ready = in_round = first = 0;
	}
	return 0;
}

static void key_end(void *value)
{
	__atomic_add_fetch(&key_ends, (int)(uintptr_t)value,
		__ATOMIC_SEQ_CST);
}

static void make_key(void)
{
	pthread_key_create(&key, key_end);
}

int lc_key(uint64_t value)
{
	static pthread_once_t made = PTHREAD_ONCE_INIT;

	pthread_once(&made, make_key);
	CHECK(!pthread_getspecific(key));
	CHECK(!pthread_setspecific(key, (void *)value));
	lc_met();
	CHECK(pthread_getspecific(key) == (void *)value);
	return 0;
}

int lc_keys_gone(void)
{
	int n = key_ends;

	key_ends = 0;
	return n;
}

int lc_timed(void)
{
	pthread_cond_t never = PTHREAD_COND_INITIALIZER;
	pthread_mutex_t local = PTHREAD_MUTEX_INITIALIZER;
	struct timespec at, now;
	sem_t empty;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_nsec += 30000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	pthread_mutex_lock(&local);
	CHECK(pthread_cond_timedwait(&never, &local, &at) == ETIMEDOUT);
	clock_gettime(CLOCK_REALTIME, &now);
	CHECK(now.tv_sec > at.tv_sec || (now.tv_sec == at.tv_sec &&
		now.tv_nsec >= at.tv_nsec));
	CHECK(pthread_mutex_timedlock(&local, &at) == ETIMEDOUT);
	CHECK(pthread_mutex_trylock(&local) == EBUSY);
	CHECK(!pthread_mutex_unlock(&local));
	sem_init(&empty, 0, 0);
	CHECK(sem_timedwait(&empty, &at) == -1 && errno == ETIMEDOUT);
	CHECK(sem_trywait(&empty) == -1 && errno == EAGAIN);
	return 0;
}

/* The same from musl, from the system call and as owner of a mutex. */
int lc_thread_id(void)
{
	int tid = (int)syscall(SYS_gettid);

	if (tid != gettid() || errno)
		return -1;
	errno = tid;
	lc_met();
	return errno == tid ? tid : -2;
}
