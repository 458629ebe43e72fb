/* SPDX-License-Identifier: MIT */
/*
 * liboehost's driver for cofferd, through drv_ops.  No cell runs; a thread
 * of the test answers at the mailboxes where a test needs it.
 */
#include "client.h"

#include "cell/gate.h"
#include "host/arena.h"
#include "host/driver.h"
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RW (SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W)
#define SIZE (64u << 20)
#define FAKE_CELL 4242 /* what the fake processor says */

static const struct drv_ops *const d = &drv_cofferd;

/* --- helpers ------------------------------------------------------------ */

static struct drv_enclave *new_enclave(uint64_t *base)
{
	struct sgx_secs secs;
	struct drv_enclave *e = NULL;

	memset(&secs, 0, sizeof(secs));
	if (d->reserve(SIZE, base))
		fail_msg("%s", drv_error());
	secs.base = *base;
	secs.size = SIZE;
	secs.attributes.flags = SGX_ATTR_MODE64BIT;
	if (d->create(&secs, &e))
		fail_msg("%s", drv_error());
	return e;
}

static void add(struct drv_enclave *e, const void *source, uint64_t offset,
	uint64_t length, uint64_t flags)
{
	if (d->add_pages(e, source, offset, length, flags, true))
		fail_msg("%s", drv_error());
}

/* With two TCS pages at 0x1000 and 0x2000, initialized. */
static struct drv_enclave *whole_enclave(uint64_t *base)
{
	struct sgx_sigstruct sig;
	struct drv_enclave *e = new_enclave(base);

	memset(&sig, 0, sizeof(sig));
	add(e, NULL, 0, 4096, RW);
	add(e, NULL, 4096, 8192, SGX_SECINFO_TCS);
	if (d->init(e, &sig))
		fail_msg("%s", drv_error());
	return e;
}

static unsigned long long logged(const char *line_has, const char *field)
{
	char path[160], line[512], *at;
	unsigned long long value = ~0ull;
	FILE *f;

	snprintf(path, sizeof(path), "%s/vm/default/calls", g_world.state);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, field);
		if (strstr(line, line_has) && at)
			value = strtoull(at + strlen(field), NULL, 0);
	}
	fclose(f);
	assert_true(value != ~0ull);
	return value;
}

static struct gate_mailbox *mailboxes(void)
{
	struct arena_info arena;

	assert_int_equal(arena_get(&arena), 0);
	return (void *)(uintptr_t)(arena.va + logged("INIT", "gate="));
}

/* A cell thread: answers so many entries with EEXIT, RDI one more. */
struct cell {
	struct gate_mailbox *box;
	int answers;
};

static void *be_cell(void *argument)
{
	struct cell *cell = argument;

	while (cell->answers) {
		uint32_t word = __atomic_load_n(&cell->box->word,
			__ATOMIC_ACQUIRE);

		if (__atomic_load_n(&cell->box->dead, __ATOMIC_ACQUIRE))
			break;
		if (word != GATE_CELL) {
			usleep(100);
			continue;
		}
		cell->box->reg[0]++;
		cell->box->what = GATE_DID_EEXIT;
		gate_pass(cell->box, GATE_HOST);
		if (__atomic_load_n(&cell->box->host_sleeps, __ATOMIC_ACQUIRE))
			syscall(SYS_futex, &cell->box->word, FUTEX_WAKE, 1,
				NULL, NULL, 0);
		cell->answers--;
	}
	return NULL;
}

struct visitor {
	struct drv_enclave *e;
	uint64_t tcs;
	int result;
	char error[256];
};

static void *visit(void *argument)
{
	struct visitor *v = argument;
	struct drv_call call = { .tcs = v->tcs, .function = SGX_EENTER };

	v->result = d->enter(v->e, &call);
	snprintf(v->error, sizeof(v->error), "%s", drv_error());
	return NULL;
}

static pid_t cofferd_pid(void)
{
	pid_t pid = world_await("cofferd");

	assert_true(pid > 0);
	return pid;
}

/* --- life --------------------------------------------------------------- */

