/* SPDX-License-Identifier: MIT */
/*
 * Numbers for what enclaves open. A number is a place in a table and how
 * often the place was used before, so that an old number means nothing.
 */
#include "ocalls.h"

#include <errno.h>
#include <pthread.h>

#define PLACES 1024u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	void *p;
	enum handle_kind kind;
	uint32_t uses;
} table[PLACES];

uint64_t handle_make(enum handle_kind kind, void *p)
{
	uint64_t number = 0;

	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < PLACES && !number; i++) {
		if (table[i].p)
			continue;
		table[i].p = p;
		table[i].kind = kind;
		table[i].uses++;
		number = (uint64_t)table[i].uses << 32 | (i + 1);
	}
	pthread_mutex_unlock(&lock);
	if (!number)
		errno = EMFILE;
	return number;
}

void *handle_lock(enum handle_kind kind, uint64_t number)
{
	uint32_t i = (uint32_t)number - 1;

	pthread_mutex_lock(&lock);
	if (i < PLACES && table[i].p && table[i].kind == kind &&
	    table[i].uses == number >> 32)
		return table[i].p;
	pthread_mutex_unlock(&lock);
	errno = EBADF;
	return NULL;
}

void handle_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void *handle_remove(enum handle_kind kind, uint64_t number)
{
	void *p = handle_lock(kind, number);

	if (p) {
		table[(uint32_t)number - 1].p = NULL;
		handle_unlock();
	}
	return p;
}
