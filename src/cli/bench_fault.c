/* SPDX-License-Identifier: MIT */
#include "bench_fault.h"
#include "bench_stat.h"
#include "cli.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096ul
#define PAGES 1024u
#define STACK_SIZE 65536u
#define SPIN_PAUSES 100 /* as at the gate */
#define SPIN_YIELDS 50
#define NAP_SECONDS 10 /* the partner that sleeps longer has lost the other */

enum { TURN_PARTNER = 1, TURN_FAULTER = 2 };
enum { SAYS_READY = 1, SAYS_FAULT, SAYS_DONE };

/* What the two share.  The turn passes last. */
struct lane {
	uint32_t turn;
	uint32_t says;
	uint64_t address; /* with SAYS_FAULT */
	uint64_t home; /* the answer */
	uint64_t ns; /* with SAYS_DONE: of all touches */
	uint32_t naps[3] __attribute__((aligned(128))); /* by turn */
} __attribute__((aligned(256)));

struct bench_fault {
	struct lane *lane;
	uint8_t *area; /* where pages appear; reserved in both */
	uint8_t *window; /* all of them; mapped in the faulter only */
	uint32_t order[PAGES]; /* of touching */
	uint32_t slot[PAGES]; /* of each page in the window */
	int fd;
	pid_t faulter;
	bool greeted;
};

static struct bench_fault *g_fault; /* the faulter's; set before it faults */

static long futex(uint32_t *word, int operation, uint32_t value,
	const struct timespec *limit)
{
	return syscall(SYS_futex, word, operation, value, limit, NULL, 0);
}

static bool is_turn(struct lane *lane, uint32_t turn)
{
	return __atomic_load_n(&lane->turn, __ATOMIC_ACQUIRE) == turn;
}

/* The faulter waits for ever, as it ends with its partner; the partner, false
 * when nobody came for a long time. */
static bool await(struct lane *lane, uint32_t turn)
{
	const struct timespec seconds = { NAP_SECONDS, 0 };
	const struct timespec *limit = turn == TURN_PARTNER ? &seconds : NULL;
	uint32_t other = turn == TURN_PARTNER ? TURN_FAULTER : TURN_PARTNER;
	bool in_time = true;

	for (int i = 0; i < SPIN_PAUSES; i++) {
		if (is_turn(lane, turn))
			return true;
		__builtin_ia32_pause();
	}
	for (int i = 0; i < SPIN_YIELDS; i++) {
		if (is_turn(lane, turn))
			return true;
		sched_yield();
	}
	__atomic_store_n(&lane->naps[turn], 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while (in_time && !is_turn(lane, turn))
		in_time = !futex(&lane->turn, FUTEX_WAIT, other, limit) ||
			errno != ETIMEDOUT;
	__atomic_store_n(&lane->naps[turn], 0, __ATOMIC_RELAXED);
	return in_time;
}

static void pass(struct lane *lane, uint32_t turn)
{
	__atomic_store_n(&lane->turn, turn, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&lane->naps[turn], __ATOMIC_RELAXED))
		futex(&lane->turn, FUTEX_WAKE, 1, NULL);
}

/* ---- the faulter ---- */

/* Back to where a signal struck: vector state, registers, IRETQ. */
static __attribute__((naked, noreturn)) void resume(
	const greg_t *registers __attribute__((unused)),
	const void *vectors __attribute__((unused)))
{
	__asm__(
		"mov	$-1, %eax\n\t"
		"mov	$-1, %edx\n\t"
		"xrstor64 (%rsi)\n\t"
		"pushq	$0x2b\n\t"
		"pushq	120(%rdi)\n\t"
		"pushq	136(%rdi)\n\t"
		"pushq	$0x33\n\t"
		"pushq	128(%rdi)\n\t"
		"mov	0(%rdi), %r8\n\t"
		"mov	8(%rdi), %r9\n\t"
		"mov	16(%rdi), %r10\n\t"
		"mov	24(%rdi), %r11\n\t"
		"mov	32(%rdi), %r12\n\t"
		"mov	40(%rdi), %r13\n\t"
		"mov	48(%rdi), %r14\n\t"
		"mov	56(%rdi), %r15\n\t"
		"mov	72(%rdi), %rsi\n\t"
		"mov	80(%rdi), %rbp\n\t"
		"mov	88(%rdi), %rbx\n\t"
		"mov	96(%rdi), %rdx\n\t"
		"mov	104(%rdi), %rax\n\t"
		"mov	112(%rdi), %rcx\n\t"
		"mov	64(%rdi), %rdi\n\t"
		"iretq");
}

