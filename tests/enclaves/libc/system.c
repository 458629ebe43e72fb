/* SPDX-License-Identifier: MIT */
/* What would ask a kernel. */
#include "check.h"
#include "libc_t.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <openenclave/advanced/mallinfo.h>
#include <openenclave/corelibc/errno.h>
#include <openenclave/corelibc/stdlib.h>
#include <openenclave/corelibc/string.h>
#include <openenclave/enclave.h>
#include <openenclave/internal/print.h>

int lc_system(int64_t host_seconds)
{
	struct timespec a, b, wait = { .tv_nsec = 20000000 };
	struct timeval v;
	struct tm tm;
	time_t t;
	char text[64];
	FILE *memory;
	char *grown;
	size_t size;

	CHECK(time(&t) == t && llabs(t - host_seconds) < 60);
	CHECK(!gettimeofday(&v, NULL) && llabs(v.tv_sec - t) < 60);
	CHECK(!clock_gettime(CLOCK_MONOTONIC, &a));
	CHECK(!nanosleep(&wait, NULL));
	CHECK(!clock_gettime(CLOCK_MONOTONIC, &b));
	CHECK((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec >=
		19000000);
	CHECK(clock_gettime(77, &a) == -1 && errno == EINVAL);
	wait.tv_nsec = -1;
	CHECK(nanosleep(&wait, NULL) == -1 && errno == EINVAL);
	t = 86400 * 365;
	CHECK(gmtime_r(&t, &tm) && tm.tm_year == 71 && !tm.tm_mon);
	CHECK(strftime(text, sizeof(text), "%Y-%m-%d", &tm) == 10 &&
		!strcmp(text, "1971-01-01"));

	CHECK(!fopen("/etc/passwd", "r") && errno == ENOSYS);
	CHECK(open("/etc/passwd", O_RDONLY) == -1 && errno == ENOSYS);
	CHECK(socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == ENOSYS);
	CHECK(fork() == -1 && errno == ENOSYS);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
			== MAP_FAILED && errno == ENOMEM);
	CHECK(write(7, "x", 1) == -1 && errno == EBADF);
	CHECK(!isatty(1) && errno == ENOTTY);
	CHECK(lseek(1, 0, SEEK_CUR) == -1 && errno == ESPIPE);
	CHECK(getpid() > 0 && sysconf(_SC_PAGESIZE) == 4096);
	CHECK(pthread_create(&(pthread_t){ 0 }, NULL, NULL, NULL) == ENOSYS);

	memory = open_memstream(&grown, &size);
	CHECK(memory && fprintf(memory, "%s-%d", "text", 7) == 6);
	CHECK(!fclose(memory) && size == 6 && !strcmp(grown, "text-7"));
	free(grown);
	CHECK(getrandom(text, sizeof(text), 0) == sizeof(text));
	CHECK(!getentropy(text, sizeof(text)));
	CHECK(getentropy(text, 257) == -1 && errno == EIO);

	oe_errno = 5;
	CHECK(errno == OE_EIO);
	CHECK(oe_strlen("four") == 4 && oe_memset_s(text, 4, 0, 5) != 0);
	grown = oe_strdup("kept");
	CHECK(grown && !oe_strcmp(grown, "kept"));
	oe_free(grown);
	CHECK(oe_host_printf("%s\n", "through the host") == 17);
	CHECK(!strcmp(oe_result_str(OE_OK), "OE_OK"));
	CHECK(!strcmp(oe_result_str(OE_QUOTE_ENCLAVE_IDENTITY_UNIQUEID_MISMATCH),
		"OE_QUOTE_ENCLAVE_IDENTITY_UNIQUEID_MISMATCH"));
	CHECK(!strcmp(oe_result_str((oe_result_t)51), "UNKNOWN"));
	CHECK(!strcmp(oe_result_str(OE_SGX_QUOTE_LIBRARY_ERROR),
		"OE_SGX_QUOTE_LIBRARY_ERROR"));
	CHECK(oe_load_module_host_file_system() == OE_UNSUPPORTED);
	return 0;
}

static long raw(long n, long a, long b)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b)
		: "rcx", "r11", "memory");
	return result;
}

/* A leaf with data in its red zone and in vector registers. */
static long __attribute__((noinline)) leaf(long n, uint64_t *kept)
{
	uint64_t low = 0x1122334455667788u, high;
	long result;

	__asm__ volatile("movq %[low], -8(%%rsp)\n\t"
			 "movq %[low], -128(%%rsp)\n\t"
			 "movq %[low], %%xmm7\n\t"
			 "stc\n\t"
			 "syscall\n\t"
			 "sbb %%r11, %%r11\n\t"
			 "movq %%xmm7, %[high]\n\t"
			 "xor -8(%%rsp), %[high]\n\t"
			 "or %[high], %[kept]\n\t"
			 "movq -128(%%rsp), %[high]\n\t"
			 "xor %[low], %[high]\n\t"
			 "or %[high], %[kept]\n\t"
			 "inc %%r11\n\t"
			 "or %%r11, %[kept]\n\t"
			 : "=a"(result), [high] "=&r"(high),
			 [kept] "+r"(*kept)
			 : "a"(n), [low] "r"(low)
			 : "rcx", "r11", "xmm7", "memory", "cc");
	return result;
}

