/* SPDX-License-Identifier: MIT */
#include "range.h"

#include "driver.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define ADDRESS_BITS 47

int range_reserve(uint64_t size, uint64_t extra, uint64_t *base)
{
	uint64_t start, first, end, whole = 2 * size + extra;
	void *memory;

	if (size < SGX_PAGE_SIZE || size & (size - 1)) {
		drv_set_error("an enclave of 0x%llx bytes: no power of two",
			(unsigned long long)size);
		return -EINVAL;
	}
	memory = size >> (ADDRESS_BITS - 1) ? MAP_FAILED :
		mmap(NULL, whole, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		drv_set_error("no address range for an enclave of 0x%llx "
			"bytes", (unsigned long long)size);
		return -ENOMEM;
	}
	start = (uintptr_t)memory;
	first = (start + size - 1) & ~(size - 1);
	end = first + size + extra;
	if (first > start)
		munmap(memory, first - start);
	if (start + whole > end)
		munmap((void *)(uintptr_t)end, start + whole - end);
	*base = first;
	return 0;
}

void range_release(uint64_t base, uint64_t size, uint64_t extra)
{
	munmap((void *)(uintptr_t)base, size + extra);
}
