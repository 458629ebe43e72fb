/* SPDX-License-Identifier: MIT */
/*
 * A hostile driver: requests at the processor's door that are nearly right,
 * with right and wrong descriptors, while enclaves page; and now and then the
 * swap store changes.  What the driver may take away (an enclave) it may take;
 * no answer may be wrong, and who is left alone goes on.
 */
#include "storm.h"
#include "common/msg.h"
#include "cpu/swap.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define TOYS 12u /* enclaves that are never initialised */
#define HONEST 2u
#define PAGE 4096ull

static struct bare_cpu cpu;
static struct chance chance;
static struct work honest[HONEST], victim;
static uint32_t toy[TOYS];
static uint64_t toy_base[TOYS];
static unsigned toys;
static uint64_t slowest; /* microseconds from request to reply */
static uint64_t sent, granted, tampered, victims;

union request {
	struct door_header h;
	struct door_create create;
	struct door_add add;
	struct door_init init;
	struct door_pages pages;
	struct door_enclave enclave;
	struct door_lepubkeyhash hash;
	uint8_t bytes[sizeof(struct door_init) + 1024];
};

static uint64_t below(uint64_t n)
{
	return chance_below(&chance, n);
}

static bool one_in(uint64_t n)
{
	return chance_one_in(&chance, n);
}

static uint32_t some_enclave(uint64_t *base)
{
	uint64_t i = below(16);

	*base = victim.enclave.base;
	if (i < 8 && toys > 0) {
		i = below(toys);
		*base = toy_base[i];
		return toy[i];
	}
	if (i < 11)
		return victim.enclave.number;
	if (i < 15) {
		i = below(HONEST);
		*base = honest[i].enclave.base;
		return honest[i].enclave.number;
	}
	return (uint32_t)chance_odd(&chance);
}

static uint64_t some_page(uint64_t base)
{
	return one_in(12) ? chance_odd(&chance) : base + below(256) * PAGE;
}

static size_t make(union request *q)
{
	static const uint64_t kinds[] = {
		SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W,
		SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_X,
		SGX_SECINFO_REG | SGX_SECINFO_R, SGX_SECINFO_TCS,
		SGX_SECINFO_REG | 7,
	};
	static const uint32_t ops[] = {
		DOOR_CREATE, DOOR_CREATE, DOOR_ADD, DOOR_ADD, DOOR_ADD,
		DOOR_ADD, DOOR_INIT, DOOR_DESTROY, DOOR_KICK, DOOR_KICK,
		DOOR_STAT, DOOR_MACHINE, DOOR_RESTRICT, DOOR_MODIFY,
		DOOR_REMOVE, DOOR_REMOVE, DOOR_HELLO, DOOR_STOP,
		DOOR_WRMSR_LEPUBKEYHASH,
	};
	uint64_t base;
	size_t size;

	memset(q, 0, sizeof(*q));
	q->h.op = ops[below(sizeof(ops) / sizeof(ops[0]))];
	switch (q->h.op) {
	case DOOR_CREATE:
		size = sizeof(q->create);
		q->create.arena_va = (uintptr_t)cpu.arena;
		q->create.arena_size = cpu.arena_size;
		q->create.secs.size = PAGE << below(12);
		q->create.secs.base = below(64) * 0x40000000;
		q->create.secs.ssa_frame_size = 1;
		q->create.secs.attributes = bare_attributes;
		break;
	case DOOR_ADD:
		size = sizeof(q->add);
		q->add.enclave = some_enclave(&base);
		q->add.count = (uint32_t)below(one_in(20) ? 70000 : 40);
		q->add.measure = (uint32_t)below(2);
		q->add.linaddr = some_page(base);
		q->add.secinfo_flags = kinds[below(5)];
		q->add.source = one_in(3) ? DOOR_SOURCE_ZERO
			: below(cpu.arena_size / PAGE) * PAGE;
		break;
	case DOOR_INIT:
		size = sizeof(q->init);
		q->init.enclave = some_enclave(&base);
		q->init.gate_offset = below(64) * PAGE;
		q->init.gate_count = below(6);
		q->init.trampoline_va = base + 0x200000;
		break;
	case DOOR_RESTRICT:
	case DOOR_MODIFY:
	case DOOR_REMOVE:
		size = sizeof(q->pages);
		q->pages.enclave = some_enclave(&base);
		q->pages.count = (uint32_t)below(one_in(20) ? 70000 : 20);
		/* As an address and as the driver gives it, an offset. */
		q->pages.linaddr = some_page(one_in(2) ? base : 0);
		q->pages.value = below(8);
		break;
	case DOOR_WRMSR_LEPUBKEYHASH:
		size = sizeof(q->hash);
		break;
	case DOOR_HELLO:
	case DOOR_MACHINE:
		size = sizeof(q->h);
		break;
	default:
		size = sizeof(q->enclave);
		q->enclave.enclave = some_enclave(&base);
	}
	q->h.size = (uint32_t)size;
	return size;
}

