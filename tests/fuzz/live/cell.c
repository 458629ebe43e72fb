/* SPDX-License-Identifier: MIT */
/*
 * A hostile cell: enclave code that writes over its cell's control region,
 * tables and mailboxes, and calls through the cell's own system-call
 * instruction with chosen registers, from several threads, while a neighbour
 * pages.  Only the hostile enclave may suffer.
 */
#include "storm.h"
#include "cell/control.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#define THREADS 3u
#define PAGE 4096ull
#define TEXT_PIECE 4096u /* bytes of the cell that are looked through at once */

enum op { OP_TRAP = 1, OP_READ = 3, OP_WRITE, OP_EREPORT = 7, OP_EGETKEY,
	OP_ENCLU = 13, OP_VISIT = 17 };

static struct bare_enclave hostile;
static uint64_t instruction[4];
static unsigned instructions;
static uint64_t written, called, asked;

struct attacker {
	struct chance chance;
	uint32_t tcs;
	pthread_t thread;
};

/* False when the enclave has ended; *answer where it answered. */
static bool enter(uint32_t tcs, uint64_t op, uint64_t a, uint64_t b,
	uint64_t *answer)
{
	struct drv_call c = {
		.rdi = op, .rsi = a, .rdx = b, .function = SGX_EENTER,
	};

	if (bare_enter(&hostile, tcs, &c) != 0)
		return false;
	if (answer != NULL)
		*answer = c.function == SGX_EEXIT ? c.rsi : 0;
	return true;
}

static void find_instructions(void)
{
	uint8_t text[TEXT_PIECE + 8];

	instructions = 0;
	for (uint64_t at = CELL_IMAGE; at < CELL_IMAGE + 0x20000
		     && instructions < 4; at += TEXT_PIECE) {
		for (unsigned i = 0; i < TEXT_PIECE; i += 8) {
			uint64_t word = 0;

			if (!enter(0, OP_READ, at + i, 0, &word))
				return;
			memcpy(text + i, &word, 8);
			if (i == 0 && word == 0)
				break;
		}
		for (unsigned i = 0; i + 1 < TEXT_PIECE && instructions < 4; i++)
			if (text[i] == 0x0f && text[i + 1] == 0x05)
				instruction[instructions++] = at + i;
	}
}

static uint64_t some_address(struct attacker *a)
{
	uint64_t r = chance_next(&a->chance);

	switch (r % 9) {
	case 0: return hostile.base + BARE_DATA_OFFSET + (r >> 8) % 0x4000;
	case 1: return hostile.base + (r >> 8) % hostile.size;
	case 2: return (hostile.base + (r >> 8) % hostile.size) & ~(PAGE - 1);
	case 3: return CELL_CONTROL + (r >> 8) % CELL_CONTROL_SIZE;
	case 4: return (CELL_WINDOW + (r >> 8) % 0x4000000) & ~(PAGE - 1);
	case 5: return (CELL_AREAS + (r >> 8) % 0x40000) & ~7ull;
	case 6: return CELL_IMAGE + (r >> 8) % 0x20000;
	case 7: return (uintptr_t)hostile.boxes + (r >> 8) % 1024;
	default: return chance_odd(&a->chance);
	}
}

/* A word of the control region, those that the processor reads before the
 * others. */
static uint64_t some_control(struct attacker *a)
{
	uint64_t r = chance_next(&a->chance), at;
	uint64_t tcs = (r >> 32) % 4;

	switch (r % 10) {
	case 0: at = (r >> 8) % offsetof(struct cell_control, doorbell); break;
	case 1: at = offsetof(struct cell_control, doorbell) + (r >> 8) % 72; break;
	case 2: at = offsetof(struct cell_control, order_state)
		+ (r >> 8) % 24; break;
	case 3: at = offsetof(struct cell_control, order) + (r >> 8)
		% (4 * sizeof(struct cell_order)); break;
	case 4: at = offsetof(struct cell_control, chunk) + (r >> 8)
		% (8 * sizeof(struct cell_chunk)); break;
	case 5: at = offsetof(struct cell_control, tcs[tcs]) + (r >> 8)
		% sizeof(struct cell_tcs); break;
	case 6: case 7: case 8:
		at = offsetof(struct cell_control, service[tcs]) + (r >> 8)
		% sizeof(struct cell_service); break;
	default: at = offsetof(struct cell_control, counters[tcs]) + (r >> 8)
		% sizeof(struct cell_counters);
	}
	return CELL_CONTROL + (at & ~3ull);
}

static uint64_t some_value(struct attacker *a)
{
	return chance_one_in(&a->chance, 2) ? chance_below(&a->chance, 6)
		: chance_one_in(&a->chance, 2) ? some_address(a)
		: chance_odd(&a->chance);
}

/* A request to the processor such as no cell makes. */
static bool ask(struct attacker *a)
{
	uint64_t slot = CELL_CONTROL
		+ offsetof(struct cell_control, service[chance_below(&a->chance, 5)]);
	uint64_t bell = CELL_CONTROL + offsetof(struct cell_control, doorbell);
	uint64_t leaf = chance_one_in(&a->chance, 3) ? CELL_ASK_PAGE
		: chance_one_in(&a->chance, 8) ? CELL_ASK_TCS
		: chance_one_in(&a->chance, 8) ? chance_odd(&a->chance) & UINT32_MAX
		: chance_below(&a->chance, 10);
	static const unsigned fields[] = { 8, 16, 24, 32 };

	for (unsigned i = 0; i < 4; i++)
		if (!enter(a->tcs, OP_WRITE, slot + fields[i], some_address(a),
			    NULL))
			return false;
	asked++;
	return enter(a->tcs, OP_WRITE, slot, leaf << 32 | CELL_SERVICE_ASKED,
		NULL) && enter(a->tcs, OP_WRITE, bell,
		chance_next(&a->chance) & UINT32_MAX, NULL);
}

