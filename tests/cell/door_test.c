/* SPDX-License-Identifier: MIT */
/*
 * A lying driver: what cofferd could say to the processor, and must not get.
 */
#include "bare.h"
#include "cell/control.h"
#include "common/msg.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static struct bare_cpu cpu;
static struct bare_enclave enclave;

static int setup(void **state)
{
	bare_start(&cpu, NULL);
	bare_build(&cpu, &enclave, 2);
	return 0;
}

static int teardown(void **state)
{
	/* After all these lies the enclave still works. */
	assert_int_equal(bare_call(&enclave, 0, 0, 41, 0), 42);
	bare_remove(&enclave);
	bare_stop(&cpu);
	return 0;
}

static struct door_reply ask(const void *request, size_t size, int fd)
{
	union {
		struct door_reply r;
		struct door_hello_reply h;
		struct door_stat_reply s;
	} reply;

	bare_ask(&cpu, request, size, fd, &reply, sizeof(reply));
	return reply.r;
}

static void malformed_requests(void **state)
{
	struct door_enclave q = { .h = { DOOR_STAT, sizeof(q) } };
	uint8_t noise[9000];

	for (uint32_t op = 0; op < 64; op++) {
		q.h.op = op;
		q.h.size = sizeof(q) + 1;
		assert_int_equal(ask(&q, sizeof(q), -1).status, DOOR_FAILED);
	}
	for (size_t size = 1; size < sizeof(noise); size += 97) {
		memset(noise, (int)size, sizeof(noise));
		assert_int_equal(ask(noise, size, -1).status, DOOR_FAILED);
	}
	/* A descriptor that nobody asked for is closed, not kept. */
	q.h.op = DOOR_STAT;
	q.h.size = sizeof(q);
	q.enclave = 7777777;
	assert_int_equal(ask(&q, sizeof(q), 0).status, DOOR_FAILED);
}

static struct door_create create(void)
{
	return (struct door_create){
		.h = { DOOR_CREATE, sizeof(struct door_create) },
		.arena_va = (uintptr_t)cpu.arena,
		.arena_size = cpu.arena_size,
		.secs = {
			.size = 0x10000, .base = 0x600000000000,
			.ssa_frame_size = 1,
			.attributes = { SGX_ATTR_MODE64BIT, 3 },
		},
	};
}

static void shared_memory_that_could_vanish(void **state)
{
	struct door_create q = create();
	int fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, (off_t)cpu.arena_size), 0);
	assert_int_equal(ask(&q, sizeof(q), fd).error, EINVAL);
	assert_int_equal(ask(&q, sizeof(q), -1).error, EINVAL);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	q.arena_size += 4096;
	assert_int_equal(ask(&q, sizeof(q), fd).error, EINVAL);
	q.arena_size = 4095;
	assert_int_equal(ask(&q, sizeof(q), fd).error, EINVAL);
	close(fd);
}

/* Pages that may not be there when they are touched. */
static void shared_memory_of_huge_pages(void **state)
{
	struct door_create q = create();
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING
		| MFD_HUGETLB);

	if (fd < 0)
		skip();
	assert_int_equal(ftruncate(fd, (off_t)cpu.arena_size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	assert_int_equal(ask(&q, sizeof(q), fd).error, EINVAL);
	close(fd);
}

/* Where an enclave has no page there must be nothing, and the cell's own
 * memory is nobody's. */
static void ranges_on_top_of_each_other(void **state)
{
	const struct door_create good = create();
	const struct { uint64_t base, arena; } wrong[] = {
		{ good.arena_va & ~0xffffull, good.arena_va },
		{ good.secs.base, good.secs.base },
		{ good.secs.base, good.secs.base + 0xf000 },
		{ good.secs.base, good.secs.base - good.arena_size + 0x1000 },
		{ 0, good.arena_va },
		{ 0x10000, good.arena_va },
		{ CELL_IMAGE_END - 0x10000, good.arena_va },
		{ CELL_PRIVATE, good.arena_va },
		{ CELL_WINDOW, good.arena_va },
		{ CELL_PRIVATE_END - 0x10000, good.arena_va },
		{ 0x7fffffff0000, good.arena_va },
		{ 1ull << 47, good.arena_va },
		{ good.secs.base, 0x1000 },
		{ good.secs.base, CELL_PRIVATE - 0x1000 },
		{ good.secs.base, CELL_WINDOW },
		{ good.secs.base, 0x7fffffff0000 },
	};
	struct door_reply r;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct door_create q = good;

		q.secs.base = wrong[i].base;
		q.arena_va = wrong[i].arena;
		r = ask(&q, sizeof(q), cpu.arena_fd);
		if (r.status == DOOR_OK)
			fail_msg("ELRANGE 0x%llx, arena 0x%llx: accepted",
				(unsigned long long)q.secs.base,
				(unsigned long long)q.arena_va);
	}
}

