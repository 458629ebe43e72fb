/* SPDX-License-Identifier: MIT */
#include "bench_floor.h"
#include "bench_stat.h"
#include "cli.h"
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define REGISTERS 16
#define XSAVE_AREA 16384
#define XSAVE_MASK 7u /* x87, SSE, AVX: what an enclave has, at least */
#define HWCAP2_FSGSBASE 2u

enum { TURN_ASKER, TURN_PARTNER, TURN_SLEEP };

/* The answer overwrites the request: three lines have to travel each way, the
 * fewest there can be.  The turn has one for itself, as the other side looks
 * at it while registers are written; sharing it was measured to be slower. */
struct lane {
	uint64_t reg[REGISTERS];
	uint64_t turn;
	uint64_t size; /* bytes of data that come with a request */
	uint8_t data[BENCH_FLOOR_DATA] __attribute__((aligned(4096)));
} __attribute__((aligned(256)));

struct bench_floor {
	struct lane *lane;
	pid_t partner;
	uint64_t serial;
	uint8_t data[BENCH_FLOOR_DATA];
};

static uint8_t g_vectors[XSAVE_AREA] __attribute__((aligned(64)));

static uint64_t xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return ((uint64_t)high << 32) | low;
}

static bool have_xsave(void)
{
	uint32_t a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c & (UINT32_C(1) << 27);
}

/* Loads the state that an enclave would run with, then the caller's FS and
 * GS again.  In one piece: with another FS no C code may run. */
static inline void cross(uint32_t mask, bool bases)
{
	uint64_t fs, gs;

	if (!bases) {
		__asm__ volatile("xrstor64 (%0)" : : "r"(g_vectors),
			"a"(mask), "d"(0) : "memory", "xmm0", "xmm1", "xmm2",
			"xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
			"xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
		return;
	}
	__asm__ volatile(
		"rdfsbase %[fs]\n\t"
		"rdgsbase %[gs]\n\t"
		"wrfsbase %[area]\n\t"
		"wrgsbase %[area]\n\t"
		"xrstor64 (%[area])\n\t"
		"wrfsbase %[fs]\n\t"
		"wrgsbase %[gs]"
		: [fs] "=&r"(fs), [gs] "=&r"(gs)
		: [area] "r"(g_vectors), "a"(mask), "d"(0)
		: "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
		  "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
		  "xmm13", "xmm14", "xmm15");
}

/* On the low half of a word, the first in memory. */
static long futex(uint64_t *word, int operation, uint32_t value)
{
	return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/* Between batches the partner sleeps, so as not to be in the way of what else
 * is measured. */
static void await_turn(struct lane *lane)
{
	uint64_t turn;

	while ((turn = __atomic_load_n(&lane->turn, __ATOMIC_ACQUIRE)) !=
			TURN_PARTNER) {
		if (turn == TURN_SLEEP)
			futex(&lane->turn, FUTEX_WAIT, TURN_SLEEP);
		else
			__builtin_ia32_pause();
	}
}

static void serve(struct lane *lane, uint32_t mask, bool bases)
{
	static uint8_t copy[BENCH_FLOOR_DATA] __attribute__((aligned(4096)));
	uint64_t regs[REGISTERS];

	for (;;) {
		await_turn(lane);
		for (int i = 0; i < REGISTERS; i++)
			regs[i] = __atomic_load_n(&lane->reg[i],
				__ATOMIC_RELAXED);
		cross(mask, bases);
		if (lane->size) {
			memcpy(copy, lane->data, BENCH_FLOOR_DATA);
			__asm__ volatile("" : : "r"(copy) : "memory");
		}
		for (int i = 0; i < REGISTERS; i++)
			__atomic_store_n(&lane->reg[i], regs[i] + 1,
				__ATOMIC_RELAXED);
		__atomic_store_n(&lane->turn, TURN_ASKER, __ATOMIC_RELEASE);
	}
}

static void partner(struct lane *lane, int cpu)
{
	bool bases = getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE;
	uint32_t mask = (uint32_t)xcr0() & XSAVE_MASK;

	bench_pin(cpu);
	__asm__ volatile("xsave64 (%0)" : : "r"(g_vectors), "a"(mask), "d"(0)
		: "memory");
	serve(lane, mask, bases);
}

struct bench_floor *bench_floor_new(int partner_cpu)
{
	struct bench_floor *floor;
	pid_t parent = getpid();

	if (partner_cpu < 0 || !have_xsave()) {
		errno = ENOTSUP;
		return NULL;
	}
	floor = calloc(1, sizeof(*floor));
	if (!floor)
		return NULL;
	floor->lane = mmap(NULL, sizeof(*floor->lane), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (floor->lane == MAP_FAILED)
		goto fail_free;
	memset(floor->data, 0x5a, sizeof(floor->data));
	floor->lane->turn = TURN_SLEEP;
	floor->partner = fork();
	if (floor->partner < 0)
		goto fail_unmap;
	if (!floor->partner) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		partner(floor->lane, partner_cpu);
	}
	return floor;

fail_unmap:
	munmap(floor->lane, sizeof(*floor->lane));
fail_free:
	free(floor);
	return NULL;
}

static bool batch(struct bench_floor *floor, uint64_t count, bool data)
{
	struct lane *lane = floor->lane;
	uint64_t wrong = 0;

	if (kill(floor->partner, 0) || waitpid(floor->partner, NULL, WNOHANG)) {
		cli_error("the floor's partner ended");
		return false;
	}
	lane->size = data ? BENCH_FLOOR_DATA : 0;
	for (uint64_t n = 0; n < count; n++) {
		uint64_t serial = floor->serial++;

		if (data)
			memcpy(lane->data, floor->data, BENCH_FLOOR_DATA);
		for (uint64_t i = 0; i < REGISTERS; i++)
			__atomic_store_n(&lane->reg[i], serial + i,
				__ATOMIC_RELAXED);
		__atomic_store_n(&lane->turn, TURN_PARTNER, __ATOMIC_RELEASE);
		if (n == 0)
			futex(&lane->turn, FUTEX_WAKE, 1);
		while (__atomic_load_n(&lane->turn, __ATOMIC_ACQUIRE) !=
				TURN_ASKER)
			__builtin_ia32_pause();
		for (uint64_t i = 0; i < REGISTERS; i++)
			wrong |= __atomic_load_n(&lane->reg[i],
				__ATOMIC_RELAXED) ^ (serial + i + 1);
	}
	if (wrong)
		cli_error("the floor's partner answered wrongly");
	return !wrong;
}

bool bench_floor_batch(void *context, uint64_t count)
{
	return batch(context, count, false);
}

bool bench_floor_data_batch(void *context, uint64_t count)
{
	return batch(context, count, true);
}

void bench_floor_rest(void *context)
{
	struct bench_floor *floor = context;

	__atomic_store_n(&floor->lane->turn, TURN_SLEEP, __ATOMIC_RELEASE);
}

void bench_floor_free(struct bench_floor *floor)
{
	if (!floor)
		return;
	kill(floor->partner, SIGKILL);
	waitpid(floor->partner, NULL, 0);
	munmap(floor->lane, sizeof(*floor->lane));
	free(floor);
}
