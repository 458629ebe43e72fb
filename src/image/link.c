/* SPDX-License-Identifier: MIT */
/*
 * The dependent shared object: finding it, and resolving symbols between it
 * and the enclave at load time, since an enclave has no dynamic linker.
 */
#include "module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum image_result module_needed(const struct module *m, char **path,
	struct image_error *error)
{
	uint64_t strings = 0, needed = 0, at;
	const uint8_t *dynamic;
	const char *name, *base, *slash;
	size_t folder;
	Elf64_Shdr sh;
	Elf64_Dyn dyn;

	*path = NULL;
	if (!elf_file_find_section(&m->elf, ".dynamic", &sh))
		return IMAGE_OK;
	dynamic = sh.sh_type == SHT_DYNAMIC ?
		elf_file_bytes(&m->elf, sh.sh_offset, sh.sh_size) : NULL;
	if (!dynamic || !sh.sh_size)
		return image_fail(error, IMAGE_INVALID_IMAGE,
			".dynamic is malformed");
	for (uint64_t i = 0; i < sh.sh_size / sizeof(dyn); i++) {
		memcpy(&dyn, dynamic + i * sizeof(dyn), sizeof(dyn));
		if (dyn.d_tag == DT_RPATH || dyn.d_tag == DT_RUNPATH)
			return image_fail(error,
				IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
				"the image has an RPATH or RUNPATH; what it "
				"loads must not depend on the machine");
		if (dyn.d_tag == DT_STRTAB)
			strings = dyn.d_un.d_ptr;
		if (dyn.d_tag != DT_NEEDED)
			continue;
		if (needed)
			return image_fail(error,
				IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
				"the image needs more than one shared object");
		needed = dyn.d_un.d_val;
	}
	if (!needed)
		return IMAGE_OK;
	if (!strings || __builtin_add_overflow(strings, needed, &at) ||
		at >= m->size ||
		!memchr(m->bytes + at, 0, m->size - at))
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"the name of the needed shared object is malformed");
	if (!m->path)
		return image_fail(error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"the image needs a shared object and has no folder");

	name = (const char *)m->bytes + at;
	base = name;
	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == '\\')
			base = p + 1;
	if (!*base || strlen(base) > 255)
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"the name of the needed shared object is malformed");
	slash = strrchr(m->path, '/');
	folder = slash ? (size_t)(slash - m->path) + 1 : 0;
	if (asprintf(path, "%.*s%s", (int)folder, m->path, base) < 0) {
		*path = NULL;
		return image_fail(error, IMAGE_OUT_OF_MEMORY, "out of memory");
	}
	return IMAGE_OK;
}

/* Names are looked up once per relocation; large modules have thousands of
 * both, so the lookup is by a sorted index. */
struct symbol_index {
	const struct elf_symbols *symbols;
	struct entry {
		const char *name;
		uint64_t value;
		size_t position;
		bool defined;
	} *entries;
	size_t count;
};

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->position < y->position ? -1 : x->position > y->position;
}

static bool index_symbols(const struct elf_symbols *symbols,
	struct symbol_index *out)
{
	Elf64_Sym symbol;

	out->symbols = symbols;
	out->count = 0;
	out->entries = calloc(symbols->count ? symbols->count : 1,
		sizeof(*out->entries));
	if (!out->entries)
		return false;
	for (size_t i = 1; elf_symbols_get(symbols, i, &symbol); i++) {
		const char *name = symbol.st_name ?
			elf_symbols_name(symbols, &symbol) : NULL;
		struct entry *e = &out->entries[out->count];

		if (!name)
			continue;
		e->name = name;
		e->value = symbol.st_value;
		e->position = i;
		e->defined = symbol.st_shndx != SHN_UNDEF;
		out->count++;
	}
	qsort(out->entries, out->count, sizeof(*out->entries), by_name);
	return true;
}

/* The first symbol of the name in table order, if it is a definition. */
static const struct entry *lookup(const struct symbol_index *index,
	const char *name)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(index->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == index->count || strcmp(index->entries[low].name, name) ||
		!index->entries[low].defined)
		return NULL;
	return &index->entries[low];
}

static enum image_result link_one(struct module *a, const struct module *b,
	const struct symbol_index *mine, const struct symbol_index *theirs,
	Elf64_Rela *rela, struct image_error *error)
{
	uint64_t type = ELF64_R_TYPE(rela->r_info);
	uint64_t number = ELF64_R_SYM(rela->r_info);
	const struct entry *definition;
	int64_t addend;
	const char *name;
	Elf64_Sym symbol;
	uint64_t base;

	/* Sums may wrap: what matters is the 64-bit value, and the enclave
	 * checks where it writes. */
	rela->r_offset += a->rva;
	if (type == R_X86_64_RELATIVE) {
		rela->r_addend = (int64_t)((uint64_t)rela->r_addend + a->rva);
		return IMAGE_OK;
	}
	if (type == R_X86_64_TPOFF64)
		return IMAGE_OK;
	if (!elf_symbols_get(&a->dynsym, number, &symbol))
		return image_fail(error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"a relocation names a symbol that does not exist");
	name = elf_symbols_name(&a->dynsym, &symbol);
	if (!name)
		return image_fail(error, IMAGE_NOT_FOUND,
			"a relocation names a symbol without a name");
	addend = type == R_X86_64_64 ? rela->r_addend : 0;
	rela->r_info = ELF64_R_INFO(number, R_X86_64_RELATIVE);
	base = a->rva;
	definition = lookup(mine, name);
	if (!definition) {
		base = b->rva;
		definition = lookup(theirs, name);
	}
	if (definition) {
		rela->r_addend = (int64_t)(base + definition->value +
			(uint64_t)addend);
		return IMAGE_OK;
	}
	if (ELF64_ST_BIND(symbol.st_info) != STB_WEAK)
		return image_fail(error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"symbol %s not found", name);
	return IMAGE_OK;
}

enum image_result module_link(struct module *a, const struct module *b,
	struct image_error *error)
{
	struct symbol_index mine = {0}, theirs = {0};
	enum image_result r = IMAGE_OK;

	if (!index_symbols(&a->dynsym, &mine) ||
		!index_symbols(&b->dynsym, &theirs))
		r = image_fail(error, IMAGE_OUT_OF_MEMORY, "out of memory");
	for (size_t i = 0; !r && i < a->reloc_count; i++)
		r = link_one(a, b, &mine, &theirs, &a->relocs[i], error);
	free(mine.entries);
	free(theirs.entries);
	return r;
}