static bool call(struct attacker *a)
{
	static const uint16_t numbers[] = {
		SYS_sched_yield, SYS_rt_sigprocmask, CELL_TAKE, CELL_TAKE,
		SYS_close, SYS_membarrier, SYS_mmap, SYS_mmap, SYS_munmap,
		SYS_mprotect, SYS_mremap, SYS_mremap, SYS_futex, SYS_futex,
		SYS_rt_sigreturn,
	};
	uint64_t table = hostile.base + BARE_DATA_OFFSET + a->tcs * PAGE + 2048;
	uint64_t v[7] = { numbers[chance_below(&a->chance, 15)], some_address(a),
		chance_below(&a->chance, 64) * PAGE,
		chance_below(&a->chance, 4), some_value(a), some_value(a),
		some_value(a) };

	if (chance_one_in(&a->chance, 400))
		v[0] = chance_below(&a->chance, 500); /* seldom survived */
	switch (v[0]) {
	case SYS_futex: /* waits would only sleep */
		v[2] = chance_one_in(&a->chance, 2) ? 1 : 129;
		break;
	case SYS_mmap:
		v[4] = MAP_SHARED | MAP_FIXED;
		v[5] = chance_below(&a->chance, 10);
		break;
	case SYS_mremap:
		v[2] = 0;
		v[3] = chance_below(&a->chance, 64) * PAGE;
		v[4] = MREMAP_MAYMOVE | MREMAP_FIXED;
		v[5] = some_address(a);
		break;
	default:
		break;
	}
	for (unsigned i = 0; i < 7; i++)
		if (!enter(a->tcs, OP_WRITE, table + i * 8, v[i], NULL))
			return false;
	called++;
	return enter(a->tcs, OP_VISIT, table, instruction[chance_below(
		&a->chance, instructions)], NULL);
}

static bool act(struct attacker *a)
{
	uint64_t page = hostile.base + BARE_MORE_OFFSET
		+ chance_below(&a->chance, 300) * PAGE;

	switch (chance_below(&a->chance, 16)) {
	case 0: case 1: case 2: case 3:
		return enter(a->tcs, chance_one_in(&a->chance, 2) ? OP_READ
			: OP_WRITE, page, 1, NULL);
	case 4: case 5: case 6:
		written++;
		return enter(a->tcs, OP_WRITE, some_control(a), some_value(a),
			NULL);
	case 7: case 8: case 9: case 10:
		return ask(a);
	case 11:
		return instructions == 0 || call(a);
	case 12:
		return enter(a->tcs, OP_EREPORT, some_address(a),
			some_address(a), NULL);
	case 13:
		return enter(a->tcs, OP_EGETKEY, some_address(a),
			some_address(a), NULL);
	case 14:
		return enter(a->tcs, OP_ENCLU, chance_below(&a->chance, 12), 0,
			NULL);
	default:
		/* Anywhere at all; often the end. */
		return !chance_one_in(&a->chance, 64) || enter(a->tcs, OP_WRITE,
			some_address(a), some_value(a), NULL);
	}
}

static void *attack(void *argument)
{
	struct attacker *a = argument;

	while (act(a))
		;
	return NULL;
}

/* The life of one hostile enclave. */
static void live(struct storm *s)
{
	struct attacker a[THREADS];
	struct door_enclave stop = { .h = { DOOR_STOP, sizeof(stop) } };
	struct door_reply r;

	bare_build(&s->host, &hostile, THREADS);
	find_instructions();
	for (unsigned i = 0; i < THREADS; i++) {
		a[i].tcs = i;
		a[i].chance.state = chance_next(&s->chance);
		assert_int_equal(pthread_create(&a[i].thread, NULL, attack,
			&a[i]), 0);
	}
	chance_nap(20000 + (unsigned)chance_below(&s->chance, 200000));
	for (unsigned i = 0; i < 4; i++) {
		struct door_enclave q = {
			.h = { i % 2 ? DOOR_STAT : DOOR_KICK, sizeof(q) },
			.enclave = hostile.number,
		};
		struct door_stat_reply stat;

		bare_ask(&s->cpu, &q, sizeof(q), -1, &stat, sizeof(stat));
	}
	stop.enclave = hostile.number;
	bare_ask(&s->cpu, &stop, sizeof(stop), -1, &r, sizeof(r));
	assert_int_equal(r.status, DOOR_OK);
	gate_host_dead(hostile.gate);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(a[i].thread, NULL);
	bare_remove(&hostile);
	/* Undisturbed, the first one finds what it then calls through. */
	if (!s->lives)
		assert_true(instructions > 0);
}

static void tell(const struct storm *s)
{
	printf("hostile enclaves: %llu words written, %llu requests, %llu "
		"system calls", (unsigned long long)written,
		(unsigned long long)asked, (unsigned long long)called);
}

static void storm(void **state)
{
	static struct storm s = { .name = "cell", .live = live, .tell = tell };

	storm_run(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(storm) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
