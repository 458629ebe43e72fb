/* SPDX-License-Identifier: MIT */
/*
 * A bounded reader of 64-bit little-endian ELF files: nothing here returns a
 * pointer or a structure that is not wholly inside the bytes given to
 * elf_file_open.  Structures are copied out, because a hostile file need not
 * align them.
 */
#ifndef COFFER_ELF_FILE_H
#define COFFER_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file {
	const uint8_t *data; /* borrowed */
	size_t size;
	Elf64_Ehdr header;
};

/* Checks the identification, type ET_DYN, machine x86-64, entry sizes and
 * that both header tables lie inside the file.  NULL, or what is wrong.
 * The bytes must outlive the reader. */
const char *elf_file_open(struct elf_file *elf, const void *data, size_t size);

/* Pointer to bytes [offset, offset + size) of the file, or NULL. */
const void *elf_file_bytes(const struct elf_file *elf, uint64_t offset,
	uint64_t size);

/* Copies header number `index`; false if there is none. */
bool elf_file_segment(const struct elf_file *elf, size_t index,
	Elf64_Phdr *out);
bool elf_file_section(const struct elf_file *elf, size_t index,
	Elf64_Shdr *out);

/* Name of a section, terminated inside the file; NULL if there is none. */
const char *elf_file_section_name(const struct elf_file *elf,
	const Elf64_Shdr *section);

/* The first section of this name.  False if there is none. */
bool elf_file_find_section(const struct elf_file *elf, const char *name,
	Elf64_Shdr *out);

/* A table of symbols and its strings: ".dynsym" with ".dynstr", or ".symtab"
 * with ".strtab".  count is 0 if the file has no such table. */
struct elf_symbols {
	const uint8_t *entries; /* count * sizeof(Elf64_Sym), unaligned */
	size_t count;
	const char *strings;
	size_t strings_size;
};

/* False if the table is there but malformed. */
bool elf_file_symbols(const struct elf_file *elf, const char *table,
	const char *strings, uint32_t type, struct elf_symbols *out);

/* False if index is out of range. */
bool elf_symbols_get(const struct elf_symbols *symbols, size_t index,
	Elf64_Sym *out);

/* The symbol's name, or NULL if it lies outside the strings. */
const char *elf_symbols_name(const struct elf_symbols *symbols,
	const Elf64_Sym *symbol);

/* The first symbol of that name, number 0 excepted. */
bool elf_symbols_find(const struct elf_symbols *symbols, const char *name,
	Elf64_Sym *out);

#endif
