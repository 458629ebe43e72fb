/* SPDX-License-Identifier: MIT */
/*
 * The cell's system-call filter.  Calls are allowed from one instruction
 * only, and since enclave code can jump to it, their arguments are checked
 * too: what is left lets a cell wait, wake, yield, choose its signal mask,
 * take storage that the processor gives, give up its own mappings, take rights
 * from them, duplicate a part of a shared one, and end.  A second instruction may return from a signal.  A
 * `syscall` anywhere else is the enclave's and becomes #UD (signal.c).
 */
#include "cell.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_HIGH(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
		offsetof(struct seccomp_data, field) + 4)
#define EQUAL(value, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define KILL RETURN(SECCOMP_RET_KILL_PROCESS)
#define TRAP RETURN(SECCOMP_RET_TRAP)
#define ALLOW RETURN(SECCOMP_RET_ALLOW)

long filter_install(void)
{
	const uint32_t here = (uint32_t)(uintptr_t)cell_syscall_return;
	const uint32_t restorer = (uint32_t)(uintptr_t)cell_sigreturn_return;
	const uint32_t code_flags = control->debug ? MAP_PRIVATE | MAP_FIXED
		: MAP_SHARED | MAP_FIXED;
	struct sock_filter code[] = {
		LOAD(arch),
		EQUAL(AUDIT_ARCH_X86_64, 1, 0),
		TRAP,
		LOAD_HIGH(instruction_pointer),
		EQUAL(0, 1, 0),
		TRAP,
		LOAD(instruction_pointer),
		EQUAL(here, 6, 0),
		EQUAL(restorer, 1, 0),
		TRAP,
		LOAD(nr),
		EQUAL(SYS_rt_sigreturn, 0, 1),
		ALLOW,
		KILL,
		LOAD(nr),
		EQUAL(SYS_sched_yield, 0, 1),
		ALLOW,
		EQUAL(SYS_rt_sigprocmask, 0, 1),
		ALLOW,
		EQUAL(CELL_TAKE, 0, 1),
		ALLOW, /* the first filter sends it to the processor */
		EQUAL(SYS_close, 0, 1),
		ALLOW,
		EQUAL(SYS_membarrier, 0, 1),
		ALLOW,
		/* mmap: of a descriptor, shared (code_map.c: or private), at a
		 * fixed address */
		EQUAL(SYS_mmap, 0, 5),
		LOAD(args[3]),
		EQUAL(MAP_SHARED | MAP_FIXED, 2, 0),
		EQUAL(code_flags, 1, 0),
		KILL,
		ALLOW,
		EQUAL(SYS_futex, 0, 10),
		LOAD_HIGH(args[1]),
		EQUAL(0, 1, 0),
		KILL,
		LOAD(args[1]),
		EQUAL(FUTEX_WAIT, 4, 0),
		EQUAL(FUTEX_WAKE, 3, 0),
		EQUAL(FUTEX_WAIT_PRIVATE, 2, 0),
		EQUAL(FUTEX_WAKE_PRIVATE, 1, 0),
		KILL,
		ALLOW,
		EQUAL(SYS_munmap, 0, 1),
		ALLOW,
		/* mprotect: none, read, or read and write; never execute */
		EQUAL(SYS_mprotect, 0, 9),
		LOAD_HIGH(args[2]),
		EQUAL(0, 1, 0),
		KILL,
		LOAD(args[2]),
		EQUAL(PROT_NONE, 3, 0),
		EQUAL(PROT_READ, 2, 0),
		EQUAL(PROT_READ | PROT_WRITE, 1, 0),
		KILL,
		ALLOW,
		/* mremap: duplicate at a fixed address */
		EQUAL(SYS_mremap, 0, 10),
		LOAD_HIGH(args[1]),
		EQUAL(0, 1, 0),
		KILL,
		LOAD(args[1]),
		EQUAL(0, 1, 0),
		KILL,
		LOAD(args[3]),
		EQUAL(MREMAP_MAYMOVE | MREMAP_FIXED, 1, 0),
		KILL,
		ALLOW,
		EQUAL(SYS_exit_group, 0, 1),
		ALLOW,
		KILL,
	};
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	return cell_syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		(long)&program, 0, 0, 0);
}

long filter_listen(void)
{
	static const struct sock_filter code[] = {
		LOAD(nr),
		EQUAL(CELL_TAKE, 0, 1),
		RETURN(SECCOMP_RET_USER_NOTIF),
		ALLOW,
	};
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = (struct sock_filter *)code,
	};
	long r;

	r = cell_syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
	if (r != 0)
		return r;
	return cell_syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_NEW_LISTENER
			| SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		(long)&program, 0, 0, 0);
}