static uint64_t trampoline;

static void move_trampoline(struct bare_enclave *e)
{
	e->trampoline = trampoline;
}

static void trampolines_in_the_way(void **state)
{
	struct bare_enclave other;
	uint64_t arena = (uintptr_t)cpu.arena;
	const uint64_t wrong[] = { arena, arena - 0xf000, CELL_IMAGE,
		CELL_IMAGE_END - 0x1000, CELL_CONTROL, CELL_WINDOW, 0 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		trampoline = wrong[i];
		assert_int_equal(bare_try(&cpu, &other, 1,
			move_trampoline).error, EINVAL);
		bare_remove(&other);
	}
}

static void into_elrange(struct bare_enclave *e)
{
	e->trampoline = e->base + trampoline;
}

static void trampolines_in_the_enclave(void **state)
{
	const uint64_t wrong[] = { 0x70000, BARE_DATA_OFFSET, 0,
		(uint64_t)-0xf000 };
	struct bare_enclave other;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		trampoline = wrong[i];
		assert_int_equal(bare_try(&cpu, &other, 1,
			into_elrange).error, EINVAL);
		bare_remove(&other);
	}
}

/* The host has the mailboxes before EINIT: one thread enters, faults and asks
 * the processor, which is busy starting it; another ends the cell. */
static void enter_and_end(struct bare_enclave *e)
{
	e->boxes[0].what = GATE_DO_EENTER;
	e->boxes[0].word = GATE_CELL;
	e->boxes[1].dead = 1;
}

static void a_host_that_enters_and_ends_at_the_start(void **state)
{
	uint64_t arena = cpu.arena_used;
	struct bare_enclave other;

	for (int i = 0; i < 100; i++) {
		cpu.arena_used = arena;
		bare_try(&cpu, &other, 2, enter_and_end);
		bare_machine(&cpu);
		bare_remove(&other);
	}
}

static void secs_that_no_machine_has_room_for(void **state)
{
	struct door_create q = create();

	q.secs.size = 1ull << 50;
	q.secs.base = 0;
	assert_int_not_equal(ask(&q, sizeof(q), cpu.arena_fd).status, DOOR_OK);
	q = create();
	q.secs.size = 0x3000;
	assert_int_equal(ask(&q, sizeof(q), cpu.arena_fd).status, DOOR_FAULT);
}

static struct door_add add(void)
{
	return (struct door_add){
		.h = { DOOR_ADD, sizeof(struct door_add) },
		.enclave = enclave.number, .count = 1,
		.linaddr = enclave.base + 0x40000, .measure = 1,
		.secinfo_flags = SGX_SECINFO_REG | SGX_SECINFO_R,
	};
}

