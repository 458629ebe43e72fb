/* SPDX-License-Identifier: MIT */
#include "harden.h"
#include "secret_heap.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096ull

static uint64_t page_down(uint64_t x)
{
	return x & ~(PAGE - 1);
}

static uint64_t page_up(uint64_t x)
{
	return (x + PAGE - 1) & ~(PAGE - 1);
}

int sealed_file(const char *name, const void *data, size_t size)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW
		| F_SEAL_WRITE;
	char path[64];
	size_t done = 0;
	int fd, reader;

	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)page_up(size)) != 0)
		goto fail;
	while (done < size) {
		ssize_t n = pwrite(fd, (const char *)data + done, size - done,
			(off_t)done);

		if (n <= 0)
			goto fail;
		done += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, seals) != 0)
		goto fail;
	/* Kernels before 6.7 refuse a shared mapping of a sealed file through
	 * a descriptor that could write. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	if (reader >= 0) {
		close(fd);
		fd = reader;
	}
	return fd;
fail:
	done = (size_t)errno;
	close(fd);
	return -(int)done;
}

static int refuse_tracer(char *why, size_t size)
{
	char line[256];
	FILE *f = fopen("/proc/self/status", "re");
	int tracer = 0;

	if (f == NULL)
		return 0; /* without /proc nobody finds us either */
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	fclose(f);
	if (tracer == 0)
		return 0;
	snprintf(why, size, "traced by process %d: a processor that is "
		"watched keeps no secret", tracer);
	return -1;
}

/* Replace a private file mapping by a shared one of a sealed copy, so that
 * writing through /proc/PID/mem fails as well. */
static bool seal_segment(uint64_t start, uint64_t end, int prot)
{
	int fd = sealed_file("coffer-cpu", (void *)start, end - start);
	void *p;

	if (fd < 0)
		return false;
	p = mmap((void *)start, end - start, prot, MAP_SHARED | MAP_FIXED, fd,
		0);
	close(fd);
	return p == (void *)start;
}

/* Between the copy and the mapping nothing here may write to data or bss, so
 * plain system calls only. */
static bool move_to_secret(uint64_t start, uint64_t end)
{
	size_t size = end - start;
	char *copy;
	bool moved = false;
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

	if (fd < 0)
		return false;
	if (ftruncate(fd, (off_t)size) == 0) {
		copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			0);
		if (copy != MAP_FAILED) {
			memcpy(copy, (void *)start, size);
			moved = mmap((void *)start, size,
					PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_FIXED, fd, 0)
				== (void *)start;
			munmap(copy, size);
		}
	}
	close(fd);
	return moved;
}

static void seal_segments(struct harden_result *result)
{
	const Elf64_Phdr *ph = (const void *)getauxval(AT_PHDR);
	unsigned long n = getauxval(AT_PHNUM);
	uint64_t relro = 0, relro_end = 0;

	result->sealed_text = result->secret_state = true;
	for (unsigned long i = 0; i < n; i++) {
		if (ph[i].p_type != PT_GNU_RELRO)
			continue;
		relro = page_down(ph[i].p_vaddr);
		relro_end = page_down(ph[i].p_vaddr + ph[i].p_memsz);
	}
	for (unsigned long i = 0; i < n; i++) {
		uint64_t start = page_down(ph[i].p_vaddr);
		uint64_t end = page_up(ph[i].p_vaddr + ph[i].p_memsz);

		if (ph[i].p_type != PT_LOAD)
			continue;
		if (ph[i].p_flags & PF_W) {
			if (!move_to_secret(start, end))
				result->secret_state = false;
			if (relro >= start && relro_end <= end)
				mprotect((void *)relro, relro_end - relro,
					PROT_READ);
		} else if (!seal_segment(start, end, PROT_READ
				   | (ph[i].p_flags & PF_X ? PROT_EXEC : 0))) {
			result->sealed_text = false;
		}
	}
}

int harden_self(struct harden_result *result, char *why, size_t size)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0) != 0
	    || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
	    || setrlimit(RLIMIT_CORE, &none) != 0) {
		snprintf(why, size, "cannot seal this process: %s",
			strerror(errno));
		return -1;
	}
	if (refuse_tracer(why, size) != 0)
		return -1;
	seal_segments(result);
	return 0;
}
