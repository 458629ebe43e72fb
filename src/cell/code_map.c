/* SPDX-License-Identifier: MIT */
/*
 * Code of an enclave that may be debugged.  A debugger writes breakpoints with
 * the kernel's help into pages that the cell itself cannot write, but only
 * where the mapping is private.  So these cells keep the descriptors of code
 * chunks (read-only ones) and map code from them privately; what a debugger
 * writes is the cell's alone.  Cells of other enclaves keep no descriptor.
 */
#include "cell.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define CHUNKS_MAX 512u /* code beyond them takes no breakpoints */
#define FDS_MAX (CHUNKS_MAX + CELL_FD_COUNT)

static struct code_chunk {
	uint64_t home, length; /* length 0: free */
	long fd;
} chunk[CHUNKS_MAX];

static int is_code(uint32_t prot)
{
	return (prot & (PROT_WRITE | PROT_EXEC)) == PROT_EXEC;
}

int code_keep(const struct cell_chunk *c, long fd)
{
	if (!control->debug || !is_code(c->prot) || fd >= FDS_MAX)
		return 0;
	for (uint32_t i = 0; i < CHUNKS_MAX; i++) {
		if (chunk[i].length != 0)
			continue;
		chunk[i].home = c->home;
		chunk[i].length = c->length;
		chunk[i].fd = fd;
		return 1;
	}
	return 0;
}

void code_drop(uint64_t home)
{
	for (uint32_t i = 0; i < CHUNKS_MAX; i++) {
		if (chunk[i].length == 0 || chunk[i].home != home)
			continue;
		cell_syscall(SYS_close, chunk[i].fd, 0, 0, 0, 0, 0);
		chunk[i].length = 0;
	}
}

int code_map(const struct cell_order *o)
{
	if (!control->debug || !is_code(o->prot))
		return 0;
	for (uint32_t i = 0; i < CHUNKS_MAX; i++) {
		uint64_t offset = o->home - chunk[i].home;

		if (offset < chunk[i].length
		    && o->length <= chunk[i].length - offset)
			return cell_syscall(SYS_mmap, (long)o->va,
				(long)o->length, o->prot,
				MAP_PRIVATE | MAP_FIXED, chunk[i].fd,
				(long)offset) == (long)o->va;
	}
	return 0;
}

static int is_kept(long fd)
{
	for (uint32_t i = 0; i < CHUNKS_MAX; i++)
		if (chunk[i].length != 0 && chunk[i].fd == fd)
			return 1;
	return 0;
}

long code_close_others(void)
{
	/* Private pages are no way around the size of the EPC: what is mapped
	 * so cannot be made writable. */
	static const struct rlimit none = { 0, 0 };
	long fd = 0;

	if (control->debug) {
		long r = cell_syscall(SYS_setrlimit, RLIMIT_DATA, (long)&none,
			0, 0, 0, 0);

		if (r != 0)
			return r;
		for (; fd < FDS_MAX; fd++)
			if (!is_kept(fd))
				cell_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
	}
	return cell_syscall(SYS_close_range, fd, ~0u, 0, 0, 0, 0);
}