static void ranges_have_room_for_trampolines(void **state)
{
	uint64_t base, fixed;

	for (uint64_t size = 4096; size <= 1ull << 30; size <<= 3) {
		assert_int_equal(d->reserve(size, &base), 0);
		assert_int_equal(base & (size - 1), 0);
		/* Taken to the last byte, and not one more. */
		fixed = base + size + GATE_TRAMPOLINE_SIZE - 4096;
		assert_ptr_equal(mmap((void *)(uintptr_t)fixed, 4096,
			PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			MAP_FIXED_NOREPLACE, -1, 0), MAP_FAILED);
		d->unreserve(base, size);
		assert_ptr_equal(mmap((void *)(uintptr_t)fixed, 4096,
			PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			MAP_FIXED_NOREPLACE, -1, 0), (void *)(uintptr_t)fixed);
		munmap((void *)(uintptr_t)fixed, 4096);
	}
}

static void pages_reach_the_processor(void **state)
{
	uint8_t *far, *near = arena_alloc_pages(3);
	struct drv_enclave *e;
	struct arena_info arena;
	uint64_t base;

	setenv("COFFER_EPC_PAGES", "8192", 1);
	/* 2.5 MiB outside the arena: staged in pieces of a MiB. */
	far = mmap(NULL, 5 << 19, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		MAP_ANONYMOUS, -1, 0);
	memset(far, 5, 5 << 19);
	assert_int_equal(arena_get(&arena), 0);
	e = new_enclave(&base);
	add(e, near, 0, 3 * 4096, RW);
	assert_int_equal(logged("ADD", "source="), arena_offset(near));
	cpu_forget();
	add(e, far, 1 << 20, 5 << 19, RW);
	assert_true(logged("ADD", "source=") < arena.size);
	/* What was staged last is still there. */
	assert_int_equal(((uint8_t *)(uintptr_t)arena.va)[
		logged("ADD", "source=")], 5);
	cpu_forget();
	add(e, NULL, 8 << 20, 16 << 20, RW);
	assert_true(cpu_was_asked("source=0xffffffffffffffff"));
	assert_int_equal(cpu_used(), 1 + 3 + 640 + 4096);
	munmap(far, 5 << 19);
	arena_free(near);
	d->destroy(e);
	assert_int_equal(cpu_used(), 0);
}

static void errors_come_with_words(void **state)
{
	struct sgx_sigstruct sig;
	struct drv_enclave *e;
	struct drv_call call = { .function = SGX_EENTER };
	static uint8_t odd[8192];
	uint64_t base;

	memset(&sig, 0, sizeof(sig));
	e = new_enclave(&base);
	assert_int_equal(d->add_pages(e, odd + 1, 0, 4096, RW, true),
		-EINVAL);
	assert_non_null(strstr(drv_error(), "source"));
	assert_int_equal(d->add_pages(e, NULL, 0, 4095, RW, true), -EINVAL);
	assert_int_equal(d->add_pages(e, NULL, 0, 0, RW, true), -EINVAL);
	assert_int_equal(d->add_pages(e, NULL, SIZE, 4096, RW, true),
		-EINVAL);
	assert_int_equal(d->enter(e, &call), -EINVAL);
	assert_non_null(strstr(drv_error(), "not been initialized"));
	assert_int_equal(d->provision(e), 0);
	cpu_script("INIT 0 reply 1 8 0 0");
	assert_int_equal(d->init(e, &sig), -EPERM);
	assert_string_equal(drv_error(), "EINIT: SGX_INVALID_SIGNATURE (8)");
	/* And again, as a caller may. */
	assert_int_equal(d->init(e, &sig), 0);
	assert_int_equal(d->init(e, &sig), -EINVAL);
	assert_int_equal(d->add_pages(e, NULL, 0, 4096, RW, true), -EINVAL);
	assert_non_null(strstr(drv_error(), "after INIT"));
	d->destroy(e);
}

static void full_epc(void **state)
{
	struct drv_enclave *e;
	uint64_t base;

	setenv("COFFER_EPC_PAGES", "100", 1);
	e = new_enclave(&base);
	assert_int_equal(d->add_pages(e, NULL, 0, 200 * 4096, RW, false),
		-ENOMEM);
	assert_non_null(strstr(drv_error(), "101 pages"));
	d->destroy(e);
	e = whole_enclave(&base);
	d->destroy(e);
}

