/* SPDX-License-Identifier: MIT */
#include "vdso.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

struct image {
	const uint8_t *start;
	uint64_t size; /* of the first PT_LOAD, from the ELF header on */
	uint64_t bias; /* what to add to the image's own addresses */
	const Elf64_Sym *symbols;
	uint64_t symbol_count;
	const char *strings;
	uint64_t strings_size;
};

static bool inside(const struct image *i, uint64_t offset, uint64_t size)
{
	return offset <= i->size && size <= i->size - offset;
}

/* The offset in the image of an address that it uses itself. */
static uint64_t offset_of(const struct image *i, uint64_t address)
{
	return address + i->bias - (uintptr_t)i->start;
}

static const Elf64_Phdr *segment(const struct image *i,
	const Elf64_Ehdr *header, uint32_t type)
{
	const Elf64_Phdr *p = (const void *)(i->start + header->e_phoff);

	for (unsigned n = 0; n < header->e_phnum; n++)
		if (p[n].p_type == type)
			return &p[n];
	return NULL;
}

/* How many symbols, from the GNU hash table: one more than the greatest
 * index that a chain ends with.  0 if the table is not well formed. */
static uint64_t gnu_count(const struct image *i, uint64_t offset)
{
	uint64_t buckets, chains, most = 0;
	const uint32_t *table;

	if (offset % 4 || !inside(i, offset, 16))
		return 0;
	table = (const void *)(i->start + offset);
	buckets = offset + 16 + table[2] * 8ull;
	chains = buckets + table[0] * 4ull;
	if (!inside(i, buckets, table[0] * 4ull))
		return 0;
	for (uint32_t b = 0; b < table[0]; b++) {
		uint32_t first;

		memcpy(&first, i->start + buckets + b * 4ull, 4);
		if (first > most)
			most = first;
	}
	if (most < table[1])
		return table[1];
	for (;; most++) {
		uint64_t at = chains + (most - table[1]) * 4;
		uint32_t hash;

		if (!inside(i, at, 4))
			return 0;
		memcpy(&hash, i->start + at, 4);
		if (hash & 1)
			return most + 1;
	}
}

static bool read_dynamic(struct image *i, const Elf64_Phdr *dynamic)
{
	uint64_t offset = offset_of(i, dynamic->p_vaddr);
	uint64_t symbols = 0, strings = 0, hash = 0, gnu = 0;
	const Elf64_Dyn *d;

	if (offset % 8 || !inside(i, offset, dynamic->p_memsz))
		return false;
	d = (const void *)(i->start + offset);
	for (uint64_t n = 0; n < dynamic->p_memsz / sizeof(*d); n++) {
		if (d[n].d_tag == DT_NULL)
			break;
		if (d[n].d_tag == DT_SYMTAB)
			symbols = offset_of(i, d[n].d_un.d_ptr);
		else if (d[n].d_tag == DT_STRTAB)
			strings = offset_of(i, d[n].d_un.d_ptr);
		else if (d[n].d_tag == DT_STRSZ)
			i->strings_size = d[n].d_un.d_val;
		else if (d[n].d_tag == DT_HASH)
			hash = offset_of(i, d[n].d_un.d_ptr);
		else if (d[n].d_tag == DT_GNU_HASH)
			gnu = offset_of(i, d[n].d_un.d_ptr);
	}
	if (hash && hash % 4 == 0 && inside(i, hash, 8)) {
		uint32_t count; /* nchain is the number of symbols */

		memcpy(&count, i->start + hash + 4, 4);
		i->symbol_count = count;
	} else if (gnu) {
		i->symbol_count = gnu_count(i, gnu);
	}
	if (!symbols || !strings || symbols % 8 ||
	    i->symbol_count >= UINT32_MAX ||
	    !inside(i, symbols, i->symbol_count * sizeof(Elf64_Sym)) ||
	    !inside(i, strings, i->strings_size))
		return false;
	i->symbols = (const void *)(i->start + symbols);
	i->strings = (const char *)i->start + strings;
	return true;
}

static bool open_image(struct image *i, const void *start)
{
	const Elf64_Ehdr *header = start;
	const Elf64_Phdr *load, *dynamic;

	memset(i, 0, sizeof(*i));
	i->start = start;
	i->size = SIZE_MAX;
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 ||
	    header->e_machine != EM_X86_64 ||
	    header->e_phentsize != sizeof(Elf64_Phdr) ||
	    header->e_phoff % 8 || header->e_phoff > 4096 ||
	    header->e_phnum > 16)
		return false;
	load = segment(i, header, PT_LOAD);
	dynamic = segment(i, header, PT_DYNAMIC);
	if (!load || !dynamic || load->p_offset)
		return false;
	i->size = load->p_memsz;
	i->bias = (uintptr_t)start - load->p_vaddr;
	return inside(i, header->e_phoff,
		header->e_phnum * sizeof(Elf64_Phdr)) &&
		read_dynamic(i, dynamic);
}

void *vdso_find(const void *start, const char *name)
{
	size_t length = strlen(name) + 1;
	struct image i;

	if (!start || !open_image(&i, start))
		return NULL;
	for (uint64_t n = 0; n < i.symbol_count; n++) {
		const Elf64_Sym *s = &i.symbols[n];

		if (s->st_shndx == SHN_UNDEF ||
		    ELF64_ST_TYPE(s->st_info) == STT_SECTION ||
		    s->st_name > i.strings_size ||
		    i.strings_size - s->st_name < length ||
		    memcmp(i.strings + s->st_name, name, length) ||
		    !inside(&i, offset_of(&i, s->st_value), 1))
			continue;
		return (void *)(uintptr_t)(s->st_value + i.bias);
	}
	return NULL;
}

void *vdso_symbol(const char *name)
{
	return vdso_find((const void *)getauxval(AT_SYSINFO_EHDR), name);
}