_Static_assert(REG_R8 == 0 && REG_RDI == 8 && REG_RCX == 14 && REG_RSP == 15 &&
	REG_RIP == 16 && REG_EFL == 17, "resume() knows the order");

static void on_fault(int number, siginfo_t *info, void *context)
{
	struct bench_fault *f = g_fault;
	const ucontext_t *uc = context;
	uint64_t address = (uintptr_t)info->si_addr & ~(PAGE - 1);
	greg_t registers[NGREG];

	(void)number;
	memcpy(registers, uc->uc_mcontext.gregs, sizeof(registers));
	if (address - (uintptr_t)f->area >= PAGES * PAGE)
		_exit(3);
	f->lane->says = SAYS_FAULT;
	f->lane->address = address;
	pass(f->lane, TURN_PARTNER);
	await(f->lane, TURN_FAULTER);
	if (syscall(SYS_mremap, f->lane->home, 0, PAGE,
			MREMAP_MAYMOVE | MREMAP_FIXED, address) < 0)
		_exit(4);
	resume(registers, uc->uc_mcontext.fpregs);
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
	offsetof(struct seccomp_data, field))
#define LOAD_HIGH(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
	offsetof(struct seccomp_data, field) + 4)
#define EQUAL(value, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))

/* As a cell's: what is mapped is looked at. */
static bool filter(void)
{
	struct sock_filter code[] = {
		LOAD(arch),
		EQUAL(AUDIT_ARCH_X86_64, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		EQUAL(SYS_mremap, 0, 9),
		LOAD_HIGH(args[1]),
		EQUAL(0, 0, 6),
		LOAD(args[1]),
		EQUAL(0, 0, 4),
		LOAD(args[2]),
		EQUAL(PAGE, 0, 2),
		LOAD(args[3]),
		EQUAL(MREMAP_MAYMOVE | MREMAP_FIXED, 7, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		EQUAL(SYS_munmap, 5, 0),
		EQUAL(SYS_futex, 4, 0),
		EQUAL(SYS_sched_yield, 3, 0),
		EQUAL(SYS_clock_gettime, 2, 0),
		EQUAL(SYS_exit_group, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		RETURN(SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(*code), .filter = code };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
		!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
}

static bool get_ready(struct bench_fault *f)
{
	struct sigaction action = { .sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	stack_t stack = { .ss_size = STACK_SIZE };

	f->window = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		MAP_SHARED, f->fd, 0);
	stack.ss_sp = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (f->window == MAP_FAILED || stack.ss_sp == MAP_FAILED)
		return false;
	for (uint32_t i = 0; i < PAGES; i++)
		f->window[i * PAGE] = (uint8_t)i;
	f->lane->home = (uintptr_t)f->window;
	return !sigaltstack(&stack, NULL) &&
		!sigaction(SIGSEGV, &action, NULL) && filter();
}

static void fault_all(struct bench_fault *f)
{
	uint64_t start;

	syscall(SYS_munmap, f->area, PAGES * PAGE);
	start = bench_now();
	for (uint32_t i = 0; i < PAGES; i++)
		*(volatile uint8_t *)(f->area + f->order[i] * PAGE) += 1;
	f->lane->ns = bench_now() - start;
	f->lane->says = SAYS_DONE;
}

static _Noreturn void faulter(struct bench_fault *f, int cpu)
{
	bench_pin(cpu);
	g_fault = f;
	if (!get_ready(f))
		_exit(2);
	f->lane->says = SAYS_READY;
	for (;;) {
		pass(f->lane, TURN_PARTNER);
		await(f->lane, TURN_FAULTER);
		fault_all(f);
	}
}

/* ---- the partner ---- */

static void shuffle(uint32_t *numbers, uint64_t x)
{
	for (uint32_t i = 0; i < PAGES; i++)
		numbers[i] = i;
	for (uint32_t i = PAGES - 1; i > 0; i--) {
		uint32_t k, kept = numbers[i];

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		k = (uint32_t)((x >> 16) % (i + 1));
		numbers[i] = numbers[k];
		numbers[k] = kept;
	}
}

/* Answers page faults until the faulter says something else. */
static bool answer(struct bench_fault *f, uint64_t window, uint32_t expected)
{
	for (;;) {
		uint64_t page;

		if (!await(f->lane, TURN_PARTNER))
			return false;
		if (f->lane->says != SAYS_FAULT)
			return f->lane->says == expected;
		page = (f->lane->address - (uintptr_t)f->area) / PAGE;
		if (page >= PAGES)
			return false;
		f->lane->home = window + f->slot[page] * PAGE;
		pass(f->lane, TURN_FAULTER);
	}
}

bool bench_fault_round(struct bench_fault *f, double *ns)
{
	bool ok = true;

	if (!f->greeted) {
		ok = answer(f, 0, SAYS_READY);
		f->window = (uint8_t *)f->lane->home;
		f->greeted = ok;
	}
	if (ok) {
		pass(f->lane, TURN_FAULTER);
		ok = answer(f, (uintptr_t)f->window, SAYS_DONE);
	}
	if (!ok) {
		cli_error("the page-fault floor's process ended or is silent");
		return false;
	}
	*ns = (double)f->lane->ns / PAGES;
	return true;
}

static bool make_memory(struct bench_fault *f, bool secret)
{
	f->fd = (int)(secret ? syscall(SYS_memfd_secret, O_CLOEXEC) :
		memfd_create("coffer-bench", MFD_CLOEXEC));
	f->lane = mmap(NULL, sizeof(*f->lane), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	f->area = mmap(NULL, PAGES * PAGE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return f->fd >= 0 && !ftruncate(f->fd, PAGES * PAGE) &&
		f->lane != MAP_FAILED && f->area != MAP_FAILED;
}

struct bench_fault *bench_fault_new(int cpu, bool secret)
{
	struct bench_fault *f = calloc(1, sizeof(*f));
	pid_t parent = getpid();

	if (!f)
		return cli_error("out of memory"), NULL;
	shuffle(f->order, 88172645463325252u);
	shuffle(f->slot, 1181783497276652981u);
	if (!make_memory(f, secret)) {
		cli_error("no memory for the page-fault floor: %s",
			strerror(errno));
		bench_fault_free(f);
		return NULL;
	}
	f->lane->turn = TURN_FAULTER;
	f->faulter = fork();
	if (f->faulter == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		faulter(f, cpu);
	}
	if (f->faulter < 0) {
		cli_error("no process for the page-fault floor: %s",
			strerror(errno));
		bench_fault_free(f);
		return NULL;
	}
	return f;
}

void bench_fault_free(struct bench_fault *f)
{
	if (!f)
		return;
	if (f->faulter > 0) {
		kill(f->faulter, SIGKILL);
		waitpid(f->faulter, NULL, 0);
	}
	if (f->lane && f->lane != MAP_FAILED)
		munmap(f->lane, sizeof(*f->lane));
	if (f->area && f->area != MAP_FAILED)
		munmap(f->area, PAGES * PAGE);
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}
