/* SPDX-License-Identifier: MIT */
/*
 * The cell's start.  At ECREATE, from a fresh program to one that takes storage
 * and orders; at EINIT to sealed threads waiting at their mailboxes.  Order
 * matters: give up what the kernel mapped, take what the processor gave, bring
 * up all threads, close every descriptor, and only then the filter; nothing can
 * be asked for afterwards.
 */
#include "cell.h"
#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define SYS(nr, a, b, c, d, e, f) \
	cell_syscall(SYS_##nr, (long)(a), (long)(b), (long)(c), (long)(d), \
		(long)(e), (long)(f))
#define USER_END 0x7ffffffff000ull

struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* On secret memory only private futexes work: the kernel finds no page for a
 * shared one. */
static uint32_t ready; /* threads that wait for the filter */
static uint32_t go; /* 1 once it is installed */

static _Noreturn void fail(uint32_t step, long error)
{
	control->error_step = step;
	control->error = (uint32_t)-error;
	__atomic_store_n(&control->state, CELL_FAILED, __ATOMIC_SEQ_CST);
	SYS(futex, &control->state, FUTEX_WAKE, 1, 0, 0, 0);
	cell_die(CELL_DIED_STARTING);
}

static void must(uint32_t step, long result)
{
	if (result < 0 && result > -4096)
		fail(step, result);
}

/* Unmap a range even if a part of it may not go: halve until 64 KiB. */
static void unmap_around(uint64_t at, uint64_t length)
{
	uint64_t half;

	if (SYS(munmap, at, length, 0, 0, 0, 0) == 0 || length <= 0x10000)
		return;
	half = (length / 2) & ~(uint64_t)(SGX_PAGE_SIZE - 1);
	unmap_around(at, half);
	unmap_around(at + half, length - half);
}

/* Stack, vDSO, vvar and whatever else lies above the image.  Kernels that
 * seal their own mappings refuse those; they stay, holding nothing secret. */
static void drop_inherited_mappings(void)
{
	uint64_t end = ((uint64_t)(uintptr_t)cell_data_end + 4095) & ~4095ull;

	unmap_around(end, CELL_IMAGE_END - end);
	unmap_around(CELL_IMAGE_END, CELL_PRIVATE - CELL_IMAGE_END);
	unmap_around(CELL_PRIVATE_END, 0x400000000000ull - CELL_PRIVATE_END);
	unmap_around(0x400000000000ull, USER_END - 0x400000000000ull);
}

static void map_control(void)
{
	long at = SYS(mmap, CELL_CONTROL, CELL_CONTROL_SIZE,
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		CELL_FD_CONTROL, 0);

	if (at != (long)CELL_CONTROL)
		cell_die(CELL_DIED_STARTING);
	if (control->abi != CELL_ABI)
		fail(1, -71);
}

/* The enclave has DEBUG: whoever may trace processes of this user may trace
 * this one. */
static void open_to_debuggers(void)
{
	SYS(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0, 0);
	/* Where the kernel restricts tracing to descendants; else an error. */
	SYS(prctl, PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0, 0);
}

/* Text becomes a shared mapping of the sealed file, so that not even
 * /proc/PID/mem can write it; data and bss move to secret memory, which for
 * enclaves that may be debugged is ordinary, and a debugger may step through
 * the text. */
static void seal_image(void)
{
	uint64_t text = (uintptr_t)cell_text_start;
	uint64_t data = (uintptr_t)cell_data_start;
	uint64_t size = (uint64_t)(cell_data_end - cell_data_start);
	char *copy = (char *)CELL_TABLE;

	if (!control->debug)
		must(3, SYS(mmap, text, control->text_size,
			PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED,
			CELL_FD_TEXT, 0));
	must(4, SYS(mmap, copy, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_FIXED, CELL_FD_STATE, 0));
	memcpy(copy, cell_data_start, size);
	must(5, SYS(mmap, data, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_FIXED, CELL_FD_STATE, 0));
	must(6, SYS(munmap, copy, size, 0, 0, 0, 0));
}

/* The processor gets the listener of the first filter, and we keep nothing of
 * it: with it goes the only way to be given a descriptor. */
static void hand_over_listener(void)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} message = { .head = {
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
	} };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &message, .msg_controllen = sizeof(message),
	};
	long fd = filter_listen();

	must(16, fd);
	*(int *)CMSG_DATA(&message.head) = (int)fd;
	must(17, SYS(sendmsg, CELL_FD_SOCKET, &m, 0, 0, 0, 0));
	must(18, SYS(close, fd, 0, 0, 0, 0, 0));
	must(19, SYS(close, CELL_FD_SOCKET, 0, 0, 0, 0, 0));
}

static void map_memory(void)
{
	uint64_t size = (uint64_t)(cell_data_end - cell_data_start);

	must(7, SYS(mmap, CELL_AREAS,
		(control->tcs_slots + 1) * CELL_AREA_SIZE,
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, CELL_FD_STATE,
		size));
	must(8, SYS(mmap, control->arena_va, control->arena_size,
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
		CELL_FD_ARENA, 0));
}

/* One 16-bit entry per page of ELRANGE: 1 + the index of the only thread
 * whose GS base is that page, or 0 (then an exit takes the trap). */
static void make_table(void)
{
	uint64_t pages = control->el_size / SGX_PAGE_SIZE;
	uint64_t size = (pages * sizeof(uint16_t) + 4095) & ~4095ull;

	if (size > CELL_WINDOW - CELL_TABLE)
		return;
	must(10, SYS(mmap, CELL_TABLE, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
		0));
	gate_el_base = control->el_base;
	gate_el_pages = pages;
}

