/* SPDX-License-Identifier: MIT */
/*
 * What the box under the virtual machine offers.
 */
#include "cli.h"
#include "doctor.h"
#include "vm/cgroup.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#define HWCAP2_FSGSBASE 2u
#define SECRET_TRIAL 65536u /* bytes */

/* The first line of a file, without its newline.  False if unreadable. */
static bool first_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, size - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	return true;
}

static void secret_memory(struct doctor *doctor)
{
	int fd = (int)syscall(SYS_memfd_secret, 0);
	struct rlimit limit = { 0 };
	void *page;

	if (fd < 0) {
		doctor_say(doctor, "memfd_secret", DOCTOR_OFF,
			"the kernel has none (%s): enclave memory is ordinary "
			"memory, which root can read; start the kernel with "
			"secretmem.enable=1", strerror(errno));
		return;
	}
	page = ftruncate(fd, SECRET_TRIAL) ? MAP_FAILED : mmap(NULL,
		SECRET_TRIAL, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		doctor_say(doctor, "memfd_secret", DOCTOR_OFF,
			"cannot be mapped: %s; raise RLIMIT_MEMLOCK (ulimit -l)",
			strerror(errno));
	} else {
		*(volatile char *)page = 1;
		munmap(page, SECRET_TRIAL);
		doctor_say(doctor, "memfd_secret", DOCTOR_ON,
			"64 KiB of it were mapped and written here");
	}
	close(fd);
	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY)
		doctor_say(doctor, "memlock", DOCTOR_INFO,
			"secret memory is not limited for this user");
	else
		doctor_say(doctor, "memlock", DOCTOR_INFO,
			"RLIMIT_MEMLOCK allows %llu KiB (at most %llu): enclave "
			"memory beyond that is ordinary memory, closed to the "
			"same user, open to root%s",
			(unsigned long long)limit.rlim_cur >> 10,
			(unsigned long long)limit.rlim_max >> 10, geteuid() ?
			"" : _("; root's own processes are not limited"));
}

static void processor_features(struct doctor *doctor)
{
	bool fsgsbase = getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE;
	uint32_t a = 1, b, c = 0, d, low = 0, high = 0;

	doctor_say(doctor, "fsgsbase", fsgsbase ? DOCTOR_ON : DOCTOR_OFF,
		fsgsbase ? N_("programs may set FS and GS themselves") :
		N_("programs may not set FS and GS themselves; enclaves cannot "
		"run (Linux 5.9 or later and a processor with FSGSBASE are "
		"needed)"));
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (c & (1u << 27))
		__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	doctor_say(doctor, "avx", DOCTOR_INFO, "enclaves get %s (XCR0 %#x)",
		low & 4 ? _("x87, SSE and AVX") : _("x87 and SSE"), low);
}

static void yama(struct doctor *doctor)
{
	char line[64];

	if (!first_line("/proc/sys/kernel/yama/ptrace_scope", line,
			sizeof(line)))
		doctor_say(doctor, "yama", DOCTOR_INFO, "not in this kernel; "
			"nothing here relies on it");
	else
		doctor_say(doctor, "yama", DOCTOR_INFO, "ptrace_scope is %s; "
			"nothing here relies on it", line);
}

static void core_pattern(struct doctor *doctor)
{
	char line[256];

	if (first_line("/proc/sys/kernel/core_pattern", line, sizeof(line)))
		doctor_say(doctor, "core_pattern", DOCTOR_INFO, "\"%s\"", line);
}

/* vCPUs and memory of machines: where groups can be made, and what they can
 * limit. */
static void cgroup(struct doctor *doctor)
{
	const struct cgroup_place *place = cgroup_where();
	const char *below = place->kind == CGROUP_SYSTEMD ? _("systemd, in ") :
		"";

	if (place->kind == CGROUP_NONE)
		doctor_say(doctor, "cgroup", DOCTOR_OFF, "vCPUs and memory of "
			"machines are not limited: %s", place->why.text);
	else if (place->cpu && place->memory)
		doctor_say(doctor, "cgroup", DOCTOR_ON, "vCPUs and memory of "
			"machines can be limited by %s%s; `coffer vm show "
			"NAME` says of each whether they are", below,
			place->path);
	else
		doctor_say(doctor, "cgroup", place->cpu || place->memory ?
			DOCTOR_PARTLY : DOCTOR_OFF, "%s", place->why.text);
}

static void device(struct doctor *doctor, const char *id, const char *path,
	const char *use, const char *without)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		doctor_say(doctor, id, DOCTOR_INFO, "%s can be opened: %s", path,
			use);
	} else {
		doctor_say(doctor, id, DOCTOR_INFO, "%s: %s; %s", path,
			strerror(errno), without);
	}
}

void doctor_host(struct doctor *doctor)
{
	doctor_group(doctor, "box", "This box");
	secret_memory(doctor);
	processor_features(doctor);
	yama(doctor);
	core_pattern(doctor);
	cgroup(doctor);
	device(doctor, "kvm", "/dev/kvm", _("this version does not use it"),
		_("this version does not use it"));
	device(doctor, "sgx", "/dev/sgx_enclave",
		_("real SGX, which is used unless COFFER_DRIVER says otherwise"),
		_("enclaves run on Coffer's machine"));
}
