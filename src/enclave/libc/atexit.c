/* SPDX-License-Identifier: MIT */
/*
 * Functions to run when the enclave ends, last registered first. They may
 * register more.
 */
#include "libc.h"

#include <stdio.h>
#include <stdlib.h>

#define PER_BLOCK 32

struct block {
	struct block *next;
	unsigned count;
	struct {
		void (*run)(void *);
		void *argument;
	} entry[PER_BLOCK];
};

static struct block first, *head = &first;
static volatile int lock;

void __lock(volatile int *);
void __unlock(volatile int *);
int __cxa_atexit(void (*run)(void *), void *argument, void *dso);
void __cxa_finalize(void *dso);
void __funcs_on_exit(void);

int __cxa_atexit(void (*run)(void *), void *argument, void *dso)
{
	struct block *b;

	__lock(&lock);
	if (head->count == PER_BLOCK) {
		b = calloc(1, sizeof(*b));
		if (!b) {
			__unlock(&lock);
			return -1;
		}
		b->next = head;
		head = b;
	}
	head->entry[head->count].run = run;
	head->entry[head->count++].argument = argument;
	__unlock(&lock);
	return 0;
}

/* Objects are never unloaded from an enclave. */
void __cxa_finalize(void *dso)
{
}

static void plain(void *function)
{
	((void (*)(void))(uintptr_t)function)();
}

int atexit(void (*function)(void))
{
	return __cxa_atexit(plain, (void *)(uintptr_t)function, NULL);
}

void __funcs_on_exit(void)
{
	void (*run)(void *);
	void *argument;
	struct block *done;

	__lock(&lock);
	for (;;) {
		if (!head->count && head != &first) {
			done = head;
			head = head->next;
			free(done);
		}
		if (!head->count)
			break;
		head->count--;
		run = head->entry[head->count].run;
		argument = head->entry[head->count].argument;
		__unlock(&lock);
		run(argument);
		__lock(&lock);
	}
	__unlock(&lock);
}

void oe_libc_run_atexit(void)
{
	__funcs_on_exit();
	fflush(NULL);
}