int lc_syscalls(void)
{
	struct timespec t = { 0 };
	uint64_t changed = 0;

	for (int i = 0; i < 100; i++) {
		CHECK(raw(SYS_gettid, 0, 0) > 0);
		CHECK(leaf(SYS_getpid, &changed) > 0 && !changed);
	}
	CHECK(!raw(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&t) && t.tv_sec);
	CHECK(raw(SYS_open, (long)"/", 0) == -ENOSYS);
	CHECK(raw(SYS_close, 9, 0) == -EBADF);
	CHECK(raw(100000, 0, 0) == -ENOSYS);
	CHECK(syscall(SYS_getpid) > 0);
	CHECK(syscall(100000) == -1 && errno == ENOSYS);
	return 0;
}

int lc_print(const char *text, int how)
{
	switch (how) {
	case 0:
		CHECK(printf("%s\n", text) == (int)strlen(text) + 1);
		break;
	case 1:
		CHECK(fprintf(stderr, "%s%s\n", text, "") > 0);
		break;
	case 2:
		CHECK(puts(text) >= 0 && putchar('!') == '!');
		CHECK(!fflush(stdout));
		break;
	case 3:
		CHECK(fputs(text, stdout) >= 0);
		break;
	default:
		for (int i = 0; i < how; i++)
			CHECK(printf("%06d %s\n", i, text) > 0);
		break;
	}
	return 0;
}

int lc_memory(void)
{
	oe_mallinfo_t before, after;
	unsigned char *p, *q;
	void *at;

	CHECK(oe_allocator_mallinfo(&before) == OE_OK);
	CHECK(before.max_total_heap_size == 2048 * 4096);
	p = malloc(100000);
	CHECK(p && oe_is_within_enclave(p, 100000));
	CHECK(malloc_usable_size(p) >= 100000);
	memset(p, 0x5a, 100000);
	q = realloc(p, 300000);
	CHECK(q && q[0] == 0x5a && q[99999] == 0x5a);
	CHECK(oe_allocator_mallinfo(&after) == OE_OK);
	CHECK(after.current_allocated_heap_size >=
		before.current_allocated_heap_size + 300000);
	free(q);
	q = calloc(1000, 300);
	CHECK(q);
	for (int i = 0; i < 300000; i++)
		CHECK(!q[i]);
	free(q);
	CHECK(!posix_memalign(&at, 4096, 10) && !((uintptr_t)at & 4095));
	free(at);
	CHECK(posix_memalign(&at, 3, 10) == EINVAL);
	CHECK(!((uintptr_t)(at = aligned_alloc(256, 512)) & 255) && at);
	free(at);
	CHECK(!((uintptr_t)(at = memalign(64, 1)) & 63) && at);
	free(at);
	CHECK(!malloc(SIZE_MAX) && errno == ENOMEM);
	CHECK(!calloc(SIZE_MAX / 2, 4) && !realloc(NULL, SIZE_MAX / 2));
	CHECK(oe_allocator_mallinfo(&after) == OE_OK);
	CHECK(after.current_allocated_heap_size <=
		before.current_allocated_heap_size + 16384);
	return 0;
}

/* Fill the heap to its end in pieces, and empty it again. */
int lc_exhaust(void)
{
	void **first = NULL, **p;
	size_t pieces = 0;

	while ((p = malloc(4000))) {
		*p = first;
		first = p;
		pieces++;
	}
	CHECK(errno == ENOMEM && pieces > 1000 && pieces < 2048 * 4096 / 4000);
	CHECK(!malloc(4000) && !calloc(1, 4000) && !realloc(NULL, 4000));
	while ((p = first)) {
		first = *p;
		free(p);
	}
	p = malloc(1000 * 4096);
	CHECK(p);
	free(p);
	return 0;
}

int lc_random(uint8_t *bytes)
{
	return getrandom(bytes, 32, 0) == 32 ? 0 : __LINE__;
}

static void fill(volatile char *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = 'A';
}

/* Writes beyond an array on the stack: the canary must be noticed. */
void __attribute__((noinline)) lc_smash(size_t size)
{
	volatile char here[64];

	fill(here, size);
}

static void last_words(void)
{
	printf("last words");
}

void lc_leave(int how)
{
	switch (how) {
	case 0:
		abort();
	case 1:
		atexit(last_words);
		exit(3);
	case 2:
		_exit(4);
	case 3:
		atexit(last_words);
		break;
	default:
		raw(SYS_exit_group, 0, 0);
	}
}

int lc_damage(int how)
{
	char *p = malloc(100), *q = malloc(100);

	CHECK(p && q);
	if (how == 0) {
		free(p);
		free(p);
	} else {
		fill(p, 120);
		free(p);
		free(q);
	}
	return 0;
}
