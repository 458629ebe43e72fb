/* SPDX-License-Identifier: MIT */
/*
 * A page of host memory that enclave code touched, outside the arena: the
 * host copied it into a page of the arena, which is mapped a second time at
 * the page's own address.  A mapping is duplicated by mremap with an old size
 * of zero, so no descriptor is needed.
 */
#include "cell.h"
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096ull

static int is_host_page(uint64_t page)
{
	return (page & (PAGE - 1)) == 0 && page >= CELL_IMAGE_END
		&& page < 0x7ffffffff000ull && !in_enclave(page)
		&& page - control->arena_va >= control->arena_size
		&& !(page >= CELL_PRIVATE && page < CELL_PRIVATE_END)
		&& page - control->trampoline_va >= GATE_TRAMPOLINE_SIZE;
}

long host_page_map(uint64_t page, uint64_t slot, int writable)
{
	long at;

	if (!is_host_page(page) || (slot & (PAGE - 1)) != 0
	    || slot - control->arena_va >= control->arena_size)
		return -1;
	at = cell_syscall(SYS_mremap, (long)slot, 0, PAGE,
		MREMAP_MAYMOVE | MREMAP_FIXED, (long)page, 0);
	if (at != (long)page)
		return -1;
	if (!writable)
		return cell_syscall(SYS_mprotect, (long)page, PAGE, PROT_READ,
			0, 0, 0);
	return 0;
}

long host_page_unmap(uint64_t page)
{
	if (!is_host_page(page))
		return -1;
	return cell_syscall(SYS_munmap, (long)page, PAGE, 0, 0, 0, 0);
}