/* Makes it wrong in one place or several.  The size of the message. */
static size_t spoil(union request *q, size_t size)
{
	unsigned fields = one_in(3) ? 0 : one_in(3) ? 1 + (unsigned)below(4) : 1;

	for (unsigned i = 0; i < fields && size > sizeof(q->h); i++) {
		uint64_t value = chance_odd(&chance);
		size_t at = sizeof(q->h) + below((size - sizeof(q->h)) / 4) * 4;

		memcpy(q->bytes + at, &value, size - at < 8 || one_in(2) ? 4 : 8);
	}
	if (one_in(30))
		q->h.op = (uint32_t)chance_odd(&chance);
	if (one_in(30))
		q->h.size = (uint32_t)chance_odd(&chance);
	if (one_in(30)) {
		size = 1 + below(sizeof(*q));
		if (one_in(2))
			q->h.size = (uint32_t)size;
	}
	return size;
}

/* What takes an enclave away, and is the driver's right. */
static bool spares_the_honest(const union request *q, size_t size)
{
	bool harmful = q->h.op == DOOR_DESTROY || q->h.op == DOOR_STOP
		|| q->h.op == DOOR_RESTRICT || q->h.op == DOOR_MODIFY;

	if (!harmful || size < sizeof(q->enclave))
		return true;
	for (unsigned i = 0; i < HONEST; i++)
		if (q->enclave.enclave == honest[i].enclave.number)
			return false;
	/* Taken away by STOP only, so that its number stays its own. */
	return q->h.op != DOOR_DESTROY
		|| q->enclave.enclave != victim.enclave.number;
}

static unsigned some_descriptors(const union request *q, int *fds, int *mine)
{
	int pair[2];
	unsigned n = 0;

	*mine = -1;
	if (q->h.op == DOOR_CREATE && !one_in(4)) {
		fds[0] = cpu.arena_fd;
		return 1;
	}
	if (!one_in(8))
		return 0;
	switch (below(6)) {
	case 0:
		if (pipe2(pair, O_CLOEXEC) == 0) {
			*mine = pair[0];
			close(pair[1]);
		}
		break;
	case 1:
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0) {
			*mine = pair[0];
			close(pair[1]);
		}
		break;
	case 2:
		*mine = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		break;
	case 3:
		*mine = open("/dev/null", O_RDWR | O_CLOEXEC);
		break;
	case 4:
		*mine = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		break;
	default:
		*mine = memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		fcntl(*mine, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
	}
	if (*mine >= 0)
		for (n = 0; n < (one_in(3) ? MSG_FDS_MAX : 1); n++)
			fds[n] = *mine;
	return n;
}

static void forget_toy(uint32_t number)
{
	for (unsigned i = 0; i < toys; i++)
		if (toy[i] == number) {
			toy[i] = toy[--toys];
			toy_base[i] = toy_base[toys];
			return;
		}
}

static void destroy(uint32_t number)
{
	struct door_enclave q = {
		.h = { DOOR_DESTROY, sizeof(q) }, .enclave = number,
	};
	struct door_reply r;

	do
		bare_ask(&cpu, &q, sizeof(q), -1, &r, sizeof(r));
	while (r.status == DOOR_OK && r.count > 0);
	assert_int_equal(r.status, DOOR_OK);
	forget_toy(number);
}

static void request(void)
{
	union {
		struct door_reply r;
		uint8_t bytes[4096];
	} reply;
	int fds[MSG_FDS_MAX], mine, got[MSG_FDS_MAX];
	unsigned count, got_count = MSG_FDS_MAX;
	union request q;
	size_t size = make(&q);
	uint64_t from, took;
	ssize_t n;

	size = spoil(&q, size);
	if (!spares_the_honest(&q, size))
		return;
	count = some_descriptors(&q, fds, &mine);
	from = chance_nap(0);
	assert_int_equal(msg_send(cpu.door, &q, size, fds, count, 0), 0);
	n = msg_recv(cpu.door, &reply, sizeof(reply), got, &got_count, 0);
	took = chance_nap(0) - from;
	if (took > 2000000)
		printf("door: %llu ms for request %u, status %u, error %u: "
			"%s\n", (unsigned long long)took / 1000, q.h.op,
			reply.r.status, reply.r.error, reply.r.text);
	slowest = took > slowest ? took : slowest;
	if (mine >= 0)
		close(mine);
	if (n < (ssize_t)sizeof(reply.r)) {
		chance_nap(200000);
		storm_alive(&cpu);
		fail_msg("a reply of %zd bytes to request %u", n, q.h.op);
	}
	for (unsigned i = 0; i < got_count; i++)
		close(got[i]);
	assert_true(reply.r.status <= DOOR_FAILED);
	assert_non_null(memchr(reply.r.text, 0, sizeof(reply.r.text)));
	sent++;
	granted += reply.r.status == DOOR_OK;
	if (reply.r.status != DOOR_OK)
		return;
	if (q.h.op == DOOR_CREATE) {
		toy_base[toys] = q.create.secs.base;
		toy[toys++] = (uint32_t)reply.r.count;
		if (toys == TOYS)
			destroy(toy[below(TOYS)]);
	} else if (q.h.op == DOOR_DESTROY && reply.r.count == 0) {
		forget_toy(q.enclave.enclave);
	}
}

