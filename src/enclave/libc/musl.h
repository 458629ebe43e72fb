/* SPDX-License-Identifier: MIT */
/*
 * What musl 1.2.3 on x86-64 keeps to itself and this folder must set up or
 * use. Offsets were read from Debian's objects; tests/enclaves checks them
 * through the library's own functions.
 */
#ifndef COFFER_ENCLAVE_MUSL_H
#define COFFER_ENCLAVE_MUSL_H

#include <locale.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* struct pthread, at FS:0. */
struct musl_thread {
	struct musl_thread *self;
	uintptr_t *dtv;
	struct musl_thread *prev, *next; /* ring of all threads */
	uintptr_t sysinfo;
	uintptr_t canary;
	int tid;
	int errno_value;
	volatile int detach_state; /* 2: joinable */
	volatile int cancel;
	volatile unsigned char cancel_disable, cancel_async;
	unsigned char tsd_used : 1;
	unsigned char dlerror_flag : 1;
	unsigned char *map_base;
	size_t map_size;
	void *stack; /* its upper end */
	size_t stack_size;
	size_t guard_size;
	void *result;
	void *cancel_buffer;
	void **tsd; /* values of pthread keys */
	struct {
		volatile void *volatile head;
		long offset;
		volatile void *volatile pending;
	} robust_list;
	int h_errno_value;
	volatile int timer_id;
	struct __locale_struct *locale;
	volatile int kill_lock[1];
	char *dlerror_buffer;
	void *stdio_locks;

	/* Not musl's. */
	void *heap_cache; /* heap/front.c */
	uint64_t spare[6];
};

_Static_assert(offsetof(struct musl_thread, canary) == 0x28, "canary");
_Static_assert(offsetof(struct musl_thread, tid) == 0x30, "tid");
_Static_assert(offsetof(struct musl_thread, tsd) == 0x80, "tsd");
_Static_assert(offsetof(struct musl_thread, robust_list) == 0x88, "robust");
_Static_assert(offsetof(struct musl_thread, locale) == 0xa8, "locale");
_Static_assert(offsetof(struct musl_thread, heap_cache) == 200, "end");
_Static_assert(sizeof(struct musl_thread) == 256, "struct pthread");

static inline struct musl_thread *musl_self(void)
{
	struct musl_thread *t;

	__asm__("mov %%fs:0, %0" : "=r"(t));
	return t;
}

struct __locale_struct {
	const void *category[6];
};

/* struct __libc, object __libc. */
struct musl_libc {
	char can_do_threads, threaded, secure;
	volatile signed char need_locks;
	int threads_minus_1;
	size_t *auxv;
	void *tls_head;
	size_t tls_size, tls_align, tls_count;
	size_t page_size;
	struct __locale_struct global_locale;
};

extern struct musl_libc __libc;
/* What a program was started as; musl's objects say char *. */
extern const char *__progname, *__progname_full;

/* Parts of struct _IO_FILE. */
struct musl_file {
	unsigned flags;
	unsigned char *rpos, *rend;
	int (*close)(FILE *);
	unsigned char *wend, *wpos;
	unsigned char *zero;
	unsigned char *wbase;
	size_t (*read)(FILE *, unsigned char *, size_t);
	size_t (*write)(FILE *, const unsigned char *, size_t);
	off_t (*seek)(FILE *, off_t, int);
	unsigned char *buf;
	size_t buf_size;
	FILE *prev, *next;
	int fd;
	int pipe_pid;
	long lock_count;
	int mode;
	volatile int lock; /* -1: none; 0: free; else its owner's tid */
	int line_end; /* character that a write ends at, or -1 */
};

_Static_assert(offsetof(struct musl_file, lock) == 0x8c, "file lock");
#define MUSL_F_ERR 32u

/* The standard streams, where a program uses them. */
extern FILE *volatile __stdin_used __attribute__((weak));
extern FILE *volatile __stdout_used __attribute__((weak));
extern FILE *volatile __stderr_used __attribute__((weak));

#endif