static void cycles_leave_nothing_in_the_arena(void **state)
{
	struct drv_enclave *e;
	uint64_t base, used = 0;
	long fds = 0, maps = 0;

	for (int i = 0; i < 1000; i++) {
		if (i == 10) {
			used = arena_used();
			fds = world_descriptors(getpid());
			maps = world_mappings(getpid());
		}
		e = whole_enclave(&base);
		d->destroy(e);
	}
	assert_int_equal(arena_used(), used);
	assert_int_equal(world_descriptors(getpid()), fds);
	assert_true(world_mappings(getpid()) <= maps + 2);
	assert_int_equal(cpu_used(), 0);
}

/* --- visits ------------------------------------------------------------- */

static void visits_go_to_their_mailbox(void **state)
{
	struct drv_call call;
	struct drv_enclave *e;
	struct cell cell[2];
	pthread_t thread[2];
	uint64_t base;

	e = whole_enclave(&base);
	assert_int_equal(logged("INIT", "count="), 2);
	assert_int_equal(logged("INIT", "trampoline="), base + SIZE);
	for (int i = 0; i < 2; i++) {
		cell[i] = (struct cell){ mailboxes() + i, 2 };
		pthread_create(&thread[i], NULL, be_cell, &cell[i]);
	}
	for (uint64_t i = 0; i < 4; i++) {
		call = (struct drv_call){ .rdi = 100 * i, .function =
			SGX_EENTER, .tcs = base + 4096 + i % 2 * 4096,
			.tcs_index = i % 2 };
		assert_int_equal(d->enter(e, &call), 0);
		assert_int_equal(call.function, SGX_EEXIT);
		assert_int_equal(call.rdi, 100 * i + 1);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	call = (struct drv_call){ .function = SGX_EENTER, .tcs = base };
	assert_int_equal(d->enter(e, &call), 0);
	assert_int_equal(call.function, SGX_EENTER);
	assert_int_equal(call.vector, SGX_VECTOR_PF);
	call.function = SGX_EREPORT;
	assert_int_equal(d->enter(e, &call), -EINVAL);
	d->destroy(e);
}

/* How a visit ends that waits for a cell that never answers. */
static void waiting_visit(void (*happens)(void *), const char *says)
{
	struct drv_enclave *e;
	struct visitor v;
	pthread_t thread;
	uint64_t base;
	uint32_t *word;

	e = whole_enclave(&base);
	v = (struct visitor){ .e = e, .tcs = base + 4096 };
	word = &mailboxes()->word;
	pthread_create(&thread, NULL, visit, &v);
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != GATE_CELL)
		world_nap(1);
	happens(e);
	pthread_join(thread, NULL);
	assert_int_equal(v.result, -ENODEV);
	if (!strstr(v.error, says))
		fail_msg("\"%s\" does not say \"%s\"", v.error, says);
	if (happens != (void (*)(void *))d->destroy) {
		/* It stays so. */
		visit(&v);
		assert_int_equal(v.result, -ENODEV);
		assert_non_null(strstr(v.error, says));
		d->destroy(e);
	}
}

static void kill_cofferd(void *e)
{
	kill(cofferd_pid(), SIGKILL);
}

static void kill_cpu(void *e)
{
	pid_t pid = world_await("coffer-cpu");

	assert_true(pid > 0);
	kill(pid, SIGKILL);
}

static void lose_cell(void *e)
{
	struct wire_list list = { 0 };
	struct client c;

	cpu_script("STAT 0 celldied");
	client_open(&c);
	client_ask(&c, WIRE_LIST, NULL, &list, sizeof(list), NULL, 0, NULL,
		0);
	client_close(&c);
}

static void visit_ends_when_cofferd_dies(void **state)
{
	uint64_t base;

	waiting_visit(kill_cofferd, "cofferd");
	/* The next machine clears away what the killed one left. */
	d->destroy(whole_enclave(&base));
}

static void visit_ends_when_the_processor_dies(void **state)
{
	waiting_visit(kill_cpu, "killed by signal 9");
}

static void visit_ends_when_the_cell_dies(void **state)
{
	waiting_visit(lose_cell, "cell was killed");
}

static void visit_ends_when_the_enclave_is_destroyed(void **state)
{
	waiting_visit((void (*)(void *))d->destroy, "destroyed");
}