static void pages_after_einit(void **state)
{
	struct door_add q = add();

	assert_int_equal(ask(&q, sizeof(q), -1).status, DOOR_FAULT);
	q.enclave = 4000;
	assert_int_equal(ask(&q, sizeof(q), -1).status, DOOR_FAILED);
	q = add();
	q.linaddr = enclave.base + BARE_DATA_OFFSET;
	assert_int_equal(ask(&q, sizeof(q), -1).error, EBUSY);
	q = add();
	q.source = cpu.arena_size;
	assert_int_equal(ask(&q, sizeof(q), -1).error, EFAULT);
	q.source = UINT64_MAX - 4095;
	assert_int_equal(ask(&q, sizeof(q), -1).error, EFAULT);
	q.source = 8;
	assert_int_equal(ask(&q, sizeof(q), -1).error, EFAULT);
	q = add();
	q.count = 0;
	assert_int_equal(ask(&q, sizeof(q), -1).error, EINVAL);
	q.count = UINT32_MAX;
	assert_int_equal(ask(&q, sizeof(q), -1).error, EINVAL);
}

/* What the enclave has not agreed to (EACCEPT) cannot be taken from it. */
static void a_running_enclave_is_not_taken_apart(void **state)
{
	struct door_pages q = {
		.h = { DOOR_REMOVE, sizeof(q) }, .enclave = enclave.number,
		.count = 1, .linaddr = enclave.base + BARE_DATA_OFFSET,
	};

	assert_int_equal(ask(&q, sizeof(q), -1).error, EPERM);
	q.linaddr = enclave.base + 0x70000;
	assert_int_equal(ask(&q, sizeof(q), -1).error, EFAULT);
	q.linaddr = 8;
	assert_int_equal(ask(&q, sizeof(q), -1).error, EINVAL);
	q.linaddr = 0;
	assert_int_equal(ask(&q, sizeof(q), -1).error, EFAULT);
	q.linaddr = enclave.base;
	q.count = UINT32_MAX;
	assert_int_equal(ask(&q, sizeof(q), -1).error, EINVAL);
}

/* EINIT with another's signature, a wrong hash, places for the gate that are
 * none: refused, and the enclave can be removed. */
static void einit_lies(void **state)
{
	struct door_create make = create();
	struct door_init q = { .h = { DOOR_INIT, sizeof(q) } };
	struct door_enclave gone = { .h = { DOOR_DESTROY, sizeof(gone) } };
	struct door_reply r;

	r = ask(&make, sizeof(make), cpu.arena_fd);
	assert_int_equal(r.status, DOOR_OK);
	q.enclave = gone.enclave = (uint32_t)r.count;
	r = ask(&q, sizeof(q), -1);
	assert_int_equal(r.status, DOOR_ERROR_CODE);
	assert_int_equal(r.error, SGX_INVALID_SIG_STRUCT);
	q.gate_count = UINT64_MAX;
	assert_int_equal(ask(&q, sizeof(q), -1).error, EINVAL);
	q.enclave = enclave.number;
	q.gate_count = 2;
	assert_int_not_equal(ask(&q, sizeof(q), -1).status, DOOR_OK);
	assert_int_equal(ask(&gone, sizeof(gone), -1).status, DOOR_OK);
	assert_int_equal(ask(&gone, sizeof(gone), -1).error, ENOENT);
}

/* Of an enclave whose cell has ended before EINIT: refused at once, however
 * much memory its cell was to take. */
static void pages_without_a_cell(void **state)
{
	struct door_create make = create();
	struct door_enclave stop = { .h = { DOOR_STOP, sizeof(stop) } };
	struct door_add q = add();
	struct timespec from, to;
	struct door_reply r;

	make.secs.size = 64 << 20;
	r = ask(&make, sizeof(make), cpu.arena_fd);
	assert_int_equal(r.status, DOOR_OK);
	stop.enclave = q.enclave = (uint32_t)r.count;
	assert_int_equal(ask(&stop, sizeof(stop), -1).status, DOOR_OK);
	q.linaddr = make.secs.base;
	q.source = DOOR_SOURCE_ZERO;
	q.count = 10000;
	clock_gettime(CLOCK_MONOTONIC, &from);
	r = ask(&q, sizeof(q), -1);
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_int_equal(r.status, DOOR_FAILED);
	assert_int_equal(r.error, EIO);
	/* Not a wait for each page. */
	assert_true(to.tv_sec - from.tv_sec < 60);
	stop.h.op = DOOR_DESTROY;
	assert_int_equal(ask(&stop, sizeof(stop), -1).status, DOOR_OK);
}

