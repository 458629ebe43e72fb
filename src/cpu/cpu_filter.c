/* SPDX-License-Identifier: MIT */
#include "cpu_filter.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define EQUAL(value, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))

/* Threads of ours are made like this; a process is not. */
#define THREAD_FLAG 0x10000 /* CLONE_THREAD */

static const uint32_t allowed[] = {
	SYS_futex, SYS_recvmsg, SYS_sendmsg, SYS_close, SYS_tgkill, SYS_kill,
	SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise,
	SYS_memfd_create, SYS_memfd_secret, SYS_ftruncate, SYS_fcntl,
	SYS_fstat, SYS_fstatfs, SYS_newfstatat, SYS_getrandom, SYS_gettid,
	SYS_getpid,
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_set_robust_list, SYS_rseq,
	SYS_nanosleep, SYS_clock_nanosleep, SYS_clock_gettime,
	SYS_sched_yield, SYS_write, SYS_exit, SYS_exit_group,
	SYS_restart_syscall, SYS_brk, SYS_prlimit64, SYS_poll,
	SYS_socketpair, SYS_pread64, SYS_pwrite64, SYS_fallocate, SYS_ioctl,
};
#define ALLOWED (sizeof(allowed) / sizeof(allowed[0]))

int cpu_filter_install(void)
{
	static const struct sock_filter head[] = {
		LOAD(arch),
		EQUAL(AUDIT_ARCH_X86_64, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
	};
	static const struct sock_filter tail[] = {
		/* clone3 hides its flags; glibc falls back to clone */
		EQUAL(SYS_clone3, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | ENOSYS),
		EQUAL(SYS_clone, 0, 2),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, THREAD_FLAG, 3, 4),
		EQUAL(SYS_openat, 0, 3),
		LOAD(args[2]),
		EQUAL(O_RDONLY | O_CLOEXEC, 0, 1),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_filter code[sizeof(head) / sizeof(head[0]) + 2 * ALLOWED
		+ sizeof(tail) / sizeof(tail[0])];
	struct sock_fprog program = { .filter = code };
	unsigned n = 0;

	memcpy(code, head, sizeof(head));
	n += sizeof(head) / sizeof(head[0]);
	for (unsigned i = 0; i < ALLOWED; i++) {
		code[n++] = (struct sock_filter)EQUAL(allowed[i], 0, 1);
		code[n++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	}
	memcpy(code + n, tail, sizeof(tail));
	n += sizeof(tail) / sizeof(tail[0]);
	program.len = (unsigned short)n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) != 0)
		return -errno;
	return 0;
}
