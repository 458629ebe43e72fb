/* SPDX-License-Identifier: MIT */
#include "image_priv.h"

#include <stdlib.h>
#include <string.h>

const char *image_result_name(enum image_result result)
{
	switch (result) {
	case IMAGE_OK: return "OE_OK";
	case IMAGE_FAILURE: return "OE_FAILURE";
	case IMAGE_INVALID_PARAMETER: return "OE_INVALID_PARAMETER";
	case IMAGE_OUT_OF_MEMORY: return "OE_OUT_OF_MEMORY";
	case IMAGE_UNEXPECTED: return "OE_UNEXPECTED";
	case IMAGE_VERIFY_FAILED: return "OE_VERIFY_FAILED";
	case IMAGE_NOT_FOUND: return "OE_NOT_FOUND";
	case IMAGE_DEBUG_DOWNGRADE: return "OE_DEBUG_DOWNGRADE";
	case IMAGE_UNSUPPORTED_ENCLAVE_IMAGE:
		return "OE_UNSUPPORTED_ENCLAVE_IMAGE";
	case IMAGE_CRYPTO_ERROR: return "OE_CRYPTO_ERROR";
	case IMAGE_INVALID_SGX_SIGNING_KEY:
		return "OE_INVALID_SGX_SIGNING_KEY";
	case IMAGE_INVALID_IMAGE: return "OE_INVALID_IMAGE";
	}
	return "UNKNOWN";
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	uint8_t any = 0;

	for (size_t i = 0; i < size; i++)
		any |= bytes[i];
	return !any;
}

enum image_result image_check_properties(
	const oe_sgx_enclave_properties_t *p, struct image_error *error)
{
	const uint64_t attributes = p->config.attributes;
	const char *field = NULL;

	/* The texts name the fields as other signers do. */
	if (p->header.size != sizeof(*p))
		field = "header.size";
	else if (p->header.enclave_type != 2)
		field = "header.enclave_type";
	else if (attributes & ~(OE_SGX_FLAGS_DEBUG | OE_SGX_FLAGS_MODE64BIT |
		OE_SGX_FLAGS_KSS | SGX_ATTR_PROVISIONKEY) ||
		!(attributes & OE_SGX_FLAGS_MODE64BIT))
		field = "config.attributes";
	else if (p->header.size_settings.num_heap_pages == UINT64_MAX)
		field = "header.size_settings.num_heap_pages";
	else if (p->header.size_settings.num_stack_pages == UINT64_MAX)
		field = "header.size_settings.num_stack_pages";
	else if (p->header.size_settings.num_tcs > OE_SGX_MAX_TCS)
		field = "header.size_settings.num_tcs";
	else if (p->config.flags.create_zero_base_enclave &&
		(!p->config.start_address || p->config.start_address % PAGE))
		field = "config.start_address";
	else if (p->config.product_id == UINT16_MAX)
		field = "config.product_id";
	else if (p->config.security_version == UINT16_MAX)
		field = "config.security_version";
	else if (!(attributes & OE_SGX_FLAGS_KSS) &&
		!all_zero(p->config.family_id, sizeof(p->config.family_id)))
		field = "config.family_id";
	else if (!(attributes & OE_SGX_FLAGS_KSS) &&
		!all_zero(p->config.extended_product_id,
			sizeof(p->config.extended_product_id)))
		field = "config.extended_product_id";
	if (field)
		return image_fail(error, IMAGE_FAILURE, "%s", field);
	return IMAGE_OK;
}

bool image_is_loaded(const struct module *m, uint64_t rva, uint64_t offset,
	uint64_t size)
{
	Elf64_Phdr ph;

	if (!module_at(m, rva, size) || !elf_file_bytes(&m->elf, offset, size))
		return false;
	for (size_t i = 0; elf_file_segment(&m->elf, i, &ph); i++) {
		uint64_t into = rva - ph.p_vaddr;

		/* module_load has checked that the segment is in the file. */
		if (ph.p_type == PT_LOAD && rva >= ph.p_vaddr &&
			into <= ph.p_filesz && size <= ph.p_filesz - into)
			return ph.p_offset + into == offset;
	}
	return false;
}

/* Of the loaded main module. */
static enum image_result read_properties(struct image *image,
	struct image_error *error)
{
	const struct module *m = &image->main;

	if (!m->elf.header.e_entry)
		return image_fail(error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"Enclave image is missing entry point.");
	if (m->elf.header.e_entry >= m->size)
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"the entry point lies outside the image");
	if (!m->oeinfo_rva || !m->oeinfo_file_offset)
		return image_fail(error, IMAGE_UNSUPPORTED_ENCLAVE_IMAGE,
			"Enclave image is missing .oeinfo section.");
	if (!image_is_loaded(m, m->oeinfo_rva, m->oeinfo_file_offset,
		sizeof(image->properties)))
		return image_fail(error, IMAGE_INVALID_IMAGE,
			"the .oeinfo section is too short, or its bytes are "
			"not those that are loaded");
	memcpy(&image->properties, m->bytes + m->oeinfo_rva,
		sizeof(image->properties));
	return IMAGE_OK;
}