static void new_machine_after_the_old_one_died(void **state)
{
	struct drv_enclave *old, *e;
	uint64_t base, base2;
	pid_t cofferd;

	old = whole_enclave(&base);
	assert_int_equal(d->cell(old), FAKE_CELL);
	cofferd = cofferd_pid();
	kill(cofferd, SIGKILL);
	assert_true(world_await_end(cofferd));
	assert_int_equal(d->add_pages(old, NULL, 0, 4096, RW, true), -ENODEV);
	assert_non_null(strstr(drv_error(), "cofferd"));
	e = whole_enclave(&base2);
	assert_int_not_equal(cofferd_pid(), cofferd);
	/* It counts enclaves from 1 again. */
	assert_int_equal(d->cell(e), FAKE_CELL);
	assert_int_equal(d->add_pages(old, NULL, 0, 4096, RW, true), -ENODEV);
	d->destroy(old);
	d->destroy(e);
	assert_int_equal(cpu_used(), 0);
}

static void cells_are_found_in_any_order(void **state)
{
	struct drv_enclave *first, *second;
	uint64_t base;

	first = whole_enclave(&base);
	second = whole_enclave(&base);
	assert_int_equal(d->cell(second), FAKE_CELL);
	assert_int_equal(d->cell(first), FAKE_CELL);
	d->destroy(first);
	d->destroy(second);
}

/* --- fork --------------------------------------------------------------- */

static int in_child(struct drv_enclave *e)
{
	struct drv_call call = { .function = SGX_EENTER };
	struct sgx_secs secs;
	struct sgx_sigstruct sig;
	struct drv_enclave *other;

	memset(&secs, 0, sizeof(secs));
	memset(&sig, 0, sizeof(sig));
	if (d->enter(e, &call) != -ENODEV || !strstr(drv_error(), "fork"))
		return 1;
	if (d->add_pages(e, NULL, 0, 4096, RW, true) != -ENODEV)
		return 2;
	if (d->init(e, &sig) != -ENODEV || d->provision(e) != -ENODEV)
		return 3;
	if (d->create(&secs, &other) != -ENODEV || !strstr(drv_error(),
		"fork"))
		return 4;
	if (d->shared_alloc(10))
		return 5;
	d->destroy(e);
	return 0;
}

static void forked_child_cannot_use_them(void **state)
{
	struct drv_enclave *e;
	struct cell cell;
	struct drv_call call;
	pthread_t thread;
	uint64_t base;
	int status;
	pid_t pid;

	e = whole_enclave(&base);
	pid = fork();
	if (!pid)
		_exit(in_child(e));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* The parent's goes on as if nothing had been. */
	assert_int_equal(cpu_used(), 4);
	cell = (struct cell){ mailboxes(), 1 };
	pthread_create(&thread, NULL, be_cell, &cell);
	call = (struct drv_call){ .function = SGX_EENTER, .tcs = base + 4096
		};
	assert_int_equal(d->enter(e, &call), 0);
	pthread_join(thread, NULL);
	d->destroy(e);
	assert_int_equal(cpu_used(), 0);
}

/* --- threads ------------------------------------------------------------ */

static void *make_and_destroy(void *argument)
{
	for (int i = 0; i < 40; i++) {
		struct drv_enclave *e;
		uint64_t base;

		e = whole_enclave(&base);
		d->destroy(e);
	}
	return NULL;
}

static void several_threads_make_enclaves(void **state)
{
	pthread_t thread[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, make_and_destroy, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(cpu_used(), 0);
}

/* The process keeps its connection; each test wants a machine of its own. */
static int end_machine(void **state)
{
	pid_t pid;

	while ((pid = world_find("cofferd")) < 0)
		world_nap(10); /* one is being started, or ended */
	if (pid > 0)
		kill(pid, SIGTERM);
	return world_tear_down(state);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, \
	end_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_have_room_for_trampolines),
		IN_WORLD(pages_reach_the_processor),
		IN_WORLD(errors_come_with_words),
		IN_WORLD(full_epc),
		IN_WORLD(cycles_leave_nothing_in_the_arena),
		IN_WORLD(visits_go_to_their_mailbox),
		IN_WORLD(visit_ends_when_cofferd_dies),
		IN_WORLD(visit_ends_when_the_processor_dies),
		IN_WORLD(visit_ends_when_the_cell_dies),
		IN_WORLD(visit_ends_when_the_enclave_is_destroyed),
		IN_WORLD(new_machine_after_the_old_one_died),
		IN_WORLD(cells_are_found_in_any_order),
		IN_WORLD(forked_child_cannot_use_them),
		IN_WORLD(several_threads_make_enclaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
