/* SPDX-License-Identifier: MIT */
/*
 * A hostile host: random and nearly right values in the mailboxes of its own
 * enclave, the words whose turn it is included, and in the arena around
 * them, while the enclave's threads run and page.  Its enclave may end; its
 * secret must stay what it is, and another host's answers right.
 */
#include "storm.h"
#include "cell/gate.h"
#include <limits.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#define THREADS 2u /* of the host */
#define STORMED 3u /* mailboxes; the last TCS is visited as it should be */
#define PAGE 4096ull
#define SECRET_OFFSET (BARE_MORE_OFFSET + 299 * PAGE)

enum { OP_READ = 3, OP_WRITE = 4, OP_SPIN = 5, OP_JUMP = 11, OP_VISIT = 17 };

static struct storm machine;
static const struct bare_cpu *const host = &machine.host;
static struct bare_enclave enclave;
static uint32_t stop;
static uint64_t posted, answered, ended, inspected;

struct attacker {
	struct chance chance;
	pthread_t thread;
};

static uint64_t some_address(struct attacker *a)
{
	uint64_t r = chance_next(&a->chance);

	switch (r % 8) {
	case 0: case 1: case 2:
		/* Its own pages, up to the secret. */
		return enclave.base + (r >> 8) % SECRET_OFFSET;
	case 3: return enclave.base + BARE_MORE_OFFSET + (r >> 8) % 299 * PAGE;
	case 4: return (uintptr_t)host->arena + (r >> 8) % host->arena_size;
	case 5: return enclave.trampoline + (r >> 8) % 65536;
	case 6: return ((uintptr_t)&stop & ~(PAGE - 1)) + (r >> 8) % 64 * PAGE;
	default: return chance_odd(&a->chance);
	}
}

static void fill(struct attacker *a, struct gate_mailbox *box)
{
	static const uint32_t whats[] = {
		GATE_DO_EENTER, GATE_DO_EENTER, GATE_DO_EENTER,
		GATE_DO_ERESUME, GATE_DO_MAP, GATE_DO_UNMAP,
		GATE_DID_EEXIT, GATE_DID_FAULT, GATE_DID_IT,
	};

	box->what = chance_one_in(&a->chance, 40)
		? (uint32_t)chance_odd(&a->chance)
		: whats[chance_below(&a->chance, 9)];
	box->reg[0] = chance_below(&a->chance, 17);
	/* Jumping would make the enclave hostile too: that is another storm. */
	if (box->reg[0] == OP_JUMP)
		box->reg[0] = OP_READ;
	if (box->what >= GATE_DO_MAP)
		box->reg[0] = some_address(a);
	for (unsigned i = 1; i < 7; i++)
		box->reg[i] = some_address(a);
	/* The secret is for others to overwrite. */
	if (box->reg[1] - enclave.base - SECRET_OFFSET + 8 < PAGE + 8)
		box->reg[1] = 0;
}

static void wake(struct gate_mailbox *box)
{
	syscall(SYS_futex, &box->word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void act(struct attacker *a)
{
	struct gate_mailbox *box =
		&enclave.boxes[chance_below(&a->chance, STORMED)];
	uint64_t *words = (uint64_t *)enclave.boxes;

	switch (chance_below(&a->chance, 12)) {
	case 0: case 1: case 2: case 3: case 4: case 5:
		fill(a, box);
		__atomic_store_n(&box->word, GATE_CELL, __ATOMIC_RELEASE);
		posted++;
		wake(box);
		for (unsigned i = 0; i < 2000; i++)
			if (__atomic_load_n(&box->word, __ATOMIC_ACQUIRE)
				== GATE_HOST) {
				answered++;
				break;
			}
		break;
	case 6: /* while it runs */
		fill(a, box);
		break;
	case 7:
		__atomic_store_n(&box->word, (uint32_t)chance_below(&a->chance,
			4), __ATOMIC_RELEASE);
		wake(box);
		break;
	case 8:
		__atomic_store_n(&box->word, (uint32_t)chance_odd(&a->chance),
			__ATOMIC_RELEASE);
		wake(box);
		break;
	case 9:
		box->cell_sleeps = (uint32_t)chance_below(&a->chance, 2);
		box->host_sleeps = (uint32_t)chance_odd(&a->chance);
		break;
	case 10: {
		uint64_t i = chance_below(&a->chance, STORMED * GATE_STRIDE / 8);

		if (i % (GATE_STRIDE / 8) != offsetof(struct gate_mailbox,
				dead) / 8)
			words[i] = chance_odd(&a->chance);
		break;
	}
	default:
		/* The arena behind the mailboxes. */
		memset(host->arena + host->arena_used + chance_below(
			&a->chance, 64) * PAGE, (int)chance_next(&a->chance), PAGE);
		if (chance_one_in(&a->chance, 200000))
			box->dead = 1;
		break;
	}
}

static void *attack(void *argument)
{
	struct attacker *a = argument;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
		act(a);
	return NULL;
}

/* A visit as it should be, to the TCS that nobody storms.  False when the
 * enclave has ended. */
static bool visit(uint64_t op, uint64_t at, uint64_t value, uint64_t *answer)
{
	struct drv_call c = {
		.rdi = op, .rsi = at, .rdx = value, .function = SGX_EENTER,
	};

	if (bare_enter(&enclave, STORMED, &c) != 0)
		return false;
	assert_int_equal(c.function, SGX_EEXIT);
	*answer = c.rsi;
	return true;
}

static void live(struct storm *s)
{
	struct attacker a[THREADS];
	struct door_enclave q = { .h = { DOOR_KICK, sizeof(q) } };
	uint64_t secret = chance_next(&s->chance), got = 0;
	struct door_reply r;
	bool there;

	bare_build(&s->host, &enclave, STORMED + 1);
	assert_true(visit(OP_WRITE, enclave.base + SECRET_OFFSET, secret, &got));
	stop = 0;
	for (unsigned i = 0; i < THREADS; i++) {
		a[i].chance.state = chance_next(&s->chance);
		assert_int_equal(pthread_create(&a[i].thread, NULL, attack,
			&a[i]), 0);
	}
	q.enclave = enclave.number;
	for (unsigned i = 0; i < 8; i++) {
		chance_nap((unsigned)chance_below(&s->chance, 40000));
		bare_ask(&s->cpu, &q, sizeof(q), -1, &r, sizeof(r));
	}
	there = visit(OP_READ, enclave.base + SECRET_OFFSET, 0, &got);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(a[i].thread, NULL);
	if (there && got != secret)
		fail_msg("the secret is %llx, not %llx",
			(unsigned long long)got, (unsigned long long)secret);
	inspected += there;
	ended += !there;
	bare_remove(&enclave);
}

static void tell(const struct storm *s)
{
	printf("hostile hosts: %llu requests posted, %llu answered; %llu "
		"enclaves ended, %llu secrets intact",
		(unsigned long long)posted, (unsigned long long)answered,
		(unsigned long long)ended, (unsigned long long)inspected);
}

static void storm(void **state)
{
	machine.name = "mailbox";
	machine.live = live;
	machine.tell = tell;
	storm_run(&machine);
	assert_true(answered > 0 && inspected > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(storm) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