static enum image_result load_dependent(struct image *image,
	struct image_error *error)
{
	char *path = NULL;
	void *file = NULL;
	size_t size;
	enum image_result r;

	r = module_needed(&image->main, &path, error);
	if (r || !path)
		return r;
	r = module_read_file(path, &file, &size, NULL, error);
	if (!r)
		r = module_load(&image->dependent, path, file, size, error);
	free(path);
	if (r)
		return r;
	image->dependent.rva = image->main.size;
	r = module_link(&image->main, &image->dependent, error);
	if (!r)
		r = module_link(&image->dependent, &image->main, error);
	return r;
}

/* Takes over file. */
static enum image_result open_file(const char *path, void *file, size_t size,
	uint32_t mode, struct image **out, struct image_error *error)
{
	struct image *image = calloc(1, sizeof(*image));
	enum image_result r;

	if (!image) {
		free(file);
		return image_fail(error, IMAGE_OUT_OF_MEMORY, "out of memory");
	}
	r = module_load(&image->main, path, file, size, error);
	if (!r) {
		image->main.mode = mode;
		r = load_dependent(image, error);
	}
	if (!r)
		r = read_properties(image, error);
	if (!r)
		r = image_read_growth(image, error);
	if (r) {
		image_close(image);
		return r;
	}
	*out = image;
	return IMAGE_OK;
}

enum image_result image_open(const char *path, struct image **out,
	struct image_error *error)
{
	uint32_t mode = 0;
	enum image_result r;
	size_t size;
	void *file;

	*out = NULL;
	if (!path)
		return image_fail(error, IMAGE_INVALID_PARAMETER, "no path");
	r = module_read_file(path, &file, &size, &mode, error);
	if (r)
		return r;
	return open_file(path, file, size, mode, out, error);
}

enum image_result image_open_memory(const void *bytes, size_t size,
	struct image **out, struct image_error *error)
{
	void *copy;

	*out = NULL;
	copy = malloc(size ? size : 1);
	if (!copy)
		return image_fail(error, IMAGE_OUT_OF_MEMORY, "out of memory");
	if (size)
		memcpy(copy, bytes, size);
	return open_file(NULL, copy, size, 0644, out, error);
}

void image_close(struct image *image)
{
	if (!image)
		return;
	module_free(&image->main);
	module_free(&image->dependent);
	free(image->relocs);
	free(image->tcs);
	free(image->tcs_offsets);
	free(image->stack_page);
	free(image->runs);
	free(image->spares);
	free(image);
}

const oe_sgx_enclave_properties_t *image_properties(const struct image *image)
{
	return &image->properties;
}

enum image_result image_set_properties(struct image *image,
	const oe_sgx_enclave_properties_t *properties,
	struct image_error *error)
{
	if (image->built)
		return image_fail(error, IMAGE_INVALID_PARAMETER,
			"the image is laid out already");
	image->properties = *properties;
	memcpy(image->main.bytes + image->main.oeinfo_rva, properties,
		sizeof(*properties));
	return IMAGE_OK;
}

bool image_find_symbol(const struct image *image, const char *name,
	uint64_t *address)
{
	struct elf_symbols table;
	Elf64_Sym symbol;

	if (!elf_symbols_find(&image->main.dynsym, name, &symbol)) {
		if (!elf_file_symbols(&image->main.elf, ".symtab", ".strtab",
			SHT_SYMTAB, &table) ||
			!elf_symbols_find(&table, name, &symbol))
			return false;
	}
	if (symbol.st_shndx == SHN_UNDEF)
		return false;
	*address = symbol.st_value;
	return true;
}

static const char *function_at(const struct elf_symbols *symbols,
	uint64_t address)
{
	Elf64_Sym symbol;

	for (size_t i = 1; elf_symbols_get(symbols, i, &symbol); i++)
		if (symbol.st_value == address && symbol.st_name &&
			symbol.st_shndx != SHN_UNDEF &&
			ELF64_ST_TYPE(symbol.st_info) <= STT_FUNC)
			return elf_symbols_name(symbols, &symbol);
	return NULL;
}

const char *image_symbol_at(const struct image *image, uint64_t address)
{
	const char *name = function_at(&image->main.dynsym, address);
	struct elf_symbols table;

	if (!name && elf_file_symbols(&image->main.elf, ".symtab", ".strtab",
		SHT_SYMTAB, &table))
		name = function_at(&table, address);
	return name;
}

uint64_t image_entry(const struct image *image)
{
	return image->main.elf.header.e_entry;
}

bool image_has_build_id(const struct image *image)
{
	return image->main.has_build_id;
}

bool image_submodule(const struct image *image, const char **path,
	uint64_t *offset, uint64_t *size)
{
	if (!image->dependent.bytes)
		return false;
	*path = image->dependent.path;
	*offset = image->dependent.rva;
	*size = image->dependent.size;
	return true;
}
