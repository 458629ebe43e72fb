/* SPDX-License-Identifier: MIT */
#include "elf_file.h"

#include "common/why.h"

#include <string.h>

static const char *check_table(const struct elf_file *elf, uint64_t offset,
	uint64_t count, uint64_t entry, uint64_t wanted, const char *bad_entry,
	const char *outside)
{
	if (!count)
		return NULL;
	if (entry != wanted)
		return bad_entry;
	/* count is 16 bits wide: no overflow. */
	return elf_file_bytes(elf, offset, count * entry) ? NULL : outside;
}

const char *elf_file_open(struct elf_file *elf, const void *data, size_t size)
{
	const char *wrong;
	Elf64_Ehdr *h = &elf->header;

	elf->data = data;
	elf->size = size;
	if (size < sizeof(*h))
		return N_("the file is too small for an ELF header");
	memcpy(h, data, sizeof(*h));
	if (memcmp(h->e_ident, ELFMAG, SELFMAG))
		return N_("the file is not an ELF file");
	if (h->e_ident[EI_CLASS] != ELFCLASS64)
		return N_("the ELF file is not a 64-bit one");
	if (h->e_ident[EI_DATA] != ELFDATA2LSB)
		return N_("the ELF file is not little endian");
	if (h->e_ident[EI_VERSION] != EV_CURRENT)
		return N_("the ELF file has an unknown version");
	if (h->e_type != ET_DYN)
		return N_("the ELF file is not a position-independent "
			"executable");
	if (h->e_machine != EM_X86_64)
		return N_("the ELF file is not for x86-64");
	if (h->e_ehsize != sizeof(*h))
		return N_("the ELF header has a wrong size");
	wrong = check_table(elf, h->e_phoff, h->e_phnum, h->e_phentsize,
		sizeof(Elf64_Phdr), N_("program headers have a wrong entry size"),
		N_("program headers lie outside the file"));
	if (!wrong)
		wrong = check_table(elf, h->e_shoff, h->e_shnum,
			h->e_shentsize, sizeof(Elf64_Shdr),
			N_("section headers have a wrong entry size"),
			N_("section headers lie outside the file"));
	if (!wrong && !h->e_phnum)
		wrong = N_("the ELF file has no program headers");
	if (!wrong && !h->e_shnum)
		wrong = N_("the ELF file has no section headers");
	if (!wrong && h->e_shstrndx >= h->e_shnum)
		wrong = N_("the table of section names does not exist");
	return wrong;
}

const void *elf_file_bytes(const struct elf_file *elf, uint64_t offset,
	uint64_t size)
{
	if (offset > elf->size || size > elf->size - offset)
		return NULL;
	return elf->data + offset;
}

bool elf_file_segment(const struct elf_file *elf, size_t index,
	Elf64_Phdr *out)
{
	const void *at;

	if (index >= elf->header.e_phnum)
		return false;
	at = elf_file_bytes(elf, elf->header.e_phoff + index * sizeof(*out),
		sizeof(*out));
	if (!at)
		return false;
	memcpy(out, at, sizeof(*out));
	return true;
}

bool elf_file_section(const struct elf_file *elf, size_t index,
	Elf64_Shdr *out)
{
	const void *at;

	if (index >= elf->header.e_shnum)
		return false;
	at = elf_file_bytes(elf, elf->header.e_shoff + index * sizeof(*out),
		sizeof(*out));
	if (!at)
		return false;
	memcpy(out, at, sizeof(*out));
	return true;
}

static const char *string_at(const char *strings, uint64_t size,
	uint64_t offset)
{
	if (offset >= size || !memchr(strings + offset, 0, size - offset))
		return NULL;
	return strings + offset;
}

const char *elf_file_section_name(const struct elf_file *elf,
	const Elf64_Shdr *section)
{
	Elf64_Shdr names;
	const char *strings;

	if (!elf_file_section(elf, elf->header.e_shstrndx, &names) ||
		names.sh_type != SHT_STRTAB)
		return NULL;
	strings = elf_file_bytes(elf, names.sh_offset, names.sh_size);
	if (!strings)
		return NULL;
	return string_at(strings, names.sh_size, section->sh_name);
}

bool elf_file_find_section(const struct elf_file *elf, const char *name,
	Elf64_Shdr *out)
{
	/* Number 0 is the null section by definition. */
	for (size_t i = 1; elf_file_section(elf, i, out); i++) {
		const char *found = elf_file_section_name(elf, out);

		if (found && !strcmp(found, name))
			return true;
	}
	return false;
}

bool elf_file_symbols(const struct elf_file *elf, const char *table,
	const char *strings, uint32_t type, struct elf_symbols *out)
{
	Elf64_Shdr symbols, names;

	memset(out, 0, sizeof(*out));
	if (!elf_file_find_section(elf, table, &symbols))
		return true;
	if (symbols.sh_type != type || symbols.sh_entsize != sizeof(Elf64_Sym) ||
		!elf_file_find_section(elf, strings, &names) ||
		names.sh_type != SHT_STRTAB)
		return false;
	out->entries = elf_file_bytes(elf, symbols.sh_offset, symbols.sh_size);
	out->strings = elf_file_bytes(elf, names.sh_offset, names.sh_size);
	if (!out->entries || !out->strings) {
		memset(out, 0, sizeof(*out));
		return false;
	}
	out->count = symbols.sh_size / sizeof(Elf64_Sym);
	out->strings_size = names.sh_size;
	return true;
}

bool elf_symbols_get(const struct elf_symbols *symbols, size_t index,
	Elf64_Sym *out)
{
	if (index >= symbols->count)
		return false;
	memcpy(out, symbols->entries + index * sizeof(*out), sizeof(*out));
	return true;
}

const char *elf_symbols_name(const struct elf_symbols *symbols,
	const Elf64_Sym *symbol)
{
	return string_at(symbols->strings, symbols->strings_size,
		symbol->st_name);
}

bool elf_symbols_find(const struct elf_symbols *symbols, const char *name,
	Elf64_Sym *out)
{
	for (size_t i = 1; elf_symbols_get(symbols, i, out); i++) {
		const char *found;

		if (!out->st_name)
			continue;
		found = elf_symbols_name(symbols, out);
		if (found && !strcmp(found, name))
			return true;
	}
	return false;
}
