/* SPDX-License-Identifier: MIT */
/*
 * The cell and the gate, without driver, runtime or loader in between: exits
 * patched and trapped, exceptions with their frames, ERESUME, host memory,
 * ENCLU leaves, interrupts landing anywhere, the end.
 */
#include "bare.h"
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum op {
	OP_ADD, OP_TRAP, OP_UD, OP_READ, OP_WRITE, OP_SPIN, OP_SYSCALL,
	OP_EREPORT, OP_EGETKEY, OP_INT3, OP_DIVIDE, OP_JUMP, OP_INT80,
	OP_ENCLU, OP_VECTOR, OP_STORM,
};

static struct bare_cpu cpu;
static struct bare_enclave enclave;

static int setup(void **state)
{
	bare_start(&cpu, NULL);
	bare_build(&cpu, &enclave, 4);
	return 0;
}

static int teardown(void **state)
{
	bare_remove(&enclave);
	bare_stop(&cpu);
	return 0;
}

static void exits(void **state)
{
	for (unsigned i = 0; i < 20000; i++)
		assert_int_equal(bare_call(&enclave, i % 4, OP_ADD, i, 0),
			i + 1);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(bare_call(&enclave, i % 4, OP_TRAP, i, 0),
			i + 2);
	assert_int_equal(bare_stat(&enclave).enclu, 200);
}

/* A GS base that is no thread's, or another's, takes the trap and still
 * exits from the right TCS. */
static void exit_with_a_strange_gs_base(void **state)
{
	struct drv_call c;
	uint64_t enclu = bare_stat(&enclave).enclu;

	assert_int_equal(bare_call(&enclave, 0, OP_STORM, 0x1000, 0), 0x1001);
	assert_int_equal(bare_call(&enclave, 0, OP_STORM, enclave.base, 0),
		enclave.base + 1);
	/* Thread 1 is not inside, so its GS base does not count. */
	assert_int_equal(bare_call(&enclave, 0, OP_STORM,
		enclave.tcs[1] + 0x3000, 0), enclave.tcs[1] + 0x3001);
	assert_int_equal(bare_stat(&enclave).enclu, enclu + 3);
	c = (struct drv_call){ .rdi = OP_ADD, .function = SGX_EENTER };
	assert_int_equal(bare_enter(&enclave, 1, &c), 0);
	assert_int_equal(c.rsi, 1);
}

static struct drv_call fault(uint32_t tcs, uint64_t rdi, uint64_t rsi,
	uint64_t rdx)
{
	struct drv_call c = {
		.rdi = rdi, .rsi = rsi, .rdx = rdx, .function = SGX_EENTER,
	};

	assert_int_equal(bare_enter(&enclave, tcs, &c), 0);
	assert_int_equal(c.function, SGX_ERESUME);
	return c;
}

/* Exception entry (CSSA 1): returns RIP of the frame, EXITINFO in *info. */
static uint64_t handle(uint32_t tcs, bool step, uint32_t *info)
{
	struct drv_call c = {
		.rdi = step ? 1 : 2, .rsi = bare_gpr(&enclave, tcs),
		.function = SGX_EENTER,
	};

	assert_int_equal(bare_enter(&enclave, tcs, &c), 0);
	assert_int_equal(c.function, SGX_EEXIT);
	assert_int_equal(c.r9, 1);
	*info = (uint32_t)c.r8;
	return c.rsi;
}

static struct drv_call resume(uint32_t tcs)
{
	struct drv_call c = { .function = SGX_ERESUME };

	assert_int_equal(bare_enter(&enclave, tcs, &c), 0);
	return c;
}

/* Leaves an enclave that faulted for good: a fresh enclave for what follows. */
static void renew(void)
{
	bare_remove(&enclave);
	bare_build(&cpu, &enclave, 4);
}

static void undefined_opcode_is_stepped_over(void **state)
{
	uint32_t info;
	struct drv_call c = fault(2, OP_UD, 0, 0);
	uint64_t rip;

	assert_int_equal(c.vector, SGX_VECTOR_UD);
	rip = handle(2, true, &info);
	assert_in_range(rip, enclave.base + BARE_CODE_OFFSET,
		enclave.base + BARE_CODE_OFFSET + 0xfff);
	assert_int_equal(info, SGX_EXITINFO(SGX_VECTOR_UD, 3));
	c = resume(2);
	assert_int_equal(c.function, SGX_EEXIT);
	assert_int_equal(c.rsi, 0x55);
}

static void vector_state_survives_a_fault(void **state)
{
	uint32_t info;

	fault(1, OP_VECTOR, 0, 0);
	handle(1, true, &info);
	assert_int_equal(resume(1).rsi, 0x0102030405060708);
}