/* --- the swap store ------------------------------------------------------ */

static bool is_honest(uint32_t number)
{
	return number == honest[0].enclave.number
		|| number == honest[1].enclave.number;
}

/* The bytes of one slot that nobody but its enclave suffers from; of an
 * honest one only what the processor has no use for. */
static void tamper_slot(uint32_t slot)
{
	uint64_t record_at = swap_record_at(slot), value = chance_next(&chance);
	uint64_t at = swap_page_at(slot) + below(PAGE / 8) * 8;
	struct swap_record record;

	if (pread(cpu.swap_fd, &record, sizeof(record), (off_t)record_at)
		!= sizeof(record))
		return;
	if (is_honest(record.enclave)) {
		at = record_at + offsetof(struct swap_record, version)
			+ below(10) * 8;
	} else if (record.enclave != victim.enclave.number
		|| record.state != SWAP_USED) {
		return;
	} else if (one_in(3)) {
		at = record_at + below(sizeof(record.pcmd) / 8) * 8;
	}
	tampered += pwrite(cpu.swap_fd, &value, sizeof(value), (off_t)at) == 8;
}

static void tamper(void)
{
	off_t size = lseek(cpu.swap_fd, 0, SEEK_END);
	uint32_t slots = (uint32_t)((uint64_t)size / SWAP_GROUP_SIZE * SWAP_GROUP);

	if (slots == 0)
		return;
	/* While nothing moves: what is whose can be told. */
	for (unsigned i = 0; i < HONEST; i++)
		work_pause(&honest[i], true);
	work_pause(&victim, true);
	chance_nap(2000);
	for (unsigned i = 0; i < 20; i++)
		tamper_slot((uint32_t)below(slots));
	for (unsigned i = 0; i < HONEST; i++)
		work_pause(&honest[i], false);
	work_pause(&victim, false);
}

/* --- the storm ----------------------------------------------------------- */

static void look(void)
{
	struct door_machine_reply m = bare_machine(&cpu);
	uint32_t lost[64];
	unsigned n = storm_events(&cpu, lost, 64);

	assert_true(m.epc_used <= m.epc_pages);
	for (unsigned i = 0; i < n; i++)
		if (is_honest(lost[i]))
			fail_msg("an honest enclave was lost");
	for (unsigned i = 0; i < HONEST; i++)
		work_check(&honest[i]);
	if (victim.ended) {
		work_end(&victim);
		work_start(&victim, &cpu, 300, true, chance_next(&chance));
		victims++;
	}
}

static void storm(void **state)
{
	uint64_t worked = 0;
	long descriptors, resident;
	struct door_machine_reply m;

	chance_open("door", &chance);
	bare_epc_pages = "1024";
	bare_start(&cpu, NULL);
	descriptors = storm_descriptors(cpu.pid);
	for (unsigned i = 0; i < HONEST; i++)
		work_start(&honest[i], &cpu, 600, false, chance_next(&chance));
	work_start(&victim, &cpu, 300, true, chance_next(&chance));
	resident = storm_resident(cpu.pid);
	for (uint64_t i = 1; chance_going(); i++) {
		request();
		if (i % 16 == 0)
			look();
		if (i % 48 == 0)
			tamper();
	}
	look();
	while (toys > 0)
		destroy(toy[0]);
	work_end(&victim);
	m = bare_machine(&cpu);
	for (unsigned i = 0; i < HONEST; i++) {
		worked += honest[i].rounds;
		assert_true(honest[i].rounds > 0);
		work_end(&honest[i]);
	}
	printf("door: %llu requests, %llu granted, the slowest %llu us; %llu "
		"changes of the swap store, %llu enclaves lost; %llu right "
		"answers beside them, %llu pages in, %llu out; resident %ld, "
		"later %ld KiB\n",
		(unsigned long long)sent, (unsigned long long)granted,
		(unsigned long long)slowest, (unsigned long long)tampered,
		(unsigned long long)victims,
		(unsigned long long)worked, (unsigned long long)m.page_ins,
		(unsigned long long)m.page_outs, resident,
		storm_resident(cpu.pid));
	m = bare_machine(&cpu);
	assert_int_equal(m.enclaves, 0);
	assert_int_equal(m.epc_used, 0);
	assert_int_equal(m.swap_pages, 0);
	assert_int_equal(storm_descriptors(cpu.pid), descriptors);
	assert_true(storm_resident(cpu.pid) < resident + (64 << 10));
	storm_alive(&cpu);
	bare_stop(&cpu);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(storm) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