static void enter_in_table(uint32_t index)
{
	uint64_t base = control->tcs[index].ogsbase;
	uint64_t page = (base - control->el_base) / SGX_PAGE_SIZE;
	uint16_t *table = (uint16_t *)CELL_TABLE;

	if (gate_el_pages == 0 || !in_enclave(base)
	    || (base & (SGX_PAGE_SIZE - 1)) != 0)
		return;
	for (uint32_t i = 0; i < control->tcs_slots; i++)
		if (i != index && control->tcs[i].ogsbase == base) {
			table[page] = 0;
			return;
		}
	table[page] = (uint16_t)(index + 1);
}

static void install_handlers(void)
{
	static const int signals[] = { SIGSEGV, SIGILL, SIGFPE, SIGBUS,
		SIGTRAP, SIGSYS, SIGURG };
	struct kernel_sigaction sa = {
		.handler = (void *)cell_signal,
		.flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | 0x04000000,
		.restorer = cell_restorer,
	};

	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sa.mask = signals[i] == SIGNAL_KICK ? KICK_MASK : 0;
		must(11, SYS(rt_sigaction, signals[i], &sa, 0, 8, 0, 0));
	}
}

void thread_sit(struct thread *t)
{
	const struct cell_tcs *tcs = t->tcs;

	t->generation = tcs->generation;
	t->nssa = tcs->nssa;
	t->frames = tcs->frames;
	t->ossa = tcs->ossa;
	t->cssa = 0;
	enter_in_table(t->index);
}

static void prepare_thread(struct thread *t)
{
	t->line = (struct gate_mailbox *)(control->gate_va
		+ (uint64_t)t->index * GATE_STRIDE);
	t->stub = gate_stubs + (uint64_t)t->index * STUB_SIZE;
	t->tcs = &control->tcs[t->index];
	t->service = &control->service[t->index];
	t->counters = &control->counters[t->index];
	thread_sit(t);
}

static void thread_seat(struct thread *t)
{
	stack_t altstack = {
		.ss_sp = (char *)t + AREA_ALTSTACK,
		.ss_size = CELL_AREA_SIZE - AREA_ALTSTACK,
	};

	must(12, SYS(sigaltstack, &altstack, 0, 0, 0, 0, 0));
	t->counters->tid = (uint32_t)SYS(gettid, 0, 0, 0, 0, 0, 0);
}

static void thread_start(struct thread *t)
{
	thread_seat(t);
	__atomic_fetch_add(&ready, 1, __ATOMIC_SEQ_CST);
	SYS(futex, &ready, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
	while (__atomic_load_n(&go, __ATOMIC_ACQUIRE) == 0)
		SYS(futex, &go, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
	gate_loop(t);
}

static void start_threads(void)
{
	const unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES
		| CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

	for (uint32_t i = 0; i < control->tcs_slots; i++) {
		struct thread *t = cell_thread(i);

		t->index = i;
		prepare_thread(t);
		must(13, cell_clone(flags, (char *)t + AREA_STACK_TOP,
			thread_start, t));
	}
	for (;;) {
		uint32_t n = __atomic_load_n(&ready, __ATOMIC_ACQUIRE);

		if (n == control->tcs_slots)
			break;
		SYS(futex, &ready, FUTEX_WAIT_PRIVATE, n, 0, 0, 0);
	}
}

/* The first thread becomes the janitor, on an area of its own. */
static _Noreturn void janitor(struct thread *t)
{
	const uint64_t kicks = KICK_MASK;

	SYS(rt_sigprocmask, SIG_BLOCK, &kicks, 0, sizeof(kicks), 0, 0);
	must(14, code_close_others());
	must(15, filter_install());
	__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
	SYS(futex, &go, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, 0, 0);
	__atomic_store_n(&control->state, CELL_READY, __ATOMIC_SEQ_CST);
	__atomic_store_n(&control->order_state, CELL_ORDER_DONE,
		__ATOMIC_SEQ_CST);
	SYS(futex, &control->state, FUTEX_WAKE, 1, 0, 0, 0);
	orders_serve();
	cell_die(CELL_DIED_STARTING); /* started twice */
}

/* CPUID is #UD in an enclave, and RDTSC on machines without SGX2.  Threads
 * inherit this.  Where the box's processor cannot, they are executed
 * (caveats.md, 5). */
static void forbid_instructions(void)
{
	SYS(arch_prctl, ARCH_SET_CPUID, 0, 0, 0, 0, 0);
	if (!(control->sgx_features & SGX_FEATURE_SGX2))
		SYS(prctl, PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0, 0);
}

void cell_main(void);
void cell_main(void)
{
	SYS(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0, 0);
	SYS(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
	drop_inherited_mappings();
	map_control();
	if (SYS(getppid, 0, 0, 0, 0, 0, 0) != (long)control->cpu_pid)
		cell_die(CELL_DIED_STARTING);
	if (control->debug)
		open_to_debuggers();
	seal_image();
	hand_over_listener();
	__atomic_store_n(&control->state, CELL_BUILDING, __ATOMIC_SEQ_CST);
	SYS(futex, &control->state, FUTEX_WAKE, 1, 0, 0, 0);
	orders_serve();
	forbid_instructions();
	make_table();
	map_memory();
	install_handlers();
	/* Of a process with threads this takes 20 ms. */
	SYS(membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0, 0, 0,
		0);
	start_threads();
	cell_switch_stack(cell_thread(control->tcs_slots), janitor);
}