static void syscalls_are_undefined(void **state)
{
	uint32_t info;
	struct drv_call c = fault(0, OP_SYSCALL, 0, 0);

	assert_int_equal(c.vector, SGX_VECTOR_UD);
	handle(0, true, &info);
	assert_int_equal(info, SGX_EXITINFO(SGX_VECTOR_UD, 3));
	assert_int_equal(resume(0).rsi, 0x66);
	c = fault(0, OP_INT80, 0, 0);
	assert_int_equal(c.vector, SGX_VECTOR_UD);
	handle(0, true, &info);
	assert_int_equal(resume(0).function, SGX_EEXIT);
}

static void other_exceptions(void **state)
{
	uint32_t info;

	assert_int_equal(fault(0, OP_INT3, 0, 0).vector, SGX_VECTOR_UD);
	handle(0, false, &info);
	assert_int_equal(info, SGX_EXITINFO(SGX_VECTOR_UD, 3));
	assert_int_equal(fault(1, OP_DIVIDE, 0, 0).vector, SGX_VECTOR_DE);
	handle(1, true, &info);
	assert_int_equal(info, SGX_EXITINFO(SGX_VECTOR_DE, 3));
	assert_int_equal(resume(1).function, SGX_EEXIT);
	assert_int_equal(fault(2, OP_READ, 0x8000000000000000, 0).vector,
		SGX_VECTOR_GP);
	renew();
}

static void page_faults(void **state)
{
	struct drv_call c;
	uint32_t info;

	/* A hole in ELRANGE, a page that may not be written, a TCS page. */
	c = fault(0, OP_READ, enclave.base + 0x8123, 0);
	assert_int_equal(c.vector, SGX_VECTOR_PF);
	assert_int_equal(c.address, enclave.base + 0x8000);
	/* The driver of an SGX2 machine adds a page, that waits for EACCEPT. */
	assert_int_equal(c.error_code, 0x8005);
	c = fault(1, OP_WRITE, enclave.base + BARE_CODE_OFFSET, 1);
	assert_int_equal(c.vector, SGX_VECTOR_PF);
	assert_int_equal(c.error_code, 0x8007);
	handle(1, false, &info);
	assert_int_equal(info, SGX_EXITINFO(SGX_VECTOR_PF, 3));
	c = fault(2, OP_READ, enclave.tcs[2], 0);
	assert_int_equal(c.vector, SGX_VECTOR_PF);
	/* Nothing mapped in the host; the fetch outside ELRANGE is #GP. */
	c = fault(3, OP_READ, 0x123456789000, 0);
	assert_int_equal(c.vector, SGX_VECTOR_PF);
	assert_int_equal(c.address, 0x123456789000);
	renew();
	c = fault(0, OP_JUMP, (uintptr_t)cpu.arena, 0);
	assert_int_equal(c.vector, SGX_VECTOR_GP);
	renew();
}

static void frames_run_out(void **state)
{
	struct drv_call c = fault(0, OP_UD, 0, 0);

	/* The handler itself faults: CSSA 2 of 2. */
	c = (struct drv_call){ .rdi = 2, .rsi = 0x8, .function = SGX_EENTER };
	assert_int_equal(bare_enter(&enclave, 0, &c), 0);
	assert_int_equal(c.function, SGX_ERESUME);
	c = (struct drv_call){ .rdi = OP_ADD, .function = SGX_EENTER };
	assert_int_equal(bare_enter(&enclave, 0, &c), 0);
	assert_int_equal(c.function, SGX_EENTER);
	assert_int_equal(c.vector, SGX_VECTOR_GP);
	renew();
	/* Nothing to resume. */
	c = (struct drv_call){ .function = SGX_ERESUME };
	assert_int_equal(bare_enter(&enclave, 0, &c), 0);
	assert_int_equal(c.vector, SGX_VECTOR_GP);
	/* No TCS there. */
	c = (struct drv_call){ .function = SGX_EENTER, .tcs = enclave.base };
	assert_int_equal(gate_host_enter(enclave.gate, &c), 0);
	assert_int_equal(c.vector, SGX_VECTOR_PF);
	c.function = 7;
	assert_int_equal(gate_host_enter(enclave.gate, &c), -EINVAL);
}

static void host_memory(void **state)
{
	static uint64_t data = 0x1234;
	uint64_t local = 0x4321;
	uint64_t *heap = malloc(1 << 20);
	uint64_t *constant = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	heap[5000] = 77;
	for (int i = 0; i < 300; i++) {
		data = 0x1234 + i;
		assert_int_equal(bare_call(&enclave, 0, OP_READ,
			(uintptr_t)&data, 0), 0x1234 + i);
		bare_call(&enclave, i % 4, OP_WRITE, (uintptr_t)&local,
			0x9000 + i);
		assert_int_equal(local, 0x9000 + i);
		assert_int_equal(bare_call(&enclave, 3, OP_READ,
			(uintptr_t)&local, 0), local);
	}
	assert_int_equal(bare_call(&enclave, 0, OP_READ,
		(uintptr_t)&heap[5000], 0), 77);
	free(heap);
	*constant = 5;
	mprotect(constant, 4096, PROT_READ);
	assert_int_equal(bare_call(&enclave, 0, OP_READ,
		(uintptr_t)constant, 0), 5);
	assert_int_equal(fault(0, OP_WRITE, (uintptr_t)constant, 6).vector,
		SGX_VECTOR_PF);
	assert_int_equal(*constant, 5);
	munmap(constant, 4096);
	renew();
}

