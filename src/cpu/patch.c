/* SPDX-License-Identifier: MIT */
/*
 * EEXIT without a trap: `mov eax, 4; enclu` in a page of code that may execute
 * but not change becomes a jump over the `mov` to the trampoline; the ENCLU
 * stays and traps if it is reached.  Where the pattern crosses a page it stays
 * as it is and takes the trap.
 */
#include "space.h"
#include <string.h>

static const uint8_t eexit_pattern[8] = {
	0xb8, 4, 0, 0, 0, 0x0f, 0x01, 0xd7,
};

static void patch_site(uint8_t *site, uint64_t va, uint64_t trampoline)
{
	int64_t distance = (int64_t)(trampoline - (va + 5));
	int32_t rel = (int32_t)distance;

	if (distance != rel)
		return; /* too far: this one takes the trap */
	site[0] = 0xe9;
	memcpy(site + 1, &rel, sizeof(rel));
}

void patch_page(uint8_t *code, uint64_t va, uint64_t trampoline)
{
	uint8_t *at = code, *end = code + SGX_PAGE_SIZE;

	while ((size_t)(end - at) >= sizeof(eexit_pattern)) {
		uint8_t *hit = memmem(at, (size_t)(end - at), eexit_pattern,
			sizeof(eexit_pattern));

		if (hit == NULL)
			return;
		patch_site(hit, va + (uint64_t)(hit - code), trampoline);
		at = hit + sizeof(eexit_pattern);
	}
}

/* jmp *[rip + 2]; address, aligned, since RFLAGS.AC is the enclave's */
void patch_trampoline(uint8_t *page, uint64_t exit_entry)
{
	static const uint8_t jump[8] = { 0xff, 0x25, 2, 0, 0, 0, 0xcc, 0xcc };

	memcpy(page, jump, sizeof(jump));
	memcpy(page + sizeof(jump), &exit_entry, sizeof(exit_entry));
}
