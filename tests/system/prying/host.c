/* SPDX-License-Identifier: MIT */
/*
 * The host of the prying test: prying_host ENCLAVE [plain].  With "plain" the
 * machine that it starts is denied secret memory.  Commands by line:
 *
 *   plant PAD     128 hex digits -> "planted MASKED ADDRESS", the secret's address
 *   hold SECONDS  -> "holding" once the enclave's registers hold the secret
 *   self          this process looks at the enclave -> "self WAY refused" or
 *                 "self WAY read WORD" lines, then "self-done"
 *   other PID     the same of that process's memory -> "other ..." lines, then
 *                 "other-done"
 *   release       -> "released" when the call has ended
 *   forget        -> "forgotten"
 *   who           -> "who MRENCLAVE MRSIGNER"
 */
#include "../hosting.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "prying_u.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

static oe_enclave_t *g_enclave;
static uint64_t g_heap, g_stack;
static volatile uint32_t *volatile g_flag;
static pthread_t g_thread;
static int g_hold_result;
static oe_result_t g_hold_status;
static uint64_t g_rounds;

void pry_flag(void *flag)
{
	g_flag = flag;
}

static int plant(const char *hex)
{
	uint8_t pad[64], masked[64];
	int result = -1;

	for (size_t i = 0; i < sizeof(pad); i++) {
		unsigned byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return -1;
		pad[i] = (uint8_t)byte;
	}
	if (pry_plant(g_enclave, &result, pad, masked, &g_heap) != OE_OK || result)
		return -1;
	printf("planted ");
	for (size_t i = 0; i < sizeof(masked); i++)
		printf("%02x", masked[i]);
	printf(" %llx\n", (unsigned long long)g_heap);
	return 0;
}

static void *hold_thread(void *unused)
{
	/* A page that the enclave's process has never seen. */
	uint8_t *page = aligned_alloc(4096, 4096);

	memset(page, 7, 4096);
	g_hold_status = pry_hold(g_enclave, &g_hold_result, page, g_rounds,
		&g_stack);
	free(page);
	return NULL;
}

static int hold(unsigned seconds)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	g_flag = NULL;
	g_rounds = (uint64_t)seconds * 200000000u;
	if (pthread_create(&g_thread, NULL, hold_thread, NULL))
		return -1;
	for (int i = 0; i < 60000; i++) {
		if (g_flag && *g_flag == 1) {
			printf("holding\n");
			return 0;
		}
		nanosleep(&nap, NULL);
	}
	return -1;
}

static void look(const char *way, const char *place, bool seen, uint64_t word)
{
	if (seen)
		printf("self %s-%s read %016llx\n", way, place,
			(unsigned long long)word);
	else
		printf("self %s-%s refused\n", way, place);
}

/* A plain load, in a child that may die of it, and the kernel's ways to read
 * our own memory, which see the host's own reservation at best.  What is read
 * goes to the test, which knows the secret. */
static void look_at(const char *place, uint64_t address)
{
	uint64_t word = 0;
	struct iovec ours = { &word, 8 }, theirs = { (void *)address, 8 };
	int told[2], status = 0, fd;
	bool read_it;
	pid_t pid;

	if (pipe(told))
		return;
	pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		prctl(PR_SET_DUMPABLE, 0);
		word = *(volatile uint64_t *)address;
		_exit(write(told[1], &word, 8) != 8);
	}
	close(told[1]);
	waitpid(pid, &status, 0);
	read_it = read(told[0], &word, 8) == 8;
	close(told[0]);
	look("load", place, read_it || !WIFSIGNALED(status), word);
	read_it = process_vm_readv(getpid(), &ours, 1, &theirs, 1, 0) > 0;
	look("vm_readv", place, read_it, word);
	fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	read_it = fd >= 0 && pread(fd, &word, 8, (off_t)address) > 0;
	look("mem", place, read_it, word);
	/* The same ways do work on what is ours. */
	theirs.iov_base = &g_heap;
	if (process_vm_readv(getpid(), &ours, 1, &theirs, 1, 0) != 8 ||
		word != g_heap || pread(fd, &word, 8, (off_t)&g_stack) != 8 ||
		word != g_stack)
		printf("self control failed\n");
	close(fd);
}

/* Another process at the secret's address, as a debugger would. */
static void look_into(pid_t pid)
{
	uint64_t word = 0;
	struct iovec ours = { &word, 8 }, theirs = { (void *)g_heap, 8 };
	char path[64];
	int fd, status;
	bool read_it;

	read_it = process_vm_readv(pid, &ours, 1, &theirs, 1, 0) > 0;
	look("vm_readv", "other", read_it, word);
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	read_it = fd >= 0 && pread(fd, &word, 8, (off_t)g_heap) > 0;
	look("mem", "other", read_it, word);
	if (fd >= 0)
		close(fd);
	read_it = false;
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0) {
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
		waitpid(pid, &status, __WALL);
		errno = 0;
		word = (uint64_t)ptrace(PTRACE_PEEKDATA, pid, (void *)g_heap, NULL);
		read_it = !errno;
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
	look("peek", "other", read_it, word);
}

static int command(char *line)
{
	if (!strncmp(line, "plant ", 6))
		return plant(line + 6);
	if (!strncmp(line, "hold ", 5))
		return hold((unsigned)atoi(line + 5));
	if (!strcmp(line, "self")) {
		look_at("heap", g_heap);
		printf("self-done\n");
		return 0;
	}
	if (!strncmp(line, "other ", 6)) {
		look_into(atoi(line + 6));
		printf("other-done\n");
		return 0;
	}
	if (!strcmp(line, "release")) {
		*g_flag = 2;
		pthread_join(g_thread, NULL);
		if (g_hold_status != OE_OK || g_hold_result != 1)
			return -1;
		look_at("stack", g_stack);
		printf("released\n");
		return 0;
	}
	if (!strcmp(line, "who")) {
		uint8_t enclave[32], signer[32];
		int status = -1;
		oe_result_t result = test_who(g_enclave, &status, enclave, signer);

		answer_who(result == OE_OK && !status, enclave, signer);
		return 0;
	}
	if (!strcmp(line, "forget")) {
		printf("forgotten\n");
		return pry_forget(g_enclave) == OE_OK ? 0 : -1;
	}
	return -1;
}

/* For this process and all that it starts there is no memfd_secret. */
static bool deny_secret_memory(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_secret, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int main(int argc, char **argv)
{
	char line[512];
	oe_result_t result;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 2 && (argc != 3 || strcmp(argv[2], "plain")))
		return 2;
	if (argc == 3 && !deny_secret_memory())
		return 3;
	result = oe_create_prying_enclave(argv[1], OE_ENCLAVE_TYPE_SGX, 0, NULL,
		0, &g_enclave);
	if (result != OE_OK) {
		printf("failed %s\n", oe_result_str(result));
		return 1;
	}
	printf("loaded\n");
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (command(line))
			printf("failed %s\n", line);
	}
	return oe_terminate_enclave(g_enclave) == OE_OK ? 0 : 1;
}