static void leaves_of_the_processor(void **state)
{
	uint64_t data = enclave.base + BARE_DATA_OFFSET;
	struct drv_call c = {
		.rdi = OP_EREPORT, .rsi = data, .rdx = data + 0x200,
		.r8 = data + 0x1000, .function = SGX_EENTER,
	};
	uint64_t want, got;

	assert_int_equal(bare_enter(&enclave, 0, &c), 0);
	assert_int_equal(c.function, SGX_EEXIT);
	assert_int_equal(c.rsi, 0x77);
	for (unsigned i = 0; i < 4; i++) {
		memcpy(&want, enclave.mrenclave + 8 * i, 8);
		got = bare_call(&enclave, 0, OP_READ, data + 0x1000 + 64
			+ 8 * i, 0);
		assert_int_equal(got, want);
	}
	/* KEYREQUEST: SEAL, policy MRENCLAVE. */
	bare_call(&enclave, 0, OP_WRITE, data, SGX_KEYNAME_SEAL
		| (uint64_t)SGX_KEYPOLICY_MRENCLAVE << 16);
	c = (struct drv_call){
		.rdi = OP_EGETKEY, .rsi = data, .rdx = data + 0x2000,
		.function = SGX_EENTER,
	};
	assert_int_equal(bare_enter(&enclave, 0, &c), 0);
	assert_int_equal(c.rsi, 0);
	assert_int_equal(c.rdx, 0);
	assert_int_not_equal(bare_call(&enclave, 0, OP_READ, data + 0x2000, 0),
		0);
	/* A key name that is none: error in RAX, ZF set. */
	bare_call(&enclave, 0, OP_WRITE, data, 9);
	c.rdi = OP_EGETKEY;
	c.rsi = data;
	c.rdx = data + 0x2000;
	c.function = SGX_EENTER;
	assert_int_equal(bare_enter(&enclave, 0, &c), 0);
	assert_int_equal(c.rsi, SGX_INVALID_KEYNAME);
	assert_int_equal(c.rdx, 1);
	/* Operands outside ELRANGE, and leaves that are not for enclaves. */
	assert_int_equal(fault(1, OP_EGETKEY, (uintptr_t)cpu.arena, data)
		.vector, SGX_VECTOR_GP);
	assert_int_equal(fault(2, OP_ENCLU, SGX_EENTER, 0).vector,
		SGX_VECTOR_GP);
	assert_int_equal(fault(3, OP_ENCLU, 77, 0).vector, SGX_VECTOR_GP);
	renew();
}

/* ---- interrupts ---- */

struct caller {
	pthread_t thread;
	uint32_t tcs;
	uint64_t calls;
	uint64_t *stop;
};

static void *call_without_end(void *arg)
{
	struct caller *c = arg;

	while (__atomic_load_n(c->stop, __ATOMIC_RELAXED) == 0) {
		struct drv_call d = {
			.rdi = c->calls % 64 == 0 ? OP_TRAP : OP_ADD,
			.rsi = c->calls, .function = SGX_EENTER,
		};
		uint64_t want = c->calls + 1 + (d.rdi == OP_TRAP);

		if (bare_enter(&enclave, c->tcs, &d) != 0
		    || d.function != SGX_EEXIT || d.rsi != want)
			return (void *)1;
		c->calls++;
	}
	return NULL;
}

static void *spin_inside(void *arg)
{
	struct caller *c = arg;
	struct drv_call d = {
		.rdi = OP_SPIN, .rsi = (uintptr_t)c->stop,
		.function = SGX_EENTER,
	};

	if (bare_enter(&enclave, c->tcs, &d) != 0
	    || d.function != SGX_EEXIT || d.rsi != 1)
		return (void *)1;
	c->calls = d.rdx;
	return NULL;
}

static bool all_called(struct caller *callers, int count)
{
	bool all = bare_stat(&enclave).aex > 100;

	for (int i = 0; i < count; i++)
		all = all && __atomic_load_n(&callers[i].calls,
			__ATOMIC_RELAXED) > 100;
	return all;
}

