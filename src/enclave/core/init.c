/* SPDX-License-Identifier: MIT */
/*
 * The first entry: nothing that needs a relocation has run yet, so this file
 * uses only addresses that are relative to the instruction pointer until
 * core_start has applied the relocations.
 *
 * The loader writes the numbers below into the image before it is measured,
 * so they are as trustworthy as the code.
 */
#include "libc/libc.h"
#include "priv.h"

#include <coffer/growth.h>
#include <coffer/sgx_arch.h>
#include <elf.h>
#include <openenclave/bits/properties.h>
#include <string.h>

#define PATCHED __attribute__((visibility("default"), used, \
	section(".data.oe_patched"))) volatile

/* Found by name in .dynsym. */
PATCHED uint64_t _enclave_rva = 0;
PATCHED uint64_t _reloc_rva = 0;
PATCHED uint64_t _reloc_size = 0;
PATCHED uint64_t _tdata_rva = 0;
PATCHED uint64_t _tdata_size = 0;
PATCHED uint64_t _tdata_align = 0;
PATCHED uint64_t _tbss_size = 0;
PATCHED uint64_t _tbss_align = 0;
PATCHED uint64_t _td_from_tcs_offset = 0;

struct core_enclave core;
uint32_t core_xstate_mask = SGX_XFRM_LEGACY; /* until init has asked */

/* Where the linker put the thread-local variables' first values, and how
 * far below td they begin. */
static struct {
	const uint8_t *data;
	uint64_t data_size, all_size, below;
} tls;

static uint64_t power_of_two(uint64_t size)
{
	uint64_t power = SGX_PAGE_SIZE;

	while (power < size && power << 1)
		power <<= 1;
	return power;
}

/* The program header says what local-exec code was linked against. */
static bool find_tls(void)
{
	const Elf64_Ehdr *elf = (const void *)core.image;
	const Elf64_Phdr *segment = (const void *)(core.image + elf->e_phoff);

	if (memcmp(elf->e_ident, ELFMAG, SELFMAG)
			|| elf->e_phentsize != sizeof(*segment))
		return false;
	for (unsigned i = 0; i < elf->e_phnum; i++, segment++) {
		uint64_t align = segment->p_align ? segment->p_align : 1;

		if (segment->p_type != PT_TLS)
			continue;
		tls.data = (const uint8_t *)core.image + segment->p_vaddr;
		tls.data_size = segment->p_filesz;
		tls.all_size = segment->p_memsz;
		tls.below = (segment->p_memsz + align - 1) & ~(align - 1);
		/* The pages below td hold TLS, the guard page ends them. */
		if (tls.below > _td_from_tcs_offset - 4 * SGX_PAGE_SIZE)
			return false;
		core.tls_size = tls.below;
	}
	return true;
}

/* Without protected code; unlock.c has the other one. */
OE_WEAK bool core_protected(uint64_t rva)
{
	(void)rva;
	return false;
}

void core_relocate(bool in_protected)
{
	const Elf64_Rela *rela = (const void *)(core.image + _reloc_rva);
	uint64_t count = _reloc_size / sizeof(*rela);

	for (uint64_t i = 0; i < count && rela[i].r_offset; i++) {
		if (ELF64_R_TYPE(rela[i].r_info) == R_X86_64_RELATIVE
				&& rela[i].r_addend
				&& core_protected(rela[i].r_offset)
					== in_protected)
			*(uint64_t *)(core.image + rela[i].r_offset) =
				core.image + rela[i].r_addend;
	}
}

bool core_start(void)
{
	uint32_t fresh = CORE_FRESH;
	uint64_t start = 0;

	if (!__atomic_compare_exchange_n(&core.phase, &fresh, CORE_RELOCATING,
			false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return fresh == CORE_RELOCATED;
	core.image = (uint64_t)&_enclave_rva - _enclave_rva;
	if (oe_enclave_properties_sgx.config.flags
			.create_zero_base_enclave)
		start = oe_enclave_properties_sgx.config.start_address;
	core.base = core.image - start;
	core.size = power_of_two(
		oe_enclave_properties_sgx.image_info.enclave_size);
	if (!core_within(core.image + _reloc_rva, _reloc_size)
			|| !core_within((uint64_t)core_heap_base(),
				core_heap_room())
			|| core_heap_room() < core_heap_size()
			|| !find_tls())
		return false;
	core_relocate(false);
	core.ecalls = oe_ecalls_table_size;
	__atomic_store_n(&core.phase, CORE_RELOCATED, __ATOMIC_RELEASE);
	return true;
}

void core_tls_reset(struct td *td)
{
	uint8_t *first = (uint8_t *)td - tls.below;

	memcpy(first, tls.data, tls.data_size);
	memset(first + tls.data_size, 0, tls.all_size - tls.data_size);
}

uint8_t *core_image_base(void)
{
	return (uint8_t *)core.image;
}

uint8_t *core_heap_base(void)
{
	return (uint8_t *)(core.image
		+ oe_enclave_properties_sgx.image_info.heap_rva);
}

size_t core_heap_size(void)
{
	return oe_enclave_properties_sgx.header.size_settings.num_heap_pages
		* SGX_PAGE_SIZE;
}

size_t core_heap_room(void)
{
	return coffer_enclave_growth.max_heap_pages
		? coffer_enclave_growth.max_heap_pages * SGX_PAGE_SIZE
		: core_heap_size();
}

void core_stack(uint8_t **low, uint8_t **high)
{
	*high = (uint8_t *)td_self()->tcs + TCS_STACK_TOP;
	*low = *high - oe_enclave_properties_sgx.header.size_settings
		.num_stack_pages * SGX_PAGE_SIZE;
}

uint64_t core_thread_id(void)
{
	return td_self()->tcs;
}

void *oe_heap_start(void)
{
	return core_heap_base();
}

void *oe_heap_end(void)
{
	return core_heap_base() + core_heap_size();
}
