/* SPDX-License-Identifier: MIT */
/* The process and its system. */
#include "ocalls.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

int oe_syscall_kill_ocall(int pid, int signum)
{
	return kill(pid, signum);
}

int oe_syscall_getpid_ocall(void)
{
	return getpid();
}

int oe_syscall_getppid_ocall(void)
{
	return getppid();
}

int oe_syscall_getpgrp_ocall(void)
{
	return getpgrp();
}

unsigned int oe_syscall_getuid_ocall(void)
{
	return getuid();
}

unsigned int oe_syscall_geteuid_ocall(void)
{
	return geteuid();
}

unsigned int oe_syscall_getgid_ocall(void)
{
	return getgid();
}

unsigned int oe_syscall_getegid_ocall(void)
{
	return getegid();
}

int oe_syscall_getpgid_ocall(int pid)
{
	return getpgid(pid);
}

int oe_syscall_getgroups_ocall(size_t size, unsigned int *list)
{
	if (size > INT_MAX || (size && !list)) {
		errno = EINVAL;
		return -1;
	}
	return getgroups((int)size, list);
}

int oe_syscall_uname_ocall(struct oe_utsname *buf)
{
	struct utsname u;

	if (!buf) {
		errno = EFAULT;
		return -1;
	}
	if (uname(&u) < 0)
		return -1;
#define COPY(to, from) snprintf(buf->to, sizeof(buf->to), "%s", u.from)
	COPY(sysname, sysname);
	COPY(nodename, nodename);
	COPY(release, release);
	COPY(version, version);
	COPY(machine, machine);
	COPY(domainname, domainname);
#undef COPY
	return 0;
}