static void kicks_land_anywhere(void **state)
{
	uint64_t *stop = bare_arena(&cpu, 4096);
	struct caller spinner = { .tcs = 0, .stop = stop };
	struct caller callers[3];
	pid_t cell = (pid_t)bare_stat(&enclave).cell_pid;
	time_t end = time(NULL) + 4, last = end + 200;
	uint64_t kicks = 0;
	void *result;

	assert_true(cell > 1);
	*stop = 0;
	pthread_create(&spinner.thread, NULL, spin_inside, &spinner);
	for (uint32_t i = 0; i < 3; i++) {
		callers[i] = (struct caller){ .tcs = i + 1, .stop = stop };
		pthread_create(&callers[i].thread, NULL, call_without_end,
			&callers[i]);
	}
	/* Through the processor, and blindly at any thread of the cell; for as
	 * long as it takes to have hit all on a slow machine. */
	while (time(NULL) < end || (!all_called(callers, 3) &&
			time(NULL) < last)) {
		bare_simple(&enclave, DOOR_KICK);
		for (int i = 0; i < 20; i++, kicks++)
			kill(cell, SIGURG);
		if (kicks % 20000 == 0) {
			/* Somebody else's idea of a fault. */
			kill(cell, SIGFPE);
			usleep(1000);
		}
	}
	*stop = 1;
	pthread_join(spinner.thread, &result);
	assert_null(result);
	assert_true(spinner.calls > 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(callers[i].thread, &result);
		assert_null(result);
		assert_true(callers[i].calls > 100);
	}
	assert_true(bare_stat(&enclave).aex > 100);
	print_message("%llu signals, %llu AEX, %llu calls\n",
		(unsigned long long)kicks,
		(unsigned long long)bare_stat(&enclave).aex,
		(unsigned long long)(callers[0].calls + callers[1].calls
			+ callers[2].calls));
}

static void *kill_soon(void *arg)
{
	usleep(200000);
	if ((uintptr_t)arg < 2)
		abort();
	kill((pid_t)(uintptr_t)arg, SIGKILL);
	return NULL;
}

static void a_dead_cell_ends_its_visits(void **state)
{
	uint64_t *stop = bare_arena(&cpu, 4096);
	struct drv_call c = {
		.rdi = OP_SPIN, .rsi = (uintptr_t)stop,
		.function = SGX_EENTER,
	};
	pthread_t killer;

	*stop = 0;
	pthread_create(&killer, NULL, kill_soon,
		(void *)(uintptr_t)bare_stat(&enclave).cell_pid);
	assert_int_equal(bare_enter(&enclave, 0, &c), -ENODEV);
	pthread_join(killer, NULL);
	c.function = SGX_EENTER;
	assert_int_equal(bare_enter(&enclave, 1, &c), -ENODEV);
	renew();
	assert_int_equal(bare_call(&enclave, 0, OP_ADD, 1, 0), 2);
}

static void busy_thread_is_refused(void **state)
{
	uint64_t *stop = bare_arena(&cpu, 4096);
	struct caller spinner = { .tcs = 0, .stop = stop };
	struct drv_call c = { .rdi = OP_ADD, .function = SGX_EENTER };
	void *result;

	*stop = 0;
	pthread_create(&spinner.thread, NULL, spin_inside, &spinner);
	while (bare_stat(&enclave).threads == 0)
		usleep(1000);
	assert_int_equal(bare_enter(&enclave, 0, &c), 0);
	assert_int_equal(c.function, SGX_EENTER);
	assert_int_equal(c.vector, SGX_VECTOR_GP);
	*stop = 1;
	pthread_join(spinner.thread, &result);
	assert_null(result);
}

static void held_ptrace_slot(void **state)
{
	uint32_t info;

	bare_stop(&cpu);
	bare_start(&cpu, "--ptrace-slot");
	bare_build(&cpu, &enclave, 4);
	exits(state);
	assert_int_equal(fault(2, OP_UD, 0, 0).vector, SGX_VECTOR_UD);
	handle(2, true, &info);
	assert_int_equal(resume(2).rsi, 0x55);
	kicks_land_anywhere(state);
	a_dead_cell_ends_its_visits(state);
}

static int remove_first(void **state)
{
	bare_remove(&enclave);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exits),
		cmocka_unit_test(exit_with_a_strange_gs_base),
		cmocka_unit_test(undefined_opcode_is_stepped_over),
		cmocka_unit_test(vector_state_survives_a_fault),
		cmocka_unit_test(syscalls_are_undefined),
		cmocka_unit_test(other_exceptions),
		cmocka_unit_test(page_faults),
		cmocka_unit_test(frames_run_out),
		cmocka_unit_test(host_memory),
		cmocka_unit_test(leaves_of_the_processor),
		cmocka_unit_test(busy_thread_is_refused),
		cmocka_unit_test(kicks_land_anywhere),
		cmocka_unit_test(a_dead_cell_ends_its_visits),
		cmocka_unit_test_setup(held_ptrace_slot, remove_first),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