static void enclaves_do_not_see_each_other(void **state)
{
	struct bare_enclave other;
	uint64_t data = enclave.base + BARE_DATA_OFFSET;

	bare_build(&cpu, &other, 2);
	assert_memory_equal(other.mrenclave, enclave.mrenclave, 32);
	bare_call(&enclave, 0, 4, data, 1234);
	assert_int_equal(bare_call(&other, 0, 3,
		other.base + BARE_DATA_OFFSET, 0), 0);
	/* The other's ELRANGE is host memory that does not exist. */
	{
		struct drv_call c = {
			.rdi = 3, .rsi = data, .function = SGX_EENTER,
		};

		assert_int_equal(bare_enter(&other, 0, &c), 0);
		assert_int_equal(c.function, SGX_ERESUME);
		assert_int_equal(c.vector, SGX_VECTOR_PF);
	}
	bare_remove(&other);
}

static unsigned count_fds(pid_t pid)
{
	char path[64];
	unsigned n = 0;

	for (int i = 0; i < 256; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, i);
		n += faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	}
	return n;
}

static void nothing_is_left_behind(void **state)
{
	struct bare_enclave other;
	uint64_t arena = cpu.arena_used;
	unsigned before = 0;

	for (int i = 0; i < 60; i++) {
		cpu.arena_used = arena;
		bare_build(&cpu, &other, 1);
		assert_int_equal(bare_call(&other, 0, 0, 1, 0), 2);
		bare_remove(&other);
		if (i == 1)
			before = count_fds(cpu.pid);
	}
	assert_int_equal(count_fds(cpu.pid), before);
	/* Of a running enclave there is one descriptor, the listener of its
	 * filter, and none that leads to its memory. */
	bare_build(&cpu, &other, 1);
	/* Who may not look counts none. */
	assert_int_equal(count_fds(cpu.pid), before > 0 ? before + 1 : 0);
	bare_remove(&other);
}

static void cells_go_with_their_processor(void **state)
{
	struct bare_cpu second;
	struct bare_enclave other;
	pid_t cell, ended = 0;
	int status;

	/* Its cell becomes our child: until somebody has waited for it, it is
	 * there, if only as a zombie. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	bare_start(&second, NULL);
	bare_build(&second, &other, 1);
	cell = (pid_t)bare_stat(&other).cell_pid;
	assert_true(cell > 1);
	kill(second.pid, SIGKILL);
	assert_int_equal(waitpid(second.pid, &status, 0), second.pid);
	for (int i = 0; i < 9000 && ended == 0; i++) {
		ended = waitpid(cell, &status, WNOHANG);
		if (ended == 0)
			usleep(10000);
	}
	assert_int_equal(ended, cell);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_requests),
		cmocka_unit_test(shared_memory_that_could_vanish),
		cmocka_unit_test(shared_memory_of_huge_pages),
		cmocka_unit_test(ranges_on_top_of_each_other),
		cmocka_unit_test(trampolines_in_the_way),
		cmocka_unit_test(trampolines_in_the_enclave),
		cmocka_unit_test(a_host_that_enters_and_ends_at_the_start),
		cmocka_unit_test(secs_that_no_machine_has_room_for),
		cmocka_unit_test(pages_after_einit),
		cmocka_unit_test(a_running_enclave_is_not_taken_apart),
		cmocka_unit_test(einit_lies),
		cmocka_unit_test(pages_without_a_cell),
		cmocka_unit_test(enclaves_do_not_see_each_other),
		cmocka_unit_test(nothing_is_left_behind),
		cmocka_unit_test(cells_go_with_their_processor),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
